"""Write the fictional legacy database as a dump that `mariadb db < dump.sql` loads."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from .people import LegacyWorld, Row
from .schema import MYSQL_CHARSET, TABLES

STATEMENT_BYTES = 900_000  # below the 1 MB packet of an old, untouched server

# NO_BACKSLASH_ESCAPES is off because sql_mode is set below.
_ESCAPES = str.maketrans({
    "\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z",
})  # fmt: skip

# Zero dates need an sql_mode without NO_ZERO_DATE, 2019-02-31 needs ALLOW_INVALID_DATES.
_HEADER = """\
-- Fictional legacy database of ECOIN: its people do not exist.
/*!40101 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='ALLOW_INVALID_DATES' */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
"""
_FOOTER = """\
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
-- Dump completed
"""


def write_dump(world: LegacyWorld, stream: BinaryIO) -> dict[str, int]:
    """Write the world to a binary stream and return rows by table.

    Loads on MySQL 5.7 and later and on MariaDB 10; replaces the four tables. Every INSERT is
    smaller than 1 MB, except that of the one value that is larger itself.
    """
    stream.write(_HEADER.encode())
    stream.writelines(_create_table(table).encode() for table in TABLES)
    counts = Counter(dict.fromkeys(TABLES, 0))
    for statement, table, rows in _statements(_all_rows(world)):
        stream.write(b"".join(statement))
        counts[table] += rows
    stream.write(_FOOTER.encode())
    return dict(counts)


def _all_rows(world: LegacyWorld) -> Iterator[tuple[str, Row]]:
    small = (("formations", world.formations), ("session_ecoins", world.sessions))
    return chain(((table, row) for table, rows in small for row in rows), world.learners())


def _create_table(table: str) -> str:
    columns = ",\n".join(f"  `{column.name}` {column.mysql}" for column in TABLES[table])
    charset = MYSQL_CHARSET.get(table, "utf8mb4")
    return (
        f"DROP TABLE IF EXISTS `{table}`;\n"
        f"CREATE TABLE `{table}` (\n{columns}\n) ENGINE=InnoDB DEFAULT CHARSET={charset};\n"
    )


def _statements(rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[list[bytes], str, int]]:
    """Yield (pieces of one INSERT, table, its rows): one per table, or more where it is too large."""
    pieces: list[bytes] = []
    table, size = "", 0
    for of_table, row in rows:
        values = _tuple(of_table, row)
        if pieces and (of_table != table or size + len(values) > STATEMENT_BYTES):
            yield [*pieces[:-1], b";\n"], table, len(pieces) // 2
            pieces, size = [], 0
        table = of_table
        opening = b"" if pieces else f"INSERT INTO `{table}` VALUES\n".encode()
        pieces += [opening + values, b",\n"]
        size += len(values) + 2
    if pieces:
        yield [*pieces[:-1], b";\n"], table, len(pieces) // 2


def _tuple(table: str, row: Row) -> bytes:
    return f"({','.join([_literal(row[column.name]) for column in TABLES[table]])})".encode()


def _literal(value: Any) -> str:
    """Return a value as SQL; bytes go through a hex literal, which no character set converts."""
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value)
