"""Tables and columns of the source, in terms that both engines share."""

from dataclasses import dataclass
from enum import Enum


class ValueKind(Enum):
    """How a value of the column arrives from the driver."""

    TEXT = "text"  # bytes in the column's own charset, decoded here
    EXACT = "exact"  # number, date, time: the server's own text form
    BINARY = "binary"  # bytes that are not text: stored as hexadecimal
    DYNAMIC = "dynamic"  # SQLite: each value has its own type


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sql_name` is the quoted name, the other SQL forms are complete expressions.

    `value_sql` returns the value; `start_sql` its beginning if it is longer than a megabyte; `length`
    its bytes; `sha256` its hash if it is longer, else NULL. `measured`: values may be so long that
    their lengths are queried first.
    """

    name: str
    sql_name: str
    declared: str
    kind: ValueKind
    charset: str
    value_sql: str
    start_sql: str = ""
    length: str = ""
    sha256: str = ""
    measured: bool = False

    @property
    def is_lossy(self) -> bool:
        """Whether it keeps about seven digits of a number. SQLite's FLOAT is a double."""
        return self.kind is ValueKind.EXACT and self.declared.startswith("float")


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """A table of the source as it is, with the columns that the account may read.

    `keys`: integer columns that are unique and never NULL; `primary_key`: the one that is the whole
    primary key ("": none is). `unreadable`: columns that the account sees
    but may not read. `write_privileges`: what it may do with columns besides reading them.
    """

    name: str
    sql_name: str
    is_view: bool
    engine: str
    transactional: bool
    columns: tuple[Column, ...]
    keys: frozenset[str]
    primary_key: str = ""
    unreadable: tuple[str, ...] = ()
    write_privileges: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Measures:
    """Lengths in the snapshot, per column: of the longest value, and how many are over the limit."""

    longest: dict[str, int]
    oversized: dict[str, int]
