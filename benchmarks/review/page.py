"""A reviewer at the keyboard of a browser, and what the browser measures meanwhile."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.screenshots import REMEDY

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Milliseconds from the last Enter until another row is painted, and until its decision is saved.
WATCH = """() => {
    const queue = document.querySelector(".li-queue-row");
    const row = () => document.getElementById("li-row")?.dataset.row;
    addEventListener("keydown", (event) => {
        if (event.key === "Enter") window.times = { row: row(), enter: performance.now() };
    }, { capture: true });
    new MutationObserver(() => {
        const times = window.times, now = performance.now();
        if (!times || row() === times.row) return;
        if (!times.shown) requestAnimationFrame(() => setTimeout(() => {
            times.shown = performance.now() - times.enter;
        }));
        if (!queue.hasAttribute("aria-busy")) times.saved ??= now - times.enter;
    }).observe(queue, { attributes: true, childList: true });
}"""
IN_VIEW = """() => [...document.querySelectorAll("#li-decide .li-decide-one button")].every((button) => {
    const box = button.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth
        && button.contains(top);
})"""


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """Debian's Chromium without a window."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit(REMEDY)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision. `bytes`: of all answers from its Enter until the row after the next is there."""

    presses: int
    shown_ms: float
    saved_ms: float
    bytes: int


class Reviewer:
    """Signed in as the demo's reviewer, in French."""

    def __init__(self, browser: "Browser", host: str) -> None:
        from scripts.demo_accounts import PASSWORD

        context = browser.new_context(base_url=host, viewport={"width": 1366, "height": 640})
        context.add_cookies([{"name": "django_language", "value": "fr", "url": host}])
        self._page = page = context.new_page()
        self._bytes = 0
        self._requests: set[Any] = set()
        page.on("request", lambda request: self._requests.add(request))
        page.on("requestfinished", lambda request: self._requests.discard(request))
        page.on("requestfailed", lambda request: self._requests.discard(request))
        network = context.new_cdp_session(self._page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", self._count)
        self._page.goto("/admin/login/?next=/admin/legacy-imports")
        self._page.locator("#id_username").fill("reviewer")
        self._page.locator("#id_password").fill(PASSWORD)
        self._page.locator("#login-form [type=submit]").click()
        self._page.wait_for_url("**/admin/legacy-imports")

    def _count(self, event: dict[str, Any]) -> None:
        self._bytes += int(event["encodedDataLength"])

    def open_queue(self, run: int) -> None:
        """The rows to decide of all focuses."""
        self._page.goto(f"/admin/legacy-imports/review?run={run}&focus=all")
        self._page.wait_for_load_state("networkidle")
        self._page.evaluate(WATCH)

    def all_decisions_in_view(self, width: int, height: int) -> bool:
        """Whether no decision needs scrolling in a window of this size."""
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.evaluate("scrollTo(0, 0)")
        return bool(self._page.evaluate(IN_VIEW))

    def decide(self) -> Decided:
        """What the page recommends, else skip: its key, if need be the first choice, and Enter."""
        page, before = self._page, self._bytes
        page.set_viewport_size({"width": 1366, "height": 640})
        row = page.locator("#li-row").get_attribute("data-row")
        recommended = page.locator("#li-decide .li-button-primary")
        key = recommended.get_attribute("data-key") if recommended.count() else "s"
        has_choice = page.locator(f'.li-treat button[data-key="{key}"]').count()
        keys = [str(key), *(["ArrowDown"] if has_choice else []), "Enter"]
        for one in keys:
            page.keyboard.press(one)
        page.locator(f'#li-row:not([data-row="{row}"])').wait_for()
        page.locator(".li-queue-row:not([aria-busy])").wait_for()
        page.wait_for_timeout(100)
        while self._requests:  # a reviewer reads meanwhile, for longer
            page.wait_for_timeout(50)
        times = page.evaluate("window.times")
        return Decided(len(keys), times["shown"], times["saved"], self._bytes - before)
