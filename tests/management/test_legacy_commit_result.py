"""What legacy_commit tells when it is done: counts, every row left out by name, nobody's contact."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection

from crm.models import CrmLead
from legacy_import.choices import Outcome, RunStatus
from legacy_import.conf import MANAGE
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from tests.factories import CrmLeadFactory, UserFactory
from tests.management.calling import done
from tests.management.committing import CANARIES, LEADS, commit, planned, text
from trainings.models import LegacyCompletedTraining

__all__ = ["planned"]  # a fixture


@contextmanager
def refused(*legacy_ids: int) -> Iterator[None]:
    """The app database refuses the leads of these rows, and says whose they are."""
    origins = [f"legacy:stagiaires:{number}:lead" for number in legacy_ids]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # Plain text stands in the statement itself, anything else among the parameters.
        written = f"{sql} {params}" if sql.startswith("INSERT") and "crm_leads" in sql else ""
        if any(origin in written for origin in origins):
            raise IntegrityError(1062, f"Duplicate entry '{CANARIES[0]}' for key 'x'")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def outcome_of(legacy_id: int) -> str:
    return LegacyStudentImport.objects.get(source_table="stagiaires", legacy_id=legacy_id).outcome


class TestAfter:
    def test_it_tells_outcomes_records_and_the_next_command(self, planned: LegacyImportRun) -> None:
        ended = commit(planned)
        told = text(ended).partition("Outcomes")[2]
        assert ended.code == 0
        assert ended.err == ""
        assert "completed training created 2 16.7 % lead created 8 66.7 %" in told
        assert "linked to an existing person 1 8.3 % left for review 1 8.3 %" in told
        assert "leads · crm.CrmLead 8 course interests · crm.CourseInterest 8" in told
        assert "trainings.LegacyCompletedTraining 2" in told
        assert (
            "Done. created=10 linked=1 skipped=0 review=1 drifted=0 failed=0 total=12 in " in told
        )
        assert ended.out.splitlines()[-1] == f"Next: {MANAGE} legacy_reconcile --run {planned.pk}"
        assert max(map(len, ended.out.splitlines())) <= 100

    def test_as_json_it_is_one_object(self, planned: LegacyImportRun) -> None:
        told = commit(planned, "--json").told
        assert (told["command"], told["run"], told["errors"]) == ("legacy_commit", planned.pk, [])
        assert told["counts"] == {
            "outcomes": {
                "create_completed_training": 2, "create_enrollment": 0, "create_crm_lead": 8,
                "link_existing": 1, "skip": 0, "review": 1, "drifted": 0, "failed": 0,
            },
            "created": {
                "crm.CrmLead": 8, "crm.CourseInterest": 8, "trainings.LegacyCompletedTraining": 2,
                "trainings.LegacyImportedEnrollment": 0,
            },
            "left_out": {},
            "rows": [],
            "pending": 0,
            "status": "committed",
        }  # fmt: skip
        assert CrmLead.objects.filter(origin__isnull=False).count() == 8
        assert LegacyCompletedTraining.objects.count() == 2

    def test_nothing_left_is_no_question_and_no_error(self, planned: LegacyImportRun) -> None:
        commit(planned)
        ended = done("legacy_commit", "--run", str(planned.pk))
        assert "Nothing left to commit." in ended.out
        assert ended.err == ""
        assert ended.out.splitlines()[-1] == f"Next: {MANAGE} legacy_reconcile --run {planned.pk}"
        told = done("legacy_commit", "--run", str(planned.pk), "--json").told["counts"]
        assert sum(told["outcomes"].values()) == 0
        assert told["status"] == RunStatus.COMMITTED

    def test_the_actor_and_the_batch_are_recorded(self, planned: LegacyImportRun) -> None:
        UserFactory(username="nadia", is_superuser=True)
        commit(planned, "--actor", "nadia", "--batch", "3")
        entries = LegacyImportCommitLog.objects.exclude(action="review")
        assert set(entries.values_list("actor", flat=True)) == {"nadia"}
        batches = list(entries.values_list("batch", flat=True))
        assert len(set(batches)) == 4  # 11 rows, 3 at a time

    def test_waves_are_named_one_after_the_other(self, planned: LegacyImportRun) -> None:
        first = commit(planned, "--focus", "historical_completed", "--batch", "7")
        again = f"legacy_commit --run {planned.pk} --batch 7"
        assert "10 rows of the run still to be dealt with." in first.out
        assert f"Next: {MANAGE} {again} --focus lead_only --no-input" in first.out
        nothing = commit(planned, "--focus", "historical_completed")
        assert "Nothing left to commit of this wave (completed history)." in text(nothing)
        second = commit(planned, "--focus", "lead_only", "--batch", "7")
        assert f"Next: {MANAGE} {again} --no-input" in second.out  # what no wave has
        assert commit(planned).out.splitlines()[-1].startswith(f"Next: {MANAGE} legacy_reconcile")

    def test_a_limit_names_the_same_command_again(self, planned: LegacyImportRun) -> None:
        ended = commit(planned, "--limit", "4")
        assert "total=4 in " in ended.out
        assert ended.out.splitlines()[-1].startswith(
            f"Next: {MANAGE} legacy_commit --run {planned.pk} --batch 100 --limit 4 --no-input"
        )


class TestLeftOut:
    def test_a_row_that_drifted_is_named_with_its_cause(self, planned: LegacyImportRun) -> None:
        CrmLead.objects.update(full_name="Serin Canaridza Edité")
        told = text(commit(planned))
        assert "target_edited 1 the person to whom the row was to be linked was edited" in told
        assert "Rows not committed row why" in told
        assert "stagiaires:2 (target_edited: the person to whom the row was to be" in told
        assert "drifted=1 failed=0" in told
        assert f"after a new plan: {MANAGE} legacy_dry_run --run {planned.pk}" in told
        assert outcome_of(2) == Outcome.DRIFTED

    def test_a_row_that_drifted_is_a_result(self, planned: LegacyImportRun) -> None:
        CrmLead.objects.update(full_name="Serin Canaridza Edité")
        ended = commit(planned, "--json")
        assert (ended.code, ended.told["errors"]) == (0, [])
        assert ended.told["counts"]["left_out"] == {"target_edited": 1}
        assert ended.told["counts"]["rows"] == [
            {"row": "stagiaires:2", "outcome": "drifted", "reason": "target_edited"}
        ]

    def test_a_row_that_the_database_refuses_is_an_error(self, planned: LegacyImportRun) -> None:
        with refused(13):
            ended = commit(planned)
        assert ended.code == 4
        assert "stagiaires:13 (IntegrityError 1062" in text(ended)
        assert ": the database refused the row)" in text(ended)
        told = " ".join(ended.err.split())
        assert told.startswith(
            "Error: The database refused 1 row; nothing of it was written. Next: "
        )
        assert told.endswith(f"manage.py legacy_dry_run --run {planned.pk}")
        assert "Next:" not in ended.out
        assert outcome_of(13) == Outcome.FAILED
        assert CrmLead.objects.filter(origin__contains=":lead").count() == len(LEADS) - 1

    def test_a_refused_row_is_an_error_in_json_too(self, planned: LegacyImportRun) -> None:
        with refused(13, 14):
            ended = commit(planned, "--json")
        ((problem,), counts) = (ended.told["errors"], ended.told["counts"])
        assert ended.code == 4
        assert problem["message"] == "The database refused 2 rows; nothing of them was written."
        assert [(one["row"], one["outcome"]) for one in counts["rows"]] == [
            ("stagiaires:13", "failed"), ("stagiaires:14", "failed")
        ]  # fmt: skip
        assert sum(counts["left_out"].values()) == counts["outcomes"]["failed"] == 2

    def test_too_many_refusals_stop_it_and_name_the_rows(self, planned: LegacyImportRun) -> None:
        with refused(*LEADS):
            ended = commit(planned)
        assert ended.code == 1
        for number in LEADS:
            assert f"stagiaires:{number} failed (IntegrityError 1062" in ended.err

    def test_many_rows_are_named_up_to_twenty(
        self, planned: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("legacy_import.management.printer.SHORT_LIST", 3)
        for number in LEADS:
            CrmLeadFactory(phone=f"0559{number:06}")
        quiet = text(commit(planned))
        assert "… and 5 more" in quiet
        assert quiet.count("(new_person: ") == 3

    def test_verbosity_2_names_all_of_them(
        self, planned: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("legacy_import.management.printer.SHORT_LIST", 3)
        for number in LEADS:
            CrmLeadFactory(phone=f"0559{number:06}")
        named = text(commit(planned, "--verbosity", "2"))
        assert "more" not in named.partition("Rows not committed")[2]
        assert named.count("(new_person: ") == len(LEADS)


class TestVerbosity:
    def test_0_keeps_errors_and_the_summary(self, planned: LegacyImportRun) -> None:
        CrmLead.objects.update(full_name="Serin Canaridza Edité")
        with refused(13):
            ended = commit(planned, "--verbosity", "0")
        assert ended.out.splitlines()[0].startswith("Done. created=9 linked=0 ")
        assert len(ended.out.splitlines()) == 1
        assert not done("legacy_commit", "--run", str(planned.pk), "--verbosity", "0").err
        assert "Error: The database refused 1 row" in ended.err

    def test_3_tells_every_row_by_its_legacy_id(self, planned: LegacyImportRun) -> None:
        rows = commit(planned, "--verbosity", "3").err.splitlines()
        lead = CrmLead.objects.get(origin="legacy:stagiaires:11:lead")
        assert f"stagiaires:11 create_crm_lead crm.CrmLead:{lead.pk} (new_lead)" in rows
        assert "stagiaires:3 review (status_unknown)" in rows
        told = {row.partition(" ")[0] for row in rows}
        assert {"archives:4", *(f"stagiaires:{number}" for number in (1, 2, 3, *LEADS))} <= told

    @pytest.mark.parametrize("arguments", [("-v3",), ("--json", "-v3")], ids=["people", "json"])
    def test_nobody_is_told_of_at_any_verbosity(
        self, arguments: tuple[str, ...], planned: LegacyImportRun
    ) -> None:
        CrmLead.objects.update(full_name="Serin Canaridza Edité")
        with refused(13):
            ended = commit(planned, *arguments)
        assert ended.code == 4
        spoken = ended.out + ended.err
        assert [canary for canary in CANARIES if canary in spoken] == []
        assert CrmLead.objects.filter(full_name__contains="Canaridza").count() == len(LEADS)
