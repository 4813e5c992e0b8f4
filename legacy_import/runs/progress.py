"""How a service reports its progress to its caller, and learns that it should stop."""

from typing import Protocol


class Progress(Protocol):
    """Implemented by the terminal and by the screens. All counts are rows."""

    def opened(self, source: str, *, verified: bool = False) -> None:
        """The source is open; `verified`: the connection was just proved to be read-only."""

    def begin(self, label: str, total: int | None) -> None:
        """A new step with `total` rows (None: unknown) begins."""

    def advance(self, rows: int) -> None:
        """`rows` more are committed to the database. Raises Interrupted if it should stop."""

    def say(self, sentence: str) -> None:
        """Show the operator a sentence at once."""

    def at_work(self, workers: str) -> None:
        """Who is at work on what at the moment; "" for no one."""


class Silent:
    """Reports nothing and never stops."""

    def opened(self, source: str, *, verified: bool = False) -> None: ...

    def begin(self, label: str, total: int | None) -> None: ...

    def advance(self, rows: int) -> None: ...

    def say(self, sentence: str) -> None: ...

    def at_work(self, workers: str) -> None: ...
