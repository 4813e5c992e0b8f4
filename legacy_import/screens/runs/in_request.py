"""Run a service inside one request: it never waits for a lease and stops after SECONDS."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import Error as AnyDatabaseError
from django.utils.translation import gettext as _

from legacy_import.errors import Interrupted, LegacyImportError, OutOfOrder
from legacy_import.runs.progress import Silent

Result = TypeVar("Result")
SECONDS = 20  # after which a request does not begin another batch


class InRequest(Silent):
    """Stops at the end of a batch once the request took SECONDS, in work whose label is in `stop_in`.

    `run_unchanged` is called once, when the work begins under the lease: is the run as the page showed
    it? `has_begun` is true from then on. A run that is locked by another process raises OutOfOrder.
    """

    def __init__(
        self, *, stop_in: Collection[str] = (), run_unchanged: Callable[[], bool] | None = None
    ) -> None:
        self._stop_in = stop_in
        self._run_unchanged = run_unchanged
        self._stoppable = False
        self.has_begun = False
        self._until = time.monotonic() + SECONDS

    def begin(self, label: str, total: int | None) -> None:
        self._stoppable = label in self._stop_in
        run_unchanged, self._run_unchanged = self._run_unchanged, None
        if run_unchanged and not run_unchanged():
            raise OutOfOrder(_("Another user worked on this run at the same moment."))
        self.has_begun = True

    def advance(self, rows: int) -> None:
        if self._stoppable and time.monotonic() > self._until:
            raise Interrupted(_("One request does only so much; continue with the next."))

    def say(self, sentence: str) -> None:
        """Called only before a wait for a lease, or for the app database: a page does not wait."""
        raise OutOfOrder(sentence)

    def at_work(self, workers: str) -> None: ...


def attempt(work: Callable[[], Result]) -> Result:
    """The result of `work`. An error of the app database becomes a LegacyImportError with its class
    only, because its text may contain values of a row.
    """
    try:
        return work()
    except AnyDatabaseError as error:
        words = _("The app database reported an error (%(error)s).")
        raise LegacyImportError(words % {"error": type(error).__name__}) from None


def error_text(error: LegacyImportError) -> str:
    """The error and its next step, in one paragraph."""
    return f"{error.message} {error.hint}".strip()
