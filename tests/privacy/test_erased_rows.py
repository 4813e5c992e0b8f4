"""A person who was erased on request stays erased: every copy, every later import, every column."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from crm.models import CrmLead
from legacy_import.choices import Stage
from legacy_import.engine.chunks import Chunk, Job
from legacy_import.errors import Interrupted, OutOfOrder
from legacy_import.models import (
    FacetCount,
    LegacyAccessLog,
    LegacyErasureLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacySessionMapping,
    LegacyStudentImport,
    LegacyTrainingImport,
    SavedFilter,
)
from legacy_import.privacy.erasures import erased_rows
from legacy_import.privacy.subject import Subject, SubjectReport, erase_subject, find_subject
from legacy_import.runs import lifecycle
from legacy_import.runs.progress import Silent
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.staging import table_import
from legacy_import.stages.staging.row_ids import reserve_ids
from tests.factories import (
    CONNECTION,
    NOW,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import LegacyDatabase, MakeLegacy, as_legacy, learner, tables
from tests.privacy.erasing import CANARIES, CANARY, NAMES, PHONE, found_in
from tests.review.reviewing import assert_facets_hold
from tests.stages.importing import StopAfter, import_from, latest, staged
from tests.stages.stages import plan_of, run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db

WHO = Subject(CONNECTION, "stagiaires", "1")
EVERYTHING = (*CANARIES, *NAMES)
# The canary as the old database has it.
CANARY_ROW: dict[str, Any] = {
    **learner(1), "nom": "Canaridza", "prenom": "Serindane", "telephone": PHONE,
    "email": CANARY["email"], "date_naissance": CANARY["birth_date"], "statut": f"rappeler {PHONE}",
}  # fmt: skip


def erase(subject: Subject = WHO, **options: Any) -> SubjectReport:
    return erase_subject(
        subject=subject, actor="cli:test", reason="letter 12", now=NOW, progress=Silent(), **options
    )


class TestEveryCopy:
    def test_contacts_in_status_references_notes_and_searches_go(self) -> None:
        run = RunFactory()
        row = StagedLearnerFactory(
            run=run, legacy_id="1", **CANARY, status=f"rappeler Canaridza {PHONE}",
            formation_id="559712345", session_id="559712345",
        )  # fmt: skip
        StagedLearnerFactory(run=run, legacy_id="2")
        run_stages(run)
        actor = UserFactory()
        ReviewDecisionFactory(student_import=row, note="c’est Serindane Canaridza")
        LegacyAccessLog.objects.create(
            kind="reveal", legacy_import_run=run, student_import=row, actor=actor, created_at=NOW,
            reason="appeler Canaridza",
        )  # fmt: skip
        SavedFilter.objects.create(
            actor=actor, name="elle", query="q=Canaridza+Serindane&focus=all"
        )
        kept = SavedFilter.objects.create(actor=actor, name="Canarien B", query="focus=all")
        places = found_in(run, EVERYTHING)
        for place in (
            "legacy_student_imports.raw_status", "legacy_student_imports.legacy_session_id",
            "legacy_training_imports.legacy_formation_id", "legacy_review_decisions.note",
            "legacy_access_log.reason", "legacy_saved_filters.query",
            "legacy_student_imports.status_key", "legacy_status_mappings.status_key",
        ):  # fmt: skip
            assert place in places
        erase()
        assert found_in(run, EVERYTHING) == set()
        assert list(SavedFilter.objects.all()) == [kept]
        row.refresh_from_db()
        assert (row.raw_status, row.legacy_formation_id) == ("", None)
        assert_facets_hold(run)

    def test_a_status_of_the_rules_and_a_short_reference_stay(self) -> None:
        run = RunFactory()
        row = StagedLearnerFactory(
            run=run, legacy_id="1", **CANARY, status="Formée", formation_id="7", session_id="12"
        )
        erase()
        row.refresh_from_db()
        training = LegacyTrainingImport.objects.get(student_import=row)
        assert (row.raw_status, row.legacy_formation_id, row.legacy_session_id) == (
            "Formée", "7", "12",
        )  # fmt: skip
        assert (training.legacy_formation_id, training.legacy_session_id) == ("7", "12")

    def test_the_evidence_of_other_rows_mentions_the_row_no_more(self) -> None:
        run = RunFactory()
        mine = StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
        others = [
            StagedLearnerFactory(run=run, legacy_id=pk, **{**CANARY, **changes})
            for pk, changes in (
                ("2", {}), ("11", {"full_name": "Wassim Voliere"}),
                ("12", {"phone": "", "email": "", "full_name": "Serindane Canarydza"}),
            )
        ]  # fmt: skip
        run_stages(run)

        def mentions() -> dict[str, list[str]]:
            rows = LegacyStudentImport.objects.exclude(pk=mine.pk).order_by("pk")
            return {
                row.legacy_id: [one["row"] for one in row.duplicate_evidence.get("in_run", [])]
                for row in rows
            }

        before = mentions()
        assert all("stagiaires:1" in rows for rows in before.values())
        erase()
        assert mentions() == {
            pk: [row for row in rows if row != "stagiaires:1"] for pk, rows in before.items()
        }
        for row in others:
            row.refresh_from_db()
            evidence = row.duplicate_evidence
            assert evidence["in_run_total"] == len(evidence["in_run"])

    def test_a_plan_remembers_no_print_of_the_person(self) -> None:
        run = RunFactory()
        CrmLead.objects.create(full_name=CANARY["full_name"], phone=PHONE)
        row = StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
        run_stages(run)
        row.refresh_from_db()
        assert " person=" in row.planned_basis
        assert row.planned_target_id
        erase()
        row.refresh_from_db()
        assert "person=" not in row.planned_basis
        assert (row.planned_target_kind, row.planned_target_id) == ("", None)

    def test_a_phone_in_the_code_of_a_session_is_masked_and_no_new_name(
        self, make_legacy: MakeLegacy
    ) -> None:
        database = make_legacy(tables([CANARY_ROW], []))
        database.execute(f"UPDATE session_ecoins SET code = 'BUR {PHONE}' WHERE id = 10")
        import_from(database)
        session = LegacySessionMapping.objects.get(legacy_session_id="10")
        LegacySessionMapping.objects.filter(pk=session.pk).update(confirmed_at=NOW)
        erase()
        session.refresh_from_db()
        assert session.legacy_code == "BUR 05•• ••• 345"
        import_from(database)
        session.refresh_from_db()
        assert (session.legacy_code, session.confirmed_at) == ("BUR 05•• ••• 345", NOW)


class TestALaterImport:
    @pytest.fixture
    def database(self, make_legacy: MakeLegacy) -> LegacyDatabase:
        """The canary, who is erased after a first import, and two others."""
        database = make_legacy(tables([CANARY_ROW, learner(2), learner(3)], [learner(1)]))
        import_from(database)
        erase()
        return database

    def test_stages_the_row_without_contents_and_skips_it(self, database: LegacyDatabase) -> None:
        report = import_from(database)
        run = latest()
        assert found_in(run, EVERYTHING) == set()
        row = staged(run.pk)["stagiaires", "1"]
        assert (row.raw_payload, row.validation_issues) == ({}, ["erased"])
        assert report.counts["erased"] == 1
        assert run.certificate["erased_rows"] == 1
        assert any("erased on request" in note for note in run.certificate["notes"])
        assert row.source_change == "unchanged"  # its hash is kept
        run_stages(run)
        assert plan_of(row) == ("skip", "erased_on_request")
        run_commit(run)
        row.refresh_from_db()
        assert row.outcome == "skip"
        assert not CrmLead.objects.filter(origin__startswith=f"{CONNECTION}:{WHO}:").exists()
        assert find_subject(WHO) == {run.pk - 1: True, run.pk: True}
        assert LegacyErasureLog.objects.count() == 1
        assert_facets_hold(run)
        assert FacetCount.objects.filter(
            legacy_import_run=run, planned_reason="erased_on_request", rows=1
        ).exists()

    def test_the_totals_balance(self, database: LegacyDatabase) -> None:
        import_from(database)
        run = latest()
        run_stages(run)
        run_commit(run)
        with as_legacy(database):
            assert reconcile(run_id=run.pk, progress=Silent()).balanced

    def test_a_lead_that_staff_deleted_as_well_is_decided(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([{**CANARY_ROW, "statut": "Informer"}, learner(2)], []))
        import_from(database)
        first = latest()
        run_stages(first)
        run_commit(first)
        assert find_subject(WHO) == {first.pk: False}
        (record,) = [one for one in erase().records if one.model == "crm.CrmLead"]
        CrmLead.objects.filter(pk=record.id).delete()
        import_from(database)
        run = latest()
        run_stages(run)
        assert plan_of(staged(run.pk)["stagiaires", "1"]) == ("skip", "erased_on_request")
        run_commit(run)
        with as_legacy(database):
            for one in (first, run):
                assert reconcile(run_id=one.pk, progress=Silent()).balanced
        assert not CrmLead.objects.filter(origin__startswith=f"{CONNECTION}:{WHO}:").exists()

    @pytest.mark.parametrize(
        ("changes", "is_erased"),
        [
            pytest.param({"telephone": "0770112233", "email": ""}, True, id="another-phone"),
            pytest.param({"nom": "Autre", "prenom": "Nom"}, True, id="another-name"),
            pytest.param({"statut": "Formée"}, True, id="another-status"),
            pytest.param(
                {"nom": "Wassim", "prenom": "Voliere", "telephone": "0770112233",
                 "email": "w@exemple.dz", "date_naissance": "1999-02-03"},
                False, id="somebody-else",
            ),
        ],
    )  # fmt: skip
    def test_a_changed_row_is_erased_while_it_is_the_same_person(
        self, changes: dict[str, str], is_erased: bool, make_legacy: MakeLegacy,
        database: LegacyDatabase,
    ) -> None:  # fmt: skip
        import_from(make_legacy(tables([{**CANARY_ROW, **changes}, learner(2), learner(3)], [])),
                    allow_another=True)  # fmt: skip
        run = latest()
        row = staged(run.pk)["stagiaires", "1"]
        assert (row.validation_issues == ["erased"]) == is_erased
        assert (row.raw_payload == {}) == is_erased
        assert bool(row.full_name) != is_erased
        run_stages(run)
        assert (plan_of(row)[1] == "erased_on_request") == is_erased

    def test_a_resumed_import_stages_it_erased_too(
        self, database: LegacyDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table_import, "PAGE_ROWS", 1)
        for chunks in (1, 2):
            with pytest.raises(Interrupted):
                import_from(database, progress=StopAfter(chunks), new=True)
            run = latest()
            import_from(database, resume=run.pk)
            assert staged(run.pk)["stagiaires", "1"].validation_issues == ["erased"]
            assert found_in(run, EVERYTHING) == set()

    def test_a_worker_stages_it_erased_too(self, database: LegacyDatabase) -> None:
        run = RunFactory(status="importing")
        chunk = Chunk(0, "1", "3", "stagiaires", rows_from=reserve_ids(run, 3), rows=3)
        with as_legacy(database):
            work = table_import.open_work(Job(run.pk, Stage.IMPORT, "", {"allow_writable": False}))
            with transaction.atomic():
                assert work(chunk).rows == 3
        rows = staged(run.pk)
        assert rows["stagiaires", "1"].validation_issues == ["erased"]
        assert rows["stagiaires", "2"].full_name
        assert found_in(run, EVERYTHING) == set()

    def test_erased_while_an_import_is_unfinished_the_rest_of_it_knows(
        self, database: LegacyDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table_import, "PAGE_ROWS", 1)
        with pytest.raises(Interrupted):
            import_from(database, progress=StopAfter(1))
        run = latest()
        erase(Subject(CONNECTION, "stagiaires", "3"))
        erase()  # again: its row of this run is erased already
        import_from(database, resume=run.pk)
        rows = staged(run.pk)
        assert [rows["stagiaires", pk].validation_issues == ["erased"] for pk in "123"] == [
            True, False, True,
        ]  # fmt: skip

    def test_a_chunk_that_is_staged_again_stays_erased(
        self, database: LegacyDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(Interrupted):
            import_from(database, progress=StopAfter(1))
        run = latest()
        database.execute("UPDATE stagiaires SET remarque = 'x' WHERE id IN (1, 2)")
        import_from(database, resume=run.pk)
        assert staged(run.pk)["stagiaires", "1"].raw_payload == {}
        assert found_in(run, EVERYTHING) == set()


class TestAnImportAtTheSameTime:
    def test_an_import_that_is_running_holds_the_erasure_back(self) -> None:
        StagedLearnerFactory(run=RunFactory(), legacy_id="1", **CANARY)
        running = RunFactory(
            status="importing", lease_token="t", lease_command="legacy_import", lease_host="atelier",
            lease_process="1:1", lease_expires_at=NOW.replace(year=2999),
        )  # fmt: skip
        with pytest.raises(OutOfOrder) as refused:
            erase_subject(subject=WHO, actor="x", reason="", now=NOW, progress=NeverWaits())
        assert f"Run {running.pk} is locked by legacy_import" in refused.value.message
        assert not LegacyErasureLog.objects.exists()

    def test_one_that_begins_between_leases_and_erasure_holds_it_back_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        StagedLearnerFactory(run=RunFactory(), legacy_id="1", **CANARY)
        lock = lifecycle.lock_business_writes

        def begin_an_import() -> None:
            RunFactory(status="importing")
            lock()

        monkeypatch.setattr("legacy_import.privacy.subject.lock_business_writes", begin_an_import)
        with pytest.raises(OutOfOrder, match="began at this moment"), transaction.atomic():
            erase()
        assert not LegacyErasureLog.objects.exists()


class NeverWaits(Silent):
    def at_work(self, workers: str) -> None: ...

    def say(self, sentence: str) -> None:
        raise OutOfOrder(sentence)


class TestANumberOfTwoPeople:
    """stagiaires:1 is the canary in the first run and somebody else in the second."""

    @pytest.fixture
    def runs(self) -> list[LegacyImportRun]:
        runs = [RunFactory(), RunFactory()]
        StagedLearnerFactory(run=runs[0], legacy_id="1", **CANARY)
        StagedLearnerFactory(run=runs[1], legacy_id="1", birth_date="1999-01-02")
        for run in runs:
            ReviewDecisionFactory(
                student_import=LegacyStudentImport.objects.get(legacy_import_run=run), note="n"
            )
        return runs

    def test_the_newest_is_meant(self, runs: list[LegacyImportRun]) -> None:
        report = erase()
        assert (report.erased, report.others) == ((runs[1].pk,), (runs[0].pk,))
        assert found_in(runs[0], EVERYTHING)
        assert not LegacyStudentImport.objects.get(legacy_import_run=runs[1]).full_name
        assert sorted(LegacyReviewDecision.objects.values_list("note", flat=True)) == ["", "n"]

    def test_unless_another_run_is_named(self, runs: list[LegacyImportRun]) -> None:
        assert erase(in_run=runs[0].pk).erased == (runs[0].pk,)
        assert found_in(runs[0], EVERYTHING) == set()
        assert LegacyStudentImport.objects.get(legacy_import_run=runs[1]).full_name
        third = RunFactory()
        row = StagedLearnerFactory(run=third, legacy_id="1", birth_date="1999-01-02")
        assert row.full_name  # the second person is imported as ever

    def test_an_erased_row_leads_to_no_third_person(self, runs: list[LegacyImportRun]) -> None:
        erase(in_run=runs[0].pk)
        third = RunFactory()
        StagedLearnerFactory(run=third, legacy_id="1", birth_date="2003-03-04")
        report = erase()
        assert (report.erased, report.before) == ((third.pk,), ())
        assert set(report.others) == {run.pk for run in runs}
        again = erase()
        assert (again.erased, again.before) == ((), (third.pk,))
        assert LegacyStudentImport.objects.get(legacy_import_run=runs[1]).full_name


def test_the_erasures_are_loaded_once_however_many_rows_there_are(
    django_assert_num_queries: Any,
) -> None:
    StagedLearnerFactory(run=RunFactory(), legacy_id="1", **CANARY)
    erase()
    with django_assert_num_queries(1):
        erased = erased_rows(CONNECTION)
    assert list(erased.erasures) == [("stagiaires", "1")]
    assert erased_rows("other_school").erasures == {}


def test_the_digest_does_not_contain_the_person() -> None:
    StagedLearnerFactory(run=RunFactory(), legacy_id="1", **CANARY)
    erase()
    entry = LegacyErasureLog.objects.get()
    assert entry.row_digest
    text = " ".join(map(str, LegacyErasureLog.objects.values_list().get()))
    assert not any(word in text.casefold() for word in EVERYTHING)


def test_a_new_plan_of_the_run_at_hand_skips_the_row_as_well() -> None:
    run = RunFactory()
    row = StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
    run_stages(run)
    ReviewDecisionFactory(student_import=row, decision="later")
    erase()
    run_plan(run)
    assert plan_of(row) == ("skip", "erased_on_request")
    assert run_commit(run).outcomes == {"skip": 1}


class TestScreens:
    """What staff see of an erased person: that it was erased, and nothing else."""

    @pytest.fixture
    def run(self) -> LegacyImportRun:
        run = RunFactory()
        StagedLearnerFactory(run=run, legacy_id="1", **CANARY)
        StagedLearnerFactory(run=run, legacy_id="2")
        run_stages(run)
        run_commit(run)
        erase()
        run_stages(run)
        return run

    @pytest.fixture
    def client(self, client: Client) -> Client:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        return client

    def test_the_lineage_of_its_record(self, run: LegacyImportRun, client: Client) -> None:
        origin = f"{CONNECTION}:{WHO}:lead"
        page = client.get("/admin/legacy-imports/lineage", {"origin": origin})
        assert page.status_code == 200
        assert "This person was erased on request." in text_of(page)
        assert not names_in(page)

    def test_the_review_of_the_row(self, run: LegacyImportRun, client: Client) -> None:
        row = LegacyStudentImport.objects.get(legacy_import_run=run, legacy_id="1")
        page = client.get("/admin/legacy-imports/review", {"run": run.pk, "row": row.pk})
        assert page.status_code == 200
        assert "This person was erased on request." in text_of(page)
        assert not names_in(page)

    def test_the_exports_and_lists(self, run: LegacyImportRun, client: Client) -> None:
        export = client.get(f"/admin/legacy-imports/{run.pk}/export.csv")
        lines = b"".join(export.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
        (line,) = [line for line in lines if ",stagiaires,1," in line]
        assert line.startswith(f"{run.pk},stagiaires,1,,,,")
        for path in ("students", "review"):
            page = client.get(f"/admin/legacy-imports/{path}", {"run": run.pk})
            assert page.status_code == 200
            assert not names_in(page)


def text_of(page: Any) -> str:
    return " ".join(page.content.decode().split())


def names_in(page: Any) -> list[str]:
    shown = page.content.decode().casefold()
    return [word for word in EVERYTHING if word in shown]
