"""The review queue in a real browser: by keyboard alone, by two people at once, and under attack."""

import itertools
import re
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Error, Page, expect

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import (
    LegacyAccessLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    ReviewClaim,
)
from tests.browser.screens.review import ADDRESS, PHONE, doubtful_run, queue
from tests.browser.sessions import user_as
from tests.factories import RunFactory, legacy_row, spelled, stage_rows
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.stages.stages import run_stages

D = ReviewDecision


def decisions() -> list[str]:
    return list(LegacyReviewDecision.objects.order_by("pk").values_list("decision", flat=True))


@pytest.fixture
def doubtful() -> LegacyImportRun:
    return doubtful_run()


def open_queue(page: Page, run: LegacyImportRun, **query: object) -> None:
    answer = page.goto(queue(run, **query))
    assert answer is not None
    assert answer.status == 200


def opened(page: Page) -> int:
    return int(page.locator("#li-row").get_attribute("data-row") or 0)


def press(page: Page, *keys: str) -> None:
    """Press keys one after another."""
    for key in keys:
        page.keyboard.press(key)


def shows_row(page: Page, row: LegacyStudentImport | int) -> None:
    """Wait until this row is open."""
    pk = row if isinstance(row, int) else row.pk
    expect(page.locator(f'#li-row[data-row="{pk}"]')).to_be_visible()


def decide_by_key(page: Page, key: str) -> None:
    """One decision by keyboard: its key, Enter; it is saved, and its row is no longer open."""
    row = opened(page)
    page.keyboard.press(key)
    with page.expect_response("**/decide"):
        page.keyboard.press("Enter")
    expect(page.locator(f'#li-row[data-row="{row}"]')).to_have_count(0)


# --- By keyboard -------------------------------------------------------------------------------------


def test_a_reviewer_empties_a_queue_with_the_keyboard_alone(page_as):
    run = queue_of_unknown(4)
    rows = rows_of(run)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    shows_row(page, rows[0])
    press(page, "j")
    shows_row(page, rows[1])
    press(page, "k")
    shows_row(page, rows[0])
    decide_by_key(page, "s")
    shows_row(page, rows[1])
    decide_by_key(page, "z")
    shows_row(page, rows[2])
    decide_by_key(page, "s")
    # Treat as: its key leads to the choice, the choice is made by letter, Enter confirms.
    shows_row(page, rows[3])
    page.keyboard.press("t")
    page.keyboard.type("lead")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No row waits here.")).to_be_visible()
    assert decisions() == [D.SKIP, D.LATER, D.SKIP, D.TREAT_AS]


def test_the_next_row_is_shown_in_the_page_and_has_the_focus(page_as):
    run = queue_of_unknown(3)
    rows = rows_of(run)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.evaluate("window.isTheSamePage = true")
    for row, following in itertools.pairwise(rows):
        decide_by_key(page, "s")
        shows_row(page, following)
        expect(page).to_have_url(re.compile(f"row={following.pk}$"))
        expect(page.locator("#li-row")).to_be_focused()
        expect(page.locator(".li-line-current input")).to_have_value(str(following.pk))
        said = re.compile(rf"✓ Skipped by \S.* – stagiaires:{row.legacy_id}$")
        expect(page.locator("#li-said")).to_have_text(said)
        expect(page.get_by_role("button", name="Undo u")).to_contain_text(
            f"stagiaires:{row.legacy_id}"
        )
    expect(page.locator(".li-progress")).to_contain_text("2 / 3 reviewed")
    page.locator(".skip-to-content-link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#content-start$"))
    assert page.evaluate("window.isTheSamePage") is True
    page.go_back()
    page.go_back()
    shows_row(page, rows[1])


def test_looking_ahead_is_no_look(page_as):
    run = queue_of_unknown(2)
    first, second = rows_of(run)
    page = page_as("Reviewer")
    ahead = f"row={second.pk}"
    with (
        page.expect_response(lambda answer: ahead in answer.url) as answered,
        page.expect_response("**/claim"),
    ):
        open_queue(page, run)
    assert answered.value.request.headers["x-part"] == "row"
    assert list(ReviewClaim.objects.values_list("student_import", flat=True)) == [first.pk]
    assert not LegacyAccessLog.objects.exists()
    with page.expect_response(f"**/{second.pk}/claim"):
        decide_by_key(page, "s")
    assert list(ReviewClaim.objects.values_list("student_import", flat=True)) == [second.pk]


def test_a_row_that_changed_since_it_was_requested_is_requested_again(page_as):
    run = queue_of_unknown(3)
    _first, second, third = rows_of(run)
    page = page_as("Reviewer")
    with page.expect_response(lambda answer: f"row={second.pk}" in answer.url):
        open_queue(page, run)
    say(second, D.SKIP, reviewer())
    decide_by_key(page, "s")
    shows_row(page, third)


def test_a_refused_decision_shows_the_page_of_the_server(page_as, watch):
    watch.expected.add(400)
    run = queue_of_unknown(2)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.keyboard.press("t")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert decisions() == []


def test_u_takes_the_last_decision_back(page_as):
    run = queue_of_unknown(2)
    first, _ = rows_of(run)
    page = page_as("Reviewer")
    open_queue(page, run)
    decide_by_key(page, "s")
    expect(page.locator("#li-undo")).to_be_visible()
    page.keyboard.press("u")
    shows_row(page, first)
    first.refresh_from_db()
    assert first.decision == ""


def test_y_says_again_what_was_said_of_an_earlier_version(page_as):
    (before,) = rows_of(queue_of_unknown(1))
    say(before, D.TREAT_AS, reviewer(), treat_as=Classification.LEAD_ONLY)
    run = queue_of_unknown(1, status="autre")
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    expect(page.locator("#li-earlier-title")).to_be_visible()
    page.keyboard.press("y")
    expect(page.locator("#li-earlier-title")).to_have_count(0)
    assert decisions() == [D.TREAT_AS, D.TREAT_AS]


SEND = """([key, code, shiftKey]) => document.body.dispatchEvent(
    new KeyboardEvent('keydown', {key, code, shiftKey, bubbles: true, cancelable: true}))"""
# What a layout sends (key, place, Shift) → the decision that then has the focus.
LETTERS = {
    "qwerty": ("s", "KeyS", False, "skip"),
    "capitals": ("S", "KeyS", True, "skip"),
    "arabic": ("س", "KeyS", False, "skip"),
    "azerty": ("z", "KeyW", False, "later"),
    "qwertz": ("z", "KeyY", False, "later"),
}
# The same → the element that has the focus, or is open.
SIGNS = {
    "qwerty search": ("/", "Slash", False, "#li-search:focus"),
    "azerty search": ("/", "Period", True, "#li-search:focus"),
    "arabic search": ("ظ", "Slash", False, "#li-search:focus"),
    "azerty help": ("?", "KeyM", True, "#li-help[open]"),
    "arabic help": ("؟", "Slash", True, "#li-help[open]"),
}


@pytest.mark.parametrize("layout", LETTERS)
def test_a_key_is_what_is_written_on_it_or_its_place(page_as, layout):
    key, code, shift, decision = LETTERS[layout]
    page = page_as("Reviewer")
    open_queue(page, queue_of_unknown(1))
    page.evaluate(SEND, [key, code, shift])
    expect(page.locator(f"#li-decide button[value={decision}]")).to_be_focused()


@pytest.mark.parametrize("layout", SIGNS)
def test_search_and_help_answer_on_every_layout(page_as, layout):
    key, code, shift, shown = SIGNS[layout]
    page = page_as("Reviewer")
    open_queue(page, queue_of_unknown(1))
    page.evaluate(SEND, [key, code, shift])
    expect(page.locator(shown)).to_be_visible()


def test_what_a_row_is_not_offered_has_no_key_there(page_as):
    """Not the key of another decision either, which stands in its place on another layout."""
    run = queue_of_unknown(1)
    page = page_as("Reviewer")
    open_queue(page, run)
    for key, code in (("l", "KeyL"), ("a", "KeyA"), ("p", "KeyS"), ("!", "Slash"), ("1", "Digit1")):
        page.evaluate(SEND, [key, code, False])
        expect(page.locator("body")).to_be_focused()


def test_keys_do_nothing_in_a_field_nor_with_ctrl_alt_meta(page_as):
    run = queue_of_unknown(2)
    page = page_as("Reviewer")
    open_queue(page, run)
    before = page.url
    page.keyboard.press("e")
    expect(page.locator("#li-note")).to_be_focused()
    page.keyboard.type("jsux")
    expect(page.locator("#li-note")).to_have_value("jsux")
    page.keyboard.press("Escape")
    for held in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{held}+KeyX")
    expect(page.locator("input[data-current]")).not_to_be_checked()
    page.keyboard.press("x")
    expect(page.locator("input[data-current]")).to_be_checked()
    assert page.url == before


def test_a_note_is_written_with_e_and_saved_with_the_decision(page_as):
    run = queue_of_unknown(2)
    first, second = rows_of(run)
    page = page_as("Reviewer")
    open_queue(page, run)
    page.keyboard.press("e")
    page.keyboard.type("deux lignes")
    page.keyboard.press("Enter")
    page.keyboard.type("en tout")
    page.keyboard.press("Escape")
    decide_by_key(page, "z")
    shows_row(page, second)
    made = LegacyReviewDecision.objects.get(student_import=first)
    assert made.note.splitlines() == ["deux lignes", "en tout"]


def test_shortcuts_can_be_switched_off_and_stay_off(page_as):
    run = queue_of_unknown(2)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.keyboard.press("?")
    page.get_by_label("Shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    open_queue(page, run)
    page.keyboard.press("x")
    expect(page.locator("input[data-current]")).not_to_be_checked()
    page.locator("#li-help-open").click()
    page.get_by_label("Shortcuts are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("input[data-current]")).to_be_checked()


def test_every_move_is_said(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    press(page, "j")
    expect(page.locator("#li-live")).to_contain_text("Row 2 of 3: stagiaires:2")
    decide_by_key(page, "s")
    expect(page.locator("#li-live")).to_contain_text(re.compile(r"Skipped by \S.* – stagiaires:2"))
    expect(page.locator("#li-live")).to_contain_text("stagiaires:3")


def test_everything_works_without_script(page_as):
    run = queue_of_unknown(2)
    first, second = rows_of(run)
    page = page_as("Reviewer", language="en", script=False)
    open_queue(page, run)
    page.get_by_role("button", name="Skip s").click()
    shows_row(page, second)
    assert page.url.endswith("#li-row"), "the row has the focus"
    page.get_by_text("Decide about many rows").click()
    page.get_by_label("the 1 row that matches").check()
    page.get_by_label("Decision", exact=True).select_option("later")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    assert decisions() == [D.SKIP, D.LATER]
    page.get_by_role("button", name="Undo u").click()
    shows_row(page, second)
    first.refresh_from_db()
    assert first.decision == D.SKIP


# --- Two reviewers -----------------------------------------------------------------------------------


def test_two_reviewers_collide_and_the_loser_is_told(page_as, watch):
    watch.expected.add(409)
    run = queue_of_unknown(3)
    first, _second, third = rows_of(run)
    winner = page_as("Reviewer", language="en", username="nadia")
    loser = page_as("Reviewer", language="en", username="lina")
    open_queue(winner, run)
    open_queue(loser, run, row=first.pk)
    expect(loser.locator("#li-holder")).to_have_text("nadia is looking at this row.")
    press(loser, "e")
    loser.keyboard.type("voir le dossier papier")
    press(loser, "Escape")
    decide_by_key(winner, "s")
    press(loser, "z", "Enter")
    expect(loser.get_by_role("alert")).to_contain_text("nadia decided: skip")
    expect(loser.get_by_role("alert")).to_contain_text("your decision was not saved: later")
    again = loser.get_by_role("link", name="Reopen the row").get_attribute("href")
    loser.get_by_role("link", name="Keep theirs, next row").click()
    shows_row(loser, third)
    loser.goto(str(again))
    shows_row(loser, first)
    expect(loser.locator("#li-note")).to_have_value("voir le dossier papier")
    decide_by_key(loser, "z")
    assert decisions() == [D.SKIP, D.LATER]
    assert LegacyReviewDecision.objects.last().note == "voir le dossier papier"


def test_two_reviewers_share_a_queue_and_never_meet(page_as):
    """A conflict would be an answer 409, which `watch` does not expect."""
    each = 6
    rows = {row.pk: row.legacy_id for row in rows_of(queue_of_unknown(2 * each + 2))}
    run = LegacyImportRun.objects.get()
    pages = [page_as("Reviewer", username=name) for name in ("nadia", "lina")]
    for page in pages:
        open_queue(page, run)
    decided = []
    for page in pages * each:
        row = opened(page)
        decided.append(row)
        # A row that took the place of another one rests: a key pressed now was meant for that one.
        expect(page.locator(".li-queue-row[data-rest]")).to_have_count(0)
        page.keyboard.press("s")
        page.keyboard.press("Enter")
        # What was said is shown once the row that the server gave is open.
        expect(page.locator("#li-said")).to_have_text(re.compile(rf"stagiaires:{rows[row]}$"))
    assert len(set(decided)) == 2 * each
    assert decisions() == [D.SKIP] * 2 * each
    assert {opened(page) for page in pages} == set(rows) - set(decided)


def test_when_the_other_reviewer_has_the_last_row_the_page_says_so(page_as, axe):
    run = queue_of_unknown(1)
    first, second = (
        page_as("Reviewer", language="en", username=name) for name in ("nadia", "lina")
    )
    open_queue(first, run)
    shows_row(first, rows_of(run)[0])
    open_queue(second, run)
    expect(second.get_by_text("Other users have every row that is left open.")).to_be_visible()
    expect(second.locator(".li-lines")).to_contain_text("nadia is looking")
    assert axe(second) == []
    decide_by_key(first, "s")
    second.get_by_role("link", name="Look again").click()
    expect(second.get_by_text("This queue is finished")).to_be_visible()


# --- A session that ends ------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_note_outlives_the_session(page_as, script):
    user, password = user_as("Reviewer", "nadia"), "un mot de passe fictif"
    user.set_password(password)
    user.save()
    run = queue_of_unknown(2)
    row = rows_of(run)[0]
    page = page_as("Reviewer", language="en", username="nadia", script=script)
    open_queue(page, run, focus="other")
    shows_row(page, row)
    page.locator("#li-decide summary").click()
    page.locator("#li-note").fill("vu au secrétariat")
    Session.objects.all().delete()
    page.get_by_role("button", name="Skip s").click()
    expect(page.locator(".messagelist")).to_contain_text("Your session has ended")
    page.get_by_label("Username").fill("nadia")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".messagelist")).to_contain_text("Nothing was recorded: send it again.")
    shows_row(page, row)
    expect(page).to_have_url(re.compile("focus=other"))
    expect(page.locator("#li-note")).to_have_value("vu au secrétariat")
    expect(page.locator("#li-note")).to_be_visible()
    assert decisions() == []
    with page.expect_response("**/decide"):
        page.get_by_role("button", name="Skip s").click()
    shows_row(page, row.pk + 1)
    expect(page.locator("#li-note")).to_have_value("")
    assert LegacyReviewDecision.objects.get().note == "vu au secrétariat"


def test_a_double_click_decides_once(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    first, second, _third = rows_of(run)
    with page.expect_response(lambda answer: f"row={second.pk}" in answer.url):
        open_queue(page, run)
    page.get_by_role("button", name="Skip s").dblclick()
    shows_row(page, second)
    expect(page.locator("#li-said")).to_have_text(
        re.compile(rf"✓ Skipped by \S.* – stagiaires:{first.legacy_id}")
    )
    assert decisions() == [D.SKIP]


def test_u_at_once_takes_back_the_last_decision_not_the_one_before(page_as):
    """The list of last decisions, which has the button, is brought up to date a moment later."""
    run = queue_of_unknown(4)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    decide_by_key(page, "s")
    expect(page.locator("#li-undo")).to_contain_text("stagiaires:1")
    second = rows_of(run)[1]
    shows_row(page, second)
    with page.expect_navigation(url=re.compile(f"row={second.pk}#")):
        press(page, "z", "Enter", "u")
    shows_row(page, second)
    undone = LegacyReviewDecision.objects.exclude(undoes=None).get()
    assert undone.undoes.student_import_id == second.pk


# --- A server that fails, a link that breaks -----------------------------------------------------------


@pytest.mark.parametrize("failure", ["the server fails", "no network"])
def test_decisions_that_are_not_saved_stay_on_the_page(page_as, watch, axe, failure):
    run = queue_of_unknown(3)
    first, second, third = rows_of(run)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)

    def fail(route):
        if failure == "no network":
            route.abort()
        else:
            route.fulfill(status=503, body="")

    page.route("**/decide", fail)
    not_saved = page.locator("#li-unsaved li")
    press(page, "s", "Enter")
    expect(not_saved).to_have_text([re.compile(rf"stagiaires:{first.legacy_id} – Skip")])
    assert axe(page) == []
    if opened(page) == first.pk:  # the next one was not requested in time: the keys leave the row
        press(page, "j")
    shows_row(page, second)
    press(page, "z", "Enter")
    expect(not_saved).to_have_count(2)
    expect(not_saved.last).to_contain_text(f"stagiaires:{second.legacy_id} – Later")
    assert decisions() == []
    watch.complaints.clear()  # of the failures
    page.unroute("**/decide")
    for left in (1, 0):
        not_saved.first.get_by_role("button", name="Send it again").click()
        expect(not_saved).to_have_count(left)
    expect(page.locator("#li-unsaved")).to_be_hidden()
    shows_row(page, third)
    made = LegacyReviewDecision.objects.order_by("pk").values_list("student_import", "decision")
    assert list(made) == [(first.pk, D.SKIP), (second.pk, D.LATER)]


def test_a_refusal_loses_no_decision_that_was_made_meanwhile(page_as, watch):
    watch.expected.add(409)
    run = queue_of_unknown(3)
    first, second, third = rows_of(run)
    page = page_as("Reviewer", language="en")
    with page.expect_response(lambda answer: f"row={second.pk}" in answer.url):
        open_queue(page, run)
    held = []
    page.route(f"**/{first.pk}/decide", lambda route: held.append(route))
    press(page, "s", "Enter")
    shows_row(page, second)
    press(page, "z", "Enter")
    say(first, D.LATER, reviewer())
    held[0].continue_()
    expect(page.locator("#li-unsaved li")).to_contain_text(f"stagiaires:{first.legacy_id} – Skip")
    shows_row(page, third)
    assert decisions() == [D.LATER, D.LATER]
    page.unroute(f"**/{first.pk}/decide")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("alert")).to_contain_text("your decision was not saved: skip")


def test_nothing_is_decided_on_a_page_that_is_about_to_go(page_as, watch):
    watch.expected.add(409)
    run = queue_of_unknown(3)
    first, second, _third = rows_of(run)
    page = page_as("Reviewer", language="en")
    with page.expect_response(lambda answer: f"row={second.pk}" in answer.url):
        open_queue(page, run)
    say(first, D.LATER, reviewer())
    page.evaluate("HTMLFormElement.prototype.submit = () => {}")  # a server that takes its time
    press(page, "s", "Enter")
    expect(page.locator(".li-queue[inert]")).to_have_count(1)
    press(page, "s", "Enter")
    expect(page.locator("body")).to_be_focused()
    assert decisions() == [D.LATER]


def test_a_click_on_a_row_that_is_replaced_at_that_moment_decides_nothing(page_as):
    """It was meant for the row that was there: another user has that row now."""
    run = queue_of_unknown(3)
    _first, second, third = rows_of(run)
    page = page_as("Reviewer", language="en")
    with page.expect_response(lambda answer: f"row={second.pk}" in answer.url):
        open_queue(page, run)
    say(second, D.SKIP, reviewer())
    page.evaluate(
        """pk => new MutationObserver((_, watch) => {
            if (document.getElementById("li-row").dataset.row !== pk) return;
            watch.disconnect();
            document.querySelector('#li-decide [value="skip"]').click();
            document.body.dataset.clicked = "yes";
        }).observe(document.querySelector(".li-queue-row"), {childList: true})""",
        str(third.pk),
    )
    decide_by_key(page, "s")
    expect(page.locator("body[data-clicked]")).to_have_count(1)
    shows_row(page, third)
    expect(page.locator(".li-queue-row[data-rest]")).to_have_count(0)
    assert decisions() == [D.SKIP, D.SKIP]
    third.refresh_from_db()
    assert third.decision == ""


# --- What is masked ----------------------------------------------------------------------------------


def test_a_revealed_contact_is_masked_again_on_leaving(page_as, doubtful):
    row = next(row for row in rows_of(doubtful) if row.legacy_id == "7")
    page = page_as("Reviewer", language="en")
    open_queue(page, doubtful, row=row.pk)
    assert PHONE not in page.content()
    page.get_by_text("Reveal the contact of this row").click()
    page.get_by_label("Why do you need it?").fill("dossier illisible")
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.locator("#li-revealed")).to_contain_text(PHONE)
    expect(page.locator("#li-revealed")).to_be_focused()
    for part in ("#li-revealed", ".li-compare"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert PHONE not in page.content()
    page.goto(f"{ADDRESS}?run={doubtful.pk}&focus=all&row={row.pk}")
    assert PHONE not in page.content()
    with suppress(Error):  # the browser kept no copy of the answer to go back to
        page.go_back()
    page.wait_for_load_state()
    expect(page.locator("body")).not_to_contain_text(PHONE)
    assert LegacyAccessLog.objects.count() == 1


# --- Hostile text, a long queue ----------------------------------------------------------------------


def test_hostile_text_does_nothing(page_as, doubtful):
    page = page_as("Manager", language="ar")
    for row in rows_of(doubtful):
        open_queue(page, doubtful, row=row.pk, state="all")
        assert "taken" not in page.title()
        assert page.locator("#content script, #content img").count() == 0
        details = page.locator("details:has(form[action*='/raw'])")
        details.locator("summary").click()
        details.get_by_role("button").click()
        expect(page.locator("#li-payload")).to_be_visible()
        assert "taken" not in page.title()


def test_a_long_queue_is_walked_over_its_pages(page_as):
    run = RunFactory()
    stage_rows(run, [
        legacy_row(table="stagiaires", legacy_id=str(n), full_name=f"Fictif {spelled(n)}",
                   phone=f"0661{300_000 + n}", status="mystère")
        for n in range(1, 28)
    ])  # fmt: skip
    run_stages(run)
    rows = rows_of(run)
    page = page_as("Reviewer")
    open_queue(page, run, row=rows[24].pk)
    page.keyboard.press("j")
    shows_row(page, rows[25])
    page.keyboard.press("k")
    shows_row(page, rows[24])


# --- One row on one screen ---------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1366, 640), (1280, 900), (390, 844)])
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_decision_is_in_view_without_scrolling(page_as, doubtful, width, height, language):
    page = page_as("Reviewer", language=language)
    page.set_viewport_size({"width": width, "height": height})
    for row in rows_of(doubtful):
        open_queue(page, doubtful, row=row.pk, state="all")
        buttons = page.locator("#li-decide .li-decide-one button")
        expect(buttons.last).to_be_visible()
        for button in buttons.all():
            expect(button).to_be_in_viewport(ratio=1)


def test_the_decisions_cover_nothing_that_has_the_focus(page_as, doubtful):
    page = page_as("Manager", language="fr")
    page.set_viewport_size({"width": 1366, "height": 640})
    row = next(row for row in rows_of(doubtful) if row.legacy_id == "7")
    open_queue(page, doubtful, row=row.pk)
    page.locator("#li-row").focus()
    covered = page.locator("#li-row :is(a, summary):visible").count()
    assert covered > 3
    for _ in range(covered):
        page.keyboard.press("Tab")
        assert page.evaluate(
            """() => {
                const one = document.activeElement, box = one.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                return one.contains(top) || top.contains(one);
            }"""
        )


def test_on_a_phone_the_row_comes_before_the_list(page_as, doubtful):
    page = page_as("Reviewer", width=390)
    open_queue(page, doubtful)
    row, rows = page.locator("#li-row").bounding_box(), page.locator(".li-lines").bounding_box()
    assert row is not None
    assert rows is not None
    assert row["y"] < rows["y"]
