"""What a browser shows when nothing goes on: refusals and errors, readable by everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import scrolls_sideways

LANGUAGES = {"fr": "ltr", "ar": "rtl", "en": "ltr"}
LOGIN = "/admin/login/"
TOO_MANY_FIELDS = "/admin/legacy-imports?" + "a&" * 1_300  # settings allow 1,200


def sign_in(page: Page) -> int:
    """Send a name and a password; the status of the answer."""
    page.goto(LOGIN)
    page.locator("#id_username").fill("personne")
    page.locator("#id_password").fill("rien")
    with page.expect_navigation() as answered:
        page.locator("#login-form [type=submit]").click()
    return answered.value.status if answered.value else 0


def unreadable(page: Page, settings: Any) -> int:
    answer = page.goto(TOO_MANY_FIELDS)
    return answer.status if answer else 0


def locked_out(page: Page, settings: Any) -> int:
    settings.AXES_ENABLED = True
    for _ in range(settings.AXES_FAILURE_LIMIT):
        status = sign_in(page)
    return status


def broken(page: Page, settings: Any) -> int:
    settings.AUTHENTICATION_BACKENDS = ["nothing.Here"]
    answer = page.goto(LOGIN)
    return answer.status if answer else 0


# Refusal → (how it comes about, by whom, status); 403 and 404 are in test_foundation.
REFUSALS: dict[str, tuple[Callable[[Page, Any], int], str, int]] = {
    "unreadable": (unreadable, "Reader", 400),
    "locked-out": (locked_out, "", 429),
    "broken": (broken, "", 500),
}


@pytest.fixture
def refused(page_as: Any, settings: Any) -> Callable[..., Page]:
    """refused(which, language=…): the page of that refusal."""

    def meet(which: str, **options: Any) -> Page:
        act, role, status = REFUSALS[which]
        page: Page = page_as(role, **options)
        assert act(page, settings) == status
        return page

    return meet


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", REFUSALS)
def test_axe_finds_nothing_and_a_phone_shows_all_of_it(refused, axe, which, language, dark):
    page = refused(which, language=language, dark=dark, width=320)
    assert page.locator("html").get_attribute("dir") == LANGUAGES[language]
    assert axe(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("which", ["unreadable", "broken"])
def test_the_way_home_is_there_without_script(refused, which, settings):
    backends = settings.AUTHENTICATION_BACKENDS
    page = refused(which, language="en", script=False)
    settings.AUTHENTICATION_BACKENDS = backends
    page.get_by_role("link", name="Home").click()
    assert page.url.split("?")[0].rstrip("/").endswith(("/admin", "/admin/login"))
