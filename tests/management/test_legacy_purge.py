"""legacy_purge as operators see it: it asks, erases what is due or who is named, and names nobody."""

import io
import sys
from typing import Any

import pytest

from legacy_import.choices import LogAction, RunStatus
from legacy_import.errors import Interrupted
from legacy_import.management.confirm import database_name
from legacy_import.models import (
    LegacyErasureLog,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.privacy import purge as purging
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from tests.factories import NOW, RunFactory, StagedLearnerFactory, UserFactory
from tests.management.calling import assert_refused, call
from tests.privacy.erasing import CANARIES, CANARY, NAMES, closed_long_ago, found_in
from tests.processes import AppDatabase, Ended, environment, manage
from tests.stages.stages import run_stages, staging_hash

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    """A planned run of two rows, one of them the canary."""
    run = RunFactory()
    StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
    StagedLearnerFactory(run=run, legacy_id="2")
    run_stages(run)
    return run


@pytest.fixture
def due(run: LegacyImportRun) -> LegacyImportRun:
    """The same, closed 400 days ago."""
    closed_long_ago(run)
    return run


def purge(*arguments: str, confirmed: bool = True) -> Ended:
    """legacy_purge; unless told otherwise the database was confirmed."""
    yes = ("--no-input", "--confirm-database", database_name()) if confirmed else ()
    return call("legacy_purge", *arguments, *yes)


def words(ended: Ended) -> str:
    return " ".join(ended.out.split())


def names_nobody(*ended: Ended) -> bool:
    spoken = "".join(one.out + one.err for one in ended).casefold()
    return not any(word in spoken for word in (*CANARIES, *NAMES))


class TestClosedRuns:
    def test_what_is_due_is_purged_and_told(self, due: LegacyImportRun) -> None:
        ended = purge("--verbosity", "3", "--reason", "yearly")
        assert ended.code == 0
        told = words(ended)
        assert told.startswith("Source: the staged rows (the old database is not read) Target:")
        assert "Done. runs=1 purged total=2" in told
        assert "No business table was changed." in told
        assert found_in(due) == set()
        assert LegacyErasureLog.objects.get().reason == "yearly"
        assert names_nobody(ended)

    def test_as_json_it_is_one_object(self, due: LegacyImportRun) -> None:
        waiting = RunFactory()
        closed_long_ago(waiting, days=1)
        told = purge("--json").told
        assert (told["command"], told["run"], told["errors"]) == ("legacy_purge", None, [])
        (left,) = told["counts"].pop("waiting")
        assert told["counts"] == {"purged": [{"run": due.pk, "rows": 2}]}
        assert (left["run"], left["rows"]) == (waiting.pk, 0)

    def test_without_a_closed_run_there_is_nothing_to_purge(self, run: LegacyImportRun) -> None:
        ended = purge(confirmed=False)
        assert ended.code == 0
        assert words(ended).startswith("Nothing to purge. No closed run contains contacts.")
        assert purge("--json", confirmed=False).told["counts"] == {"purged": [], "waiting": []}

    def test_before_the_time_it_says_when(self, run: LegacyImportRun) -> None:
        closed_long_ago(run, days=364)
        run.refresh_from_db()
        told = words(purge(confirmed=False))
        assert told.startswith(f"Nothing to purge. Run {run.pk} is due next, on ")
        assert found_in(run)

    def test_what_was_not_asked_for_stays(self, due: LegacyImportRun) -> None:
        other = RunFactory()
        StagedLearnerFactory(run=other, legacy_id="1", **CANARY)
        closed_long_ago(other)
        assert purge("--run", str(due.pk)).code == 0
        assert found_in(due) == set()
        assert found_in(other)

    def test_twice_it_says_that_it_was_done(self, due: LegacyImportRun) -> None:
        purge()
        again = purge("--run", str(due.pk), confirmed=False)
        assert again.code == 0
        assert f"Nothing to purge. Run {due.pk} was purged on " in words(again)
        assert LegacyErasureLog.objects.count() == 1

    def test_interrupted_it_says_how_to_go_on(
        self, due: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stopped(*arguments: Any) -> Any:
            raise Interrupted("Stopped as requested.")

        with monkeypatch.context() as patched:
            patched.setattr(purging, "update_ids", stopped)
            ended = purge("--run", str(due.pk), "--json")
        assert_refused(ended, 130, f"manage.py legacy_purge --run {due.pk}")
        assert found_in(due)
        assert purge("--run", str(due.pk)).code == 0
        assert found_in(due) == set()

    def test_a_held_run_is_refused(self, due: LegacyImportRun) -> None:
        with run_lease(due, "legacy_purge", Silent()):
            assert_refused(purge("--json"), 5, f"Run {due.pk} is locked by legacy_purge")
        assert found_in(due)

    def test_a_run_that_is_not_closed_is_refused(self, run: LegacyImportRun) -> None:
        ended = purge("--run", str(run.pk))
        assert_refused(ended, 5, "only a closed run", f"legacy_close --run {run.pk}")

    def test_a_run_closed_yesterday_is_refused_with_the_date(self, run: LegacyImportRun) -> None:
        closed_long_ago(run, days=1)
        assert_refused(purge("--run", str(run.pk)), 5, "less than 365 days ago", "UTC on")

    def test_an_unknown_run_is_a_usage_error(self) -> None:
        assert_refused(purge("--run", "77"), 2, "There is no run 77")


class TestOnePerson:
    def test_everything_that_names_the_person_goes(self, run: LegacyImportRun) -> None:
        UserFactory(username="nadia", is_superuser=True)
        ended = purge(
            "--subject", "stagiaires:1", "--reason", "letter 12", "--actor", "nadia", "-v3"
        )
        assert ended.code == 0
        assert found_in(run, (*CANARIES, *NAMES)) == set()
        told = words(ended)
        assert f"stagiaires:1 of run {run.pk}: erased." in told
        assert "The old database still contains the person" in told
        assert "A later import stages this row without its contents" in told
        entry = LegacyErasureLog.objects.get()
        assert (entry.kind, entry.reason, entry.actor) == ("subject", "letter 12", "nadia")
        assert names_nobody(ended)

    def test_the_records_on_the_platform_are_named(self, run: LegacyImportRun) -> None:
        row = LegacyStudentImport.objects.get(legacy_id="1")
        for model, pk, created in (("crm.CrmLead", 12, True), ("auth.User", 4, False)):
            LegacyImportCommitLog.objects.create(
                legacy_import_run=run, student_import=row, action=LogAction.CREATE_CRM_LEAD,
                target_model=model, target_id=pk, created_target=created, reason="new_lead",
                actor="cli:test", created_at=NOW,
            )  # fmt: skip
        counts = purge("--subject", "stagiaires:1", "--json").told["counts"]
        assert counts == {
            "subject": "stagiaires:1",
            "erased": [run.pk],
            "before": [],
            "others": [],
            "records": [
                {"model": "auth.User", "id": 4, "created": False},
                {"model": "crm.CrmLead", "id": 12, "created": True},
            ],
        }
        told = words(purge("--subject", "stagiaires:1"))
        assert told.endswith(
            "Next: erase the person on the platform, too: /admin/crm/crmlead/12/change/"
        )
        assert "crm.CrmLead:12 created from it" in told
        assert "auth.User:4 linked to it" in told
        assert f"stagiaires:1 of run {run.pk}: erased already." in told

    def test_erased_already_it_asks_nothing(self, run: LegacyImportRun) -> None:
        purge("--subject", "stagiaires:1")
        assert purge("--subject", "stagiaires:1", confirmed=False).code == 0
        assert LegacyErasureLog.objects.count() == 1

    def test_a_held_run_is_refused(self, run: LegacyImportRun) -> None:
        before = staging_hash()
        with run_lease(run, "legacy_commit", Silent()):
            ended = purge("--subject", "stagiaires:1", "--json")
            assert_refused(ended, 5, "is locked by legacy_commit")
        assert staging_hash() == before

    @pytest.mark.parametrize(
        "arguments",
        [("archives:1",), ("stagiaires:3",), ("stagiaires:1", "--connection", "other")],
        ids=" ".join,
    )
    def test_an_unknown_person_is_named(
        self, arguments: tuple[str, ...], run: LegacyImportRun
    ) -> None:
        assert_refused(purge("--subject", *arguments), 2, f"has a row {arguments[0]}")
        assert not LegacyErasureLog.objects.exists()


class TestUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--subject", "stagiaires"),
            ("--subject", "stagiaires:"),
            ("--subject", "stagiaires:x"),
            ("--subject", "stagiaires:٣"),
            ("--subject", "stagiaires:1:2"),
            ("--subject", "stagiaires:123456789012345678901"),
            ("--subject", "formations:1"),
            ("--subject", "1"),
            ("--run", "one"),
        ],
        ids=" ".join,
    )
    def test_what_is_malformed_is_refused_by_the_parser(
        self, arguments: tuple[str, ...], app: AppDatabase
    ) -> None:
        ended = manage("legacy_purge", *arguments, env=environment(app))
        assert (ended.code, ended.out) == (2, "")
        assert f"argument {arguments[0]}" in ended.err

    def test_a_reason_that_no_column_holds_is_refused(self, app: AppDatabase) -> None:
        ended = manage("legacy_purge", "--reason", "x" * 256, env=environment(app))
        assert ended.code == 2
        assert "must be 255 characters or fewer" in ended.err

    @pytest.mark.parametrize(
        "arguments",
        [("--connection", "legacy")],
        ids=" ".join,
    )
    def test_what_does_not_go_together_is_refused(
        self, arguments: tuple[str, ...], due: LegacyImportRun
    ) -> None:
        assert_refused(purge(*arguments), 2, "--help")
        assert found_in(due)


class TestItAsksFirst:
    @pytest.fixture(params=["run", "subject"])
    def arguments(self, request: pytest.FixtureRequest, due: LegacyImportRun) -> list[str]:
        return [] if request.param == "run" else ["--subject", "stagiaires:1"]

    @pytest.mark.parametrize(
        ("typed", "options", "code"),
        [
            ("no\n", [], 3),
            ("", [], 2),
            ("", ["--no-input"], 2),
            ("", ["--no-input", "--confirm-database", "other"], 3),
            ("NAME\n", ["--confirm-database", "other"], 3),
        ],
        ids=["wrong_answer", "nobody_there", "unnamed", "wrong_name", "wrong_name_right_answer"],
    )
    def test_without_the_right_name_nothing_is_erased(
        self, typed: str, options: list[str], code: int, arguments: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        before = (staging_hash(), LegacyImportRun.objects.values().get())
        typed = typed.replace("NAME", database_name())
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        assert_refused(purge(*arguments, *options, confirmed=False), code, "Nothing was written")
        assert (staging_hash(), LegacyImportRun.objects.values().get()) == before
        assert not LegacyErasureLog.objects.exists()

    def test_the_right_answer_lets_it_go_on(
        self, arguments: list[str], due: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{database_name()}\n"))
        ended = purge(*arguments, "--json", confirmed=False)
        assert ended.code == 0
        assert ended.told["errors"] == []
        assert found_in(due) == set()
        assert names_nobody(ended)

    def test_it_shows_what_will_be_erased(
        self, due: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
        told = " ".join(purge(confirmed=False).err.split())
        assert f"Payloads and contacts will be erased (run {due.pk}: 2 rows)." in told
        monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
        told = " ".join(purge("--subject", "stagiaires:1", confirmed=False).err.split())
        assert f"that identifies stagiaires:1 of legacy will be erased from run {due.pk}." in told

    def test_a_run_that_became_due_meanwhile_waits_for_the_next_question(
        self, due: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = RunFactory()

        class Answers(io.StringIO):
            def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
                closed_long_ago(other)
                return database_name()

        monkeypatch.setattr(sys, "stdin", Answers())
        assert purge(confirmed=False).code == 0
        other.refresh_from_db()
        assert (other.status, other.purged_at) == (RunStatus.CLOSED, None)
