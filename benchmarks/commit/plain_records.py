"""What a commit is measured against: plain INSERTs, then DELETEs, of the very records it made.

    python -m benchmarks.commit.plain_records COPY BATCH

COPY is another database on the app database's server: the same tables with the same indexes and
foreign keys, in the state from before the commit. The records are read back from the app database,
which is not timed; what is timed is the driver's `executemany` (one multi-row INSERT, the fastest
plain way) and one `DELETE … WHERE id IN (…)`, BATCH records a transaction. Nothing is recomputed,
compared, logged or given an outcome. Prints JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
from django.db import connection, transaction

# In the order of making them. Only what a commit made has an origin.
RECORDS = (
    "crm_leads", "crm_course_interests", "legacy_completed_trainings", "legacy_imported_enrollments",
)  # fmt: skip
# What they refer to and no commit makes.
REFERRED_TO = ("auth_user", "trainings_courses")

Page = list[tuple[Any, ...]]
Spent = dict[str, tuple[int, float]]  # table → records, seconds


def make_copies(copy: str) -> None:
    """The tables as they are, foreign keys included, with everything in them but the records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE()")
        (app,) = cursor.fetchone()
        for table in (*REFERRED_TO, *RECORDS):
            cursor.execute(f"SHOW CREATE TABLE `{app}`.`{table}`")
            definition = cursor.fetchone()[1]
            cursor.execute(f"USE `{copy}`")
            cursor.execute(definition)
            only = "WHERE origin IS NULL" if table in RECORDS else ""
            cursor.execute(f"INSERT INTO `{table}` SELECT * FROM `{app}`.`{table}` {only}")
            cursor.execute(f"USE `{app}`")


def insert_all(copy: str, batch: int) -> Spent:
    """Insert every record into the copies."""
    return {table: _timed(table, batch, "*", _inserter(copy, table)) for table in RECORDS}


def delete_all(copy: str, batch: int) -> Spent:
    """Delete them again, what refers before what is referred to."""
    return {table: _timed(table, batch, "id", _deleter(copy, table)) for table in RECORDS[::-1]}


def _inserter(copy: str, table: str) -> Callable[[Page], None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM `{table}` LIMIT 0")
        columns = [column[0] for column in cursor.description]
    names = ", ".join(f"`{column}`" for column in columns)
    place = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO `{copy}`.`{table}` ({names}) VALUES ({place})"

    def insert(page: Page) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(statement, page)

    return insert


def _deleter(copy: str, table: str) -> Callable[[Page], None]:
    def delete(page: Page) -> None:
        ids = ",".join(str(row[0]) for row in page)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM `{copy}`.`{table}` WHERE id IN ({ids})")

    return delete


def _timed(table: str, batch: int, what: str, work: Callable[[Page], None]) -> tuple[int, float]:
    """Records and seconds of `work`, a transaction for each page of the table's records."""
    records, seconds = 0, 0.0
    for page in _pages(table, batch, what):
        start = time.monotonic()
        with transaction.atomic():
            work(page)
        seconds += time.monotonic() - start
        records += len(page)
    return records, seconds


def _pages(table: str, batch: int, what: str) -> Iterator[Page]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {what} FROM `{table}` "
                "WHERE id > %s AND origin IS NOT NULL ORDER BY id LIMIT %s",
                [last, batch],
            )
            page = list(cursor.fetchall())
        if not page:
            return
        yield page
        last = page[-1][0]


def main() -> None:
    django.setup()
    copy, batch = sys.argv[1], int(sys.argv[2])
    make_copies(copy)
    seconds = {"insert": insert_all(copy, batch), "delete": delete_all(copy, batch)}
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main()
