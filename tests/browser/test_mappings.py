"""The mapping screens in a real browser: a bulk, a choice, a race, the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacyStatusMapping
from tests.browser.screens.mappings import COURSES, SESSIONS, STATUSES, mapped_run, mapping_of
from tests.factories import UserFactory


@pytest.fixture
def run() -> LegacyImportRun:
    return mapped_run()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_manager_confirms_all_and_frees_the_rest(run, page_as, script):
    page: Page = page_as("Manager", language="en", script=script)
    page.goto(COURSES)
    page.get_by_role("link", name="Confirm all 3 exact suggestions…").click()
    page.get_by_role("button", name="Confirm 3 suggestions").click()
    assert "3 suggestions confirmed." in page.inner_text(".messagelist")
    page.get_by_role("link", name="Choose… : Infographie PAO").click()
    assert "Choosing a course frees 2 rows." in page.inner_text("#content")
    page.get_by_label("Infographie et PAO").check()
    page.get_by_role("button", name="This is the course").click()
    page.goto(SESSIONS)
    page.get_by_role("button", name="Confirm real : INF-2019").click()
    page.get_by_role("button", name="Validate, classify and plan this run now").click()
    assert "7 rows waited for review, now 4 do" in page.inner_text(".messagelist")
    assert mapping_of(LegacyCourseMapping, "7").course.name == "Infographie et PAO"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_manager_defines_a_status_once_and_undoes_it(run, page_as, script):
    page: Page = page_as("Manager", language="en", script=script)
    page.goto(STATUSES)
    with page.expect_navigation():
        page.get_by_role("link", name="Define… : Abandon").click()
    expect(page.locator("#content")).to_contain_text("As typed in this run: Abandon (1)")
    expect(page.locator("#content")).to_contain_text("frees 2 rows (create a course interest: 2)")
    with page.expect_navigation():
        page.get_by_role("button", name="A lead only").click()
    expect(page.locator(".messagelist")).to_contain_text("Abandon: lead only.")
    assert mapping_of(LegacyStatusMapping, "abandon").classification == "lead_only"
    with page.expect_navigation():
        page.get_by_role("button", name="Validate, classify and plan this run now").click()
    expect(page.locator(".messagelist")).to_contain_text("7 rows waited for review, now 5 do")
    with page.expect_navigation():
        page.get_by_role("link", name="Change… : Abandon").click()
    expect(page.locator("#content")).to_contain_text("2 rows need review again")
    with page.expect_navigation():
        page.get_by_role("button", name="Undo this decision").click()
    assert mapping_of(LegacyStatusMapping, "abandon").classification is None


def test_two_people_collide(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{COURSES}/{mapping_of(LegacyCourseMapping, '7').pk}")
    LegacyCourseMapping.objects.filter(legacy_formation_id="7").update(
        version=2, status="no_equivalent", confirmed_by=UserFactory(username="yacine"),
        confirmed_at=run.started_at,
    )  # fmt: skip
    page.get_by_label("Infographie et PAO").check()
    page.get_by_role("button", name="This is the course").click()
    alert = page.get_by_role("alert")
    assert "Another user was faster" in alert.inner_text()
    assert "by yacine" in alert.inner_text()
    page.get_by_role("link", name="Keep theirs, back to the list").click()
    assert mapping_of(LegacyCourseMapping, "7").status == "no_equivalent"


def test_the_keyboard_alone_chooses_a_course(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(COURSES)
    _tab_to(page, "Choose… : Infographie PAO")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{COURSES}/*")
    _tab_to(page, "Infographie et PAO INF")
    page.keyboard.press("Space")
    _tab_to(page, "This is the course")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{COURSES}?run=*")
    assert mapping_of(LegacyCourseMapping, "7").status == "confirmed"


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus stands on what is named so (a link, a button, a radio's label)."""
    told = """() => { const one = document.activeElement;
        return (one.labels?.[0] ?? one).textContent.replace(/\\s+/g, " ").trim(); }"""
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(told))
        if seen[-1] == name:
            return
    raise AssertionError(f"{name!r} is not reached: {seen}")
