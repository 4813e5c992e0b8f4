"""`…/course-mapping/conflicts`: the pairs of a course and a session of another, each settled once."""

from typing import Any

import pytest
from django.test import Client

from legacy_import.models import LegacyCourseConflict, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.screens.mapping.test_course_views import VISITORS, mapper, signed_in, text
from tests.stages.stages import plan_of, run_stages

pytestmark = pytest.mark.django_db

COURSES = "/admin/legacy-imports/course-mapping"
LIST = f"{COURSES}/conflicts"


@pytest.fixture
def client() -> Client:
    return signed_in(mapper("map", username="meriem"))


@pytest.fixture
def run() -> Any:
    """A planned run: two rows of Infographie, one registered, in a session of Anglais."""
    started = RunFactory()
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie")
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Anglais 0661234567")
    SessionMappingFactory(legacy_session_id="40", legacy_code="ANG-2019", legacy_formation_id="8")
    for legacy_id, status in (("1", "Formée"), ("2", "Formée"), ("3", "Confirmer")):
        StagedLearnerFactory(run=started, legacy_id=legacy_id, status=status, formation_id="7",
                             session_id="40")  # fmt: skip
    run_stages(started)
    started.refresh_from_db()
    return started


def pair() -> LegacyCourseConflict:
    return LegacyCourseConflict.objects.get()


def decide(client: Client, decision: str, **fields: Any) -> Any:
    sent = {"decision": decision, "version": pair().version, **fields}
    return client.post(f"{LIST}/{pair().pk}/decide", sent)


@pytest.mark.parametrize(("visitor", "expected"), VISITORS.values(), ids=VISITORS)
@pytest.mark.parametrize("page", ["", "/{pk}"])
def test_who_may_open_it(run: Any, visitor: Any, expected: int, page: str) -> None:
    answer = signed_in(visitor()).get(LIST + page.format(pk=pair().pk))
    assert answer.status_code == expected


@pytest.mark.parametrize("place", ["/{pk}/decide", "/again"])
def test_nobody_else_changes_anything_and_no_token_no_change(run: Any, place: str) -> None:
    address = LIST + place.format(pk=pair().pk)
    assert signed_in(None).post(address).status_code == 302
    assert signed_in(mapper("view", "review")).post(address).status_code == 403
    assert signed_in(mapper("map"), enforce_csrf_checks=True).post(address).status_code == 403
    assert pair().version == 1


def test_the_course_page_leads_to_the_pairs_with_their_rows(client: Client, run: Any) -> None:
    page = client.get(COURSES)
    assert "3 rows refer to a course and to a session of another course…" in text(page)
    assert f'href="{LIST}?run={run.pk}"' in page.content.decode()
    listed = text(client.get(LIST))
    assert "Infographie / ANG-2019" in listed
    assert "Anglais 06•• ••• 567" in listed
    assert "0661234567" not in client.get(LIST).content.decode()
    assert 'aria-current="page"' in client.get(LIST).content.decode()


def test_the_page_shows_both_courses_and_what_each_answer_frees(client: Client, run: Any) -> None:
    page = client.get(f"{LIST}/{pair().pk}")
    words = text(page)
    for expected in (
        "Course of the row: Infographie", "Session: ANG-2019",
        "Course of the session: Anglais 06•• ••• 567",
        "The course of the row → frees 2 rows (create a completed training: 2)",
        "The course of the session → frees 2 rows (create a completed training: 2)",
    ):  # fmt: skip
        assert expected in words
    assert "0661234567" not in page.content.decode()


def test_settling_and_evaluating_again_frees_the_rows(client: Client, run: Any) -> None:
    assert decide(client, "course_of_session", note="vu au registre").status_code == 302
    page = text(client.get(LIST))
    assert "Infographie / ANG-2019: course of the session." in page
    client.post(f"{LIST}/again?run={run.pk}")
    rows = LegacyStudentImport.objects.order_by("legacy_id")
    assert [plan_of(row)[1] for row in rows] == ["history", "history", "session_not_confirmed"]
    page = text(client.get(f"{LIST}/{pair().pk}"))
    assert "Decisions about it course of the session – vu au registre meriem" in page
    assert "Undo this decision → 2 rows need review again" in page
    assert decide(client, "undo").status_code == 302
    assert pair().answer is None


@pytest.mark.parametrize("decision", ["confirm", "unknown", ""])
def test_a_forged_answer_is_refused(client: Client, run: Any, decision: str) -> None:
    assert decide(client, decision).status_code == 400
    assert pair().version == 1


def test_two_people_at_once(client: Client, run: Any) -> None:
    number = pair().pk
    decide(client, "course_of_row")
    late = {"decision": "course_of_session", "version": 1}
    assert client.post(f"{LIST}/{number}/decide", late).status_code == 409
    assert pair().answer == "course_of_row"
