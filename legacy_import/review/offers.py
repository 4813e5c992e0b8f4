"""Which decisions a row is offered, and what the plan's own rule would then answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules.decisions import Event
from legacy_import.rules.duplicates import Target
from legacy_import.rules.resolutions import PUT_ASIDE, candidates, is_possible
from legacy_import.stages.planning.effect_of_decision import (
    EffectOnRow,
    RowEffects,
    effects_of_pairs,
    effects_of_rows,
    row_effects,
)

D = ReviewDecision
TREATABLE = tuple(value for value in Classification if value != Classification.UNKNOWN)
NEEDS_PERSON = frozenset({D.LINK, D.NOT_SAME})
ALWAYS = frozenset({*PUT_ASIDE, D.RESET})


@dataclass(frozen=True, slots=True)
class Offer:
    """A decision with its arguments, and the answer that the row would then get."""

    event: Event
    effect: EffectOnRow

    @property
    def decision(self) -> ReviewDecision:
        return self.event.decision


@dataclass(frozen=True, slots=True)
class RowOffers:
    """What is decided about a row, what the rules answer now, and what can be decided."""

    row: RowEffects
    offers: tuple[Offer, ...]

    @property
    def now(self) -> EffectOnRow:
        return self.row.now

    @property
    def is_insufficient(self) -> bool:
        """Whether decisions are in force that leave the row for review: "kept …, still missing …"."""
        decisions = self.now.case.decisions
        postponed = decisions.later
        return bool(self.row.is_decided and not postponed and not self.now.suffices)


def offers_of(
    run: LegacyImportRun,
    row: LegacyStudentImport,
    *,
    person: Target | None = None,
    courses: Sequence[int] = (),
) -> RowOffers | None:
    """The decisions that change the row's answer; None for a committed row.

    `person`: of a link or a ruled-out match. `courses`: any of the platform's; the answer is the same
    for each, so one is enough.
    """
    effects = row_effects(run, row.pk)
    if effects is None:
        return None
    reasons = reasons_of(row.planned_reason, effects.now)
    events = [
        event
        for decision in candidates(*reasons)
        for event in _events(decision, person, courses)
        if is_possible(event, effects.now.case.facts)
    ]
    tried = zip(events, effects.of(events), strict=True)
    offers = [Offer(event, effect) for event, effect in tried if effect.changes(effects.now)]
    return RowOffers(effects, tuple(offers))


def decisions_on_rows(
    run: LegacyImportRun, rows: Sequence[LegacyStudentImport], person: Target | None
) -> dict[int, set[ReviewDecision]]:
    """Row id → the decisions that change its answer, in as many queries as for one row.

    `person`: of a link or a ruled-out match, for rows that match that person, too.
    """
    effects = effects_of_rows(run, [row.pk for row in rows])
    pairs = []
    for row in rows:
        of_row = effects.get(row.pk)
        if of_row is None:
            continue
        targets = of_row.evidence.get("targets", [])
        its = person if any((one["kind"], one["id"]) == person for one in targets) else None
        pairs += [
            (of_row, event)
            for decision in candidates(*reasons_of(row.planned_reason, of_row.now))
            for event in _events(decision, its, ())
            if is_possible(event, of_row.now.case.facts)
        ]
    offered: dict[int, set[ReviewDecision]] = {pk: set(PUT_ASIDE) for pk in effects}
    for (of_row, event), effect in zip(pairs, effects_of_pairs(run, pairs), strict=True):
        if effect.changes(of_row.now):
            offered[of_row.row.pk].add(event.decision)
    return offered


def reasons_of(planned_reason: str, now: EffectOnRow) -> tuple[str, ...]:
    """The reason of the answer now and of the plan, and the one behind a postponement."""
    return tuple(dict.fromkeys((now.answer.reason, now.reason_behind, planned_reason)))


def effect_of(
    run: LegacyImportRun, row: LegacyStudentImport, event: Event
) -> tuple[EffectOnRow, bool] | None:
    """The answer after one decision, and whether it is offered; None for a committed row."""
    effects = row_effects(run, row.pk)
    if effects is None:
        return None
    (effect,) = effects.of([event])
    return effect, event.decision in ALWAYS or is_offered(
        event, effect, effects.now, reasons_of(row.planned_reason, effects.now)
    )


def is_offered(event: Event, after: EffectOnRow, now: EffectOnRow, reasons: Sequence[str]) -> bool:
    """Whether the decision applies to one of these reasons, and changes the row's answer."""
    return (
        event.decision in candidates(*reasons)
        and is_possible(event, now.case.facts)
        and after.changes(now)
    )


def _events(decision: ReviewDecision, person: Target | None, courses: Sequence[int]) -> list[Event]:
    """The decision with each of its possible arguments."""
    if decision in NEEDS_PERSON:
        # A link to a deactivated account is offered with the tick that it takes.
        return [Event(decision, person=person, knows_inactive=decision == D.LINK)] if person else []
    if decision == D.TREAT_AS:
        return [Event(decision, treat_as=value) for value in TREATABLE]
    if decision == D.SET_COURSE:
        return [Event(decision, course_id=course) for course in (*courses[:1], None)]
    return [Event(decision)]
