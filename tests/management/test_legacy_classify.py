"""legacy_classify as operators see it: distributions that add up, safe to repeat."""

from typing import Any

import pytest

from legacy_import.choices import Classification, ImportAction, SessionType
from legacy_import.conf import MANAGE
from legacy_import.models import LegacyImportRun, LegacyStudentImport, LegacyTrainingImport
from tests.management.calling import done
from tests.management.conftest import SCHOOL_ROWS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def validated(school: Any) -> None:
    done("legacy_import")
    done("legacy_validate")


def test_its_distributions_use_the_vocabulary_and_add_up() -> None:
    counts = done("legacy_classify", "--json").told["counts"]
    assert set(counts) == {"classification", "session_types", "import_actions"}
    # The school's exhibits hold all of these.
    assert set(counts["classification"]) == set(Classification.values)
    assert set(counts["session_types"]) == set(SessionType.values)
    assert set(counts["import_actions"]) == set(ImportAction.values)
    assert {sum(spread.values()) for spread in counts.values()} == {SCHOOL_ROWS}


def test_repeated_it_changes_no_row() -> None:
    seen = []
    for _ in range(2):
        done("legacy_classify")
        seen.append(
            [
                *LegacyStudentImport.objects.order_by("pk").values(),
                *LegacyTrainingImport.objects.order_by("pk").values(),
            ]
        )
    assert seen[0] == seen[1]


def test_it_ends_with_the_next_command() -> None:
    run = LegacyImportRun.objects.get().pk
    lines = done("legacy_classify").out.splitlines()
    assert lines[-3].startswith(f"Done. run={run} total={SCHOOL_ROWS:,} in ")
    assert lines[-1] == f"Next: {MANAGE} legacy_dry_run --run {run}"
