"""Read the tables and columns of a MySQL database, with the SQL to select each column."""

from collections.abc import Callable, Sequence
from typing import Any

from legacy_import.source.columns import Column, DatabaseTable, ValueKind

Rows = Callable[[str], Sequence[tuple[Any, ...]]]

# Engines whose reads follow the snapshot; a MyISAM or Aria table may change while it is read.
TRANSACTIONAL = frozenset({"INNODB", "ROCKSDB", "TOKUDB"})
INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})
BINARIES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector",
                      "geometry", "point", "linestring", "polygon", "multipoint", "geomcollection",
                      "multilinestring", "multipolygon", "geometrycollection"})  # fmt: skip
MEASURED_FROM = 4096  # bytes; lengths are queried first for columns that may contain so many

_TABLES = """
    SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE()"""
_COLUMNS = """
    SELECT TABLE_NAME, COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE), CHARACTER_SET_NAME,
           CAST(CHARACTER_OCTET_LENGTH AS CHAR), IS_NULLABLE, UPPER(PRIVILEGES)
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
    ORDER BY TABLE_NAME, ORDINAL_POSITION"""
# Grouped by bytes: two tables may differ in case, and the collation of information_schema does not.
_KEYS = """
    SELECT MIN(TABLE_NAME), MIN(COLUMN_NAME), INDEX_NAME = 'PRIMARY' FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE()
    GROUP BY HEX(TABLE_NAME), INDEX_NAME
    HAVING MAX(NON_UNIQUE) = 0 AND COUNT(*) = 1 AND COUNT(SUB_PART) = 0"""


def quote(name: str) -> str:
    """A name in backticks."""
    return "`" + name.replace("`", "``") + "`"


def database_tables(rows: Rows) -> dict[str, DatabaseTable]:
    """Every table and view of the current database that the account may see."""
    unique: dict[str, set[str]] = {}
    primary: dict[str, str] = {}
    for table, column, is_primary in rows(_KEYS):
        unique.setdefault(table, set()).add(column)
        if is_primary:
            primary[table] = column
    columns: dict[str, list[Column]] = {}
    unreadable: dict[str, list[str]] = {}
    keys: dict[str, set[str]] = {}
    privileges: dict[str, set[str]] = {}
    for table, name, kind, declared, charset, octets, nullable, granted in rows(_COLUMNS):
        privileges.setdefault(table, set()).update(granted.split(","))
        if "SELECT" not in granted:
            unreadable.setdefault(table, []).append(name)
            continue
        columns.setdefault(table, []).append(_column(name, kind, declared, charset, octets))
        if kind in INTEGERS and nullable == "NO" and name in unique.get(table, ()):
            keys.setdefault(table, set()).add(name)
    return {
        name: DatabaseTable(
            name=name,
            sql_name=quote(name),
            is_view="VIEW" in kind.upper(),
            engine=engine or "",
            transactional=(engine or "").upper() in TRANSACTIONAL,
            columns=tuple(columns.get(name, ())),
            keys=frozenset(keys.get(name, ())),
            primary_key=primary[name] if primary.get(name) in keys.get(name, ()) else "",
            unreadable=tuple(unreadable.get(name, ())),
            write_privileges=frozenset(privileges.get(name, ())) - {"SELECT", ""},
        )
        for name, kind, engine in rows(_TABLES)
    }


def _column(name: str, kind: str, declared: str, charset: str | None, octets: str | None) -> Column:
    """Text as bytes, numbers and dates as the server prints them: nothing is converted."""
    quoted = quote(name)
    measured = octets is not None and int(octets) >= MEASURED_FROM
    if kind == "json":  # MySQL's own type; MariaDB's is a longtext
        as_bytes = f"CONVERT(CONVERT({quoted} USING utf8mb4) USING binary)"
        return _long(name, declared, ValueKind.TEXT, "utf8mb4", as_bytes, as_bytes)
    if kind in TEXTS:
        as_bytes = f"CONVERT({quoted} USING binary)"
        if measured:
            return _long(name, declared, ValueKind.TEXT, charset or "binary", as_bytes, quoted)
        return Column(name, quoted, declared, ValueKind.TEXT, charset or "binary", as_bytes)
    if kind in BINARIES:
        if measured:
            return _long(name, declared, ValueKind.BINARY, "binary", quoted, quoted)
        return Column(name, quoted, declared, ValueKind.BINARY, "binary", quoted)
    # `+ 0` drops the padding of ZEROFILL (an id is its number) and converts BIT to a number. A FLOAT
    # prints six digits; as a DOUBLE it prints all that it has.
    is_plain = kind not in ("bit", "float") and "zerofill" not in declared
    plain = quoted if is_plain else f"{quoted} + 0"
    return Column(name, quoted, declared, ValueKind.EXACT, "ascii", f"CAST({plain} AS CHAR)")


def _long(
    name: str, declared: str, kind: ValueKind, charset: str, as_bytes: str, measured: str
) -> Column:
    length = f"OCTET_LENGTH({measured})"
    return Column(
        name=name,
        sql_name=quote(name),
        declared=declared,
        kind=kind,
        charset=charset,
        value_sql=as_bytes,
        start_sql=f"SUBSTRING({as_bytes}, 1, 1048576)",
        length=length,
        sha256=f"IF({length} > 1048576, SHA2({as_bytes}, 256), NULL)",
        measured=True,
    )
