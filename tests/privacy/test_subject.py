"""One person is erased on request: from every run of the source, all at once, and for good."""

from typing import Any

import pytest

from crm.models import CrmLead
from ecoin.bulk import insert_rows
from legacy_import.choices import ErasureKind, LogAction, Outcome, RunStatus
from legacy_import.errors import OutOfOrder
from legacy_import.models import (
    PAIR_COLUMNS,
    CandidatePair,
    FacetCount,
    HotKey,
    IdentityKey,
    LegacyErasureLog,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    LegacyTrainingImport,
    PersonEdge,
)
from legacy_import.privacy.subject import (
    Record,
    Subject,
    SubjectReport,
    UnknownSubject,
    erase_subject,
    find_subject,
)
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import commit
from tests.factories import CONNECTION, NOW, ReviewDecisionFactory, RunFactory, StagedLearnerFactory
from tests.privacy.erasing import CANARIES, CANARY, NAMES, found_in, stage_canaries
from tests.review.reviewing import assert_facets_hold
from tests.stages.stages import (
    BUSINESS,
    content_hash,
    plan_of,
    run_plan,
    run_stages,
    staging_hash,
)

pytestmark = pytest.mark.django_db

WHO = Subject(CONNECTION, "stagiaires", "1")
# What an audit needs of an erased row.
KEPT = (
    "source_table", "legacy_id", "payload_hash", "raw_status", "source_change", "classification",
    "classification_rule", "planned_action", "planned_reason", "previous_action", "outcome",
    "imported_user_id", "imported_lead_id", "legacy_formation_id", "legacy_session_id",
)  # fmt: skip


def erase(subject: Subject = WHO) -> SubjectReport:
    return erase_subject(
        subject=subject, actor="cli:test", reason="letter 12", now=NOW, progress=Silent()
    )


def row_of(run: LegacyImportRun, subject: Subject = WHO) -> LegacyStudentImport:
    return LegacyStudentImport.objects.get(
        legacy_import_run=run, source_table=subject.source_table, legacy_id=subject.legacy_id
    )


def others() -> list[dict[str, Any]]:
    rows = LegacyStudentImport.objects.exclude(source_table="stagiaires", legacy_id="1")
    return list(rows.order_by("pk").values())


@pytest.fixture
def run() -> LegacyImportRun:
    """A planned run in which the canary is alone in having this phone and address."""
    run = RunFactory()
    StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
    StagedLearnerFactory(run=run, legacy_id="2")
    StagedLearnerFactory(run=run, legacy_id="1", table="archives")
    run_stages(run)
    run.refresh_from_db()
    assert len(found_in(run)) >= 6
    return run


class TestWhatGoes:
    def test_nothing_that_says_who_it_was_is_left_anywhere(self, run: LegacyImportRun) -> None:
        before, business = others(), content_hash(BUSINESS)
        report = erase()
        assert report == SubjectReport(erased=(run.pk,), before=(), records=())
        assert found_in(run, (*CANARIES, *NAMES)) == set()
        assert (others(), content_hash(BUSINESS)) == (before, business)
        row = row_of(run)
        assert (row.raw_payload, row.duplicate_evidence, row.birth_date) == ({}, {}, None)
        assert not IdentityKey.objects.filter(scope=run.pk, owner_id=row.pk).exists()

    def test_the_row_stays_with_what_an_audit_needs(self, run: LegacyImportRun) -> None:
        said = ReviewDecisionFactory(student_import=row_of(run), note="rappeler Mme Canaridza")

        def kept() -> tuple[Any, ...]:
            books = (LegacyTrainingImport, LegacyReviewDecision)
            return LegacyStudentImport.objects.values(*KEPT).get(pk=row_of(run).pk), content_hash(
                books, without=("note",)
            )

        before, version = kept(), row_of(run).version
        erase()
        row = row_of(run)
        said.refresh_from_db()
        assert (kept(), row.version, said.note) == (before, version + 1, "")
        assert (row.validation_status, row.validation_issues) == ("failed", ["erased"])

    def test_its_edges_and_keys_go_and_those_of_the_others_stay(self) -> None:
        run = RunFactory()
        rows = stage_canaries(run)
        edges = PersonEdge.objects.filter(legacy_import_run=run)
        keys = IdentityKey.objects.filter(scope=run.pk)
        touching = {
            pk for pk, *ends in edges.values_list("pk", "left_id", "right_id") if rows[0].pk in ends
        }
        assert touching
        left_edges = set(edges.values_list("pk", flat=True)) - touching
        left_keys = list(keys.exclude(owner_id=rows[0].pk).order_by("owner_id").values_list())
        erase()
        assert set(edges.values_list("pk", flat=True)) == left_edges
        assert list(keys.order_by("owner_id").values_list()) == left_keys

    def test_its_candidate_pairs_go_and_those_of_the_others_stay(self) -> None:
        """They are there where a validation was stopped."""
        run = RunFactory()
        rows = stage_canaries(run)
        mine, *rest = [row.pk for row in rows]
        pairs = [
            (run.pk, mine, "lead", 1, "P", "1"),
            (run.pk, rest[0], "staged", mine, "P", "2"),
            (run.pk, rest[0], "lead", mine, "P", "3"),  # a lead of the same number
            (run.pk, rest[0], "staged", rest[-1] + 1, "P", "4"),
        ]
        insert_rows(CandidatePair, PAIR_COLUMNS, pairs)
        erase()
        assert list(CandidatePair.objects.order_by("value").values_list(*PAIR_COLUMNS)) == pairs[2:]

    def test_the_later_row_of_an_edge_loses_it_too(self) -> None:
        run = RunFactory()
        rows = stage_canaries(run)
        assert PersonEdge.objects.filter(right_id=rows[1].pk).exists()
        erase(Subject(CONNECTION, "stagiaires", rows[1].legacy_id))
        assert not PersonEdge.objects.filter(right_id=rows[1].pk).exists()

    def test_a_hot_value_goes_with_the_last_row_that_carries_it(self) -> None:
        run = RunFactory()
        rows = stage_canaries(run)
        shared = HotKey.objects.filter(legacy_import_run=run, kind="P")
        assert shared.exists()
        for row in rows[:-1]:
            erase(Subject(CONNECTION, "stagiaires", row.legacy_id))
        assert shared.exists()
        erase(Subject(CONNECTION, "stagiaires", rows[-1].legacy_id))
        assert not shared.exists()
        assert found_in(run) == set()


class TestWhere:
    def test_every_run_of_the_source_and_no_other_source(self, run: LegacyImportRun) -> None:
        elsewhere = RunFactory(connection_name="other_school")
        StagedLearnerFactory(run=elsewhere, legacy_id="1", **CANARY)
        later = RunFactory(status=RunStatus.CLOSED)
        StagedLearnerFactory(run=later, legacy_id="1", **CANARY)
        RunFactory()  # one that never had the person
        before = found_in(elsewhere, (*CANARIES, *NAMES))
        assert find_subject(WHO) == {run.pk: False, later.pk: False}
        assert erase().erased == (run.pk, later.pk)
        assert find_subject(WHO) == {run.pk: True, later.pk: True}
        for one in (run, later):
            assert found_in(one, (*CANARIES, *NAMES)) == set()
        assert found_in(elsewhere, (*CANARIES, *NAMES)) == before
        logged = LegacyErasureLog.objects.order_by("legacy_import_run_id")
        assert list(
            logged.values_list("kind", "legacy_import_run_id", "connection_name", "source_table",
                               "legacy_id", "rows", "actor", "reason", "created_at")
        ) == [
            (ErasureKind.SUBJECT, one.pk, CONNECTION, "stagiaires", "1", 1, "cli:test", "letter 12",
             NOW)
            for one in (run, later)
        ]  # fmt: skip

    @pytest.mark.parametrize("status", RunStatus)
    def test_whatever_the_run_stands_at(self, status: RunStatus, run: LegacyImportRun) -> None:
        LegacyImportRun.objects.update(status=status)
        assert erase().erased == (run.pk,)
        run.refresh_from_db()
        assert (run.status, run.lease_token) == (status, "")

    @pytest.mark.parametrize(
        "subject",
        [
            pytest.param(Subject(CONNECTION, "stagiaires", "77"), id="no-such-id"),
            pytest.param(Subject(CONNECTION, "archives", "2"), id="the-other-table"),
            pytest.param(Subject("other_school", "stagiaires", "1"), id="the-other-source"),
        ],
    )
    def test_an_unknown_subject_is_named_and_nothing_is_erased(
        self, subject: Subject, run: LegacyImportRun
    ) -> None:
        before = staging_hash()
        for ask in (find_subject, erase):
            with pytest.raises(UnknownSubject, match=f"'{subject.connection}' has a row {subject}"):
                ask(subject)
        assert staging_hash() == before

    def test_the_second_time_nothing_is_changed_or_logged(self, run: LegacyImportRun) -> None:
        erase()
        before = staging_hash()
        assert erase() == SubjectReport(erased=(), before=(run.pk,), records=())
        assert staging_hash() == before
        assert LegacyErasureLog.objects.count() == 1


class TestTogetherOrNotAtAll:
    def test_one_held_run_holds_all_back(self, run: LegacyImportRun) -> None:
        later = RunFactory()
        StagedLearnerFactory(run=later, legacy_id="1", **CANARY)
        before = staging_hash()
        with (
            run_lease(later, "legacy_commit", Silent()),
            pytest.raises(OutOfOrder, match="is locked by"),
        ):
            erase()
        assert staging_hash() == before
        assert not LegacyErasureLog.objects.exists()
        run.refresh_from_db()
        assert run.lease_token == ""

    @pytest.mark.parametrize("position", [0, 1])
    def test_a_lease_lost_at_the_last_moment_erases_nothing(
        self, position: int, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = RunFactory()
        StagedLearnerFactory(run=later, legacy_id="1", **CANARY)
        before, confirm, stolen = staging_hash(), Lease.confirm, (run, later)[position]

        def steal(lease: Lease) -> None:
            LegacyImportRun.objects.filter(pk=stolen.pk).update(lease_token="other")
            confirm(lease)

        monkeypatch.setattr(Lease, "confirm", steal)
        with pytest.raises(OutOfOrder, match="taken over"):
            erase()
        assert staging_hash() == before
        assert not LegacyErasureLog.objects.exists()

    def test_the_erasure_and_its_log_entry_come_together(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(entries: Any) -> None:
            raise KeyboardInterrupt

        before = found_in(run)
        monkeypatch.setattr(LegacyErasureLog.objects, "bulk_create", die)
        with pytest.raises(KeyboardInterrupt):
            erase()
        assert found_in(run) == before
        assert row_of(run).version == 1


class TestAfterwards:
    def test_a_plan_made_before_commits_nothing_of_the_row(self, run: LegacyImportRun) -> None:
        erase()
        commit(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())
        assert row_of(run).outcome == Outcome.DRIFTED
        assert CrmLead.objects.count() == 2  # of the two others
        assert not CrmLead.objects.filter(origin__startswith=f"{CONNECTION}:{WHO}:").exists()

    def test_after_a_commit_it_is_told_which_lead_came_of_the_row(
        self, run: LegacyImportRun
    ) -> None:
        commit(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())
        before = content_hash(BUSINESS)
        lead = row_of(run).imported_lead_id
        assert lead
        assert Record("crm.CrmLead", lead, created=True) in erase().records
        assert (row_of(run).imported_lead_id, content_hash(BUSINESS)) == (lead, before)

    def test_a_new_plan_leaves_the_row_to_nobody(self, run: LegacyImportRun) -> None:
        assert plan_of(row_of(run)) == ("create_crm_lead", "new_lead")
        erase()
        run_plan(run)
        assert plan_of(row_of(run)) == ("skip", "erased_on_request")

    def test_judged_anew_it_stays_failed_and_matches_nobody(self, run: LegacyImportRun) -> None:
        erase()
        StagedLearnerFactory(run=run, legacy_id="8", **CANARY)  # somebody with the same contacts
        run_stages(run)
        row = row_of(run)
        assert (row.validation_status, row.duplicate_confidence) == ("failed", "none")
        assert row.group_first_id is None
        assert plan_of(row) == ("skip", "erased_on_request")

    def test_the_counts_of_the_screens_follow(self, run: LegacyImportRun) -> None:
        erase()
        assert FacetCount.objects.filter(validation_status="failed", rows=1).exists()
        assert_facets_hold(run)

    def test_a_reviewers_link_brings_nothing_back(self, run: LegacyImportRun) -> None:
        ReviewDecisionFactory(student_import=row_of(run), decision="link", person=("lead", 1))
        erase()
        run_stages(run)
        assert plan_of(row_of(run)) == ("skip", "erased_on_request")

    def test_the_records_on_the_platform_that_came_of_the_row_are_named(
        self, run: LegacyImportRun
    ) -> None:
        for subject, model, pk, created, reversed_at in (
            (WHO, "crm.CrmLead", 12, True, None),
            (WHO, "crm.CourseInterest", 7, True, None),
            (WHO, "auth.User", 4, False, None),
            (WHO, "auth.User", 4, False, None),  # said twice, named once
            (WHO, "crm.CrmLead", 11, True, NOW),  # rolled back
            (WHO, "", None, False, None),
            (Subject(CONNECTION, "stagiaires", "2"), "crm.CrmLead", 99, True, None),
        ):
            LegacyImportCommitLog.objects.create(
                legacy_import_run=run, student_import=row_of(run, subject), reason="new_lead",
                action=LogAction.CREATE_CRM_LEAD, target_model=model, target_id=pk,
                created_target=created, actor="cli:test", created_at=NOW, reversed_at=reversed_at,
            )  # fmt: skip
        LegacyStudentImport.objects.update(outcome=Outcome.CREATE_CRM_LEAD)
        log = content_hash((LegacyImportCommitLog,))
        named = (
            Record("auth.User", 4, created=False),
            Record("crm.CourseInterest", 7, created=True),
            Record("crm.CrmLead", 12, created=True),
        )
        assert erase().records == named
        assert erase().records == named  # also when asked again
        assert content_hash((LegacyImportCommitLog,)) == log
        assert row_of(run).outcome == Outcome.CREATE_CRM_LEAD
