"""Former learners for the tests of their history: records of one or more trainings, seen by staff."""

import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import CompletedTrainingFactory, CourseFactory, UserFactory
from trainings.attachments import SeenRecord
from trainings.models import ImportedHistory, LegacyCompletedTraining, LegacyImportedEnrollment
from trainings.owners import propose_for_history

BORN = datetime.date(1990, 3, 4)
NAME = "Karim Haddad"
NOW = timezone.now()


def history(
    number: int = 1, *, key: str = "", enrollment: bool = False, **values: Any
) -> ImportedHistory:
    """One record of an old learner; `key`: the row whose group it belongs to (its own row)."""
    row = f"legacy:stagiaires:{number}"
    fields = {"learner_name": NAME, "learner_birth_date": BORN, "learner_phone": "0559446168"}
    fields |= {"learner_key": key or row, **values}
    if not enrollment:
        record: ImportedHistory = CompletedTrainingFactory(origin=f"{row}:training", **fields)
    else:
        record = LegacyImportedEnrollment.objects.create(
            origin=f"{row}:enrollment", legacy_import_run_id=1, course=CourseFactory(),
            legacy_session_id="40", **fields,
        )  # fmt: skip
    propose_for_history([(record.learner_key, record.name_date_key)])
    return record


def seen(*records: ImportedHistory) -> list[SeenRecord]:
    """The records as a page shows them now."""
    return [SeenRecord(one.origin, again(one).version) for one in records]


def again(record: ImportedHistory) -> ImportedHistory:
    """The record as it is stored now."""
    return type(record)._default_manager.get(pk=record.pk)


def secretary(name: str = "secretaire") -> User:
    user: User = UserFactory(username=name)
    return user


def all_records() -> list[ImportedHistory]:
    return [*LegacyCompletedTraining.objects.all(), *LegacyImportedEnrollment.objects.all()]
