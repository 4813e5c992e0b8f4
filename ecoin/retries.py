"""Work that is tried again after an error of the app database that passes, as in a restart."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db import Error as AnyDatabaseError

from ecoin.database import link_is_lost, may_come_back, passes

TRIES = 8  # with the pauses between them, about half a minute: a server has restarted by then
FIRST_PAUSE = 0.25  # seconds; each is twice as long as the last, and random, so that workers differ

Answer = TypeVar("Answer")


def again(
    work: Callable[[], Answer],
    *,
    passing: Callable[[Exception], bool] = passes,
    notify: Callable[[Exception], None] = lambda error: None,
) -> Answer:
    """Do the work, on a new connection each time, until no error of the database is in the way.

    Not inside a transaction. The work must be one that may be done twice. `notify` hears of every
    error that is followed by another try. Raises the last error, and at once one that is not `passing`.
    """
    for number in range(TRIES - 1):
        try:
            return work()
        except Exception as error:
            if not passing(error):
                raise
            close_connection()
            notify(error)
        time.sleep(FIRST_PAUSE * 2**number * random.uniform(0.5, 1.5))
    return work()


def transaction_again(work: Callable[[], Answer]) -> Answer:
    """The work in a separate transaction; a command repeats it if the link is lost.

    Inside a transaction it is done once, because only the whole transaction could be repeated.
    """

    def once() -> Answer:
        with transaction.atomic():
            return work()

    connection = connections[DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        return once()
    return again(once, passing=lambda error: link_is_lost(error) and may_come_back(connection))


def close_connection() -> None:
    """Close the app database's connection: one that failed is not used again."""
    with suppress(AnyDatabaseError):
        connections[DEFAULT_DB_ALIAS].close()
