"""The next row in the place of the decided one: what the page's script requests, and what it gets."""

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyAccessLog, LegacyReviewDecision, ReviewClaim
from legacy_import.screens.review.keys import DECISION_KEYS, OTHER_KEYS, REPEAT
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.screens.review.test_views import ADDRESS, page, send, text_of

pytestmark = pytest.mark.django_db
D = ReviewDecision
AS_SCRIPT = {"accept": "application/json", "accept-language": "en"}
MOST_BYTES = 20_000  # of a row over the wire, after the first


@pytest.fixture
def me():
    return reviewer("reveal_pii", username="nadia", first_name="Nadia")


@pytest.fixture
def client(me) -> Client:
    client = Client()
    client.force_login(me)
    return client


def part(client: Client, name: str, **asked):
    headers = {"accept-language": "en", "x-part": name, "accept-encoding": "gzip"}
    return client.get(ADDRESS, {"focus": "all", **asked}, secure=True, headers=headers)


def decide(client: Client, row, **fields):
    fields = {"filter": f"run={row.legacy_import_run_id}&focus=all", "decision": "skip", **fields}
    fields.setdefault("version", row.version)
    return client.post(f"{ADDRESS}/{row.pk}/decide", fields, secure=True, headers=AS_SCRIPT)


def test_the_script_is_told_the_next_row_and_its_version(client):
    first, second = rows_of(queue_of_unknown(2))
    answer = decide(client, first).json()
    assert answer["row"] == second.pk
    assert answer["version"] == second.version
    assert f"row={second.pk}" in answer["next"]
    assert answer["said"] == "Skipped by Nadia – stagiaires:1"
    last = decide(client, second).json()
    assert (last["row"], last["version"]) == (None, None)
    finished = client.get(last["next"], secure=True, headers=AS_SCRIPT)
    assert "This queue is finished" in text_of(finished)
    # The script has shown what was said: no page repeats it.
    assert "stagiaires:1" not in text_of(page(client, focus="all")).partition("Your last")[0]


def test_a_decision_that_is_sent_twice_is_saved_once_and_goes_on(client):
    first, second = rows_of(queue_of_unknown(2))
    answers = [decide(client, first).json() for _ in range(2)]
    assert [answer["row"] for answer in answers] == [second.pk, second.pk]
    assert LegacyReviewDecision.objects.count() == 1


def test_the_script_gets_the_same_refusals_as_a_page(client):
    first, _second = rows_of(queue_of_unknown(2))
    assert decide(client, first, decision="").status_code == 400
    say(first, D.LATER, reviewer())
    assert decide(client, first).status_code == 409
    assert decide(Client(), first).status_code == 302


def test_without_script_the_next_page_begins_at_the_row(client):
    first, second = rows_of(queue_of_unknown(2))
    answer = send(client, first, "decide", version=first.version, decision="skip")
    assert answer.status_code == 302
    assert answer.url.endswith(f"row={second.pk}#li-row")
    whole = page(client, focus="all").content.decode()
    assert re.search(r'<article [^>]*id="li-row"[^>]* tabindex="-1"', whole)


def test_the_page_knows_the_address_of_the_next_row(client):
    first, second = rows_of(queue_of_unknown(2))
    ahead = re.compile(r'data-next="([^"]*)"')
    url = ahead.findall(page(client, focus="all").content.decode())[0]
    assert url.endswith(f"at={second.pk}&amp;row={second.pk}")
    decide(client, second)
    assert ahead.findall(page(client, focus="all", row=first.pk).content.decode()) == [""]


def test_a_row_alone_is_requested_without_a_trace(client):
    _first, second = rows_of(queue_of_unknown(2))
    answer = part(client, "row", row=second.pk)
    whole = gzip.decompress(answer.content).decode()
    assert f'id="li-row" data-row="{second.pk}"' in whole
    assert 'id="li-decide"' in whole
    assert f'name="version" value="{second.version}"' in whole
    for absent in ("<html", "li-lines", "li-progress", "li-facets"):
        assert absent not in whole
    assert "no-store" in answer["Cache-Control"]
    assert not ReviewClaim.objects.exists()
    assert not LegacyAccessLog.objects.exists()


def test_a_form_of_a_row_that_was_requested_alone_is_valid(me):
    """Its token is one of the session: the form is sent where tokens are checked."""
    _first, second = rows_of(queue_of_unknown(2))
    client = Client(enforce_csrf_checks=True)
    client.force_login(me)
    whole = gzip.decompress(part(client, "row", row=second.pk).content).decode()
    form = whole.partition('id="li-decide"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
    token = fields["csrfmiddlewaretoken"]
    headers = {**AS_SCRIPT, "referer": "https://testserver/"}
    for sent, status in (("", 403), (token, 200)):
        answer = client.post(
            f"{ADDRESS}/{second.pk}/decide",
            {**fields, "csrfmiddlewaretoken": sent, "decision": "skip"},
            secure=True, headers=headers,
        )  # fmt: skip
        assert answer.status_code == status


def test_what_is_around_a_row_comes_without_the_row(client):
    first, second = rows_of(queue_of_unknown(2))
    decide(client, first)
    whole = gzip.decompress(part(client, "around", row=second.pk).content).decode()
    assert "<html" not in whole
    assert 'id="li-row"' not in whole
    for piece in ("li-bar-top", "li-progress", "li-lines", "li-queue-side", 'id="li-undo"'):
        assert piece in whole
    assert "No row waits here." not in whole


def test_a_row_after_the_first_is_small_over_the_wire(client):
    rows = rows_of(queue_of_unknown(60))
    parts = [part(client, name, row=rows[20].pk) for name in ("row", "around")]
    assert all(answer["Content-Encoding"] == "gzip" for answer in parts)
    assert sum(len(answer.content) for answer in parts) < MOST_BYTES


def test_a_part_of_a_row_of_another_run_is_not_found(client):
    other, run = queue_of_unknown(1), queue_of_unknown(1)
    assert part(client, "row", run=run.pk, row=rows_of(other)[0].pk).status_code == 404


# --- Keys ----------------------------------------------------------------------------------------------


def test_every_decision_has_a_key_and_no_two_share_one():
    others = [key for keys, _words in OTHER_KEYS for key in keys]
    keys = [*DECISION_KEYS.values(), *others]
    assert set(DECISION_KEYS) == set(D)
    assert len(keys) == len(set(keys))
    assert not {"q", "w", "m"} & set(keys), "elsewhere on French keyboards"


def test_the_keys_of_the_script_are_those_of_the_table():
    """A letter with a button is found by it; the rest, and an undo that waits, are in the script."""
    script = Path("legacy_import/static/legacy_imports/review.js").read_text("utf-8")
    of_script = set(re.findall(r"[{,] (\w): ", re.search(r"const MOVES = .*", script)[0]))
    assert of_script == {"j", "k", "u", "x"}
    assert of_script < {key for keys, _words in OTHER_KEYS for key in keys}


def test_the_keys_are_printed_on_the_buttons_and_in_the_help(client):
    first, _ = rows_of(queue_of_unknown(2))
    say(first, D.SKIP, reviewer())
    whole = page(client, focus="all", row=first.pk, state="all").content.decode()
    form = whole.partition('id="li-decide"')[2].partition("</form>")[0]
    printed = re.findall(r'value="(\w+)" data-key="(\w)".*?<kbd class="li-kbd">(\w)</kbd>', form)
    assert {decision: key for decision, key, _shown in printed} == {
        "treat_as": "t", "skip": "s", "later": "z", "reset": "f"
    }  # fmt: skip
    assert all(key == shown for _decision, key, shown in printed)
    helped = re.findall(r"<kbd[^>]*>(\S+?)</kbd>", whole.partition('id="li-help"')[2])
    assert {*DECISION_KEYS.values(), REPEAT, "j", "k", "x", "u", "e", "/", "?", "Enter"} == set(
        helped
    )


# --- Notes of postponed rows ---------------------------------------------------------------------------


def test_the_list_of_postponed_rows_shows_their_notes(client):
    run = queue_of_unknown(3)
    with_note, without, again = rows_of(run)
    say(with_note, D.LATER, reviewer(), note="demander à l’accueil")
    say(without, D.LATER, reviewer())
    say(again, D.LATER, reviewer(), note="une première fois")
    again.refresh_from_db()
    say(again, D.LATER, reviewer(), note="une seconde fois")
    whole = page(client, focus="all", state="later").content.decode()
    notes = re.findall(r'class="li-line-note[^"]*"><bdi>(.*?)</bdi>', whole)
    assert notes == ["demander à l’accueil", "une seconde fois"]
    assert "li-line-note" not in page(client, focus="all").content.decode()
