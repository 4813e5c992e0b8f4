"""Rows of which staff deleted something, and rows under another person's number, in the queue."""

import re
from typing import Any

import pytest
from django.test import Client

from crm.models import CrmLead
from ecoin.identity.masking import mask_phone
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.screens.review.versions import changes_since_import
from tests.factories import RunFactory, StagedLearnerFactory
from tests.review.reviewing import reviewer
from tests.stages.stages import plan_of, run_commit, run_stages

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/legacy-imports/review"
KARIM: dict[str, Any] = {
    "legacy_id": "7", "full_name": "Karim Haddad", "phone": "0559446168",
    "birth_date": "1999-02-03",
}  # fmt: skip
LINA: dict[str, Any] = KARIM | {
    "full_name": "Lina Saadi",
    "phone": "0776845160",
    "birth_date": "2001-05-30",
}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(reviewer())
    return client


def staged(run: LegacyImportRun, *rows: dict[str, Any]) -> list[LegacyStudentImport]:
    learners = [StagedLearnerFactory(run=run, **fields) for fields in rows]
    run_stages(run)
    for learner in learners:
        learner.refresh_from_db()
    return learners


@pytest.fixture
def first() -> LegacyImportRun:
    run = RunFactory()
    staged(run, KARIM, KARIM | {"legacy_id": "8", "full_name": "Amel Ziani", "phone": "0661223344"})
    run_commit(run)
    return run


@pytest.fixture
def deleted(first: LegacyImportRun) -> LegacyStudentImport:
    """The row of a lead that staff deleted, in the next run."""
    CrmLead.objects.get(origin="legacy:stagiaires:7:lead").delete()
    return staged(RunFactory(previous_run=first), KARIM)[0]


@pytest.fixture
def another(first: LegacyImportRun) -> LegacyStudentImport:
    """Lina's row under Karim's number, in the next run."""
    return staged(RunFactory(previous_run=first), LINA)[0]


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def opened(client: Client, row: LegacyStudentImport, language: str = "en") -> Any:
    return client.get(
        ADDRESS, {"run": row.legacy_import_run_id, "row": row.pk, "focus": "all"}, secure=True,
        headers={"accept-language": language},
    )  # fmt: skip


def decide(client: Client, row: LegacyStudentImport, decision: str) -> Any:
    fields = {"filter": "focus=all", "version": row.version, "decision": decision}
    return client.post(
        f"{ADDRESS}/{row.pk}/decide", fields, secure=True, headers={"accept-language": "en"}
    )


def test_what_staff_deleted_is_said_and_can_be_created_again(
    client: Client, deleted: LegacyStudentImport
) -> None:
    page = opened(client, deleted)
    assert "imported before, and deleted on the platform since" in text_of(page)
    assert 'value="create_again"' in page.content.decode()
    assert 'value="another_person"' not in page.content.decode()
    assert decide(client, deleted, "create_again").status_code == 302
    assert LegacyReviewDecision.objects.get().log_entry_id
    run_stages(deleted.legacy_import_run)
    assert plan_of(deleted) == ("create_crm_lead", "new_lead")


def test_another_person_s_number_is_said_and_can_be_imported(
    client: Client, another: LegacyStudentImport
) -> None:
    page = opened(client, another)
    told = text_of(page)
    assert "its number was another person's when that person was imported" in told.replace(
        "&#x27;", "'"
    )
    assert 'value="another_person"' in page.content.decode()
    assert 'value="create_again"' not in page.content.decode()
    assert decide(client, another, "another_person").status_code == 302
    run_stages(another.legacy_import_run)
    assert plan_of(another) == ("create_crm_lead", "new_lead")


def test_a_changed_row_is_compared_with_its_own_import_not_with_that_of_another_person(
    client: Client, another: LegacyStudentImport
) -> None:
    decide(client, another, "another_person")
    run_stages(another.legacy_import_run)
    run_commit(another.legacy_import_run)
    (back,) = staged(RunFactory(), KARIM | {"phone": "0559446199"})
    assert plan_of(back) == ("review", "already_imported_changed")
    changes = changes_since_import(back, back.legacy_import_run)
    assert changes
    assert [(one.column, one.old) for one in changes.values] == [
        ("phone_raw", mask_phone(KARIM["phone"]))
    ]


@pytest.mark.parametrize("decision", ["create_again", "another_person"])
def test_neither_is_decided_where_it_does_not_apply(
    decision: str, client: Client, first: LegacyImportRun
) -> None:
    other = KARIM | {"legacy_id": "9", "full_name": "Omar Cherif", "phone": "", "birth_date": None}
    (row,) = staged(RunFactory(previous_run=first), other)
    assert decide(client, row, decision).status_code == 409
    assert not LegacyReviewDecision.objects.exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "déjà importée, puis supprimée"), ("ar", "استُورد من قبل، وحُذف من المنصة")],
)
def test_the_reason_is_translated(
    language: str, words: str, client: Client, deleted: LegacyStudentImport
) -> None:
    assert words in text_of(opened(client, deleted, language))


def test_many_are_decided_at_once(client: Client, first: LegacyImportRun) -> None:
    CrmLead.objects.all().delete()
    amel = KARIM | {"legacy_id": "8", "full_name": "Amel Ziani", "phone": "0661223344"}
    run = RunFactory(previous_run=first)
    rows = staged(run, KARIM, amel)
    query = "focus=all&planned_reason=imported_deleted"
    fields = {
        "run": run.pk, "filter": query, "decision": "create_again", "scope": "all", "expected": 2,
    }  # fmt: skip
    answer = client.post(f"{ADDRESS}/bulk", fields, secure=True)
    assert answer.status_code == 302
    entries = LegacyReviewDecision.objects.values_list("log_entry_id", flat=True)
    assert len(set(entries)) == 2
    run_stages(run)
    assert {plan_of(row)[0] for row in rows} == {"create_crm_lead"}
