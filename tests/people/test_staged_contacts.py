"""E-mails that were staged under other lists of placeholders and mailboxes are read again."""

from typing import Any

import pytest

from ecoin.identity.keys import email_keys
from legacy_import.choices import Stage
from legacy_import.errors import Interrupted, OutOfOrder
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.staged_contacts import refresh_staged_contacts
from legacy_import.rules.email_fields import parse_email_field, replace_email_issues
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Silent
from legacy_import.runs.settings_digests import changed_settings, digests_now
from legacy_import.stages.staging import table_import
from tests.factories import RunFactory, StagedLearnerFactory
from tests.legacy_database import LegacyDatabase, MakeLegacy, learner, tables
from tests.management.calling import call
from tests.stages.importing import StopAfter, content, import_from, latest
from tests.stages.stages import plan_of, run_classify, run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db

EMAILS = (
    "ecole@exemple.dz", " Ecole@Exemple.dz ", "nadia@gmail.con", "salle@exemple.dz", "/", "",
    "pas un mail", "contact@exemple.dz", "x" * 300 + "@exemple.dz", "Salle@exemple.dz et b@exemple.dz",
)  # fmt: skip
PLACEHOLDERS, MAILBOXES = ["ECOLE@exemple.dz"], ["salle"]


@pytest.fixture
def database(make_legacy: MakeLegacy) -> LegacyDatabase:
    """Learners with these e-mails, some of them with issues that are noted before and after it."""
    stagiaires = [{**learner(n), "email": email} for n, email in enumerate(EMAILS, 1)]
    stagiaires[0] |= {"formation_id": "?", "telephone": "12"}
    stagiaires[3] |= {"session_ecoin_id": "abc", "nom": "n" * 200}
    return make_legacy(tables(stagiaires, [{**learner(1), "email": EMAILS[0]}]))


def change_lists(settings: Any) -> None:
    settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS = PLACEHOLDERS
    settings.LEGACY_IMPORT_ROLE_MAILBOXES = MAILBOXES


def refresh(run: LegacyImportRun) -> None:
    run.refresh_from_db()
    with run_lease(run, "legacy_validate", Silent()) as lease:
        refresh_staged_contacts(run, lease, Silent())


def imported_under_the_lists(database: LegacyDatabase) -> dict[str, Any]:
    """What an import under the settings of now stages."""
    LegacyImportRun.objects.update(connection_name="another")
    return content(import_from(database).run)


@pytest.mark.parametrize("back", [False, True], ids=["to-the-lists", "and-back"])
def test_the_rows_become_what_an_import_under_the_new_lists_stages(
    back: bool, database: LegacyDatabase, settings: Any
) -> None:
    import_from(database)
    run, before = latest(), content(latest().pk)
    change_lists(settings)
    assert changed_settings(run, Stage.IMPORT) == tuple(digests_now(Stage.IMPORT))
    refresh(run)
    if back:
        settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS = settings.LEGACY_IMPORT_ROLE_MAILBOXES = []
        refresh(run)
        assert content(run.pk) == before
    else:
        assert content(run.pk) != before
        assert content(run.pk) == imported_under_the_lists(database)
    run.refresh_from_db()
    assert changed_settings(run, Stage.IMPORT) == ()


def test_an_import_that_is_resumed_under_other_lists_ends_like_one_in_one_go(
    database: LegacyDatabase, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_import, "PAGE_ROWS", 3)
    with pytest.raises(Interrupted):
        import_from(database, progress=StopAfter(2))
    change_lists(settings)
    run = latest()
    import_from(database, resume=run.pk)
    resumed = content(run.pk)
    assert resumed == imported_under_the_lists(database)
    run.refresh_from_db()
    assert run.settings_digests[Stage.IMPORT.value] == digests_now(Stage.IMPORT)


def test_killed_between_two_chunks_the_next_call_finishes(
    database: LegacyDatabase, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legacy_import.people.staged_contacts.id_ranges", _three_by_three)
    import_from(database)
    run = latest()
    change_lists(settings)
    confirm, chunks = Lease.confirm, len(list(_three_by_three(run)))
    for dies_in in range(chunks + 1):
        confirmed: list[Lease] = []

        def die(lease: Lease, confirmed: Any = confirmed, dies_in: int = dies_in) -> None:
            if len(confirmed) == dies_in:
                raise KeyboardInterrupt
            confirmed.append(lease)
            confirm(lease)

        with monkeypatch.context() as patched:
            patched.setattr(Lease, "confirm", die)
            with pytest.raises(KeyboardInterrupt):
                refresh(run)
        run.refresh_from_db()
        assert changed_settings(run, Stage.IMPORT)
    refresh(run)
    assert content(run.pk) == imported_under_the_lists(database)


def _three_by_three(run: LegacyImportRun) -> Any:
    from legacy_import.engine.chunks import id_ranges

    return id_ranges(run, size=3)


def test_where_no_list_changed_nothing_is_read(
    database: LegacyDatabase, django_assert_num_queries: Any
) -> None:
    import_from(database)
    run = latest()
    with run_lease(run, "legacy_validate", Silent()) as lease, django_assert_num_queries(0):
        refresh_staged_contacts(run, lease, Silent())


@pytest.mark.parametrize("email", EMAILS)
def test_the_issues_are_those_of_the_new_reading_in_their_place(email: str) -> None:
    def read(placeholders: list[str], mailboxes: list[str]) -> Any:
        return parse_email_field(
            email, placeholders=frozenset(placeholders), role_mailboxes=frozenset(mailboxes)
        )

    first, then = ("unreadable:x", "phone_missing"), ("column_cut:email_raw", "session_id_invalid")
    new = read(["ecole@exemple.dz"], ["salle"])
    issues = replace_email_issues((*first, *then), read([], []))
    again = replace_email_issues(issues, new)
    assert again == replace_email_issues((*first, *then), new)
    assert again[:2] + again[-2:] == first + then
    assert len(email_keys(new)) == (new.value is not None)


class TestThePlan:
    @pytest.fixture
    def run(self) -> LegacyImportRun:
        """A planned run whose only learner is reached by an address."""
        run = RunFactory()
        StagedLearnerFactory(run=run, legacy_id="1", phone="", email="nadia.b@exemple.dz")
        run_stages(run)
        run.refresh_from_db()
        return run

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("LEGACY_IMPORT_PLACEHOLDER_EMAILS", ["nadia.b@exemple.dz"]),
            ("LEGACY_IMPORT_ROLE_MAILBOXES", ["nadia.b"]),
            ("LEGACY_IMPORT_HOT_KEY_ROWS", "9"),
            ("LEGACY_IMPORT_HOT_KEY_NAMES", "8"),
        ],
    )
    def test_under_another_setting_it_is_not_current(
        self, name: str, value: Any, run: LegacyImportRun, settings: Any
    ) -> None:
        setattr(settings, name, value)
        for stage in (run_classify, run_plan, run_commit):
            with pytest.raises(OutOfOrder) as refused:
                stage(run)
            assert refused.value.exit_code == 5
            assert f"under other settings: {name} changed since" in refused.value.message
            assert f"legacy_validate --run {run.pk}" in refused.value.hint
        run_stages(run)
        assert run_commit(run).rows == 1

    def test_validated_again_the_row_is_planned_under_the_new_list(
        self, run: LegacyImportRun, settings: Any
    ) -> None:
        row = LegacyStudentImport.objects.get()
        assert plan_of(row) == ("create_crm_lead", "new_lead")
        settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS = ["nadia.b@exemple.dz"]
        run_stages(run)
        assert plan_of(row) == ("review", "contact_not_trustworthy")
        assert row.email_normalized is None
        assert row.validation_issues.count("email_placeholder") == 1

    def test_the_order_of_a_list_and_its_letters_do_not_matter(
        self, run: LegacyImportRun, settings: Any
    ) -> None:
        settings.LEGACY_IMPORT_ROLE_MAILBOXES = ["Atelier", "salle"]
        run_stages(run)
        settings.LEGACY_IMPORT_ROLE_MAILBOXES = ["salle ", "ATELIER", ""]
        assert run_commit(run).rows == 1

    def test_the_status_names_the_validation_as_the_next_step(
        self, run: LegacyImportRun, settings: Any
    ) -> None:
        assert (
            call("legacy_status").out.rstrip().endswith(f"manage.py legacy_commit --run {run.pk}")
        )
        settings.LEGACY_IMPORT_HOT_KEY_NAMES = "8"
        told = call("legacy_status").out.rstrip()
        assert told.endswith(f"manage.py legacy_validate --run {run.pk}")
