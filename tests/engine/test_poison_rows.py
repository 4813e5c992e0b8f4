"""Poison rows: what a value does is one row's fault; what the program does is nobody's."""

from collections.abc import Sequence

import pytest
from django.core.exceptions import FieldError
from django.db import DataError, IntegrityError, OperationalError

from legacy_import.engine.poison_rows import LOCK_WAIT_TIMEOUT, Poison, isolate
from legacy_import.errors import OutOfOrder

pytestmark = pytest.mark.django_db

ROWS = list(range(1, 8))


def spoiled_by(error: Exception) -> tuple[list[Poison], list[int]]:
    """What isolating finds when the rows 3 and 7 raise this, and the rows that were done."""
    done: list[int] = []

    def work(rows: Sequence[int]) -> None:
        if {3, 7} & set(rows):
            raise error
        done.extend(rows)

    return isolate(work, ROWS), sorted(done)


VALUES = {
    "DataError 1406": DataError(1406, "Data too long: 0559446168"),
    "IntegrityError 1062": IntegrityError(1062, "Duplicate entry"),
    "OperationalError 1366": OperationalError(1366, "Incorrect string value"),
    "ValueError": ValueError("0559446168"),
    "OverflowError": OverflowError("too large to convert"),
    "ZeroDivisionError": ZeroDivisionError(),
    "UnicodeEncodeError": UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
}


@pytest.mark.parametrize(("name", "error"), VALUES.items(), ids=VALUES)
def test_what_a_value_does_fails_its_row_alone(name: str, error: Exception) -> None:
    poison, done = spoiled_by(error)
    assert poison == [Poison(3, name), Poison(7, name)]
    assert done == [1, 2, 4, 5, 6]


NOBODYS = [
    FieldError(), TypeError(), AttributeError(), KeyError(), IndexError(), AssertionError(),
    ImportError(), NameError(), RuntimeError(), MemoryError(), OutOfOrder("not now", hint=""),
    OperationalError(LOCK_WAIT_TIMEOUT, "Lock wait timeout exceeded"),
]  # fmt: skip


@pytest.mark.parametrize("error", NOBODYS, ids=lambda error: type(error).__name__)
def test_what_is_no_rows_fault_is_raised_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        spoiled_by(error)
    assert raised.value is error


def test_of_no_rows_nothing_is_done() -> None:
    assert isolate(lambda rows: pytest.fail("called"), []) == []
