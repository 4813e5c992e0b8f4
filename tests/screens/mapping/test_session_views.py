"""`/admin/legacy-imports/session-mapping`: what it shows, what it confirms, what it never makes real."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.models import LegacySessionMapping, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.screens.mapping.test_course_views import VISITORS, mapper, signed_in, text
from tests.stages.stages import plan_of, run_stages
from trainings.models import Session

pytestmark = pytest.mark.django_db

LIST = "/admin/legacy-imports/session-mapping"
PHONE, EMAIL, NAME = "0559446168", "karim.haddad@exemple.dz", "Karim Haddad"


@pytest.fixture
def client():
    return signed_in(mapper("map", username="meriem"))


@pytest.fixture
def run():
    """A planned run: two registrations wait for session 40, one is parked under 235."""
    started = RunFactory()
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie")
    SessionMappingFactory(legacy_session_id="40", legacy_code="INF-2019", legacy_formation_id="7",
                          starts_on_raw="2019-01-06", ends_on_raw="0000-00-00")  # fmt: skip
    SessionMappingFactory(legacy_session_id="235", legacy_code="PARK", legacy_formation_id="7",
                          session_type="waiting_placeholder", rule="session:placeholder_id")  # fmt: skip
    SessionMappingFactory(legacy_session_id="50", legacy_code="Session-Attente",
                          legacy_formation_id="7", session_type="waiting_placeholder",
                          rule="session:waiting_code")  # fmt: skip
    for legacy_id, session in (("1", "40"), ("2", "40"), ("3", "235")):
        StagedLearnerFactory(run=started, legacy_id=legacy_id, status="Confirmer", full_name=NAME,
                             formation_id="7", session_id=session, phone=PHONE, email=EMAIL)  # fmt: skip
    run_stages(started)
    started.refresh_from_db()
    return started


def of(legacy_id: str) -> LegacySessionMapping:
    return LegacySessionMapping.objects.get(legacy_session_id=legacy_id)


def decide(client: Client, legacy_id: str, decision: str, **fields: Any) -> Any:
    mapping = of(legacy_id)
    said = {"decision": decision, "version": mapping.version, **fields}
    return client.post(f"{LIST}/{mapping.pk}/decide", said)


@pytest.mark.parametrize(("visitor", "expected"), VISITORS.values(), ids=VISITORS)
@pytest.mark.parametrize("page", ["", "/confirm-all", "/{pk}"])
def test_who_may_open_it(run, visitor, expected, page):
    answer = signed_in(visitor()).get(LIST + page.format(pk=of("40").pk))
    assert answer.status_code == expected
    if expected == 200:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("place", ["/{pk}/decide", "/confirm-all", "/again"])
def test_nobody_else_changes_anything_and_no_token_no_change(run, place):
    address = LIST + place.format(pk=of("40").pk)
    assert signed_in(None).post(address).status_code == 302
    assert signed_in(mapper("view", "review")).post(address).status_code == 403
    assert signed_in(mapper("map"), enforce_csrf_checks=True).post(address).status_code == 403
    assert not LegacySessionMapping.objects.exclude(version=1).exists()


def test_the_list_shows_dates_as_found_the_rule_and_what_confirming_frees(client, run):
    page = text(client.get(LIST))
    assert page.index("INF-2019") < page.index("PARK")
    for words in (
        "2019-01-06", "0000-00-00", "Infographie", "real, to be confirmed",
        "its code contains Session-Attente", "never real", "Confirm 1 real session…",
        "the session is not confirmed as real yet",
    ):  # fmt: skip
        assert words in page
    assert "Confirming it as real frees 2 rows." in text(client.get(f"{LIST}/{of('40').pk}"))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=to_confirm", ["INF-2019"]),
        ("state=waiting_placeholder", ["PARK", "Session-Attente"]),
        ("q=infographie", ["INF-2019", "PARK", "Session-Attente"]),
        ("q=park", ["PARK"]),
        ("q=235", ["PARK"]),
    ],
)
def test_the_list_can_be_filtered(client, run, query, shown):
    page = client.get(f"{LIST}?{query}").content.decode()
    assert re.findall(r'<th scope="row"><bdi dir="ltr">(.*?)</bdi>', page) == shown


def test_confirming_and_judging_again_frees_the_rows(client, run):
    answer = decide(client, "40", "real_session", note="vu au registre")
    assert answer.status_code == 302
    assert of("40").confirmed_by.username == "meriem"
    client.post(f"{LIST}/again?run={run.pk}")
    rows = LegacyStudentImport.objects.order_by("legacy_id")
    assert [plan_of(row)[1] for row in rows] == ["registration", "registration", "session_waiting"]
    assert Session.objects.count() == 0, "no cohort was created"
    page = text(client.get(f"{LIST}/{of('40').pk}"))
    assert "Decisions about it confirmed real – vu au registre meriem" in page
    for place in (LIST, f"{LIST}/{of('40').pk}"):
        assert "Reason: vu au registre" in text(client.get(place))
    decide(client, "40", "undo")
    assert "Reason: vu" not in text(client.get(LIST))


@pytest.mark.parametrize("legacy_id", ["1", "2", "235"])
def test_the_three_placeholders_never_become_real_not_even_by_a_forged_post(client, run, legacy_id):
    LegacySessionMapping.objects.filter(legacy_session_id="235").update(legacy_session_id=legacy_id)
    page = client.get(f"{LIST}/{of(legacy_id).pk}").content.decode()
    assert 'value="real_session"' not in page
    answer = decide(client, legacy_id, "real_session", note="je suis sûr")
    assert answer.status_code == 400
    assert "these three never become real sessions" in text(answer)
    assert of(legacy_id).session_type == "waiting_placeholder"
    assert of(legacy_id).confirmed_at is None


def test_a_contradiction_of_the_rule_needs_a_reason(client, run):
    answer = decide(client, "50", "real_session")
    assert answer.status_code == 400
    assert "Give the reason" in text(answer)
    assert decide(client, "50", "real_session", note="vraie session").status_code == 302
    assert of("50").session_type == "real_session"
    assert decide(client, "50", "undo").status_code == 302
    assert (of("50").session_type, of("50").confirmed_at) == ("waiting_placeholder", None)


FORGED: dict[str, dict[str, Any]] = {
    "no-decision": {"decision": ""},
    "none-is-no-answer": {"decision": "none"},
    "no-version": {"version": ""},
    "an-endless-version": {"version": "9" * 300},
    "a-phone-in-the-reason": {"note": PHONE},
    "an-address-in-the-reason": {"note": EMAIL},
    "an-endless-reason": {"note": "x" * 300},
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED)
def test_forged_fields_change_nothing(client, run, fields):
    assert (
        decide(client, "40", **{"decision": "unknown", "note": "ok", **fields}).status_code == 400
    )
    assert (of("40").session_type, of("40").version) == ("real_session", 1)


def test_the_slower_of_two_people_is_told(client, run):
    mapping = of("40")
    decide(signed_in(mapper("map", username="yacine")), "40", "unknown", note="registre perdu")
    answer = client.post(f"{LIST}/{mapping.pk}/decide",
                         {"decision": "real_session", "version": mapping.version})  # fmt: skip
    assert answer.status_code == 409
    assert "by yacine" in text(answer)
    assert of("40").session_type == "unknown"


def test_the_bulk_names_how_many_it_frees_and_counts_again(client, run):
    page = client.get(f"{LIST}/confirm-all")
    fields = dict(re.findall(r'name="(expected|stamp)" value="([^"]*)"', page.content.decode()))
    assert "1 session will be confirmed as real" in text(page)
    assert f"This frees 2 rows of run {run.pk}." in text(page)
    another = SessionMappingFactory(legacy_code="INF-2020", legacy_formation_id="7")
    assert client.post(f"{LIST}/confirm-all", fields).status_code == 409
    another.delete()
    assert "1 session confirmed real." in text(
        client.post(f"{LIST}/confirm-all", {**fields, "note": "registre"}, follow=True)
    )
    assert of("40").confirmed_at is not None
    assert of("235").confirmed_at is None


def test_a_mapping_of_another_source_is_not_to_be_seen_from_this_run(client, run):
    foreign = SessionMappingFactory(connection_name="other")
    assert client.get(f"{LIST}/{foreign.pk}").status_code == 404
    assert client.post(f"{LIST}/{foreign.pk}/decide").status_code == 404


def test_a_hostile_reason_stays_text(client, run):
    decide(client, "40", "real_session", note="<script>alert(1)</script>\u202e" + "x" * 200)
    for place in (LIST, f"{LIST}/{of('40').pk}"):
        page = client.get(place).content.decode()
        assert "Reason: <bdi>&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page


def test_no_learner_is_shown_anywhere(client, run):
    for page in (LIST, f"{LIST}/{of('40').pk}", f"{LIST}/confirm-all"):
        content = client.get(page).content.decode()
        for secret in (PHONE, PHONE[1:], EMAIL, NAME):
            assert secret not in content


def test_without_a_run_it_says_how_to_start(client):
    assert "legacy_import" in text(client.get(LIST))


def test_pages_ask_a_bounded_number_of_questions(client, run):
    def questions(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    addresses = (LIST, f"{LIST}/{of('40').pk}", f"{LIST}/confirm-all")
    before = [questions(address) for address in addresses]
    for number in range(300, 360):
        SessionMappingFactory(legacy_session_id=str(number), legacy_formation_id="7",
                              confirmed_by=UserFactory())  # fmt: skip
    assert questions(LIST) <= before[0] + 24, "mappings changed elsewhere: weighed anew, once"
    after = [questions(address) for address in addresses]
    assert all(now <= was for now, was in zip(after, before, strict=True))
    assert max(after) <= 22
