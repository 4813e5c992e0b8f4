"""What is planned for rows of one person, and for people who share a contact."""

import datetime
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision, SessionType
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    spelled,
)
from tests.stages.stages import plan_of, run_plan, run_stages

pytestmark = pytest.mark.django_db

PHONE, OTHER = "0559446168", "0776845160"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
LEAD, LINK = ("create_crm_lead", "new_lead"), ("link_existing", "same_person_in_run")


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", session_type=SessionType.WAITING_PLACEHOLDER)
    return RunFactory()


def group_plan(run: LegacyImportRun, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    staged = [
        StagedLearnerFactory(run=run, **{"legacy_id": str(n), **row})
        for n, row in enumerate(rows, 1)
    ]
    run_stages(run)
    return [plan_of(row) for row in staged]


def test_a_repeated_lead_is_created_once_and_the_rest_linked_to_the_first(
    run: LegacyImportRun,
) -> None:
    plans = group_plan(
        run,
        {**KARIM, "table": "archives", "full_name": "Haddad Karim"},
        KARIM,
        {**KARIM, "phone": "", "birth_date": "02/03/1999"},
    )
    assert plans == [LINK, LEAD, LINK]
    first = LegacyStudentImport.objects.get(planned_action="create_crm_lead")
    followers = LegacyStudentImport.objects.filter(planned_action="link_existing")
    assert set(followers.values_list("planned_target_kind", "planned_target_id")) == {
        ("staged", first.pk)
    }


def test_brother_and_sister_on_one_phone_are_two_leads(run: LegacyImportRun) -> None:
    brother = {"full_name": "Yacine Belkacem", "phone": PHONE}
    assert group_plan(run, brother, {**brother, "full_name": "Samira Belkacem"}) == [LEAD, LEAD]


DOUBT = ("review", "group_conflict")
IN_DOUBT = {
    "another-date": ({}, {"birth_date": "2001-07-20"}),
    "another-date-and-a-swapped-name": (
        {}, {"full_name": "HADDAD Karim", "birth_date": "2001-07-20"}),
    "a-generation-apart": ({}, {"birth_date": "1965-07-20"}),
    "another-name": ({"full_name": "Hassan Meziane"}, {"full_name": "Hocine Meziane"}),
    "similar-name-without-a-date": (
        {"full_name": "Lamine Belkacem", "birth_date": ""},
        {"full_name": "Amine Belkacem", "birth_date": ""}),
    "similar-name-and-date-with-another-phone": (
        {"full_name": "Sofiane Belkacem"}, {"full_name": "Sofkane Belkacem", "phone": OTHER}),
}  # fmt: skip


@pytest.mark.parametrize("rows", IN_DOUBT.values(), ids=IN_DOUBT)
def test_two_rows_in_doubt_are_not_two_leads(
    run: LegacyImportRun, rows: tuple[dict[str, Any], ...]
) -> None:
    assert group_plan(run, *({**KARIM, **row} for row in rows)) == [DOUBT, DOUBT]


@pytest.mark.parametrize("rows", IN_DOUBT.values(), ids=IN_DOUBT)
def test_against_the_platform_the_same_evidence_goes_to_review(
    run: LegacyImportRun, rows: tuple[dict[str, Any], ...]
) -> None:
    known, row = ({**KARIM, **values} for values in rows)
    born = datetime.date.fromisoformat(known["birth_date"]) if known["birth_date"] else None
    CrmLeadFactory(**{**known, "birth_date": born})
    [(action, _)] = group_plan(run, row)
    assert action == "review"


def test_one_name_born_on_the_first_of_january_is_two_leads(run: LegacyImportRun) -> None:
    karim = {**KARIM, "birth_date": "1999-01-01"}
    assert group_plan(run, karim, {**karim, "phone": OTHER}) == [LEAD, LEAD]


def test_one_name_and_phone_born_on_the_first_of_january_is_one_lead(run: LegacyImportRun) -> None:
    karim = {**KARIM, "birth_date": "1999-01-01"}
    assert group_plan(run, karim, karim) == [LEAD, LINK]


def test_against_the_platform_the_first_of_january_is_a_match(run: LegacyImportRun) -> None:
    born = datetime.date(1999, 1, 1)
    CrmLeadFactory(full_name="Karim Haddad", phone=OTHER, birth_date=born)
    assert group_plan(run, {**KARIM, "birth_date": "1999-01-01"}) == [("review", "medium_match")]


def test_repeat_courses_of_one_person_are_all_kept(run: LegacyImportRun) -> None:
    course = {**KARIM, "status": "Formée", "formation_id": "7"}
    assert group_plan(run, course, course) == [("create_completed_training", "history")] * 2


@pytest.mark.parametrize(
    "trained",
    [
        pytest.param({"status": "Formée", "formation_id": "7"}, id="completed"),
        pytest.param({"status": "Archivé", "table": "archives"}, id="archived-without-a-course"),
        pytest.param({"status": "Confirmer", "session_id": "42"}, id="registered-while-waiting"),
    ],
)
@pytest.mark.parametrize("lead_first", [True, False], ids=["lead-first", "lead-later"])
def test_nobody_trained_becomes_a_mere_lead(
    run: LegacyImportRun, trained: dict[str, Any], lead_first: bool
) -> None:
    rows = [KARIM, {**KARIM, **trained}] if lead_first else [{**KARIM, **trained}, KARIM]
    plans = group_plan(run, *rows)
    assert plans[0 if lead_first else 1] == ("review", "person_has_history")


NAMESAKES = {
    "another-date": {"birth_date": "2001-07-20"},
    "a-generation-apart": {"birth_date": "1965-07-20"},
    "a-similar-name-and-another-date": {"full_name": "Karim Hadadi", "birth_date": "2001-07-20"},
    "the-same-email": {
        "phone": OTHER, "email": "kh@exemple.dz", "birth_date": "2001-07-20"},
}  # fmt: skip


@pytest.mark.parametrize("trained", NAMESAKES.values(), ids=NAMESAKES)
@pytest.mark.parametrize("lead_first", [True, False], ids=["lead-first", "lead-later"])
def test_nobody_with_name_and_contact_of_someone_trained_becomes_a_mere_lead(
    run: LegacyImportRun, trained: dict[str, Any], lead_first: bool
) -> None:
    lead = {**KARIM, "email": "kh@exemple.dz"}
    history = {**KARIM, "status": "Formée", "formation_id": "7", **trained}
    plans = group_plan(run, *([lead, history] if lead_first else [history, lead]))
    assert plans[0 if lead_first else 1] == ("review", "person_has_history")
    assert plans[1 if lead_first else 0] == ("create_completed_training", "history")


def test_a_trained_row_between_two_leads_marks_the_one_it_was_not_joined_with(
    run: LegacyImportRun,
) -> None:
    plans = group_plan(
        run,
        {**KARIM, "birth_date": "1965-07-20"},
        {**KARIM, "phone": f"{PHONE} / {OTHER}", "birth_date": "", "status": "Formée",
         "formation_id": "7"},
        {**KARIM, "phone": OTHER},
    )  # fmt: skip
    assert plans[0] == plans[2] == ("review", "person_has_history")


def test_another_name_on_the_phone_of_someone_trained_is_no_history(run: LegacyImportRun) -> None:
    trained = {**KARIM, "status": "Formée", "formation_id": "7"}
    assert group_plan(run, {**KARIM, "full_name": "Nadia Haddad"}, trained)[0] == DOUBT
    sister = {"full_name": "Nadia Haddad", "phone": OTHER}
    assert group_plan(RunFactory(), sister, {**trained, "phone": OTHER})[0] == LEAD


def test_a_reviewer_s_meaning_counts_as_history_of_a_namesake(run: LegacyImportRun) -> None:
    lead = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    other = StagedLearnerFactory(run=run, legacy_id="2", **{**KARIM, "birth_date": "2001-07-20"})
    run_stages(run)
    assert plan_of(lead) == DOUBT
    ReviewDecisionFactory(
        student_import=other, decision=ReviewDecision.TREAT_AS, treat_as="completed"
    )
    run_plan(run)
    assert plan_of(lead) == ("review", "person_has_history")


def test_a_reviewer_s_meaning_counts_as_history_of_the_group(run: LegacyImportRun) -> None:
    lead = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    other = StagedLearnerFactory(run=run, legacy_id="2", **KARIM)
    run_stages(run)
    assert plan_of(lead) == LEAD
    ReviewDecisionFactory(
        student_import=other, decision=ReviewDecision.TREAT_AS, treat_as="completed"
    )
    run_plan(run)
    assert plan_of(lead) == ("review", "person_has_history")


def test_rows_that_contradict_each_other_go_to_review(run: LegacyImportRun) -> None:
    plans = group_plan(
        run, KARIM, {**KARIM, "phone": f"{PHONE} / {OTHER}", "birth_date": ""},
        {**KARIM, "phone": OTHER, "birth_date": "1965-07-20"},
    )  # fmt: skip
    assert plans == [LEAD, ("review", "group_conflict"), ("review", "group_conflict")]


def test_a_reviewer_s_link_settles_a_contradiction(run: LegacyImportRun) -> None:
    rows = [
        StagedLearnerFactory(run=run, legacy_id=str(n), **{**KARIM, **row})
        for n, row in enumerate(
            ({}, {"phone": f"{PHONE} / {OTHER}", "birth_date": ""},
             {"phone": OTHER, "birth_date": "1965-07-20"}), 1)
    ]  # fmt: skip
    lead = CrmLeadFactory(full_name="Karim Haddad")
    ReviewDecisionFactory(
        student_import=rows[2], decision=ReviewDecision.LINK, person=("lead", lead.pk)
    )
    run_stages(run)
    assert plan_of(rows[1]) == ("review", "group_conflict")
    assert plan_of(rows[2]) == ("link_existing", "known_person")


def test_followers_wait_while_their_first_row_waits(run: LegacyImportRun) -> None:
    first = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    follower = StagedLearnerFactory(run=run, legacy_id="2", **KARIM)
    said = ReviewDecisionFactory(student_import=first, decision=ReviewDecision.LATER)
    run_stages(run)
    assert plan_of(follower) == ("review", "first_of_group_waits")
    assert (follower.planned_target_kind, follower.planned_target_id) == ("", None)
    ReviewDecisionFactory(student_import=said.student_import, decision=ReviewDecision.RESET)
    run_plan(run)
    assert plan_of(follower) == LINK


def test_a_hot_phone_neither_links_nor_creates(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    school = [{"full_name": f"Fictif {spelled(n * 1111)}", "phone": PHONE} for n in range(1, 6)]
    assert set(group_plan(run, *school)) == {("review", "hot_key")}


def test_a_hot_phone_that_nobody_on_the_platform_has_creates_nobody(run: LegacyImportRun) -> None:
    school = [{"full_name": f"Fictif {spelled(n * 1111)}", "phone": PHONE} for n in range(1, 6)]
    assert set(group_plan(run, *school)) == {("review", "contact_not_trustworthy")}


def test_a_follower_with_a_blocked_match_of_its_own_goes_to_review_first(
    run: LegacyImportRun,
) -> None:
    CrmLeadFactory(full_name="Nadia Mansouri", phone=OTHER)
    plans = group_plan(run, KARIM, {**KARIM, "phone": OTHER})
    assert plans == [LEAD, ("review", "shared_contact_other_name")]


def test_a_lead_deleted_since_validation_is_nobody_to_link_to(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    assert plan_of(row) == ("link_existing", "known_person")
    lead.delete()
    run_plan(run)
    assert plan_of(row) == ("review", "person_gone")


def test_nobody_is_created_where_the_reviewers_choice_is_gone(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Somebody Else", phone="")
    row = StagedLearnerFactory(run=run, **KARIM)
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.LINK, target_kind="lead", target_id=lead.pk
    )
    run_stages(run)
    assert plan_of(row) == ("link_existing", "known_person")
    lead.delete()
    run_plan(run)
    assert plan_of(row) == ("review", "person_gone")
