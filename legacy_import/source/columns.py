"""What a source table looks like, in words both engines share."""

from dataclasses import dataclass
from enum import Enum


class ValueKind(Enum):
    """How a value of the column arrives from the driver."""

    TEXT = "text"  # bytes in the column's own charset, decoded here
    EXACT = "exact"  # number, date, time: the server's own text form
    BINARY = "binary"  # bytes that are no text: kept as hexadecimal
    DYNAMIC = "dynamic"  # SQLite: each value has a type of its own


@dataclass(frozen=True, slots=True)
class Column:
    """One column. The SQL forms are complete expressions, `sql_name` is the quoted name.

    `read` gives the value; `read_cut` its beginning where it is longer than a megabyte; `length` its
    bytes; `sha256` its hash where it is longer, else NULL. `measured`: values may be so long that
    their lengths are looked at first.
    """

    name: str
    sql_name: str
    declared: str
    kind: ValueKind
    charset: str
    read: str
    read_cut: str = ""
    length: str = ""
    sha256: str = ""
    measured: bool = False


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table of the source as it is. `keys`: integer columns that are unique and never NULL."""

    name: str
    sql_name: str
    is_view: bool
    engine: str
    transactional: bool
    columns: tuple[Column, ...]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Measures:
    """Lengths found in the snapshot: longest value, and how many are over the limit, per column."""

    longest: dict[str, int]
    oversized: dict[str, int]
