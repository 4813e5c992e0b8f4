"""legacy_close as operators see it: it names the run, lists what is given up, prompts, and is final."""

import io
import sys
from typing import Any

import pytest
from django.utils import timezone

from legacy_import.choices import Outcome, RunStatus
from legacy_import.conf import MANAGE, database_name
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.purge import purge_due
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from tests.factories import RunFactory, StagedLearnerFactory, UserFactory
from tests.management.calling import assert_refused, call, done
from tests.processes import AppDatabase, environment, manage

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    run = RunFactory(status=RunStatus.COMMITTED)
    for outcome in (Outcome.CREATE_CRM_LEAD, Outcome.PENDING, Outcome.PENDING, Outcome.REVIEW):
        row = StagedLearnerFactory(run=run)
        LegacyStudentImport.objects.filter(pk=row.pk).update(outcome=outcome)
    return run


def close(run: LegacyImportRun, *arguments: str) -> Any:
    confirmation = ("--no-input", "--confirm-database", database_name())
    return call("legacy_close", "--run", str(run.pk), *confirmation, *arguments)


def test_it_says_what_is_given_up_and_that_there_is_no_way_back(run: LegacyImportRun) -> None:
    out = " ".join(close(run).out.split())
    assert out.startswith("Source: legacy → a fictional database Target: default → ")
    assert "Given up: 3 rows not imported (pending 2, review 1)." in out
    assert f"Run {run.pk} can no longer be rolled back" in out
    assert f"Done. run={run.pk} closed total=4" in out
    run.refresh_from_db()
    assert run.status == RunStatus.CLOSED


def test_it_lists_what_closing_makes_impossible_and_prompts_for_the_database(
    run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, code, status in (
        ("another\n", 3, RunStatus.COMMITTED),
        ("", 2, RunStatus.COMMITTED),
        (f"{database_name()}\n", 0, RunStatus.CLOSED),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        ended = call("legacy_close", "--run", str(run.pk))
        question = " ".join(ended.err.split())
        assert f"Run {run.pk} will be closed permanently. After that:" in question
        assert "- no rollback: 0 records it created and 0 links to people" in question
        assert "- no commit and no review: 3 rows not imported (pending 2, review 1);" in question
        assert question.index("- no rollback") < question.index("Type the name of the database")
        assert ended.code == code
        run.refresh_from_db()
        assert run.status == status


def test_as_json_it_is_one_object(run: LegacyImportRun) -> None:
    told = close(run, "--json").told
    assert (told["command"], told["run"], told["errors"]) == ("legacy_close", run.pk, [])
    assert told["counts"] == {
        "rows": 4,
        "outcomes": {"create_crm_lead": 1, "review": 1, "pending": 2},
        "given_up": {"pending": 2, "review": 1},
        "created": 0,
        "linked": 0,
    }


def test_the_actor_is_recorded(run: LegacyImportRun) -> None:
    UserFactory(username="nadia", is_superuser=True)
    close(run, "--actor", "nadia")
    run.refresh_from_db()
    assert run.summary["stages"]["closed"]["actor"] == "nadia"


def test_a_closed_run_is_not_closed_again(run: LegacyImportRun) -> None:
    close(run)
    assert_refused(close(run), 5, f"Run {run.pk} is 'closed'", "permanently finished")
    assert_refused(close(run, "--json"), 5, f"Run {run.pk} is 'closed'")


def test_a_run_in_the_middle_of_a_rollback_is_refused(run: LegacyImportRun) -> None:
    LegacyImportRun.objects.update(status=RunStatus.ROLLING_BACK)
    assert_refused(close(run), 5, "'rolling_back'", f"legacy_rollback --run {run.pk}")


def test_a_held_run_is_refused_with_its_holder(run: LegacyImportRun) -> None:
    with run_lease(run, "legacy_commit", Silent()):
        assert_refused(close(run), 5, f"Run {run.pk} is locked by legacy_commit")
    run.refresh_from_db()
    assert run.status == RunStatus.COMMITTED


def test_an_unknown_run_is_a_usage_error() -> None:
    assert_refused(call("legacy_close", "--run", "77"), 2, "There is no run 77")


def test_what_comes_after_closing_is_the_purge_on_its_day(run: LegacyImportRun) -> None:
    last = close(run).out.splitlines()[-1]
    run.refresh_from_db()
    day = f"{purge_due(run):%Y-%m-%d}"
    command = f"{MANAGE} legacy_purge --run {run.pk}"
    assert last == f"Next: on {day}, erase its contacts: {command}"
    assert done("legacy_status").out.splitlines()[-1] == last
    LegacyImportRun.objects.update(purged_at=timezone.now())
    last = done("legacy_status").out.splitlines()[-1]
    assert last == (
        f"Next: nothing is left to do for this run; a new import: {MANAGE} legacy_import"
    )


@pytest.mark.parametrize("arguments", [[], ["--run"], ["--run", "latest"]], ids=" ".join)
def test_the_run_is_never_guessed(arguments: list[str], app: AppDatabase) -> None:
    ended = manage("legacy_close", *arguments, env=environment(app))
    assert (ended.code, ended.out) == (2, "")
    assert "--run" in ended.err
