"""On a phone: lists are cards with labels, the comparison is whole, and what is wider is scrolled."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.states import HEIGHT
from tests.factories import CrmLeadFactory
from tests.screens.runs.run_screens import PHONE, ROOT, planned_run

STACKED = ".li-stack"
# Whether each stacked table shows all of itself, with a label in every cell that is not a heading.
WHOLE = """tables => tables.every(table => {
    const frame = table.closest(".li-table-wrap");
    const cells = [...table.querySelectorAll("td[data-label]")];
    const label = cell => getComputedStyle(cell, "::before").content.slice(1, -1);
    return frame.scrollWidth <= frame.clientWidth && cells.length > 0
        && cells.every(cell => cell.dataset.label && label(cell) === cell.dataset.label);
})"""


@pytest.fixture
def run() -> Any:
    CrmLeadFactory(full_name="Samir Bouzid", phone=PHONE)
    return planned_run()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_lists_are_cards_and_the_comparison_is_whole(run: Any, page_as: Any, language: str) -> None:
    page: Page = page_as("Operator", language=language)
    for address in (ROOT, f"{ROOT}/students"):
        page.goto(address)
        tables = page.locator(STACKED)
        assert tables.count(), address
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert tables.evaluate_all(WHOLE), (address, width)
    page.goto(f"{ROOT}/review?focus=all")
    frame = page.locator(".li-table-wrap:has(.li-compare)")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth"), width


@pytest.mark.parametrize("width", [390, 1280])
def test_only_a_table_wider_than_its_frame_is_a_stop_with_a_name(
    run: Any, page_as: Any, width: int
) -> None:
    page: Page = page_as("Operator", language="en", width=width)
    wide = 0
    for address in (f"{ROOT}/{run.pk}", f"{ROOT}/{run.pk}/commit", f"{ROOT}/students",
                    f"{ROOT}/review?focus=all"):  # fmt: skip
        page.goto(address)
        for frame in page.locator(".li-table-wrap").all():
            stops, scrolls, named = frame.evaluate(
                """frame => [frame.tabIndex === 0, frame.scrollWidth > frame.clientWidth,
                    frame.hasAttribute("aria-label") || frame.hasAttribute("aria-labelledby")]"""
            )
            assert stops == scrolls, (address, frame.inner_text()[:80])
            assert named or not stops
            wide += scrolls
    assert wide or width > 390


def test_a_phone_without_script_can_scroll_and_export(run: Any, page_as: Any) -> None:
    page: Page = page_as("Operator", language="en", width=390, script=False)
    page.goto(f"{ROOT}/{run.pk}")
    page.get_by_label("Separator of the CSV file").select_option("semicolon")
    with page.expect_download() as started:
        page.get_by_role("button", name="Export CSV").click()
    first = started.value.path().read_text("utf-8-sig").splitlines()[0]
    assert first.startswith("run;source_table;legacy_id;")
