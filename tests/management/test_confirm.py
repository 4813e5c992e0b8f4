"""The question before anything is erased or written: only the database's own name is a yes."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from legacy_import.errors import LegacyImportError, SafetyRefusal
from legacy_import.management.confirm import confirm_database, database_name
from legacy_import.management.terminal import Terminal, target_label
from tests.processes import ON_SERVER, ROOT, AppDatabase, environment, manage

WHAT = "Three rows will be erased."


class Asked:
    """A terminal whose stderr can be read."""

    def __init__(self, quiet: bool = False, verbosity: int = 1) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(
            out=self.out, err=self.err, quiet=quiet, verbosity=verbosity, color=False
        )

    def confirm(self, given: str | None = None, *, no_input: bool = False) -> None:
        options = {"confirm_database": given, "no_input": no_input}
        confirm_database(self.terminal, options, WHAT)

    @property
    def told(self) -> str:
        return " ".join(self.err.getvalue().split())


def typing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


class NoLine(io.StringIO):
    """stdin that is not to be read, or cannot be."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__()

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        raise self.error


NOT_READ = NoLine(AssertionError("stdin was read"))


class TestTheName:
    @pytest.mark.parametrize(
        ("engine", "name", "asked_for"),
        [
            ("django.db.backends.sqlite3", "/srv/ecoin/db.sqlite3", "db.sqlite3"),
            ("django.db.backends.sqlite3", "db.sqlite3", "db.sqlite3"),
            ("django.db.backends.mysql", "ecoin_app", "ecoin_app"),
        ],
        ids=["file_without_its_folder", "file", "server"],
    )
    def test_it_is_the_app_databases(
        self, engine: str, name: str, asked_for: str, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": engine, "NAME": name})
        assert database_name() == asked_for


class TestAsked:
    @pytest.mark.parametrize("answer", ["{}\n", "{}", "  {} \r\n", "{}\nignored\n"])
    def test_the_name_is_a_yes(self, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        typing(answer.format(database_name()), monkeypatch)
        Asked().confirm()

    @pytest.mark.parametrize("answer", ["\n", "y\n", "yes\n", "X{}\n", "{}x\n", "UPPER\n"])
    def test_anything_else_is_a_no(self, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = answer.replace("UPPER", database_name().upper()).format(database_name())
        typing(answer, monkeypatch)
        with pytest.raises(SafetyRefusal) as refused:
            Asked().confirm()
        assert refused.value.exit_code == 3
        assert f"The database is '{database_name()}'" in refused.value.message
        assert "Nothing was written" in refused.value.message
        assert f"--confirm-database {database_name()}" in refused.value.hint

    def test_what_was_typed_is_not_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        typing("secret-typed-by-mistake\n", monkeypatch)
        with pytest.raises(SafetyRefusal) as refused:
            Asked().confirm()
        assert "secret" not in refused.value.message + refused.value.hint

    @pytest.mark.parametrize("asked", [Asked(), Asked(quiet=True), Asked(verbosity=0)],
                             ids=["people", "json", "verbosity_0"])  # fmt: skip
    def test_the_question_stands_on_stderr_with_what_and_where(
        self, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        typing(database_name(), monkeypatch)
        asked.confirm()
        assert asked.out.getvalue() == ""
        assert WHAT in asked.told
        assert "".join(target_label().split()) in "".join(asked.told.split())
        assert asked.told.endswith(
            f"Type the name of the database, {database_name()}, to continue:"
        )

    @pytest.mark.parametrize(
        "stdin",
        [io.StringIO(), None, NoLine(OSError(5, "no")), NoLine(ValueError("closed"))],
        ids=["end_of_file", "no_stdin", "not_ours", "closed"],
    )
    def test_where_nobody_answers_it_says_how_to_do_without(
        self, stdin: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(LegacyImportError) as refused:
            Asked().confirm()
        assert refused.value.exit_code == 2
        assert refused.value.hint == f"Give --no-input --confirm-database {database_name()}"


class TestGiven:
    @pytest.fixture(autouse=True)
    def nobody_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", NOT_READ)

    def test_the_right_name_spares_the_question(self) -> None:
        asked = Asked()
        asked.confirm(database_name(), no_input=True)
        assert asked.told == ""

    @pytest.mark.parametrize("no_input", [True, False])
    @pytest.mark.parametrize("given", ["", "other", "/srv/{}", "UPPER"])
    def test_a_wrong_name_is_refused_without_a_question(self, given: str, no_input: bool) -> None:
        given = given.replace("UPPER", database_name().upper()).format(database_name())
        asked = Asked()
        with pytest.raises(SafetyRefusal, match="Nothing was written"):
            asked.confirm(given, no_input=no_input)
        assert asked.told == ""

    def test_no_input_alone_confirms_nothing(self) -> None:
        with pytest.raises(LegacyImportError) as refused:
            Asked().confirm(no_input=True)
        assert refused.value.exit_code == 2
        assert refused.value.hint == f"Add --confirm-database {database_name()}"

    def test_the_name_alone_does_not_spare_the_question(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        typing("no\n", monkeypatch)
        with pytest.raises(SafetyRefusal):
            Asked().confirm(database_name())


class OnATerminal:
    """legacy_purge, waiting for its answer on a terminal."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments], env=env, cwd=ROOT,
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.told = ""

    def read_until(self, words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.told and time.monotonic() < deadline:
            if not self._read(0.2):
                break
        assert words in self.told

    def read_on(self, seconds: float) -> str:
        """What is written meanwhile though nobody typed anything."""
        before, deadline = len(self.told), time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(0.1):
            pass
        return self.told[before:]

    def ends(self, seconds: float = 20) -> int:
        deadline = time.monotonic() + seconds
        while self._read(0.2) and time.monotonic() < deadline:
            pass
        return self.process.wait(1)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def _read(self, seconds: float) -> bool:
        """False once the other side is closed."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return True
        try:
            self.told += os.read(self.ours, 65_536).decode()
        except OSError:
            return False
        return True


class TestOnATerminal:
    QUESTION = "to continue:"

    @pytest.fixture
    def due(self, app: AppDatabase) -> str:
        """An app database with a closed run whose retention is over; returns its name."""
        app.execute(
            "INSERT INTO legacy_import_runs (id, status, connection_name, focus_mode, "
            "rules_version, norm_version, plan_fingerprint, summary, certificate, "
            "settings_digests, created_by, "
            "started_at, finished_at, lease_token, lease_command, lease_host, lease_process) "
            "VALUES (1, 'closed', 'legacy', 'lead_only', 1, 1, '', '{}', '{}', '{}', 'cli:test', "
            "'2020-01-01 00:00:00', '2020-01-02 00:00:00', '', '', '', '')"
        )
        return app.name if ON_SERVER else str(app.path and app.path.name)

    @pytest.fixture
    def asked(self, due: str, app: AppDatabase) -> Iterator[OnATerminal]:
        with closing(OnATerminal(environment(app, TERM="xterm"), "legacy_purge")) as asked:
            asked.read_until(self.QUESTION)
            yield asked

    def purged(self, app: AppDatabase) -> bool:
        return bool(app.one("SELECT COUNT(*) FROM legacy_import_runs WHERE purged_at IS NOT NULL"))

    def test_the_question_stays_on_the_screen_until_it_is_answered(
        self, asked: OnATerminal, due: str, app: AppDatabase
    ) -> None:
        assert asked.read_on(0.8) == "", "a progress bar draws over the question"
        asked.type(f"{due}\n")
        assert asked.ends() == 0
        assert "Done. runs=1" in asked.told
        assert self.purged(app)

    def test_a_wrong_answer_ends_it(self, asked: OnATerminal, app: AppDatabase) -> None:
        asked.type("something else\n")
        assert asked.ends() == 3
        assert not self.purged(app)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_ctrl_c_at_the_question_ends_it_at_once(
        self, number: signal.Signals, asked: OnATerminal, app: AppDatabase
    ) -> None:
        asked.read_on(0.5)  # the question is on the terminal before its answer is waited for
        asked.process.send_signal(number)
        assert asked.ends() == 130
        assert re.search(r"Stopped at the question\.\s+Nothing\s+was\s+written", asked.told)
        assert not self.purged(app)

    def test_ctrl_d_is_no_answer(self, asked: OnATerminal, app: AppDatabase) -> None:
        asked.type("\x04")
        assert asked.ends() == 2
        assert "--no-input --confirm-database" in " ".join(asked.told.split())
        assert not self.purged(app)

    def test_without_a_terminal_it_ends_at_once(self, due: str, app: AppDatabase) -> None:
        ended = manage("legacy_purge", "--json", env=environment(app))
        assert ended.code == 2
        assert ended.told["errors"][0]["hint"] == f"Give --no-input --confirm-database {due}"
        assert not self.purged(app)
