"""`…/{run}/plan`, `/reconcile` and `/progress`: what writes no business table."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import Stage
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs import counts
from legacy_import.screens import obstacles
from tests.factories import ReviewDecisionFactory
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.screens.runs.run_screens import (
    ROOT,
    everything,
    held,
    person,
    planned_run,
    signed_in,
    text,
    update,
)
from tests.stages.stages import BUSINESS, content_hash, run_commit

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    return planned_run()


@pytest.fixture
def operator() -> Any:
    return person("view", "map", "commit", "rollback", username="nadia")


@pytest.fixture
def client(operator: Any) -> Client:
    return signed_in(operator)


@pytest.fixture
def committed(run: Any) -> LegacyImportRun:
    run_commit(run)
    run.refresh_from_db()
    return run


@pytest.fixture
def source(tmp_path: Path) -> Iterator[None]:
    """The old database is there, and has no learner any more."""
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        yield


def test_decisions_enter_the_plan_at_the_push_of_a_button(client: Client, run: Any) -> None:
    row = LegacyStudentImport.objects.filter(planned_reason="status_unknown").first()
    assert row is not None
    ReviewDecisionFactory(student_import=row, decision="skip")
    business = content_hash(BUSINESS)
    answer = client.post(f"{ROOT}/{run.pk}/plan")
    assert (answer.status_code, answer.url) == (303, f"{ROOT}/{run.pk}")
    row.refresh_from_db()
    assert (row.planned_action, row.planned_reason) == ("skip", "reviewer_skip")
    assert content_hash(BUSINESS) == business
    run.refresh_from_db()
    assert run.summary["stages"]["planned"]["actor"] == "nadia"


def test_after_a_mapping_changed_the_rows_are_evaluated_first(client: Client, run: Any) -> None:
    row = LegacyStudentImport.objects.filter(legacy_import_run=run).first()
    assert row is not None
    counts.apply(run.pk, [row.pk], new={"to_classify": True})
    LegacyStudentImport.objects.filter(pk=row.pk).update(to_classify=True)
    business = content_hash(BUSINESS)
    assert client.post(f"{ROOT}/{run.pk}/plan").status_code == 303
    row.refresh_from_db()
    assert not row.to_classify
    assert not run.facetcount_set.filter(to_classify=True, rows__gt=0).exists()
    run.refresh_from_db()
    assert run.status == "planned"
    assert content_hash(BUSINESS) == business


PLAN_REFUSED: dict[str, tuple[Any, str]] = {
    "imported": (lambda run: update(run, status="imported"), "not classified yet"),
    "closed": (lambda run: update(run, status="closed"), "permanently closed"),
    "held": (held, "legacy_commit on atelier"),
    "to-classify-while-committing": (
        lambda run: (run.facetcount_set.update(to_classify=True), update(run, status="committing")),
        "legacy_classify --run",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), PLAN_REFUSED.values(), ids=PLAN_REFUSED)
def test_what_cannot_be_planned_is_refused_in_words(
    client: Client, run: Any, spoil: Any, words: str
) -> None:
    spoil(run)
    before = everything()
    answer = client.post(f"{ROOT}/{run.pk}/plan")
    assert answer.status_code == 409
    assert words in text(answer)
    assert everything() == before


@pytest.mark.parametrize(
    ("operation", "limit", "command"),
    [
        ("plan", "MOST_ROWS_PLANNED", "legacy_dry_run"),
        ("reconcile", "MOST_ROWS_RECONCILED", "legacy_reconcile"),
    ],
)  # fmt: skip
def test_large_runs_get_the_command(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch,
    operation: str, limit: str, command: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(obstacles, limit, 7)
    answer = client.post(f"{ROOT}/{run.pk}/{operation}")
    assert answer.status_code == 409
    assert f"manage.py {command} --run {run.pk}" in text(answer)


def test_the_proof_is_shown_and_changes_nothing_but_the_last_verdict(
    source: None, client: Client, operator: Any, committed: Any
) -> None:
    before, summary = everything(), dict(committed.summary)
    answer = client.post(f"{ROOT}/{committed.pk}/reconcile")
    assert answer.status_code == 200
    told = text(answer)
    assert "every staged learner has exactly one training row" in told
    assert "as many entries in force as rows with that outcome (lead created) 3 3 met" in told
    committed.refresh_from_db()
    assert committed.summary["reconciled"]["actor"] == operator.username
    update(committed, summary=summary)
    assert everything() == before


def test_the_proof_names_what_does_not_balance(
    source: None, client: Client, committed: Any
) -> None:
    CrmLead.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
    told = text(client.post(f"{ROOT}/{committed.pk}/reconcile"))
    assert "It does not balance." in told
    words = "of every record deleted since, a reviewer decided: create again, or skip"
    assert f"{words} 0 1 fails stagiaires:" in told


def test_progress_says_who_and_how_far(client: Client, run: Any) -> None:
    free = client.get(f"{ROOT}/{run.pk}/progress")
    assert free["Content-Type"] == "application/json"
    assert "no-store" in free["Cache-Control"]
    told = free.json()
    assert (told["status"], told["held_by"], told["done"]) == ("planned", None, None)
    assert {one["stage"]: one["rows"] for one in told["stages"]} == {
        "import": 8, "validate": 8, "classify": 8, "plan": 8,
    }  # fmt: skip
    run_commit(run, limit=2)
    held(run)
    ChunkReceipt.objects.create(
        legacy_import_run=run, stage=Stage.COMMIT, position=7, first_id="1", last_id="2", rows=3,
        finished_at=timezone.now() + datetime.timedelta(seconds=1),
    )  # fmt: skip
    before = everything()
    told = client.get(f"{ROOT}/{run.pk}/progress").json()
    assert told["held_by"] == {"command": "legacy_commit", "host": "atelier"}
    assert (told["done"], told["total"]) == (3, 6)
    assert told["words"] == "legacy_commit is at work on atelier: 3 of 6 rows done."
    assert "theirs" not in str(told)
    assert everything() == before


def test_an_expired_lease_is_nobodys(client: Client, run: Any) -> None:
    held(run, lease_expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert client.get(f"{ROOT}/{run.pk}/progress").json()["held_by"] is None
    assert client.get(f"{ROOT}/{run.pk}/commit").status_code == 200
