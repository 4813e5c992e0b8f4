"""The invariants find what they are there for: each is broken once by hand."""

import pytest
from django.db import connection

from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import commit
from legacy_import.stages.rollback.rollback import rollback
from tests.factories import NOW
from tests.properties.schools import SESSIONS, School
from tests.stages.commit.book import own_rows
from tests.stages.commit.invariants import CHECKS, broken

pytestmark = pytest.mark.django_db

COURSE = {"formation_id": "1", "session_id": SESSIONS[1], "email": "", "birth_date": ""}
KNOWN = {"full_name": "Nadia Mansouri", "phone": "0661223344", "email": "", "birth_date": None}
LEAD = {**COURSE, "table": "stagiaires", "status": "nouveau", "full_name": "Karim Haddad"}
SCHOOL = School(
    rows=[
        {**LEAD, "phone": "0559446168"},
        {**LEAD, "phone": "0559446168", "table": "archives"},  # follows the first
        {**LEAD, "full_name": "Samira Belkacem", "phone": "0776845160", "status": "Formée"},
        {**LEAD, "full_name": "Nadia Mansouri", "phone": "0661223344", "status": "Confirmer"},
        {**LEAD, "full_name": "", "phone": ""},  # for review
    ],
    known=[("user", KNOWN), ("lead", {**KNOWN, "full_name": "Rim Ferhat", "phone": ""})],
    decisions=[],
)
LOG, ROWS = "legacy_import_commit_logs", "legacy_student_imports"
OF_LEAD = "action = 'create_crm_lead'"
# Check → what breaks it.
DAMAGE = {
    "every_record_has_exactly_one_entry": (
        f"UPDATE {LOG} SET created_target = 0 WHERE action = 'create_enrollment'"
    ),
    "every_entry_of_a_creation_has_its_record": "DELETE FROM legacy_completed_trainings",
    "nothing_undone_is_still_there": (
        f"UPDATE {LOG} SET reversed_at = created_at, reversal_outcome = 'deleted' WHERE {OF_LEAD}"
    ),
    "the_log_says_the_outcome_of_each_row": (
        f"UPDATE {ROWS} SET outcome = 'pending' WHERE outcome = 'review' "
        "OR outcome = 'create_crm_lead'"
    ),
    "what_stands_beside_an_outcome_belongs_to_it": (
        f"UPDATE {LOG} SET action = 'attach_person' WHERE action = 'create_course_interest'"
    ),
    "a_reversal_says_what_became_of_it": (
        f"UPDATE {LOG} SET reversal_outcome = 'deleted' WHERE {OF_LEAD}"
    ),
    "imported_ids_are_those_of_the_log": (
        "UPDATE legacy_training_imports SET imported_enrollment_id = NULL"
    ),
    "records_belong_to_the_person_of_their_row": (
        "UPDATE legacy_imported_enrollments SET user_id = NULL"
    ),
    "committed_is_what_was_planned": (
        f"UPDATE {ROWS} SET planned_action = 'review' WHERE outcome = 'create_crm_lead'"
    ),
    "followers_have_the_person_of_their_first_row": (
        f"UPDATE {ROWS} SET imported_lead_id = (SELECT MIN(id) FROM crm_leads WHERE origin IS NULL) "
        "WHERE outcome = 'link_existing'"
    ),
    "nobody_trained_becomes_a_lead": (
        f"UPDATE {ROWS} SET classification = 'completed' WHERE outcome = 'link_existing'"
    ),
    "every_staged_row_has_one_training": (
        f"UPDATE {LOG} SET training_import_id = NULL; DELETE FROM legacy_training_imports"
    ),
    "receipts_count_the_rows_of_the_log": (
        "UPDATE legacy_chunk_receipts SET `rows` = `rows` + 1 WHERE stage = 'commit'"
    ),
    "people_who_are_linked_to_exist": (
        f"UPDATE {LOG} SET target_id = 999999 WHERE action = 'attach_person'"
    ),
}
BY_THE_DATABASE = {"origins_are_unique"}  # no statement gets past its constraint


@pytest.fixture
def committed() -> int:
    run = SCHOOL.planned()
    report = commit(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent(), batch=2)
    assert dict(report.outcomes) == {
        "create_crm_lead": 1, "link_existing": 1, "create_completed_training": 1,
        "create_enrollment": 1, "review": 1,
    }  # fmt: skip
    return run.pk


def test_nothing_is_broken_after_a_commit_and_a_rollback(committed: int) -> None:
    assert broken(own_rows) == []
    rollback(run_id=committed, actor="cli:test", now=NOW, progress=Silent())
    assert broken(own_rows) == []


@pytest.mark.parametrize("check", DAMAGE)
def test_what_is_broken_is_named(check: str, committed: int) -> None:
    with connection.cursor() as cursor:
        for statement in DAMAGE[check].split("; "):
            cursor.execute(statement)
            assert cursor.rowcount > 0
    assert check in {found.partition(":")[0] for found in broken(own_rows)}


def test_every_invariant_is_broken_here() -> None:
    assert {*DAMAGE, *BY_THE_DATABASE} == {check.__name__ for check in CHECKS}
