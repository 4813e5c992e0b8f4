"""Pictures of the screens for docs/screens.md and the tours: `make screenshots`; with names, only these.

Everything happens in a temporary folder: a fictional school (always the same people), a server of its
own on a free port, and Debian's Chromium, signed in as the accounts of the demo.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from scripts import picture_templates

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from scripts.screenshots_school import School

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screens"
WIDE, PHONE = 1280, 390  # CSS pixels
MOST_BYTES = 6_000_000  # of all pictures together
LANGUAGES = ("fr", "ar", "en")
REMEDY = "The pictures need a browser: apt-get install chromium"
START_WITHIN = 60  # seconds


def continue_bulk(page: "Page") -> None:
    """From the filtered queue to the page that asks to confirm a decision about all of it."""
    page.locator("details.li-bulk > summary").click()
    page.locator("input[name=scope][value=all]").check()
    page.locator("#li-bulk-decision").select_option("accept_data")
    page.locator("details.li-bulk button:not([type=button])").click()


def scroll_to_row(page: "Page") -> None:
    """To the open row, which is below the list if the window is narrow."""
    page.locator("#li-row").evaluate("row => row.scrollIntoView()")


@dataclass(frozen=True, slots=True)
class Picture:
    """A screen (the name of its address, of the import if no app is named) as one role sees it.

    `query` and `path` name things of the School; `path` is the part of the address behind the screen's
    own. `part`: only this element. `early`: before the first commit.
    """

    name: str
    screen: str
    role: str = "reviewer"
    query: str = ""
    path: str = ""
    language: str = "fr"
    dark: bool = False
    width: int = WIDE
    height: int = 800
    part: str = ""
    early: bool = False
    act: Callable[["Page"], None] | None = None

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.png"


RUN = "run={run}"
MATCHED = "run={run}&focus=all&planned_reason=shared_contact_other_name&row={matched}"
PICTURES = (
    Picture("course-mapping", "course-mapping", "manager", RUN, height=960, early=True),
    Picture("session-mapping", "session-mapping", "manager", RUN, height=960, early=True),
    Picture("status-mapping", "status-mapping", "manager", RUN, height=900, early=True),
    Picture("runs", "runs", "reader", height=420),
    Picture("run", "run", "operator", height=1_200),
    Picture("run-arabic", "run", "operator", language="ar", height=720),
    Picture("learners", "students", "reader", RUN, height=680),
    Picture("review", "review", query=MATCHED, height=980),
    Picture("review-dark", "review", query=MATCHED, dark=True, height=760),
    Picture("review-phone", "review", query=MATCHED, width=PHONE, height=780, act=scroll_to_row),
    Picture("compare", "review", query="run={run}&focus=all&row={compared}", height=1_400,
            part=".li-compare"),
    Picture("bulk", "review-bulk", query="run={run}&focus=all&planned_reason=birth_date_impossible",
            height=400, act=continue_bulk),
    Picture("commit", "commit", "operator", height=840),
    Picture("rollback", "rollback", "operator", height=700),
    Picture("lineage", "lineage", "reader", "origin={origin}"),
    Picture("former-learners", "trainings:history", "reader", "q={name}", height=560),
    Picture("former-learner", "trainings:history-learner", "reviewer", "key={learner}", height=700),
    Picture("probable-owners", "trainings:history-owners", "manager", height=700),
    Picture("sign-off", "sign-off", "manager", height=760),
)  # fmt: skip
# The tour's pictures: one per example, in the language of each page.
TOUR = (
    Picture("tour-causes", "review", query="run={run}", height=720),
    Picture("tour-siblings", "review", query=MATCHED, height=720),
    Picture("tour-twice", "review", height=720,
            query="run={run}&focus=all&planned_reason=medium_match&row={twice}"),
    Picture("tour-course", "course-mapping-one", "manager", RUN, "{course}", height=720),
    Picture("tour-session", "session-mapping-one", "manager", RUN, "{session}", height=720),
    Picture("tour-date", "review", height=720,
            query="run={run}&focus=all&planned_reason=birth_date_impossible&row={impossible}"),
    Picture("tour-history", "trainings:history-learner", "reviewer", "key={learner}", height=720),
)  # fmt: skip
PICTURES += tuple(
    replace(picture, name=f"{picture.name}-{language}", language=language)
    for picture in TOUR
    for language in LANGUAGES
)
OF_A_RUN = ("run", "commit", "rollback", "sign-off")  # their addresses contain the run
BY_POST = {"review-bulk": "review"}  # a page that is reached from another one


def address(picture: Picture, school: "School") -> str:
    """Where the picture is taken, below the server's own address."""
    from django.urls import reverse

    screen = BY_POST.get(picture.screen, picture.screen)
    name = screen if ":" in screen else f"legacy_imports:{screen}"
    args = [school.run] if screen in OF_A_RUN else []
    if picture.path:
        args = [int(picture.path.format(**asdict(school)))]
    path = reverse(name, args=args)
    return f"{path}?{picture.query}".rstrip("?").format(**asdict(school))


def take(browser: "Browser", host: str, picture: Picture, school: "School") -> None:
    """Sign in as its role and write the picture's file."""
    from scripts.demo_accounts import PASSWORD

    context = browser.new_context(
        base_url=host,
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "django_language", "value": picture.language, "url": host}])
    page = context.new_page()
    page.goto("/admin/login/?next=/admin/legacy-imports")
    page.locator("#id_username").fill(picture.role)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#login-form [type=submit]").click()
    page.wait_for_url("**/admin/legacy-imports")
    answer = page.goto(address(picture, school))
    if answer is None or not answer.ok:
        raise SystemExit(f"{picture.name}: {answer and answer.status} at {page.url}")
    page.evaluate("scrollTo(0, 0)")
    if picture.act:
        picture.act(page)
    page.wait_for_load_state("networkidle")
    shown = page.locator(picture.part).first if picture.part else page
    shown.screenshot(path=picture.file, animations="disabled")
    context.close()


@contextmanager
def school_folder() -> Iterator[Path]:
    """A folder that always has the same name, for the run's page shows it."""
    folder = Path(tempfile.gettempdir()) / "ecoin-school"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def server() -> Iterator[str]:
    """A server of this checkout on a free port, stopped by its own process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    line = [sys.executable, str(ROOT / "manage.py"), "runserver", "--noreload", host]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_WITHIN
        while not _answers(f"http://{host}/healthz"):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The server did not start: {' '.join(line)}")
            time.sleep(0.2)
        yield f"http://{host}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def main(names: list[str]) -> None:
    """Build the school, take the named pictures (every one by default), say how large all are."""
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit(REMEDY)
    from playwright.sync_api import sync_playwright

    with school_folder() as folder:
        set_up(folder)
        from scripts import screenshots_school as made

        made.build()
        run = made.choose_one_course()
        early = made.School(run=run.pk)
        FOLDER.mkdir(exist_ok=True)
        with server() as host, sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            for picture in wanted:
                if picture.early:
                    take(browser, host, picture, early)
            school = made.commit_and_review(run)
            for picture in wanted:
                if not picture.early:
                    take(browser, host, picture, school)
            browser.close()
        picture_templates.record(wanted, {picture.name for picture in PICTURES})
    for old in set(FOLDER.glob("*.png")) - {picture.file for picture in PICTURES}:
        old.unlink()
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(wanted)} pictures taken; {FOLDER.relative_to(ROOT)}: {size / 1000:,.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"Together they may have {MOST_BYTES / 1000:,.0f} kB.")


def set_up(folder: Path) -> None:
    """Settings of a school in this folder, for this process and the server it starts."""
    import django

    environment = {
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{folder}/ecoin.sqlite3",
        "LEGACY_DB_DRIVER": "sqlite",
        "LEGACY_DB_DATABASE": f"{folder}/legacy.sqlite3",
        "DJANGO_SETTINGS_MODULE": "ecoin.settings",
        # Playwright keeps an event loop in this thread; the database is queried in it all the same.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    for key in [key for key in os.environ if key.startswith("LEGACY_")]:
        del os.environ[key]
    os.environ.update(environment)
    django.setup()


if __name__ == "__main__":
    main(sys.argv[1:])
