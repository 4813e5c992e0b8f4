"""What an import may do to learners' history: add records, and delete its own."""

import datetime
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ecoin.bulk import Ids
from ecoin.records import Created, ImportedRecords, timestamp
from trainings import owners
from trainings.dates import FoundDate, first_date
from trainings.models import (
    DateSource,
    ImportedHistory,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    PersonKind,
)

SEARCHED_COLUMNS = (
    "name_key", "name_key_2", "name_key_3", "name_skeleton", "phone_normalized", "second_phone",
    "email_normalized", "name_date_key",
)  # fmt: skip
HISTORY_COLUMNS = (
    "origin", "legacy_import_run_id", "learner_key", "course_id", "legacy_course_name", "user_id",
    "lead_id", "learner_name", "learner_birth_date", "learner_phone", "learner_email",
    *SEARCHED_COLUMNS, "legacy_session_id", "session_code", "session_starts_raw",
    "session_ends_raw", "dated_on", "dated_from", "created_at", "updated_at",
)  # fmt: skip


class HistoryRecords(ImportedRecords):
    """Imported history. What was proposed about a learner is forgotten with the last record."""

    def delete(self, ids: Sequence[int]) -> None:
        records = self.model._default_manager.filter(pk__among=Ids(ids))
        learners = set(records.values_list("learner_key", flat=True))
        super().delete(ids)
        owners.withdraw_learners(learners)

    def attached_by_hand(self, ids: Collection[int]) -> set[int]:
        """Those of the records whose user or lead staff changed (trainings.attachments)."""
        records = self.model._default_manager.filter(pk__among=Ids(ids), version__gt=0)
        return set(records.values_list("pk", flat=True))


COMPLETED_TRAININGS = HistoryRecords(
    LegacyCompletedTraining, (*HISTORY_COLUMNS, "completed_date_raw")
)
ENROLLMENTS = HistoryRecords(LegacyImportedEnrollment, HISTORY_COLUMNS)


class PossibleOwner(NamedTuple):
    """A user or lead whom the import found for a row. `blocker`: why it did not attach the record."""

    kind: str
    id: int
    blocker: str


class NewHistory(NamedTuple):
    """A training of the old platform with its learner as in the source.

    `learner_key`: the origin, without the effect, of the learner's first row. `course_id` None: kept by
    name. `user_id` or `lead_id` only if the person is certain. Dates are as in the source.
    `not_same`: (kind, id) of the people whom a reviewer ruled out.
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
    possible_owners: tuple[PossibleOwner, ...] = ()
    not_same: frozenset[owners.Person] = frozenset()


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
    created = COMPLETED_TRAININGS.create(rows)
    _propose_owners(trainings, rows)
    return created


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
    created = ENROLLMENTS.create(rows)
    _propose_owners(enrollments, rows)
    return created


def propose_leads(ids: Collection[int]) -> None:
    """Propose leads that were just created as owners of history of the same name and birth date."""
    owners.propose_for_leads(ids)


def withdraw_leads(ids: Collection[int]) -> None:
    """Forget what was proposed about leads that were deleted."""
    owners.withdraw_people(PersonKind.LEAD.value, ids)


def _propose_owners(history: Sequence[NewHistory], rows: Sequence[Sequence[object]]) -> None:
    """Put new history that is attached to no one on the work list, with whom it may belong to."""
    place = HISTORY_COLUMNS.index("name_date_key")
    waiting = [
        (new, str(row[place] or ""))
        for new, row in zip(history, rows, strict=True)
        if new.user_id is None and new.lead_id is None
    ]
    owners.rule_out(
        [owners.Pair(new.learner_key, person) for new, _ in waiting for person in new.not_same]
    )
    owners.propose_for_history([(new.learner_key, key) for new, key in waiting])
    owners.propose_blocked(
        [
            owners.Pair(new.learner_key, (one.kind, one.id), one.blocker)
            for new, _ in waiting
            for one in new.possible_owners
        ]
    )


def _shared(
    record: ImportedHistory, new: NewHistory, date: FoundDate, run_id: int, at: object
) -> tuple[object, ...]:
    """Column values in the order of HISTORY_COLUMNS."""
    record.learner_name, record.learner_birth_date = new.learner_name, new.learner_birth_date
    record.learner_phone, record.learner_email = new.learner_phone, new.learner_email
    record.normalize()
    return (
        new.origin, run_id, new.learner_key, new.course_id, new.legacy_course_name, new.user_id,
        new.lead_id, new.learner_name, new.learner_birth_date, new.learner_phone,
        new.learner_email, record.name_key, record.name_key_2, record.name_key_3,
        record.name_skeleton, record.phone_normalized, record.second_phone,
        record.email_normalized, record.name_date_key, new.legacy_session_id, new.session_code,
        new.session_starts_on, new.session_ends_on, date.date, date.source, at, at,
    )  # fmt: skip
