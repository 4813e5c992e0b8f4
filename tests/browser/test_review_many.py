"""Many rows at once in a real browser: the selection, the undo of all of it, and the causes."""

from playwright.sync_api import Page, expect

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision
from tests.browser.screens.review import ADDRESS, queue
from tests.review.reviewing import queue_of_unknown, rows_of
from tests.screens.review.test_causes import registrations_and_others

D = ReviewDecision
OPEN = ".li-line-current input[type=checkbox]"


def open_queue(page: Page, run: LegacyImportRun, **query: object) -> None:
    answer = page.goto(queue(run, **query))
    assert answer is not None
    assert answer.status == 200


def expect_open(page: Page, row: int) -> None:
    expect(page.locator("#li-row")).to_have_attribute("data-row", str(row))
    expect(page.locator(OPEN)).to_have_value(str(row))


def continue_with(page: Page, decision: str) -> None:
    page.locator(".li-bulk > summary").click()
    page.locator("#li-bulk-decision").select_option(decision)
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()


def confirm(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Confirm").click()


def decided(run: LegacyImportRun) -> list[int]:
    return [row.pk for row in rows_of(run) if row.decision]


def test_the_selection_survives_the_next_row_and_the_next_page(page_as):
    run = queue_of_unknown(30)
    rows = [row.pk for row in rows_of(run)]
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    expect_open(page, rows[0])
    page.keyboard.press("x")
    page.keyboard.press("j")
    expect_open(page, rows[1])
    page.keyboard.press("x")
    expect(page.locator("#li-selected")).to_have_text("(selected: 2)")
    with page.expect_navigation():
        page.get_by_role("link", name="Next page").click()
    expect_open(page, rows[25])
    expect(page.locator("#li-selected")).to_have_text("(selected: 2)")
    page.keyboard.press("x")
    expect(page.locator("#li-selected")).to_have_text("(selected: 3)")
    continue_with(page, "skip")
    expect(page.get_by_role("heading", name="skip: 3 rows")).to_be_visible()
    # Whoever cancels has the selection still.
    with page.expect_navigation():
        page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#li-selected")).to_have_text("(selected: 3)")
    continue_with(page, "skip")
    confirm(page)
    expect(page.locator("#li-selected")).to_have_text("(none selected)")
    assert decided(run) == [rows[0], rows[1], rows[25]]


def test_another_filter_is_another_list(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.keyboard.press("x")
    expect(page.locator("#li-selected")).to_have_text("(selected: 1)")
    open_queue(page, run, source_table="stagiaires")
    expect(page.locator("#li-selected")).to_have_text("(none selected)")


def test_what_is_selected_on_other_pages_can_be_let_go(page_as):
    run = queue_of_unknown(30)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.keyboard.press("x")
    with page.expect_navigation():
        page.get_by_role("link", name="Next page").click()
    page.locator(".li-bulk > summary").click()
    page.get_by_role("button", name="Select this page").click()
    expect(page.locator("#li-selected")).to_have_text("(selected: 6)")
    page.get_by_role("button", name="Select none").click()
    expect(page.locator("#li-selected")).to_have_text("(none selected)")
    expect(page.locator(".li-line input:checked")).to_have_count(0)


def test_u_takes_a_whole_bulk_back(page_as):
    run = queue_of_unknown(3)
    page = page_as("Reviewer", language="en")
    open_queue(page, run)
    page.locator(".li-bulk > summary").click()
    page.locator("input[name=scope][value=all]").check()
    page.locator("#li-bulk-decision").select_option("skip")
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()
    confirm(page)
    expect(page.get_by_text("3 rows: skip")).to_be_visible()
    assert len(decided(run)) == 3
    with page.expect_navigation():
        page.keyboard.press("u")
    expect(page.locator(".messagelist")).to_have_text("Undone: 3 rows wait again.")
    assert decided(run) == []


def test_without_script_the_ticked_rows_of_the_page_are_decided_and_undone(page_as):
    run = queue_of_unknown(3)
    first, second, _ = (row.pk for row in rows_of(run))
    page = page_as("Reviewer", language="en", script=False)
    open_queue(page, run)
    for row in (first, second):
        page.locator(f".li-line input[value='{row}']").check()
    continue_with(page, "later")
    confirm(page)
    assert decided(run) == [first, second]
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    assert decided(run) == []


def test_without_script_a_cause_is_decided_from_the_first_page_of_the_queue(page_as):
    run = registrations_and_others()
    page = page_as("Reviewer", language="en", script=False)
    page.goto(f"{ADDRESS}?run={run.pk}")
    cause = page.locator(".li-cause").first
    expect(cause).to_contain_text("3 rows wait for 1 session")
    with page.expect_navigation():
        cause.get_by_role("button", name="Release without session: all 3 rows").click()
    confirm(page)
    made = LegacyReviewDecision.objects.values_list("decision", flat=True)
    assert list(made) == [D.RELEASE_WITHOUT_SESSION] * 3
    with page.expect_navigation():
        page.get_by_role("link", name="Back to the causes").click()
    expect(page.locator(".li-cause").first).to_contain_text("3 rows carry 2 unknown statuses")
