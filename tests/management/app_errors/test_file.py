"""What an app database in a file refuses, as SQLite itself says it."""

from typing import Any

from django.db import connection

from tests.management.calling import assert_refused, call


def test_a_file_that_is_read_only(school: Any) -> None:
    connection.cursor().execute("PRAGMA query_only = ON")
    try:
        ended = call("legacy_import", "--json")
    finally:
        connection.cursor().execute("PRAGMA query_only = OFF")
    assert_refused(ended, 1, "read-only", "right to write")


def test_a_disk_that_is_full(school: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    try:
        ended = call("legacy_import", "--json")
    finally:
        connection.cursor().execute("PRAGMA max_page_count = 1073741823")
    assert_refused(ended, 1, "disk is full")
