"""The fictional legacy database holds every kind of dirt, and is the same on both servers."""

import io
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm.models import CrmLead
from legacy_import.demo import tables
from legacy_import.demo.arabic_names import family_in_arabic, given_in_arabic
from legacy_import.demo.dirt import is_arabic, spell_phone
from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.exhibits import EXHIBITS, HUGE_ID
from legacy_import.demo.people import LegacyWorld, generate
from legacy_import.demo.platform import seed_platform
from legacy_import.demo.schema import TABLES
from legacy_import.demo.sqlite_writer import write_sqlite
from trainings.models import Course, LearnerProfile

Row = dict[str, Any]
Learners = list[tuple[str, Row]]


@pytest.fixture(scope="module")
def world() -> LegacyWorld:
    return generate()


@pytest.fixture(scope="module")
def learners(world: LegacyWorld) -> Learners:
    return list(world.learners())


# --- what generate promises ----------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "seed"), [(2, 1), (40, 7), (2500, 2024), (9000, 3)])
def test_two_calls_agree_and_give_exactly_the_rows_asked_for(rows: int, seed: int) -> None:
    one, other = generate(rows, seed), generate(rows, seed)
    assert list(one.learners()) == list(other.learners()) == list(one.learners())
    assert list(one.known_people()) == list(other.known_people())
    assert (one.formations, one.sessions) == (other.formations, other.sessions)
    assert len(list(one.learners())) == rows


def test_another_seed_gives_other_people() -> None:
    names = [[row["nom"] for _, row in generate(600, seed).learners()] for seed in (1, 2)]
    assert names[0] != names[1]


@pytest.mark.parametrize("rows", [0, 1, 5_000_000])
def test_a_size_that_cannot_be_made_is_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="choose between"):
        generate(rows)


@pytest.mark.parametrize("table", ["stagiaires", "archives"])
def test_ids_ascend_with_gaps_and_never_repeat(learners: Learners, table: str) -> None:
    ids = [row["id"] for of_table, row in learners if of_table == table]
    assert ids == sorted(set(ids))
    assert any(later - earlier > 1 for earlier, later in pairwise(ids))


def test_every_row_has_exactly_the_columns_of_its_table(learners: Learners) -> None:
    assert {(table, *row) for table, row in learners} == {
        (table, *(column.name for column in TABLES[table])) for table in ("stagiaires", "archives")
    }


def test_archives_hold_nothing_a_latin1_table_could_not(learners: Learners) -> None:
    for table, row in learners:
        for value in row.values():
            if table == "archives" and isinstance(value, str):
                assert all(ord(c) < 256 or c.encode("cp1252") for c in value), row["id"]


def test_no_two_people_share_a_generated_number(world: LegacyWorld) -> None:
    numbers = [
        world.population.phone(number) for number in (*range(5000), *range(5_000_000, 5_005_000))
    ]
    assert len(set(numbers)) == len(numbers)


# --- the dirt ------------------------------------------------------------------------------------


def _is(column: str, *values: Any) -> Callable[[str, Row], bool]:
    return lambda table, row: row[column] in values


def _like(column: str, pattern: str) -> Callable[[str, Row], bool]:
    found = re.compile(pattern, re.DOTALL).search
    return lambda table, row: isinstance(row[column], str) and bool(found(row[column]))


DIRT: dict[str, Callable[[str, Row], bool]] = {
    **{f"status {one[0]!r}": _is("statut", one[0]) for one in tables.STATUSES},
    **{f"session {one.id}": _is("session_ecoin_id", one.id) for one in tables.SPECIAL_SESSIONS},
    **{f"formation {one.id}": _is("formation_id", one.id) for one in tables.FORMATIONS},
    **{f"no session {one!r}": _is("session_ecoin_id", one) for one in (None, 0, "")},
    "session that does not exist": _is("session_ecoin_id", tables.NO_SUCH_SESSION),
    "formation that does not exist": _is("formation_id", tables.NO_SUCH_FORMATION),
    **{f"phone {one[1]!r}": _is("telephone", one[1]) for one in tables.BAD_PHONES},
    "phone: two numbers": _like("telephone", r"0\d{9} ?[/;,-] ?0\d{9}"),
    "phone: letter O": _like("telephone", r"^O\d{9}$"),
    "phone: (père)": _like("telephone", r"\(père\)"),
    "phone: tel": _like("telephone", r"^tel"),
    "phone: Excel": _like("telephone", r"^\d{9}\.0$"),
    "phone: +213": _like("telephone", r"^\+213\d{9}$"),
    "phone: 00213": _like("telephone", r"^00213\d{9}$"),
    "phone: arabic digits": _like("telephone", r"^[٠-٩]{10}$"),
    **{f"e-mail {one!r}": _is("email", one)
       for one in (*tables.PLACEHOLDER_EMAILS, *tables.ROLE_EMAILS, *tables.INVALID_EMAILS)},
    "e-mail: capitals": _like("email", r"[A-Z]@EXAMPLE"),
    "e-mail: typo": _like("email", r"@gmail\.con$"),
    **{f"date {one!r}": _is("date_naissance", one)
       for one in ("0000-00-00", "2019-00-00", "2019-02-31", "1900-01-01", "1970-01-01", None, "")},
    "date: day first": _like("date_naissance", r"^\d\d/\d\d/\d{4}$"),
    "date: future": _like("date_naissance", r"^20[3-9]"),
    "name: arabic": _like("nom", r"[\u0621-\u064a]"),
    "name: double-encoded": _like("nom", r"BelaÃ¯d"),
    "name: arabic, double-encoded": _like("nom", r"Ø"),
    "name: none": lambda table, row: row["nom"] is None and row["prenom"] is None,
    "name: invalid UTF-8": lambda table, row: isinstance(row["prenom"], bytes),
    "name: NUL": _like("prenom", r"\0"),
    "name: over-long": _like("nom", r".{800}"),
    "name: script": _like("nom", r"<script>"),
    **{f"name: formula {sign}": _like(column, rf"^\{sign}")
       for sign, column in (("=", "nom"), ("+", "prenom"), ("-", "nom"), ("@", "prenom"))},
    "name: bidi override": _like("nom", "\u202e"),
    "name: Mohammed": _like("prenom", "^Mohammed"),
    "name: Med": _like("prenom", "^Med"),
    "name: Ben Ali": _like("nom", "^Ben Ali"),
    "value over a megabyte": lambda table, row: len(row["remarque"] or "") > 1024 * 1024,
    "id of 64 bits": _is("id", HUGE_ID),
}  # fmt: skip


@pytest.mark.parametrize("kind", DIRT)
def test_the_default_world_holds(kind: str, learners: Learners) -> None:
    assert any(DIRT[kind](table, row) for table, row in learners)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_exhibit_is_shown_under_every_seed(seed: int) -> None:
    world = generate(2500, seed)
    rows = [{**row, "table": table} for table, row in world.learners()]
    assert world.exhibits == EXHIBITS
    for one in EXHIBITS:
        assert any(
            one.fields.items() <= row.items() and row["table"] == one.table for row in rows
        ), one.kind


def test_phones_come_in_thirty_spellings_and_more() -> None:
    spelled = {spell_phone(one, "0559446168", "0660123456") for one in tables.PHONE_SPELLINGS}
    assert len(spelled) == len(tables.PHONE_SPELLINGS) >= 30


def test_waiting_codes_come_in_several_cases(world: LegacyWorld) -> None:
    codes = [
        row["code"] for row in world.sessions if "session-attente" in (row["code"] or "").lower()
    ]
    assert len(codes) >= 3
    assert any(code.isupper() for code in codes)
    assert {row["formation_id"] for row in world.sessions} >= {None, 0, tables.NO_SUCH_FORMATION}


def test_numbers_are_shared_by_schools_and_families(learners: Learners) -> None:
    carriers: dict[str, set[str]] = {}
    for _, row in learners:
        if row["telephone"] and isinstance(row["nom"], str):
            carriers.setdefault(row["telephone"], set()).add(row["nom"])
    assert sum(len(names) >= 5 for phone, names in carriers.items() if phone.startswith("0")) >= 2


def _written_in(row: Row) -> str:
    """The script of a learner's name: Arabic may be stored as the bytes of its UTF-8."""
    names = f"{row['nom']}{row['prenom']}"
    return "arabic" if re.search(r"[\u0621-\u064aØÙ]", names) else "latin"


def test_one_learner_in_six_is_written_in_arabic_letters(learners: Learners) -> None:
    for table in ("stagiaires", "archives"):
        scripts = Counter(_written_in(row) for of_table, row in learners if of_table == table)
        assert 1 / 7 < scripts["arabic"] / scripts.total() < 1 / 5, table


def test_some_people_are_written_in_both_scripts(learners: Learners) -> None:
    scripts: dict[str, set[str]] = {}
    for _, row in learners:
        if row["email"] and re.search(r"\d@", row["email"]):  # a generated address is one person's
            scripts.setdefault(row["email"].strip().lower(), set()).add(_written_in(row))
    assert sum(both == {"arabic", "latin"} for both in scripts.values()) >= 5


def test_every_fictional_name_has_arabic_letters() -> None:
    given = (*tables.GIVEN_MALE, *tables.COMPOUND_MALE, *tables.GIVEN_FEMALE)
    forms = [
        *map(given_in_arabic, (*given, *tables.COMPOUND_FEMALE)),
        *map(family_in_arabic, (*tables.FAMILY, *tables.FAMILY_PREFIXED)),
    ]
    for form in forms:
        assert re.fullmatch(r"[\u0621-\u064a ]+", form), form


def test_the_platform_knows_some_people_in_arabic_letters(world: LegacyWorld) -> None:
    known = list(world.known_people())
    arabic = sum(is_arabic(one.first_name) and is_arabic(one.last_name) for one in known)
    assert 0 < arabic < len(known) / 6


def test_most_rows_are_history_and_leads_are_plenty(learners: Learners) -> None:
    statuses = Counter(str(row["statut"]).strip().lower() for _, row in learners)
    history = statuses["formée"] + statuses["formee"] + statuses["archivé"] + statuses["archivè"]
    assert history > 0.5 * len(learners)
    assert statuses["informer"] + statuses["nouveau"] > 0.1 * len(learners)


# --- the two writers -----------------------------------------------------------------------------


def test_sqlite_and_dump_hold_the_same_rows(world: LegacyWorld, tmp_path: Path) -> None:
    counts = write_sqlite(world, tmp_path / "legacy.sqlite3")
    assert counts == write_dump(world, io.BytesIO())
    with sqlite3.connect(tmp_path / "legacy.sqlite3") as connection:
        for table, rows in counts.items():
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (rows,)
    assert counts["stagiaires"] + counts["archives"] == world.rows


def test_sqlite_keeps_damaged_text_as_text(world: LegacyWorld, tmp_path: Path) -> None:
    write_sqlite(world, tmp_path / "legacy.sqlite3")
    with sqlite3.connect(tmp_path / "legacy.sqlite3") as connection:
        connection.text_factory = bytes
        found = connection.execute("SELECT typeof(prenom), prenom FROM stagiaires").fetchall()
        largest = connection.execute("SELECT MAX(id) FROM stagiaires").fetchone()
    assert (b"text", b"Zo\xe9") in found
    assert (b"text", b"Ka\x00rim") in found
    assert largest == (2**63 - 1,)


def test_a_file_there_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "legacy.sqlite3"
    write_sqlite(generate(20), path)
    assert write_sqlite(generate(30), path)["stagiaires"] > 0
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute(
            "SELECT (SELECT COUNT(*) FROM stagiaires) + (SELECT COUNT(*) FROM archives)"
        ).fetchone()
    assert rows == 30
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "legacy.sqlite3"
    write_sqlite(generate(20), path)
    older = path.read_bytes()
    monkeypatch.setattr(LegacyWorld, "learners", lambda self: iter([("stagiaires", {})]))
    with pytest.raises(KeyError):
        write_sqlite(generate(30), path)
    assert path.read_bytes() == older
    assert list(tmp_path.iterdir()) == [path]


def test_inserts_stay_below_a_megabyte_except_for_the_one_larger_value(world: LegacyWorld) -> None:
    stream = io.BytesIO()
    write_dump(world, stream)
    sizes = [len(one) for one in stream.getvalue().split(b";\nINSERT INTO")]
    assert sum(size > 1_000_000 for size in sizes) == 1


def test_the_dump_loads_on_mariadb_with_every_value(
    world: LegacyWorld, db_server: Any, tmp_path: Path
) -> None:
    dump = tmp_path / "dump.sql"
    with dump.open("wb") as stream:
        counts = write_dump(world, stream)
    database = db_server.create_database("demo_dump")
    for _ in range(2):  # a second load replaces the first
        with dump.open("rb") as stream:
            client = db_server.client(database)
            subprocess.run(client, stdin=stream, check=True)
    connection = db_server.admin(database)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            assert cursor.fetchone() == (counts[table],)
        found = {table: _as_binary(cursor, table) for table in ("stagiaires", "archives")}
    connection.close()
    for table, row in world.learners():
        expected = tuple(_expected(table, value) for value in row.values())
        assert found[table][row["id"]] == expected, (table, row["id"])


def _as_binary(cursor: Any, table: str) -> dict[int, tuple[bytes | None, ...]]:
    """Read a table as the bytes it holds, dates and numbers as their digits."""
    columns = ", ".join(f"CONVERT({column.name} USING binary)" for column in TABLES[table])
    cursor.execute(f"SELECT id, {columns} FROM {table}")
    return {row[0]: row[1:] for row in cursor.fetchall()}


def _expected(table: str, value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if table == "archives":
        return b"".join(
            c.encode("latin-1") if ord(c) < 256 else c.encode("cp1252") for c in str(value)
        )
    return str(value).encode()


# --- the platform --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_platform_gets_its_people_once() -> None:
    world = generate(700)
    known = Counter(one.kind for one in world.known_people())
    assert seed_platform(world) == {
        "courses": len(tables.COURSES), "users": known["user"], "profiles": known["user"],
        "leads": known["lead"],
    }  # fmt: skip
    assert set(seed_platform(world).values()) == {0}
    assert Course.objects.count() == len(tables.COURSES)
    assert User.objects.count() == LearnerProfile.objects.count() == known["user"]
    assert CrmLead.objects.count() == known["lead"]
    assert not any(user.has_usable_password() for user in User.objects.all())


@pytest.mark.django_db
def test_normalized_columns_of_the_platform_are_set() -> None:
    seed_platform(generate(700))
    assert LearnerProfile.objects.filter(phone_normalized__startswith="213").exists()
    assert CrmLead.objects.filter(
        phone_normalized__startswith="213", phone__startswith="+"
    ).exists()
    assert CrmLead.objects.exclude(email="").filter(email_normalized__isnull=False).exists()


def test_about_eight_in_a_hundred_are_known(world: LegacyWorld) -> None:
    ways = Counter(one.way for one in world.known_people())
    assert 0.05 < (ways.total() - ways["family phone"]) / world.rows < 0.11
    assert len(ways) == 8
