"""legacy_demo writes the fictional legacy database, twice the same, and never onto a server."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crm.models import CrmLead
from legacy_import.conf import MANAGE
from tests.legacy_database import SQLiteLegacy, as_legacy
from tests.management.calling import assert_refused, call, done
from trainings.models import Course, LearnerProfile


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        path = tmp_path / name
        done("legacy_demo", "--rows", "300", "--seed", seed, "--sqlite", str(path))
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_json_counts_the_rows_of_each_table(tmp_path: Path) -> None:
    target = tmp_path / "demo.sql"
    told = done("legacy_demo", "--rows", "300", "--mysql-dump", str(target), "--json").told
    tables = told["counts"]["tables"]
    assert set(tables) == {"stagiaires", "archives", "formations", "session_ecoins"}
    assert tables["stagiaires"] + tables["archives"] == 300
    assert target.read_bytes().count(b"INSERT INTO") >= 4


def test_without_a_file_name_it_writes_the_file_of_the_alias(tmp_path: Path) -> None:
    with as_legacy(SQLiteLegacy(tmp_path / "mine.sqlite3")):
        ended = done("legacy_demo", "--rows", "40")
    assert (tmp_path / "mine.sqlite3").exists()
    assert f"Next: {MANAGE} legacy_import --check" in ended.out


@pytest.mark.django_db
def test_with_platform_gives_the_platform_whom_it_knows_once(tmp_path: Path, settings: Any) -> None:
    settings.DEBUG = True
    arguments = ("--rows", "400", "--sqlite", str(tmp_path / "d"), "--with-platform", "--json")
    first = done("legacy_demo", *arguments).told["counts"]["platform"]
    assert min(first.values()) > 0
    people = [model.objects.count() for model in (Course, LearnerProfile, CrmLead)]
    again = done("legacy_demo", *arguments).told["counts"]["platform"]
    assert set(again.values()) == {0}
    assert [model.objects.count() for model in (Course, LearnerProfile, CrmLead)] == people


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--rows", "1"), 2, ("--rows", "between 2 and")),
        (("--rows", "99999999"), 2, ("--rows", "4,800,000")),
        (("--sqlite", "/nowhere/x.sqlite3"), 1, ("/nowhere/x.sqlite3",)),
        (("--mysql-dump", "/nowhere/x.sql"), 1, ("/nowhere/x.sql",)),
        ((), 2, ("never written", "--mysql-dump")),
    ],
    ids=["too_few", "too_many", "no_folder", "no_folder_for_the_dump", "the_alias_is_a_server"],
)
def test_a_demo_that_cannot_be_made_is_one_sentence(
    arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    assert_refused(call("legacy_demo", "--json", *arguments), code, *words)


def test_a_file_that_is_no_demo_is_never_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real.sqlite3"
    real.write_bytes(b"")
    with closing(sqlite3.connect(real)) as connection:
        connection.execute("CREATE TABLE stagiaires (id INTEGER)")
    before = real.read_bytes()
    refused = call("legacy_demo", "--sqlite", str(real), "--rows", "10")
    assert_refused(refused, 3, "is not replaced")
    assert real.read_bytes() == before
