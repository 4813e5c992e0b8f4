"""The review queue: every panel of an open row, a bulk, a conflict, and rows that are an attack."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.browser.states import LONG_NAME, Reach, State, at
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    UserFactory,
    legacy_row,
    stage_rows,
)
from tests.review.reviewing import rows_of
from tests.stages.stages import run_stages

ADDRESS = "/admin/legacy-imports/review"
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"


def doubtful_run() -> LegacyImportRun:
    """A planned run with one row of each kind that a reviewer meets, hostile ones among them."""
    CourseMappingFactory(
        legacy_formation_id="5",
        legacy_name="<b>Infographie</b> PAO",
        course=None,
        status="unmapped",
    )
    CrmLeadFactory(full_name="Samir <i>Bouzid</i>", phone="0559 44 61 68")
    run = RunFactory()
    stage_rows(
        run,
        [
            legacy_row(table="stagiaires", legacy_id="7", full_name="Karim Haddad", phone=PHONE,
                       email=EMAIL, birth_date="2019-02-31", status="nouveau"),
            legacy_row(table="stagiaires", legacy_id="8", phone="0661300001", status="mystère",
                       full_name="<script>document.title='taken'</script>"),
            legacy_row(table="stagiaires", legacy_id="9", phone="0661300002", full_name="مريم بن علي",
                       status="\u202e<img src=x onerror=\"document.title='taken'\">"),
            legacy_row(table="stagiaires", legacy_id="10", phone="0661300003",
                       full_name="\u202egnp.exe\u202c Fictif " + "W" * 250, status="mystère"),
            legacy_row(table="archives", legacy_id="11", full_name="Fictif Onze", formation_id="5",
                       status="Archivé"),
        ],
    )  # fmt: skip
    run_stages(run)
    LegacyStudentImport.objects.filter(legacy_import_run=run, legacy_id="10").update(
        raw_payload={"note": "<script>document.title='taken'</script>" + "W" * 1_000_000}
    )
    return run


def queue(run: LegacyImportRun, **query: object) -> str:
    told = "&".join(f"{name}={value}" for name, value in {"focus": "all", **query}.items())
    return f"{ADDRESS}?run={run.pk}&{told}"


def states(language: str) -> Iterator[State]:
    run = doubtful_run()
    rows = rows_of(run)
    matched = next(row for row in rows if row.legacy_id == "7")
    long = next(row for row in rows if row.legacy_id == "10")
    for row in rows:
        yield State(f"row {row.legacy_id}", at(queue(run, row=row.pk)), shows="#li-row",
                    axe_width=1280 if row.legacy_id in ("7", "8") else 0)  # fmt: skip
    yield State("everything opened", _opened(queue(run, row=matched.pk)), shows=".li-bulk select")
    yield State("everything opened, unbroken words", _opened(queue(run, row=long.pk)))
    yield State("keyboard help", _helped(queue(run)), shows=".li-help")
    yield State("bulk", _bulk(queue(run)), shows="#content form")
    filtered = queue(run, source_table="archives", q="1")
    yield State("filtered, none left", at(filtered), shows=".li-chip")
    yield State("contact revealed", _asked(queue(run, row=matched.pk), "reveal"),
                shows="#li-revealed")  # fmt: skip
    yield State("raw payload", _asked(queue(run, row=long.pk), "raw"), shows="#li-payload")
    yield State("person found", _asked(queue(run, row=long.pk), "person", PHONE), shows=".li-found")
    yield State("person not found", _asked(queue(run, row=long.pk), "person", "0661999888"))
    ReviewDecisionFactory(
        student_import=matched, actor=UserFactory(username=LONG_NAME), note=LONG_NAME * 2
    )
    yield State("decided before", at(queue(run, row=matched.pk, state="all")), shows="#li-row")
    yield State("conflict", _overtaken(queue(run, row=matched.pk)), shows="[role=alert]")
    yield State("rows of one person", at(queue(_of_one_person())), shows=".li-also", axe_width=1280)
    yield State("causes", at(f"{ADDRESS}?run={run.pk}"), shows=".li-cause", axe_width=1280)
    yield State("nothing waits", at(f"{ADDRESS}?run={run.pk}&focus=registered_pending"))
    yield State("deactivated account", at(queue(_of_deactivated())), shows="input[name=inactive]",
                axe_width=1280)  # fmt: skip
    newer = _typed_over(matched)
    yield State(
        "decided about an earlier version", at(queue(newer)), shows="#li-repeat", axe_width=1280
    )


def _of_one_person() -> LegacyImportRun:
    """A run of two rows of one person, without a course."""
    karim = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
    run: LegacyImportRun = RunFactory()
    stage_rows(run, [
        legacy_row(table="stagiaires", legacy_id="1", status="Formée", **karim),
        legacy_row(table="archives", legacy_id="2", status="Archivé", **karim),
    ])  # fmt: skip
    run_stages(run)
    return run


def _of_deactivated() -> LegacyImportRun:
    """A run of one row, which matches a deactivated account."""
    LearnerProfileFactory(
        user__first_name="Fictive", user__last_name="Douze", user__is_active=False,
        phone="0661300012",
    )  # fmt: skip
    run: LegacyImportRun = RunFactory()
    stage_rows(run, [
        legacy_row(table="stagiaires", legacy_id="12", full_name="Fictive Douze", phone="0661300012",
                   status="nouveau"),
    ])  # fmt: skip
    run_stages(run)
    return run


def _typed_over(row: LegacyStudentImport) -> LegacyImportRun:
    """A newer run in which another person has the number of this row, of whom much was said."""
    for decision in (ReviewDecision.TREAT_AS, ReviewDecision.SKIP):
        ReviewDecisionFactory(
            student_import=row, decision=decision, actor=UserFactory(), note=LONG_NAME * 2,
            treat_as="lead_only" if decision == ReviewDecision.TREAT_AS else "",
        )  # fmt: skip
    run: LegacyImportRun = RunFactory()
    stage_rows(run, [
        legacy_row(table=row.source_table, legacy_id=row.legacy_id, phone="0661300009",
                   full_name="\u202e<b>Samia</b> " + "W" * 250, status="W" * 190),
    ])  # fmt: skip
    run_stages(run)
    return run


def _opened(address: str) -> Reach:
    def open_all(page: Page) -> None:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")

    return open_all


def _helped(address: str) -> Reach:
    def help_me(page: Page) -> None:
        page.goto(address)
        page.locator("#li-help-open").click()

    return help_me


def _bulk(address: str) -> Reach:
    def choose(page: Page) -> None:
        page.goto(address)
        page.locator(".li-bulk > summary").click()
        page.locator("input[name=scope][value=all]").check()
        with page.expect_navigation():
            page.locator(".li-bulk button:not([type=button])").click()

    return choose


def _asked(address: str, what: str, phone: str = "") -> Reach:
    """Open the panel of this row that asks for something, fill it in and send it."""

    def ask(page: Page) -> None:
        page.goto(address)
        panel = page.locator(f"details:has(form[action*='/{what}#'])")
        if not panel.evaluate("panel => panel.open"):
            panel.locator("summary").first.click()
        form: Any = panel.locator(f"form[action*='/{what}#']")
        for field in form.locator("input[type=text], input[type=tel]").all():
            field.fill(phone or "dossier illisible")
        with page.expect_navigation():
            form.locator("button").first.click()

    return ask


def _overtaken(address: str) -> Reach:
    """Another reviewer decides while the page is open."""

    def lose(page: Page) -> None:
        page.goto(address)
        LegacyStudentImport.objects.update(version=99)
        page.keyboard.press("s")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()

    return lose
