"""The learners list in a real browser: finding somebody, filters, pages, an export."""

import re

import pytest
from playwright.sync_api import Page, expect

from legacy_import.models import LegacyImportRun
from tests.browser.screens.learners import LIST, PEOPLE, listed_run, look_for


@pytest.fixture
def run() -> LegacyImportRun:
    return listed_run()


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
        expect(page.locator("tbody tr")).to_have_count(1)
    look_for(page, "0559 44 64 82")
    assert page.url.endswith("/students/search")
    assert "Karim Haddad" in page.inner_text("table")
    assert "44 64 82" not in page.content()
    page.get_by_role("link", name="Back to the learners").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_filters_are_added_counted_and_taken_off(run, page_as):
    page: Page = page_as("Reader", language="en")
    page.goto(LIST)
    filters = page.get_by_role("region", name="Filters")
    filters.get_by_role("link", name="lead only").click()
    shown = page.inner_text("caption")
    filters.get_by_role("link", name="archives").click()
    expect(page.locator(".li-chip")).to_have_count(3)
    expect(page.locator("caption")).not_to_have_text(shown)
    page.locator(".li-chip").first.click()
    expect(page).to_have_url(re.compile("source_table|classification"))
    page.get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(re.compile(re.escape(f"{LIST}?run={run.pk}") + "$"))


def test_pages_are_turned(run, page_as):
    page: Page = page_as("Reader", language="en")
    page.goto(LIST)
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody tr")).to_have_count(len(PEOPLE) + 55 - 50)
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("link", name="Previous page")).to_have_count(0)


def test_a_manager_exports_what_the_list_shows(run, page_as):
    page: Page = page_as("Manager", language="en")
    page.goto(f"{LIST}?classification=completed")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these rows (CSV)").click()
    assert download.value.suggested_filename.startswith(f"legacy-run-{run.pk}-masked-")
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("\ufeffrun,source_table")
    assert len(lines) == 2
