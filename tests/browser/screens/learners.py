"""The learners' list: whole, filtered, searched, with hostile names; and where a record came from."""

from collections.abc import Iterator

from playwright.sync_api import Page

from crm.models import CrmLead
from legacy_import.models import LegacyImportRun
from tests.browser.states import Reach, State, at
from tests.factories import RunFactory, legacy_row, spelled, stage_rows
from tests.stages.stages import run_commit, run_stages

LIST, LINEAGE = "/admin/legacy-imports/students", "/admin/legacy-imports/lineage"
PHONE = "0559446482"
HOSTILE = "<script>document.title='!'</script>\u202e\u2066" + "x" * 100
PEOPLE = [
    ("Karim Haddad", PHONE, "karim.haddad@exemple.dz", "Formée"),
    (f"Amina {PHONE} Zerrouki", "0776845160", "a@exemple.dz", "nouveau"),
    ("سميرة بن علي", "+213 661 22 33 44", "", "Confirmer"),
    (HOSTILE, "123", "personne", "mystère"),
    ("", "0661555444", "", "Archivé"),
]


def listed_run(others: int = 55) -> LegacyImportRun:
    """A run of these people and so many others (a page is 50 rows), its first rows committed."""
    started = RunFactory()
    rows = [
        legacy_row(table="stagiaires", legacy_id=str(n), full_name=name, phone=phone, email=email,
                   status=status)
        for n, (name, phone, email, status) in enumerate(PEOPLE, start=1)
    ]  # fmt: skip
    rows += [
        legacy_row(table="archives", legacy_id=str(n), full_name=f"{spelled(n)} {spelled(n * 7)}",
                   phone=f"0661{300_000 + n}", status=("Informer", "Archivé", "Reporter")[n % 3])
        for n in range(others)
    ]  # fmt: skip
    stage_rows(started, rows)
    run_stages(started)
    run_commit(started, limit=5)
    return started


def look_for(page: Page, text: str) -> None:
    page.goto(LIST)
    page.locator("#li-search").fill(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def states(language: str) -> Iterator[State]:
    listed_run(others=9)  # the contrast of fifty rows is that of a few, and takes as much longer
    yield State("learners", at(LIST), shows="table", hides=PHONE, role="Manager")
    filtered = f"{LIST}?classification=lead_only&outcome=pending"
    yield State("filtered", at(filtered), shows="table", role="Manager")
    yield State("one word", at(f"{LIST}?q=haddad"), shows="table", hides=PHONE, role="Manager")
    yield State(
        "whole name", at(f"{LIST}?q=karim+haddad"), shows="table", hides=PHONE, role="Manager"
    )
    yield State("none found", at(f"{LIST}?outcome=skip"), shows=".li-empty", role="Manager")
    yield State("contact in the address", at(f"{LIST}?q=a@b.dz", 400), role="Manager")
    yield State("phone found", _found(PHONE), shows="table", hides=PHONE, role="Manager")
    yield State("phone not found", _found("0661999888"), role="Manager")
    origin = CrmLead.objects.exclude(origin=None).values_list("origin", flat=True)[0]
    yield State("origin", at(f"{LINEAGE}?origin={origin}"), shows="#li-row", role="superuser")
    yield State("unknown origin", at(f"{LINEAGE}?origin=nothing", 404), role="superuser")
    listed_run()
    yield State("second page", _next_page, shows="[rel=prev]", role="Manager")


def _found(text: str) -> Reach:
    return lambda page: look_for(page, text)


def _next_page(page: Page) -> None:
    page.goto(LIST)
    with page.expect_navigation():
        page.locator("[rel=next]").click()
