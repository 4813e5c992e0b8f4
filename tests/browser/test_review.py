"""The review queue in a real browser: by keyboard alone, by two people at once, and under attack."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, expect

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyAccessLog, LegacyImportRun, LegacyReviewDecision
from tests.browser.screens.review import ADDRESS, PHONE, doubtful_run, queue
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
    """Press keys one after another; a key that leads elsewhere is followed there."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_load_state("load")


def decide_by_key(page: Page, key: str) -> None:
    """One decision by keyboard: its key, Enter, and the next page is there."""
    page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")


# --- By keyboard -------------------------------------------------------------------------------------


def test_a_reviewer_empties_a_queue_with_the_keyboard_alone(page_as):
    run = queue_of_unknown(4)
    rows = rows_of(run)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    assert opened(page) == rows[0].pk
    press(page, "j")
    page.wait_for_url(re.compile(f"row={rows[1].pk}"))
    press(page, "k")
    page.wait_for_url(re.compile(f"row={rows[0].pk}"))
    decide_by_key(page, "3")
    assert opened(page) == rows[1].pk
    decide_by_key(page, "4")
    decide_by_key(page, "3")
    # Treat as: its key leads to the choice, the choice is made by letter, Enter confirms.
    page.keyboard.press("1")
    page.keyboard.type("lead")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert decisions() == [D.SKIP, D.LATER, D.SKIP, D.TREAT_AS]
    expect(page.get_by_text("No row waits here.")).to_be_visible()


def test_u_takes_the_last_decision_back(page_as):
    run = queue_of_unknown(2)
    first, _ = rows_of(run)
    page = page_as("Reviewer")
    open_queue(page, run)
    decide_by_key(page, "3")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert opened(page) == first.pk
    first.refresh_from_db()
    assert first.decision == ""


def test_r_says_again_what_was_said_of_an_earlier_version(page_as):
    (before,) = rows_of(queue_of_unknown(1))
    say(before, D.TREAT_AS, reviewer(), treat_as=Classification.LEAD_ONLY)
    run = queue_of_unknown(1, status="autre")
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    expect(page.locator("#li-earlier-title")).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator("#li-earlier-title")).to_have_count(0)
    assert decisions() == [D.TREAT_AS, D.TREAT_AS]


# Layout → (what it sends for key 3, what it sends for the key of j).
LAYOUTS = {"azerty": ('"', "j"), "azerty-shift": ("3", "J"), "arabic": ("٣", "ت")}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_count_by_their_place(page_as, layout):
    run = queue_of_unknown(2)
    rows = rows_of(run)
    page = page_as("Reviewer")
    open_queue(page, run)
    digit, letter = LAYOUTS[layout]
    send = "([key, code]) => document.body.dispatchEvent(" \
        "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}))"  # fmt: skip
    page.evaluate(send, [digit, "Digit3"])
    assert page.evaluate("document.activeElement.value") == "skip"
    with page.expect_navigation():
        page.evaluate(send, [letter, "KeyJ"])
    assert opened(page) == rows[1].pk


def test_keys_do_nothing_in_a_field_nor_with_ctrl_alt_meta(page_as):
    run = queue_of_unknown(2)
    page = page_as("Reviewer")
    open_queue(page, run)
    before = page.url
    page.locator("#li-note").focus()
    page.keyboard.type("j3ux")
    assert page.locator("#li-note").input_value() == "j3ux"
    page.locator("#li-row h2").click()
    for held in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{held}+KeyX")
    assert not page.locator("input[data-current]").is_checked()
    page.keyboard.press("x")
    assert page.locator("input[data-current]").is_checked()
    assert page.url == before
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "li-search"


def test_shortcuts_can_be_switched_off_and_stay_off(page_as):
    run = queue_of_unknown(2)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.keyboard.press("?")
    page.get_by_label("Shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    open_queue(page, run)
    page.keyboard.press("x")
    assert not page.locator("input[data-current]").is_checked()
    page.locator("#li-help-open").click()
    page.get_by_label("Shortcuts are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    assert page.locator("input[data-current]").is_checked()


def test_every_move_is_said(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    press(page, "j")
    expect(page.locator("#li-live")).to_contain_text("Row 2 of 3: stagiaires:2")
    decide_by_key(page, "3")
    expect(page.locator("#li-live")).to_contain_text(re.compile(r"Skipped by \S.* – stagiaires:2"))
    expect(page.locator("#li-live")).to_contain_text("stagiaires:3")


def test_everything_works_without_script(page_as):
    run = queue_of_unknown(2)
    first, second = rows_of(run)
    page = page_as("Reviewer", language="en", script=False)
    open_queue(page, run)
    page.get_by_role("button", name="Skip 3").click()
    assert opened(page) == second.pk
    page.get_by_text("Decide about many rows").click()
    page.get_by_label("the 1 row that matches").check()
    page.get_by_label("Decision", exact=True).select_option("later")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    assert decisions() == [D.SKIP, D.LATER]
    page.get_by_role("button", name="Undo stagiaires:2").or_(
        page.get_by_role("button", name="Undo u stagiaires:2")
    ).click()
    assert opened(page) == second.pk
    first.refresh_from_db()
    assert first.decision == D.SKIP


# --- Two reviewers -----------------------------------------------------------------------------------


def test_two_reviewers_collide_and_the_loser_is_told(page_as):
    run = queue_of_unknown(2)
    first, second = rows_of(run)
    winner = page_as("Reviewer", language="en", username="nadia")
    loser = page_as("Reviewer", language="en", username="lina")
    for page in (winner, loser):
        open_queue(page, run)
    expect(loser.locator("#li-holder")).to_have_text("nadia is looking at this row.")
    decide_by_key(winner, "3")
    decide_by_key(loser, "4")
    expect(loser.get_by_role("alert")).to_contain_text("nadia decided: skip")
    expect(loser.get_by_role("alert")).to_contain_text("your decision was not saved: later")
    again = loser.get_by_role("link", name="Reopen the row").get_attribute("href")
    loser.get_by_role("link", name="Keep theirs, next row").click()
    assert opened(loser) == second.pk
    loser.goto(str(again))
    assert opened(loser) == first.pk
    decide_by_key(loser, "4")
    assert decisions() == [D.SKIP, D.LATER]


def test_a_double_click_decides_once(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    with page.expect_navigation():
        page.get_by_role("button", name="Skip 3").dblclick(no_wait_after=True)
    page.wait_for_load_state("load")
    assert decisions() == [D.SKIP]


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
        details = page.locator("details:has(form[action$='/raw'])")
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
    with page.expect_navigation():
        page.keyboard.press("j")
    assert opened(page) == rows[25].pk
    with page.expect_navigation():
        page.keyboard.press("k")
    assert opened(page) == rows[24].pk
