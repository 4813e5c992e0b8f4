"""LEGACY_IMPORT_NOTIFY: one mail when a command ends or stops, which never changes how it ends."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from legacy_import.conf import MANAGE
from legacy_import.management import notification
from legacy_import.management.base import LegacyCommand
from legacy_import.management.notification import CommandEnd, body, subject
from legacy_import.models import LegacyImportRun
from tests.canaries import found
from tests.factories import RunFactory, StagedLearnerFactory
from tests.management.calling import COMMANDS, call, done
from tests.management.committing import CANARIES, commit, old_school, planned
from tests.management.notification.mailbox import Mailbox, mail_server
from tests.processes import ROOT, AppDatabase, Ended, environment, finish, manage, start
from tests.stages.stages import run_stages

__all__ = ["planned"]  # a fixture

TO = ("operatrice@exemple.dz", "direction@exemple.dz")


@pytest.fixture
def called(settings: Any) -> list[Any]:
    """The mails of the test; both addresses are to be called."""
    settings.LEGACY_IMPORT_NOTIFY = list(TO)
    return mail.outbox


def only(mails: list[Any]) -> Any:
    (one,) = mails
    return one


# --- What is sent ------------------------------------------------------------------------------------


def test_no_one_is_called_by_default(planned: LegacyImportRun) -> None:
    assert commit(planned).code == 0
    assert mail.outbox == []


def test_a_command_that_ends_sends_its_numbers_and_the_next_step(planned, called) -> None:
    mail.outbox.clear()
    ended = commit(planned)
    assert ended.code == 0
    sent = only(called)
    assert sent.to == list(TO)
    assert sent.subject == f"[ECOIN] legacy_commit, run {planned.pk}: done"
    assert "exit code 0" in sent.body
    assert re.search(r"create_crm_lead: 8$", sent.body, re.MULTILINE)
    assert f"Next: {MANAGE} legacy_reconcile --run {planned.pk}" in sent.body
    assert f"/admin/legacy-imports/{planned.pk}" in sent.body


@pytest.mark.parametrize("name", ["legacy_validate", "legacy_classify", "legacy_dry_run",
                                  "legacy_reconcile"])  # fmt: skip
@pytest.mark.parametrize("json", [(), ("--json",)], ids=["text", "json"])
def test_each_stage_calls_once_with_or_without_json(planned, called, name, json) -> None:
    before = done(name, "--run", str(planned.pk), *json)
    assert only(called).subject.startswith(f"[ECOIN] {name}, run {planned.pk}: ")
    if json:
        assert before.told["command"] == name


def test_no_mail_contains_personal_data(planned, called) -> None:
    commit(planned)
    call("legacy_rollback", "--run", str(planned.pk), "--preview")
    call("legacy_reconcile", "--run", str(planned.pk), "--verbosity", "3")
    call("legacy_import", "--check")
    assert len(called) == 4
    for sent in called:
        text = f"{sent.subject}\n{sent.body}"
        assert not any(canary.lower() in text.lower() for canary in CANARIES), text
        assert found(text) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("answers", [(), ("--set", "Karim Haddad=completed")], ids=["list", "set"])
def test_the_decisions_on_statuses_send_no_text_of_the_data(called, answers) -> None:
    run = RunFactory()
    StagedLearnerFactory(run=run, status="Karim Haddad a payé")
    run_stages(run)
    told = call("legacy_map", "statuses", "--run", str(run.pk), *answers)
    assert "Karim Haddad" in told.out + told.err
    assert called == []


def test_texts_lists_and_names_from_rows_stay_out(planned) -> None:
    counts = {
        "rows": 7, "none": 0, "is_preview": True, "kept": ["stagiaires:1"], "part": "stagiaires:1",
        "by": {"crm.CrmLead": 2, "Karim 0559446168": 3, "Statut-Canari": 1, "0559446168": 1},
    }  # fmt: skip
    told = body(CommandEnd("legacy_commit", 3, 0, 61.2, counts))
    lines = [line for line in told.splitlines() if re.search(r": \d", line)]
    assert lines == ["rows: 7", "by.crm.CrmLead: 2"]


def test_a_refusal_is_sent_with_its_reason_and_the_next_step(planned, called) -> None:
    ended = call("legacy_commit", "--run", str(planned.pk), "--no-input",
                 "--confirm-database", "another")  # fmt: skip
    assert ended.code == 3
    sent = only(called)
    assert sent.subject == f"[ECOIN] legacy_commit, run {planned.pk}: refused"
    assert "Nothing was written" in sent.body
    assert "exit code 3" in sent.body
    assert "Next: " in sent.body


@pytest.mark.django_db
def test_an_error_is_sent_once(called) -> None:
    assert call("legacy_validate", "--run", "77").code == 2
    assert only(called).subject == "[ECOIN] legacy_validate, run 77: failed"
    assert "There is no run 77" in only(called).body


def test_a_mistake_of_the_software_is_sent_by_its_class_only(planned, called, monkeypatch) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise KeyError(CANARIES[1])

    monkeypatch.setattr(LegacyCommand, "_actor", break_down)
    with pytest.raises(KeyError):
        call("legacy_validate", "--run", str(planned.pk))
    sent = only(called)
    assert sent.subject == f"[ECOIN] legacy_validate, run {planned.pk}: failed"
    assert "KeyError" in sent.body
    assert CANARIES[1] not in sent.body


def test_what_changes_nothing_and_the_demo_call_no_one(planned, called, tmp_path) -> None:
    done("legacy_status")
    done("legacy_demo", "--rows", "20", "--sqlite", str(tmp_path / "demo.sqlite3"))
    assert called == []


@pytest.mark.parametrize(("code", "word"), [
    (0, "done"), (1, "failed"), (2, "failed"), (3, "refused"), (4, "done, with errors"),
    (5, "refused"), (130, "stopped"),
])  # fmt: skip
def test_the_subject_says_how_it_ended(code: int, word: str) -> None:
    assert (
        subject(CommandEnd("legacy_import", None, code, 1, {})) == f"[ECOIN] legacy_import: {word}"
    )


# --- It never changes how a command ends -------------------------------------------------------------


def in_a_process(
    app: AppDatabase, box: Mailbox, tmp_path: Path, *arguments: str
) -> tuple[Ended, float]:
    begun = time.monotonic()
    ended = finish(start(*arguments, env=env_of(app, box.port, tmp_path)))
    return ended, time.monotonic() - begun


def env_of(app: AppDatabase, port: int, tmp_path: Path) -> dict[str, str]:
    old = tmp_path / "legacy.sqlite3"
    legacy = old_school(old) if not old.exists() else None
    source = legacy.environment() if legacy else {
        "LEGACY_DB_DRIVER": "sqlite", "LEGACY_DB_DATABASE": str(old),
    }  # fmt: skip
    return environment(
        app, LEGACY_IMPORT_NOTIFY=",".join(TO), EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(port),
        DEFAULT_FROM_EMAIL="ECOIN <import@exemple.dz>", **source,
    )  # fmt: skip


def test_a_mail_server_gets_the_mail(app: AppDatabase, tmp_path: Path) -> None:
    with mail_server() as box:
        ended, _ = in_a_process(app, box, tmp_path, "legacy_import", "--json")
        assert ended.code == 0, ended.err
        assert ended.told["command"] == "legacy_import"
    (message,) = box.messages
    assert box.recipients == list(TO)
    assert message["From"] == "ECOIN <import@exemple.dz>"
    assert message["Subject"] == "[ECOIN] legacy_import, run 1: done"


@pytest.mark.parametrize("mode", ["refuses", "closed"])
@pytest.mark.parametrize(("arguments", "code"), [
    (("legacy_import",), 0), (("legacy_validate", "--run", "77"), 2),
], ids=["done", "error"])  # fmt: skip
def test_a_mail_that_cannot_be_sent_is_only_mentioned(
    app: AppDatabase, tmp_path: Path, mode: str, arguments: tuple[str, ...], code: int
) -> None:
    with mail_server("refuses") as box:
        refusing = box
    if mode == "refuses":
        with mail_server(mode) as refusing:
            ended, _ = in_a_process(app, refusing, tmp_path, *arguments)
    else:  # nobody listens at that port any more
        ended, _ = in_a_process(app, refusing, tmp_path, *arguments)
    assert ended.code == code
    assert "The notification could not be sent (" in ended.err
    assert not any(address in ended.err + ended.out for address in TO)
    assert "Traceback" not in ended.err


def test_a_silent_mail_server_is_not_waited_for(planned, called, monkeypatch, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 30
    monkeypatch.setattr(notification, "SECONDS", 0.5)
    with mail_server("silent") as box:
        settings.EMAIL_PORT = box.port
        begun = time.monotonic()
        ended = call("legacy_validate", "--run", str(planned.pk))
        assert ended.code == 0
        assert "The notification was not sent in time" in ended.err
        assert time.monotonic() - begun < 25


@pytest.mark.parametrize("mode", ["accepts", "silent"])
def test_a_stopped_command_calls_and_ends_as_stopped(
    app: AppDatabase, tmp_path: Path, mode: str
) -> None:
    """SIGTERM while it waits for the answer to its question; a silent mail server keeps it no longer."""
    with mail_server(mode) as box:
        env = env_of(app, box.port, tmp_path)
        for name in COMMANDS:
            assert manage(name, env={**env, "LEGACY_IMPORT_NOTIFY": ""}).code == 0
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "legacy_commit", "--run", "1"], env=env,
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        asked = ""
        while "to continue:" not in asked:
            letter = process.stderr.read(1)
            assert letter, asked
            asked += letter
        process.send_signal(signal.SIGTERM)
        ended = finish(process)
    assert ended.code == 130, ended.err
    if mode == "silent":
        assert "The notification was not sent in time" in ended.err
        return
    (message,) = box.messages
    assert message["Subject"] == "[ECOIN] legacy_commit, run 1: stopped"
