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
    """A planned run: two registrations wait for session 40, where one was trained; one is parked
    under 235.
    """
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
    StagedLearnerFactory(run=started, legacy_id="9", status="Formée", formation_id="7",
                         session_id="40")  # fmt: skip
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
    page = text(client.get(f"{LIST}/{of('40').pk}"))
    assert "A real session → frees 2 rows (create an imported enrolment: 2)" in page


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
    rows = LegacyStudentImport.objects.filter(legacy_id__lte="3").order_by("legacy_id")
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


RECOMMENDED = {
    "real": ({"legacy_code": "INF-2024"}, "real_session", True),
    "one of the three": (
        {"legacy_session_id": "2", "session_type": "waiting_placeholder",
         "rule": "session:placeholder_id"}, "waiting_placeholder", False,
    ),
    "a waiting code": (
        {"legacy_code": "Session Attente", "session_type": "waiting_placeholder",
         "rule": "session:waiting_code"}, "waiting_placeholder", True,
    ),
    "waiting in other words": (
        {"legacy_code": "Liste d'attente", "session_type": "unknown",
         "rule": "session:waiting_words"}, "waiting_placeholder", True,
    ),
    "reads like waiting": ({"legacy_code": "Liste PAO"}, "waiting_placeholder", True),
    "no course": (
        {"legacy_formation_id": "", "session_type": "waiting_placeholder",
         "rule": "session:no_formation"}, "waiting_placeholder", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "recommended", "may_be_real"), RECOMMENDED.values(), ids=RECOMMENDED
)
def test_a_waiting_list_is_not_recommended_as_a_real_session(
    client, run, fields, recommended, may_be_real
):
    session = SessionMappingFactory(
        **{"legacy_session_id": "77", "legacy_formation_id": "7", **fields}
    )
    run_stages(run)
    page = client.get(f"{LIST}/{session.pk}").content.decode()
    buttons = re.findall(r'<button class="([^"]*)" name="decision" value="(\w+)"', page)
    assert [value for look, value in buttons if "primary" in look] == [recommended]
    assert buttons[0][1] == recommended, "it comes first"
    assert ("real_session" in [value for _look, value in buttons]) == may_be_real
    row = client.get(LIST).content.decode().partition(f"{LIST}/{session.pk}/decide")
    assert bool(row[1]) == (recommended == "real_session"), "one click is for what is recommended"


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
    fields = bulk_fields(page)
    assert "1 session is ticked, to be confirmed as real" in text(page)
    assert f"The ticked ones free 2 rows of run {run.pk}." in text(page)
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
    assert questions(LIST) <= before[0] + 28, "mappings changed elsewhere: weighed anew, once"
    after = [questions(address) for address in addresses]
    assert all(now <= was for now, was in zip(after, before, strict=True))
    assert max(after) <= 28


# --- boxes -------------------------------------------------------------------------------------------


def bulk_fields(page: Any) -> dict[str, Any]:
    """The form of the bulk as the browser would send it: its ticked boxes, among others."""
    content = page.content.decode()
    fields: dict[str, Any] = dict(re.findall(r'name="(expected|stamp)" value="([^"]*)"', content))
    fields["chosen"] = re.findall(r'name="chosen" value="(\d+)" checked', content)
    return fields


def offered(client: Client) -> list[tuple[str, bool]]:
    """(code, ticked) of the sessions in the list of the bulk."""
    content = client.get(f"{LIST}/confirm-all").content.decode()
    ids = re.findall(r'name="chosen" value="(\d+)"( checked)?', content)
    codes = LegacySessionMapping.objects.in_bulk([int(pk) for pk, _ in ids])
    return [(codes[int(pk)].legacy_code, bool(ticked)) for pk, ticked in ids]


DOUBTFUL: dict[str, tuple[dict[str, Any], str]] = {
    "words": ({"legacy_code": "Liste INF"}, "its code reads like a waiting list"),
    "waiting words": (
        {"legacy_code": "Attente INF", "rule": "session:waiting_words", "session_type": "unknown"},
        "its code reads like a waiting list",
    ),
    "blank": ({"legacy_code": " - ", "rule": "session:real_without_code"}, "no code"),
    "no dates": ({"starts_on_raw": "0000-00-00", "ends_on_raw": ""}, "no dates"),
    "to come": ({"starts_on_raw": "2033-01-06"}, "dates to come"),
}


@pytest.mark.parametrize(("values", "words"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubtful_sessions_come_first_and_are_not_ticked(client, run, values, words):
    given = {"legacy_code": "INF-2018", "starts_on_raw": "2018-01-06", **values}
    SessionMappingFactory(legacy_session_id="60", legacy_formation_id="7", **given)
    StagedLearnerFactory(run=run, legacy_id="60", status="Formée", session_id="60")
    run_stages(run)
    page = text(client.get(f"{LIST}/confirm-all"))
    assert offered(client) == [(given["legacy_code"], False), ("INF-2019", True)]
    assert words in page
    assert "no one was trained in it" not in page
    assert "1 is doubtful: it comes first and is not ticked." in page


def test_a_session_in_which_no_one_was_trained_is_doubtful_and_shows_its_number(client, run):
    SessionMappingFactory(legacy_session_id="60", legacy_formation_id="7", legacy_code="INF-2018",
                          starts_on_raw="2018-01-06")  # fmt: skip
    page = client.get(f"{LIST}/confirm-all")
    assert offered(client) == [("INF-2018", False), ("INF-2019", True)]
    assert "no one was trained in it" in text(page)
    # Rows, trained learners, rows freed.
    assert '<td class="li-num">3</td><td class="li-num">1</td><td class="li-num">2</td>' in (
        page.content.decode()
    )


def test_only_the_ticked_sessions_are_confirmed(client, run):
    SessionMappingFactory(legacy_session_id="60", legacy_formation_id="7", legacy_code="INF-2018")
    page = client.get(f"{LIST}/confirm-all")
    answer = client.post(f"{LIST}/confirm-all", bulk_fields(page), follow=True)
    assert "1 session confirmed real." in text(answer)
    assert of("40").confirmed_at is not None
    assert of("60").confirmed_at is None
    assert offered(client) == [("INF-2018", False)]


def test_nothing_ticked_confirms_nothing(client, run):
    fields = bulk_fields(client.get(f"{LIST}/confirm-all")) | {"chosen": []}
    answer = client.post(f"{LIST}/confirm-all", fields)
    assert answer.status_code == 400
    assert "Nothing is ticked" in text(answer)
    assert of("40").confirmed_at is None


def test_a_code_about_waiting_is_confirmed_with_a_reason_only(client, run):
    SessionMappingFactory(legacy_session_id="60", legacy_formation_id="7",
                          legacy_code="Attente INF", session_type="unknown",
                          rule="session:waiting_words")  # fmt: skip
    fields = bulk_fields(client.get(f"{LIST}/confirm-all"))
    fields["chosen"] = [str(of("40").pk), str(of("60").pk)]
    answer = client.post(f"{LIST}/confirm-all", fields)
    assert answer.status_code == 400
    assert "Give the reason" in text(answer)
    assert len(re.findall(r'name="chosen" value="\d+" checked', answer.content.decode())) == 2
    assert not LegacySessionMapping.objects.exclude(confirmed_at=None).exists()
    answer = client.post(f"{LIST}/confirm-all", {**fields, "note": "vu au registre"}, follow=True)
    assert "2 sessions confirmed real." in text(answer)
    assert (of("60").session_type, of("60").answer_version) == ("real_session", 2)
    assert of("40").answer_version == 1


@pytest.mark.parametrize("chosen", ["235", "0", "x", "9" * 30])
def test_a_forged_box_confirms_nothing(client, run, chosen):
    fields = bulk_fields(client.get(f"{LIST}/confirm-all"))
    forged = str(of("235").pk) if chosen == "235" else chosen
    answer = client.post(f"{LIST}/confirm-all", {**fields, "chosen": [forged]})
    assert answer.status_code in (400, 409)
    assert not LegacySessionMapping.objects.exclude(confirmed_at=None).exists()


def test_a_long_list_has_pages_and_each_is_confirmed_by_itself(client, run, monkeypatch):
    monkeypatch.setattr("legacy_import.screens.mapping.listing.MOST_BOXES", 1)
    SessionMappingFactory(legacy_session_id="60", legacy_formation_id="7", legacy_code="INF-2018")
    assert offered(client) == [("INF-2018", False)]
    second = client.get(f"{LIST}/confirm-all?page=2")
    assert "Page 2 of 2" in text(second)
    fields = bulk_fields(second)
    assert fields["chosen"] == [str(of("40").pk)]
    assert client.post(f"{LIST}/confirm-all", {**fields, "page": "2"}).status_code == 302
    assert of("40").confirmed_at is not None


# --- releasing ---------------------------------------------------------------------------------------


def test_history_of_a_waiting_session_is_released_on_its_page(client, run):
    for legacy_id in ("20", "21"):
        StagedLearnerFactory(run=run, legacy_id=legacy_id, status="Formée", formation_id="7",
                             session_id="235")  # fmt: skip
    run_stages(run)
    page = text(client.get(f"{LIST}/{of('235').pk}"))
    assert (
        "Still waiting: record its history without a session → frees 2 rows "
        "(create a completed training: 2)" in page
    )
    answer = decide(client, "235", "released")
    assert answer.status_code == 302
    assert "waiting list, history released" in text(client.get(f"{LIST}?state=released"))
    assert "PARK" in text(client.get(f"{LIST}?state=released"))
    client.post(f"{LIST}/again?run={run.pk}")
    rows = LegacyStudentImport.objects.filter(legacy_session_id="235").order_by("legacy_id")
    assert [plan_of(row)[1] for row in rows] == ["history", "history", "session_waiting"]
    page = text(client.get(f"{LIST}/{of('235').pk}"))
    assert "Undo this decision → 2 rows need review again" in page
    assert "history released" in page
    decide(client, "235", "undo")
    assert (of("235").history_released, of("235").confirmed_at) == (False, None)


def test_a_real_session_has_nothing_to_release(client, run):
    assert 'value="released"' not in client.get(f"{LIST}/{of('40').pk}").content.decode()
    answer = decide(client, "40", "released")
    assert answer.status_code == 400
    assert "there is nothing to release" in text(answer)
    assert not of("40").history_released
