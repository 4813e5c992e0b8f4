"""Dumps as they come, loaded as the runbook shows: GTIDs, collations, cut-off files."""

import re
import subprocess
from pathlib import Path

import pytest

from legacy_import.source.reader import open_source
from tests.processes import ROOT
from tests.servers import MYSQL, kind_for_tests
from tests.source.conftest import OldDatabase
from tests.source_fixtures import AliasOpener

FIRST_MIGRATION = (ROOT / "docs/first-migration.md").read_text("utf-8")
RUNBOOK = (ROOT / "docs/legacy_production_migration_runbook.md").read_text("utf-8")
ON_MYSQL = kind_for_tests() == MYSQL
COMPLETED = "-- Dump completed on 2026-03-01 10:00:00\n"
GTIDS = """\
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;

--
-- GTID state at the beginning of the backup
--

SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77,
4e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
"""
TABLES = """\
DROP TABLE IF EXISTS `stagiaires`;
CREATE TABLE `stagiaires` (`id` int NOT NULL, `nom` varchar(50) {collation}, PRIMARY KEY (`id`));
INSERT INTO `stagiaires` VALUES (1,'Amel; SET @@SESSION.SQL_LOG_BIN'),(2,'Béchir');
CREATE TABLE `archives` (`id` int NOT NULL, `nom` varchar(50), PRIMARY KEY (`id`));
INSERT INTO `archives` VALUES (1,'Lina');
CREATE TABLE `formations` (`id` int NOT NULL, `nom` varchar(50), PRIMARY KEY (`id`));
CREATE TABLE `session_ecoins` (`id` int NOT NULL, `code` varchar(50), `formation_id` int,
  PRIMARY KEY (`id`));
"""
UNKNOWN_COLLATION = "utf8mb4_uca1400_ai_ci" if ON_MYSQL else "utf8mb4_0900_ai_ci"
FOREIGN_COLLATIONS = [
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_bin",
    "utf8mb4_de_pb_0900_as_cs",
    "utf8mb4_uca1400_ai_ci",
    "utf8mb4_uca1400_spanish2_nopad_as_cs",
    "utf8mb3_uca1400_ai_ci",
]
ONE_LINE_GTIDS = (
    "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77';\n"
)
OTHER_GTIDS = GTIDS + "SET @@SESSION.SQL_LOG_BIN = @MYSQLDUMP_TEMP_LOG_BIN;\n"
MARIADB_HEADER = "/*M!999999\\- enable the sandbox mode */ \n"


def dump(*, collation: str = "utf8mb4_bin", before: str = "", after: str = "") -> str:
    declared = f"CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}"
    return before + TABLES.format(collation=declared) + after + COMPLETED


def load(old: OldDatabase, text: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        old.server.client(old.name, "--binary-mode", "--max-allowed-packet=1G"),
        input=text.encode(), capture_output=True, check=False,
    )  # fmt: skip


def as_the_page_shows(text: str, folder: Path) -> str:
    """The dump through the command that the page gives."""
    (command,) = re.findall(r"^(LC_ALL=C sed .*?) \|$", RUNBOOK, re.DOTALL | re.MULTILINE)
    assert command.endswith("dump.sql")
    (folder / "dump.sql").write_text(text, "utf-8")
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def staged_rows(old: OldDatabase, legacy_alias: AliasOpener) -> dict[str, str | None]:
    with legacy_alias(old.name), open_source("legacy") as source:
        return {
            f"{table}:{row.legacy_id}": row.fields["last_name"]
            for table in ("stagiaires", "archives")
            for page in source.pages(table)
            for row in page
        }


WHOLE = {
    "stagiaires:1": "Amel; SET @@SESSION.SQL_LOG_BIN",
    "stagiaires:2": "Béchir",
    "archives:1": "Lina",
}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param(dump(), False, id="a_tidy_dump"),
        pytest.param(dump(before=OTHER_GTIDS), True, id="gtids"),
        pytest.param(dump(before=ONE_LINE_GTIDS), True, id="gtids_in_one_line"),
        pytest.param(dump(collation=UNKNOWN_COLLATION), True, id="a_collation_of_the_other_server"),
        pytest.param(
            dump(before=MARIADB_HEADER + OTHER_GTIDS, collation=UNKNOWN_COLLATION), True, id="all"
        ),
    ],
)
def test_a_dump_loads_as_the_page_shows(
    text: str, refused: bool, empty_old: OldDatabase, legacy_alias: AliasOpener, tmp_path: Path
) -> None:
    for _ in range(2):  # MySQL takes the GTIDs of a dump once; from then on it has them already
        unfiltered = load(empty_old, text)
        empty_old.server.create_database(empty_old.name)
    assert bool(unfiltered.returncode) is refused, unfiltered.stderr
    loaded = load(empty_old, as_the_page_shows(text, tmp_path))
    assert loaded.returncode == 0, loaded.stderr
    assert staged_rows(empty_old, legacy_alias) == WHOLE


@pytest.mark.parametrize("collation", FOREIGN_COLLATIONS)
def test_no_foreign_collation_is_left(
    collation: str, empty_old: OldDatabase, legacy_alias: AliasOpener, tmp_path: Path
) -> None:
    loaded = load(empty_old, as_the_page_shows(dump(collation=collation), tmp_path))
    assert loaded.returncode == 0, loaded.stderr
    assert staged_rows(empty_old, legacy_alias) == WHOLE


@pytest.mark.parametrize("statement", [GTIDS, ONE_LINE_GTIDS])
def test_of_gtids_only_their_own_statement_is_dropped(statement: str, tmp_path: Path) -> None:
    rest = "SET NAMES utf8mb4;\n" + dump()
    filtered = as_the_page_shows(statement + rest, tmp_path)
    assert filtered.endswith(rest)
    assert "GTID_PURGED" not in filtered


def test_the_filter_changes_nothing_else(tmp_path: Path) -> None:
    text = dump()
    assert as_the_page_shows(text, tmp_path) == text
    filtered = as_the_page_shows(dump(before=MARIADB_HEADER + OTHER_GTIDS), tmp_path)
    assert [line for line in filtered.splitlines() if line.strip("- ")][1:] == [
        line for line in text.splitlines() if line.strip("- ")
    ]


def test_a_dump_that_is_cut_at_the_end_of_a_statement_is_told_by_its_last_line_only(
    empty_old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    whole = dump()
    cut = whole[: whole.index("INSERT INTO `archives`")]
    rest = whole[whole.index("CREATE TABLE `formations`") :].removesuffix(COMPLETED)
    assert load(empty_old, cut + rest).returncode == 0
    assert staged_rows(empty_old, legacy_alias) == {
        name: value for name, value in WHOLE.items() if not name.startswith("archives")
    }
    for text, is_whole in ((whole, True), (cut + rest, False)):
        last_line = text.splitlines()[-1]
        assert last_line.startswith("-- Dump completed") is is_whole
    for page in (FIRST_MIGRATION, RUNBOOK):
        assert "`-- Dump completed`" in page
        assert "tail -n 1" in page
