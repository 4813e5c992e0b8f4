"""What every judgement on a mapping has in common: its refusals, its entry in the book, its rows."""

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from ecoin.bulk import update_ids
from legacy_import.choices import COMMITTED_OUTCOMES, RunStatus
from legacy_import.errors import LegacyImportError
from legacy_import.mapping import weights_kept
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.privacy.free_text import without_contact
from legacy_import.runs import counts

# Runs whose rows are not to be judged again: finished for good, or on their way back.
SETTLED = (RunStatus.CLOSED, RunStatus.ROLLING_BACK)

Mapping = LegacyCourseMapping | LegacySessionMapping


class MappingChangedMeanwhile(LegacyImportError):
    """Somebody judged the mapping, or changed what a bulk would confirm, since the page was shown."""

    exit_code = 5


class MappingRefused(LegacyImportError):
    """The judgement is not one that a person can make; `code` names why, for the screens' words."""

    exit_code = 2

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class AffectedRows:
    """How many uncommitted rows of one run are to be classified again."""

    run: int
    rows: int


@dataclass(frozen=True, slots=True)
class MappingChange:
    """What judgements changed: how many mappings, and the rows of every open run they touch."""

    mappings: int
    affected: tuple[AffectedRows, ...]

    @property
    def rows(self) -> int:
        return sum(affected.rows for affected in self.affected)


def lock_open_runs(connection_name: str, now: datetime.datetime) -> list[LegacyImportRun]:
    """The runs of this source whose rows may need judging again, locked until the transaction ends.

    Call it first. Raises MappingRefused while one of them is being classified: its process has read
    the mappings already, and would clear the marks of rows it judged by the old ones.
    """
    runs = LegacyImportRun.objects.filter(
        connection_name=connection_name, classified_at__isnull=False
    ).exclude(status__in=SETTLED)
    locked = list(runs.select_for_update().order_by("pk"))
    for run in locked:
        held = run.lease_token and run.lease_expires_at and run.lease_expires_at > now
        if held and run.lease_command == "legacy_classify":
            raise MappingRefused(
                "being_classified",
                f"Run {run.pk} is being classified; try again when that is done.",
            )
    return locked


def require_version(mapping: Mapping, version: int) -> None:
    """Raise MappingChangedMeanwhile unless the (locked) mapping is the one that was judged."""
    if mapping.version != version:
        raise MappingChangedMeanwhile("The mapping changed since it was shown.")


def require_same_mappings(mappings: Sequence[Mapping], expected: int, stamp: str) -> None:
    """Raise MappingChangedMeanwhile unless a bulk meets exactly the mappings that were confirmed."""
    told = stamp_of((mapping.pk, mapping.version) for mapping in mappings)
    if (len(mappings), told) != (expected, stamp):
        raise MappingChangedMeanwhile(
            f"{expected} mappings were shown, {len(mappings)} would be confirmed now, or one changed."
        )


def stamp_of(mappings: Iterable[tuple[int, int]]) -> str:
    """Changes when a mapping joins or leaves these (number, version), or is judged."""
    return hashlib.sha256(repr(sorted(mappings)).encode()).hexdigest()[:16]


def clean_note(note: str) -> str:
    """The note as it is kept. Raises HoldsContact for one too long, or with a contact in it."""
    return without_contact(" ".join(note.replace("\x00", "").split()))


def log_decision(mappings: Sequence[Mapping], verdict: str, note: str, actor: User) -> None:
    """Who said what of these mappings, and why: entries of the admin's log, never changed."""
    if not mappings:
        return
    kind = ContentType.objects.get_for_model(mappings[0])
    LogEntry.objects.bulk_create(
        [
            LogEntry(
                user_id=actor.pk,
                content_type=kind,
                object_id=str(mapping.pk),
                object_repr=str(mapping)[:200],
                action_flag=CHANGE,
                change_message=f"{verdict}: {note}",
            )
            for mapping in mappings
        ],
        batch_size=500,
    )


def mark_affected_rows(runs: Iterable[LegacyImportRun], which: Q) -> tuple[AffectedRows, ...]:
    """Mark these uncommitted rows of each (locked) run to be classified again; count and weigh anew.

    Call it last: the weights are those of the mappings as they stand then.
    """
    affected = []
    for run in runs:
        rows = LegacyStudentImport.objects.filter(which, legacy_import_run=run)
        uncommitted = rows.exclude(outcome__in=COMMITTED_OUTCOMES)
        ids = list(uncommitted.values_list("pk", flat=True))
        with counts.following(run.pk, ids):
            update_ids(LegacyStudentImport, ids, {"to_classify": True})
        weights_kept.keep(run)
        affected.append(AffectedRows(run.pk, len(ids)))
    return tuple(affected)
