"""legacy_rollback as operators see it: asked first, what is gone, what stays and why."""

import io
import sys
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import Outcome, RunStatus
from legacy_import.conf import MANAGE
from legacy_import.management.confirm import database_name
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from tests.factories import CourseInterestFactory, RunFactory, UserFactory
from tests.management.calling import COMMANDS, assert_refused, call, done
from tests.management.committing import (
    CANARIES,
    LEADS,
    commit,
    confirmed,
    old_school,
    planned,
    text,
)
from tests.processes import ON_SERVER, AppDatabase, Ended, environment, manage
from tests.stages.stages import BUSINESS, content_hash

__all__ = ["planned"]  # a fixture

ROWS = len(LEADS) + 3  # with an effect: the leads, two trainings, one link


@pytest.fixture
def before(planned: LegacyImportRun) -> str:
    """The business tables before the commit."""
    return content_hash(BUSINESS)


@pytest.fixture
def run(before: str, planned: LegacyImportRun) -> LegacyImportRun:
    """A committed run."""
    assert commit(planned).code == 0
    planned.refresh_from_db()
    assert planned.status == RunStatus.COMMITTED
    return planned


def rollback(run: LegacyImportRun, *arguments: str) -> Ended:
    return call("legacy_rollback", "--run", str(run.pk), *confirmed(), *arguments)


def preview(run: LegacyImportRun, *arguments: str) -> Ended:
    return call("legacy_rollback", "--run", str(run.pk), "--preview", *arguments)


def lead_of(legacy_id: int) -> CrmLead:
    return CrmLead.objects.get(origin=f"legacy:stagiaires:{legacy_id}:lead")


def edit_and_refer() -> tuple[CrmLead, CrmLead]:
    """A lead that somebody edited, and one that somebody refers to."""
    edited, referred = lead_of(12), lead_of(13)
    edited.full_name = "Canaridza Edité"
    edited.save()
    CourseInterestFactory(lead=referred)
    return edited, referred


class TestBefore:
    def test_the_question_says_how_many_rows(
        self, run: LegacyImportRun, before: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{database_name()}\n"))
        ended = call("legacy_rollback", "--run", str(run.pk))
        assert ended.code == 0
        assert f"{ROWS} rows of run {run.pk} will be undone" in " ".join(ended.err.split())
        assert text(ended).count("Source: ") == 1
        assert content_hash(BUSINESS) == before

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
    def test_without_the_database_s_name_nothing_is_undone(
        self,
        arguments: tuple[str, ...],
        answer: str,
        code: int,
        words: str,
        run: LegacyImportRun,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tables = (*BUSINESS, LegacyStudentImport, LegacyImportRun, LegacyImportCommitLog)
        committed = content_hash(tables)
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        ended = call("legacy_rollback", "--run", str(run.pk), "--json", *arguments)
        assert ended.code == code
        assert words in ended.told["errors"][0]["message"]
        assert ended.told["counts"] == {}
        assert content_hash(tables) == committed

    @pytest.mark.django_db
    def test_an_unknown_run_is_a_usage_error(self) -> None:
        assert_refused(call("legacy_rollback", "--run", "77"), 2, "There is no run 77")

    def test_a_run_that_committed_nothing_is_out_of_order(self, planned: LegacyImportRun) -> None:
        ended = call("legacy_rollback", "--run", str(planned.pk), "--json")
        assert_refused(ended, 5, "has committed nothing")
        assert "Type the name" not in ended.err

    def test_a_closed_run_is_refused_before_the_question(self, run: LegacyImportRun) -> None:
        confirmation = ("--no-input", "--confirm-database", database_name())
        done("legacy_close", "--run", str(run.pk), *confirmation)
        ended = call("legacy_rollback", "--run", str(run.pk))
        assert_refused(ended, 5, f"Run {run.pk} is 'closed'")
        assert "Type the name" not in ended.err

    @pytest.mark.django_db
    def test_a_run_that_is_still_imported_is_refused(self) -> None:
        importing = RunFactory(status=RunStatus.IMPORTING)
        assert_refused(call("legacy_rollback", "--run", str(importing.pk)), 5, "'importing'")


class TestAfter:
    def test_it_tells_what_is_gone(self, run: LegacyImportRun, before: str) -> None:
        ended = rollback(run)
        told = text(ended)
        assert (ended.code, ended.err) == (0, "")
        assert "What became of the run's records kind outcome number" in told
        assert f"leads · crm.CrmLead deleted {len(LEADS)}" in told
        assert "leads · crm.CrmLead unlinked 1" in told
        assert "trainings.LegacyCompletedTraining deleted 2" in told
        deleted = 2 * len(LEADS) + 2
        assert (
            f"Done. rows: undone={ROWS} kept=0 total={ROWS}; records: deleted={deleted} kept=0 in "
            in told
        )
        assert ended.out.splitlines()[-1] == f"Next: {MANAGE} legacy_validate --run {run.pk}"
        assert max(map(len, ended.out.splitlines())) <= 100
        assert content_hash(BUSINESS) == before

    def test_as_json_it_is_one_object(self, run: LegacyImportRun) -> None:
        ended = rollback(run, "--json")
        assert (ended.told["command"], ended.told["errors"]) == ("legacy_rollback", [])
        assert ended.told["counts"] == {
            "records": {
                "crm.CourseInterest": {"deleted": len(LEADS)},
                "crm.CrmLead": {"deleted": len(LEADS), "unlinked": 1},
                "trainings.LegacyCompletedTraining": {"deleted": 2},
            },
            "rows": ROWS,
            "kept_rows": 0,
            "kept": [],
            "preview": False,
            "status": "rolled_back",
        }

    def test_a_skip_is_taken_back_without_a_record(self, run: LegacyImportRun) -> None:
        training = LegacyStudentImport.objects.get(source_table="archives", legacy_id=4)
        entries = LegacyImportCommitLog.objects.filter(student_import=training)
        entries.update(action="skip", target_model="", target_id=None, created_target=False)
        LegacyStudentImport.objects.filter(pk=training.pk).update(outcome=Outcome.SKIP)
        assert preview(run, "--json").told["counts"]["records"]["none"] == {"released": 1}
        assert "rows that were skipped undone; there was nothing to delete 1" in text(rollback(run))

    def test_nothing_left_is_no_question_and_no_error(self, run: LegacyImportRun) -> None:
        rollback(run)
        ended = done("legacy_rollback", "--run", str(run.pk))
        assert "Nothing left to roll back." in ended.out
        assert ended.err == ""
        told = done("legacy_rollback", "--run", str(run.pk), "--json").told["counts"]
        assert (told["rows"], told["records"], told["status"]) == (0, {}, "rolled_back")

    def test_a_preview_asks_nothing_and_changes_nothing(self, run: LegacyImportRun) -> None:
        edit_and_refer()
        tables = (*BUSINESS, LegacyStudentImport, LegacyImportRun, LegacyImportCommitLog)
        committed = content_hash(tables)
        ended = preview(run)
        told = text(ended)
        assert (ended.code, ended.err) == (0, "")
        assert content_hash(tables) == committed
        assert "What a rollback would do kind preview number" in told
        assert f"Preview. rows: undone={ROWS - 2} kept=2 total={ROWS};" in told
        assert "Nothing was changed." in told
        assert ended.out.splitlines()[-1] == f"Next: {MANAGE} legacy_rollback --run {run.pk}"
        foreseen = preview(run, "--json").told["counts"]
        happened = rollback(run, "--json").told["counts"]
        assert foreseen | {"preview": False, "status": "rolled_back"} == happened


class TestKept:
    def test_what_is_kept_is_named_with_its_reason(self, run: LegacyImportRun) -> None:
        edited, referred = edit_and_refer()
        ended = rollback(run)
        told = text(ended)
        assert ended.code == 0  # it is a result
        assert f"stagiaires:12 crm.CrmLead:{edited.pk} kept because edited" in told
        assert f"stagiaires:13 crm.CrmLead:{referred.pk} kept because referenced" in told
        assert f"undone={ROWS - 2} kept=2 total={ROWS}" in told
        assert max(map(len, ended.out.splitlines())) <= 100
        assert set(CrmLead.objects.exclude(origin=None)) == {edited, referred}

    def test_json_names_it_too(self, run: LegacyImportRun) -> None:
        edited, _ = edit_and_refer()
        counts = rollback(run, "--json").told["counts"]
        assert counts["kept_rows"] == 2
        assert counts["records"]["crm.CrmLead"] == {
            "deleted": len(LEADS) - 2, "kept_edited": 1, "kept_referenced": 1, "unlinked": 1
        }  # fmt: skip
        assert counts["kept"][0] == {
            "row": "stagiaires:12",
            "target_model": "crm.CrmLead",
            "target_id": edited.pk,
            "why": "kept_edited",
        }
        assert [one["row"] for one in counts["kept"]] == ["stagiaires:12"] * 2 + [
            "stagiaires:13"
        ] * 2

    def test_many_are_named_up_to_twenty_and_all_with_verbosity_2(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("legacy_import.management.printer.SHORT_LIST", 3)
        edit_and_refer()  # two leads, each with its interest
        assert "… and 1 more" in text(preview(run))
        named = text(preview(run, "--verbosity", "2"))
        assert "more" not in named
        assert named.count("stagiaires:13 ") == 2

    def test_what_somebody_deleted_already_is_said(self, run: LegacyImportRun) -> None:
        lead = lead_of(12)
        CourseInterest.objects.filter(lead=lead).delete()
        lead.delete()
        assert "leads · crm.CrmLead gone 1" in text(rollback(run))


class TestVerbosity:
    def test_0_keeps_the_summary(self, run: LegacyImportRun) -> None:
        edit_and_refer()
        ended = rollback(run, "--verbosity", "0")
        assert ended.err == ""
        first, last = ended.out.splitlines()
        assert first.startswith("Done. rows: undone=")
        assert last == f"Next: {MANAGE} legacy_validate --run {run.pk}"

    @pytest.mark.parametrize("arguments", [("-v3",), ("--json", "-v3")], ids=["people", "json"])
    def test_3_tells_every_row_by_its_legacy_id_and_nobody(
        self, arguments: tuple[str, ...], run: LegacyImportRun
    ) -> None:
        edit_and_refer()
        gone = lead_of(14)
        ended = rollback(run, *arguments)
        assert f"stagiaires:14 deleted crm.CrmLead:{gone.pk} (new_lead)" in ended.err.splitlines()
        spoken = ended.out + ended.err
        assert [canary for canary in CANARIES if canary in spoken] == []


def test_the_actor_is_recorded(run: LegacyImportRun) -> None:
    UserFactory(username="nadia", is_superuser=True)
    rollback(run, "--actor", "nadia")
    run.refresh_from_db()
    assert run.summary["stages"]["rolled_back"]["actor"] == "nadia"


class TestInItsOwnProcess:
    @pytest.mark.parametrize("arguments", [(), ("--run",), ("--run", "latest")], ids=" ".join)
    def test_the_run_is_never_guessed(self, arguments: tuple[str, ...], app: AppDatabase) -> None:
        ended = manage("legacy_rollback", *arguments, env=environment(app))
        assert (ended.code, ended.out) == (2, "")
        assert "--run" in ended.err

    def test_there_and_back(self, app: AppDatabase, tmp_path: Path) -> None:
        env = environment(app, **old_school(tmp_path / "legacy.sqlite3").environment())
        name = app.name if ON_SERVER else str(app.path and app.path.name)
        given = ("--run", "1", "--no-input", "--confirm-database", name, "-v3")
        told = [manage(command, env=env) for command in COMMANDS]
        told.append(manage("legacy_commit", *given, env=env))
        assert app.one("SELECT COUNT(*) FROM crm_leads") == len(LEADS) + 1
        asked = manage("legacy_rollback", "--run", "1", env=env)  # nobody at the keyboard
        assert asked.code == 2
        assert app.one("SELECT COUNT(*) FROM crm_leads") == len(LEADS) + 1
        told.append(manage("legacy_rollback", "--run", "1", "--preview", env=env))
        told.append(manage("legacy_rollback", *given, "--json", env=env))
        assert [ended.code for ended in told] == [0] * len(told), [ended.err for ended in told]
        assert told[-1].told["counts"]["records"]["crm.CrmLead"] == {"deleted": len(LEADS) + 1}
        for table in ("crm_leads", "crm_course_interests", "legacy_completed_trainings"):
            assert app.one(f"SELECT COUNT(*) FROM {table}") == 0
        spoken = "\n".join(ended.out + ended.err for ended in told)
        assert [canary for canary in CANARIES if canary in spoken] == []


class TestPart:
    def test_rows_are_undone_and_the_others_stay(self, run: LegacyImportRun) -> None:
        lead = lead_of(12)
        ended = rollback(run, "--rows", "stagiaires:12", "--json")
        assert ended.code == 0
        assert ended.told["counts"] == {
            "records": {
                "crm.CourseInterest": {"deleted": 1},
                "crm.CrmLead": {"deleted": 1},
            },
            "rows": 1,
            "kept_rows": 0,
            "kept": [],
            "part": "stagiaires:12",
            "followers": 0,
            "preview": False,
            "status": "committed",
        }
        assert not CrmLead.objects.filter(pk=lead.pk).exists()
        assert CrmLead.objects.filter(origin__endswith=":lead").count() == len(LEADS) - 1

    def test_the_question_names_only_the_part(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("another\n"))
        ended = call("legacy_rollback", "--run", str(run.pk), "--rows", "stagiaires:12")
        assert ended.code == 3
        assert f"1 row of run {run.pk} will be undone" in " ".join(ended.err.split())
        assert lead_of(12)

    def test_a_preview_offers_the_same_command_without_preview(self, run: LegacyImportRun) -> None:
        before = content_hash(BUSINESS)
        ended = preview(run, "--rows", "stagiaires:12,stagiaires:13")
        assert "Part of run" in ended.out
        assert "stagiaires:12, stagiaires:13" in ended.out
        assert f"legacy_rollback --run {run.pk} --rows stagiaires:12,stagiaires:13" in text(ended)
        assert content_hash(BUSINESS) == before

    def test_a_batch_is_undone_and_the_run_is_proven_next(self, run: LegacyImportRun) -> None:
        entry = LegacyImportCommitLog.objects.filter(
            target_model="crm.CrmLead", target_id=lead_of(12).pk, created_target=True
        ).get()
        ended = rollback(run, "--batch-number", str(entry.batch))
        assert ended.code == 0
        assert f"batch {entry.batch}" in ended.out
        assert f"legacy_reconcile --run {run.pk}" in text(ended)
        assert not CrmLead.objects.filter(pk=entry.target_id).exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--rows", "stagiaires:99999"), "has no row stagiaires:99999"),
            (("--batch-number", "99"), "has no batch 99 (0 to"),
        ],
        ids=["no_such_row", "no_such_batch"],
    )
    def test_a_part_that_the_run_does_not_have_is_a_usage_error(
        self, arguments: tuple[str, ...], words: str, run: LegacyImportRun
    ) -> None:
        before = content_hash(BUSINESS)
        ended = rollback(run, *arguments)
        assert ended.code == 2
        assert words in " ".join(ended.err.split())
        assert content_hash(BUSINESS) == before

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--rows", "12"), "rows such as stagiaires:12"),
            (("--rows", ""), "rows such as stagiaires:12"),
            (("--batch-number=-1",), "a whole number, 0 or more"),
            (("--rows", "stagiaires:12", "--batch-number", "0"), "not allowed with argument"),
        ],
        ids=["no_table", "nothing", "negative", "both"],
    )
    def test_a_part_that_is_none_is_refused_before_anything_begins(
        self, arguments: tuple[str, ...], words: str, run: LegacyImportRun
    ) -> None:
        before = content_hash(BUSINESS)
        with pytest.raises(CommandError, match=words):
            rollback(run, *arguments)
        assert content_hash(BUSINESS) == before

    def test_a_part_twice_says_that_nothing_is_left(self, run: LegacyImportRun) -> None:
        rollback(run, "--rows", "stagiaires:12")
        ended = call("legacy_rollback", "--run", str(run.pk), "--rows", "stagiaires:12")
        assert ended.code == 0  # and nothing is asked
        assert "Nothing left to roll back." in ended.out
