"""A live server, Debian's Chromium, a page per role, and what a page must never do."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from legacy_import.permissions import APP_LABEL, GROUPS

REMEDY = "These tests need a browser: apt-get install chromium"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
HEIGHT = 900
OWN_SCHEMES = ("data:", "blob:", "about:")

PageAs = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Watch:
    """What pages did that none may do: errors, refused content, words to other hosts.

    `expected` are statuses that a script of the page may meet (a 409 answered to fetch()).
    """

    host: str
    seen: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    complaints: list[tuple[str, str]] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(f"error: {error.error}"))
        context.on("request", lambda request: self._request(request.url))
        context.on("response", self._response)

    def _request(self, url: str) -> None:
        if not url.startswith((f"{self.host}/", *OWN_SCHEMES)):
            self.seen.append(f"another host: {url}")

    def _response(self, response: Response) -> None:
        self.answers[response.url] = (response.status, response.request.resource_type)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append((message.text, message.location.get("url", "")))

    def found(self) -> list[str]:
        """Everything seen; that a page was answered with 404 is no error of its own."""
        told = list(self.seen)
        for text, url in self.complaints:
            status, kind = self.answers.get(url, (0, ""))
            answered = text.startswith("Failed to load resource")
            if not (answered and (kind == "document" or status in self.expected)):
                told.append(f"console: {text} ({url})")
        return told


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole run. Without one the tests fail; none is skipped."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail(REMEDY, pytrace=False)
    # Playwright keeps an event loop in this thread, in which Django would otherwise ask no database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def watch(live_server: Any) -> Iterator[Watch]:
    """Fails the test for anything that `Watch` found."""
    watched = Watch(live_server.url)
    yield watched
    assert not watched.found()


@pytest.fixture
def page_as(browser: Browser, live_server: Any, watch: Watch) -> Iterator[PageAs]:
    """page_as(role, language, width, dark): a page of a signed-in user of that role.

    A role is the name of a group, "superuser", "staff" (no permission) or "" (nobody). Each call is
    a browser of its own, with a user of its own: `page.goto("/admin/…")`.
    """
    opened: list[BrowserContext] = []

    def open_page(
        role: str = "Operator", *, language: str = "fr", width: int = 1280, dark: bool = False,
        script: bool = True, username: str = "",
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        opened.append(context)
        context.set_default_timeout(15_000)
        watch.follow(context)
        cookies = {settings.LANGUAGE_COOKIE_NAME: language}
        if role:
            cookies[settings.SESSION_COOKIE_NAME] = session_of(user_as(role, username))
        context.add_cookies(
            [
                {"name": name, "value": value, "url": live_server.url}
                for name, value in cookies.items()
            ]
        )
        return context.new_page()

    yield open_page
    for context in opened:
        with suppress(Exception):  # a context that the test closed
            context.close()


def user_as(role: str, username: str = "") -> Any:
    """A fictional member of staff with that role; the same name gives the same user."""
    name = username or f"essai.{role.lower()}"
    user, _ = get_user_model().objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": role == "superuser"}
    )
    if role in GROUPS:
        group, _ = Group.objects.get_or_create(name=role)
        granted = Permission.objects.filter(
            content_type__app_label=APP_LABEL, codename__in=GROUPS[role]
        )
        group.permissions.set(granted)  # a transactional test leaves no groups behind
        user.groups.add(group)
    return user


def session_of(user: Any) -> str:
    """The value of a session cookie for this user."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """axe(page): what axe finds wrong with the page, a line per place; the CSP stays in force."""

    def violations(page: Page) -> list[str]:
        page.evaluate(AXE)
        options = {"runOnly": {"type": "tag", "values": list(RULES)}}
        found = page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{one['id']}: {node['html'][:160]} – {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    return violations


def scrolls_sideways(page: Page) -> bool:
    """Whether the page as a whole is wider than its window (a wide table scrolls by itself)."""
    wider: bool = page.evaluate(
        "() => document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    )
    return wider
