"""The commit log: written and read, with the columns of staged rows that follow from it."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ecoin.bulk import Ids, insert_rows, update_ids, update_rows
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, LogAction, Outcome, ReversalOutcome
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    LEAD,
    LogEntry,
    LoggedEntry,
)

LOG_COLUMNS = (
    "legacy_import_run_id", "student_import_id", "training_import_id", "batch", "action",
    "target_model", "target_id", "created_target", "reason", "target_fingerprint", "actor",
    "created_at", "row_digest",
)  # fmt: skip
ACTION_VALUES = {action: action.value for action in LogAction}
# Actions of entries that a row has in addition to that of its outcome.
SECONDARY_ACTIONS = frozenset({LogAction.CREATE_COURSE_INTEREST, LogAction.ATTACH_PERSON})
# The action of a row's main entry → the row's outcome.
OUTCOMES = {
    action: Outcome(action.value).value for action in LogAction if action not in SECONDARY_ACTIONS
}
OUTCOMES_IN_FORCE = (*COMMITTED_OUTCOMES, *SECONDARY_ACTIONS)
# Actions of entries about a row's person.
PERSON_ACTIONS = (LogAction.CREATE_CRM_LEAD, LogAction.LINK_EXISTING, LogAction.ATTACH_PERSON)
PERSON_COLUMNS = ("imported_user_id", "imported_lead_id")
TRAINING_COLUMNS = {
    COMPLETED_TRAINING: "imported_completed_training_id",
    ENROLLMENT: "imported_enrollment_id",
}


def write(
    run: LegacyImportRun,
    entries: Sequence[LogEntry],
    digests: Mapping[int, str],
    *,
    batch: int,
    actor: str,
    now: datetime.datetime,
) -> None:
    """Log the entries, and set the outcomes and ids of their rows. `digests`: who each row is."""
    trainings = dict(
        LegacyTrainingImport.objects.filter(
            student_import__among=Ids({entry.row for entry in entries})
        ).values_list("student_import_id", "pk")
    )
    at = timestamp(now)
    rows = (
        (run.pk, row, trainings.get(row), batch, ACTION_VALUES[action], model, target, int(created),
         reason[:60], fingerprint, actor, at, digests[row])
        for row, action, reason, model, target, created, fingerprint in entries
    )  # fmt: skip
    _set_outcomes(entries)
    _set_trainings(entries, trainings)
    insert_rows(LegacyImportCommitLog, LOG_COLUMNS, rows)


def entries_in_force(ids: Iterable[int]) -> dict[int, list[LoggedEntry]]:
    """Staged row id → its effects that are not reversed. Rows that were not committed have none."""
    effects: defaultdict[int, list[LoggedEntry]] = defaultdict(list)
    entries = LegacyImportCommitLog.objects.filter(
        student_import__among=Ids(ids), reversed_at=None, action__in=OUTCOMES_IN_FORCE
    )
    for values in entries.order_by("pk").values_list(
        "pk", "student_import_id", "action", "target_model", "target_id", "created_target",
        "target_fingerprint",
    ):  # fmt: skip
        effects[values[1]].append(LoggedEntry(*values))
    return dict(effects)


def reverse(
    outcomes: Mapping[int, ReversalOutcome],
    *,
    in_force: Collection[int],
    actor: str,
    now: datetime.datetime,
) -> None:
    """Write what became of each entry's record (by id); entries `in_force` are not reversed.

    An entry that loses its fingerprint as it gets an outcome does not grow, which keeps updates of
    thousands of entries cheap.
    """
    by_outcome: defaultdict[tuple[ReversalOutcome, bool], list[int]] = defaultdict(list)
    for pk, outcome in outcomes.items():
        by_outcome[outcome, pk in in_force].append(pk)
    for (outcome, stays), ids in by_outcome.items():
        values: dict[str, Any] = {"reversal_outcome": outcome.value}
        if not stays:
            # The fingerprint is a digest of a record that no longer exists.
            values |= {
                "reversed_at": timestamp(now), "reversed_by": actor, "target_fingerprint": "",
            }  # fmt: skip
        update_ids(LegacyImportCommitLog, ids, values)


def release_rows(rows: Mapping[int, Sequence[LoggedEntry]]) -> None:
    """Mark rows as rolled back, whose effects are all undone."""
    no_person = dict.fromkeys(PERSON_COLUMNS)
    update_ids(LegacyStudentImport, list(rows), {"outcome": Outcome.ROLLED_BACK.value, **no_person})
    with_history = Ids(
        row
        for row, entries in rows.items()
        if any(entry.target_model in TRAINING_COLUMNS for entry in entries)
    )
    LegacyTrainingImport.objects.filter(student_import__among=with_history).update(
        **dict.fromkeys(TRAINING_COLUMNS.values())
    )


def _set_outcomes(entries: Sequence[LogEntry]) -> None:
    """One UPDATE per outcome; rows with a person get its id in the same statements."""
    outcomes = {one.row: OUTCOMES[one.action] for one in entries if one.action in OUTCOMES}
    people: dict[int, tuple[Any, ...]] = {
        one.row: (outcomes[one.row], *_person_ids(one))
        for one in entries
        if one.action in PERSON_ACTIONS and one.row in outcomes
    }
    by_outcome: defaultdict[str, list[int]] = defaultdict(list)
    for row, outcome in outcomes.items():
        if row not in people:
            by_outcome[outcome].append(row)
    for outcome, ids in by_outcome.items():
        update_ids(LegacyStudentImport, ids, {"outcome": outcome})
    update_rows(LegacyStudentImport, ("outcome", *PERSON_COLUMNS), people)


def _person_ids(entry: LogEntry) -> tuple[int | None, int | None]:
    """The row's imported_user_id and imported_lead_id."""
    lead = entry.target_model == LEAD
    return (None, entry.target_id) if lead else (entry.target_id, None)


def _set_trainings(entries: Sequence[LogEntry], trainings: Mapping[int, int]) -> None:
    for model, column in TRAINING_COLUMNS.items():
        records = {
            trainings[entry.row]: (entry.target_id,)
            for entry in entries
            if entry.target_model == model
        }
        update_rows(LegacyTrainingImport, (column,), records)
