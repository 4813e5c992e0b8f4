"""Rows, courses and sessions deleted on the old platform: staged, and back only by a decision."""

from collections import Counter
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.review.bulk import bulk
from legacy_import.review.filter import RowFilter
from tests.factories import NOW, CourseFactory, CrmLeadFactory, UserFactory
from tests.legacy_database import LegacyDatabase, MakeLegacy, learner, tables
from tests.review.reviewing import LATER_ON
from tests.stages.importing import import_from
from tests.stages.stages import run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db

OWN, COURSE, SESSION = (
    "deleted_at_source",
    "course_deleted_at_source",
    "session_deleted_at_source",
)
LARAVEL = "2021-03-04 12:00:00"
LEAD = {"statut": "nouveau", "session_ecoin_id": None}
OTHER_LEAD = {**LEAD, "date_naissance": "1987-11-24"}  # who is not taken for the first one


def marked(database: LegacyDatabase, table: str, marks: dict[int, str | None], *,
           column: str = "deleted_at", declared: str = "DATETIME NULL") -> None:  # fmt: skip
    """Give the table such a column, and rows their marks."""
    database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declared}")
    for legacy_id, mark in marks.items():
        value = "NULL" if mark is None else f"'{mark}'"
        database.execute(f"UPDATE {table} SET {column} = {value} WHERE id = {legacy_id}")


def planned(database: LegacyDatabase) -> tuple[LegacyImportRun, Any]:
    run = LegacyImportRun.objects.get(pk=import_from(database).run)
    report = run_stages(run)
    run.refresh_from_db()
    return run, report


def plan(run: LegacyImportRun) -> dict[str, tuple[str, str]]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    return {
        legacy_id: (action, reason)
        for legacy_id, action, reason in rows.values_list(
            "legacy_id", "planned_action", "planned_reason"
        )
    }


def accept_all(run: LegacyImportRun, reason: str, decision: ReviewDecision) -> int:
    query = RowFilter(facets={"planned_reason": reason}, state="pending")
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, planned_reason=reason)
    return bulk(
        run=run, query=query, expected=rows.count(), decision=decision,
        actor=UserFactory(is_staff=True), now=LATER_ON,
    ).decisions  # fmt: skip


def test_no_deleted_row_is_imported_and_the_certificate_and_the_plan_count_them(
    make_legacy: MakeLegacy,
) -> None:
    CourseFactory(name="Comptabilité")
    CrmLeadFactory(full_name="Amele Haddad", phone="0559000004")
    rows = [
        learner(1, **OTHER_LEAD),
        learner(2, **LEAD),
        learner(3),
        learner(4, **LEAD),  # a known person
        learner(5, statut="mystère"),
    ]
    database = make_legacy(tables(rows))
    marked(database, "stagiaires", {2: LARAVEL, 3: LARAVEL, 4: LARAVEL, 5: LARAVEL})
    run, report = planned(database)
    assert plan(run) == {
        "1": ("create_crm_lead", "new_lead"),
        **dict.fromkeys("2345", ("review", OWN)),
    }
    assert run.certificate["deleted_rows"] == {"stagiaires": 4}
    assert any("4 rows are deleted" in note for note in run.certificate["notes"])
    assert report.counts["review_reasons"] == {OWN: 4}
    staged = LegacyStudentImport.objects.get(legacy_import_run=run, legacy_id="2")
    assert staged.validation_issues == [OWN]
    assert staged.raw_payload["deleted_at"] == LARAVEL


def test_one_decision_counts_them_all_the_same_or_skips_them(make_legacy: MakeLegacy) -> None:
    CourseFactory(name="Comptabilité")
    rows = [learner(1, **OTHER_LEAD), learner(2, date_naissance="1979-06-08"), learner(3, **LEAD)]
    database = make_legacy(tables(rows))
    marked(database, "stagiaires", dict.fromkeys((1, 2, 3), LARAVEL))
    run, _ = planned(database)
    assert accept_all(run, OWN, ReviewDecision.ACCEPT_DATA) == 3
    run_plan(run)
    assert plan(run) == {
        "1": ("create_crm_lead", "new_lead"),
        "2": ("create_completed_training", "history"),
        "3": ("create_crm_lead", "new_lead"),
    }
    run_commit(run)
    outcomes = LegacyStudentImport.objects.filter(legacy_import_run=run)
    assert Counter(outcomes.values_list("outcome", flat=True)) == {
        "create_crm_lead": 2, "create_completed_training": 1,
    }  # fmt: skip
    other, _ = planned(database)
    assert set(plan(other).values()) == {("skip", "already_imported")}


def test_skipping_them_is_one_decision_too(make_legacy: MakeLegacy) -> None:
    database = make_legacy(tables([learner(1, **LEAD), learner(2)]))
    marked(database, "stagiaires", {1: LARAVEL, 2: LARAVEL})
    run, _ = planned(database)
    assert accept_all(run, OWN, ReviewDecision.SKIP) == 2
    run_plan(run)
    assert set(plan(run).values()) == {("skip", "reviewer_skip")}


@pytest.mark.parametrize(
    ("column", "declared", "alive", "deleted"),
    [
        ("deleted_at", "TIMESTAMP NULL", [None], [LARAVEL]),
        ("deleted_at", "VARCHAR(30)", [None, "", " ", "0", "0000-00-00 00:00:00", "NULL", "-"],
         [LARAVEL, "04/03/2021"]),
        ("supprime", "TINYINT", [None, "0"], ["1", "2", "-1"]),
        ("is_deleted", "VARCHAR(9)", ["0", "non", "Non", "N", "false", "x"], ["1", "oui", "Y", "true"]),
        ("Corbeille", "VARCHAR(9)", ["", "0"], ["1", "oui"]),
        ("supprimé", "CHAR(1)", ["0", "n", ""], ["1", "o"]),
        ("date_suppression", "DATE", [None], ["2019-01-01"]),
    ],
)  # fmt: skip
def test_what_such_columns_say(
    make_legacy: MakeLegacy, column: str, declared: str, alive: list[Any], deleted: list[Any]
) -> None:
    marks = dict(enumerate([*alive, *deleted], 1))
    database = make_legacy(tables([learner(number, **LEAD) for number in marks]))
    marked(database, "stagiaires", marks, column=column, declared=declared)
    run = LegacyImportRun.objects.get(pk=import_from(database).run)
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    staged = {int(one.legacy_id) for one in rows if OWN in one.validation_issues}
    assert staged == {number for number in marks if number > len(alive)}
    assert run.certificate["deleted_rows"] == {"stagiaires": len(deleted)}


class TestCourseOrSession:
    ROWS = (
        learner(1),
        learner(2, **LEAD),
        learner(3, statut="Reporter"),
        learner(4, formation_id="2", session_ecoin_id="20"),
    )
    CATALOGUE = {
        "formations": [{"id": 1, "nom": "Comptabilité"}, {"id": 2, "nom": "Anglais"}],
        "session_ecoins": [
            {"id": 10, "code": "CPT-2019-01", "formation_id": "1"},
            {"id": 20, "code": "ANG-2019-01", "formation_id": "2"},
        ],
    }

    @pytest.fixture(autouse=True)
    def courses(self) -> None:
        CourseFactory(name="Comptabilité")
        CourseFactory(name="Anglais")

    @pytest.mark.parametrize(
        ("table", "legacy_id", "reason", "rows"),
        [("formations", 1, COURSE, "123"), ("session_ecoins", 10, SESSION, "13")],
    )
    def test_its_rows_wait_until_a_person_confirms_it(
        self, make_legacy: MakeLegacy, table: str, legacy_id: int, reason: str, rows: str
    ) -> None:
        database = make_legacy(tables(self.ROWS, **self.CATALOGUE))
        marked(database, table, {legacy_id: LARAVEL})
        run, report = planned(database)
        assert run.certificate["deleted_rows"] == {table: 1}
        assert {one for one, answer in plan(run).items() if answer == ("review", reason)} == set(
            rows
        )
        assert plan(run)["4"] == ("create_completed_training", "history")
        assert report.counts["review_reasons"][reason] == len(rows)
        model = LegacyCourseMapping if table == "formations" else LegacySessionMapping
        confirmed = {"confirmed_at": NOW, "confirmed_by": UserFactory()}
        model.objects.filter(deleted_at_source=True).update(**confirmed)
        run_plan(run)
        assert reason not in {answer for _, answer in plan(run).values()}
        assert plan(run)["1"] == ("create_completed_training", "history")

    def test_or_until_the_rows_count_all_the_same(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables(self.ROWS, **self.CATALOGUE))
        marked(database, "formations", {1: LARAVEL, 2: "1970-01-01 00:00:00"})
        run, _ = planned(database)
        assert accept_all(run, COURSE, ReviewDecision.ACCEPT_DATA) == 3
        run_plan(run)
        assert COURSE not in {reason for _, reason in plan(run).values()}


def test_a_living_row_does_not_wait_for_a_deleted_one_of_the_same_person(
    make_legacy: MakeLegacy,
) -> None:
    twice = {**LEAD, "prenom": "Karim", "telephone": "0661223344", "email": "karim.h@gmail.com"}
    database = make_legacy(tables([learner(1, **twice), learner(2, **twice)]))
    marked(database, "stagiaires", {1: LARAVEL})
    run, _ = planned(database)
    assert plan(run) == {"1": ("review", OWN), "2": ("create_crm_lead", "new_lead")}
    accept_all(run, OWN, ReviewDecision.ACCEPT_DATA)
    run_plan(run)
    assert plan(run)["1"] == ("link_existing", "same_person_in_run")
