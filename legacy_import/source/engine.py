"""The protocol that the reader needs from either kind of database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from legacy_import.source.columns import DatabaseTable
from legacy_import.source.grants import Grant


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The database and its server. `account` is empty for SQLite.

    `identity` is the same for every address of the database; "" for a file.
    """

    label: str
    identity: str
    server: str
    version: str
    database: str
    account: str
    time_zone: str
    tls_mode: str
    tls_cipher: str


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the session reports after the snapshot was opened."""

    isolation: str
    read_only: bool


class SourceEngine(Protocol):
    """An open connection to the legacy database. All methods raise LegacyImportError subclasses."""

    has_accounts: bool

    def server(self) -> ServerFacts: ...

    def grants(self) -> tuple[Grant, ...]: ...

    def is_same_database(self, target: Any) -> bool:
        """Whether the Django connection `target` leads to the same database."""

    def tables(self) -> dict[str, DatabaseTable]: ...

    def open_snapshot(self) -> SnapshotFacts: ...

    def check_session(self) -> None:
        """Raises SafetyRefusal if the session is no longer as `open_snapshot` left it."""

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]: ...
