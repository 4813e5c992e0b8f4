"""legacy_map: the decisions of the mapping pages from the terminal, to be scripted and repeated."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from legacy_import.conf import MANAGE
from legacy_import.management.pages import MAPPING_PAGES, REVIEW_PAGE, RUNS_PAGE
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
)
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.management.calling import call, done
from tests.stages.stages import plan_of, run_stages

pytestmark = pytest.mark.django_db

WAITING = {"session_type": "waiting_placeholder"}


@pytest.fixture
def run() -> LegacyImportRun:
    """A planned run in which something of every subject is undecided."""
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie")
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Réparation GSM", course=None,
                         status="unmapped", rule="course:no_exact_name")  # fmt: skip
    course = CourseFactory(name="Anglais", code="ANG")
    CourseMappingFactory(legacy_formation_id="9", legacy_name="ANGLAIS", course=course,
                         status="suggested", rule="course:exact_name")  # fmt: skip
    of = {"legacy_formation_id": "7"}
    SessionMappingFactory(legacy_session_id="40", legacy_code="INF-2019-09-2019",
                          starts_on_raw="2019-01-06", **of)  # fmt: skip
    SessionMappingFactory(legacy_session_id="41", legacy_code="Liste INF", **of)
    SessionMappingFactory(legacy_session_id="235", legacy_code="PARK",
                          rule="session:placeholder_id", **of, **WAITING)  # fmt: skip
    started: LegacyImportRun = RunFactory()
    rows = (
        ("1", "Abandon", "7", None), ("2", " ABANDON", "7", None),
        ("3", "rappeler 0661234567", "7", None), ("4", "Formée", "8", None),
        ("5", "Confirmer", "7", "40"), ("6", "Formée", "7", "40"), ("7", "Confirmer", "7", "41"),
        ("8", "Formée", "7", "235"), ("9", "Formée", "9", "40"), ("10", "Formée", "9", None),
    )  # fmt: skip
    for legacy_id, status, formation, session in rows:
        StagedLearnerFactory(run=started, legacy_id=legacy_id, status=status,
                             formation_id=formation, session_id=session)  # fmt: skip
    run_stages(started)
    started.refresh_from_db()
    return started


def mapped(subject: str, *arguments: str) -> dict[str, Any]:
    """The counts of the command with --json."""
    counts: dict[str, Any] = done("legacy_map", subject, *arguments, "--json").told["counts"]
    return counts


def row(legacy_id: str) -> LegacyStudentImport:
    return LegacyStudentImport.objects.get(legacy_id=legacy_id)


# --- what is undecided -------------------------------------------------------------------------------

UNDECIDED = {
    "statuses": [("status", "abandon", 2, 2), ("status", "rappeler (contact)", 1, 1)],
    "courses": [("course", "8", 1, 1), ("conflict", "9:40", 1, 1)],
    "sessions": [("session", "235", 1, 1), ("session", "40", 1, 1), ("session", "41", 1, 1)],
}


@pytest.mark.parametrize("subject", UNDECIDED)
def test_without_a_decision_it_lists_what_rows_wait_for(run: LegacyImportRun, subject: str) -> None:
    counts = mapped(subject, "--run", str(run.pk))
    listed = [
        (one["kind"], one["key"], one["waiting"], one["frees"]) for one in counts["undecided"]
    ]
    assert sorted(listed) == sorted(UNDECIDED[subject])
    assert (counts["subject"], counts["changed"], counts["freed"]) == (subject, 0, 0)
    assert not LogEntry.objects.exists()
    assert not User.objects.filter(username__startswith="cli:").exists()


def test_the_list_shows_trained_learners_doubts_and_codes_as_they_are(run: LegacyImportRun) -> None:
    by_key = {one["key"]: one for one in mapped("sessions")["undecided"]}
    assert (by_key["40"]["trained"], by_key["40"]["doubts"]) == (2, [])
    assert by_key["40"]["name"] == "INF-2019-09-2019"
    assert by_key["41"]["doubts"] == ["waiting_words", "no_dates", "nobody_trained"]
    out = done("legacy_map", "sessions").out
    assert "waiting_words" in out
    assert f"/admin/legacy-imports/session-mapping?run={run.pk}" in out
    assert f"Next: {MANAGE} legacy_map sessions --run {run.pk} --set" in out


def test_no_contact_is_printed(run: LegacyImportRun) -> None:
    for verbosity in "0123":
        ended = done("legacy_map", "statuses", "--verbosity", verbosity)
        assert "0661234567" not in ended.out + ended.err
    told = call("legacy_map", "statuses", "--set", "voir 0559446168=lead_only")
    assert told.code == 2
    assert "0559446168" not in told.out + told.err


def test_every_listed_pair_can_be_set_however_long_its_numbers_are(run: LegacyImportRun) -> None:
    course = CourseFactory(name="Couture", code="COU")
    CourseMappingFactory(legacy_formation_id="999999", legacy_name="Couture", course=course)
    SessionMappingFactory(legacy_session_id="812", legacy_formation_id="7")
    StagedLearnerFactory(run=run, legacy_id="11", status="Formée", formation_id="999999",
                         session_id="812")  # fmt: skip
    StagedLearnerFactory(run=run, legacy_id="12", status="Formée", formation_id="999999",
                         session_id="40")  # fmt: skip
    run_stages(run)
    pairs = [one for one in mapped("courses")["undecided"] if one["kind"] == "conflict"]
    keys = {one["key"] for one in pairs}
    assert keys == {"9:40", "999999:812", "999999:40"}
    counts = mapped("courses", "--set", *(f"{key}=course_of_row" for key in keys))
    assert counts["changed"] == 3


# --- decisions ---------------------------------------------------------------------------------------


def test_statuses_are_defined_as_typed_whatever_their_spelling(run: LegacyImportRun) -> None:
    counts = mapped("statuses", "--set", "ABANDON =completed", "Rappeler 0559446168=lead_only")
    assert (counts["changed"], counts["freed"], counts["to_classify"]) == (2, 3, 3)
    assert counts["actions"] == {"create_legacy_completed_training": 2, "create_course_interest": 1}
    assert counts["undecided"] == []
    meanings = LegacyStatusMapping.objects.order_by("status_key")
    assert list(meanings.values_list("classification", flat=True)) == ["completed", "lead_only"]
    run_stages(run)
    assert plan_of(row("1")) == plan_of(row("2")) == ("create_completed_training", "history")
    assert plan_of(row("3")) == ("create_crm_lead", "new_lead")


def test_courses_are_chosen_kept_by_name_confirmed_and_pairs_settled(run: LegacyImportRun) -> None:
    counts = mapped(
        "courses", "--set", "8=kept_by_name", "9:40=course_of_session", "--confirm-exact"
    )
    assert (counts["changed"], counts["freed"], counts["undecided"]) == (3, 2, [])
    assert LegacyCourseConflict.objects.get().answer == "course_of_session"
    statuses = LegacyCourseMapping.objects.order_by("legacy_formation_id")
    assert list(statuses.values_list("status", flat=True)) == [
        "confirmed", "kept_by_name", "confirmed",
    ]  # fmt: skip
    run_stages(run)
    assert {plan_of(row(one)) for one in ("4", "9", "10")} == {
        ("create_completed_training", "history")
    }
    assert mapped("courses", "--set", "8=course:ANG")["changed"] == 1
    assert LegacyCourseMapping.objects.get(legacy_formation_id="8").course.code == "ANG"


def test_a_session_is_released_with_the_course_of_its_rows_without_one(
    run: LegacyImportRun,
) -> None:
    assert mapped("sessions", "--set", "235=released:ANG")["changed"] == 1
    session = LegacySessionMapping.objects.get(legacy_session_id="235")
    assert session.history_course is not None
    assert session.history_course.code == "ANG"
    assert mapped("sessions", "--set", "235=released:ANG")["unchanged"] == 1
    assert call("legacy_map", "sessions", "--set", "235=released:NONE").code == 2


def test_sessions_are_released_and_confirmed_but_not_the_doubtful(run: LegacyImportRun) -> None:
    counts = mapped("sessions", "--set", "235=released", "--confirm-exact")
    assert (counts["changed"], counts["freed"]) == (2, 2)
    assert [one["key"] for one in counts["undecided"]] == ["41"]
    run_stages(run)
    assert plan_of(row("5")) == ("create_enrollment", "registration")
    assert plan_of(row("7")) == ("review", "session_not_confirmed")
    assert plan_of(row("8")) == ("create_completed_training", "history")
    assert mapped("sessions", "--set", "41=real_session")["changed"] == 1
    run_stages(run)
    assert plan_of(row("7")) == ("create_enrollment", "registration")


SCRIPTS = {
    "statuses": ("--set", "Abandon=completed"),
    "courses": ("--set", "8=kept_by_name", "9:40=course_of_row", "--confirm-exact"),
    "sessions": ("--set", "235=released", "41=unknown", "--note", "registre", "--confirm-exact"),
}


@pytest.mark.parametrize(("subject", "script"), SCRIPTS.items(), ids=list(SCRIPTS))
def test_repeating_it_changes_nothing(
    run: LegacyImportRun, subject: str, script: tuple[str, ...]
) -> None:
    first = mapped(subject, *script)
    assert first["changed"] > 0
    tables = (LegacyCourseMapping, LegacySessionMapping, LegacyStatusMapping, LegacyCourseConflict)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    entries = LogEntry.objects.count()
    again = mapped(subject, *script)
    assert (again["changed"], again["freed"], again["to_classify"]) == (0, 0, 0)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    assert LogEntry.objects.count() == entries


@pytest.mark.parametrize(("subject", "script"), SCRIPTS.items(), ids=list(SCRIPTS))
def test_a_preview_decides_nothing_and_promises_what_follows(
    run: LegacyImportRun, subject: str, script: tuple[str, ...]
) -> None:
    promised = mapped(subject, *script, "--preview")
    assert promised["preview"] is True
    assert promised["to_classify"] == 0
    assert not LogEntry.objects.exists()
    assert not User.objects.filter(username__startswith="cli:").exists()
    assert "Nothing was changed." in done("legacy_map", subject, *script, "--preview").out
    made = mapped(subject, *script)
    same = ("changed", "unchanged", "freed", "blocked", "actions")
    assert [made[key] for key in same] == [promised[key] for key in same]
    waiting = LegacyStudentImport.objects.filter(planned_action="review").count()
    run_stages(run)
    left = LegacyStudentImport.objects.filter(planned_action="review").count()
    assert waiting - left == promised["freed"]


def test_undo_is_the_way_back_and_says_what_waits_again(run: LegacyImportRun) -> None:
    mapped("statuses", "--set", "Abandon=completed")
    run_stages(run)
    back = mapped("statuses", "--set", "Abandon=undo")
    assert (back["changed"], back["blocked"], back["freed"]) == (1, 2, 0)
    run_stages(run)
    assert plan_of(row("1")) == ("review", "status_unknown")
    assert mapped("statuses", "--set", "Abandon=undo")["unchanged"] == 1


# --- who decided, and what comes next ----------------------------------------------------------------


def test_decisions_are_signed_by_an_account_that_cannot_sign_in(run: LegacyImportRun) -> None:
    done("legacy_map", "statuses", "--set", "Abandon=completed", "--note", "vu avec la direction")
    signed = LegacyStatusMapping.objects.get(status_key="abandon").confirmed_by
    assert signed is not None
    assert signed.username.startswith("cli:")
    assert not signed.is_active
    assert not signed.has_usable_password()
    assert LogEntry.objects.get().change_message == "completed: vu avec la direction"
    done("legacy_map", "statuses", "--set", "Abandon=lead_only")
    assert User.objects.filter(username=signed.username).count() == 1


def test_a_named_user_needs_the_permission(run: LegacyImportRun) -> None:
    UserFactory(username="lamia")
    UserFactory(username="meriem", is_superuser=True)
    refused = call("legacy_map", "statuses", "--set", "Abandon=completed", "--actor", "lamia")
    assert refused.code == 2
    done("legacy_map", "statuses", "--set", "Abandon=completed", "--actor", "meriem")
    mapping = LegacyStatusMapping.objects.get(status_key="abandon")
    assert mapping.confirmed_by.username == "meriem"  # type: ignore[union-attr]


def test_the_next_step_is_to_classify_again(run: LegacyImportRun) -> None:
    out = done("legacy_map", "statuses", "--set", "Abandon=completed").out
    assert "2 rows of run" in out
    assert f"Next: {MANAGE} legacy_classify --run {run.pk}" in out


# --- refusals ----------------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, ...]] = {
    "an unknown status": ("statuses", "--set", "Perdu=lead_only"),
    "a status that the rules know": ("statuses", "--set", "Formée=lead_only"),
    "a meaning that there is not": ("statuses", "--set", "Abandon=unknown"),
    "no answer": ("statuses", "--set", "Abandon"),
    "no status is exact": ("statuses", "--confirm-exact"),
    "an unknown course": ("courses", "--set", "99=kept_by_name"),
    "a course that the platform does not have": ("courses", "--set", "8=course:NONE"),
    "a course without its code": ("courses", "--set", "8=choose"),
    "nothing suggested": ("courses", "--set", "8=confirm"),
    "an unknown pair": ("courses", "--set", "7:40=course_of_row"),
    "an unknown session": ("sessions", "--set", "99=released"),
    "a placeholder": ("sessions", "--set", "235=real_session", "--note", "sûr"),
    "against the rule, no reason": ("sessions", "--set", "40=unknown"),
    "a real session released": ("sessions", "--set", "40=released"),
    "two answers": ("sessions", "--set", "235=released", "235=undo"),
    "a run that there is not": ("sessions", "--run", "99"),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_what_is_not_possible_is_a_usage_error_and_changes_nothing(
    run: LegacyImportRun, arguments: tuple[str, ...]
) -> None:
    subject, *rest = arguments
    more = ("--set", "Abandon=completed") if subject == "statuses" and "--set" in rest else ()
    refused = call("legacy_map", subject, *more, *rest)
    assert refused.code == 2, refused.err
    assert "Traceback" not in refused.err
    assert not LogEntry.objects.exists()
    assert not LegacyStatusMapping.objects.exclude(version=1).exists()


def test_an_unknown_key_names_the_command_that_lists_them(run: LegacyImportRun) -> None:
    refused = call("legacy_map", "sessions", "--set", "99=released")
    told = " ".join(refused.err.split())
    assert refused.code == 2
    assert "'99' is not one of the sessions of legacy to decide." in told
    assert f"Next: List them: {MANAGE} legacy_map sessions --run {run.pk}" in told


def test_while_the_run_is_classified_it_is_out_of_order(run: LegacyImportRun) -> None:
    LegacyImportRun.objects.filter(pk=run.pk).update(
        lease_token="t", lease_command="legacy_classify",
        lease_expires_at=timezone.now() + timezone.timedelta(minutes=5),
    )  # fmt: skip
    refused = call("legacy_map", "statuses", "--set", "Abandon=completed")
    assert refused.code == 5
    assert LegacyStatusMapping.objects.get(status_key="abandon").classification is None


def test_a_contact_in_the_note_is_refused(run: LegacyImportRun) -> None:
    refused = call("legacy_map", "statuses", "--set", "Abandon=completed", "--note", "0661234567")
    assert refused.code == 1
    assert "0661234567" not in refused.err
    assert not LogEntry.objects.exists()


def test_printed_addresses_are_those_of_the_views() -> None:
    assert reverse("legacy_imports:runs") == RUNS_PAGE
    assert reverse("legacy_imports:review") == REVIEW_PAGE
    assert {
        "sessions": reverse("legacy_imports:session-mapping"),
        "courses": reverse("legacy_imports:course-mapping"),
        "statuses": reverse("legacy_imports:status-mapping"),
    } == MAPPING_PAGES
