"""People decide what a mapping is: one, or all that the rules are sure of. The same for every kind."""

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q

from ecoin.bulk import update_ids
from legacy_import.choices import COMMITTED_OUTCOMES, RunStatus
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.mapping_kind import DecisionInput, Fields, MappingKind, MappingRefused
from legacy_import.mapping.weights import store_weights
from legacy_import.models import LegacyImportRun, LegacyStudentImport, SourceMapping
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.runs import counts

UNDO = "take_back"  # the decision that undoes another
UNDONE = "taken_back"  # in the log

# Runs whose rows are not classified again: closed, or on their way back.
SETTLED = (RunStatus.CLOSED, RunStatus.ROLLING_BACK)


class MappingChangedMeanwhile(LegacyImportError):
    """The mapping, or what a bulk would confirm, was changed since the page was shown."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class AffectedRows:
    """How many uncommitted rows of one run are to be classified again."""

    run: int
    rows: int


@dataclass(frozen=True, slots=True)
class MappingChange:
    """How many mappings were decided, and the rows of every open run that this affects."""

    mappings: int
    affected: tuple[AffectedRows, ...]

    @property
    def rows(self) -> int:
        return sum(affected.rows for affected in self.affected)


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
    """Write one decision, log it, and mark the rows it affects: all of it or nothing.

    `decision` is one of the kind's, or UNDO: then the rule's answer counts again.

    Raises MappingRefused for a decision that is not possible, or while a run of the source is being
    classified; MappingChangedMeanwhile when another user was faster; ContainsContact for an unfit note.
    """
    if decision != UNDO and decision not in kind.decisions:
        raise MappingRefused("no_such_decision", f"{decision!r} cannot be decided here.")
    entered = DecisionInput(clean_note(note), choice)
    manager = kind.model._default_manager
    with transaction.atomic():
        source = manager.values_list("connection_name", flat=True).get(pk=mapping_id)
        runs = _lock_open_runs(source, now)
        mapping = manager.select_for_update().get(pk=mapping_id)
        if mapping.version != version:
            raise MappingChangedMeanwhile("The mapping changed since it was shown.")
        if decision == UNDO:
            fields = _undone(kind, mapping)
        else:
            chosen = kind.decisions[decision]
            fields = chosen.fields | chosen.check(mapping, entered)
            fields |= _signed(kind, actor, now, entered.note)
        for name, value in fields.items():
            setattr(mapping, name, value)
        mapping.version += 1
        mapping.save()
        _log(kind, [mapping], UNDONE if decision == UNDO else "", entered.note, actor)
        rows = kind.affected_rows(source, [mapping.legacy_id])
        return MappingChange(1, _mark_affected_rows(runs, rows))


def bulk_stamp(kind: MappingKind, connection_name: str) -> tuple[int, str]:
    """How many mappings `confirm_mappings` would confirm, and the stamp of exactly these."""
    mappings = list(kind.bulk(connection_name).values_list("pk", "version"))
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
) -> MappingChange:
    """Confirm all that the rules are sure of, if they still are the `expected` ones of that `stamp`.

    Raises MappingChangedMeanwhile when they are not; else as `decide_mapping`.
    """
    note = clean_note(note)
    with transaction.atomic():
        runs = _lock_open_runs(connection_name, now)
        mappings = list(kind.bulk(connection_name).order_by("pk").select_for_update())
        if (expected, stamp) != (len(mappings), _stamp_of((m.pk, m.version) for m in mappings)):
            raise MappingChangedMeanwhile(
                f"{expected} mappings were shown, {len(mappings)} would be confirmed now, "
                "or one changed."
            )
        fields = kind.bulk_fields | _signed(kind, actor, now, note)
        ids = [mapping.pk for mapping in mappings]
        kind.model._default_manager.filter(pk__in=ids).update(version=F("version") + 1, **fields)
        for mapping in mappings:
            for name, value in kind.bulk_fields.items():
                setattr(mapping, name, value)
        _log(kind, mappings, "", note, actor)
        rows = kind.affected_rows(connection_name, [mapping.legacy_id for mapping in mappings])
        return MappingChange(len(mappings), _mark_affected_rows(runs, rows))


def clean_note(note: str) -> str:
    """The note as it is stored. Raises ContainsContact for one too long, or with a contact in it."""
    return contact_free_text(" ".join(note.replace("\x00", "").split()))


def _signed(kind: MappingKind, actor: User, now: datetime.datetime, note: str) -> Fields:
    signed: Fields = {"confirmed_by": actor, "confirmed_at": now}
    return signed | {kind.note_field: note} if kind.note_field else signed


def _undone(kind: MappingKind, mapping: SourceMapping) -> Fields:
    if mapping.confirmed_at is None:
        raise MappingRefused("not_decided", "This mapping is not decided yet.")
    unsigned: Fields = {"confirmed_by": None, "confirmed_at": None}
    fields = kind.rule_answer(mapping) | unsigned
    return fields | {kind.note_field: ""} if kind.note_field else fields


def _lock_open_runs(connection_name: str, now: datetime.datetime) -> list[LegacyImportRun]:
    """The runs of this source whose rows may be classified again, locked until the transaction ends.

    Called first. Raises MappingRefused while one of them is being classified: its process has read
    the mappings already, and would clear the marks of rows it classified by the old ones.
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
    """Changes when a mapping joins or leaves these (number, version), or is decided."""
    return hashlib.sha256(repr(sorted(mappings)).encode()).hexdigest()[:16]


def _log(
    kind: MappingKind, mappings: Sequence[SourceMapping], word: str, note: str, actor: User
) -> None:
    """Who decided what about these mappings, and why: entries of the admin's log, never changed.

    `word` is the answer of each mapping unless given.
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


def _mark_affected_rows(runs: Iterable[LegacyImportRun], which: Q) -> tuple[AffectedRows, ...]:
    """Mark these uncommitted rows of each (locked) run to be classified again; count and weigh again.

    Called last: the weights are those of the mappings after the decision.
    """
    affected = []
    for run in runs:
        rows = LegacyStudentImport.objects.filter(which, legacy_import_run=run)
        uncommitted = rows.exclude(outcome__in=COMMITTED_OUTCOMES)
        ids = list(uncommitted.values_list("pk", flat=True))
        counts.apply(run.pk, ids, new={"to_classify": True})
        update_ids(LegacyStudentImport, ids, {"to_classify": True})
        store_weights(run)
        affected.append(AffectedRows(run.pk, len(ids)))
    return tuple(affected)
