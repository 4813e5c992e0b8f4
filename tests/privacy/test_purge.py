"""Payloads and contacts of closed runs are erased when their time has come, and nothing else is."""

import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecoin.bulk import insert_rows
from legacy_import.choices import ErasureKind, RunStatus
from legacy_import.engine.chunks import id_ranges
from legacy_import.errors import Interrupted, OutOfOrder, UnknownRun
from legacy_import.models import (
    PAIR_COLUMNS,
    CandidatePair,
    ChunkReceipt,
    IdentityKey,
    LegacyErasureLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    LegacyTrainingImport,
    PersonEdge,
)
from legacy_import.privacy import purge as purging
from legacy_import.privacy.purge import Agenda, agenda, purge
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Progress, Silent
from tests.factories import (
    CourseMappingFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.privacy.erasing import EMAIL, NAMES, PHONE, closed_long_ago, found_in, stage_canaries
from tests.stages.stages import BUSINESS, content_hash, run_stages, staging_hash

pytestmark = pytest.mark.django_db

# The only columns of the staged rows that a purge may change.
GONE = ("phone_raw", "phone_normalized", "email_raw", "email_normalized", "raw_payload",
        "duplicate_evidence")  # fmt: skip
STUDENTS = "legacy_student_imports"
CARRIERS = {
    *(f"{STUDENTS}.{column}" for column in GONE if column != "duplicate_evidence"),
    "legacy_identity_keys.value",
    "legacy_hot_keys.value",
}


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.fixture
def run() -> LegacyImportRun:
    """A closed run, its retention over, with the canary in every place."""
    run = RunFactory()
    rows = stage_canaries(run)
    ReviewDecisionFactory(student_import=rows[0])
    closed_long_ago(run)
    assert found_in(run) == CARRIERS
    assert PersonEdge.objects.filter(legacy_import_run=run).exists()
    assert LegacyStudentImport.objects.exclude(duplicate_evidence={}).exists()
    return run


def purge_runs(*runs: LegacyImportRun, progress: Progress | None = None) -> dict[int, int]:
    return purge(
        run_ids=[run.pk for run in runs],
        actor="cli:test",
        reason="retention",
        now=timezone.now(),
        progress=progress or Silent(),
    )


def in_chunks_of(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "id_ranges", partial(id_ranges, size=rows))


def kept_hash() -> str:
    """Everything of the staging tables that an audit needs."""
    tables = (LegacyStudentImport, LegacyTrainingImport, LegacyReviewDecision, ChunkReceipt)
    return content_hash(tables, without=GONE)


class TestWhatGoes:
    def test_no_contact_is_left_in_any_column_of_any_table(self, run: LegacyImportRun) -> None:
        rows = LegacyStudentImport.objects.count()
        assert purge_runs(run) == {run.pk: rows}
        assert found_in(run) == set()
        assert not IdentityKey.objects.filter(scope=run.pk).exists()
        assert not PersonEdge.objects.filter(legacy_import_run=run).exists()
        for values in LegacyStudentImport.objects.values(*GONE):
            assert values == {
                "phone_raw": "", "phone_normalized": None, "email_raw": "",
                "email_normalized": None, "raw_payload": {}, "duplicate_evidence": {},
            }  # fmt: skip

    def test_what_the_audit_needs_stays_and_the_platform_is_untouched(
        self, run: LegacyImportRun
    ) -> None:
        before = (kept_hash(), content_hash(BUSINESS), found_in(run, NAMES[:2]) - CARRIERS)
        closed_at, summary = run.finished_at, run.summary
        purge_runs(run)
        named = {f"{STUDENTS}.{column}" for column in ("full_name", "name_key")}
        assert (kept_hash(), content_hash(BUSINESS)) == before[:2]
        assert found_in(run, NAMES[:2]) == named
        run.refresh_from_db()
        assert (run.status, run.finished_at, run.summary) == ("closed", closed_at, summary)

    def test_the_platforms_own_keys_stay(self, run: LegacyImportRun) -> None:
        keys = IdentityKey.objects.filter(scope=0).order_by("value").values_list()
        before = list(keys)
        assert before
        purge_runs(run)
        assert list(keys.all()) == before

    def test_it_is_logged_once_with_its_rows(self, run: LegacyImportRun) -> None:
        purge_runs(run)
        entry = LegacyErasureLog.objects.get()
        run.refresh_from_db()
        assert (entry.kind, entry.legacy_import_run_id) == (ErasureKind.PURGE, run.pk)
        assert (entry.actor, entry.reason) == ("cli:test", "retention")
        assert (entry.legacy_id, entry.created_at) == ("", run.purged_at)
        assert entry.rows == LegacyStudentImport.objects.count()

    def test_rows_of_another_run_in_the_same_window_stay(self, run: LegacyImportRun) -> None:
        other = RunFactory()
        stage_canaries(other)
        LegacyImportRun.objects.filter(pk=run.pk).update(status=RunStatus.IMPORTED)
        StagedLearnerFactory(run=run, legacy_id="900")  # its window reaches over the other's rows
        run_stages(run)
        closed_long_ago(run)
        mine = LegacyStudentImport.objects.exclude(legacy_import_run=run).order_by("pk")
        before = (list(mine.values()), found_in(other))
        purge_runs(run)
        assert (list(mine.values()), found_in(other)) == before
        assert found_in(run) == set()
        keys = IdentityKey.objects.filter(scope=other.pk)
        assert keys.exists()
        assert PersonEdge.objects.filter(legacy_import_run=other).exists()

    def test_what_a_stopped_validation_left_goes_and_that_of_another_run_stays(
        self, run: LegacyImportRun
    ) -> None:
        other = RunFactory()
        for owner in (run, other):
            row = run.legacystudentimport_set.latest("pk").pk
            insert_rows(CandidatePair, PAIR_COLUMNS, [(owner.pk, row, "lead", 1, "P", "213661")])
        purge_runs(run)
        left = CandidatePair.objects.values_list("legacy_import_run_id", flat=True)
        assert list(left) == [other.pk]

    def test_a_run_without_rows_is_purged_and_logged(self) -> None:
        run = RunFactory()
        closed_long_ago(run)
        assert purge_runs(run) == {run.pk: 0}
        assert LegacyErasureLog.objects.get().rows == 0


class TestWhen:
    @pytest.mark.parametrize("status", sorted(set(RunStatus) - {RunStatus.CLOSED}))
    def test_a_run_that_is_not_closed_is_refused(self, status: RunStatus) -> None:
        run = RunFactory(status=status, finished_at=timezone.now() - datetime.timedelta(9_999))
        for ask in (lambda: agenda(run_id=run.pk, now=timezone.now()), lambda: purge_runs(run)):
            with pytest.raises(OutOfOrder, match="only a closed run is purged") as refused:
                ask()
            assert f"legacy_close --run {run.pk}" in refused.value.hint
        assert agenda(run_id=None, now=timezone.now()) == Agenda()

    def test_before_its_time_a_run_is_refused_with_the_date(self, settings: Any) -> None:
        settings.LEGACY_IMPORT_RETENTION_DAYS = "30"
        run = RunFactory()
        closed_long_ago(run, days=29)
        assert run.finished_at
        due = run.finished_at + datetime.timedelta(days=30)
        for ask in (lambda: agenda(run_id=run.pk, now=timezone.now()), lambda: purge_runs(run)):
            with pytest.raises(OutOfOrder, match=f"from {due:%Y-%m-%d %H:%M} UTC on"):
                ask()
        told = agenda(run_id=None, now=timezone.now())
        assert (told.ready, [one.due for one in told.waiting]) == ((), [due])
        at_the_hour = agenda(run_id=None, now=due)
        assert ([one.run for one in at_the_hour.ready], at_the_hour.waiting) == ([run.pk], ())

    def test_what_waits_is_told_soonest_first(self) -> None:
        runs = [RunFactory() for _ in range(4)]
        for run, days in zip(runs, (1, 400, 20, 10), strict=True):
            StagedLearnerFactory(run=run)
            closed_long_ago(run, days=days)
        told = agenda(run_id=None, now=timezone.now())
        assert [(one.run, one.rows) for one in told.ready] == [(runs[1].pk, 1)]
        assert [one.run for one in told.waiting] == [runs[n].pk for n in (2, 3, 0)]

    @pytest.mark.parametrize("days", ["999999999", "99999999999999999999"])
    def test_a_retention_without_end_is_never_over(self, days: str, settings: Any) -> None:
        run = RunFactory()
        closed_long_ago(run)
        settings.LEGACY_IMPORT_RETENTION_DAYS = days
        assert agenda(run_id=None, now=timezone.now()).ready == ()
        with pytest.raises(OutOfOrder):
            purge_runs(run)

    def test_an_unknown_run_is_named(self) -> None:
        with pytest.raises(UnknownRun, match="There is no run 77"):
            agenda(run_id=77, now=timezone.now())

    def test_a_purged_run_is_not_purged_again(self, run: LegacyImportRun) -> None:
        purge_runs(run)
        before = (staging_hash(), LegacyImportRun.objects.values().get())
        assert agenda(run_id=None, now=timezone.now()) == Agenda()
        assert agenda(run_id=run.pk, now=timezone.now()).purged_at == before[1]["purged_at"]
        assert purge_runs(run) == {}
        assert (staging_hash(), LegacyImportRun.objects.values().get()) == before
        assert LegacyErasureLog.objects.count() == 1

    def test_a_held_run_is_left_alone(self, run: LegacyImportRun) -> None:
        before = staging_hash()
        with (
            run_lease(run, "legacy_purge", Silent()),
            pytest.raises(OutOfOrder, match="is locked by"),
        ):
            purge_runs(run)
        assert staging_hash() == before
        assert not LegacyErasureLog.objects.exists()


class TestInterrupted:
    def test_killed_in_any_chunk_it_is_finished_by_the_next_call(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_chunks_of(5, monkeypatch)
        chunks = len(list(id_ranges(run, size=5)))
        assert chunks > 3
        kept, confirm = kept_hash(), Lease.confirm
        for dies_in in range(chunks):
            confirmed: list[Lease] = []

            def die(lease: Lease, confirmed: Any = confirmed, dies_in: int = dies_in) -> None:
                if len(confirmed) == dies_in:
                    raise Killed
                confirmed.append(lease)
                confirm(lease)

            monkeypatch.setattr(Lease, "confirm", die)
            with pytest.raises(Killed):
                purge_runs(run)
            run.refresh_from_db()
            assert run.purged_at is None
            assert not LegacyErasureLog.objects.exists()
            left = LegacyStudentImport.objects.exclude(raw_payload={}).count()
            assert left == LegacyStudentImport.objects.count() - 5 * dies_in
        monkeypatch.setattr(Lease, "confirm", confirm)
        assert purge_runs(run) == {run.pk: LegacyStudentImport.objects.count()}
        assert found_in(run) == set()
        assert kept_hash() == kept
        assert LegacyErasureLog.objects.count() == 1

    def test_the_stamp_and_the_log_entry_come_together_after_the_last_chunk(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(**values: Any) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(LegacyErasureLog.objects, "create", die)
            with pytest.raises(Killed):
                purge_runs(run)
        run.refresh_from_db()
        assert (run.purged_at, found_in(run)) == (None, set())
        purge_runs(run)
        run.refresh_from_db()
        assert run.purged_at is not None
        assert LegacyErasureLog.objects.count() == 1

    def test_ctrl_c_ends_it_after_the_chunk_at_hand(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class StopsAtOnce(Silent):
            def advance(self, rows: int) -> None:
                raise Interrupted("Stopped as requested.")

        in_chunks_of(5, monkeypatch)
        with pytest.raises(Interrupted):
            purge_runs(run, progress=StopsAtOnce())
        assert LegacyStudentImport.objects.filter(raw_payload={}).count() == 5
        run.refresh_from_db()
        assert (run.purged_at, run.lease_token) == (None, "")

    def test_a_lost_lease_ends_it_before_the_next_chunk(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Steals(Silent):
            def advance(self, rows: int) -> None:
                LegacyImportRun.objects.update(lease_token="other")

        in_chunks_of(5, monkeypatch)
        with pytest.raises(OutOfOrder, match="taken over"):
            purge_runs(run, progress=Steals())
        assert LegacyStudentImport.objects.filter(raw_payload={}).count() == 5
        assert not LegacyErasureLog.objects.exists()

    def test_a_run_that_was_finished_before_an_error_stays_finished(
        self, run: LegacyImportRun
    ) -> None:
        later = RunFactory()
        stage_canaries(later)
        closed_long_ago(later)
        with pytest.raises(UnknownRun):
            purge(run_ids=[run.pk, 9_999, later.pk], actor="cli:test", reason="",
                  now=timezone.now(), progress=Silent())  # fmt: skip
        assert [one.run for one in agenda(run_id=None, now=timezone.now()).ready] == [later.pk]
        assert found_in(run) == set()
        assert found_in(later) == CARRIERS


class TestTypedContacts:
    """Phones and addresses that people typed where none belongs."""

    def test_they_are_masked_in_names_statuses_references_notes_and_codes(self) -> None:
        run = RunFactory()
        row = StagedLearnerFactory(
            run=run, legacy_id="1", first_name=f"Amel {PHONE}", last_name=f"Benali {EMAIL}",
            full_name="", status=f"rappeler {PHONE}", formation_id="559712345",
            session_id="0559712345", phone=PHONE,
        )  # fmt: skip
        plain = StagedLearnerFactory(
            run=run, legacy_id="2", full_name="Amel Benali", status="Formée", formation_id="7",
            session_id="12",
        )  # fmt: skip
        said = ReviewDecisionFactory(student_import=row, note=f"appelée au {PHONE}")
        code = SessionMappingFactory(
            legacy_session_id="12", legacy_code=f"BUR {PHONE}", starts_on_raw="2019-01-05 00:00:00"
        )
        course = CourseMappingFactory(legacy_formation_id="7", legacy_name=f"Couture {EMAIL}")
        run_stages(run)
        before = LegacyStudentImport.objects.values("first_name", "raw_status", "name_key").get(
            pk=plain.pk
        )
        closed_long_ago(run)
        mapped = {"legacy_session_mappings.legacy_code", "legacy_course_mappings.legacy_name"}
        assert mapped < found_in(run)
        purge_runs(run)
        assert found_in(run) == set()
        for stored in (row, plain, said, code, course):
            stored.refresh_from_db()
        assert (row.full_name, row.name_key) == (
            "Amel 05•• ••• 345 Benali C•••@exemple.dz", "amel benali c dz exemple",
        )  # fmt: skip
        assert row.raw_status == "rappeler 05•• ••• 345"
        assert (row.legacy_formation_id, row.legacy_session_id) == (None, None)
        training = LegacyTrainingImport.objects.get(student_import=row)
        assert (training.legacy_formation_id, training.legacy_session_id) == (None, None)
        assert said.note == "appelée au 05•• ••• 345"
        assert (code.legacy_code, code.starts_on_raw) == ("BUR 05•• ••• 345", "2019-01-05 00:00:00")
        assert course.legacy_name == "Couture C•••@exemple.dz"
        assert before == LegacyStudentImport.objects.values(*before).get(pk=plain.pk)
        assert (plain.legacy_formation_id, plain.legacy_session_id) == ("7", "12")

    @pytest.mark.parametrize(
        ("decision", "status", "stays"),
        [
            pytest.param("create_anyway", "nouveau", False, id="about-contacts"),
            pytest.param("treat_as", f"rappeler {PHONE}", False, id="about-a-status-with-a-phone"),
            pytest.param("treat_as", "mystère", True, id="about-a-plain-status"),
        ],
    )
    def test_a_hash_by_which_a_phone_could_be_found_goes(
        self, decision: str, status: str, stays: bool
    ) -> None:
        run = RunFactory()
        row = StagedLearnerFactory(run=run, legacy_id="1", phone=PHONE, status=status)
        said = ReviewDecisionFactory(student_import=row, decision=decision, treat_as="lead_only")
        assert said.subject
        closed_long_ago(run)
        purge_runs(run)
        said.refresh_from_db()
        assert bool(said.subject) == stays

    def test_a_run_without_any_is_read_once_and_nothing_is_rewritten(
        self, run: LegacyImportRun
    ) -> None:
        with CaptureQueriesContext(connection) as captured:
            purge_runs(run)
        written = [q["sql"] for q in captured.captured_queries if q["sql"].startswith("UPDATE")]
        assert not [sql for sql in written if "full_name" in sql or "raw_status" in sql]
