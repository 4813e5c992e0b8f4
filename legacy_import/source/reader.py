"""The only entry point to the legacy database: all checks first, then immutable rows of one snapshot."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, Error, connections

from ecoin.database import is_sqlite
from legacy_import.errors import LegacyImportError, SafetyRefusal
from legacy_import.source.accepted_names import TABLES
from legacy_import.source.certificate import Certificate, certify
from legacy_import.source.columns import Column, Measures, ValueKind
from legacy_import.source.counts import count, count_deleted, measure
from legacy_import.source.engine import SourceEngine
from legacy_import.source.errors import SourceLost, SourceReadError, SourceUnreachable
from legacy_import.source.grants import Grant, WritableAccount, limited_tables, more_than_reads
from legacy_import.source.refusals import GuardedWrapper
from legacy_import.source.rows import ONE_MEGABYTE, LegacyRow, RowBuilder
from legacy_import.source.schema import (
    NEW_ID,
    NEW_ID_LINE,
    SchemaMismatch,
    TableMap,
    load_overrides,
    match,
)

__all__ = ["LegacyRow", "LegacySource", "SourceLost", "SourceReadError", "SourceUnreachable",
           "open_source"]  # fmt: skip

GUARDED_ENGINES = ("legacy_import.source.mysql", "legacy_import.source.sqlite")
PAGE_ROWS = 2000
IDS_PER_PAGE = 20_000
PAGE_BYTES = 32 * ONE_MEGABYTE  # of long values in one page; such a page has fewer rows

_DIGITS = re.compile(r"-?[0-9]{1,20}")


Row = TypeVar("Row")
# Row counts and lengths from opening a source, by table and column, JSON-ready.
Measurements = Mapping[str, Any]


class RowRange(NamedTuple):
    """The rows with after < id <= until of a table, in pages of `size`, `limit` of them in all."""

    table: str
    after: str | None
    until: str | None
    size: int
    limit: int | None


class LegacySource:
    """An open source: one connection, one snapshot. Created by `open_source` only."""

    def __init__(self, engine: SourceEngine, tables: Mapping[str, TableMap],
                 measures: Mapping[str, Measures], certificate: Certificate) -> None:  # fmt: skip
        self._engine = engine
        self._tables = tables
        self._measures = measures
        self.certificate = certificate
        self._builders = {
            name: RowBuilder(table, list(measures[name].oversized))
            for name, table in tables.items()
        }

    @property
    def label(self) -> str:
        """Such as mysql://reader@db-old:3306/ecoin_legacy, without a password."""
        return self.certificate.label

    def count(self, table: str) -> int:
        """Rows of the table, counted in the snapshot."""
        return self.certificate.row_counts[table]

    def text_columns(self) -> dict[str, dict[str, Column]]:
        """Table → name → column that contains text; SQLite's may contain anything."""
        return {
            name: {
                column.name: column
                for column in table.db_table.columns
                if column.kind in (ValueKind.TEXT, ValueKind.DYNAMIC)
            }
            for name, table in self._tables.items()
        }

    @property
    def measurements(self) -> Measurements:
        """What `open_source` counted and measured, for other processes that open the same source."""
        return {
            "counts": self.certificate.row_counts,
            "deleted": self.certificate.deleted_rows,
            "measures": {name: asdict(sizes) for name, sizes in self._measures.items()},
        }

    def pages(
        self,
        table: str,
        *,
        after: str | None = None,
        until: str | None = None,
        size: int = PAGE_ROWS,
        limit: int | None = None,
    ) -> Iterator[Sequence[LegacyRow]]:
        """The rows with after < id <= until in order of id, `limit` of them at most; no empty page.

        A page has `size` rows at most, fewer at the end and where values are long. Raises
        SourceLost when the connection is lost: a new connection would have another snapshot.
        """
        select, builder = self._select(table), self._builders[table]
        return self._paged(
            lambda part: builder.build(self._engine.rows(select + part)),
            lambda row: row.legacy_id,
            RowRange(table, after, until, size, limit),
        )

    def bounds(
        self,
        table: str,
        *,
        after: str | None = None,
        until: str | None = None,
        size: int = PAGE_ROWS,
        limit: int | None = None,
    ) -> Iterator[tuple[str, str, int]]:
        """(first id, last id, rows) of each page of `pages`; only ids are read."""
        mapped = self._tables[table]
        select = f"SELECT {mapped.id_column.value_sql} FROM {mapped.db_table.sql_name}"
        row_range = RowRange(table, after, until, size, limit)
        for page in self._paged(
            lambda part: self._engine.rows(select + part), lambda row: str(row[0]), row_range
        ):
            yield str(page[0][0]), str(page[-1][0]), len(page)

    def between(self, table: str, *, after: str | None, until: str) -> Iterator[LegacyRow]:
        """The rows with after < id <= until, in order of id."""
        for page in self.pages(table, after=after, until=until):
            yield from page

    def ids(self, table: str, *, after: str | None = None) -> Iterator[list[str]]:
        """Pages of legacy ids only, in order, from the first id greater than `after`."""
        mapped = self._tables[table]
        select = f"SELECT {mapped.id_column.value_sql} FROM {mapped.db_table.sql_name}"
        while True:
            where = self._where(table, after, None)
            self._engine.check_session()
            ids = self._engine.rows(f"{select}{where} LIMIT {IDS_PER_PAGE:d}")
            if not ids:
                return
            yield [str(legacy_id) for (legacy_id,) in ids]
            after = str(ids[-1][0])

    def _paged(
        self,
        read_rows: Callable[[str], Sequence[Row]],
        id_of: Callable[[Row], str],
        row_range: RowRange,
    ) -> Iterator[Sequence[Row]]:
        """`read_rows` gets the WHERE, ORDER BY and LIMIT of each page, until a page is empty."""
        table, after, until, size, rows_left = row_range
        lengths = self._long_columns(table, size)
        while rows_left is None or rows_left > 0:
            where = self._where(table, after, until)
            self._engine.check_session()
            most = size if rows_left is None else min(size, rows_left)
            rows = self._rows_that_fit(table, lengths, where, most) if lengths else most
            page = read_rows(f"{where} LIMIT {rows:d}")
            if not page:
                return
            yield page
            after = id_of(page[-1])
            rows_left = None if rows_left is None else rows_left - len(page)

    def _select(self, table: str) -> str:
        mapped, oversized = self._tables[table], self._measures[table].oversized
        columns = {column.name: column for column in mapped.db_table.columns}
        parts = [column.start_sql if column.name in oversized else column.value_sql
                 for column in columns.values()]  # fmt: skip
        for name in oversized:
            parts += [columns[name].length, columns[name].sha256]
        return f"SELECT {', '.join(parts)} FROM {mapped.db_table.sql_name}"

    def _where(self, table: str, after: str | None, until: str | None) -> str:
        key = self._tables[table].id_column.sql_name
        bounds = [f"{key} {sign} {_number(bound)}"
                  for sign, bound in ((">", after), ("<=", until)) if bound is not None]  # fmt: skip
        return f"{' WHERE ' if bounds else ''}{' AND '.join(bounds)} ORDER BY {key}"

    def _long_columns(self, table: str, size: int) -> list[Column]:
        """The columns whose lengths limit the rows of a page; none if all pages fit."""
        longest = self._measures[table].longest
        worst = sum(min(length, ONE_MEGABYTE) for length in longest.values()) * size
        if worst <= PAGE_BYTES:
            return []
        return [
            column for column in self._tables[table].db_table.columns if longest.get(column.name)
        ]

    def _rows_that_fit(self, table: str, columns: list[Column], where: str, size: int) -> int:
        lengths = ", ".join(f"COALESCE({column.length}, 0)" for column in columns)
        name = self._tables[table].db_table.sql_name
        total = 0
        for rows, row_lengths in enumerate(
            self._engine.rows(f"SELECT {lengths} FROM {name}{where} LIMIT {size:d}")
        ):
            total += sum(min(int(length), ONE_MEGABYTE) for length in row_lengths)
            if total > PAGE_BYTES:
                return max(rows, 1)
        return size


@contextmanager
def open_source(
    alias: str, *, allow_writable: bool = False, measurements: Measurements | None = None
) -> Iterator[LegacySource]:
    """Check everything about the legacy alias, open one snapshot, and close it at the end.

    `measurements`: those of another opening, so that this one need not read whole tables.

    Raises SafetyRefusal (exit 3) for an unguarded alias (before connecting, no override), an account
    that may write (unless `allow_writable`), or a source that is the app database; SchemaMismatch,
    SourceUnreachable and other LegacyImportError (exit 1) for what an operator can repair.
    """
    wrapper = _guarded_connection(alias)
    try:
        engine = _connect(wrapper)
        grants = engine.grants() if engine.has_accounts else None
        write_rights = [] if grants is None else more_than_reads(grants)
        if write_rights and not allow_writable:
            raise WritableAccount(write_rights)
        _refuse_own_database(engine)
        tables = _match_tables(engine, grants or ())
        write_rights += _hidden_rights(tables)
        if write_rights and not allow_writable:
            raise WritableAccount(write_rights)
        snapshot = engine.open_snapshot()
        for table in tables.values():
            _refuse_repeated_ids(engine, table)
        if measurements is None:
            counts = {name: count(engine, table) for name, table in tables.items()}
            deleted = {name: count_deleted(engine, table) for name, table in tables.items()}
            measures = {name: measure(engine, table) for name, table in tables.items()}
        else:
            counts, deleted = dict(measurements["counts"]), dict(measurements["deleted"])
            measures = {name: Measures(**sizes) for name, sizes in measurements["measures"].items()}
        certificate = certify(
            engine.server(), grants, write_rights, snapshot, tables, counts, deleted, measures
        )
        yield LegacySource(engine, tables, measures, certificate)
    finally:
        wrapper.close()


def _guarded_connection(alias: str) -> Any:
    """Django's wrapper of the alias, not connected yet."""
    values = connections.databases.get(alias)
    if values is None:
        raise LegacyImportError(
            f"There is no database alias {alias}.",
            hint=f"Aliases: {', '.join(sorted(connections.databases))}.",
            exit_code=2,
        )
    refusal = SafetyRefusal(
        f"The alias {alias} is not behind a guarded backend, so nothing is read from it.",
        hint="Set its ENGINE to legacy_import.source.mysql or legacy_import.source.sqlite.",
    )
    if values.get("ENGINE") not in GUARDED_ENGINES:
        raise refusal
    try:
        wrapper = connections[alias]
    except (ImproperlyConfigured, ImportError):
        raise SourceUnreachable(
            "The driver for the legacy database is missing.",
            hint="For MySQL or MariaDB: apt-get install default-libmysqlclient-dev pkg-config,"
            " then pip install mysqlclient.",
        ) from None
    if not isinstance(wrapper, GuardedWrapper):
        raise refusal
    return wrapper


def _connect(wrapper: Any) -> SourceEngine:
    """The engine of the wrapper, connected. The MySQL driver is imported only if it is used."""
    try:
        if is_sqlite(wrapper):
            from legacy_import.source.sqlite.engine import SQLiteEngine

            return SQLiteEngine(wrapper)
        from legacy_import.source.mysql.engine import MySQLEngine

        return MySQLEngine(wrapper)
    except ImproperlyConfigured as error:
        raise SourceUnreachable(str(error), hint="Correct the LEGACY_DB_* settings.") from None


def _match_tables(engine: SourceEngine, grants: Sequence[Grant]) -> dict[str, TableMap]:
    try:
        return match(engine.tables(), load_overrides(settings.LEGACY_SCHEMA_FILE))
    except SchemaMismatch as error:
        limits = limited_tables(grants, engine.server().database, TABLES)
        error.message = " ".join([error.message, *limits])
        raise


def _hidden_rights(tables: Mapping[str, TableMap]) -> list[str]:
    """Rights on the tables' columns that do not come from the account's own grants.

    SHOW GRANTS does not list those of an anonymous account for the same host, which apply as well.
    """
    return [
        f"{', '.join(sorted(table.db_table.write_privileges))} on {name}, by any grant"
        " (look for an anonymous account)"
        for name, table in tables.items()
        if table.db_table.write_privileges
    ]


def _refuse_own_database(engine: SourceEngine) -> None:
    try:
        same = engine.is_same_database(connections[DEFAULT_DB_ALIAS])
    except Error:
        raise LegacyImportError(
            "The app database could not be compared with the legacy one.",
            hint="Check DATABASE_URL, and that the app database is running.",
        ) from None
    if same:
        raise SafetyRefusal(
            "Source and target are the same database.",
            hint="Point LEGACY_DB_* at the old database and DATABASE_URL at the new one.",
        )


def _refuse_repeated_ids(engine: SourceEngine, table: TableMap) -> None:
    """Raises SchemaMismatch if an id occurs twice, where its index does not rule that out."""
    db_table, key = table.db_table, table.id_column
    if db_table.transactional and db_table.primary_key == key.name:
        return
    repeated = engine.rows(
        f"SELECT {key.value_sql}, COUNT(*) FROM {db_table.sql_name} GROUP BY {key.sql_name}"
        f" HAVING COUNT(*) > 1 ORDER BY {key.sql_name} LIMIT 1"
    )
    for legacy_id, rows in repeated:
        raise SchemaMismatch(
            f"{table.table} contains the {key.name} {legacy_id} {rows} times, so its index is damaged.",
            hint=f"Have it repaired (REPAIR TABLE {db_table.name}), or number the rows in a copy:"
            f" ALTER TABLE {db_table.name} {NEW_ID}, with {NEW_ID_LINE} in LEGACY_SCHEMA_FILE.",
        )


def _number(legacy_id: str) -> str:
    """An id as an SQL literal. Raises ValueError for anything but digits."""
    if not _DIGITS.fullmatch(legacy_id):
        raise ValueError("a legacy id is a whole number in decimal digits")
    return legacy_id
