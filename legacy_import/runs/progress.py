"""How a service tells whoever called it how far it is, and hears that it should stop."""

from typing import Protocol


class Progress(Protocol):
    """Implemented by the terminal, later by the screens. All counts are rows."""

    def opened(self, source: str, *, verified: bool = False) -> None:
        """What is read; `verified`: the connection just proved that it can only read."""

    def begin(self, label: str, total: int | None) -> None:
        """A new piece of work of `total` rows (None: unknown) starts."""

    def advance(self, rows: int) -> None:
        """`rows` more are done and safe in the database. Raises Interrupted if asked to stop."""

    def say(self, sentence: str) -> None:
        """Something the operator should know now."""


class Silent:
    """Tells nobody and never stops."""

    def opened(self, source: str, *, verified: bool = False) -> None: ...

    def begin(self, label: str, total: int | None) -> None: ...

    def advance(self, rows: int) -> None: ...

    def say(self, sentence: str) -> None: ...
