"""The floor: how fast this server copies, by itself, everything that an import writes."""

import time
from collections.abc import Mapping
from typing import Any

ROUNDS = 3


def count_rows(connection: Any, database: str) -> dict[str, int]:
    """Table → rows, of every table of a database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY table_name",
            [database],
        )
        counts = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT COUNT(*) FROM `{database}`.`{table}`")
            counts[table] = cursor.fetchone()[0]
    return counts


def added_rows(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Table → rows added between two counts: the tables that the import writes."""
    added = {table: rows - before.get(table, 0) for table, rows in after.items()}
    return {table: rows for table, rows in added.items() if rows > 0}


def copy_seconds(connection: Any, database: str, tables: Mapping[str, int]) -> dict[str, float]:
    """Table → seconds of one INSERT … SELECT into an empty table of the same definition.

    `CREATE TABLE … LIKE` copies columns, keys and indexes, not foreign keys: the floor checks none.
    The fastest of three rounds; the copies are dropped.
    """
    floor = f"{database}_floor"
    seconds = {}
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{floor}`")
        try:
            for table in tables:
                rounds = [_copy(cursor, database, floor, table) for _ in range(ROUNDS)]
                seconds[table] = min(rounds)
        finally:
            cursor.execute(f"DROP DATABASE `{floor}`")
    return seconds


def _copy(cursor: Any, database: str, floor: str, table: str) -> float:
    cursor.execute(f"CREATE TABLE `{floor}`.`{table}` LIKE `{database}`.`{table}`")
    start = time.monotonic()
    cursor.execute(f"INSERT INTO `{floor}`.`{table}` SELECT * FROM `{database}`.`{table}`")
    seconds = time.monotonic() - start
    cursor.execute(f"DROP TABLE `{floor}`.`{table}`")
    return seconds
