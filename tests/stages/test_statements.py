"""Each stage sends as many statements for 500 rows as for 50: never a query per row."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import ReviewDecision, SessionType
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    legacy_row,
    spelled,
    stage_rows,
)
from tests.stages.stages import run_classify, run_plan, run_validate

pytestmark = pytest.mark.django_db

STAGES = {"validate": run_validate, "classify": run_classify, "plan": run_plan}
Statements = dict[int, dict[str, list[str]]]
KINDS: list[dict[str, Any]] = [
    {"status": "Formée", "formation_id": "7"}, {"status": "nouveau"}, {"status": "Annulé"},
    {"status": "Confirmer", "formation_id": "7", "session_id": "40"}, {"status": "Informer"},
    {"birth_date": "2019-02-31"}, {"phone": ""}, {"session_id": "42", "status": "Formée"},
    {"email": "contact@exemple.dz"}, {},
]  # fmt: skip


def crowd(run: LegacyImportRun, rows: int) -> None:
    """Rows of ten kinds in equal parts; every tenth row's person is there already, every twentieth
    row comes twice, and one address is everybody's."""
    found = []
    for number in range(rows):
        kind, place = KINDS[number % 10], number % 20
        row = {"full_name": f"Fictif {spelled(number)}", "phone": f"0661{number + 300_000}", **kind}
        if place in (9, 19):
            CrmLeadFactory(full_name=row["full_name"], phone=row["phone"])
        found.append(legacy_row(table="stagiaires", legacy_id=str(number + 1), **row))
        if place == 1:
            found.append(legacy_row(table="archives", legacy_id=str(number + 1), **row))
    stage_rows(run, found)
    decided = LegacyStudentImport.objects.filter(legacy_import_run=run).first()
    ReviewDecisionFactory(student_import=decided, decision=ReviewDecision.LATER)


@pytest.fixture
def statements() -> Statements:
    """Number of rows → stage → the statements it sent."""
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", session_type=SessionType.WAITING_PLACEHOLDER)
    sent: Statements = {}
    for rows in (50, 500):
        run = RunFactory(connection_name=f"legacy{rows}")
        for mapping in (CourseMappingFactory, SessionMappingFactory):
            mapping._meta.model.objects.update(connection_name=run.connection_name)
        CrmLeadFactory._meta.model.objects.all().delete()
        crowd(run, rows)
        sent[rows] = {}
        for name, stage in STAGES.items():
            with CaptureQueriesContext(connection) as captured:
                stage(run)
            sent[rows][name] = [query["sql"].lstrip() for query in captured]
    return sent


def shapes(sent: list[str]) -> list[str]:
    """What the statements are, whatever ids and values they hold."""
    return sorted(re.sub(r"'[^']*'|[\d., ()]+|CASE .*", " ", sql)[:100] for sql in sent)


def test_reads_do_not_depend_on_the_number_of_rows(statements: Statements) -> None:
    for stage in STAGES:
        few, many = (
            [sql for sql in statements[rows][stage] if sql.startswith("SELECT")]
            for rows in (50, 500)
        )
        assert shapes(few) == shapes(many), stage
        assert few


def test_writes_depend_on_the_distinct_answers(statements: Statements) -> None:
    """Ten times the rows, the same answers: at most one more statement per 200 matched rows."""
    for stage in STAGES:
        few, many = (
            sum(not sql.startswith("SELECT") for sql in statements[rows][stage])
            for rows in (50, 500)
        )
        assert few <= many <= few + 2, stage
        assert many < 100, stage
