"""legacy_reconcile prints the proof, says what to do next, and exits 1 where it does not balance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_import.choices import Outcome, RunStatus
from legacy_import.conf import MANAGE
from legacy_import.management.commands.legacy_reconcile import DOES_NOT_BALANCE_PAGE
from legacy_import.management.terminal import PIPE_WIDTH
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import RunFactory, StagedLearnerFactory, legacy_row, stage_rows
from tests.legacy_database import as_legacy
from tests.management.calling import STAGES, assert_refused, call, done
from tests.management.conftest import SCHOOL_ROWS
from tests.processes import ROOT
from tests.stages.reconciliation.reconciling import (
    CANARIES,
    LEAD,
    SKIPPED,
    UNTOUCHED,
    Committed,
    committed,
)
from tests.stages.reconciliation.reconciling import school as small_school
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Committed]:
    database = small_school(tmp_path / "school.sqlite3")
    found = committed(database)
    with as_legacy(database):
        yield found


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_run_in_which_rows_still_wait_for_people_is_not_offered_for_closing(
    state: Committed,
) -> None:
    ended = done("legacy_reconcile", "--run", str(state.run.pk))
    balanced = "Balanced: 13 source rows = 13 staged = 13 outcomes; 14 log entries, 6 records."
    assert balanced in words(ended.out)
    assert "legacy_close" not in ended.out
    assert ended.out.splitlines()[-1].startswith("Next: ")
    assert "FAILS" not in ended.out
    assert "What does not balance" not in ended.out


def test_a_settled_run_that_balances_can_be_closed() -> None:
    run = RunFactory(
        connection_name="ailleurs", certificate={"row_counts": {"stagiaires": 2, "archives": 0}}
    )  # a source that is out of reach by now
    StagedLearnerFactory(run=run)
    StagedLearnerFactory(run=run)
    run_stages(run)
    run_commit(run)
    ended = done("legacy_reconcile", "--run", str(run.pk))
    assert words(ended.out).endswith(f"Next: {MANAGE} legacy_close --run {run.pk}")


def test_the_tables_fit_the_page(state: Committed) -> None:
    LegacyStudentImport.objects.update(classification="unknown")
    state.change(SKIPPED, outcome="pending")
    ended = call("legacy_reconcile")
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= PIPE_WIDTH
    for title in ("Source and staging", "Checks", "What does not balance"):
        assert title in lines
    outcomes = words(ended.out)
    assert "stagiaires unknown create_crm_lead 1 1 1" in outcomes
    assert "stagiaires unknown create_course_interest – 2 2" in outcomes
    assert "stagiaires unknown pending 3 – –" in outcomes


def test_what_does_not_balance_is_named_and_ends_with_one(state: Committed) -> None:
    state.change(SKIPPED, outcome="pending")
    ended = call("legacy_reconcile", "--run", str(state.run.pk))
    assert ended.code == 1
    assert "Traceback" not in ended.out + ended.err
    text = words(ended.out)
    assert "Does not balance: 2 checks failed (entries:skip, pending_with_effect)." in text
    assert f"no pending row has an effect in force {SKIPPED}" in text
    assert "Balanced" not in text
    page, _, heading = DOES_NOT_BALANCE_PAGE.partition(", ")
    assert text.endswith(f"Next: look the failed checks up: {page}, {heading}")
    assert f"### {heading}\n" in (ROOT / page).read_text("utf-8")


def test_json_holds_the_whole_proof(state: Committed) -> None:
    told = done("legacy_reconcile", "--json").told
    counts = told["counts"]
    assert (told["run"], told["errors"]) == (state.run.pk, [])
    assert set(counts) == {"balanced", "source", "checks", "deleted_since", "outcomes", "table"}
    assert counts["balanced"] is True
    assert counts["source"] == {
        "tables": {
            "stagiaires": {"snapshot": 11, "expected": 11, "staged": 11, "now": 11},
            "archives": {"snapshot": 2, "expected": 2, "staged": 2, "now": 2},
        },
        "row_limit": None,
        "notes": [],
    }
    assert set(counts["outcomes"]) == set(Outcome.values)
    assert sum(counts["outcomes"].values()) == 13
    assert sum(line["staged"] for line in counts["table"]) == 13
    assert {check["ok"] for check in counts["checks"]} == {True}


def test_json_of_what_does_not_balance_names_the_rows(state: Committed) -> None:
    state.row(UNTOUCHED).delete()
    ended = call("legacy_reconcile", "--json")
    assert ended.code == 1
    counts = ended.told["counts"]
    assert counts["balanced"] is False
    failed = {check["name"]: check for check in counts["checks"] if not check["ok"]}
    assert set(failed) == {"staged_rows:stagiaires", "source_rows_staged:stagiaires"}
    named = failed["source_rows_staged:stagiaires"]
    assert (named["expected"], named["found"]) == (11, 10)
    assert (named["rows"], named["more"]) == ([UNTOUCHED], 0)


def test_rows_beyond_the_twentieth_are_counted(state: Committed) -> None:
    run = RunFactory(
        connection_name="nowhere", certificate={"row_counts": {"stagiaires": 51, "archives": 0}}
    )
    stage_rows(run, [legacy_row(table="stagiaires", legacy_id=str(n + 1)) for n in range(51)])
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(outcome="skip")
    ended = call("legacy_reconcile")
    assert ended.code == 1
    assert "stagiaires:20 … and 31 more" in words(ended.out)
    assert "stagiaires:21" not in ended.out
    assert "Note: not re-read: There is no database alias nowhere." in words(ended.out)


@pytest.mark.parametrize("options", [(), ("--json",), ("--verbosity", "3")])
@pytest.mark.parametrize("breaks", [False, True], ids=["balanced", "broken"])
def test_no_personal_data_is_printed(
    state: Committed, breaks: bool, options: tuple[str, ...]
) -> None:
    assert state.row(LEAD).last_name == CANARIES[0]
    if breaks:
        LegacyStudentImport.objects.update(outcome="create_crm_lead")
    ended = call("legacy_reconcile", *options)
    assert ended.code == int(breaks)
    for canary in CANARIES:
        assert canary not in ended.out + ended.err


def test_a_quiet_run_still_says_which_checks_failed(state: Committed) -> None:
    state.change(SKIPPED, outcome="pending")
    ended = call("legacy_reconcile", verbosity=0)
    assert words(ended.out).startswith("Does not balance: 2 checks failed (entries:skip,")


def test_a_partial_run_balances_against_its_limit(school: Any) -> None:
    done("legacy_import", "--limit", "50")
    ended = done("legacy_reconcile")
    assert "Balanced up to --limit 50: 50 source rows = 50 staged = 50 outcomes" in ended.out


def test_the_latest_run_goes_on_with_its_next_stage(school: Any) -> None:
    done("legacy_import")
    run = LegacyImportRun.objects.get()
    for name in STAGES:
        ended = done("legacy_reconcile")
        rows = f"{SCHOOL_ROWS} source rows = {SCHOOL_ROWS} staged = {SCHOOL_ROWS} outcomes"
        assert f"Balanced: {rows}; 0 log entries, 0 records." in words(ended.out)
        run.refresh_from_db()
        assert words(ended.out).endswith(f"Next: {MANAGE} {run.next_command}")
        done(name)


def test_a_source_that_does_not_answer_is_no_failure(state: Committed, tmp_path: Path) -> None:
    (tmp_path / "school.sqlite3").unlink()
    ended = done("legacy_reconcile")
    assert "Note: not re-read: " in ended.out
    assert "Traceback" not in ended.err


def test_an_unknown_run_is_refused() -> None:
    assert_refused(call("legacy_reconcile", "--run", "99"), 2, "There is no run 99.")
    assert_refused(call("legacy_reconcile", "--json"), 2, "There is no run yet.")


@pytest.mark.parametrize("status", [RunStatus.IMPORTING, RunStatus.FAILED])
def test_an_unfinished_import_is_out_of_order(status: RunStatus) -> None:
    run = RunFactory(status=status)
    assert_refused(call("legacy_reconcile"), 5, "not every source row is staged yet",
                   f"legacy_import --resume {run.pk}")  # fmt: skip
