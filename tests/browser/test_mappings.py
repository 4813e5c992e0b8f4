"""The mapping screens in a real browser: a bulk, a choice, a race, the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
)
from tests.browser.screens.mappings import (
    CONFLICTS,
    COURSES,
    SESSIONS,
    STATUSES,
    mapped_run,
    mapping_of,
)
from tests.factories import SessionMappingFactory, UserFactory


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
    page.get_by_role("link", name="Another course… : Infographie PAO").click()
    assert "Choosing a course frees 2 rows." in page.inner_text("#content")
    page.get_by_label("Infographie et PAO").check()
    page.get_by_role("button", name="This is the course").click()
    page.goto(SESSIONS)
    page.get_by_role("button", name="Confirm real : INF-2019").click()
    page.get_by_role("button", name="Plan again").click()
    assert "8 rows waited for review, now 5 do" in page.inner_text(".messagelist")
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
        page.get_by_role("button", name="Plan again").click()
    expect(page.locator(".messagelist")).to_contain_text("8 rows waited for review, now 6 do")
    with page.expect_navigation():
        page.get_by_role("link", name="Change… : Abandon").click()
    expect(page.locator("#content")).to_contain_text("2 rows need review again")
    with page.expect_navigation():
        page.get_by_role("button", name="Undo this decision").click()
    assert mapping_of(LegacyStatusMapping, "abandon").classification is None


def test_a_manager_keeps_a_course_by_its_name(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{COURSES}/{mapping_of(LegacyCourseMapping, '7').pk}")
    expect(page.locator("#content")).to_contain_text(
        "frees 2 rows (create a completed training: 2)"
    )
    with page.expect_navigation():
        page.get_by_role("button", name="No equivalent: keep its history by the old name").click()
    expect(page.locator(".messagelist")).to_contain_text("kept by its old name")
    assert mapping_of(LegacyCourseMapping, "7").status == "kept_by_name"


def test_a_manager_settles_a_pair_of_courses(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(COURSES)
    with page.expect_navigation():
        page.get_by_role(
            "link", name="1 row refers to a course and to a session of another course…"
        ).click()
    expect(page).to_have_url(re.compile(CONFLICTS))
    with page.expect_navigation():
        page.get_by_role("link", name="Settle…").click()
    with page.expect_navigation():
        page.get_by_role("button", name="The course of the session").click()
    expect(page.locator(".messagelist")).to_contain_text("course of the session")
    assert mapping_of(LegacyCourseConflict, "9").answer == "course_of_session"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_manager_unticks_a_session_and_releases_the_history_of_another(run, page_as, script):
    SessionMappingFactory(legacy_session_id="42", legacy_code="Liste PAO", legacy_formation_id="8")
    page: Page = page_as("Manager", language="en", script=script)
    page.goto(f"{SESSIONS}/confirm-all")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    expect(boxes.first).not_to_be_checked()  # the doubtful one
    expect(page.locator("#content")).to_contain_text("its code reads like a waiting list")
    expect(boxes.last).to_be_checked()
    boxes.last.uncheck()
    boxes.first.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Confirm the ticked sessions").click()
    expect(page.locator(".messagelist")).to_contain_text("1 session confirmed real.")
    assert mapping_of(LegacySessionMapping, "42").confirmed_at is not None
    assert mapping_of(LegacySessionMapping, "40").confirmed_at is None
    page.goto(f"{SESSIONS}/{mapping_of(LegacySessionMapping, '235').pk}")
    with page.expect_navigation():
        page.get_by_role(
            "button", name="Still waiting: record its history without a session"
        ).click()
    expect(page.locator(".messagelist")).to_contain_text("waiting list, history released")
    assert mapping_of(LegacySessionMapping, "235").history_released


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_courses_are_chosen_in_the_list_one_after_the_other(run, page_as, script):
    page: Page = page_as("Manager", language="en", script=script)
    page.goto(COURSES)
    first, second = (mapping_of(LegacyCourseMapping, one) for one in ("7", "6"))
    choice = page.get_by_label("Course of the platform : Infographie PAO")
    choice.select_option(label="Infographie et PAO (INF)")
    with page.expect_navigation():
        page.get_by_role("button", name="Confirm : Infographie PAO").click()
    expect(page.locator(".messagelist")).to_contain_text("confirmed")
    expect(page.locator(f"#line-{first.pk}")).to_have_count(0)
    assert mapping_of(LegacyCourseMapping, "7").course.name == "Infographie et PAO"
    expect(page.locator("select[name=choice]:focus")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"#line-\d+$"))
    page.locator(f"#line-{second.pk}").select_option("no_equivalent")
    with page.expect_navigation():
        page.locator(f"form:has(#line-{second.pk}) button").click()
    expect(page.locator(f"#line-{second.pk}")).to_have_count(0)
    assert mapping_of(LegacyCourseMapping, "6").status == "no_equivalent"


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
    _tab_to(page, "Another course… : Infographie PAO")
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
