"""What an import may do to learners' history: add records, and delete its own."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from ecoin.records import Created, ImportedRecords, timestamp
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

HISTORY_COLUMNS = (
    "origin", "legacy_import_run_id", "course_id", "user_id", "lead_id", "learner_name",
    "learner_birth_date", "learner_phone", "learner_email", "legacy_session_id", "session_code",
    "created_at", "updated_at",
)  # fmt: skip
COMPLETED_TRAININGS = ImportedRecords(
    LegacyCompletedTraining, (*HISTORY_COLUMNS, "completed_date_raw")
)
ENROLLMENTS = ImportedRecords(LegacyImportedEnrollment, HISTORY_COLUMNS)


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
    at = timestamp(now)
    rows = [(*_shared(new, run_id, at), new.completed_on) for new in trainings]
    return COMPLETED_TRAININGS.create(rows)


def create_enrollments(
    enrollments: Sequence[NewHistory], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created imported enrolment. Raises IntegrityError when an origin exists."""
    at = timestamp(now)
    return ENROLLMENTS.create([_shared(new, run_id, at) for new in enrollments])


def _shared(new: NewHistory, run_id: int, at: object) -> tuple[object, ...]:
    """Column values in the order of HISTORY_COLUMNS."""
    return (
        new.origin, run_id, new.course_id, new.user_id, new.lead_id, new.learner_name,
        new.learner_birth_date, new.learner_phone, new.learner_email, new.legacy_session_id,
        new.session_code, at, at,
    )  # fmt: skip
