"""What an import may do to learners' history: add records, and delete its own."""

import datetime
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ecoin import records
from ecoin.bulk import delete_ids
from ecoin.records import Created
from trainings.models import ImportedHistory, LegacyCompletedTraining, LegacyImportedEnrollment

HISTORY_COLUMNS = (
    "origin", "legacy_import_run_id", "course_id", "user_id", "lead_id", "learner_name",
    "learner_birth_date", "learner_phone", "learner_email", "legacy_session_id", "session_code",
    "created_at", "updated_at",
)  # fmt: skip
COMPLETED_COLUMNS = (*HISTORY_COLUMNS, "completed_date_raw")
COLUMNS: dict[type[ImportedHistory], tuple[str, ...]] = {
    LegacyCompletedTraining: COMPLETED_COLUMNS,
    LegacyImportedEnrollment: HISTORY_COLUMNS,
}


class NewHistory(NamedTuple):
    """A training of the old platform with its learner as in the source.

    `user_id` or `lead_id` only if the person is certain. Dates are as in the source.
    """

    origin: str
    course_id: int
    user_id: int | None
    lead_id: int | None
    learner_name: str
    learner_birth_date: datetime.date | None
    learner_phone: str
    learner_email: str
    legacy_session_id: str | None
    session_code: str
    completed_on: str = ""  # completed trainings only


def create_completed_trainings(
    trainings: Sequence[NewHistory], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created completed training. Raises IntegrityError when an origin exists."""
    at = records.timestamp(now)
    rows = [(*_shared(new, run_id, at), new.completed_on) for new in trainings]
    return records.create(
        LegacyCompletedTraining, COMPLETED_COLUMNS, rows, watched=COMPLETED_COLUMNS
    )


def create_enrollments(
    enrollments: Sequence[NewHistory], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created imported enrolment. Raises IntegrityError when an origin exists."""
    at = records.timestamp(now)
    rows = [_shared(new, run_id, at) for new in enrollments]
    return records.create(LegacyImportedEnrollment, HISTORY_COLUMNS, rows, watched=HISTORY_COLUMNS)


def history_fingerprints(
    model: type[ImportedHistory], ids: Collection[int], *, lock: bool
) -> dict[int, str]:
    """The fingerprints of the records that still exist."""
    return records.fingerprints(model, ids, watched=COLUMNS[model], lock=lock)


def referenced_history(model: type[ImportedHistory], ids: Collection[int]) -> set[int]:
    """The records that anything refers to."""
    return records.referenced(model, ids)


def delete_history(model: type[ImportedHistory], ids: Sequence[int]) -> None:
    """Delete records. Raises IntegrityError if a record refers to one."""
    delete_ids(model, ids)


def _shared(new: NewHistory, run_id: int, at: object) -> tuple[object, ...]:
    """Column values in the order of HISTORY_COLUMNS."""
    return (
        new.origin, run_id, new.course_id, new.user_id, new.lead_id, new.learner_name,
        new.learner_birth_date, new.learner_phone, new.learner_email, new.legacy_session_id,
        new.session_code, at, at,
    )  # fmt: skip
