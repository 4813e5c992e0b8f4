"""`/admin/legacy-imports` and `/{run}`: who may see them, what they show, what they never show."""

import datetime
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from legacy_import.choices import RunStatus
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import NOW, ReviewDecisionFactory, RunFactory, StagedLearnerFactory
from tests.screens.runs.run_screens import (
    EMAIL,
    NAME,
    PHONE,
    ROOT,
    everything,
    person,
    planned_run,
    signed_in,
    text,
)
from tests.stages.stages import run_commit, run_plan, run_rollback, run_stages

pytestmark = pytest.mark.django_db

CERTIFICATE = {
    "source": "mysql://reader@old:3306/ecoin_legacy", "label": "", "server": "MariaDB",
    "version": "10.11.6", "database": "ecoin_legacy", "account": "reader@%",
    "account_read_only": True, "wider_than_needed": [],
    "privileges": [{"privileges": ["SELECT"], "scope": "ecoin_legacy.*", "columns": [],
                    "grant_option": False}],
    "engines": {"stagiaires": "InnoDB"}, "snapshot": {"stagiaires": True, "archives": False},
    "snapshots": 1, "isolation": "REPEATABLE-READ", "read_only_verified": True,
    "tls": {"state": "encrypted", "cipher": "TLS_AES_256_GCM_SHA384", "mode": "PREFERRED"},
    "time_zone": "SYSTEM", "row_counts": {"stagiaires": 8, "archives": 0},
    "columns": {"stagiaires": {"last_name": "nom", "id": "id"}},
    "absent_columns": {"stagiaires": ["phone2"]}, "unmatched_columns": {"stagiaires": ["remarque"]},
    "oversized_values": {"stagiaires": {"remarque": 2}},
    "notes": ["archives is kept by MyISAM, which has no snapshot"],
}  # fmt: skip


@pytest.fixture
def run() -> LegacyImportRun:
    return planned_run()


@pytest.fixture
def client() -> Client:
    return signed_in(person("view"))


def list_page(client: Client, **query: Any) -> Any:
    return client.get(ROOT, query)


def run_page(client: Client, run: LegacyImportRun, **query: Any) -> Any:
    return client.get(f"{ROOT}/{run.pk}", query)


# --- Who may see them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete"])
@pytest.mark.parametrize("page", ["", "/{run}"])
def test_who_may_see_it(run: Any, page: str, method: str) -> None:
    address = ROOT + page.format(run=run.pk)
    others = ("review", "map", "commit", "rollback", "export", "reveal_pii", "view_raw")
    safe = 200 if method in ("get", "head") else 405
    before = everything()
    for user, expected in (
        (None, 302), (person(), 403), (person(*others), 403), (person("view"), safe),
        (person("view", is_staff=False), safe), (person(is_superuser=True), safe),
    ):  # fmt: skip
        answer = getattr(signed_in(user), method)(address)
        assert answer.status_code == expected, user
    assert everything() == before


@pytest.mark.parametrize(
    "asked", ["/0", "/99999", "/99999999999999999999", "?before=x", "?before=-1"]
)
def test_what_does_not_exist_is_404(client: Client, run: Any, asked: str) -> None:
    assert client.get(ROOT + asked).status_code == 404


@pytest.mark.parametrize("page", ["/", "/{run}/"])
def test_a_slash_is_taken_off(client: Client, run: Any, page: str) -> None:
    answer = client.get(ROOT + page.format(run=run.pk))
    assert answer.status_code == 302
    assert answer.url == (ROOT + page.format(run=run.pk)).rstrip("/")


# --- The list -----------------------------------------------------------------------------------------


def test_without_a_run_it_says_which_command_starts_one(client: Client) -> None:
    assert ".venv/bin/python manage.py legacy_import --connection legacy" in text(list_page(client))


def test_a_line_says_where_a_run_stands(client: Client, run: Any) -> None:
    for number, row in enumerate(
        LegacyStudentImport.objects.filter(planned_action="review").order_by("pk")
    ):
        decision, settled = (("skip", True), ("later", False))[number]
        LegacyStudentImport.objects.filter(pk=row.pk).update(decision=decision, settled=settled)
    run_plan(run)  # counts the decisions that stand in the rows
    told = text(list_page(client))
    for words in (
        f"Run {run.pk}", "legacy", "a fictional database", "planned", " 8 ", "1 / 2 reviewed",
        "50 %", "the rules do not know this status (2)", "cli:test",
    ):  # fmt: skip
        assert words in told, (words, told)


def test_a_run_without_a_plan_has_nothing_to_review_yet(client: Client) -> None:
    StagedLearnerFactory()
    told = text(list_page(client))
    assert "no plan yet" in told
    assert " 1 " in told, "its rows are counted from the receipts of the import"


def test_it_is_filtered_by_stage_and_source(client: Client) -> None:
    first = RunFactory(status="closed", connection_name="old")
    second = RunFactory()
    for query, shown in (
        ({}, {first, second}), ({"status": "closed"}, {first}), ({"source": "legacy"}, {second}),
        ({"status": "closed", "source": "legacy"}, set()), ({"status": "<nothing>"}, set()),
    ):  # fmt: skip
        answer = list_page(client, **query)
        found = {
            run for run in (first, second) if f'href="{ROOT}/{run.pk}"' in answer.content.decode()
        }
        assert found == shown, query
        assert ("No run is like that." in text(answer)) == (not shown)
        assert ("Clear filters" in text(answer)) == bool(query)


def test_it_is_paged_by_number_and_keeps_its_filter(client: Client) -> None:
    made = RunFactory.create_batch(27)
    answer = list_page(client, status="imported")
    (older,) = re.findall(r'href="\?([^"]+)"', answer.content.decode())
    assert older == f"status=imported&amp;before={made[2].pk}"
    rest = list_page(client, status="imported", before=made[2].pk)
    assert f'href="{ROOT}/{made[1].pk}"' in rest.content.decode()
    assert f'href="{ROOT}/{made[2].pk}"' not in rest.content.decode()


# --- One run ------------------------------------------------------------------------------------------


def test_the_run_page_shows_everything_about_a_planned_run(run: Any) -> None:
    LegacyImportRun.objects.update(certificate=CERTIFICATE)
    told = text(run_page(signed_in(person("view", "commit")), run))
    for words in (
        "No business table was written.", "0 / 2 reviewed", "completed history", "validate done",
        "commit next", f".venv/bin/python manage.py legacy_commit --run {run.pk}",
        "+ create completed trainings 2 0 2", "+ create leads, each with its course interest 3 0 3",
        "! review rows that need review 2 0 2", "registered 1 12 %", "lead only 3 37 %",
        "the rules do not know this status 2", "No batch was committed.",
        "read-only: verified", "MariaDB 10.11.6", "reader@% can only read",
        "SELECT · ecoin_legacy.*", "Snapshots: 1. Without one: archives",
        "TLS_AES_256_GCM_SHA384 encrypted", "stagiaires: last_name = nom", "stagiaires: phone2",
        "stagiaires: remarque 2", "archives is kept by MyISAM",
    ):  # fmt: skip
        assert words in told, (words, told)


def test_after_a_commit_it_says_what_stands_on_the_platform(client: Client, run: Any) -> None:
    run_commit(run, batch=4)
    told = text(run_page(client, run))
    assert "No business table was written." not in told
    assert "Rows with an effect on the platform: 6" in told
    assert "completed training created 2" in told
    assert "left for review 2" in told
    run_rollback(run)
    told = text(run_page(client, run))
    assert "Nothing of this run is on the platform now." in told
    assert "to be done again" in told


def test_the_commit_log_is_paged_by_batch(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_commit(run, batch=1)
    monkeypatch.setattr("legacy_import.screens.runs.log.MOST_BATCHES", 3)
    page = run_page(client, run).content.decode()
    (older,) = re.findall(r'href="\?before=(\d+)#log"', page)
    rest = run_page(client, run, before=older).content.decode()
    batches = r'<th scope="row" class="li-num">(\d+)</th>'
    assert re.findall(batches, page) == ["6", "5", "4"]
    assert re.findall(batches, rest) == ["3", "2", "1"]


def test_large_batches_make_short_pages(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_commit(run, batch=2)
    monkeypatch.setattr("legacy_import.screens.runs.log.MOST_ROWS", 3)
    batches = re.findall(
        r'<th scope="row" class="li-num">(\d+)</th>', run_page(client, run).content.decode()
    )
    assert batches == ["3"]


@pytest.mark.parametrize(
    ("codenames", "shown", "hidden"),
    [
        (("view",), (), ("export.csv", "/commit", "/rollback", "/reconcile")),
        (("view", "export"), ("export.csv", "export.json"), ("/commit", "/rollback")),
        (("view", "commit"), ("/commit", "/reconcile"), ("export.csv", "/rollback")),
        (("view", "rollback"), ("/rollback",), ("export.csv", "/commit", "/reconcile")),
    ],
)
def test_what_may_be_done_is_offered_to_those_who_may(
    run: Any, codenames: tuple[str, ...], shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    run_commit(run, limit=3)
    page = run_page(signed_in(person(*codenames)), run).content.decode()
    for end in shown:
        assert f'"{ROOT}/{run.pk}{"/" if not end.startswith("/") else ""}{end}"' in page, end
    for end in hidden:
        assert f"{ROOT}/{run.pk}{'/' if not end.startswith('/') else ''}{end}" not in page, end


def test_decisions_since_the_plan_ask_for_a_new_one(run: Any) -> None:
    rows = list(LegacyStudentImport.objects.filter(legacy_import_run=run)[:3])
    ReviewDecisionFactory(student_import=rows[0], created_at=NOW - datetime.timedelta(days=999))
    reader, mapper = signed_in(person("view")), signed_in(person("view", "map"))
    assert "since the plan" not in text(run_page(reader, run))
    for row in rows:
        ReviewDecisionFactory(student_import=row, created_at=timezone.now())
    ReviewDecisionFactory(created_at=timezone.now())  # of another run
    told = text(run_page(reader, run))
    assert "Decisions since the plan: 3" in told
    operator = signed_in(person("view", "commit"))
    line = f".venv/bin/python manage.py legacy_dry_run --run {run.pk}"
    assert line in text(run_page(operator, run))
    assert line not in told, "it is for operators"
    assert f"{ROOT}/{run.pk}/plan" not in run_page(reader, run).content.decode()
    assert f"{ROOT}/{run.pk}/plan" in run_page(mapper, run).content.decode()


def test_rows_to_classify_again_are_counted(run: Any) -> None:
    run.facetcount_set.filter(classification="completed").update(to_classify=True)
    told = text(run_page(signed_in(person("view", "commit")), run))
    assert "Rows to evaluate again, since a mapping changed: 2" in told
    assert f".venv/bin/python manage.py legacy_classify --run {run.pk}" in told


def test_whoever_holds_the_run_is_named_with_a_way_to_ask_again(client: Client, run: Any) -> None:
    later = timezone.now() + datetime.timedelta(minutes=1)
    LegacyImportRun.objects.update(
        lease_token="theirs", lease_command="legacy_commit", lease_host="atelier",
        lease_process="1:1", lease_expires_at=later,
    )  # fmt: skip
    page = run_page(client, run)
    assert "legacy_commit is at work on atelier: 0 of 8 rows done." in text(page)
    assert f'data-progress="{ROOT}/{run.pk}/progress" data-held' in page.content.decode()
    assert "Refresh" in text(page)
    assert "legacy_commit at work on atelier" in text(list_page(client))


@pytest.mark.parametrize("status", RunStatus.values)
@pytest.mark.parametrize("empty", [True, False], ids=["never-planned", "planned"])
def test_every_status_has_its_page(client: Client, status: str, empty: bool) -> None:
    made = RunFactory(summary={}, certificate={}) if empty else planned_run()
    LegacyImportRun.objects.filter(pk=made.pk).update(status=status)
    for answer in (run_page(client, made), list_page(client)):
        assert answer.status_code == 200


# --- What they never do -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_no_contact_and_no_name_is_on_them(run: Any, language: str) -> None:
    LegacyImportRun.objects.update(certificate=CERTIFICATE)
    run_commit(run)
    client = signed_in(person(is_superuser=True), language)
    for answer in (
        list_page(client),
        run_page(client, run),
        client.get(f"{ROOT}/{run.pk}/rollback"),
    ):
        page = answer.content.decode()
        for canary in (PHONE, PHONE[1:], EMAIL, NAME, "Haddad"):
            assert canary not in page


def test_nothing_is_inline_and_every_table_is_named(run: Any) -> None:
    run_commit(run, limit=3)
    client = signed_in(person(is_superuser=True))
    for address in ("", f"/{run.pk}", f"/{run.pk}/commit", f"/{run.pk}/rollback"):
        page = client.get(ROOT + address).content.decode()
        assert not re.findall(r"\son\w+=|\sstyle=|<style|<script(?![^>]* src=)", page), address
        main = page.partition('id="content"')[2]
        assert main.count("<table") == main.count("<caption"), address
        assert not re.findall(r"<th(?!ead)(?![^>]* scope=)", main), address


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_a_page_asks_as_often_whatever_the_size_of_the_run() -> None:
    client = signed_in(person(is_superuser=True))
    small = planned_run(trained=1, registered=1, leads=1, unknown=1)
    run_commit(small, limit=1)
    pages = (ROOT, *(f"{ROOT}/{small.pk}{page}" for page in ("", "/commit", "/progress")))
    few = [queries(client, page) for page in pages]
    previewed = queries(client, f"{ROOT}/{small.pk}/rollback")
    grow(small)
    assert [queries(client, page) for page in pages] == few
    assert max(few) <= 20, few
    # A preview asks in batches of a thousand rows, and of twenty thousand rows at most.
    assert queries(client, f"{ROOT}/{small.pk}/rollback") <= previewed + 20
    staged = '"legacy_student_imports"'
    for page in pages:
        with CaptureQueriesContext(connection) as seen:
            client.get(page)
        counting = [q["sql"] for q in seen if staged in q["sql"].replace("`", '"')]
        # Decided rows are counted from the decisions, at most tally.MOST_COUNTED of them.
        counting = [sql for sql in counting if "legacy_review_decisions" not in sql]
        assert not [sql for sql in counting if "COUNT" in sql], page


def grow(run: LegacyImportRun) -> None:
    """More rows of every kind, and more batches."""
    for _ in range(12):
        StagedLearnerFactory(run=run)
        StagedLearnerFactory(run=run, status="Formée", formation_id="7", session_id="42")
        StagedLearnerFactory(run=run, status="autre chose")
    run_stages(run)
    run_commit(run, batch=2, limit=20)


def test_a_setting_that_changed_since_the_validation_is_named_with_the_command(
    client: Client, settings: Any
) -> None:
    run = RunFactory()
    StagedLearnerFactory(run=run)
    words = "LEGACY_IMPORT_HOT_KEY_ROWS changed since."
    assert words not in text(run_page(client, run))
    run_stages(run)
    assert words not in text(run_page(client, run))
    settings.LEGACY_IMPORT_HOT_KEY_ROWS = "9"
    page = text(run_page(signed_in(person("view", "commit")), run))
    assert f"Run {run.pk} was validated under other settings: {words}" in page
    assert f"legacy_validate --run {run.pk}" in page
