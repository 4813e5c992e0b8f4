"""legacy_commit as operators see it: asked first, exactly the plan, stopped and taken up again."""

import io
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils import timezone

from legacy_import.choices import Outcome, ReviewDecision
from legacy_import.conf import MANAGE
from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import database_name
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from tests.management.calling import COMMANDS, assert_refused, call, done
from tests.management.committing import (
    CANARIES,
    LEADS,
    commit,
    old_school,
    planned,
    text,
)
from tests.processes import ON_SERVER, AppDatabase, environment, manage
from tests.review.reviewing import reviewer, say
from tests.stages.stages import BUSINESS, content_hash

__all__ = ["planned"]  # a fixture


class TestBefore:
    def test_it_shows_what_is_going_to_happen(self, planned: LegacyImportRun) -> None:
        told = text(commit(planned))
        assert told.startswith("Source: legacy → sqlite:///")
        assert told.count("Source: ") == 1
        told = told.partition("Outcomes")[0]
        assert f"Plan of run {planned.pk}: legacy_commit will" in told
        assert "+ create 2 completed trainings" in told
        assert "+ create 8 leads, each with its course interest" in told
        assert "~ link 1 rows to people" in told
        assert "! review 1 rows: left for reviewers" in told

    def test_the_plan_of_a_wave_counts_the_wave_only(self, planned: LegacyImportRun) -> None:
        told = text(commit(planned, "--focus", "lead_only", "--limit", "3"))
        assert f"Plan of run {planned.pk}, leads only: legacy_commit will" in told
        assert (
            "+ create 0 completed trainings + create 0 imported enrolments + create 8 leads" in told
        )
        assert "and stop after 3 of these rows (--limit)." in told

    def test_it_says_how_many_rows_it_would_leave_out(self, planned: LegacyImportRun) -> None:
        assert "will not be committed" not in text(commit(planned, "--limit", "1"))
        lead = LegacyStudentImport.objects.get(legacy_id="12")
        say(lead, ReviewDecision.SKIP, reviewer(), now=timezone.now())
        told = text(commit(planned, "--limit", "1"))
        assert "1 planned row will not be committed: a decision is newer than the plan." in told
        again = f"{MANAGE} legacy_dry_run --run {planned.pk}"
        assert f"Plan again first to commit them too: {again}" in told

    def test_the_question_says_it_in_one_sentence(
        self, planned: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{database_name()}\n"))
        ended = call("legacy_commit", "--run", str(planned.pk), "--limit", "3", "--json")
        asked = " ".join(ended.err.split())
        assert f"3 planned rows of run {planned.pk} will be committed to this platform" in asked
        assert "Type the name of the database" in asked
        assert ended.told["counts"]["outcomes"]["create_completed_training"] == 1

    @pytest.mark.parametrize(
        ("arguments", "answer", "code", "words"),
        [
            ((), "another\n", 3, "Nothing was written"),
            (("--no-input", "--confirm-database", "another"), "", 3, "Nothing was written"),
            (("--no-input",), "", 2, "the database must be stated"),
            ((), "", 2, "No one answered the question"),
        ],
        ids=["another_name_typed", "another_name_given", "no_name", "no_stdin"],
    )
    def test_without_the_database_s_name_nothing_is_written(
        self,
        arguments: tuple[str, ...],
        answer: str,
        code: int,
        words: str,
        planned: LegacyImportRun,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = content_hash((*BUSINESS, LegacyStudentImport, LegacyImportRun))
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        for json in ((), ("--json",)):
            monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
            ended = call("legacy_commit", "--run", str(planned.pk), *arguments, *json)
            assert ended.code == code
            assert words in " ".join(ended.err.split())
        assert ended.told["counts"] == {}
        assert content_hash((*BUSINESS, LegacyStudentImport, LegacyImportRun)) == before
        assert not LegacyImportCommitLog.objects.exists()

    def test_a_run_without_a_current_plan_is_refused_before_the_question(
        self, planned: LegacyImportRun
    ) -> None:
        done("legacy_classify")
        ended = call("legacy_commit", "--run", str(planned.pk))
        assert_refused(ended, 5, "no current plan", f"legacy_dry_run --run {planned.pk}")
        assert "Type the name" not in ended.err

    def test_a_partial_run_is_committed_only_knowingly(self, planned: LegacyImportRun) -> None:
        LegacyImportRun.objects.update(row_limit=12)
        ended = call("legacy_commit", "--run", str(planned.pk))
        assert_refused(ended, 5, "is partial", "--allow-partial")
        assert "Type the name" not in ended.err
        assert commit(planned, "--allow-partial").code == 0

    @pytest.mark.django_db
    def test_an_unknown_run_is_a_usage_error(self) -> None:
        assert_refused(call("legacy_commit", "--run", "77"), 2, "There is no run 77")
        assert_refused(call("legacy_commit", "--run", "77", "--json"), 2, "There is no run 77")

    def test_a_held_run_is_refused_with_its_holder(self, planned: LegacyImportRun) -> None:
        with run_lease(planned, "legacy_rollback", Silent()):
            assert_refused(commit(planned, "--json"), 5, "is locked by legacy_rollback")


@contextmanager
def stopped_in_its_first_batch(number: signal.Signals) -> Iterator[None]:
    """The signal arrives while the first batch writes its log: another thread takes it for this one."""
    sent: list[signal.Signals] = []
    handled: list[int] = []
    stop = LegacyCommand._stop

    def handler(command: LegacyCommand, number: int, frame: Any) -> None:
        stop(command, number, frame)
        handled.append(number)

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sent and "legacy_import_commit_logs" in sql and sql.startswith("INSERT"):
            sent.append(number)
            os.kill(os.getpid(), number)
            while not handled:
                time.sleep(0.01)
        return execute(sql, params, many, context)

    with patch.object(LegacyCommand, "_stop", handler), connection.execute_wrapper(wrapper):
        yield
    assert sent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_the_batch_and_names_the_line_that_goes_on(
    number: signal.Signals, planned: LegacyImportRun
) -> None:
    options = ("--batch", "3", "--focus", "lead_only", "--allow-partial")
    with stopped_in_its_first_batch(number):
        ended = commit(planned, *options)
    assert ended.code == 130
    line = ended.err.splitlines()[-1]
    assert line == (
        f"Next:  Run it again: {MANAGE} legacy_commit --run {planned.pk} --batch 3 --focus lead_only "
        f"--allow-partial --no-input --confirm-database {shlex.quote(database_name())}"
    )
    committed = LegacyStudentImport.objects.exclude(outcome=Outcome.PENDING)
    assert committed.count() == 3
    assert "total=6 in " in commit(planned, *options).out


class TestInItsOwnProcess:
    @pytest.fixture
    def env(self, app: AppDatabase, tmp_path: Path) -> dict[str, str]:
        old = old_school(tmp_path / "legacy.sqlite3")
        return environment(app, **old.environment())

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "--run"),
            (("--run", "x"), "--run"),
            (("--run", "1", "--batch", "0"), "must be a whole number from 1 to 5,000"),
            (("--run", "1", "--batch", "5001"), "must be a whole number from 1 to 5,000"),
            (("--run", "1", "--batch", "-1"), "--batch"),
            (("--run", "1", "--batch", "²"), "must be a whole number from 1 to 5,000"),
            (("--run", "1", "--limit", "0"), "must be a whole number, 1 or more"),
            (("--run", "1", "--focus", "everything"), "historical_completed"),
        ],
        ids=lambda value: " ".join(value) or "no_run" if isinstance(value, tuple) else "",
    )
    def test_bad_arguments_are_usage_errors(
        self, arguments: tuple[str, ...], words: str, app: AppDatabase
    ) -> None:
        ended = manage("legacy_commit", *arguments, env=environment(app))
        assert (ended.code, ended.out) == (2, "")
        assert words in ended.err

    def test_a_plan_is_committed_once_after_the_database_was_named(
        self, env: dict[str, str], app: AppDatabase
    ) -> None:
        for name in COMMANDS:
            assert manage(name, env=env).code == 0
        asked = manage("legacy_commit", "--run", "1", env=env)  # nobody at the keyboard
        assert asked.code == 2
        assert "Plan of run 1: legacy_commit will" in asked.out
        assert app.one("SELECT COUNT(*) FROM legacy_import_commit_logs") == 0
        name = app.name if ON_SERVER else str(app.path and app.path.name)
        given = ("--no-input", "--confirm-database", name)
        told = manage("legacy_commit", "--run", "1", "--json", "-v3", *given, env=env).told
        assert told["counts"]["outcomes"]["create_crm_lead"] == len(LEADS) + 1
        assert app.one("SELECT COUNT(*) FROM crm_leads") == len(LEADS) + 1
        again = manage("legacy_commit", "--run", "1", *given, env=env)
        assert (again.code, again.err) == (0, "")
        assert "Nothing left to commit." in again.out
        assert app.one("SELECT COUNT(*) FROM crm_leads") == len(LEADS) + 1

    def test_a_row_that_the_database_itself_refuses_is_named_and_the_others_are_done(
        self, env: dict[str, str], app: AppDatabase
    ) -> None:
        for name in COMMANDS:
            assert manage(name, env=env).code == 0
        app.execute(SERVER_REFUSES if ON_SERVER else SQLITE_REFUSES)
        name = app.name if ON_SERVER else str(app.path and app.path.name)
        try:
            ended = manage("legacy_commit", "--run", "1", "--json", "-v3", "--no-input",
                           "--confirm-database", name, env=env)  # fmt: skip
        finally:
            app.execute("DROP TRIGGER refuses")
        counts = ended.told["counts"]
        assert ended.code == 4
        assert [(one["row"], one["outcome"]) for one in counts["rows"]] == [
            ("stagiaires:13", "failed")
        ]
        assert counts["outcomes"]["create_crm_lead"] == len(LEADS)
        spoken = ended.out + ended.err
        assert [canary for canary in CANARIES if canary in spoken] == []


SQLITE_REFUSES = (
    "CREATE TRIGGER refuses BEFORE INSERT ON crm_leads WHEN NEW.origin LIKE '%:13:lead' "
    "BEGIN SELECT RAISE(ABORT, 'Canaridza is refused'); END"
)
SERVER_REFUSES = (
    "CREATE TRIGGER refuses BEFORE INSERT ON crm_leads FOR EACH ROW "
    "IF NEW.origin LIKE '%:13:lead' THEN SIGNAL SQLSTATE '45000' "
    "SET MESSAGE_TEXT = 'Canaridza is refused'; END IF"
)
