"""The stored keys of users and leads: what they are, and whom a commit finds through them."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.conf import import_conf
from legacy_import.models import PLATFORM, IdentityKey, LegacyImportRun, LegacyStudentImport
from legacy_import.people import key_refresh, platform
from legacy_import.people.key_refresh import LAST_REFRESH, refresh_platform_keys
from legacy_import.runs.progress import Silent
from tests.factories import (
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import (
    last_reason,
    outcome_of,
    run_classify,
    run_commit,
    run_plan,
    run_stages,
    run_validate,
)
from trainings.models import LearnerProfile

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
TWO_PHONES = f"0776845160 / {PHONE}"  # the tables' own columns know the first only
HOUR, MINUTE = datetime.timedelta(hours=1), datetime.timedelta(minutes=1)


class Reading(Silent):
    """Counts the people that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.people = 0

    def advance(self, rows: int) -> None:
        self.people += rows
        super().advance(rows)


def refresh(run: LegacyImportRun | None = None, **how: Any) -> int:
    """Refresh the keys, of everyone unless told otherwise; returns how many people were read."""
    progress = Reading()
    refresh_platform_keys(run or RunFactory(), import_conf(), progress, **how)
    return progress.people


def keys_of(kind: str, pk: int) -> set[tuple[str, str]]:
    found = IdentityKey.objects.filter(scope=PLATFORM, owner_kind=kind, owner_id=pk)
    return set(found.values_list("kind", "value"))


KARIM_KEYS = {
    ("P", "213559446168"), ("E", "k.haddad@exemple.dz"), ("D", "1999-02-03|hadad karim"),
    ("S", "hdd krm"),
}  # fmt: skip


def test_users_and_leads_get_the_keys_a_staged_row_would_get() -> None:
    born = datetime.date(1999, 2, 3)
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", user__email="K.Haddad@exemple.dz",
        phone="0559 44 61 68", birth_date=born,
    ).user  # fmt: skip
    lead = CrmLeadFactory(full_name="HADDAD Karim", email="k.haddad@exemple.dz",
                          phone="+213559446168", birth_date=born)  # fmt: skip
    row = StagedLearnerFactory(full_name="Karim Haddad", email="k.haddad@exemple.dz",
                               phone="0559446168", birth_date="03/02/1999")  # fmt: skip
    assert refresh() == 2
    assert keys_of("user", user.pk) == keys_of("lead", lead.pk) == KARIM_KEYS
    staged = IdentityKey.objects.filter(scope=row.legacy_import_run_id, owner_id=row.pk)
    assert set(staged.values_list("kind", "value")) == KARIM_KEYS


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        pytest.param({"email": "amel@exemple.dz"}, {"E"}, id="an-address-of-its-own"),
        pytest.param({"first_name": "Amel", "last_name": "Haddad"}, {"S"}, id="a-name-of-its-own"),
        pytest.param({}, set(), id="neither"),
    ],
)
def test_a_user_without_a_profile_counts_by_address_or_name(
    fields: dict[str, str], kinds: set[str]
) -> None:
    user = UserFactory(**fields)
    refresh()
    assert {kind for kind, _ in keys_of("user", user.pk)} == kinds


def test_keys_are_computed_anew_and_those_of_staged_rows_stay() -> None:
    lead, gone = CrmLeadFactory(phone="0559446168"), CrmLeadFactory(phone="0776845160")
    row = StagedLearnerFactory()
    staged = IdentityKey.objects.filter(scope=row.legacy_import_run_id)
    before = staged.count()
    refresh()
    lead.phone = "0661223344"
    lead.save()
    gone_id = gone.pk
    gone.delete()
    refresh()
    assert ("P", "213661223344") in keys_of("lead", lead.pk)
    assert ("P", "213559446168") not in keys_of("lead", lead.pk)
    assert keys_of("lead", gone_id) == set()
    assert staged.count() == before > 0


def test_people_are_read_page_by_page_and_nobody_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "PEOPLE_PER_PAGE", 2)
    leads = [CrmLeadFactory(phone=f"066122334{n}") for n in range(5)]
    users = [UserFactory(email=f"personne{n}@exemple.dz") for n in range(3)]
    assert refresh() == 8
    assert all(keys_of("lead", lead.pk) for lead in leads)
    assert all(keys_of("user", user.pk) for user in users)


def test_the_configured_placeholders_and_mailboxes_count(settings: Any) -> None:
    settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS = ["ECOLE@exemple.dz"]
    lead = CrmLeadFactory(email="ecole@exemple.dz")
    refresh()
    assert "E" not in {kind for kind, _ in keys_of("lead", lead.pk)}


def test_where_nothing_changed_no_key_is_written_again() -> None:
    run = RunFactory()
    CrmLeadFactory.create_batch(3)
    refresh(run)
    with CaptureQueriesContext(connection) as captured:
        refresh(run)
    assert not [q for q in captured.captured_queries if q["sql"].startswith("INSERT")]


def long_ago(lead: CrmLead) -> CrmLead:
    """A lead that nobody saved since hours, whatever the row says."""
    CrmLead.objects.filter(pk=lead.pk).update(updated_at=timezone.now() - 3 * HOUR)
    return lead


def read_back(run: LegacyImportRun, before: datetime.timedelta) -> None:
    """As if everybody had been read for the run that long ago."""
    run.refresh_from_db()
    run.summary[LAST_REFRESH] = (timezone.now() - before).isoformat()
    run.save()


class TestWhatACommitFindsThroughThem:
    """A row is planned, then somebody gets its phone as a second number."""

    @pytest.fixture
    def run(self) -> LegacyImportRun:
        return RunFactory()

    @pytest.fixture
    def row(self, run: LegacyImportRun) -> LegacyStudentImport:
        for name in ("Ancienne Connaissance", "Autre Connaissance"):
            long_ago(CrmLeadFactory(full_name=name, phone="0661000111"))
        row: LegacyStudentImport = StagedLearnerFactory(run=run, phone=PHONE)
        run_stages(run)
        return row

    def left_out(self, run: LegacyImportRun, row: LegacyStudentImport) -> bool:
        run_commit(run)
        return (outcome_of(row), last_reason(row)) == ("drifted", "new_person")

    def test_a_lead_that_was_edited(self, run: LegacyImportRun, row: LegacyStudentImport) -> None:
        lead = CrmLead.objects.earliest("pk")
        lead.phone = TWO_PHONES
        lead.save()
        assert self.left_out(run, row)

    @pytest.mark.parametrize("behind", [MINUTE, 14 * MINUTE], ids=str)
    def test_a_lead_saved_before_the_reading_that_appeared_after_it(
        self, behind: datetime.timedelta, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        lead = CrmLeadFactory(phone=TWO_PHONES)
        read_back(run, HOUR)
        CrmLead.objects.filter(pk=lead.pk).update(updated_at=timezone.now() - HOUR - behind)
        assert self.left_out(run, row)

    def test_a_lead_saved_while_the_clock_of_the_reading_was_ahead(
        self, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        read_back(run, -HOUR)
        CrmLeadFactory(phone=TWO_PHONES)
        assert self.left_out(run, row)

    @pytest.mark.parametrize("there", [False, True], ids=["new", "edited"])
    def test_a_user_though_nobody_notes_when_users_change(
        self, there: bool, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        if there:
            profile = LearnerProfileFactory(phone="0661000222")
            run_stages(run)
            LearnerProfile.objects.filter(pk=profile.pk).update(phone=TWO_PHONES)
        else:
            LearnerProfileFactory(phone=TWO_PHONES)
        assert self.left_out(run, row)

    def test_an_edit_that_leaves_no_trace_is_found_by_the_next_plan(
        self, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        CrmLead.objects.filter(full_name="Autre Connaissance").update(phone=TWO_PHONES)
        read_back(run, HOUR)
        run_plan(run)
        assert self.left_out(run, row)

    def test_somebody_who_is_gone_stops_no_row_and_has_no_keys_after_the_next_plan(
        self, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        lead = CrmLeadFactory(phone=TWO_PHONES)
        refresh()
        gone = lead.pk
        lead.delete()
        run_commit(run)
        assert outcome_of(row) == "create_crm_lead"
        read_back(run, HOUR)
        run_plan(run)
        assert keys_of("lead", gone) == set()

    def test_nothing_is_missing_where_the_run_was_never_read_for(
        self, run: LegacyImportRun, row: LegacyStudentImport
    ) -> None:
        long_ago(CrmLeadFactory(phone=TWO_PHONES))
        run.refresh_from_db()
        del run.summary[LAST_REFRESH]
        run.save()
        assert self.left_out(run, row)


class TestWhoIsRead:
    """By a commit: who changed, however many there are and whatever this run made itself."""

    @pytest.fixture
    def run(self) -> LegacyImportRun:
        run: LegacyImportRun = RunFactory()
        for number in range(8):
            long_ago(CrmLeadFactory(phone=f"066122334{number}"))
            LearnerProfileFactory(phone=f"066122335{number}")
        run_validate(run)
        read_back(run, HOUR)
        return run

    def read(self, run: LegacyImportRun) -> int:
        run.refresh_from_db()
        return refresh(run, changed_only=True)

    def test_nobody_where_nobody_changed(self, run: LegacyImportRun) -> None:
        assert self.read(run) == 0

    def test_changed_leads_page_by_page(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(platform, "PEOPLE_PER_PAGE", 2)
        for lead in CrmLead.objects.order_by("pk")[1:6]:
            lead.phone = TWO_PHONES
            lead.save()
        assert self.read(run) == 5
        phones = IdentityKey.objects.filter(scope=PLATFORM, kind="P", value="213559446168")
        assert phones.count() == 5
        # Those between them kept theirs.
        assert len(set(IdentityKey.objects.values_list("owner_kind", "owner_id"))) == 16

    def test_not_the_leads_that_the_run_made(self, run: LegacyImportRun) -> None:
        CrmLeadFactory(legacy_import_run_id=run.pk)
        CrmLeadFactory(legacy_import_run_id=RunFactory().pk)
        assert self.read(run) == 1

    def test_a_commit_moves_the_moment_on(self, run: LegacyImportRun) -> None:
        StagedLearnerFactory(run=run)
        run_stages(run)
        read_back(run, HOUR)
        before = timezone.now()
        run_commit(run)
        run.refresh_from_db()
        assert datetime.datetime.fromisoformat(run.summary[LAST_REFRESH]) >= before

    def test_a_plan_reads_all_unless_they_were_just_read(
        self, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[int] = []

        def page(kind: str, *, after: int) -> key_refresh.Page:
            people = platform.page_of_people(kind, after=after)
            read.extend(pk for pk, _ in people)
            return people

        monkeypatch.setattr(key_refresh, "page_of_people", page)
        run_validate(run)
        run_classify(run)
        run_plan(run)
        assert len(read) == 16
        read_back(run, 2 * MINUTE)
        run_plan(run)
        assert len(read) == 32
