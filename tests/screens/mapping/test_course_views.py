"""`/admin/legacy-imports/course-mapping`: who may use it, what it shows, what it refuses."""

import gzip
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from legacy_import.choices import CourseMappingStatus
from legacy_import.models import FacetCount, LegacyCourseMapping, LegacyStudentImport
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import plan_of, run_stages
from trainings.models import Course

pytestmark = pytest.mark.django_db

LIST = "/admin/legacy-imports/course-mapping"
PHONE, EMAIL, NAME = "0559446168", "karim.haddad@exemple.dz", "Karim Haddad"


def mapper(*codenames: str, **values: Any) -> Any:
    user = UserFactory(is_staff=True, **values)
    for codename in codenames:
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label="legacy_imports", codename=codename)
        )
    return user


def signed_in(user: Any, **options: Any) -> Client:
    client = Client(headers={"accept-language": "en"}, **options)
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def client():
    return signed_in(mapper("map", username="meriem"))


@pytest.fixture
def run():
    """A planned run: two rows wait for the course PAO, one is about the suggested course Gestion."""
    started = RunFactory()
    course = CourseFactory(name="Gestion", code="GES")
    CourseMappingFactory(legacy_formation_id="7", legacy_name="PAO", course=None,
                         status="unmapped", rule="course:no_exact_name")  # fmt: skip
    CourseMappingFactory(legacy_formation_id="8", legacy_name="GESTION", course=course,
                         status="suggested", rule="course:exact_name")  # fmt: skip
    for legacy_id, formation in (("1", "7"), ("2", "7"), ("3", "8")):
        StagedLearnerFactory(run=started, legacy_id=legacy_id, status="Formée", full_name=NAME,
                             formation_id=formation, phone=PHONE, email=EMAIL)  # fmt: skip
    run_stages(started)
    started.refresh_from_db()
    return started


def of(name: str) -> LegacyCourseMapping:
    return LegacyCourseMapping.objects.get(legacy_name=name)


def decide(client: Client, mapping: LegacyCourseMapping, decision: str, **fields: Any) -> Any:
    said = {"decision": decision, "version": mapping.version, **fields}
    return client.post(f"{LIST}/{mapping.pk}/decide", said)


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


# --- Who may use it ----------------------------------------------------------------------------------

PAGES = ("", "/confirm-all", "/{pk}")
POSTS = ("/{pk}/decide", "/confirm-all", "/again")
VISITORS: dict[str, tuple[Any, int]] = {
    "nobody": (lambda: None, 302),
    "staff-without-permission": (lambda: mapper(), 403),
    "everything-but-map": (
        lambda: mapper("view", "review", "commit", "rollback", "export", "reveal_pii", "view_raw"),
        403,
    ),
    "no-staff-with-map": (lambda: mapper("map"), 200),
}


@pytest.mark.parametrize(("visitor", "expected"), VISITORS.values(), ids=VISITORS)
@pytest.mark.parametrize("page", PAGES)
def test_who_may_open_it(run, visitor, expected, page):
    answer = signed_in(visitor()).get(LIST + page.format(pk=of("PAO").pk))
    assert answer.status_code == expected
    if expected == 200:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("group", ["Reader", "Reviewer", "Manager", "Operator"])
def test_managers_and_operators_map(run, group):
    user = UserFactory()
    user.groups.add(Group.objects.get(name=group))
    assert signed_in(user).get(LIST).status_code == (
        200 if group in ("Manager", "Operator") else 403
    )


@pytest.mark.parametrize("place", POSTS)
@pytest.mark.parametrize("visitor", ["nobody", "staff-without-permission", "everything-but-map"])
def test_nobody_else_changes_anything(run, visitor, place):
    make, expected = VISITORS[visitor]
    answer = signed_in(make()).post(
        LIST + place.format(pk=of("PAO").pk), {"decision": "no_equivalent"}
    )
    assert answer.status_code == expected
    assert not LegacyCourseMapping.objects.exclude(version=1).exists()


@pytest.mark.parametrize("place", POSTS)
def test_a_forged_post_without_its_token_is_refused(run, place):
    client = signed_in(mapper("map"), enforce_csrf_checks=True)
    assert client.post(LIST + place.format(pk=of("PAO").pk)).status_code == 403


@pytest.mark.parametrize("place", ["/{pk}/decide", "/again"])
def test_a_get_changes_nothing(client, run, place):
    answer = client.get(LIST + place.format(pk=of("PAO").pk))
    assert answer.status_code == 302
    assert f"{LIST}{place.format(pk=of('PAO').pk)}".startswith(answer.url)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("?run=99999", 404), ("?run=x", 404), ("/99999", 404), ("/99999/decide", 404),
     ("/", 302), ("/1/", 302)],
)  # fmt: skip
def test_unknown_addresses(client, run, address, expected):
    method = client.post if address.endswith("decide") else client.get
    assert method(LIST + address).status_code == expected


def test_a_mapping_of_another_source_is_not_to_be_seen_from_this_run(client, run):
    foreign = CourseMappingFactory(connection_name="other")
    assert client.get(f"{LIST}/{foreign.pk}").status_code == 404
    assert decide(client, foreign, "no_equivalent").status_code == 404


# --- What it shows -----------------------------------------------------------------------------------


def test_the_list_sorts_by_the_rows_it_would_free_and_says_why(client, run):
    page = text(client.get(LIST))
    assert page.index("PAO") < page.index("GESTION")
    for words in (
        "the old course is not mapped to one of the platform",
        "no course of the platform has this name",
        "same name on the platform",
        "Gestion (GES)",
        "Confirm 1 exact suggestion…",
    ):
        assert words in page


def test_one_course_says_what_choosing_would_free(client, run):
    page = text(client.get(f"{LIST}/{of('PAO').pk}"))
    assert "2 rows of run" in page
    assert "2 wait for it. Choosing a course frees 2 rows." in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("state=suggested", "GESTION", "PAO"),
        ("state=unmapped", "PAO", "GESTION"),
        ("q=gestión", "GESTION", "PAO"),
        ("q=7", "PAO", "GESTION"),
        ("state=nonsense", "PAO", ""),
        (f"q={PHONE}", "PAO", ""),
    ],
)
def test_the_list_can_be_filtered(client, run, query, shown, hidden):
    rows = re.findall(
        r'<th scope="row"><bdi>(.*?)</bdi>', client.get(f"{LIST}?{query}").content.decode()
    )
    assert shown in rows
    assert hidden not in rows
    assert PHONE not in client.get(f"{LIST}?{query}").content.decode()


def test_the_search_among_courses_needs_no_script(client, run):
    CourseFactory(name="Infographie", code="INF-1")
    CourseFactory(name="Infographie", code="INF-2")
    page = client.get(f"{LIST}/{of('PAO').pk}?course_q=infographié").content.decode()
    assert "INF-1" in page
    assert "INF-2" in page
    assert "GES" not in page


def test_no_learner_is_shown_anywhere(client, run):
    for page in (LIST, f"{LIST}/{of('PAO').pk}", f"{LIST}/confirm-all"):
        content = client.get(page).content.decode()
        for secret in (PHONE, PHONE[1:], EMAIL, NAME, "Haddad"):
            assert secret not in content


def test_without_a_run_it_says_how_to_start(client):
    assert "legacy_import" in text(client.get(LIST))
    assert client.get(f"{LIST}/1").status_code == 404


@pytest.mark.parametrize("screen", ["course-mapping", "session-mapping"])
def test_every_page_of_a_mapping_says_of_which_run_it_is(client, run, screen):
    place = f"/admin/legacy-imports/{screen}"
    session = SessionMappingFactory(legacy_formation_id="7")
    pk = session.pk if screen == "session-mapping" else of("PAO").pk
    manager = signed_in(mapper("map", "view"))
    for address in (place, f"{place}/{pk}", f"{place}/confirm-all"):
        assert f"Run {run.pk} &rsaquo;" in text(client.get(address))
        link = f'<a href="/admin/legacy-imports/{run.pk}">Run {run.pk}</a>'
        assert link in manager.get(address).content.decode()
        assert link not in client.get(address).content.decode()


def test_a_filter_that_nothing_matches_can_be_cleared(client, run):
    assert "Clear filters" in text(client.get(f"{LIST}?q=zzz"))


HOSTILE = "<script>alert(1)</script>\u202e\u2066'\"&" + "x" * 200


def test_a_hostile_name_stays_text(client, run):
    LegacyCourseMapping.objects.filter(legacy_name="PAO").update(legacy_name=HOSTILE[:255])
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id="7")
    answer = client.post(f"{LIST}/{mapping.pk}/decide",
                         {"decision": "no_equivalent", "version": 1}, follow=True)  # fmt: skip
    for page in (answer, client.get(LIST), client.get(f"{LIST}/{mapping.pk}")):
        content = page.content.decode()
        assert "<script>alert" not in content
        assert "\u202e" not in content
        assert "&lt;script&gt;" in content


def test_pages_ask_a_bounded_number_of_questions(client, run):
    def questions(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    addresses = (LIST, f"{LIST}/{of('PAO').pk}", f"{LIST}/confirm-all")
    before = [questions(address) for address in addresses]
    for number in range(30, 90):
        CourseMappingFactory(legacy_formation_id=str(number), legacy_name=f"Cours {number}",
                             status="suggested", rule="course:exact_name",
                             confirmed_by=UserFactory())  # fmt: skip
        SessionMappingFactory(legacy_session_id=str(number), legacy_formation_id=str(number))
    assert questions(LIST) <= before[0] + 28, "mappings changed elsewhere: weighed anew, once"
    after = [questions(address) for address in addresses]
    assert all(now <= was for now, was in zip(after, before, strict=True))
    assert max(after) <= 30  # two of them find out whether the plan is current


# --- What it does ------------------------------------------------------------------------------------


def test_confirming_goes_back_to_the_list_as_it_was_filtered(client, run):
    answer = decide(client, of("GESTION"), "confirm", back="state=suggested&q=ges&evil=//x&page=1")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LIST}?run={run.pk}&state=suggested&q=ges&page=1"
    mapping = of("GESTION")
    assert (mapping.status, mapping.confirmed_by.username) == ("confirmed", "meriem")
    page = text(client.get(LIST))
    assert "GESTION: confirmed. No open row is affected." in page
    assert "to be evaluated again" not in page


def test_choosing_a_course_and_judging_again_frees_its_rows(client, run):
    course = CourseFactory(name="Infographie")
    assert decide(client, of("PAO"), "choose", course=course.pk).status_code == 302
    assert Course.objects.count() == 2, "no course was created"
    answer = client.post(f"{LIST}/again?run={run.pk}", follow=True)
    assert "2 rows waited for review, now 0 do" in text(answer)
    rows = LegacyStudentImport.objects.order_by("legacy_id")
    assert {plan_of(row)[0] for row in rows} == {"create_completed_training"}
    run.refresh_from_db()
    assert run.summary["stages"]["planned"]["actor"] == "meriem"


def test_the_slower_of_two_people_sees_who_was_faster(client, run):
    mapping = of("PAO")
    LegacyCourseMapping.objects.filter(pk=mapping.pk).update(
        version=2, status=CourseMappingStatus.NO_EQUIVALENT, confirmed_at=timezone.now(),
        confirmed_by=UserFactory(username="yacine"),
    )  # fmt: skip
    answer = decide(client, mapping, "choose", course=CourseFactory().pk)
    assert answer.status_code == 409
    assert "Another user was faster" in text(answer)
    assert "by yacine" in text(answer)
    assert of("PAO").status == "no_equivalent"


def test_a_form_that_is_sent_twice_is_judged_once(client, run):
    mapping = of("GESTION")
    assert decide(client, mapping, "confirm").status_code == 302
    assert decide(client, mapping, "confirm").status_code == 409
    assert of("GESTION").version == 2


FORGED: dict[str, dict[str, Any]] = {
    "no-decision": {"decision": ""},
    "unknown-decision": {"decision": "delete"},
    "no-version": {"version": ""},
    "a-version-that-is-no-number": {"version": "1 OR 1=1"},
    "no-course": {"decision": "choose"},
    "a-course-that-does-not-exist": {"decision": "choose", "course": "999999"},
    "a-course-that-is-no-number": {"decision": "choose", "course": "Infographie"},
    "an-endless-number": {"decision": "choose", "course": "9" * 400},
    "nothing-to-confirm": {"decision": "confirm"},
    "nothing-to-undo": {"decision": "undo"},
    "a-phone-in-the-note": {"note": f"appeler {PHONE}"},
    "an-endless-note": {"note": "x" * 5_000},
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED)
def test_forged_fields_change_nothing(client, run, fields):
    answer = decide(client, of("PAO"), **{"decision": "no_equivalent", **fields})
    assert answer.status_code == 400
    mapping = of("PAO")
    assert (mapping.status, mapping.version) == ("unmapped", 1)
    assert Course.objects.count() == 1


def test_extra_fields_count_for_nothing(client, run):
    decide(client, of("PAO"), "no_equivalent", status="confirmed", course="1", confirmed_by="1",
          connection_name="other", legacy_name="Autre")  # fmt: skip
    mapping = of("PAO")
    assert (mapping.status, mapping.course_id, mapping.connection_name) == (
        "no_equivalent", None, "legacy"
    )  # fmt: skip


# --- In the list itself --------------------------------------------------------------------------------


def test_each_open_line_offers_the_closest_courses_and_the_suggestion_first(client, run):
    CourseFactory(name="Infographie et PAO", code="INF")
    page = client.get(LIST).content.decode()
    choices = {}
    for mapping in LegacyCourseMapping.objects.all():
        select = page.partition(f'id="line-{mapping.pk}"')[2].partition("</select>")[0]
        choices[mapping.legacy_name] = re.findall(r'<option value="([^"]*)">([^<]*)<', select)
    (first, *_), pao = choices["GESTION"], dict(choices["PAO"])
    assert first == ("confirm", "Gestion (GES)"), "preselected"
    assert next(iter(pao)) == "", "nothing is preselected without a suggestion"
    assert list(pao.values())[1] == "Infographie et PAO (INF)"
    assert {"no_equivalent", "kept_by_name"} <= set(pao)


def test_a_choice_in_the_list_returns_to_the_next_line(client, run):
    course, later = CourseFactory(name="Infographie et PAO"), of("GESTION")
    fields = {
        "choice": course.pk,
        "version": 1,
        "back": "state=unmapped&q=pao",
        "next_line": later.pk,
    }
    answer = client.post(f"{LIST}/{of('PAO').pk}/decide", fields)
    assert answer.status_code == 302
    assert answer.url == f"{LIST}?run={run.pk}&state=unmapped&q=pao#line-{later.pk}"
    assert (of("PAO").status, of("PAO").course) == ("confirmed", course)
    assert f'name="next_line" value="{later.pk}"' not in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("name", "choice", "status"),
    [
        ("GESTION", "confirm", "confirmed"),
        ("PAO", "no_equivalent", "no_equivalent"),
        ("PAO", "kept_by_name", "kept_by_name"),
    ],
)
def test_the_list_confirms_and_sets_aside(client, run, name, choice, status):
    client.post(f"{LIST}/{of(name).pk}/decide", {"choice": choice, "version": 1})
    assert of(name).status == status
    page = client.get(LIST).content.decode()
    assert f'id="line-{of(name).pk}"' not in page, "a decided line offers no choice"


@pytest.mark.parametrize(
    "choice", ["", "delete", "999999", "9" * 18, "9" * 400, "-1", "choose", "confirm", "1 OR 1=1"]
)
def test_a_forged_choice_changes_nothing(client, run, choice):
    answer = client.post(f"{LIST}/{of('PAO').pk}/decide", {"choice": choice, "version": 1})
    assert answer.status_code == 400
    assert (of("PAO").status, of("PAO").version) == ("unmapped", 1)


@pytest.mark.parametrize("line", ["x", "-1", "9" * 30, "1#a"])
def test_a_forged_place_is_refused(client, run, line):
    fields = {"choice": "no_equivalent", "version": 1, "next_line": line}
    assert client.post(f"{LIST}/{of('PAO').pk}/decide", fields).status_code == 400
    assert of("PAO").status == "unmapped"


def test_hundreds_of_courses_cost_one_query_and_few_bytes(client, run):
    def asked() -> tuple[int, bytes]:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(LIST).content
        return len(queries), page

    few, _page = asked()
    CourseFactory.create_batch(300)
    for number in range(60):
        CourseMappingFactory(legacy_formation_id=str(100 + number), legacy_name=f"Ancien {number}",
                             course=None, status="unmapped", rule="course:no_exact_name")  # fmt: skip
    run_stages(run)
    many, page = asked()
    assert many == few
    assert page.count(b'name="choice"') == 50
    assert len(gzip.compress(page)) < 20_000


# --- All exact suggestions ---------------------------------------------------------------------------


def bulk_fields(client: Client) -> dict[str, str]:
    page = client.get(f"{LIST}/confirm-all").content.decode()
    return dict(re.findall(r'name="(expected|stamp)" value="([^"]*)"', page))


def test_the_bulk_names_how_many_and_confirms_exactly_these(client, run):
    page = text(client.get(f"{LIST}/confirm-all"))
    assert "1 exact suggestion will be confirmed" in page
    answer = client.post(f"{LIST}/confirm-all", bulk_fields(client), follow=True)
    assert "1 suggestion confirmed." in text(answer)
    assert (of("GESTION").status, of("PAO").status) == ("confirmed", "unmapped")
    assert "No exact suggestion waits" in text(client.get(f"{LIST}/confirm-all"))


def test_the_bulk_counts_again(client, run):
    fields = bulk_fields(client)
    CourseMappingFactory(legacy_name="Autre", status="suggested", rule="course:exact_name")
    answer = client.post(f"{LIST}/confirm-all", fields)
    assert answer.status_code == 409
    assert "2 exact suggestions will be confirmed" in text(answer)
    assert not LegacyCourseMapping.objects.filter(status="confirmed").exists()


@pytest.mark.parametrize(
    "fields", [{}, {"expected": "x", "stamp": "y"}, {"expected": "1", "stamp": "z" * 99}]
)
def test_a_forged_bulk_is_refused(client, run, fields):
    assert client.post(f"{LIST}/confirm-all", fields).status_code == 400
    assert of("GESTION").status == "suggested"


# --- Judging again -----------------------------------------------------------------------------------


def test_a_large_run_shows_the_three_commands(client, run):
    FacetCount.objects.filter(legacy_import_run=run).update(rows=6_000, to_classify=True)
    page = text(client.get(LIST))
    for command in ("legacy_validate", "legacy_classify", "legacy_dry_run"):
        assert f".venv/bin/python manage.py {command} --run {run.pk}" in page
    answer = client.post(f"{LIST}/again", follow=True)
    assert "too large" in text(answer)
