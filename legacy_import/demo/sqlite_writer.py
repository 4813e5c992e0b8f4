"""Write the fictional legacy database as a SQLite file."""

import os
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from .people import LegacyWorld, Row
from .schema import TABLES

BATCH = 2000
LARGEST_ID = 2**63 - 1  # SQLite integers are signed
OUR_MARK = int.from_bytes(b"ECdm")  # PRAGMA application_id of the files that may be replaced


def write_sqlite(world: LegacyWorld, path: Path) -> dict[str, int]:
    """Write the world to `path`, replacing an existing file atomically, and return rows by table.

    A reader sees either the old file or the complete new one. Raises FileExistsError if
    the file there is not a demo's (it may be a real old database), OSError or sqlite3.Error if the
    folder cannot be written.
    """
    if path.exists() and not _is_ours(path):
        raise FileExistsError(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            counts = _fill(connection, world)
        unfinished.chmod(0o644)
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return counts


def _is_ours(path: Path) -> bool:
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            return bool(connection.execute("PRAGMA application_id").fetchone()[0] == OUR_MARK)
    except sqlite3.Error:
        return False


def _fill(connection: sqlite3.Connection, world: LegacyWorld) -> dict[str, int]:
    connection.execute("PRAGMA journal_mode=OFF")  # an unfinished file is deleted
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA application_id={OUR_MARK}")
    connection.execute("BEGIN")
    for table, columns in TABLES.items():
        declared = ", ".join(f'"{column.name}" {column.sqlite}' for column in columns)
        connection.execute(f'CREATE TABLE "{table}" ({declared})')
    counts = Counter(dict.fromkeys(TABLES, 0))
    for table, rows in (("formations", world.formations), ("session_ecoins", world.sessions)):
        _insert(connection, table, rows)
        counts[table] += len(rows)
    learners = world.learners()
    while batch := list(islice(learners, BATCH)):
        for table in ("stagiaires", "archives"):
            rows = [row for of_table, row in batch if of_table == table]
            _insert(connection, table, rows)
            counts[table] += len(rows)
    connection.execute("COMMIT")
    return dict(counts)


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    records = _values(rows, [column.name for column in TABLES[table]])
    damaged = [record for record in records if bytes in map(type, record)]
    tidy = [record for record in records if bytes not in map(type, record)] if damaged else records
    marks = ", ".join("?" * len(TABLES[table]))
    connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', tidy)
    for record in damaged:
        # Only a cast stores bytes that are not UTF-8 as text, as in damaged SQLite rows.
        marks = ", ".join("CAST(? AS TEXT)" if type(v) is bytes else "?" for v in record)
        connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', record)


def _values(rows: list[Row], names: list[str]) -> list[tuple[Any, ...]]:
    pick = itemgetter(*names[1:])
    return [(min(row["id"], LARGEST_ID), *pick(row)) for row in rows]
