"""What is tried again after an error of the app database, how often, and what is not."""

from collections.abc import Callable

import pytest
from django.db import InterfaceError, OperationalError, connection

from ecoin import retries
from ecoin.database import link_is_lost, passes
from ecoin.retries import TRIES, again, transaction_again


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", seconds.append)
    monkeypatch.setattr(retries, "close_connection", lambda: None)
    return seconds


def failing(errors: list[Exception]) -> Callable[[], str]:
    def work() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    return work


@pytest.mark.parametrize("number", [2002, 2003, 2006, 2013, 2026, 1053, 1927])
def test_a_server_that_restarts_is_waited_for(number: int, pauses: list[float]) -> None:
    assert again(failing([OperationalError(number, "x")] * (TRIES - 1))) == "done"
    assert 16 <= sum(pauses) <= 64


@pytest.mark.parametrize("number", [1045, 1049, 1054, 1114, 1142, 1290])
def test_an_error_that_will_not_pass_is_raised_at_once(number: int, pauses: list[float]) -> None:
    errors: list[Exception] = [OperationalError(number, "x")]
    with pytest.raises(OperationalError):
        again(failing(errors))
    assert (errors, pauses) == ([], [])


def test_the_last_error_is_raised(pauses: list[float]) -> None:
    with pytest.raises(OperationalError):
        again(failing([OperationalError(2013, "x")] * TRIES))
    assert len(pauses) == TRIES - 1


def test_a_closed_connection_passes_and_a_mistake_does_not() -> None:
    assert passes(InterfaceError(0, ""))
    assert link_is_lost(InterfaceError(0, ""))
    assert not passes(ValueError("x"))
    assert not link_is_lost(OperationalError(1205, "x"))
    assert passes(OperationalError(1205, "x"))


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_repeated(pauses: list[float]) -> None:
    assert connection.in_atomic_block
    errors: list[Exception] = [OperationalError(2013, "x")]
    with pytest.raises(OperationalError):
        transaction_again(failing(errors))
    assert pauses == []
