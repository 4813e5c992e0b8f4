"""`/admin/legacy-imports/status-mapping`: unknown statuses as typed, masked, each defined once."""

from typing import Any

import pytest
from django.test import Client

from legacy_import.models import LegacyStatusMapping, LegacyStudentImport
from tests.factories import CourseMappingFactory, RunFactory, StagedLearnerFactory
from tests.screens.mapping.test_course_views import VISITORS, mapper, signed_in, text
from tests.stages.stages import plan_of, run_stages

pytestmark = pytest.mark.django_db

LIST = "/admin/legacy-imports/status-mapping"


@pytest.fixture
def client() -> Client:
    return signed_in(mapper("map", "review", username="meriem"))


@pytest.fixture
def run() -> Any:
    """A planned run: three rows of one unknown status, one with a phone in it, an empty one."""
    started = RunFactory()
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie")
    typed = ("Abandon", "Abandon", "ABANDON ", "rappeler 0661234567", "", "Formée")
    for legacy_id, status in enumerate(typed, 1):
        StagedLearnerFactory(run=started, legacy_id=str(legacy_id), status=status, formation_id="7")
    run_stages(started)
    started.refresh_from_db()
    return started


def of(key: str) -> LegacyStatusMapping:
    return LegacyStatusMapping.objects.get(status_key=key)


def decide(client: Client, key: str, decision: str, **fields: Any) -> Any:
    mapping = of(key)
    sent = {"decision": decision, "version": mapping.version, **fields}
    return client.post(f"{LIST}/{mapping.pk}/decide", sent)


@pytest.mark.parametrize(("visitor", "expected"), VISITORS.values(), ids=VISITORS)
@pytest.mark.parametrize("page", ["", "/{pk}"])
def test_who_may_open_it(run: Any, visitor: Any, expected: int, page: str) -> None:
    answer = signed_in(visitor()).get(LIST + page.format(pk=of("abandon").pk))
    assert answer.status_code == expected
    if expected == 200:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("place", ["/{pk}/decide", "/again"])
def test_nobody_else_changes_anything_and_no_token_no_change(run: Any, place: str) -> None:
    address = LIST + place.format(pk=of("abandon").pk)
    assert signed_in(None).post(address).status_code == 302
    assert signed_in(mapper("view", "review")).post(address).status_code == 403
    assert signed_in(mapper("map"), enforce_csrf_checks=True).post(address).status_code == 403
    assert not LegacyStatusMapping.objects.exclude(version=1).exists()


def test_the_list_shows_each_status_once_with_its_rows_those_with_most_first(
    client: Client, run: Any
) -> None:
    page = text(client.get(LIST))
    assert "Abandon 333 meaning not defined yet" in page
    assert page.index("Abandon") < page.index("rappeler 06•• ••• 567")
    assert "(no status) 111" in page
    assert "Formée" not in page
    assert "0661234567" not in client.get(LIST).content.decode()


def test_the_list_is_searched_and_filtered(client: Client, run: Any) -> None:
    assert "rappeler" not in text(client.get(f"{LIST}?q=abandon"))
    assert "Abandon" in text(client.get(f"{LIST}?q=Abandon"))
    decide(client, "abandon", "lead_only")
    assert "rappeler" not in text(client.get(f"{LIST}?state=lead_only"))
    assert "Abandon 3" not in text(client.get(f"{LIST}?state=to_define"))


def test_the_page_shows_spellings_first_rows_and_what_each_meaning_frees(
    client: Client, run: Any
) -> None:
    page = text(client.get(f"{LIST}/{of('abandon').pk}"))
    for words in (
        "As typed in this run: Abandon (2) · ABANDON (1)", "stagiaires 1", "stagiaires 3",
        "A completed training → frees 3 rows (create a completed training: 3)",
        "A registration → frees no row", "A lead only → frees 3 rows (create a course interest: 3)",
    ):  # fmt: skip
        assert words in page
    assert (
        f"run={run.pk}&amp;focus=all&amp;row="
        in client.get(f"{LIST}/{of('abandon').pk}").content.decode()
    )
    masked = client.get(f"{LIST}/{of('rappeler (contact)').pk}").content.decode()
    assert "0661234567" not in masked
    assert "rappeler 06•• ••• 567" in masked


def test_who_may_not_review_is_not_sent_to_the_queue(run: Any) -> None:
    page = signed_in(mapper("map")).get(f"{LIST}/{of('abandon').pk}").content.decode()
    assert "legacy-imports/review" not in page


def test_defining_and_evaluating_again_frees_the_rows(client: Client, run: Any) -> None:
    answer = decide(client, "abandon", "completed", note="vu avec la direction")
    assert answer.status_code == 302
    page = text(client.get(LIST))
    assert "Abandon: completed training. Rows to be evaluated again: 3 in run" in page
    client.post(f"{LIST}/again?run={run.pk}")
    rows = LegacyStudentImport.objects.filter(status_key="abandon")
    assert {plan_of(row) for row in rows} == {("create_completed_training", "history")}
    page = text(client.get(f"{LIST}/{of('abandon').pk}"))
    assert "Decisions about it completed training – vu avec la direction meriem" in page
    assert "Undo this decision → 3 rows need review again" in page
    decide(client, "abandon", "undo")
    assert of("abandon").classification is None


@pytest.mark.parametrize("decision", ["unknown", "confirm", "real_session", ""])
def test_a_forged_meaning_is_refused(client: Client, run: Any, decision: str) -> None:
    assert decide(client, "abandon", decision).status_code == 400
    assert of("abandon").version == 1


def test_a_note_with_a_contact_is_refused(client: Client, run: Any) -> None:
    answer = decide(client, "abandon", "lead_only", note="appeler 0661234567")
    assert answer.status_code == 400
    assert of("abandon").classification is None


def test_two_people_at_once(client: Client, run: Any) -> None:
    mapping = of("abandon")
    decide(client, "abandon", "completed")
    late = client.post(f"{LIST}/{mapping.pk}/decide", {"decision": "lead_only", "version": 1})
    assert late.status_code == 409
    assert "Another user was faster" in text(late)
    assert of("abandon").classification == "completed"


def test_there_is_no_bulk(client: Client, run: Any) -> None:
    assert client.get(f"{LIST}/confirm-all", follow=True).status_code == 404
