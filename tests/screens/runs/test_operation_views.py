"""`…/{run}/commit`, `/rollback`, `/plan`, `/reconcile`, `/progress`: done once, or refused in words."""

import datetime
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import RunStatus
from legacy_import.conf import database_name
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.screens import form_tokens, obstacles
from legacy_import.screens.runs import in_request
from tests.factories import ReviewDecisionFactory, StagedLearnerFactory
from tests.screens.runs.run_screens import (
    ROOT,
    ask,
    batches,
    commit_batch,
    everything,
    form_of,
    held,
    outcomes,
    person,
    planned_run,
    planned_run_again,
    send,
    signed_in,
    text,
    update,
)
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    return planned_run()


@pytest.fixture
def operator() -> Any:
    return person("view", "map", "commit", "rollback", username="nadia")


@pytest.fixture
def client(operator: Any) -> Client:
    return signed_in(operator)


# --- Who may ------------------------------------------------------------------------------------------

NEEDED = {
    "commit": ("commit", 200, None),
    "rollback": ("rollback", 409, None),  # nothing was committed
    "plan": ("map", 302, 303),
    "reconcile": ("commit", 302, 200),
    "progress": ("view", 200, 405),
}
ALL = ("view", "review", "map", "commit", "rollback", "export", "reveal_pii", "view_raw")


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete"])
@pytest.mark.parametrize("operation", NEEDED)
def test_everybody_else_is_refused(run: Any, operation: str, method: str) -> None:
    needed, *_ = NEEDED[operation]
    others = [codename for codename in ALL if codename != needed]
    before = everything()
    for user, expected in ((None, 302), (person(), 403), (person(*others), 403)):
        answer = getattr(signed_in(user), method)(f"{ROOT}/{run.pk}/{operation}")
        assert answer.status_code == expected, (user, operation, method)
        if expected == 302:
            assert answer.url.startswith("/admin/login/")
    assert everything() == before


@pytest.mark.parametrize("operation", NEEDED)
def test_one_permission_is_enough_and_no_cache_keeps_the_answer(run: Any, operation: str) -> None:
    needed, on_get, on_post = NEEDED[operation]
    update(run, connection_name="nowhere")
    client = signed_in(person(needed, is_staff=False))
    answer = client.get(f"{ROOT}/{run.pk}/{operation}")
    assert answer.status_code == on_get
    if on_get != 405:
        assert "no-store" in answer["Cache-Control"]
    if on_post is not None:
        assert client.post(f"{ROOT}/{run.pk}/{operation}").status_code == on_post


@pytest.mark.parametrize("operation", ["commit", "rollback", "plan", "reconcile"])
def test_a_post_without_a_csrf_token_is_refused(run: Any, operator: Any, operation: str) -> None:
    client = signed_in(operator, enforce_csrf_checks=True)
    form = ask(client, run)
    before = everything()
    assert send(client, run, operation, **form).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("operation", NEEDED)
@pytest.mark.parametrize("number", ["0", "99999", "9" * 30])
def test_an_unknown_run_is_404(client: Client, operation: str, number: str) -> None:
    method = client.post if operation in ("plan", "reconcile") else client.get
    assert method(f"{ROOT}/{number}/{operation}").status_code == 404


# --- Confirming a commit ------------------------------------------------------------------------------


def test_the_confirm_page_names_every_effect_and_writes_nothing(client: Client, run: Any) -> None:
    before = everything()
    answer = client.get(f"{ROOT}/{run.pk}/commit")
    told = text(answer)
    assert answer.status_code == 200
    for words in (
        "completed history 2 2 0 0 0 0 0", "pending registrations 1 0 1 0 0 0 0",
        "leads only 3 0 0 3 0 0 0", "all waves 6 2 1 3 0 0 2",
        "no one is overwritten or merged", "Type the name of the database",
    ):  # fmt: skip
        assert words in told, (words, told)
    assert everything() == before
    assert 'value="historical_completed" checked' in answer.content.decode()


def test_one_batch_is_committed_then_the_next(client: Client, run: Any) -> None:
    answer = commit_batch(client, run, focus="", batch="4")
    assert "Rows dealt with: 4, in batches: 1." in text(answer)
    assert "completed training created 2" in text(answer)
    assert "Rows still waiting: 2." in text(answer)
    assert batches(run) == 1
    carried = form_of(answer)
    assert carried["database"] == database_name()
    answer = client.get(send(client, run, **carried, focus="", batch="4").url)
    assert "Nothing is left to commit." in text(answer)
    assert outcomes(run) == {
        "create_completed_training": 2, "create_enrollment": 1, "create_crm_lead": 3, "review": 2,
    }  # fmt: skip
    run.refresh_from_db()
    assert run.status == RunStatus.COMMITTED
    assert set(LegacyImportCommitLog.objects.values_list("actor", flat=True)) == {"nadia"}


def test_one_wave_is_committed_and_the_next_is_offered(client: Client, run: Any) -> None:
    answer = commit_batch(client, run, focus="historical_completed")
    assert outcomes(run)["create_completed_training"] == 2
    assert not CrmLead.objects.exists()
    assert 'value="registered_pending" checked' in answer.content.decode()


BAD_FORMS: dict[str, dict[str, str]] = {
    "no-name": {"database": ""},
    "another-name": {"database": "other"},
    "upper-case": {"database": database_name().upper() + "X"},
    "no-rows": {"batch": "0"},
    "too-many-rows": {"batch": "1001"},
    "no-number": {"batch": "ten"},
    "digits-of-another-script": {"batch": "١٠"},
    "a-very-long-number": {"batch": "9" * 5_000},
    "unknown-wave": {"focus": "everything"},
}


@pytest.mark.parametrize("fields", BAD_FORMS.values(), ids=BAD_FORMS)
def test_a_form_that_is_wrong_does_nothing_and_may_be_corrected(
    client: Client, run: Any, fields: dict[str, str]
) -> None:
    form, before = ask(client, run), everything()
    answer = send(client, run, **{**form, **fields})
    assert answer.status_code == 400
    assert "Nothing was done." in text(answer)
    assert everything() == before
    assert form_of(answer)["token"] == form["token"]
    assert send(client, run, **form).status_code == 303


def test_fields_that_no_form_has_change_nothing(client: Client, run: Any) -> None:
    more = {"actor": "somebody", "limit": "1000000", "allow_partial": "1", "run_id": "99"}
    commit_batch(client, run, batch="1", focus="lead_only", **more)
    assert outcomes(run)["create_crm_lead"] == 1
    assert set(LegacyImportCommitLog.objects.values_list("actor", flat=True)) == {"nadia"}


# --- Once only ----------------------------------------------------------------------------------------


def test_a_replayed_form_says_what_it_did_and_does_nothing(client: Client, run: Any) -> None:
    form = ask(client, run)
    assert send(client, run, **form, focus="lead_only", batch="1").status_code == 303
    before = everything()
    for _ in range(2):
        again = send(client, run, **form, focus="lead_only", batch="1")
        assert again.status_code == 409
        assert "This form was sent before" in text(again)
        assert "Rows dealt with: 1, in batches: 1." in text(again)
    assert everything() == before
    assert form_of(again)["token"] != form["token"]


def test_a_reload_of_the_page_after_a_batch_does_nothing(client: Client, run: Any) -> None:
    answer = send(client, run, **ask(client, run), batch="1")
    before = everything()
    for _ in range(2):
        assert "Rows dealt with: 1" in text(client.get(answer.url))
    assert everything() == before


@pytest.mark.parametrize("same_session", [True, False], ids=["two-tabs", "two-people"])
def test_of_two_forms_for_the_same_state_only_one_counts(
    client: Client, run: Any, same_session: bool
) -> None:
    other = client if same_session else signed_in(person("commit"))
    mine, theirs = ask(client, run), ask(other, run)
    assert send(client, run, **mine, batch="1").status_code == 303
    before = everything()
    late = send(other, run, **theirs, batch="1")
    assert late.status_code == 409
    assert "The run changed since this page was opened" in text(late)
    assert everything() == before
    assert batches(run) == 1


def test_a_form_made_for_an_older_plan_is_refused(client: Client, run: Any) -> None:
    form = ask(client, run)
    StagedLearnerFactory(run=run)
    run_stages(run)
    late = send(client, run, **form)
    assert late.status_code == 409
    assert "The run changed since this page was opened" in text(late)
    assert batches(run) == 0


def test_a_token_is_of_one_run_one_operation_and_one_session(client: Client, run: Any) -> None:
    form = ask(client, run)
    other_run = planned_run_again(run)
    before = everything()
    assert send(client, other_run, **form).status_code == 409
    assert send(signed_in(person("commit")), run, **form).status_code == 409
    assert send(client, run, **{**form, "token": "made-up"}).status_code == 409
    assert send(client, run, **{**form, "token": ""}).status_code == 409
    assert everything() == before
    commit_batch(client, run)
    rollback = ask(client, run, "rollback")
    assert send(client, run, **rollback).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_a_double_click_commits_one_batch() -> None:
    run = planned_run(leads=6)
    client = signed_in(person("commit"))
    form = {**ask(client, run), "focus": "lead_only", "batch": "2"}
    cookies = client.cookies
    ready, statuses = threading.Barrier(3), []

    def click() -> None:
        try:
            mine = Client()
            mine.cookies = cookies
            ready.wait()
            statuses.append(mine.post(f"{ROOT}/{run.pk}/commit", form).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [303, 409, 409]
    assert batches(run) == 1
    assert CrmLead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_people_in_the_same_moment_commit_one_batch() -> None:
    """Both pass every question before either holds the run; the second finds it changed."""
    run = planned_run(leads=6)
    clients = [signed_in(person("commit")) for _ in range(2)]
    forms = [{**ask(client, run), "focus": "lead_only", "batch": "2"} for client in clients]
    ready, statuses = threading.Barrier(2), []

    def click(client: Client, form: dict[str, str]) -> None:
        try:
            ready.wait()
            statuses.append(client.post(f"{ROOT}/{run.pk}/commit", form).status_code)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=click, args=both) for both in zip(clients, forms, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [303, 409]
    assert batches(run) == 1


def test_who_was_overtaken_after_every_question_does_nothing_all_the_same(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, use_up = ask(client, run), form_tokens.use_up

    def after_somebody_else(*args: Any, **values: Any) -> Any:
        run_commit(run, limit=1)
        return use_up(*args, **values)

    monkeypatch.setattr(form_tokens, "use_up", after_somebody_else)
    answer = send(client, run, **form, batch="1")
    assert answer.status_code == 409
    assert "Another user worked on this run at the same moment." in text(answer)
    assert batches(run) == 1
    assert "cli:test" in LegacyImportCommitLog.objects.values_list("actor", flat=True)
    replayed = send(client, run, **form, batch="1")
    assert "No row was dealt with." in text(replayed)


# --- Refusals -----------------------------------------------------------------------------------------


COMMIT_REFUSED: dict[str, tuple[Any, str]] = {
    "no-plan": (lambda run: update(run, status="classified"), "has no current plan"),
    "plan-taken-back": (lambda run: update(run, plan_fingerprint=""), "has no current plan"),
    "closed": (lambda run: update(run, status="closed"), "permanently closed"),
    "partial": (lambda run: update(run, row_limit=5), "--allow-partial"),
    "other-rules": (lambda run: update(run, rules_version=0), "other rules"),
    "other-normalizers": (lambda run: update(run, norm_version=0), "other normalizers"),
    "other-settings": (
        lambda run: update(run, settings_digests={}),
        "validated under other settings: LEGACY_IMPORT_PLACEHOLDER_EMAILS,",
    ),
    "held": (held, "legacy_commit on atelier"),
}


@pytest.mark.parametrize(("spoil", "words"), COMMIT_REFUSED.values(), ids=COMMIT_REFUSED)
def test_what_cannot_be_committed_is_refused_in_words(
    client: Client, run: Any, spoil: Any, words: str
) -> None:
    form = ask(client, run)
    spoil(run)
    before = everything()
    for answer in (client.get(f"{ROOT}/{run.pk}/commit"), send(client, run, **form)):
        assert answer.status_code == 409
        assert words in text(answer)
        assert "Nothing was done." in text(answer)
        assert "no-store" in answer["Cache-Control"]
    assert everything() == before


def test_a_lease_is_not_waited_for(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken on another host after the page asked: the request ends at once all the same."""
    form = ask(client, run)
    held(run)
    monkeypatch.setattr(obstacles, "lease_obstacle", lambda run: None)
    started = timezone.now()
    answer = send(client, run, **form)
    assert answer.status_code == 409
    assert "locked by legacy_commit on atelier" in text(answer)
    assert timezone.now() - started < datetime.timedelta(seconds=5)
    assert batches(run) == 0


def test_rows_left_out_are_named(client: Client, run: Any) -> None:
    row = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_action="create_crm_lead"
    ).first()
    assert row is not None
    ReviewDecisionFactory(student_import=row)
    told = text(commit_batch(client, run, focus="lead_only"))
    assert "Rows not committed: 1" in told
    assert f"{row} – a reviewer decided about the row since the plan" in told


def test_what_waits_for_people_is_left_in_bounded_pieces(
    client: Client, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_request, "SECONDS", -1)
    monkeypatch.setattr("legacy_import.stages.commit.commit.CHUNK_ROWS", 1)
    answer = commit_batch(client, run, focus="")
    assert outcomes(run)["review"] == 1
    assert outcomes(run)["create_crm_lead"] == 3
    assert "Rows dealt with: 7" in text(answer)
    commit_batch(client, run, focus="")
    assert outcomes(run)["review"] == 2
