"""The whole road on the demo's world: import, validate, classify, plan; no promise is broken."""

from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone

from legacy_import.choices import Outcome, PlannedAction
from legacy_import.demo.people import generate
from legacy_import.demo.platform import seed_platform
from legacy_import.demo.sqlite_writer import write_sqlite
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.staging.import_source import import_source
from tests.legacy_database import SQLiteLegacy, as_legacy
from tests.stages.stages import BUSINESS, content_hash, run_plan, run_stages, staging_hash

pytestmark = pytest.mark.django_db

ROWS = 700
HISTORY = ("completed", "archived_training", "registered")


@pytest.fixture
def run(tmp_path: Path) -> LegacyImportRun:
    """The demo's world, imported through the real reader; some of its people are known here."""
    world = generate(ROWS)
    write_sqlite(world, tmp_path / "demo.sqlite3")
    seed_platform(world)
    with as_legacy(SQLiteLegacy(tmp_path / "demo.sqlite3")):
        report = import_source(
            alias="legacy", actor="cli:test", now=timezone.now(), progress=Silent()
        )
    return LegacyImportRun.objects.get(pk=report.run)


def test_the_plan_of_the_demo_keeps_every_promise(run: LegacyImportRun) -> None:
    before = content_hash(BUSINESS)
    report = run_stages(run)
    assert content_hash(BUSINESS) == before, "a dry run writes no business table"

    counts = dict(report.counts)
    reasons, risks = counts.pop("review_reasons"), counts.pop("risks")
    assert not any(counts.pop("done").values()), "nothing was committed yet"
    assert {sum(spread.values()) for spread in counts.values()} == {ROWS}
    assert sum(reasons.values()) == counts["plan"]["review"]
    assert risks["duplicate_students"] == counts["validation"]["duplicate"]

    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    leads = rows.filter(planned_action=PlannedAction.CREATE_CRM_LEAD)
    assert leads.exists()
    assert not leads.exclude(
        classification="lead_only", duplicate_confidence="none", validation_status="valid",
        contact_trusted=True, group_conflict=False,
    ).exists()  # fmt: skip
    assert not leads.exclude(group_first_id=None).exclude(group_first_id=F("pk")).exists()
    trained = rows.filter(classification__in=HISTORY).exclude(group_first_id=None)
    assert not leads.filter(group_first_id__in=trained.values("group_first_id")).exists()
    links = rows.filter(planned_action=PlannedAction.LINK_EXISTING)
    assert links.exists()
    assert not links.filter(classification__in=HISTORY).exists()
    assert not links.filter(planned_target_id=None).exists()
    assert not rows.exclude(outcome=Outcome.PENDING).exists()
    assert not rows.filter(planned_reason="").exists()


def test_every_stage_of_the_demo_can_be_repeated_without_a_change(run: LegacyImportRun) -> None:
    first = run_stages(run)
    before = staging_hash()
    again = run_stages(run)
    assert (again.fingerprint, again.counts) == (first.fingerprint, first.counts)
    assert staging_hash() == before
    difference = run_plan(run, compare_with=run.pk).difference
    assert difference is not None
    assert (difference.changed, difference.unchanged) == ({}, ROWS)
