"""The production runbook, run as it is written: every command and statement of it, in its order.

What cannot be undone stands after the steps and is refused as it is written. The operator fills in
what is in capitals, and answers the question.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import MySQLdb
import pytest
from django.utils.translation import override

from legacy_import.choices import PLAN_WORDS
from legacy_import.management.commands.legacy_dry_run import RISKS
from tests.database_server import DatabaseServer
from tests.journeys.roads import business_counts
from tests.legacy_database import ServerLegacy, Tables, learner, server_legacy, tables
from tests.processes import ON_SERVER, ROOT, AppDatabase, Ended, environment, manage

PAGE = (ROOT / "docs/legacy_production_migration_runbook.md").read_text("utf-8")
MANAGE = ".venv/bin/python manage.py "
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$|^##+ (?:(\d+)\. )?(.+?)$", re.DOTALL | re.MULTILINE)
# What the page lets the operator fill in: the shell's variables, and what is in capitals.
VARIABLES = {"OLD", "NEW", "LEGACY", "DATABASE", "BACKUPS", "RUN", "READER_PASSWORD"}
CAPITALS = {"RUN": "1", "ID": "4", "DATE": "3 March", "ADDRESS": "127.0.0.1"}
QUESTION = "Type the name of the database"
EXIT_CODES = {"–", "0", "1", "2", "3", "4", "5", "130"}


@dataclass(frozen=True)
class Line:
    """One line to run. `step`: its heading, by number if it has one; `code`: what it has to end with."""

    step: int | str
    kind: str  # console, or text: to be filled in
    text: str
    code: int = 0


def lines_of_the_page() -> list[Line]:
    """Every command and every statement, in the order of the page."""
    found: list[Line] = []
    step: int | str = 0
    for kind, body, number, heading in FENCE.findall(PAGE):
        step = int(number) if number else heading or step
        # A statement for a server's client is one line up to its end mark.
        for text in re.findall(r"^.+<<SQL\n(?:.*\n)*?SQL$|^.+$", body, re.MULTILINE):
            command, _, code = text.partition("  # exit ")
            found.append(Line(step, kind, command, int(code or 0)))
    return found


LINES = lines_of_the_page()


@dataclass
class Operator:
    """Who goes through the page. `fills`: the shell's variables; `reader`: the account's name here."""

    app: AppDatabase
    server: DatabaseServer
    legacy: ServerLegacy
    fills: dict[str, str]
    reader: str
    env: dict[str, str]
    ended: dict[int | str, list[Ended]] = field(default_factory=dict)  # step → its commands' ends

    def run(self, line: Line) -> None:
        if line.kind == "text":
            self._fill_in(line)
        elif line.text.startswith("export READER_PASSWORD="):
            self.fills["READER_PASSWORD"] = self._shell(
                f"{line.text}; echo $READER_PASSWORD"
            ).strip()
        elif line.text.startswith("export "):
            assert set(re.findall(r"(\w+)=", line.text)) <= VARIABLES, line.text
        elif line.text.startswith("echo "):
            key, _, value = self._shell(line.text).strip().partition("=")
            self.env[key] = value  # into .env, as the page says
        elif line.text.startswith(MANAGE):
            self._manage(line)
        elif line.text.startswith(("mariadb ", "mariadb-dump ")):
            self._client(line)
        else:
            pytest.fail(f"nobody knows how to run this line of the page: {line.text}")

    def last(self, step: int | str, position: int = -1) -> str:
        """What a command of a step printed, blanks folded."""
        return " ".join(self.ended[step][position].out.split())

    def _manage(self, line: Line) -> None:
        filled = Template(line.text.removeprefix(MANAGE)).substitute(self.fills)
        command, _, target = filled.partition(" > ")
        ended = self._answering(*shlex.split(command))
        assert ended.code == line.code, f"{line.text}\n{ended.out}\n{ended.err}"
        assert "Traceback" not in ended.err
        if target:
            Path(target).write_text(ended.out, "utf-8")
        self.ended.setdefault(line.step, []).append(ended)

    def _answering(self, *arguments: str) -> Ended:
        """A command whose question, if it has one, is answered with the name of the database."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            input=f"{self.fills['DATABASE']}\n", env=self.env, cwd=ROOT, text=True,
            encoding="utf-8", capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def _fill_in(self, line: Line) -> None:
        """What cannot be undone: nothing happens as it is written, all of it once it is filled in."""
        capitals = re.compile(rf"\b({'|'.join(CAPITALS)})\b")
        filled = capitals.sub(lambda found: CAPITALS[found[1]], line.text)
        assert filled != line.text
        if line.text.startswith(MANAGE):
            copied = self._answering(*shlex.split(line.text.removeprefix(MANAGE)))
            assert copied.code == 2, f"{line.text}\n{copied.out}"
            self._manage(Line(line.step, "console", filled))
            return
        with pytest.raises(MySQLdb.OperationalError):  # no such account
            self.server.execute(self._renamed(line.text))
        self.server.execute(self._renamed(filled))

    def _renamed(self, text: str) -> str:
        return text.replace("ecoin_reader", self.reader)

    def _client(self, line: Line) -> None:
        """Lines about the app database need a server: the pass on SQLite leaves them to the other."""
        if "DATABASE" in line.text.replace("CREATE DATABASE", "") and not ON_SERVER:
            return
        self._shell(self._renamed(line.text))

    def _shell(self, text: str) -> str:
        """What bash prints for lines of the page."""
        ended = subprocess.run(
            ["bash", "-c", f"set -e\n{text}"], env={**os.environ, **self.fills}, text=True,
            encoding="utf-8", capture_output=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{text}\n{ended.stderr}"
        return ended.stdout


def school() -> Tables:
    """Twelve people who never lived: something for every wave, and something for reviewers."""
    known = {"nom": "Merabet", "prenom": "Yacine", "telephone": "0559000100", "email": None}
    amina = {"nom": "Belkacem", "prenom": "Amina", "statut": "Informer"}
    return tables(
        stagiaires=[
            learner(1, nom="Haddad", prenom="Samira"),
            learner(2, nom="Cherif", prenom="Omar", statut="Confirmer"),
            learner(3, nom="Ziani", prenom="Lotfi", statut="Informer", session_ecoin_id=None),
            learner(4, **amina),
            {**learner(4, **amina), "id": 5},
            learner(6, **known, statut="Informer"),
            learner(7, nom="Rahmani", prenom="Kheira", statut="peut-être"),
            learner(8, nom="Touati", prenom="Ghania", session_ecoin_id="1"),
            learner(9, nom="Mokrani", prenom="Djamel", formation_id="2", session_ecoin_id="20"),
        ],
        archives=[learner(1, nom="Slimani", prenom="Farid", telephone="0559000200",
                          email="farid@exemple.dz", statut="Archivé")],
        formations=[{"id": 1, "nom": "Comptabilité"}, {"id": 2, "nom": "Vannerie"}],
        session_ecoins=[
            {"id": 1, "code": "En attente", "formation_id": "1"},
            {"id": 10, "code": "CPT-2019-01", "formation_id": "1"},
            {"id": 20, "code": "VAN-2019-01", "formation_id": "2"},
        ],
    )  # fmt: skip


# What the platform has before: a course, a lead who is one of the learners, a reviewer.
PLATFORM = """
from django.contrib.auth.models import User
from crm.models import CrmLead
from trainings.models import Course
Course.objects.create(code="CPT", name="Comptabilité")
CrmLead.objects.create(full_name="Yacine Merabet", phone="0559000100")
User.objects.create_user("reviewer")
"""
# What people do beside the commands, before a step of the page.
BY_HAND = {
    7: "UPDATE legacy_session_mappings SET confirmed_by_id = (SELECT MIN(id) FROM auth_user), "
    "confirmed_at = '2025-03-01 10:00:00', version = version + 1 WHERE legacy_session_id = '10'",
    10: "UPDATE crm_leads SET full_name = 'Lotfi Ziani Bey' WHERE full_name = 'Lotfi Ziani'",
    "Purge a run": "UPDATE legacy_import_runs SET finished_at = '2020-01-01 00:00:00'",
}  # fmt: skip
BEFORE = {"crm_leads": 1, "trainings_courses": 1, "auth_user": 1}
COMMITTED = {
    **BEFORE,
    "legacy_completed_trainings": 2,  # stagiaires:1 and archives:1
    "legacy_imported_enrollments": 1,  # stagiaires:2
    "crm_leads": 3,  # the known one, stagiaires:3, and :4 for two rows
    "crm_course_interests": 3,  # of 3, of 4, and of 5 on the lead of 4
}
ROLLED_BACK = {**BEFORE, "crm_leads": 2, "crm_course_interests": 1}  # the edited lead stays whole


@pytest.fixture
def operator(app: AppDatabase, db_server: DatabaseServer, tmp_path: Path) -> Iterator[Operator]:
    """An operator with a fictional school, whose account the page itself has to make."""
    name, reader = f"runbook_{os.getpid()}", f"runbook_reader_{os.getpid()}"
    legacy = server_legacy(db_server, name, school())
    root = shlex.join(db_server.client_options())
    database = app.name or (app.path.name if app.path else "")
    env = environment(app, **{**legacy.environment(), "LEGACY_DB_USERNAME": reader,
                              "LEGACY_DB_PASSWORD": ""})  # fmt: skip
    ended = manage("shell", "--verbosity", "0", "-c", PLATFORM, env=env)
    assert ended.code == 0, ended.err
    fills = {"OLD": root, "NEW": root, "LEGACY": name, "DATABASE": database,
             "BACKUPS": str(tmp_path), "RUN": "1"}  # fmt: skip
    assert {*fills, "READER_PASSWORD"} == VARIABLES
    yield Operator(app, db_server, legacy, fills, reader, env)
    db_server.execute(
        *(f"DROP DATABASE IF EXISTS `{one}`" for one in (name, f"{name}_copy")),
        f"DROP DATABASE IF EXISTS `{database}_rehearsal`",
        *(f"DROP USER IF EXISTS {one}" for one in (f"'{reader}'@'127.0.0.1'", f"'{legacy.reader}'@'%'")),
    )  # fmt: skip


def test_the_page_runs_from_its_first_command_to_its_last(operator: Operator) -> None:
    app, source = operator.app, operator.legacy.checksum()
    counts: dict[int | str, dict[str, int]] = {}
    for position, line in enumerate(LINES):
        if LINES[position - 1].step != line.step and line.step in BY_HAND:
            app.execute(BY_HAND[line.step])
        operator.run(line)
        counts[line.step] = business_counts(app)
    assert operator.legacy.checksum() == source
    assert_what_was_committed(operator, counts)
    assert_the_drill_left_the_edited_lead(operator)
    assert_it_is_closed_purged_and_forgotten(operator)


def assert_what_was_committed(operator: Operator, counts: dict[int | str, dict[str, int]]) -> None:
    """Nothing before step 8; every kind of effect then; the same again after the drill."""
    assert counts[1] == counts[7] == BEFORE
    assert counts[8] == counts[9] == counts[10] == counts["Erase one person"] == COMMITTED
    assert "run=1 " in operator.last(5, 0)
    assert "No business table was changed." in operator.last(7)
    for proof in (operator.last(9, 0), operator.last(10)):
        assert "Balanced: 10 source rows = 10 staged = 10 outcomes" in proof
    outcomes = dict(operator.app.rows(
        "SELECT outcome, COUNT(*) FROM legacy_student_imports GROUP BY outcome"
    ))  # fmt: skip
    assert outcomes == {
        "create_completed_training": 2, "create_enrollment": 1, "create_crm_lead": 2,
        "link_existing": 2, "review": 3,
    }  # fmt: skip


def assert_the_drill_left_the_edited_lead(operator: Operator) -> None:
    preview, done, proof = (operator.last(10, position) for position in range(3))
    assert QUESTION in operator.ended[10][1].err
    for told in (preview, done):
        assert "undone=6 kept=1" in told
        assert "stagiaires:3" in told
        assert "kept because edited" in told
    assert "Nothing was changed." in preview
    assert "Balanced" in proof
    left = operator.app.rows("SELECT full_name FROM crm_leads WHERE origin LIKE '%:3:lead'")
    assert left == [("Lotfi Ziani Bey",)]


def assert_it_is_closed_purged_and_forgotten(operator: Operator) -> None:
    app = operator.app
    for step in ("Purge a run", "Erase one person"):
        assert [QUESTION in ended.err for ended in operator.ended[step]] == [True], step
    with pytest.raises(MySQLdb.OperationalError):  # its account was taken away
        operator.server.execute(f"SHOW GRANTS FOR '{operator.reader}'@'127.0.0.1'")
    assert app.one("SELECT status FROM legacy_import_runs") == "closed"
    contacts = "phone_raw <> '' OR email_raw <> '' OR phone_normalized IS NOT NULL"
    assert app.one(f"SELECT COUNT(*) FROM legacy_student_imports WHERE {contacts}") == 0
    nameless = app.rows(
        "SELECT source_table, legacy_id FROM legacy_student_imports WHERE full_name = ''"
    )
    assert nameless == [("stagiaires", "4")]
    assert app.rows("SELECT kind FROM legacy_erasure_log ORDER BY id") == [("purge",), ("subject",)]


# --- What the page says of messages, codes and numbers ------------------------------------------


def messages_of_the_code() -> list[str]:
    """Every text in the import's source; what is filled in at run time reads …"""
    texts = []
    for path in sorted((ROOT / "legacy_import").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "…"
                         for part in node.values]  # fmt: skip
                texts.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(re.sub(r"\{\w*\}", "…", node.value))
    return texts


def failures() -> list[list[str]]:
    """The rows of the table of failures: exit code, what is seen, what it means, what to do."""
    table = PAGE[PAGE.index("| exit | what you see |") :].partition("\n\n")[0]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]


SEEN = [text for _, seen, _, _ in failures() for text in re.findall(r"`([^`]+)`", seen)]


@pytest.mark.parametrize("seen", [text for text in SEEN if text != "kill -9"])
def test_a_message_of_the_table_of_failures_is_one_that_the_code_prints(seen: str) -> None:
    pattern = re.compile(".*".join(map(re.escape, seen.split("…"))))
    assert any(pattern.search(text) for text in messages_of_the_code())


def test_every_exit_code_has_its_failures() -> None:
    rows = failures()
    assert {row[0] for row in rows} == EXIT_CODES
    assert [row for row in rows if len(row) != 4 or not all(row)] == []


def test_the_review_list_names_the_lines_of_the_dry_run() -> None:
    review = PAGE[PAGE.index("## 7. Review") : PAGE.index("## 8. ")]
    assert [name for name in RISKS if f"`risks.{name}`" not in review] == []
    assert [words for words in RISKS.values() if f"*{words}*" not in review] == []
    named = re.findall(r"Plan: \*([^*]+)\*", review)
    assert len(named) == 3
    with override("en"):  # as commands print them
        assert set(named) <= {str(what) for _, _, what in PLAN_WORDS.values()}
