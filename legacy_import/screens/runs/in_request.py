"""A service at work inside one request: never waiting for somebody else, never for long."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import Error as AnyDatabaseError
from django.utils.translation import gettext as _

from legacy_import.errors import Interrupted, LegacyImportError, OutOfOrder
from legacy_import.runs.progress import Silent

Answer = TypeVar("Answer")
SECONDS = 20  # after which a request does not begin another batch


class InRequest(Silent):
    """Stops at the end of a batch once the request took SECONDS, in the pieces of work `stop_in`.

    `still_so` is asked once, when the work begins under the lease: whether the run is as the page
    said; `begun` says that it did begin. A lease that somebody else has is not waited for.
    """

    def __init__(
        self, *, stop_in: Collection[str] = (), still_so: Callable[[], bool] | None = None
    ) -> None:
        self._stop_in = stop_in
        self._still_so = still_so
        self._stoppable = False
        self.begun = False
        self._until = time.monotonic() + SECONDS

    def begin(self, label: str, total: int | None) -> None:
        self._stoppable = label in self._stop_in
        ask, self._still_so = self._still_so, None
        if ask and not ask():
            raise OutOfOrder(_("Somebody else worked on this run in the same moment."))
        self.begun = True

    def advance(self, rows: int) -> None:
        if self._stoppable and time.monotonic() > self._until:
            raise Interrupted(_("One request does so much; go on with the next."))

    def say(self, sentence: str) -> None:
        """Only said by who is about to wait for a lease."""
        raise OutOfOrder(sentence)


def attempt(work: Callable[[], Answer]) -> Answer:
    """What `work` returns. A failure of the app database becomes a LegacyImportError with its class.

    Its text may hold a value of a row.
    """
    try:
        return work()
    except AnyDatabaseError as error:
        words = _("The app database did not do what was asked (%(error)s).")
        raise LegacyImportError(words % {"error": type(error).__name__}) from None


def told(error: LegacyImportError) -> str:
    """The error and its next step, in one paragraph."""
    return f"{error.message} {error.hint}".strip()
