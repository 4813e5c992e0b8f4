"""`…/{run}/sign-off`: every row is in one cell, what became of it, the verdict; on paper and as CSV."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import AccessKind, Classification, Outcome, ReviewDecision
from legacy_import.models import (
    LegacyAccessLog,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs.progress import Silent
from legacy_import.screens.exports.sign_off import (
    HEADER,
    KIND_OF,
    Counts,
    SheetLine,
    sign_off_sheet,
)
from legacy_import.stages.reconciliation.reconcile import reconcile
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.stages.stages import run_commit, run_rollback, run_stages

pytestmark = pytest.mark.django_db

ROOT = "/admin/legacy-imports"
PHONE = "0559446168"


@pytest.fixture
def run() -> LegacyImportRun:
    """Two courses, one of them mapped; sessions of two years and one without dates; all outcomes."""
    CourseMappingFactory(
        legacy_formation_id="7", legacy_name="Gestion", course__name="Gestion d’entreprise"
    )
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Zumba", course=None,
                         status="unmapped", rule="course:no_exact_name")  # fmt: skip
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7", confirmed=True,
                          starts_on_raw="2018-11-01", ends_on_raw="2019-06-30")  # fmt: skip
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True,
                          starts_on_raw="01/02/2020", ends_on_raw="0000-00-00")  # fmt: skip
    SessionMappingFactory(legacy_session_id="43", legacy_formation_id="8", confirmed=True)
    made: LegacyImportRun = RunFactory()
    CrmLeadFactory(full_name="Amel Ziani", phone="0776845160")
    for session, status in (("41", "Formée"), ("41", "Archivé"), ("42", "Formée"),
                            ("42", "Confirmer")):  # fmt: skip
        StagedLearnerFactory(run=made, formation_id="7", session_id=session, status=status)
    StagedLearnerFactory(run=made, session_id="41", status="Formée")  # its course is the session's
    StagedLearnerFactory(run=made, formation_id="8", session_id="43", status="Formée")  # left
    StagedLearnerFactory(run=made, full_name="Amel Ziani", phone="0776845160")  # linked
    StagedLearnerFactory(run=made, status="mystère")
    skipped = StagedLearnerFactory(run=made, formation_id="7")
    ReviewDecisionFactory(student_import=skipped, decision=ReviewDecision.SKIP)
    run_stages(made)
    run_commit(made)
    made.refresh_from_db()
    return made


def manager(language: str = "en") -> Client:
    user = UserFactory(is_staff=True, username="amel")
    user.groups.add(Group.objects.get(name="Manager"))
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def address(run: LegacyImportRun, suffix: str = "") -> str:
    return f"{ROOT}/{run.pk}/sign-off{suffix}"


def csv_lines(client: Client, run: LegacyImportRun, **query: str) -> list[dict[str, str]]:
    body = client.get(address(run, ".csv"), query).content.decode()
    separator = {"semicolon": ";", "tab": "\t"}.get(query.get("separator", ""), ",")
    assert body.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff")), delimiter=separator))


def text(client: Client, run: LegacyImportRun) -> str:
    body = client.get(address(run)).content.decode().partition('id="content"')[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


# --- The numbers -------------------------------------------------------------------------------------


def test_each_row_is_counted_under_its_course_its_year_and_its_kind(run) -> None:
    blocks = {block.course: block for block in sign_off_sheet(run).blocks}
    assert list(blocks) == ["Gestion", "Zumba", ""]  # rows without a course last
    assert blocks["Gestion"].platform_course == "Gestion d’entreprise"
    assert blocks["Zumba"].platform_course == ""
    assert blocks["Gestion"].lines == [
        SheetLine("2019", "trained", Counts(3, created=3)),
        SheetLine("2020", "trained", Counts(1, created=1)),
        SheetLine("2020", "registered", Counts(1, created=1)),
        SheetLine("", "leads", Counts(1, skipped=1)),
    ]
    assert blocks["Zumba"].lines == [SheetLine("", "trained", Counts(1, left=1))]
    assert blocks[""].lines == [
        SheetLine("", "leads", Counts(1, linked=1)),
        SheetLine("", "unclear", Counts(1, left=1)),
    ]


def test_the_totals_are_the_sums_and_cover_every_row(run) -> None:
    sheet = sign_off_sheet(run)
    lines = [line for block in sheet.blocks for line in block.lines]
    assert sheet.total == sum((line.counts for line in lines), Counts())
    assert sheet.total.old == LegacyStudentImport.objects.filter(legacy_import_run=run).count() == 9
    assert {line.kind: line.counts.old for line in sheet.totals} == {
        "trained": 5, "registered": 1, "leads": 2, "unclear": 1,
    }  # fmt: skip
    for line in (*lines, *sheet.totals):
        counts = line.counts
        assert counts.old == counts.created + counts.linked + counts.skipped + counts.left


@pytest.mark.parametrize("outcome", Outcome.values)
def test_every_outcome_is_in_one_column(run, outcome) -> None:
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(outcome=outcome)
    total = sign_off_sheet(run).total
    assert sorted(total) == [0, 0, 0, 9, 9]
    assert total.old == 9


def test_every_classification_has_a_kind() -> None:
    assert set(KIND_OF) == set(Classification.values)


def test_after_a_rollback_the_rows_are_left(run) -> None:
    run_rollback(run)
    total = sign_off_sheet(run).total
    assert (total.created, total.linked, total.skipped, total.left) == (0, 0, 0, 9)


def test_rows_of_other_runs_are_not_counted(run) -> None:
    StagedLearnerFactory(run=RunFactory(), formation_id="7", session_id="41", status="Formée")
    assert sign_off_sheet(run).total.old == 9


def test_a_sheet_costs_the_same_queries_however_many_rows(run) -> None:
    client = manager()
    client.get(address(run))
    with CaptureQueriesContext(connection) as few:
        client.get(address(run))
    for number in range(60):
        StagedLearnerFactory(run=run, formation_id=str(number), status="Formée")
    with CaptureQueriesContext(connection) as many:
        client.get(address(run))
    assert len(many) == len(few) <= 12


# --- The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [
    ("en", ["Sign-off sheet", "Old and new numbers", "trained", "Signature", "no course of the"]),
    ("fr", ["Fiche de clôture à signer", "formés", "Restantes", "Pour l’école"]),
    ("ar", ["ورقة المصادقة", "متكوّنون", "عن المدرسة"]),
])  # fmt: skip
def test_the_sheet_is_readable_in_three_languages(run, language, words) -> None:
    client = manager(language)
    shown = text(client, run)
    title = client.get(address(run)).content.decode()
    for word in words:
        assert word in shown or word in title, word


def test_the_verdict_is_on_the_sheet_and_says_when_it_is_out_of_date(run, tmp_path) -> None:
    client = manager()
    assert "This run was not reconciled yet." in text(client, run)
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        reconcile(run_id=run.pk, progress=Silent(), actor="nadia")
    shown = text(client, run)
    assert "Not balanced." in shown  # the old database of this test has none of the rows
    assert "nadia" in shown
    assert "staged_rows:stagiaires" in shown
    assert "since that proof" not in shown
    run.refresh_from_db()
    run.summary["reconciled"] |= {"balanced": True, "broken": []}
    run.save()
    assert "Balanced." in text(client, run)
    run_rollback(run)
    assert "since that proof" in text(client, run)


def test_a_contact_in_a_name_of_a_course_is_masked(run) -> None:
    LegacyCourseMapping.objects.filter(legacy_formation_id="7").update(
        legacy_name=f"Gestion {PHONE}"
    )
    client = manager()
    assert PHONE not in client.get(address(run)).content.decode()
    assert PHONE not in client.get(address(run, ".csv")).content.decode()


def test_the_sheet_has_its_rules_for_paper() -> None:
    rules = Path(str(finders.find("legacy_imports/sign_off.css"))).read_text("utf-8")
    assert "size: A4" in rules
    assert "@media print" in rules


def test_a_run_without_rows_has_an_empty_sheet() -> None:
    empty = RunFactory()
    client = manager()
    assert "No row of this run is staged yet." in text(client, empty)
    assert csv_lines(client, empty) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "not one to sign"), ("fr", "pas à signer"), ("ar", "ليست للتوقيع")],
)
def test_the_sheet_of_a_part_of_the_old_platform_is_none_to_sign(run, language, words) -> None:
    client = manager(language)
    assert words not in text(client, run)
    LegacyImportRun.objects.filter(pk=run.pk).update(row_limit=9)
    assert words in text(client, run)


def test_the_runs_page_links_to_the_sheet_for_those_who_export(run) -> None:
    link = f'href="{address(run)}"'
    assert link in manager().get(f"{ROOT}/{run.pk}").content.decode()
    reader = Client()
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="Reviewer"))
    reader.force_login(user)
    assert link not in reader.get(f"{ROOT}/{run.pk}").content.decode()
    assert reader.get(address(run)).status_code == 403


# --- The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["", "comma", "semicolon", "tab"])
def test_the_file_has_the_numbers_of_the_sheet(run, separator) -> None:
    lines = csv_lines(manager(), run, **({"separator": separator} if separator else {}))
    assert tuple(lines[0]) == HEADER
    assert lines[0] == {
        "run": str(run.pk), "course": "Gestion", "platform_course": "Gestion d’entreprise",
        "year": "2019", "kind": "trained", "old": "3", "created": "3", "linked": "0",
        "skipped": "0", "left": "0",
    }  # fmt: skip
    assert sum(int(line["old"]) for line in lines) == 9


def test_the_file_is_logged_kept_by_no_cache_and_names_no_formula(run) -> None:
    LegacyCourseMapping.objects.filter(legacy_formation_id="7").update(legacy_name="=1+1")
    client = manager()
    answer = client.get(address(run, ".csv"))
    assert "no-store" in answer["Cache-Control"]
    assert re.search(rf'filename="legacy-run-{run.pk}-sign-off-\d{{4}}-\d\d-\d\d\.csv"',
                     answer["Content-Disposition"])  # fmt: skip
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "'=1+1" in answer.content.decode()
    (entry,) = LegacyAccessLog.objects.all()
    assert (entry.kind, entry.reason, entry.actor.username) == (
        AccessKind.EXPORT, "sign-off csv", "amel",
    )  # fmt: skip


def test_a_head_and_a_wrong_separator_are_not_logged(run) -> None:
    client = manager()
    head = client.head(address(run, ".csv"))
    assert head.status_code == 200
    assert "sign-off" in head["Content-Disposition"]
    assert client.get(address(run, ".csv"), {"separator": "pipe"}).status_code == 404
    assert client.get(f"{ROOT}/9999/sign-off.csv").status_code == 404
    assert not LegacyAccessLog.objects.exists()


def test_a_page_that_is_only_looked_at_changes_nothing(run) -> None:
    before: Any = LegacyImportRun.objects.values().get(pk=run.pk)
    manager().get(address(run))
    assert LegacyImportRun.objects.values().get(pk=run.pk) == before
