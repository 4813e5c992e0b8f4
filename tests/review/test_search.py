"""Rows of the queue found by name, in any spelling and script."""

import pytest

from legacy_import.models import LegacyImportRun
from legacy_import.review.filter import rows_of
from legacy_import.review.search import BY_NAME, Search, find_matches
from tests.factories import RunFactory, StagedLearnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("Nabil Zerfaoui", "zerfaoui nabil", id="another-order"),
        pytest.param("Nabil Zerfaoui", "Nabile Zerfawi", id="another-spelling"),
        pytest.param("Nabil Zerfaoui", "نبيل زرفاوي", id="latin-by-arabic"),
        pytest.param("نبيل زرفاوي", "Nabil Zerfaoui", id="arabic-by-latin"),
        pytest.param("Nabil Zerbaoui", "نبيل زرفاوي", id="by-another-skeleton"),
    ],
)
def test_a_row_is_found_by_any_spelling_of_its_name(
    run: LegacyImportRun, name: str, text: str
) -> None:
    row = StagedLearnerFactory(run=run, full_name=name)
    StagedLearnerFactory(run=run, full_name="Lina Saadi")
    matches = find_matches(run, Search(text), among=rows_of(run))
    assert (matches.how, list(matches.rows)) == (BY_NAME, [row.pk])


def test_a_name_without_letters_finds_no_one(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run)
    assert list(find_matches(run, Search("***"), among=rows_of(run)).rows) == []
