"""The columns of the old tables for each field: by accepted names, and a file of overrides.

Names are compared folded (case, accents, separators), then without the noun of their own table. If two
columns match one field, the first accepted name wins and the other is noted.
"""

import tomllib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from legacy_import.errors import LegacyImportError
from legacy_import.source.accepted_names import ACCEPTED, FROM_FLOAT, REQUIRED, TABLES
from legacy_import.source.column_names import (
    ID_NOUNS,
    NOUNS,
    fold,
    is_spelled,
    spellings,
    without_noun,
)
from legacy_import.source.columns import Column, DatabaseTable
from legacy_import.source.likely_columns import is_account_name, likely_column, meaning_of, toml

REPEATING_ENGINES = ("MRG_MYISAM", "MERGE")
NEW_ID = "ADD legacy_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE"
_ACCOUNTS = {"user", "utilisateur", "compte", "account", "person", "personne"}
NEW_ID_LINE = 'id = "legacy_row_id"'

Overrides = Mapping[str, Mapping[str, str]]


class SchemaMismatch(LegacyImportError):
    """The database does not have the tables or columns that the import needs."""


@dataclass(frozen=True, slots=True)
class TableMap:
    """A table of the database with its fields: canonical name → column. `notes` are sentences.

    `deletions`: all columns that show whether a row is deleted; `deleted_at` is the first of them.
    `likely`: absent fields → the column that may be it, if an operator confirms it.
    """

    table: str
    db_table: DatabaseTable
    fields: dict[str, Column]
    deletions: tuple[Column, ...]
    absent: tuple[str, ...]
    unmatched: tuple[str, ...]
    likely: dict[str, str]
    notes: tuple[str, ...]

    @property
    def id_column(self) -> Column:
        return self.fields["id"]


def load_overrides(path: str) -> Overrides:
    """LEGACY_SCHEMA_FILE as {table: {field: column}}; empty without a file.

    Raises SchemaMismatch when the file is missing, is not TOML, or lists an unknown table or field.
    """
    if not path:
        return {}
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SchemaMismatch(
            f"LEGACY_SCHEMA_FILE {Path(path).name} cannot be read as TOML.",
            hint='It contains sections such as [stagiaires] with lines such as status = "etat".',
        ) from None
    for table, fields in content.items():
        accepted = ACCEPTED.get(table)
        if accepted is None or not isinstance(fields, dict):
            raise SchemaMismatch(
                f"LEGACY_SCHEMA_FILE lists the unknown table {table}.",
                hint=f"The tables are: {', '.join(TABLES)}.",
            )
        for field, column in fields.items():
            if field not in accepted or not isinstance(column, str):
                raise SchemaMismatch(
                    f"LEGACY_SCHEMA_FILE cannot set {table}.{field}.",
                    hint=f'Fields of {table}: {", ".join(accepted)}; values are "column names".',
                )
    return content


def match(db_tables: Mapping[str, DatabaseTable], overrides: Overrides) -> dict[str, TableMap]:
    """The four tables with their columns. Raises SchemaMismatch naming what is missing and found."""
    db_table_by_name = {table: _find_table(table, db_tables) for table in TABLES}
    missing = [table for table, value in db_table_by_name.items() if value is None]
    if missing:
        raise SchemaMismatch(
            f"The legacy database lacks the table {', '.join(missing)}."
            f" Found: {', '.join(sorted(db_tables)) or 'no table at all'}.",
            hint="Check LEGACY_DB_DATABASE, and that the account may SELECT from the four tables."
            + "".join(_rename(table, db_tables) for table in missing),
        )
    tables: dict[str, TableMap] = {}
    misses: list[SchemaMismatch] = []
    for table, value in db_table_by_name.items():
        if value is not None:
            try:
                tables[table] = _match_table(table, value, overrides.get(table, {}))
            except SchemaMismatch as error:
                misses.append(error)
    if misses:
        raise _as_one(misses)
    return {table: _with_twins(value, db_tables) for table, value in tables.items()}


def _as_one(misses: list[SchemaMismatch]) -> SchemaMismatch:
    """What is missing in all tables, so that an operator mends it at once."""
    return SchemaMismatch(
        " ".join(miss.message for miss in misses), hint="\n".join(miss.hint for miss in misses)
    )


def _with_twins(table_map: TableMap, db_tables: Iterable[str]) -> TableMap:
    """The same, with a note on tables whose names differ from this one's in case only."""
    name = table_map.db_table.name
    twins = [twin for twin in db_tables if twin != name and twin.casefold() == name.casefold()]
    notes = [f"{name} is read, not {twin}" for twin in twins]
    return replace(table_map, notes=(*table_map.notes, *notes))


def _find_table(table: str, db_tables: Mapping[str, DatabaseTable]) -> DatabaseTable | None:
    """The table in its own spelling, else the only one in another case. Raises for several."""
    if table in db_tables:
        return db_tables[table]
    candidates = [value for name, value in db_tables.items() if name.casefold() == table]
    if len(candidates) > 1:
        names = ", ".join(sorted(one.name for one in candidates))
        raise SchemaMismatch(
            f"Several tables could be {table}: {names}.",
            hint=f"In a copy of the database, rename the right one: RENAME TABLE … TO {table}.",
        )
    return candidates[0] if candidates else None


def _rename(table: str, db_tables: Iterable[str]) -> str:
    """The statement that gives the likely table its name, or ""."""
    nouns = NOUNS[table]
    likely = [name for name in db_tables
              if any(not without_noun(spelling, nouns) for spelling in spellings(name))]  # fmt: skip
    return f" In a copy: RENAME TABLE {likely[0]} TO {table}." if len(likely) == 1 else ""


def _require_readable_table(table: str, db_table: DatabaseTable) -> None:
    """Raises SchemaMismatch for a view, a table that cannot be opened, and one that repeats ids."""
    if db_table.is_view:
        raise SchemaMismatch(
            f"{table} is a view, and only base tables are read: a view may run functions that write.",
            hint="Point LEGACY_DB_DATABASE at the database that contains the tables themselves.",
        )
    if not db_table.engine:
        raise SchemaMismatch(
            f"The server cannot open {table}: it is damaged.",
            hint=f"Have it repaired there (REPAIR TABLE {db_table.name}), or load the dump again.",
        )
    if db_table.engine.upper() in REPEATING_ENGINES:
        raise SchemaMismatch(
            f"{table} is a {db_table.engine} table: it joins several tables, and may contain an id in"
            " each of them.",
            hint=f"In a copy of the database: CREATE TABLE whole AS SELECT * FROM {db_table.name};"
            f" ALTER TABLE whole {NEW_ID}; then rename it, with {NEW_ID_LINE} in LEGACY_SCHEMA_FILE.",
        )


def _match_table(table: str, db_table: DatabaseTable, overrides: Mapping[str, str]) -> TableMap:
    _require_readable_table(table, db_table)
    fields, deletions, notes = _matched_fields(table, db_table, overrides)
    absent = [field for field in ACCEPTED[table] if field not in fields]
    used = {column.name for column in (*fields.values(), *deletions)}
    unmatched = [column.name for column in db_table.columns if column.name not in used]
    likely = _likely_columns(table, db_table, fields)
    _check_required(table, db_table, fields, likely)
    return TableMap(
        table=table,
        db_table=db_table,
        fields=fields,
        deletions=tuple(deletions),
        absent=tuple(absent),
        unmatched=tuple(unmatched),
        likely=likely,
        notes=(*notes, *_meaningful_columns(table, unmatched)),
    )


def _matched_fields(
    table: str, db_table: DatabaseTable, overrides: Mapping[str, str]
) -> tuple[dict[str, Column], list[Column], list[str]]:
    """Field → column, in the order of ACCEPTED; the columns of deletions; a note on every choice."""
    choices = {
        field: _override(table, field, db_table, overrides[field])
        if field in overrides
        else _with_accepted_name(db_table, ACCEPTED[table][field])
        for field in ACCEPTED[table]
    }
    notes = [
        note
        for field, columns in choices.items()
        for note in _without_floats(table, field, columns)
    ]
    used_names = {columns[0].name for columns in choices.values() if columns}
    for field, columns in choices.items():
        if not columns or (field == "deleted_at" and field not in overrides):
            new_columns = _with_its_noun(
                table, field, db_table, used_names | {c.name for c in columns}
            )
            notes += _without_floats(table, field, new_columns)
            if new_columns:
                used_names.add(new_columns[0].name)
                notes.append(f"{table}: {field} is taken to be {new_columns[0].name}")
            columns += new_columns
        if len(columns) > 1 and field == "deleted_at":
            names = ", ".join(column.name for column in columns)
            notes.append(f"{table}: a row is deleted if any of these columns marks it: {names}")
        elif len(columns) > 1:
            others = ", ".join(column.name for column in columns[1:])
            notes.append(f"{table}: {field} is read from {columns[0].name}, not {others}")
    if "id" not in overrides:
        notes += _take_primary_key(table, db_table, choices)
    fields = {field: columns[0] for field, columns in choices.items() if columns}
    return fields, choices["deleted_at"], notes


def _without_floats(table: str, field: str, columns: list[Column]) -> list[str]:
    """Remove the FLOAT columns from those of a field that cannot be read from them; a note for each."""
    lossy = [column for column in columns if column.is_lossy and field not in FROM_FLOAT]
    columns[:] = [column for column in columns if column not in lossy]
    return [
        f"{table}: {field} is not read from {column.name}: a FLOAT keeps about seven digits"
        for column in lossy
    ]


def _with_accepted_name(db_table: DatabaseTable, accepted: Iterable[str]) -> list[Column]:
    """The columns with one of these names, the best first."""
    columns = {
        column.name: column
        for name in accepted
        for column in db_table.columns
        if is_spelled(column.name, name)
    }
    return list(columns.values())


def _with_its_noun(
    table: str, field: str, db_table: DatabaseTable, used_names: set[str]
) -> list[Column]:
    """The columns whose names are accepted without the noun of their table, the best first."""
    nouns = (ID_NOUNS if field == "id" else NOUNS)[table]
    columns = {
        column.name: column
        for name in ACCEPTED[table][field]
        for column in db_table.columns
        if column.name not in used_names
        and name in [without_noun(spelling, nouns) for spelling in spellings(column.name)]
        and not (field in ("last_name", "full_name") and _is_login(column.name, db_table))
    }
    return list(columns.values())


def _is_login(name: str, db_table: DatabaseTable) -> bool:
    """`nom_utilisateur` is a login, unless there is a `prenom_utilisateur`."""
    columns = {spelling for column in db_table.columns for spelling in spellings(column.name)}
    first_names = {spelling.replace("nom", "prenom") for spelling in spellings(name)}
    return is_account_name(name) and columns.isdisjoint(first_names - set(spellings(name)))


def _take_primary_key(
    table: str, db_table: DatabaseTable, choices: dict[str, list[Column]]
) -> list[str]:
    """Take the only numeric primary key as the id where no key has an accepted name."""
    if any(column.name in db_table.keys for column in choices["id"][:1]):
        return []
    whole = [column for column in db_table.columns if not column.is_lossy]
    primary = [column for column in whole if column.name == db_table.primary_key]
    if not primary:
        return []
    choices["id"] = primary
    for field, columns in choices.items():
        if field != "id" and columns[:1] == primary:
            columns.pop(0)
    return [f"{table}: id is taken to be {primary[0].name}, its only numeric primary key"]


def _override(table: str, field: str, db_table: DatabaseTable, name: str) -> list[Column]:
    """The column that LEGACY_SCHEMA_FILE names. Raises SchemaMismatch if there is none."""
    exact = [column for column in db_table.columns if column.name == name]
    columns = exact or [column for column in db_table.columns if fold(column.name) == fold(name)]
    if not columns:
        raise SchemaMismatch(
            f"LEGACY_SCHEMA_FILE maps {table}.{field} to {name},"
            f" but that column does not exist. Found: {_names(db_table)}.",
            hint="Correct the file, or the rights of the account on that column.",
        )
    return columns


def _likely_columns(
    table: str, db_table: DatabaseTable, fields: Mapping[str, Column]
) -> dict[str, str]:
    """Absent field → the nearest of the columns that are free and may be read for it."""
    used = {column.name for column in fields.values()}
    likely: dict[str, str] = {}
    for field in ACCEPTED[table]:
        if field in fields or _is_whole_name(field, fields):
            continue
        free = [
            column.name
            for column in db_table.columns
            if column.name not in used | set(likely.values())
            and (field in FROM_FLOAT or not column.is_lossy)
        ]
        column = likely_column(table, field, ACCEPTED[table][field], free)
        if column is not None:
            likely[field] = column
    return likely


def _is_whole_name(field: str, fields: Container[str]) -> bool:
    """Whether the names are there without this field: a second one would be read instead."""
    if field == "full_name":
        return "last_name" in fields and "first_name" in fields
    return field in ("last_name", "first_name") and "full_name" in fields


def _meaningful_columns(table: str, unmatched: list[str]) -> list[str]:
    meanings = {column: meaning_of(column) for column in unmatched}
    return [
        f"{table}.{column} is not used, and may mean that a row {meaning}: look at its values"
        for column, meaning in meanings.items()
        if meaning
    ]


def _check_required(
    table: str, db_table: DatabaseTable, fields: Mapping[str, Column], likely: Mapping[str, str]
) -> None:
    for group in REQUIRED[table]:
        if not any(field in fields for field in group):
            accepted = ", ".join(name for field in group for name in ACCEPTED[table][field])
            lines = {field: likely[field] for field in group if field in likely}
            paste = f" If this is right, write into it:\n{toml(table, lines)}" if lines else ""
            raise SchemaMismatch(
                f"{table} lacks a column for {' or '.join(group)}. Found: {_names(db_table)}."
                + _unreadable(db_table),
                hint=f"Accepted names: {accepted}; or name the column in LEGACY_SCHEMA_FILE."
                + _elsewhere(db_table, group)
                + paste,
            )
    if fields["id"].name not in db_table.keys:
        raise SchemaMismatch(
            f"{table}.{fields['id'].name} is not an integer column with a primary or unique key"
            " that is never NULL, so rows could be read twice or not at all.",
            hint="Name the primary key in LEGACY_SCHEMA_FILE, or add a number to a copy of the"
            f" database: ALTER TABLE {db_table.name} {NEW_ID}, with {NEW_ID_LINE} in the file.",
        )


def _elsewhere(db_table: DatabaseTable, group: tuple[str, ...]) -> str:
    """What to do about names that are kept with accounts: only the four tables are read."""
    links = [column.name for column in db_table.columns
             if _ACCOUNTS & set("_".join(spellings(column.name)).split("_"))]  # fmt: skip
    if "last_name" not in group or not links:
        return ""
    name = db_table.name
    return (
        f" If names are kept elsewhere, by {links[0]}: in a copy of the database, CREATE TABLE whole AS"
        f" SELECT t.*, u.nom, u.prenom FROM {name} t LEFT JOIN users u ON u.id = t.{links[0]}; ALTER"
        " TABLE whole ADD PRIMARY KEY (id); then rename it."
    )


def _unreadable(db_table: DatabaseTable) -> str:
    names = ", ".join(db_table.unreadable)
    return f" The account may not read: {names}." if names else ""


def _names(db_table: DatabaseTable) -> str:
    names = (f"{c.name} (a FLOAT)" if c.is_lossy else c.name for c in db_table.columns)
    return ", ".join(names) or "no column"
