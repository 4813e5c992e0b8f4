"""What the queue opens with: its causes, by the rows that each would free, and who sees which."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision
from legacy_import.rules.resolutions import ONLY_BY_MAPPING, RESOLUTIONS
from legacy_import.stages.planning.guide import MAPPED
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    legacy_row,
    spelled,
    stage_rows,
)
from tests.review.reviewing import reviewer, rows_of, say
from tests.screens.review.test_views import ADDRESS, asked_of, page, signed_in, text_of
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision


def learners(first: int, number: int, **fields) -> list:
    return [
        legacy_row(table="archives", legacy_id=str(place), full_name=f"Fictif {spelled(place)}",
                   phone=f"0661{300_000 + place}", **fields)
        for place in range(first, first + number)
    ]  # fmt: skip


def registrations_and_others() -> LegacyImportRun:
    """Five registrations wait for two sessions, three rows are on a waiting list, three have two
    unknown statuses."""
    CourseMappingFactory(legacy_formation_id="7")
    for number in ("40", "41"):
        SessionMappingFactory(legacy_session_id=number, legacy_formation_id="7")
    SessionMappingFactory(
        legacy_session_id="1", session_type="waiting_placeholder", rule="session:placeholder_id"
    )
    run = RunFactory()
    registered = {"status": "Confirmer", "formation_id": "7"}
    stage_rows(run, [
        *learners(10, 3, **registered, session_id="40"),
        *learners(20, 2, **registered, session_id="41"),
        *learners(30, 3, status="Archivé", formation_id="7", session_id="1"),
        *learners(50, 2, status="mystère"),
        *learners(60, 1, status="peut-être"),
    ])  # fmt: skip
    run_stages(run)
    return run


@pytest.fixture
def run() -> LegacyImportRun:
    return registrations_and_others()


def causes_of(answer) -> list[str]:
    """The words of each cause, in the order of the page."""
    whole = answer.content.decode()
    return [
        re.sub(r"<[^>]+>", "", words)
        for words in re.findall(r'li-cause-words"><strong>(.*?)</strong>', whole, re.S)
    ]


MANAGERS = ["5 registrations wait for 2 sessions", "3 rows wait for 1 session",
            "3 rows carry 2 unknown statuses"]  # fmt: skip


def test_a_manager_sees_every_cause_the_one_of_most_rows_on_top(run):
    answer = page(signed_in(reviewer("map")), run=run.pk)
    assert causes_of(answer) == MANAGERS
    whole = answer.content.decode()
    assert f'href="/admin/legacy-imports/session-mapping?run={run.pk}"' in whole
    assert f'href="/admin/legacy-imports/status-mapping?run={run.pk}"' in whole
    assert "rows wait until a manager" not in text_of(answer)


def test_a_reviewer_sees_no_cause_that_only_a_manager_settles(run):
    answer = page(signed_in(reviewer()))
    assert causes_of(answer) == MANAGERS[1:]
    assert "-mapping" not in answer.content.decode()
    assert "5 rows wait until a manager has mapped their sessions." in text_of(answer)


def test_a_cause_leads_to_its_rows(run):
    whole = page(signed_in(reviewer()), run=run.pk).content.decode()
    links = re.findall(r'href="([^"]*planned_reason=status_unknown[^"]*)"', whole)
    client = signed_in(reviewer())
    answer = client.get(links[0].replace("&amp;", "&"), secure=True)
    assert len(re.findall('name="ids"', answer.content.decode())) == 3


def test_one_decision_for_a_cause_leads_to_the_page_that_confirms_it(run):
    client = signed_in(reviewer())
    whole = page(client, run=run.pk).content.decode()
    form = re.search(r"<form[^>]*review/bulk\"(?:(?!</form>).)*release_without_session.*?</form>",
                     whole, re.S)  # fmt: skip
    assert form is not None
    assert "all 3 rows" in form[0]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    sent = {name: value.replace("&amp;", "&") for name, value in sent.items()}
    sent["decision"] = "release_without_session"
    confirm = client.post(f"{ADDRESS}/bulk", sent, secure=True, headers={"accept-language": "en"})
    words = text_of(confirm)
    assert "release without session: 3 rows" in words
    assert "creates the completed training: 3 rows" in words
    done = client.post(f"{ADDRESS}/bulk", {**sent, "expected": "3"}, secure=True)
    assert asked_of(done)["planned_reason"] == "session_waiting"
    assert LegacyReviewDecision.objects.filter(decision=D.RELEASE_WITHOUT_SESSION).count() == 3
    assert causes_of(page(client)) == MANAGERS[2:]


def test_a_status_or_a_match_is_never_decided_for_a_whole_cause(run):
    whole = page(signed_in(reviewer("map")), run=run.pk).content.decode()
    offered = re.findall(r'name="decision" value="(\w+)"', whole)
    assert offered == ["release_without_session"]


def test_decided_and_postponed_rows_no_longer_wait(run):
    me = reviewer()
    for row, decision in zip(rows_of(run)[-2:], (D.SKIP, D.LATER), strict=True):
        say(row, decision, me)
    # Its spellings are those of the plan; the rows are those that are left.
    assert causes_of(page(signed_in(me)))[1].startswith("1 row ")


def test_with_a_filter_or_a_row_the_queue_opens_on_its_rows(run):
    client = signed_in(reviewer())
    for asked in ({"focus": "all"}, {"state": "all"}, {"row": rows_of(run)[0].pk}):
        answer = page(client, **asked)
        assert not causes_of(answer)
        assert 'name="ids"' in answer.content.decode()


def test_a_finished_queue_says_so(run):
    me = reviewer()
    for row in rows_of(run):
        say(row, D.SKIP, me)
    assert "This queue is finished" in text_of(page(signed_in(me)))


def test_the_page_shows_how_much_is_decided(run):
    me = reviewer(username="nadia")
    for row, actor in zip(rows_of(run), (me, me, reviewer(username="lina")), strict=False):
        say(row, D.SKIP, actor)
    words = text_of(page(signed_in(me), run=run.pk))
    assert "3 / 11 reviewed" in words
    assert "3 in all, 8 to go" in words
    assert "you: 0 today, 2 in all" in words, "decided on another day"


def test_the_page_counts_no_rows(run):
    client = signed_in(reviewer("map"))

    def statements() -> int:
        with CaptureQueriesContext(connection) as counted:
            page(client, run=run.pk)
        statements = [one["sql"] for one in counted.captured_queries]
        # One row of a decision is looked up in a subquery (U0).
        rows_read = re.compile(r"FROM .legacy_student_imports.(?! U0)")
        assert not any(rows_read.search(sql) for sql in statements)
        return len(counted)

    few = statements()
    stage_rows(run, learners(100, 20, status="mystère"))
    run_stages(run)
    assert statements() == few < 20


def test_what_only_a_mapping_settles_is_left_to_managers():
    evasive = {D.TREAT_AS, D.LINK, D.NOT_SAME}
    by_mapping = {
        reason for reason in MAPPED
        if set(RESOLUTIONS[reason]) <= evasive and reason != "status_unknown"
    }  # fmt: skip
    assert by_mapping == ONLY_BY_MAPPING
