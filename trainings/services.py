"""What an import may do to learners' history: add records, and delete its own."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from ecoin.records import Created, ImportedRecords, timestamp
from trainings.dates import FoundDate, first_date
from trainings.models import (
    DateSource,
    ImportedHistory,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
)

SEARCHED_COLUMNS = (
    "name_key", "name_key_2", "name_key_3", "name_skeleton", "phone_normalized", "second_phone",
    "email_normalized",
)  # fmt: skip
HISTORY_COLUMNS = (
    "origin", "legacy_import_run_id", "learner_key", "course_id", "legacy_course_name", "user_id",
    "lead_id", "learner_name", "learner_birth_date", "learner_phone", "learner_email",
    *SEARCHED_COLUMNS, "legacy_session_id", "session_code", "session_starts_raw",
    "session_ends_raw", "dated_on", "dated_from", "created_at", "updated_at",
)  # fmt: skip
COMPLETED_TRAININGS = ImportedRecords(
    LegacyCompletedTraining, (*HISTORY_COLUMNS, "completed_date_raw")
)
ENROLLMENTS = ImportedRecords(LegacyImportedEnrollment, HISTORY_COLUMNS)


class NewHistory(NamedTuple):
    """A training of the old platform with its learner as in the source.

    `learner_key`: the origin, without the effect, of the learner's first row. `course_id` None: kept by
    name. `user_id` or `lead_id` only if the person is certain. Dates are as in the source.
    """

    origin: str
    learner_key: str
    course_id: int | None
    legacy_course_name: str
    user_id: int | None
    lead_id: int | None
    learner_name: str
    learner_birth_date: datetime.date | None
    learner_phone: str
    learner_email: str
    legacy_session_id: str | None
    session_code: str
    session_starts_on: str = ""
    session_ends_on: str = ""
    completed_at: str = ""  # completed trainings only
    archived_at: str = ""


def create_completed_trainings(
    trainings: Sequence[NewHistory], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created completed training. Raises IntegrityError when an origin exists."""
    at = timestamp(now)
    record = LegacyCompletedTraining()  # one object for all rows, used only to normalize
    rows = []
    for new in trainings:
        texts = (
            (DateSource.COMPLETED.value, new.completed_at),
            (DateSource.ARCHIVED.value, new.archived_at),
            (DateSource.SESSION_END.value, new.session_ends_on),
        )
        date = first_date(texts, today=now.date())
        rows.append((*_shared(record, new, date, run_id, at), date.raw))
    return COMPLETED_TRAININGS.create(rows)


def create_enrollments(
    enrollments: Sequence[NewHistory], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created imported enrolment. Raises IntegrityError when an origin exists."""
    at = timestamp(now)
    record = LegacyImportedEnrollment()  # as above
    rows = []
    for new in enrollments:
        texts = (
            (DateSource.SESSION_START.value, new.session_starts_on),
            (DateSource.SESSION_END.value, new.session_ends_on),
        )
        date = first_date(texts, today=now.date())
        rows.append(_shared(record, new, date, run_id, at))
    return ENROLLMENTS.create(rows)


def _shared(
    record: ImportedHistory, new: NewHistory, date: FoundDate, run_id: int, at: object
) -> tuple[object, ...]:
    """Column values in the order of HISTORY_COLUMNS."""
    record.learner_name = new.learner_name
    record.learner_phone, record.learner_email = new.learner_phone, new.learner_email
    record.normalize()
    return (
        new.origin, run_id, new.learner_key, new.course_id, new.legacy_course_name, new.user_id,
        new.lead_id, new.learner_name, new.learner_birth_date, new.learner_phone,
        new.learner_email, record.name_key, record.name_key_2, record.name_key_3,
        record.name_skeleton, record.phone_normalized, record.second_phone,
        record.email_normalized, new.legacy_session_id, new.session_code, new.session_starts_on,
        new.session_ends_on, date.date, date.source, at, at,
    )  # fmt: skip
