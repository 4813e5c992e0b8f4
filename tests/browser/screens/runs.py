"""The runs and their operations: planned, half committed, at work, done, proved, rolled back."""

import datetime
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page

from legacy_import.choices import COMMITTED_OUTCOMES, RunStatus
from legacy_import.conf import database_name
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from tests.browser.sessions import user_as
from tests.browser.states import LONG_NAME, Reach, State, at
from tests.factories import RunFactory
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.screens.runs.run_screens import ROOT, planned_run, signed_in
from tests.screens.runs.test_views import CERTIFICATE
from tests.stages.stages import run_commit

LONG_HOST = "serveur-d-imports-numero-deux.administration.ecole-de-formation.exemple.dz"


def hold(run: LegacyImportRun, **values: Any) -> None:
    """Another process is at work on the run."""
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


def _unbroken(run: LegacyImportRun) -> None:
    certificate = {**CERTIFICATE, "source": f"mysql://lecture@{LONG_HOST}:3306/ecoin_legacy",
                   "account": f"lecture@{LONG_HOST}", "notes": [LONG_NAME * 2]}  # fmt: skip
    LegacyImportRun.objects.filter(pk=run.pk).update(created_by=LONG_NAME, certificate=certificate)
    LegacyImportCommitLog.objects.filter(legacy_import_run=run).update(actor=LONG_NAME)


def states(language: str) -> Iterator[State]:
    run = half_committed()
    _unbroken(run)
    other = RunFactory(connection_name="ancienne-plateforme-" + "x" * 44, created_by=LONG_NAME)
    failed = RunFactory(status=RunStatus.FAILED)
    page = f"{ROOT}/{run.pk}"
    yield State("runs", at(ROOT), shows="table")
    yield State("rows of all runs", at(f"{ROOT}?q=Karim+Haddad"), shows="#li-found")
    yield State("no such row", at(f"{ROOT}?q=999999"), shows=".li-empty", axe_width=0)
    yield State("sign-off, not proven", at(f"{page}/sign-off"), shows="#li-sheet", axe_width=0)
    yield State("runs, none like that", at(f"{ROOT}?status=closed"), shows=".li-empty")
    yield State("run", at(page), shows="#li-plan")
    yield State("run of another source", at(f"{ROOT}/{other.pk}"))
    yield State("run that failed", at(f"{ROOT}/{failed.pk}"), axe_width=0)
    yield State("run for readers", at(page), role="Reader")
    yield State("commit", at(f"{page}/commit"), shows="#li-database")
    yield State("rollback", at(f"{page}/rollback"), shows="#li-database")
    yield State("commit refused", at(f"{ROOT}/{other.pk}/commit", 409))
    yield State("wrong database", _confirm(f"{page}/commit", "wrong"), shows="#li-database-error")
    row = LegacyStudentImport.objects.filter(outcome__in=COMMITTED_OUTCOMES).earliest("pk")
    yield State("rollback of a row", at(f"{page}/rollback?rows={row}"), shows="#li-database")
    yield State("proof", _proof(run, language), shows="#li-checks", axe_width=320)
    yield State("sign-off", at(f"{page}/sign-off"), shows="#li-sheet", role="Manager")
    yield State("committed", _confirm(f"{page}/commit", database_name()), shows="#li-done")
    hold(run, lease_host=LONG_HOST)
    yield State("run at work", at(page), shows="#li-progress-words")
    yield State("commit while at work", at(f"{page}/commit", 409))
    yield State("runs at work", at(ROOT), shows="table", axe_width=0)
    hold(run, lease_token="", lease_expires_at=None)
    yield State("rolled back", _confirm(f"{page}/rollback", database_name()))
    yield State("run that was rolled back", at(page), shows="#log", axe_width=0)


def _confirm(address: str, name: str) -> Reach:
    """Type the database's name and confirm: what was done is shown, or what is wrong with it."""

    def confirm(page: Page) -> None:
        page.goto(address)
        page.locator("#li-database").fill(name)
        page.locator("#content form[method=post] [type=submit]").first.click()
        page.locator("#li-done, #li-database-error").wait_for()

    return confirm


def _proof(run: LegacyImportRun, language: str) -> Reach:
    """The old database is there for this thread only, so the answer is made in it."""
    with tempfile.TemporaryDirectory() as folder:
        legacy = sqlite_legacy(Path(folder) / "legacy.sqlite3", tables())
        with as_legacy(legacy):
            client = signed_in(user_as("Operator"), language=language)
            proof = client.post(f"{ROOT}/{run.pk}/reconcile", secure=True)
    assert proof.status_code == 200
    answer = {"body": proof.content, "headers": dict(proof.items())}

    def reach(page: Page) -> None:
        place = f"**{ROOT}/{run.pk}/reconcile"
        page.route(place, lambda route: route.fulfill(**answer))
        page.goto(f"{ROOT}/{run.pk}")
        page.locator("details:has(form[action$=reconcile]) > summary").click()
        with page.expect_navigation():
            page.locator("details form[action$=reconcile] button").click()
        page.unroute(place)

    return reach
