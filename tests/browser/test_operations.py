"""The runs' screens in a real browser: an operator commits and rolls back."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import RunStatus, Stage
from legacy_import.conf import database_name
from legacy_import.models import ChunkReceipt, LegacyImportRun
from tests.browser.layout import scrolls_sideways
from tests.browser.screens.runs import half_committed, hold
from tests.screens.runs.run_screens import ROOT, planned_run
from tests.stages.stages import run_commit
from trainings.models import LegacyCompletedTraining


def commit_page(page: Any, run: LegacyImportRun, name: str) -> None:
    page.goto(f"{ROOT}/{run.pk}")
    page.get_by_role("link", name="Commit the next batch").click()
    page.get_by_label("Type the name of the database").fill(name)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_operator_commits_batch_by_batch_and_rolls_back(page_as: Any, script: bool) -> None:
    run = planned_run()
    page = page_as("Operator", language="en", script=script)
    commit_page(page, run, "another one")
    page.get_by_role("button", name="Commit the next batch").click()
    assert "That is not the name of the database." in page.content()
    assert not LegacyCompletedTraining.objects.exists()

    page.get_by_label("Type the name of the database").fill(database_name())
    page.get_by_label("Rows in this batch").fill("4")
    page.get_by_label("all waves").check()
    page.get_by_role("button", name="Commit the next batch").click()
    page.get_by_role("heading", name="What was done").wait_for()
    assert "Rows still waiting: 2." in page.locator("#content").inner_text()
    page.get_by_label("all waves").check()
    page.get_by_role("button", name="Commit the next batch").click()
    page.get_by_text("Nothing is left to commit.").wait_for()
    assert CrmLead.objects.count() == 3

    page.get_by_role("link", name="Back to the run").click()
    assert "Rows with an effect on the platform: 6" in page.locator("#content").inner_text()
    page.get_by_role("link", name="Roll back").click()
    assert "lead deleted 3" in " ".join(page.locator("#content").inner_text().split())
    page.get_by_label("Type the name of the database").fill(database_name())
    page.get_by_role("button", name="Roll the run back").click()
    page.get_by_text("Nothing of this run is on the platform any more.").wait_for()
    assert not CrmLead.objects.exists()
    run.refresh_from_db()
    assert run.status == RunStatus.ROLLED_BACK


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_operator_rolls_one_row_back_from_its_lineage(page_as: Any, script: bool) -> None:
    run = planned_run()
    run_commit(run)
    lead = CrmLead.objects.order_by("pk")[0]
    page = page_as("Operator", language="en", script=script)
    page.goto(f"{ROOT}/lineage?origin={lead.origin}")
    page.get_by_role("link", name="Roll this row back").click()
    page.get_by_text("It undoes only these rows:").wait_for()
    page.get_by_label("Type the name of the database").fill("another one")
    page.get_by_role("button", name="Roll these rows back").click()
    page.get_by_text("That is not the name of the database.").wait_for()
    assert CrmLead.objects.count() == 3
    page.get_by_label("Type the name of the database").fill(database_name())
    page.get_by_role("button", name="Roll these rows back").click()
    page.get_by_text("Nothing of these rows is on the platform any more.").wait_for()
    assert CrmLead.objects.count() == 2
    assert not CrmLead.objects.filter(pk=lead.pk).exists()
    run.refresh_from_db()
    assert run.status == RunStatus.COMMITTED


def test_a_manager_prints_the_sign_off_sheet(page_as: Any) -> None:
    run = half_committed()
    page = page_as("Manager", language="en")
    page.goto(f"{ROOT}/{run.pk}")
    page.get_by_role("link", name="Sign-off sheet").click()
    page.locator("#li-sheet").wait_for()
    page.emulate_media(media="print")
    for hidden in ("#header", ".li-tabs", ".li-actions", ".li-screen-only"):
        assert not page.locator(hidden).first.is_visible(), hidden
    for shown in ("h1", "#li-verdict", "#li-sheet", ".li-signatures"):
        assert page.locator(shown).first.is_visible(), shown
    assert not scrolls_sideways(page)


def test_a_reload_the_back_button_and_a_second_tab_commit_nothing_more(page_as: Any) -> None:
    run = planned_run(leads=6)
    page = page_as("Operator", language="en")
    second = page.context.new_page()
    for tab in (page, second):
        commit_page(tab, run, database_name())
        tab.get_by_label("leads only").check()
        tab.get_by_label("Rows in this batch").fill("2")
    page.get_by_role("button", name="Commit the next batch").click()
    page.get_by_role("heading", name="What was done").wait_for()
    page.reload()
    page.go_back()
    row = page.get_by_role("row", name="leads only").inner_text()
    assert row.split() == ["leads", "only", "4", "0", "0", "4", "0", "0", "0"]
    second.get_by_role("button", name="Commit the next batch").click()
    second.get_by_text("The run changed since this page was opened").wait_for()
    assert CrmLead.objects.count() == 2


def test_progress_is_shown_while_somebody_holds_the_run_and_ends_by_itself(page_as: Any) -> None:
    run = planned_run()
    hold(run)
    page = page_as("Reader", language="en")
    page.goto(f"{ROOT}/{run.pk}")
    words = page.locator("#li-progress-words")
    assert words.inner_text() == "legacy_commit is at work on atelier: 0 of 8 rows done."
    ChunkReceipt.objects.create(
        legacy_import_run=run, stage=Stage.COMMIT, position=0, first_id="1", last_id="2", rows=3,
        finished_at=timezone.now() + datetime.timedelta(seconds=1),
    )  # fmt: skip
    page.get_by_text("3 of 8 rows done.").first.wait_for()
    assert page.locator("[data-progress] progress").get_attribute("value") == "3"
    hold(run, lease_token="", lease_expires_at=None)
    page.locator("#li-progress-words", has_text="It has ended.").wait_for()


def test_an_empty_list_says_what_comes_next(page_as: Any) -> None:
    page = page_as("Reader", language="en")
    page.goto(ROOT)
    assert "There is no run yet." in page.content()


def test_a_printed_run_page_is_a_sheet(page_as: Any) -> None:
    run = half_committed()
    page = page_as("Operator", language="en")
    page.goto(f"{ROOT}/{run.pk}")
    page.emulate_media(media="print")
    for hidden in ("#header", ".li-tabs", ".li-actions", "form button"):
        assert not page.locator(hidden).first.is_visible(), hidden
    for shown in ("h1", ".li-timeline", "#li-plan", "#li-log", "#li-certificate", ".li-bar"):
        assert page.locator(shown).first.is_visible(), shown
    assert not scrolls_sideways(page)
