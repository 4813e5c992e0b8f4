"""A second run that is cut off before any of its statements ends whole once it is started again.

It writes what a first run does not: the numbers of people, records that are created again, interests
of leads that an earlier run created.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.review.reviewing import reviewer, say
from tests.stages.commit.book import own_rows
from tests.stages.commit.invariants import broken
from tests.stages.stages import run_commit, run_plan, run_rollback, run_stages
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db(transaction=True)
D = ReviewDecision

COURSE: dict[str, Any] = {"formation_id": "7", "session_id": "42"}
TRAINED = COURSE | {"status": "Formée"}
ROWS: dict[str, dict[str, Any]] = {
    "1": COURSE | {"full_name": "Karim Haddad", "phone": "0559446168"},
    "2": COURSE | {"full_name": "Lina Saadi", "phone": "0776845160"},
    "3": COURSE | {"full_name": "Nadia Mokrani", "phone": "0661223344"},
    "4": TRAINED | {"full_name": "Sofiane Belkacem", "phone": "0559446162"},
    "5": COURSE | {"full_name": "Amel Ziani", "phone": "0559446161"},  # linked
    "6": TRAINED | {"full_name": "Omar Cherif", "phone": "0559446163"},
}
OTHERS = ROWS | {
    "3": COURSE | {"full_name": "Rania Toumi", "phone": "0661223355"},
    "6": TRAINED | {"full_name": "Yacine Brahimi", "phone": "0661223366"},
}
DECISIONS = {
    "1": D.CREATE_AGAIN, "2": D.CREATE_AGAIN, "3": D.ANOTHER_PERSON, "4": D.CREATE_AGAIN,
    "6": D.ANOTHER_PERSON,
}  # fmt: skip
OUTCOMES = {
    "1": "create_crm_lead", "2": "link_existing", "3": "create_crm_lead",
    "4": "create_completed_training", "5": "skip", "6": "create_completed_training",
}  # fmt: skip
ORIGINS = {
    "legacy:stagiaires:1:lead", "legacy:stagiaires:2:lead", "legacy:stagiaires:3:lead",
    "legacy:stagiaires:3#2:lead", "legacy:stagiaires:1:interest", "legacy:stagiaires:2:interest",
    "legacy:stagiaires:3:interest", "legacy:stagiaires:3#2:interest",
    "legacy:stagiaires:4:training", "legacy:stagiaires:6:training",
    "legacy:stagiaires:6#2:training",
}  # fmt: skip


class PowerCut(BaseException):
    """No handler of the import catches it."""


@contextmanager
def power_cut(before: int) -> Iterator[None]:
    """The power fails right before that statement."""
    left = before

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            raise PowerCut
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield


def staged(run: LegacyImportRun, rows: dict[str, dict[str, Any]]) -> LegacyImportRun:
    for number, fields in rows.items():
        StagedLearnerFactory(run=run, legacy_id=number, **fields)
    run_stages(run)
    return run


@pytest.fixture
def second() -> LegacyImportRun:
    """The second run, decided; staff deleted a lead, an interest and a training of the first."""
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    CrmLeadFactory(full_name="Amel Ziani", phone="0559446161")
    first = staged(RunFactory(), ROWS)
    run_commit(first)
    CrmLead.objects.get(origin="legacy:stagiaires:1:lead").delete()
    CourseInterest.objects.get(origin="legacy:stagiaires:2:interest").delete()
    LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:4:training").delete()
    run = staged(RunFactory(previous_run=first), OTHERS)
    actor = reviewer()
    for number, decision in DECISIONS.items():
        say(
            LegacyStudentImport.objects.get(legacy_import_run=run, legacy_id=number),
            decision,
            actor,
        )
    return run


def again_and_again(work: Callable[[LegacyImportRun], object], run: LegacyImportRun) -> int:
    """Do the work, cut off before the 1st, the 2nd, the 3rd … statement, until it gets through."""
    statement = 0
    while True:
        statement += 1
        run.refresh_from_db()
        try:
            with power_cut(statement):
                work(run)
        except PowerCut:
            # A process that is gone gives its lease back in the same way.
            LegacyImportRun.objects.filter(pk=run.pk).update(lease_token="", lease_expires_at=None)
            assert broken(own_rows, staff_deleted=True) == []
        else:
            return statement


def outcomes_of(run: LegacyImportRun) -> dict[str, str]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    return dict(rows.values_list("legacy_id", "outcome"))


def origins() -> set[str | None]:
    return {
        origin
        for model in (CrmLead, CourseInterest, LegacyCompletedTraining)
        for origin in model.objects.exclude(origin=None).values_list("origin", flat=True)
    }


def test_a_second_run_that_is_cut_off_before_each_statement_ends_whole(
    second: LegacyImportRun,
) -> None:
    before = origins()
    assert again_and_again(run_plan, second) > 20
    assert again_and_again(lambda run: run_commit(run, batch=2), second) > 20
    assert outcomes_of(second) == OUTCOMES
    assert origins() == ORIGINS
    assert again_and_again(lambda run: run_rollback(run, batch=2), second) > 20
    assert set(outcomes_of(second).values()) == {"rolled_back"}
    assert origins() == before
