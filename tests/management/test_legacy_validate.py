"""legacy_validate as operators see it: distributions that add up, safe to repeat."""

from typing import Any

import pytest

from legacy_import.choices import DuplicateConfidence, ValidationStatus
from legacy_import.conf import MANAGE
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.management.calling import done
from tests.management.conftest import SCHOOL_ROWS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def imported(school: Any) -> None:
    done("legacy_import")


def test_its_distributions_use_the_vocabulary_and_add_up(school: Any) -> None:
    counts = done("legacy_validate", "--json").told["counts"]
    assert set(counts) == {"validation", "duplicate_confidence"}
    assert set(counts["validation"]) <= set(ValidationStatus.values) - {"pending"}
    assert set(counts["duplicate_confidence"]) <= set(DuplicateConfidence.values)
    assert {sum(spread.values()) for spread in counts.values()} == {SCHOOL_ROWS}
    # The school's exhibits hold all of these.
    assert {"failed", "needs_review", "duplicate", "valid"} == set(counts["validation"])
    assert {"none", "low", "medium", "high"} == set(counts["duplicate_confidence"])


def test_repeated_it_changes_no_row() -> None:
    seen = []
    for _ in range(2):
        told = done("legacy_validate", "--json").told
        seen.append((told["counts"], list(LegacyStudentImport.objects.order_by("pk").values())))
    assert seen[0] == seen[1]


def test_the_run_may_be_left_out_and_is_named(school: Any) -> None:
    latest = LegacyImportRun.objects.latest("pk").pk
    lines = done("legacy_validate").out.splitlines()
    assert lines[-3].startswith(f"Done. run={latest} total={SCHOOL_ROWS:,} in ")
    assert lines[-1] == f"Next: {MANAGE} legacy_classify --run {latest}"


def test_an_older_run_can_be_named(school: Any) -> None:
    first = LegacyImportRun.objects.latest("pk")
    done("legacy_import")
    assert done("legacy_validate", "--run", str(first.pk), "--json").told["run"] == first.pk
    assert list(LegacyImportRun.objects.order_by("pk").values_list("status", flat=True)) == [
        "validated",
        "imported",
    ]
