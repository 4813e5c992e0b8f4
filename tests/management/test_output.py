"""What commands print: source and target first, JSON and nothing else, never a person or password."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from legacy_import.conf import MANAGE
from legacy_import.management.printer import SCHEMA_VERSION
from tests.database_server import DatabaseServer
from tests.legacy_database import learner, server_legacy, tables
from tests.management.calling import COMMANDS, call, done
from tests.processes import ON_SERVER, ROOT, AppDatabase, Ended, environment, manage

EVERY = (*COMMANDS, "legacy_status")
PASSWORD = "canary-password-of-the-reader"

# A person in every place a text can come from. Nothing of them may leave the database.
CANARY_NAMES = ("Canaridza", "Serindane", "Moineaula")
CANARY_PHONES = ("0559712345", "0776798765", "559712345", "776798765")
CANARY_EMAILS = ("canari.perchoir@exemple.dz", "perchoir", "serin.cage@")
CANARY_TEXTS = ("rue des Oiseaux", "1987-06-05", "Statut-Canari")
CANARIES = (*CANARY_NAMES, *CANARY_PHONES, *CANARY_EMAILS, *CANARY_TEXTS)


def canary_rows() -> list[dict[str, Any]]:
    one = {"nom": "Canaridza", "prenom": "Serindane", "telephone": "0559712345",
           "email": "canari.perchoir@exemple.dz", "date_naissance": "1987-06-05",
           "remarque": "12 rue des Oiseaux"}  # fmt: skip
    return [
        learner(1, **one, statut="Informer"),
        learner(2, **one, statut="Statut-Canari"),
        learner(3, **{**one, "prenom": b"Serindane\xe9"}),
        learner(
            4, **{**one, "telephone": "0776798765 / 0559712345", "email": "serin.cage@exemple"}
        ),
        learner(5, **{**one, "nom": "Moineaula"}, statut="Informer"),
        learner(6, **{**one, "nom": "", "prenom": "", "formation_id": "Canaridza"}),
        learner(7, **one, session_ecoin_id="0559712345"),
    ]


@pytest.fixture
def canary_env(
    db_server: DatabaseServer, server_legacy_name: str, app: AppDatabase
) -> dict[str, str]:
    """The environment of commands over the canary people; the platform knows two of them."""
    old = server_legacy(db_server, server_legacy_name, tables(canary_rows(), canary_rows()))
    db_server.create_account(old.reader, PASSWORD, [f"SELECT ON `{old.name}`.*"])
    env = environment(app, **{**old.environment(), "LEGACY_DB_PASSWORD": PASSWORD})
    seeded = manage("shell", "--verbosity", "0", "-c", SEED, env=env)
    assert seeded.code == 0, seeded.err
    return env


SEED = """
from crm.models import CrmLead
from django.contrib.auth.models import User
from trainings.models import LearnerProfile
CrmLead.objects.create(full_name="Serindane Canaridza", phone="0559712345",
                       email="canari.perchoir@exemple.dz")
user = User.objects.create(username="canari", first_name="Serindane", last_name="Canaridza",
                           email="canari.perchoir@exemple.dz")
LearnerProfile.objects.create(user=user, phone="0776798765", birth_date="1987-06-05")
"""


class TestPrivacy:
    def test_no_command_tells_a_person_or_a_password_at_any_verbosity(
        self, canary_env: dict[str, str], app: AppDatabase
    ) -> None:
        told = [manage(name, "--verbosity", "3", env=canary_env) for name in EVERY]
        told.append(manage("legacy_status", "--run", "1", "--verbosity", "3", env=canary_env))
        told.append(manage("legacy_import", "--check", "-v3", env=canary_env))
        told.append(manage("legacy_dry_run", "--diff", "1", "--json", "-v3", env=canary_env))
        assert [ended.code for ended in told] == [0] * len(told), [ended.err for ended in told]
        assert app.one("SELECT COUNT(*) FROM legacy_student_imports") == 14
        spoken = "\n".join(ended.out + ended.err for ended in told)
        assert [canary for canary in (*CANARIES, PASSWORD) if canary in spoken] == []

    def test_what_a_run_stores_about_itself_names_nobody(
        self, canary_env: dict[str, str], app: AppDatabase
    ) -> None:
        for name in COMMANDS:
            assert manage(name, "--json", env=canary_env).code == 0
        kept = repr(
            app.rows("SELECT summary, certificate, created_by FROM legacy_import_runs")
            + app.rows("SELECT * FROM legacy_chunk_receipts")
        )
        assert '"plan"' in kept
        assert '"row_counts"' in kept
        assert [canary for canary in (*CANARIES, PASSWORD) if canary in kept] == []


class TestJson:
    @pytest.mark.parametrize("verbosity", ["0", "3"])
    def test_it_is_one_object_and_nothing_else(self, verbosity: str, school: Any) -> None:
        for name in EVERY:
            ended = done(name, "--json", "--verbosity", verbosity)
            told = ended.told  # one object with exactly the keys of the contract
            assert (told["schema_version"], told["command"]) == (SCHEMA_VERSION, name)
            assert told["errors"] == []
            assert told["counts"]
            assert isinstance(told["duration_s"], float)

    @pytest.mark.django_db
    def test_an_error_is_the_same_object_with_the_sentence(self) -> None:
        ended = call("legacy_validate", "--run", "77", "--json")
        assert ended.told["errors"] == [
            {"message": "There is no run 77.", "hint": f"List them: {MANAGE} legacy_status"}
        ]
        assert (ended.told["run"], ended.told["counts"]) == (77, {})
        assert "Error: There is no run 77." in ended.err


def target() -> str:
    return "mysql://" if ON_SERVER else "sqlite:///"


class TestPeople:
    @pytest.mark.parametrize("verbosity", ["1", "2", "3"])
    def test_the_first_lines_name_source_and_target(self, verbosity: str, school: Any) -> None:
        for name in COMMANDS:
            out = done(name, "--verbosity", verbosity).out
            first, second = out.split("Source: ")[1].split("Target: ")
            assert out.startswith("Source: ")
            assert "".join(first.split()).startswith(f"legacy→sqlite:///{school.path}")
            assert second.startswith(f"default → {target()}")

    def test_verbosity_0_keeps_the_end_only(self, school: Any) -> None:
        for name in COMMANDS:
            ended = done(name, "--verbosity", "0")
            assert "Source:" not in ended.out
            assert "Done. run=" in ended.out
            assert ended.out.splitlines()[-1].startswith("Next: ")
            assert len(ended.out.splitlines()) <= 14
            assert ended.err == ""

    def test_verbosity_2_tells_of_every_chunk(self, school: Any) -> None:
        assert "staging stagiaires: " in done("legacy_import", "--verbosity", "2").err
        assert done("legacy_validate", "--verbosity", "1").err == ""

    def test_without_a_terminal_nothing_is_coloured_and_no_line_is_too_long(
        self, school: Any
    ) -> None:
        for name in EVERY:
            ended = done(name)
            assert "\x1b" not in ended.out + ended.err
            assert max(map(len, ended.out.splitlines())) <= 100


def on_a_terminal(env: dict[str, str], *arguments: str, piped: Path | None = None) -> Ended:
    """Run a command with stderr, and stdout unless it is `piped` to a file, on a terminal."""
    ours, theirs = pty.openpty()
    with ExitStack() as files:
        out = files.enter_context(piped.open("w")) if piped else theirs
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=theirs,
        )  # fmt: skip
    os.close(theirs)
    told = b""
    try:
        while piece := os.read(ours, 65_536):
            told += piece
    except OSError:  # Linux: the other side is closed
        pass
    os.close(ours)
    return Ended(process.wait(60), told.decode(), "")


class TestTerminal:
    COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")

    @pytest.fixture
    def env(self, school_file: Path, app: AppDatabase) -> dict[str, str]:
        return environment(
            app, LEGACY_DB_DRIVER="sqlite", LEGACY_DB_DATABASE=str(school_file),
            TERM="xterm-256color",
        )  # fmt: skip

    def test_no_color_is_respected(self, env: dict[str, str]) -> None:
        refused = ("legacy_validate", "--run", "9")
        assert self.COLOUR.search(on_a_terminal(env, *refused).out)
        for quiet, arguments in (({"NO_COLOR": "1"}, ()), ({}, ("--no-color",))):
            ended = on_a_terminal({**env, **quiet}, *refused, *arguments)
            assert ended.code == 2
            assert "There is no run 9." in ended.out
            assert not self.COLOUR.search(ended.out)

    def test_a_whole_import_runs_on_a_terminal(self, env: dict[str, str]) -> None:
        ended = on_a_terminal(env, "legacy_import")
        assert ended.code == 0
        assert "Done. run=1 staged=600" in ended.out

    def test_json_is_clean_while_a_bar_runs_on_the_terminal(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        ended = on_a_terminal(env, "legacy_import", "--json", piped=tmp_path / "out.json")
        assert ended.code == 0
        assert json.loads((tmp_path / "out.json").read_text())["counts"]["rows"] == 600
