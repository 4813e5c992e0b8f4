"""The mapping screens in a real browser: a bulk, a choice, the keyboard, every language and light."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacySessionMapping
from tests.browser.conftest import scrolls_sideways
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import run_stages

COURSES, SESSIONS = "/admin/legacy-imports/course-mapping", "/admin/legacy-imports/session-mapping"
HOSTILE = "<script>document.title='!'</script>\u202e\u2066 infographie"
WAITING = {"course": None, "status": "unmapped", "rule": "course:no_exact_name"}


@pytest.fixture
def run() -> LegacyImportRun:
    """A planned run with courses and sessions in every state."""
    started = RunFactory()
    for number, name in enumerate(("Gestion", "Anglais", "Comptabilité"), start=8):
        course = CourseFactory(name=name, code=f"C-{number}")
        CourseMappingFactory(legacy_formation_id=str(number), legacy_name=name.upper(),
                             course=course, status="suggested", rule="course:exact_name")  # fmt: skip
    CourseFactory(name="Infographie et PAO", code="INF")
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie PAO", **WAITING)
    CourseMappingFactory(legacy_formation_id="6", legacy_name=HOSTILE, **WAITING)
    SessionMappingFactory(legacy_session_id="40", legacy_code="INF-2019", legacy_formation_id="8",
                          starts_on_raw="2019-01-06", ends_on_raw="0000-00-00")  # fmt: skip
    SessionMappingFactory(legacy_session_id="41", legacy_code="INF-2020", legacy_formation_id="8",
                          confirmed=True)  # fmt: skip
    SessionMappingFactory(legacy_session_id="235", legacy_code=HOSTILE, legacy_formation_id="8",
                          session_type="waiting_placeholder", rule="session:placeholder_id")  # fmt: skip
    rows = [("Formée", "7", None), ("Formée", "7", None), ("Confirmer", "8", "40"),
            ("Formée", "9", None), ("Formée", "8", "235")]  # fmt: skip
    for legacy_id, (status, formation, session) in enumerate(rows, start=1):
        StagedLearnerFactory(run=started, legacy_id=str(legacy_id), status=status,
                             formation_id=formation, session_id=session)  # fmt: skip
    run_stages(started)
    return started


def of(model: Any, legacy_id: str) -> Any:
    key = "legacy_formation_id" if model is LegacyCourseMapping else "legacy_session_id"
    return model.objects.get(**{key: legacy_id})


def addresses() -> list[str]:
    course, session = of(LegacyCourseMapping, "7"), of(LegacySessionMapping, "40")
    parked = of(LegacySessionMapping, "235")
    return [
        COURSES, f"{COURSES}/confirm-all", f"{COURSES}/{course.pk}", f"{COURSES}?q=zzz",
        SESSIONS, f"{SESSIONS}/confirm-all", f"{SESSIONS}/{session.pk}", f"{SESSIONS}/{parked.pk}",
    ]  # fmt: skip


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
    assert "4 rows waited for review, now 1 do" in page.inner_text(".messagelist")
    assert of(LegacyCourseMapping, "7").course.name == "Infographie et PAO"


def test_two_people_collide(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{COURSES}/{of(LegacyCourseMapping, '7').pk}")
    LegacyCourseMapping.objects.filter(legacy_formation_id="7").update(
        version=2, status="no_equivalent", confirmed_by=UserFactory(username="yacine"),
        confirmed_at=run.started_at,
    )  # fmt: skip
    page.get_by_label("Infographie et PAO").check()
    page.get_by_role("button", name="This is the course").click()
    alert = page.get_by_role("alert")
    assert "Somebody else was faster" in alert.inner_text()
    assert "by yacine" in alert.inner_text()
    page.get_by_role("link", name="Keep theirs, back to the list").click()
    assert of(LegacyCourseMapping, "7").status == "no_equivalent"


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
    assert of(LegacyCourseMapping, "7").status == "confirmed"


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_axe_finds_nothing(
    run, page_as, axe: Callable[[Page], list[str]], language: str, dark: bool
) -> None:
    page: Page = page_as("Manager", language=language, dark=dark)
    for address in addresses():
        page.goto(address)
        assert axe(page) == [], address
    page.goto(f"{SESSIONS}/{of(LegacySessionMapping, '40').pk}")
    page.locator("button[value=waiting_placeholder]").click()  # refused: no reason was given
    assert page.locator(".li-alert").is_visible()
    assert axe(page) == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_it_fits_a_phone_and_hostile_names_do_nothing(run, page_as, language):
    page: Page = page_as("Manager", language=language, width=320)
    for address in addresses():
        page.goto(address)
        assert not scrolls_sideways(page), address
        assert page.title() != "!"
