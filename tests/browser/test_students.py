"""The learners list in a real browser: finding somebody, filters, every language and light."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from legacy_import.models import LegacyImportRun
from tests.browser.conftest import scrolls_sideways
from tests.factories import RunFactory, legacy_row, spelled, stage_rows
from tests.stages.stages import run_commit, run_stages

LIST = "/admin/legacy-imports/students"
PHONE = "0559446482"
HOSTILE = "<script>document.title='!'</script>\u202e\u2066" + "x" * 100
PEOPLE = [
    ("Karim Haddad", PHONE, "karim.haddad@exemple.dz", "Formée"),
    (f"Amina {PHONE} Zerrouki", "0776845160", "a@exemple.dz", "nouveau"),
    ("سميرة بن علي", "+213 661 22 33 44", "", "Confirmer"),
    (HOSTILE, "123", "personne", "mystère"),
    ("", "0661555444", "", "Archivé"),
]


@pytest.fixture
def run() -> LegacyImportRun:
    """A run of some sixty learners, its first wave committed."""
    started = RunFactory()
    rows = [
        legacy_row(table="stagiaires", legacy_id=str(n), full_name=name, phone=phone, email=email,
                   status=status)
        for n, (name, phone, email, status) in enumerate(PEOPLE, start=1)
    ]  # fmt: skip
    rows += [
        legacy_row(table="archives", legacy_id=str(n), full_name=f"{spelled(n)} {spelled(n * 7)}",
                   phone=f"0661{300_000 + n}", status=("Informer", "Archivé", "Reporter")[n % 3])
        for n in range(55)
    ]  # fmt: skip
    stage_rows(started, rows)
    run_stages(started)
    run_commit(started, limit=5)
    return started


def addresses() -> list[str]:
    return [
        LIST, f"{LIST}?classification=lead_only&outcome=pending", f"{LIST}?q=haddad",
        f"{LIST}?q=karim+haddad", f"{LIST}?outcome=skip", f"{LIST}?q=a@b.dz",
    ]  # fmt: skip


def look_for(page: Page, text: str) -> None:
    page.goto(LIST)
    page.locator("#li-search").fill(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_somebody_is_found_by_name_by_id_and_by_phone(run, page_as, script):
    page: Page = page_as("Reader", language="en", script=script)
    for typed, address in (
        ("HADDAD karim", "q=HADDAD+karim"),
        ("stagiaires:1", "q=stagiaires%3A1"),
    ):
        look_for(page, typed)
        assert address in page.url
        assert "Karim Haddad" in page.inner_text("table")
        assert page.locator("tbody tr").count() == 1
    look_for(page, "0559 44 64 82")
    assert page.url.endswith("/students/search")
    assert "Karim Haddad" in page.inner_text("table")
    assert "44 64 82" not in page.content()
    page.get_by_role("link", name="Back to the learners").click()
    assert page.locator("tbody tr").count() == 50


def test_filters_are_added_counted_and_taken_off(run, page_as):
    page: Page = page_as("Reader", language="en")
    page.goto(LIST)
    filters = page.get_by_role("region", name="Filters")
    filters.get_by_role("link", name="lead only").click()
    shown = page.inner_text("caption")
    filters.get_by_role("link", name="archives").click()
    assert page.locator(".li-chip").count() == 3
    assert page.inner_text("caption") != shown
    page.locator(".li-chip").first.click()
    assert "source_table" in page.url or "classification" in page.url
    page.get_by_role("link", name="Clear filters").click()
    assert page.url.endswith(f"{LIST}?run={run.pk}")


def test_pages_are_turned(run, page_as):
    page: Page = page_as("Reader", language="en")
    page.goto(LIST)
    page.get_by_role("link", name="Next page").click()
    assert page.locator("tbody tr").count() == len(PEOPLE) + 55 - 50
    page.get_by_role("link", name="Previous page").click()
    assert page.locator("tbody tr").count() == 50
    assert page.get_by_role("link", name="Previous page").count() == 0


def test_a_manager_exports_what_the_list_shows(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{LIST}?classification=completed")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these rows (CSV)").click()
    assert download.value.suggested_filename.startswith(f"legacy-run-{run.pk}-masked-")
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("\ufeffrun,source_table")
    assert len(lines) == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_axe_finds_nothing(
    run, page_as, axe: Callable[[Page], list[str]], language: str, dark: bool
) -> None:
    page: Page = page_as("Manager", language=language, dark=dark)
    for address in addresses():
        page.goto(address)
        assert axe(page) == [], address
    for typed in (PHONE, "0661999888"):
        look_for(page, typed)
        assert axe(page) == [], typed


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_axe_finds_nothing_where_there_is_no_run(page_as, axe, language):
    page: Page = page_as("Reader", language=language)
    page.goto(LIST)
    assert page.locator(".li-empty").is_visible()
    assert axe(page) == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_it_fits_a_phone_and_hostile_names_do_nothing(run, page_as, language):
    page: Page = page_as("Manager", language=language, width=320)
    for address in addresses():
        page.goto(address)
        assert not scrolls_sideways(page), address
        assert page.title() != "!"
        assert PHONE not in page.content()
    look_for(page, PHONE)
    assert not scrolls_sideways(page)


def test_targets_are_large_enough(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{LIST}?classification=lead_only")
    for target in page.locator("#content :is(a, button, summary)").all():
        box = target.bounding_box()
        assert not box or not box["height"] or box["height"] >= 24, target.inner_text()
