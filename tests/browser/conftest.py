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
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, sync_playwright

from tests.browser.fonts import missing_fonts, write_configuration
from tests.browser.sessions import session_of, user_as
from tests.browser.states import HEIGHT

REMEDY = "These tests need a browser: apt-get install chromium"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = "cat.color"  # axe's tag for the rules that depend on colours
OWN_SCHEMES = ("data:", "blob:", "about:")

PageAs = Callable[..., Page]
Axe = Callable[..., list[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "live_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Watch:
    """What pages did that none may do: errors, refused content, words to other hosts.

    `expected` are statuses that a script of the page may meet (a 409 answered to fetch()).
    """

    host: str
    seen: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    answers: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
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
        answer = (response.status, response.request.resource_type)
        self.answers.setdefault(response.url, set()).add(answer)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append((message.text, message.location.get("url", "")))

    def found(self) -> list[str]:
        """Everything seen; that a page was answered with 404 is no error of its own."""
        told = list(self.seen)
        for text, url in self.complaints:
            is_answer = text.startswith("Failed to load resource")
            answers = self.answers.get(url, set())
            if not is_answer or not any(
                f"status of {status} " in text and (kind == "document" or status in self.expected)
                for status, kind in answers
            ):
                told.append(f"console: {text} ({url})")
        return told


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One headless Chromium for the whole run, which shows the same fonts on every machine.

    It takes them from a fontconfig file that is written here (FONTCONFIG_FILE): pages are shown in
    DejaVu and nothing else, the first font set; the walk over every screen puts the second one on,
    which is wide, with Latin and Arabic (Lemonada). `tests/browser/fonts.py` says why these. A
    browser or a font that is missing is a failure that names its package; no test is skipped.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail(REMEDY, pytrace=False)
    # Playwright keeps an event loop in this thread, in which Django would otherwise ask no database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    fonts = write_configuration(tmp_path_factory.mktemp("fonts"))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        missing = missing_fonts(started)
        if missing:
            started.close()
            pytest.fail("\n".join(missing), pytrace=False)
        yield started
        started.close()


@pytest.fixture
def watch(live_server: Any) -> Iterator[Watch]:
    """Fails the test for anything that `Watch` found."""
    watched = Watch(live_server.url)
    yield watched
    assert not watched.found()


@pytest.fixture
def clicks_wait_for_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A click that leads to another page returns when that page is loaded.

    Playwright waits until the new page has begun; what a test reads then may still be missing.
    """
    click = Locator.click

    def click_and_load(locator: Locator, **options: Any) -> None:
        click(locator, **options)
        locator.page.wait_for_load_state()

    monkeypatch.setattr(Locator, "click", click_and_load)


@pytest.fixture
def page_as(
    browser: Browser, live_server: Any, watch: Watch, clicks_wait_for_pages: None
) -> Iterator[PageAs]:
    """page_as(role, language, width, dark): a page of a signed-in user of that role.

    A role is the name of a group, "superuser", "staff" (no permission) or "" (nobody). Each call is
    a browser of its own; the same name is the same user in the same session: `page.goto("/admin/…")`.
    """
    opened: list[BrowserContext] = []
    sessions: dict[int, str] = {}

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
            user = user_as(role, username)
            if user.pk not in sessions:
                sessions[user.pk] = session_of(user)
            cookies[settings.SESSION_COOKIE_NAME] = sessions[user.pk]
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


@pytest.fixture
def axe() -> Axe:
    """axe(page): what axe finds wrong with the page, a line per place; the CSP stays in force.

    With `colours_only` it applies the rules about colours and no others: for a page that it has seen,
    in other colours. It fetches no style sheet of its own (`preload`): no rule of these tags needs one.
    """

    def violations(page: Page, *, colours_only: bool = False) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        options = {
            "runOnly": {"type": "tag", "values": [COLOURS] if colours_only else list(RULES)},
            "rules": {"color-contrast-enhanced": {"enabled": False}},  # level AAA
            "resultTypes": ["violations"],
            "preload": False,
        }
        found = page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{one['id']}: {node['html'][:160]} – {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    return violations
