"""Rows of one run that are one person, and rows that only look like it."""

import datetime
from typing import Any

import pytest

from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import CrmLeadFactory, RunFactory, StagedLearnerFactory
from tests.stages.stages import run_validate

pytestmark = pytest.mark.django_db

PHONE, OTHER = "0559446168", "0776845160"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


def groups(run: LegacyImportRun) -> dict[str, str | None]:
    """'table:id' → 'table:id' of the first row of its group (None: alone), after a validation."""
    run_validate(run)
    rows = {row.pk: row for row in LegacyStudentImport.objects.filter(legacy_import_run=run)}
    return {
        str(row): str(rows[row.group_first_id]) if row.group_first_id else None
        for row in rows.values()
    }


def conflicts(run: LegacyImportRun) -> set[str]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, group_conflict=True)
    return {str(row) for row in rows}


def stage(run: LegacyImportRun, *rows: dict[str, Any]) -> None:
    for number, row in enumerate(rows, 1):
        StagedLearnerFactory(run=run, **{"legacy_id": str(number), **row})


ONE_PERSON = {
    "same-phone-names-swapped": [KARIM, {**KARIM, "full_name": "HADDAD Karim"}],
    "day-and-month-swapped": [KARIM, {**KARIM, "birth_date": "02/03/1999", "phone": OTHER}],
    "same-email": [
        {**KARIM, "phone": "", "email": "kh@exemple.dz", "birth_date": ""},
        {**KARIM, "phone": "", "email": "KH@exemple.dz", "birth_date": ""},
    ],
    "name-and-date-without-any-contact": [{**KARIM, "phone": ""}, {**KARIM, "phone": ""}],
    "a-phone-among-two": [KARIM, {**KARIM, "phone": f"{OTHER} / {PHONE}", "birth_date": ""}],
    "two-keys-in-a-chain": [
        {**KARIM, "birth_date": ""},
        {**KARIM, "email": "kh@exemple.dz", "birth_date": ""},
        {**KARIM, "phone": "", "email": "kh@exemple.dz", "birth_date": ""},
    ],
}


@pytest.mark.parametrize("rows", ONE_PERSON.values(), ids=ONE_PERSON)
def test_rows_of_one_person_are_one_group(run: LegacyImportRun, rows: list[dict[str, Any]]) -> None:
    stage(run, *rows)
    assert groups(run) == {f"stagiaires:{n + 1}": "stagiaires:1" for n in range(len(rows))}
    assert conflicts(run) == set()


SEVERAL_PEOPLE = {
    "brother-and-sister-on-one-phone": [
        {**KARIM, "full_name": "Yacine Belkacem"},
        {**KARIM, "full_name": "Samira Belkacem", "birth_date": "2001-05-09"},
    ],
    "brother-and-sister-without-birth-dates": [
        {"full_name": "Yacine Belkacem", "phone": PHONE},
        {"full_name": "Samira Belkacem", "phone": PHONE},
    ],
    "one-name-born-some-day-of-a-year": [
        {**KARIM, "birth_date": "1999-01-01"},
        {**KARIM, "birth_date": "1999-01-01", "phone": OTHER},
    ],
    "similar-names-born-some-day-of-a-year": [
        {**KARIM, "full_name": "Sofiane Belkacem", "birth_date": "1999-01-01"},
        {**KARIM, "full_name": "Sofkane Belkacem", "birth_date": "1999-01-01", "phone": OTHER},
    ],
    "two-names-and-one-birth-date": [
        {**KARIM, "full_name": "Amine Meziane"},
        {**KARIM, "full_name": "Amir Meziane", "phone": OTHER},
    ],
    "similar-names-born-on-other-days": [
        {**KARIM, "full_name": "Sofiane Belkacem"},
        {**KARIM, "full_name": "Sofkane Belkacem", "birth_date": "1999-02-04", "phone": OTHER},
    ],
    "one-mailbox-of-a-school-and-one-birth-date": [
        {**KARIM, "full_name": "Lina Saadi", "phone": PHONE, "email": "contact@exemple.dz"},
        {**KARIM, "phone": OTHER, "email": "contact@exemple.dz"},
    ],
    "one-mailbox-of-a-school": [
        {**KARIM, "phone": "", "email": "contact@exemple.dz", "birth_date": ""},
        {**KARIM, "phone": "", "email": "contact@exemple.dz", "birth_date": ""},
    ],
    "only-the-same-name": [
        {**KARIM, "birth_date": "", "phone": ""},
        {**KARIM, "birth_date": "", "phone": ""},
    ],
    "a-given-name-and-a-date-are-no-full-name": [
        {"full_name": "Amina", "birth_date": "1999-02-03", "phone": ""},
        {"full_name": "Amina", "birth_date": "1999-02-03", "phone": ""},
    ],
    "placeholders": [
        {**KARIM, "phone": "0555555555", "birth_date": "1900-01-01"},
        {**KARIM, "phone": "0555555555", "birth_date": "1900-01-01"},
    ],
}


@pytest.mark.parametrize("rows", SEVERAL_PEOPLE.values(), ids=SEVERAL_PEOPLE)
def test_people_who_only_look_alike_stay_apart(
    run: LegacyImportRun, rows: list[dict[str, Any]]
) -> None:
    stage(run, *rows)
    assert set(groups(run).values()) == {None}
    assert conflicts(run) == set()


# Evidence that blocks a link to a known person: two rows with it are not two new people either.
IN_DOUBT = {
    "same-contact-and-name-another-date": [KARIM, {**KARIM, "birth_date": "2001-07-20"}],
    "same-email-and-name-another-date": [
        {**KARIM, "phone": "", "email": "kh@exemple.dz"},
        {**KARIM, "phone": "", "email": "kh@exemple.dz", "birth_date": "2001-07-20"},
    ],
    "same-contact-similar-name-another-date": [
        {**KARIM, "full_name": "Yacine Belkacem"},
        {**KARIM, "full_name": "Yacine Belgacem", "birth_date": "2001-07-20"},
    ],
    "father-and-son-of-one-name": [KARIM, {**KARIM, "birth_date": "1965-07-20"}],
    "same-contact-and-date-another-name": [
        {**KARIM, "full_name": "Hassan Meziane"},
        {**KARIM, "full_name": "Hocine Meziane"},
    ],
    "same-contact-and-swapped-date-another-name": [
        {**KARIM, "full_name": "Amine Meziane"},
        {**KARIM, "full_name": "Amir Meziane", "birth_date": "1999-03-02"},
    ],
    "same-contact-similar-name-no-date": [
        {"full_name": "Lamine Belkacem", "phone": PHONE},
        {"full_name": "Amine Belkacem", "phone": PHONE},
    ],
    "same-contact-name-in-another-script": [
        {**KARIM, "full_name": "Nabil Zerfaoui"},
        {**KARIM, "full_name": "نبيل زرفاوي"},
    ],
    "similar-name-and-date-another-phone": [
        {**KARIM, "full_name": "Sofiane Belkacem"},
        {**KARIM, "full_name": "Sofkane Belkacem", "phone": OTHER},
    ],
    "similar-name-and-swapped-date-another-phone": [
        {**KARIM, "full_name": "Yacine Kekal"},
        {**KARIM, "full_name": "Yacine Kelkal", "phone": OTHER, "birth_date": "1999-03-02"},
    ],
    "a-name-more-and-date-another-phone": [
        {**KARIM, "full_name": "Nabil Cherfaoui"},
        {**KARIM, "full_name": "Mohamed Nabil Cherfaoui", "phone": OTHER},
    ],
    "married-name-and-date-another-phone": [
        {**KARIM, "full_name": "Amina Cherfaoui"},
        {**KARIM, "full_name": "Amina Belkacem née Cherfaoui", "phone": OTHER},
    ],
    "same-name-and-phone-as-typed": [
        {**KARIM, "phone": "12345", "email": "one@exemple.dz", "birth_date": ""},
        {**KARIM, "phone": "12 34 5", "email": "two@exemple.dz", "birth_date": ""},
    ],
}


@pytest.mark.parametrize("rows", IN_DOUBT.values(), ids=IN_DOUBT)
def test_pairs_in_doubt_are_no_group_and_marked(
    run: LegacyImportRun, rows: list[dict[str, Any]]
) -> None:
    stage(run, *rows)
    assert set(groups(run).values()) == {None}
    assert conflicts(run) == {"stagiaires:1", "stagiaires:2"}


def test_a_pair_in_doubt_that_other_rows_join_is_settled(run: LegacyImportRun) -> None:
    stage(
        run,
        {"full_name": "Lamine Belkacem", "phone": PHONE, "birth_date": "1999-02-03"},
        {"full_name": "Amine Belkacem", "phone": PHONE},
        {"full_name": "Amine Belkacem", "phone": PHONE, "birth_date": "1999-02-03"},
    )
    assert set(groups(run).values()) == {"stagiaires:1"}
    assert conflicts(run) == set()


def test_of_a_pair_in_doubt_a_row_that_links_to_a_known_person_does_not_wait(
    run: LegacyImportRun,
) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, birth_date=datetime.date(1999, 2, 3))
    stage(run, KARIM, {**KARIM, "birth_date": "1965-07-20"})
    groups(run)
    linked = LegacyStudentImport.objects.filter(auto_link_allowed=True)
    assert [row.legacy_id for row in linked] == ["1"]
    assert conflicts(run) == {"stagiaires:2"}


def test_father_and_son_do_not_both_link_to_one_person(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    stage(run, KARIM, {**KARIM, "birth_date": "1965-07-20"})
    groups(run)
    assert LegacyStudentImport.objects.filter(auto_link_allowed=True).count() == 2
    assert conflicts(run) == {"stagiaires:1", "stagiaires:2"}


BROTHERS = ("Mohamed Amine Haddad", "Mohamed Islam Haddad")


@pytest.mark.parametrize("born", ["1999-02-03", ""])
def test_a_short_name_joins_no_brothers(run: LegacyImportRun, born: str) -> None:
    both = {"phone": PHONE, "email": "haddad@exemple.dz", "birth_date": born}
    stage(run, *({**both, "full_name": name} for name in ("Mohamed Haddad", *BROTHERS)))
    found = groups(run)
    assert found["stagiaires:1"] == found["stagiaires:2"] == "stagiaires:1"
    assert found["stagiaires:3"] is None
    assert {"stagiaires:1", "stagiaires:3"} <= conflicts(run)


@pytest.mark.parametrize("born", ["1999-02-03", ""])
def test_brothers_do_not_both_link_to_a_known_person_of_a_short_name(
    run: LegacyImportRun, born: str
) -> None:
    both = {"phone": PHONE, "email": "haddad@exemple.dz"}
    birth_date = datetime.date.fromisoformat(born) if born else None
    CrmLeadFactory(**both, full_name="Mohamed Haddad", birth_date=birth_date)
    stage(run, *({**both, "full_name": name, "birth_date": born} for name in BROTHERS))
    groups(run)
    assert LegacyStudentImport.objects.filter(auto_link_allowed=True).count() == 2
    assert conflicts(run) == {"stagiaires:1", "stagiaires:2"}


def test_the_first_row_is_by_table_then_by_number(run: LegacyImportRun) -> None:
    stage(
        run,
        {**KARIM, "table": "archives", "legacy_id": "3"},
        {**KARIM, "legacy_id": "10"},
        {**KARIM, "legacy_id": "9"},
    )
    assert set(groups(run).values()) == {"stagiaires:9"}


def test_a_union_of_two_existing_people_is_refused_and_marked(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    CrmLeadFactory(full_name="Karim Haddad", email="kh@exemple.dz",
                   birth_date=datetime.date(1965, 7, 20))  # fmt: skip
    stage(
        run,
        {**KARIM, "birth_date": ""},
        {**KARIM, "phone": OTHER, "email": "kh@exemple.dz", "birth_date": ""},
        {**KARIM, "phone": f"{PHONE} / {OTHER}", "birth_date": ""},
    )
    found = groups(run)
    linked = LegacyStudentImport.objects.filter(auto_link_allowed=True)
    assert linked.values("match_id").distinct().count() == 2
    assert found["stagiaires:1"] == found["stagiaires:3"] == "stagiaires:1"
    assert found["stagiaires:2"] is None
    assert conflicts(run) == {"stagiaires:2", "stagiaires:3"}


def test_a_dateless_row_between_two_birth_dates_joins_one_and_marks_the_other(
    run: LegacyImportRun,
) -> None:
    stage(
        run,
        {**KARIM, "phone": PHONE},
        {**KARIM, "phone": f"{PHONE} / {OTHER}", "birth_date": ""},
        {**KARIM, "phone": OTHER, "birth_date": "1965-07-20"},
    )
    assert groups(run) == {
        "stagiaires:1": "stagiaires:1", "stagiaires:2": "stagiaires:1", "stagiaires:3": None
    }  # fmt: skip
    assert conflicts(run) == {"stagiaires:2", "stagiaires:3"}


@pytest.mark.parametrize(("rows", "in_conflict"), [(10, 0), (11, 11)])
def test_a_group_holds_ten_rows_at_most(run: LegacyImportRun, rows: int, in_conflict: int) -> None:
    stage(run, *[KARIM] * rows)
    found = groups(run)
    assert sum(first == "stagiaires:1" for first in found.values()) == 10
    assert len(conflicts(run)) == in_conflict


def test_groups_are_made_anew_with_every_validation(run: LegacyImportRun) -> None:
    stage(run, KARIM, {**KARIM, "phone": OTHER, "birth_date": ""})
    LegacyStudentImport.objects.update(group_first_id=1, group_conflict=True)
    assert set(groups(run).values()) == {None}
    assert conflicts(run) == set()


def test_groups_never_cross_runs(run: LegacyImportRun) -> None:
    stage(RunFactory(), KARIM)
    stage(run, KARIM)
    assert groups(run) == {"stagiaires:1": None}
