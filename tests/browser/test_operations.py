"""The runs' screens in a real browser: an operator commits and rolls back; readable by everybody."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import RunStatus, Stage
from legacy_import.conf import database_name
from legacy_import.models import ChunkReceipt, LegacyImportRun
from tests.browser.conftest import scrolls_sideways, user_as
from tests.factories import RunFactory
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.screens.runs.run_screens import ROOT, planned_run, signed_in
from tests.screens.runs.test_views import CERTIFICATE
from tests.stages.stages import run_commit
from trainings.models import LegacyCompletedTraining

LANGUAGES = {"fr": "ltr", "ar": "rtl", "en": "ltr"}


def hold(run: LegacyImportRun, **values: Any) -> None:
    later = timezone.now() + datetime.timedelta(minutes=5)
    LegacyImportRun.objects.filter(pk=run.pk).update(
        **{"lease_token": "theirs", "lease_command": "legacy_commit", "lease_host": "atelier",
           "lease_process": "1:1", "lease_expires_at": later, **values}
    )  # fmt: skip


def half_committed() -> LegacyImportRun:
    run: LegacyImportRun = planned_run()
    LegacyImportRun.objects.filter(pk=run.pk).update(certificate=CERTIFICATE)
    run_commit(run, batch=2, limit=4)
    return run


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
    second.get_by_text("The run changed since this page was made").wait_for()
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


def every_page(run: LegacyImportRun) -> dict[str, str]:
    return {
        "list": ROOT,
        "run": f"{ROOT}/{run.pk}",
        "commit": f"{ROOT}/{run.pk}/commit",
        "rollback": f"{ROOT}/{run.pk}/rollback",
        "refused": f"{ROOT}/{RunFactory(connection_name='elsewhere').pk}/commit",
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(page_as: Any, axe: Any, language: str, dark: bool) -> None:
    run = half_committed()
    page = page_as("Operator", language=language, dark=dark)
    for name, address in every_page(run).items():
        page.goto(address)
        assert page.locator("html").get_attribute("dir") == LANGUAGES[language]
        assert axe(page) == [], name
    page.goto(f"{ROOT}/{run.pk}/commit")
    page.locator("#li-database").fill("wrong")
    page.locator(".li-button-primary").click()
    page.locator("#li-database-error").wait_for()
    assert axe(page) == []
    page.locator("#li-database").fill(database_name())
    page.locator(".li-button-primary").click()
    page.locator("#li-done").wait_for()
    assert axe(page) == []
    hold(run)
    page.goto(f"{ROOT}/{run.pk}")
    assert axe(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_a_proof(
    page_as: Any, axe: Any, language: str, dark: bool, tmp_path: Path
) -> None:
    """The old database is there for this thread only, so the answer is made in it."""
    run = half_committed()
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        client = signed_in(user_as("Operator"), language=language)
        proof = client.post(f"{ROOT}/{run.pk}/reconcile", secure=True)
    assert proof.status_code == 200
    page = page_as("Operator", language=language, dark=dark, width=320)
    page.route(
        f"**{ROOT}/{run.pk}/reconcile",
        lambda route: route.fulfill(body=proof.content, headers=dict(proof.items())),
    )
    page.goto(f"{ROOT}/{run.pk}")
    page.locator("form[action$=reconcile] button").click()
    page.locator("#li-checks").wait_for()
    assert page.locator("html").get_attribute("dir") == LANGUAGES[language]
    assert axe(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_narrow_window_needs_no_sideways_scrolling(page_as: Any, language: str) -> None:
    run = half_committed()
    page = page_as("Operator", language=language, width=320)
    for name, address in every_page(run).items():
        page.goto(address)
        assert not scrolls_sideways(page), name


def test_an_empty_list_is_readable_too(page_as: Any, axe: Any) -> None:
    page = page_as("Reader", language="en")
    page.goto(ROOT)
    assert "There is no run yet." in page.content()
    assert axe(page) == []


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
