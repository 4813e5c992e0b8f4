"""Many decisions on mappings in one go, from the terminal: all of them are possible, or none is made.

The same decisions as on the screens, by the same service. A decision that is in force already is not
made again, so a list of decisions can be repeated.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from ecoin.identity.masking import mask_text
from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.conflicts import CONFLICTS
from legacy_import.mapping.courses import COURSES, exact_suggestions
from legacy_import.mapping.decisions import (
    MappingChoice,
    bulk_of,
    bulk_stamp,
    confirm_mappings,
    decide_mappings,
)
from legacy_import.mapping.kinds import KINDS
from legacy_import.mapping.mapping_kind import UNDO, DecisionInput, Fields, MappingKind
from legacy_import.mapping.preview import DECIDED, MappingEffect, preview, with_fields
from legacy_import.mapping.sessions import SESSIONS, real_unconfirmed
from legacy_import.mapping.statuses import STATUSES
from legacy_import.mapping.weights import current_totals
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
    MappingWeight,
    SourceMapping,
)
from legacy_import.models.mapping import TO_CONFIRM, TO_DEFINE, TO_SETTLE
from legacy_import.people.platform import platform_catalogue
from legacy_import.privacy.free_text import masked_number
from legacy_import.rules.sessions import doubts_about
from legacy_import.rules.statuses import key_of

RELEASED = "released:"  # before the code of the course of its rows without one
COURSE = "course:"  # before the code of a course of the platform, in an answer
# Subject of the command → its kinds, in the order of its lists.
SUBJECTS: Mapping[str, tuple[MappingKind, ...]] = {
    "statuses": (STATUSES,),
    "courses": (COURSES, CONFLICTS),
    "sessions": (SESSIONS,),
}
# Kind → the states of mappings that no person has decided yet.
UNDECIDED: Mapping[str, tuple[str, ...]] = {
    STATUSES.name: (TO_DEFINE,),
    COURSES.name: (CourseMappingStatus.UNMAPPED.value,),
    CONFLICTS.name: (TO_SETTLE,),
    SESSIONS.name: (
        TO_CONFIRM, SessionType.WAITING_PLACEHOLDER.value, SessionType.UNKNOWN.value,
    ),
}  # fmt: skip


class UnknownAnswer(LegacyImportError):
    """A --set that refers to no mapping of the source, or that is not an answer for it."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Undecided:
    """A mapping that rows wait for and that no person has decided; contacts in its name are masked."""

    kind: str
    key: str
    name: str
    state: str
    rows: int
    waiting: int
    frees: int
    trained: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What was decided, or would be; what it frees in the run; and what is undecided then."""

    run: int
    changed: int = 0
    unchanged: int = 0
    freed: int = 0
    blocked: int = 0
    actions: Mapping[str, int] = field(default_factory=dict)
    to_classify: int = 0  # rows of the run that a decision marked
    undecided: Sequence[Undecided] = ()


class _Choice(NamedTuple):
    """One decision, ready to be made."""

    kind: MappingKind
    mapping: Any
    decision: str
    course: int | None
    fields: Fields

    @property
    def in_force(self) -> bool:
        if self.decision == UNDO:
            return self.mapping.confirmed_at is None
        columns = self.fields.items()
        same = all(getattr(self.mapping, name) == value for name, value in columns)
        return same and self.mapping.confirmed_at is not None


def settle(
    run: LegacyImportRun,
    subject: str,
    *,
    answers: Sequence[str] = (),
    confirm_exact: bool = False,
    only_preview: bool = False,
    actor: Callable[[], User],
    now: datetime.datetime,
    note: str = "",
) -> SettleReport:
    """Make these decisions (`KEY=ANSWER`) for the source of the run, or with `only_preview` none.

    `confirm_exact`: also confirm what the rules are sure of. Raises UnknownAnswer, MappingRefused and
    ContainsContact; then nothing was changed.
    """
    choices = [_choice(run, subject, answer, note) for answer in answers]
    _require_one_answer_each(choices)
    with_answer = {(choice.kind.name, choice.mapping.pk) for choice in choices}
    choices += _exact(run, subject, now, note, with_answer) if confirm_exact else []
    open_choices = [choice for choice in choices if not choice.in_force]
    effect = _effect(run, open_choices)
    marked = 0
    if open_choices and not only_preview:
        with transaction.atomic():
            marked = _decide(run, open_choices, actor(), now, note)
    return SettleReport(
        run=run.pk,
        changed=len(open_choices),
        unchanged=len(choices) - len(open_choices),
        freed=effect.freed,
        blocked=effect.blocked,
        actions=effect.actions,
        to_classify=marked,
        undecided=_undecided(run, subject, now),
    )


def _choice(run: LegacyImportRun, subject: str, answer: str, note: str) -> _Choice:
    key, equals, value = answer.rpartition("=")
    if not equals:
        raise UnknownAnswer(
            f"--set {mask_text(answer)} is not KEY=ANSWER.",
            hint=f"For example: {EXAMPLES[subject]}",
        )
    kind, mapping = _find(run, subject, key)
    decision, course = value, None
    if kind is COURSES and value.startswith(COURSE):
        decision, course = "choose", _course_of(value.removeprefix(COURSE))
    if kind is SESSIONS and value.startswith(RELEASED):
        decision, course = "released", _course_of(value.removeprefix(RELEASED))
    if decision not in (*kind.decisions, UNDO) or (decision == "choose" and course is None):
        raise UnknownAnswer(
            f"{mask_text(value)!r} is not an answer for {mask_text(key)!r}.",
            hint=f"Possible: {', '.join(answers_of(subject))}",
        )
    return _Choice(kind, mapping, decision, course, _fields(kind, mapping, decision, course, note))


def answers_of(subject: str) -> list[str]:
    """What can be set, as the command spells it."""
    answers = [answer for kind in SUBJECTS[subject] for answer in kind.decisions]
    answers += [f"{RELEASED}CODE"] if subject == "sessions" else []
    return [f"{COURSE}CODE" if answer == "choose" else answer for answer in [*answers, UNDO]]


def _fields(
    kind: MappingKind, mapping: SourceMapping, decision: str, course: int | None, note: str
) -> Fields:
    if decision == UNDO:
        return kind.rule_answer(mapping) | {"confirmed_at": None}
    option = kind.decisions[decision]
    return option.fields | option.check(mapping, DecisionInput(note, course))


def _find(run: LegacyImportRun, subject: str, key: str) -> tuple[MappingKind, Any]:
    """The mapping of the source with this key: a status as typed, an old number, or a pair of two."""
    source = {"connection_name": run.connection_name}
    formation, colon, session = key.partition(":")
    kind = SUBJECTS[subject][0]
    mapping: SourceMapping | None
    if subject == "statuses":
        mapping = LegacyStatusMapping.objects.filter(status_key=key_of(key), **source).first()
    elif subject == "sessions":
        mapping = LegacySessionMapping.objects.filter(legacy_session_id=key, **source).first()
    elif colon:
        kind = CONFLICTS
        pairs = LegacyCourseConflict.objects.filter(legacy_formation_id=formation, **source)
        mapping = pairs.filter(legacy_session_id=session).first()
    else:
        mapping = LegacyCourseMapping.objects.filter(legacy_formation_id=key, **source).first()
    if mapping is None:
        raise UnknownAnswer(
            f"{mask_text(key)!r} is not one of the {subject} of {run.connection_name} to decide.",
            hint=f"List them: manage.py legacy_map {subject} --run {run.pk}",
        )
    return kind, mapping


def _course_of(code: str) -> int:
    for pk, _name, of_course in platform_catalogue():
        if of_course == code:
            return pk
    raise UnknownAnswer(
        f"The platform has no course with the code {mask_text(code)!r}.",
        hint="Courses are created in the platform, never here.",
    )


def _require_one_answer_each(choices: Sequence[_Choice]) -> None:
    counts = Counter((choice.kind.name, choice.mapping.pk) for choice in choices)
    for choice in choices:
        if counts[choice.kind.name, choice.mapping.pk] > 1:
            raise UnknownAnswer(
                f"{mask_text(choice.mapping.legacy_id)!r} has more than one answer.",
                hint="Give each one answer.",
            )


def _exact(
    run: LegacyImportRun,
    subject: str,
    now: datetime.datetime,
    note: str,
    with_answer: Collection[tuple[str, int]],
) -> list[_Choice]:
    """What the rules are sure of: exact names; real sessions about which there is no doubt.

    `with_answer`: (kind, mapping) of those with a separate answer.
    """
    kind = SUBJECTS[subject][0]
    if kind is COURSES:
        return [
            _Choice(kind, mapping, "confirm", None, _fields(kind, mapping, "confirm", None, note))
            for mapping in exact_suggestions(run.connection_name)
            if (kind.name, mapping.pk) not in with_answer
        ]
    if kind is SESSIONS:
        trained = _trained(run)
        return [
            _Choice(kind, mapping, kind.exact, None, kind.decisions[kind.exact].fields)
            for mapping in real_unconfirmed(run.connection_name)
            if (kind.name, mapping.pk) not in with_answer
            and not _doubts(mapping, trained.get(mapping.pk, 0), now)
        ]
    raise UnknownAnswer(
        "No status is confirmed by itself: the rules do not know what it means.",
        hint=f"For example: {EXAMPLES[subject]}",
    )


def _trained(run: LegacyImportRun) -> dict[int, int]:
    """Session mapping → its learners who were trained, in this run."""
    current_totals(run)
    weights = MappingWeight.objects.filter(legacy_import_run=run, kind=SESSIONS.name)
    return dict(weights.values_list("mapping_id", "trained"))


def _doubts(mapping: LegacySessionMapping, trained: int, now: datetime.datetime) -> tuple[str, ...]:
    doubts = doubts_about(
        code=mapping.legacy_code,
        starts_on=mapping.starts_on_raw,
        ends_on=mapping.ends_on_raw,
        trained=trained,
        today=now.date(),
    )
    return tuple(doubt.value for doubt in doubts)


def _kinds(choices: Sequence[_Choice]) -> list[MappingKind]:
    return [kind for kind in KINDS if any(choice.kind is kind for choice in choices)]


def _effect(run: LegacyImportRun, choices: Sequence[_Choice]) -> MappingEffect:
    """What these decisions change in the run together, kind by kind."""
    actions: Counter[str] = Counter()
    blocked = 0
    for kind in _kinds(choices):
        mappings = [
            with_fields(choice.mapping, DECIDED | choice.fields)
            for choice in choices
            if choice.kind is kind
        ]
        effect = preview(run, kind, {"all": mappings})["all"]
        actions.update(effect.actions)
        blocked += effect.blocked
    return MappingEffect(actions.total(), blocked, dict(actions.most_common()))


def _decide(
    run: LegacyImportRun,
    choices: Sequence[_Choice],
    actor: User,
    now: datetime.datetime,
    note: str,
) -> int:
    """Record the decisions; returns the rows of the run they marked. Many of one kind are a bulk."""
    marked = 0
    exact = [choice for choice in choices if choice.decision == choice.kind.exact]
    for kind in _kinds(exact):
        ids = {choice.mapping.pk for choice in exact if choice.kind is kind}
        listed, stamp = bulk_stamp(kind, run.connection_name)
        offered = set(bulk_of(kind, run.connection_name).values_list("pk", flat=True))
        if len(ids) > 1 and ids <= offered:
            change = confirm_mappings(
                kind, connection_name=run.connection_name, expected=listed, stamp=stamp,
                actor=actor, now=now, note=note, ids=ids,
            )  # fmt: skip
            marked += change.affected.get(run.pk, 0)
            choices = [c for c in choices if c.kind is not kind or c.mapping.pk not in ids]
    for kind in _kinds(choices):
        change = decide_mappings(
            kind,
            [
                MappingChoice(one.mapping.pk, one.mapping.version, one.decision, one.course)
                for one in choices
                if one.kind is kind
            ],
            connection_name=run.connection_name, actor=actor, now=now, note=note,
        )  # fmt: skip
        marked += change.affected.get(run.pk, 0)
    return marked


def _undecided(run: LegacyImportRun, subject: str, now: datetime.datetime) -> list[Undecided]:
    """The undecided mappings that rows of the run wait for, those that block most first."""
    current_totals(run)
    waiting = []
    for kind in SUBJECTS[subject]:
        weights = MappingWeight.objects.filter(
            legacy_import_run=run, kind=kind.name, state__in=UNDECIDED[kind.name], waiting__gt=0
        ).order_by("position")
        by_mapping = {weight.mapping_id: weight for weight in weights}
        mappings = kind.mappings().in_bulk(by_mapping)
        for pk, weight in by_mapping.items():
            mapping = mappings[pk]
            if mapping.confirmed_at is None:
                doubts = _doubts(mapping, weight.trained, now) if weight.state == TO_CONFIRM else ()
                name = kind.mask(mapping.display_name)
                numbers = (weight.rows, weight.waiting, weight.frees, weight.trained)
                waiting.append(
                    Undecided(
                        kind.name,
                        masked_number(mapping.legacy_id),
                        name,
                        mapping.state,
                        *numbers,
                        doubts,
                    )
                )
    return waiting


EXAMPLES = {
    "statuses": "legacy_map statuses --set 'Abandon=lead_only' 'à rappeler=lead_only'",
    "courses": "legacy_map courses --set 12=course:BUR 14=kept_by_name 7:40=course_of_session",
    "sessions": "legacy_map sessions --set 40=real_session 235=released",
}
