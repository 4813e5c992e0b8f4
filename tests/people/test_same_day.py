"""Blocking by birth date: who was born on one day and has a similar name is compared."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.models import CandidatePair, LegacyImportRun, LegacyStudentImport
from legacy_import.people import same_day
from legacy_import.people.shared_keys import CROWD
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from tests.factories import CrmLeadFactory, RunFactory, StagedLearnerFactory, spelled
from tests.stages.stages import plan_of, run_stages, run_validate

pytestmark = pytest.mark.django_db

PHONE, OTHER = "0559446168", "0776845160"
BORN = datetime.date(1999, 2, 3)


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


def stage(run: LegacyImportRun, name: str, born: str, **values: Any) -> LegacyStudentImport:
    return StagedLearnerFactory(run=run, full_name=name, birth_date=born, **values)


def pairs(run: LegacyImportRun) -> set[tuple[int, str, int]]:
    """(row, kind of the other, id of the other) of the pairs written."""
    with run_lease(run, "test", Silent()) as lease:
        same_day.find_pairs_of_days(run, lease, Silent(), "S")
    written = CandidatePair.objects.filter(legacy_import_run=run, kind="S")
    return set(written.values_list("row_id", "other_kind", "other_id"))


SIMILAR = {
    "another-consonant": ("Sofiane Belkacem", "Sofkane Belkacem"),
    "a-letter-less": ("Yacine Kelkal", "Yacine Kekal"),
    "a-given-name-more": ("Nabil Cherfaoui", "Mohamed Nabil Cherfaoui"),
    "a-married-name": ("Amina Cherfaoui", "Amina Belkacem née Cherfaoui"),
    "another-script": ("Nabil Zerfaoui", "نبيل زرفاوي"),
}
DIFFERENT = {
    "two-given-names": ("Amine Meziane", "Amir Meziane"),
    "two-families": ("Sofiane Belkacem", "Sofiane Zerfaoui"),
    "brother-and-sister": ("أمين حداد", "أمينة حداد"),
    "the-same-name": ("Sofiane Belkacem", "Belkacem Sofiane"),  # key D finds it
    "one-word": ("Sofiane", "Sofkane"),
}


@pytest.mark.parametrize("names", SIMILAR.values(), ids=SIMILAR)
@pytest.mark.parametrize("born", ["1999-02-03", "1999-03-02"], ids=["same-day", "swapped"])
def test_similar_names_of_one_day_meet(
    run: LegacyImportRun, names: tuple[str, str], born: str
) -> None:
    one, other = stage(run, names[0], "1999-02-03"), stage(run, names[1], born)
    assert pairs(run) == {(one.pk, "staged", other.pk), (other.pk, "staged", one.pk)}


@pytest.mark.parametrize("names", DIFFERENT.values(), ids=DIFFERENT)
def test_other_names_of_one_day_do_not_meet(run: LegacyImportRun, names: tuple[str, str]) -> None:
    for name in names:
        stage(run, name, "1999-02-03")
    assert pairs(run) == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1999-02-03", "1999-02-04", id="two-days"),
        pytest.param("1900-02-03", "1900-02-03", id="1900"),
        pytest.param("", "", id="no-date"),
        pytest.param("1999-01-01", "1999-01-01", id="the-first-of-january"),
    ],
)
def test_days_that_say_nothing_bring_nobody_together(
    run: LegacyImportRun, one: str, other: str
) -> None:
    stage(run, "Sofiane Belkacem", one)
    stage(run, "Sofkane Belkacem", other)
    assert pairs(run) == set()


@pytest.mark.parametrize("born", ["1999-02-03", "1999-03-02", "1999-01-01"])
def test_a_row_meets_the_platform_s_people_of_its_day(run: LegacyImportRun, born: str) -> None:
    for number in range(3):  # people of other days, before, between and after
        CrmLeadFactory(full_name="Sofiane Belkacem", birth_date=datetime.date(1998 + number, 6, 9))
    date = datetime.date.fromisoformat(born)
    lead = CrmLeadFactory(full_name="Sofiane Belkacem", birth_date=date)
    row = stage(run, "Sofkane Belkacem", "1999-02-03" if date.day > 1 else born, phone=OTHER)
    run_validate(run)
    row.refresh_from_db()
    assert (row.duplicate_confidence, row.match_kind, row.match_id) == ("medium", "lead", lead.pk)
    assert row.auto_link_allowed is False
    assert "name_similar" in row.duplicate_evidence["targets"][0]["evidence"]


@pytest.mark.parametrize("names", SIMILAR.values(), ids=SIMILAR)
def test_a_second_lead_of_a_known_person_waits_for_a_reviewer(
    run: LegacyImportRun, names: tuple[str, str]
) -> None:
    CrmLeadFactory(full_name=names[0], birth_date=BORN, phone=PHONE)
    row = stage(run, names[1], "03/02/1999", phone=OTHER)
    run_stages(run)
    assert plan_of(row) == ("review", "medium_match")


@pytest.mark.parametrize("size", [2, 3, 5])
def test_pages_may_end_anywhere(
    run: LegacyImportRun, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same_day, "KEYS_PER_PAGE", size)
    expected = set()
    for day in range(1, 8):
        born = f"1999-02-{day:02d}"
        one, other = stage(run, "Sofiane Belkacem", born), stage(run, "Sofkane Belkacem", born)
        expected |= {(one.pk, "staged", other.pk), (other.pk, "staged", one.pk)}
    # A day that fills a page is left out: nobody is lost after it.
    assert pairs(run) == (expected if size > 2 else set())


def test_a_word_that_too_many_of_a_day_have_brings_nobody_together(run: LegacyImportRun) -> None:
    for number in range(CROWD):
        stage(run, f"Mohamed {spelled(number * 37)}", "1999-02-03")
    one = stage(run, "Mohamed Zerfaoui", "1999-02-03")
    other = stage(run, "Mohamed Zerfauwi Cherif", "1999-02-03")
    assert (one.pk, "staged", other.pk) in pairs(run), "the family's name is rare"
    words = same_day._names_by_word({f"muhamad n{n}": [("staged", n)] for n in range(CROWD + 1)})
    assert "mhmd" not in words
    assert len(words) == CROWD + 1


def test_the_queries_do_not_grow_with_the_rows(run: LegacyImportRun) -> None:
    def queries(rows: int) -> int:
        for number in range(rows):
            stage(run, f"Fictif {spelled(number)}", f"19{70 + number % 30}-02-03")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            list(same_day._days(run.pk))
        return len(captured)

    assert queries(3) == queries(60)
