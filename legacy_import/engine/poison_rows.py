"""Poison rows: a batch that the database refuses is halved until the row that spoils it stands alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db import DatabaseError, OperationalError, connection, transaction

# What a value can do to a database, a driver or a calculation. Anything else is no row's fault.
A_VALUE = (DatabaseError, ValueError, ArithmeticError)  # UnicodeError, OverflowError among them
LOCK_WAIT_TIMEOUT = 1205  # somebody else holds the record: nobody's row's fault


class Poison(NamedTuple):
    """One row that fails whatever stands beside it. `error`: class and number, never its text."""

    row: int
    error: str


def isolate(work: Callable[[Sequence[int]], None], rows: Sequence[int]) -> list[Poison]:
    """Call `work` on all rows, in savepoints; returns those that cannot be done, the others are done.

    In the caller's transaction. Raises what is nobody's row's fault: a LegacyImportError, a lost
    connection, a transaction that the server took back, a mistake in the program.
    """
    if not rows:
        return []
    try:
        with transaction.atomic():
            work(rows)
    except A_VALUE as error:
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
    known = isinstance(error, DatabaseError) and number is not None
    return type(error).__name__ + (f" {number}" if known else "")
