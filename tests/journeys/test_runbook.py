"""The production runbook, run as it is written: the rehearsal on the copies, then all of it for real.

What cannot be undone comes after the steps and is refused as it is written. The operator fills in
what is in capitals, and types the name of the database.
"""

import ast
import grp
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import MySQLdb
import pytest
from django.utils.translation import override

from legacy_import.choices import PLAN_WORDS
from legacy_import.management.commands.legacy_dry_run import RISKS
from tests.database_server import DatabaseServer
from tests.journeys.pages import (
    Line,
    Shell,
    lines_of,
    running_server,
    server_fills,
    shell_variables,
    unique,
)
from tests.journeys.roads import business_counts
from tests.legacy_database import ServerLegacy, Tables, learner, server_legacy, tables
from tests.processes import ROOT, AppDatabase, Ended, environment, manage

PAGE = (ROOT / "docs/legacy_production_migration_runbook.md").read_text("utf-8")
CAPITALS = {"RUN": "1", "ID": "4", "DATE": "3 March", "ADDRESS": "127.0.0.1"}
QUESTION = "Type the name of the database"
EXIT_CODES = {"–", "0", "1", "2", "3", "4", "5", "130"}
# What the page itself exports, beside what the operator fills in.
OWN = {
    "READER_PASSWORD", "APP_PASSWORD", "DJANGO_SUPERUSER_PASSWORD", "ENV_FILE", "APP", "PASS", "RUN",
}  # fmt: skip
TABLES_AND_COURSES = "Tables, sign-in, courses"  # where the second pass begins
DRILL = 10
LINES = lines_of(PAGE)


def is_for_real(line: Line) -> bool:
    """The line with which the second pass begins."""
    return "PASS=production" in line.text


FORMS = [line for line in LINES if line.kind == "text"]
FIRST_PASS = [line for line in LINES if line.kind != "text" and not is_for_real(line)]
SECOND_PASS = [
    *filter(is_for_real, LINES),
    *(line for line in FIRST_PASS[[line.step for line in FIRST_PASS].index(TABLES_AND_COURSES):]
      if line.step != DRILL),
]  # fmt: skip


@dataclass
class Operator:
    """Who goes through the page. `rehearsal`: the copy of `app`, the platform's database."""

    app: AppDatabase
    rehearsal: AppDatabase
    server: DatabaseServer
    legacy: ServerLegacy
    shell: Shell
    ended: dict[int | str, list[Ended]] = field(default_factory=dict)  # step → its commands' ends

    def run(self, line: Line) -> None:
        self.shell.answer = self.shell.env.get("APP", "")
        if line.kind == "output":
            self.shell.assert_shown(line)
        elif "runserver" in line.text:
            with running_server(self.shell, line):
                pass
        else:
            ended = self.shell.run(line)
            if "manage.py" in line.text:
                self.ended.setdefault(line.step, []).append(ended)

    def last(self, step: int | str, position: int = -1) -> str:
        """What a command of a step printed, blanks folded."""
        return " ".join(self.ended[step][position].out.split())

    def fill_in(self, line: Line) -> None:
        """What cannot be undone: nothing happens as it is written, all of it once it is filled in."""
        reader = self.shell.fills["READER"]
        capitals = re.compile(rf"\b({'|'.join([*CAPITALS, 'NAME'])})\b")
        filled = capitals.sub(lambda found: {**CAPITALS, "NAME": reader}[found[1]], line.text)
        assert filled != line.text
        if "manage.py" in line.text:
            assert self.shell.bash(line.text).code == 2
            self.run(Line(line.step, "console", filled))
            return
        with pytest.raises(MySQLdb.OperationalError):  # no such account
            self.server.execute(line.text)
        self.server.execute(filled)


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
    DRILL: "UPDATE crm_leads SET full_name = 'Lotfi Ziani Bey' WHERE full_name = 'Lotfi Ziani'",
    "Purge a run": "UPDATE legacy_import_runs SET finished_at = '2020-01-01 00:00:00'",
}  # fmt: skip
INSTALLED = {"crm_leads": 1, "trainings_courses": 1, "auth_user": 1}
BEFORE = {**INSTALLED, "auth_user": 2}  # with the operator's own account
COMMITTED = {
    **BEFORE,
    "legacy_completed_trainings": 2,  # stagiaires:1 and archives:1
    "legacy_imported_enrollments": 1,  # stagiaires:2
    "crm_leads": 3,  # the known one, stagiaires:3, and :4 for two rows
    "crm_course_interests": 3,  # of 3, of 4, and of 5 on the lead of 4
}
OUTCOMES = {
    "create_completed_training": 2, "create_enrollment": 1, "create_crm_lead": 2,
    "link_existing": 2, "review": 3,
}  # fmt: skip


@pytest.fixture
def operator(app: AppDatabase, db_server: DatabaseServer, tmp_path: Path) -> Iterator[Operator]:
    """An operator with a fictional school and an installed platform, whose accounts the page makes."""
    name, reader = unique("runbook"), unique("rb_reader")
    legacy = server_legacy(db_server, name, school())
    ended = manage("shell", "--verbosity", "0", "-c", PLATFORM, env=environment(app))
    assert ended.code == 0, ended.err
    options = db_server.client_options()
    fills = {
        **server_fills(db_server.host, db_server.port, options, "OLD"),
        **server_fills(db_server.host, db_server.port, options, "NEW"),
        "LEGACY": name, "DATABASE": app.name, "READER": reader, "SITE": "school.example",
        "SERVICE": grp.getgrgid(os.getgid()).gr_name, "BACKUPS": str(tmp_path),
    }  # fmt: skip
    assert {*fills, *OWN} == shell_variables(PAGE)
    rehearsal = AppDatabase("", server=db_server, name=f"{app.name}_rehearsal")
    yield Operator(app, rehearsal, db_server, legacy, Shell(tmp_path, fills))
    accounts = (reader, f"{reader}_copy", app.name, f"{app.name}_try")
    db_server.execute(
        *(f"DROP DATABASE IF EXISTS `{one}`" for one in (name, f"{name}_copy", rehearsal.name)),
        *(f"DROP USER IF EXISTS '{account}'@'127.0.0.1'" for account in accounts),
        f"DROP USER IF EXISTS '{legacy.reader}'@'%'",
    )


def test_the_page_runs_as_a_rehearsal_and_for_real(operator: Operator) -> None:
    assert operator.shell.env_file.exists() is False
    source = operator.legacy.checksum()
    rehearsed = walk(operator, FIRST_PASS, operator.rehearsal)
    assert_what_was_committed(operator, operator.rehearsal, rehearsed)
    assert_the_drill_left_the_edited_lead(operator)
    assert business_counts(operator.app) == INSTALLED
    name = operator.legacy.name
    assert old_rows(operator, f"{name}_copy") == old_rows(operator, name)
    assert operator.legacy.checksum() == source

    operator.ended.clear()
    counts = walk(operator, SECOND_PASS, operator.app)
    assert_what_was_committed(operator, operator.app, counts)
    assert_files(operator)
    forms = walk(operator, FORMS, operator.app)
    assert forms["Erase one person"] == COMMITTED
    assert operator.legacy.checksum() == source
    assert_it_is_closed_purged_and_forgotten(operator)


def old_rows(operator: Operator, database: str) -> list[list[tuple[object, ...]]]:
    """The rows of the four tables of a database."""
    names = ("stagiaires", "archives", "formations", "session_ecoins")
    return [operator.app.rows(f"SELECT * FROM {database}.{name} ORDER BY id") for name in names]


def walk(
    operator: Operator, lines: list[Line], app: AppDatabase
) -> dict[int | str, dict[str, int]]:
    """Run the lines; business rows of `app` after each step that comes after its sign-in."""
    counts: dict[int | str, dict[str, int]] = {}
    step: int | str = 0
    for line in lines:
        if line.step != step and line.step in BY_HAND:
            app.execute(BY_HAND[line.step])
        step = line.step
        (operator.fill_in if line.kind == "text" else operator.run)(line)
        if (isinstance(step, int) and step >= 4) or step in ("Purge a run", "Erase one person"):
            counts[step] = business_counts(app)
    return counts


def assert_what_was_committed(
    operator: Operator, app: AppDatabase, counts: dict[int | str, dict[str, int]]
) -> None:
    """Nothing before step 8; every kind of effect then; the same again after the drill."""
    assert counts[4] == counts[7] == BEFORE
    assert counts[8] == counts[9] == COMMITTED
    assert counts.get(DRILL, COMMITTED) == COMMITTED
    assert "run=1 " in operator.last(5, 0)
    assert "No business table was changed." in operator.last(7)
    assert "Balanced: 10 source rows = 10 staged = 10 outcomes" in operator.last(9, 0)
    rows = app.rows("SELECT outcome, COUNT(*) FROM legacy_student_imports GROUP BY outcome")
    assert dict(rows) == OUTCOMES
    asked = [QUESTION in ended.err for ended in operator.ended[8] if ended.code == 0]
    assert asked.count(True) == 4  # the last call has nothing to write but the rows left for review


def assert_the_drill_left_the_edited_lead(operator: Operator) -> None:
    preview, done, proof = (operator.last(DRILL, position) for position in range(3))
    assert QUESTION in operator.ended[DRILL][1].err
    for told in (preview, done):
        assert "undone=6 kept=1" in told
        assert "stagiaires:3" in told
        assert "kept because edited" in told
    assert "Nothing was changed." in preview
    assert "Balanced" in proof
    assert "Balanced: 10 source rows = 10 staged = 10 outcomes" in operator.last(DRILL)
    left = operator.rehearsal.rows("SELECT full_name FROM crm_leads WHERE origin LIKE '%:3:lead'")
    assert left == [("Lotfi Ziani Bey",)]


def assert_files(operator: Operator) -> None:
    """Rehearsal and production write different files, and others cannot read the settings."""
    folder = operator.shell.folder
    names = {path.name for path in folder.iterdir()}
    for kind in ("plan.json", "before-commit.sql", "reconciled.json"):
        assert {f"rehearsal-{kind}", f"production-{kind}"} <= names
    assert operator.shell.env_file.stat().st_mode & 0o777 == 0o640
    assert (folder / "rehearsal.env").stat().st_mode & 0o777 == 0o600


def assert_it_is_closed_purged_and_forgotten(operator: Operator) -> None:
    app = operator.app
    for step in ("Purge a run", "Erase one person"):
        assert [QUESTION in ended.err for ended in operator.ended[step]] == [True], step
    with pytest.raises(MySQLdb.OperationalError):  # its account was taken away
        operator.server.execute(f"SHOW GRANTS FOR '{operator.shell.fills['READER']}'@'127.0.0.1'")
    assert app.one("SELECT status FROM legacy_import_runs") == "closed"
    contacts = "phone_raw <> '' OR email_raw <> '' OR phone_normalized IS NOT NULL"
    assert app.one(f"SELECT COUNT(*) FROM legacy_student_imports WHERE {contacts}") == 0
    nameless = app.rows(
        "SELECT source_table, legacy_id FROM legacy_student_imports WHERE full_name = ''"
    )
    assert nameless == [("stagiaires", "4")]
    assert app.rows("SELECT kind FROM legacy_erasure_log ORDER BY id") == [("purge",), ("subject",)]


# --- What the page says of messages, codes and numbers ------------------------------------------


@cache
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


# --- What the plan in front promises -------------------------------------------------------------

SIZES = {"10,000": 10_000, "100,000": 100_000, "1,000,000": 1_000_000}
TO_THE_PLAN = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")
MEASURED_PEOPLE = 60_000  # learners of docs/settling.md


def measured(command: str, rows: str) -> float:
    """Seconds of a command in docs/performance.md."""
    page = (ROOT / "docs/performance.md").read_text("utf-8")
    found = re.search(rf"^\| {command} +\| +{rows} \| +([\d.]+) \|", page, re.MULTILINE)
    assert found, (command, rows)
    return float(found[1])


def in_words(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds > 60 else f"{seconds:.0f} s"


def rounded(number: float) -> str:
    """Two digits are enough for people."""
    return f"{float(f'{number:.1e}'):,.0f}"


@pytest.mark.parametrize("rows", SIZES)
def test_how_long_it_takes_is_what_was_measured_or_its_multiple(rows: str) -> None:
    told = [
        cell.strip()
        for cell in re.findall(rf"^\| {rows} \|(.*)\|$", PAGE, re.MULTILINE)[0].split("|")
    ]
    plan, commit, rollback, rows_for_people, one_by_one, _ = told
    assert plan == in_words(sum(measured(command, rows) for command in TO_THE_PLAN))
    base, times = ("100,000", 10) if rows == "1,000,000" else (rows, 1)
    assert commit == in_words(measured("legacy_commit", base) * times)
    assert rollback == in_words(measured("legacy_rollback", base) * times)
    settled = (ROOT / "docs/settling.md").read_text("utf-8")
    totals = re.findall(r"^\| in all +\|(.*)\|$", settled, re.MULTILINE)[0].split("|")
    share = SIZES[rows] / MEASURED_PEOPLE
    before, after, alone = (rounded(int(one.replace(",", "")) * share) for one in totals)
    assert rows_for_people == f"{before} → {after}"
    assert one_by_one == alone
