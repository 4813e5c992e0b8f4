"""Two people under one row number: each record leads to the row of its own person."""

from typing import Any

import pytest
from django.test import Client

from crm.models import CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.screens.lineage.trace import lineage_of_origin
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.review.reviewing import reviewer, say
from tests.stages.stages import run_commit, run_stages
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

FIRST, SECOND = "legacy:stagiaires:7", "legacy:stagiaires:7#2"
KARIM: dict[str, Any] = {
    "legacy_id": "7", "full_name": "Karim Haddad", "phone": "0559446168",
    "birth_date": "1999-02-03", "formation_id": "7", "session_id": "42",
}  # fmt: skip
LINA: dict[str, Any] = KARIM | {
    "full_name": "Lina Saadi",
    "phone": "0776845160",
    "birth_date": "2001-05-30",
}


def committed(
    before: LegacyImportRun | None, fields: dict[str, Any], decision: ReviewDecision | None = None
) -> LegacyStudentImport:
    """The row in a run of its own, decided about and committed."""
    run = RunFactory(previous_run=before)
    row: LegacyStudentImport = StagedLearnerFactory(run=run, **fields)
    run_stages(run)
    if decision:
        say(row, decision, reviewer())
        run_stages(run)
    run_commit(run)
    row.refresh_from_db()
    return row


def two_people(**fields: Any) -> tuple[LegacyStudentImport, LegacyStudentImport]:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    karim = committed(None, KARIM | fields)
    lina = committed(karim.legacy_import_run, LINA | fields, ReviewDecision.ANOTHER_PERSON)
    return karim, lina


def test_each_record_leads_to_its_own_person() -> None:
    karim, lina = two_people()
    first, second = lineage_of_origin(f"{FIRST}:lead"), lineage_of_origin(f"{SECOND}:lead")
    assert first is not None
    assert second is not None
    assert (first.row.pk, second.row.pk) == (karim.pk, lina.pk)
    assert {entry.log.student_import_id for entry in first.entries} == {karim.pk}
    assert {entry.log.student_import_id for entry in second.entries} == {lina.pk}
    assert not first.decisions
    assert [one.decision for one in second.decisions] == [ReviewDecision.ANOTHER_PERSON]


@pytest.mark.parametrize("origin", [f"{FIRST}#3:lead", f"{FIRST}#:lead", f"{FIRST}#2"])
def test_a_number_that_no_one_has_leads_nowhere(origin: str) -> None:
    two_people()
    assert lineage_of_origin(origin) is None


def test_the_page_and_the_list_of_learners_lead_there() -> None:
    _, lina = two_people()
    client = Client()
    client.force_login(reviewer())
    listed = client.get(
        "/admin/legacy-imports/students", {"run": lina.legacy_import_run_id}, secure=True
    )
    address = "/admin/legacy-imports/lineage?origin=legacy%3Astagiaires%3A7%232%3Alead"
    assert address in listed.content.decode()
    page = client.get(address, secure=True)
    assert page.status_code == 200
    assert "Lina" in page.content.decode()
    assert "Karim" not in page.content.decode()


def test_history_of_the_second_person_has_a_learner_key_of_its_own() -> None:
    two_people(status="Formée")
    assert not CrmLead.objects.exists()
    keys = dict(LegacyCompletedTraining.objects.values_list("learner_name", "learner_key"))
    assert keys == {"Karim Haddad": FIRST, "Lina Saadi": SECOND}
