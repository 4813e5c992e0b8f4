"""Poison rows: a batch that the database refuses is halved until the offending row is isolated."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db import DatabaseError, OperationalError, connection, transaction

# Errors that a value can cause in a database, a driver or a calculation; no row causes any other.
VALUE_ERRORS = (DatabaseError, ValueError, ArithmeticError)  # with UnicodeError and OverflowError
LOCK_WAIT_TIMEOUT = 1205  # the record is locked by another connection: not caused by a row


class Poison(NamedTuple):
    """One row that fails on its own. `error`: class and number, never its text."""

    row: int
    error: str


def isolate(work: Callable[[Sequence[int]], None], rows: Sequence[int]) -> list[Poison]:
    """Call `work` on all rows, in savepoints; returns the rows that fail, all others are done.

    Runs in the caller's transaction. Raises what no row causes: a LegacyImportError, a lost connection,
    a transaction that the server rolled back, a bug.
    """
    if not rows:
        return []
    try:
        with transaction.atomic():
            work(rows)
    except VALUE_ERRORS as error:
        if connection.needs_rollback or connection.closed_in_transaction:
            raise
        if isinstance(error, OperationalError) and error.args[:1] == (LOCK_WAIT_TIMEOUT,):
            raise
        if len(rows) == 1:
            return [Poison(rows[0], name_of(error))]
        half = len(rows) // 2
        return isolate(work, rows[:half]) + isolate(work, rows[half:])
    return []


def name_of(error: Exception) -> str:
    """'DataError 1406': drivers put the offending value into their messages."""
    number = next((arg for arg in error.args[:1] if isinstance(arg, int)), None)
    numbered = isinstance(error, DatabaseError) and number is not None
    return type(error).__name__ + (f" {number}" if numbered else "")
