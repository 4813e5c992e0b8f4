"""Decisions of people about one mapping, or about all that the rules are sure of, for every kind."""

import datetime
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q, QuerySet

from ecoin.bulk import update_ids
from legacy_import.choices import COMMITTED_OUTCOMES, RunStatus
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.mapping_kind import (
    UNDO,
    AnswerChanges,
    DecisionInput,
    Fields,
    MappingKind,
    MappingRefused,
)
from legacy_import.mapping.weights import store_weights
from legacy_import.models import LegacyImportRun, LegacyStudentImport, SourceMapping
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.runs import counts

UNDONE = "undone"  # the word for it in the log

# Runs whose rows are not classified again: closed, or being rolled back.
SETTLED = (RunStatus.CLOSED, RunStatus.ROLLING_BACK)


class MappingChangedMeanwhile(LegacyImportError):
    """The mapping, or the set that a bulk would confirm, changed after the page was shown."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class MappingChange:
    """The number of mappings decided; open run → its uncommitted rows that must be classified again."""

    mappings: int
    affected: dict[int, int]


class MappingChoice(NamedTuple):
    """One decision about one mapping, as it was shown; `choice`: the id of a chosen object, if any."""

    mapping_id: int
    version: int
    decision: str
    choice: int | None = None


def decide_mapping(
    kind: MappingKind,
    decision: str,
    *,
    mapping_id: int,
    version: int,
    actor: User,
    now: datetime.datetime,
    note: str = "",
    choice: int | None = None,
) -> MappingChange:
    """Write one decision, log it and mark the rows it affects, in one transaction.

    `decision` is one of the kind's, or UNDO, which restores the rule's answer.

    Raises MappingRefused for a decision that is not possible, or while a run of the source is being
    classified; MappingChangedMeanwhile if another user was faster; ContainsContact for an unfit note.
    """
    source = kind.model._default_manager.values_list("connection_name", flat=True)
    return decide_mappings(
        kind,
        [MappingChoice(mapping_id, version, decision, choice)],
        connection_name=source.get(pk=mapping_id),
        actor=actor,
        now=now,
        note=note,
    )


def decide_mappings(
    kind: MappingKind,
    choices: Sequence[MappingChoice],
    *,
    connection_name: str,
    actor: User,
    now: datetime.datetime,
    note: str = "",
) -> MappingChange:
    """The same for several mappings of a source: all decisions are written, or none."""
    for one in choices:
        if one.decision != UNDO and one.decision not in kind.decisions:
            raise MappingRefused("no_such_decision", f"{one.decision!r} cannot be decided here.")
    note = clean_note(note)
    manager = kind.model._default_manager
    with transaction.atomic():
        runs = _lock_open_runs(connection_name, now)
        ids = [one.mapping_id for one in choices]
        mappings = manager.filter(connection_name=connection_name).select_for_update().in_bulk(ids)
        answers = {}
        for one in choices:
            mapping = mappings[one.mapping_id]
            if mapping.version != one.version:
                raise MappingChangedMeanwhile("The mapping changed since it was shown.")
            before = kind.answer(mapping)
            for name, value in _fields_of(kind, mapping, one, actor, now, note).items():
                setattr(mapping, name, value)
            after = kind.answer(mapping)
            mapping.count_change(new_answer=after.recorded != before.recorded)
            mapping.save()
            _log(kind, [mapping], UNDONE if one.decision == UNDO else "", note, actor)
            answers[mapping.legacy_id] = (before, after)
        affected = _mark_affected_rows(kind, connection_name, runs, answers)
    return MappingChange(len(choices), affected)


def _fields_of(
    kind: MappingKind,
    mapping: SourceMapping,
    one: MappingChoice,
    actor: User,
    now: datetime.datetime,
    note: str,
) -> Fields:
    if one.decision == UNDO:
        return _fields_of_undo(kind, mapping)
    option = kind.decisions[one.decision]
    fields = option.fields | option.check(mapping, DecisionInput(note, one.choice))
    return fields | _signature(kind, actor, now, note)


def bulk_of(kind: MappingKind, connection_name: str) -> QuerySet[Any]:
    """The mappings that a bulk would confirm, or offers with a box each; none without a bulk."""
    bulk = kind.offered or kind.bulk
    return bulk(connection_name) if bulk else kind.model._default_manager.none()


def bulk_stamp(kind: MappingKind, connection_name: str) -> tuple[int, str]:
    """The number of mappings that a bulk lists, and the stamp of this set."""
    mappings = list(bulk_of(kind, connection_name).values_list("pk", "version"))
    return len(mappings), _stamp_of(mappings)


def confirm_mappings(
    kind: MappingKind,
    *,
    connection_name: str,
    expected: int,
    stamp: str,
    actor: User,
    now: datetime.datetime,
    note: str = "",
    ids: Collection[int] | None = None,
) -> MappingChange:
    """Confirm the chosen mappings, or (None) all that the rules are sure of.

    `expected` and `stamp` are those of `bulk_stamp` when the list was shown. Raises
    MappingChangedMeanwhile if they no longer match it; otherwise as `decide_mapping`.
    """
    note = clean_note(note)
    with transaction.atomic():
        runs = _lock_open_runs(connection_name, now)
        mappings = list(bulk_of(kind, connection_name).order_by("pk").select_for_update())
        if (expected, stamp) != (len(mappings), _stamp_of((m.pk, m.version) for m in mappings)):
            raise MappingChangedMeanwhile(
                f"{expected} mappings were shown, {len(mappings)} would be confirmed now, "
                "or one changed."
            )
        if ids is None:
            sure = (
                set(kind.bulk(connection_name).values_list("pk", flat=True)) if kind.bulk else set()
            )
            mappings = [mapping for mapping in mappings if mapping.pk in sure]
        else:
            if set(ids) - {mapping.pk for mapping in mappings}:
                raise MappingChangedMeanwhile("A chosen mapping is not among those to confirm.")
            mappings = [mapping for mapping in mappings if mapping.pk in ids]
        if not mappings and expected:
            raise MappingRefused("nothing_chosen", "Choose at least one.")
        kind.bulk_check(mappings, DecisionInput(note))
        fields = kind.bulk_fields | _signature(kind, actor, now, note)
        answers = {}
        for mapping in mappings:
            before = kind.answer(mapping)
            for name, value in fields.items():
                setattr(mapping, name, value)
            answers[mapping.legacy_id] = (before, kind.answer(mapping))
        _store_confirmed(kind, mappings, answers, fields)
        _log(kind, mappings, "", note, actor)
        affected = _mark_affected_rows(kind, connection_name, runs, answers)
        return MappingChange(len(mappings), affected)


def _store_confirmed(
    kind: MappingKind, mappings: Sequence[SourceMapping], answers: AnswerChanges, fields: Fields
) -> None:
    """Two updates: plans rest on the answers, so only those that change get another answer_version."""
    differing: list[int] = []
    same: list[int] = []
    for mapping in mappings:
        before, after = answers[mapping.legacy_id]
        (same if before.recorded == after.recorded else differing).append(mapping.pk)
    manager = kind.model._default_manager
    manager.filter(pk__in=same).update(version=F("version") + 1, **fields)
    manager.filter(pk__in=differing).update(
        version=F("version") + 1, answer_version=F("answer_version") + 1, **fields
    )


def clean_note(note: str) -> str:
    """The note as stored. Raises ContainsContact if it is too long or contains a contact."""
    return contact_free_text(" ".join(note.replace("\x00", "").split()))


def _signature(kind: MappingKind, actor: User, now: datetime.datetime, note: str) -> Fields:
    signature: Fields = {"confirmed_by": actor, "confirmed_at": now}
    return signature | {kind.note_field: note} if kind.note_field else signature


def _fields_of_undo(kind: MappingKind, mapping: SourceMapping) -> Fields:
    if mapping.confirmed_at is None:
        raise MappingRefused("not_decided", "This mapping is not decided yet.")
    fields = kind.rule_answer(mapping) | {"confirmed_by": None, "confirmed_at": None}
    return fields | {kind.note_field: ""} if kind.note_field else fields


def _lock_open_runs(connection_name: str, now: datetime.datetime) -> list[LegacyImportRun]:
    """Lock the runs of this source whose rows may be classified again, until the transaction ends.

    Called first. Raises MappingRefused while one of them is being classified: that process has already
    loaded the mappings, and would clear the marks of rows that it classified by the old ones.
    """
    runs = LegacyImportRun.objects.filter(
        connection_name=connection_name, classified_at__isnull=False
    ).exclude(status__in=SETTLED)
    locked = list(runs.select_for_update().order_by("pk"))
    for run in locked:
        leased = run.lease_token and run.lease_expires_at and run.lease_expires_at > now
        if leased and run.lease_command == "legacy_classify":
            raise MappingRefused(
                "being_classified",
                f"Run {run.pk} is being classified; try again when that is done.",
            )
    return locked


def _stamp_of(mappings: Iterable[tuple[int, int]]) -> str:
    """A digest of (number, version) pairs: it changes with the set, and with every decision."""
    return hashlib.sha256(repr(sorted(mappings)).encode()).hexdigest()[:16]


def _log(
    kind: MappingKind, mappings: Sequence[SourceMapping], word: str, note: str, actor: User
) -> None:
    """Write who decided what about these mappings, and why, to the admin's log.

    `word` replaces the answer of each mapping in the entries.
    """
    content_type = ContentType.objects.get_for_model(kind.model)
    LogEntry.objects.bulk_create(
        [
            LogEntry(
                user_id=actor.pk,
                content_type=content_type,
                object_id=str(mapping.pk),
                object_repr=str(mapping)[:200],
                action_flag=CHANGE,
                change_message=f"{word or getattr(mapping, kind.answer_field)}: {note}",
            )
            for mapping in mappings
        ],
        batch_size=500,
    )


def _mark_affected_rows(
    kind: MappingKind, source: str, runs: Iterable[LegacyImportRun], answers: AnswerChanges
) -> dict[int, int]:
    """Mark the uncommitted rows of each (locked) run that get another answer to be classified again.

    Called last, since the stored lists, updated here, depend on the mappings after the decision.
    """
    changes = {one: (before, after) for one, (before, after) in answers.items() if before != after}
    which = kind.affected_rows(source, changes) if changes else Q(pk__in=())
    affected = {}
    for run in runs:
        rows = LegacyStudentImport.objects.filter(which, legacy_import_run=run)
        uncommitted = rows.exclude(outcome__in=COMMITTED_OUTCOMES)
        ids = list(uncommitted.values_list("pk", flat=True))
        counts.apply(run.pk, ids, new={"to_classify": True})
        update_ids(LegacyStudentImport, ids, {"to_classify": True})
        store_weights(run)
        affected[run.pk] = len(ids)
    return affected
