"""The columns of the old tables for each field: a table of accepted names, and a file of overrides.

Names are compared folded (case, accents, spaces). If two columns match one field, the first accepted
name wins and the other is noted.
"""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from legacy_import.errors import LegacyImportError
from legacy_import.source.columns import Column, DatabaseTable

# A mark of rows that the old platform treats as deleted: a date, or a flag.
_DELETED = {
    "deleted_at": ("deleted_at", "date_suppression", "supprime_le", "date_supprime", "deleted_on",
                   "date_deleted", "is_deleted", "deleted", "est_supprime", "supprime", "is_supprime",
                   "efface", "est_efface", "corbeille", "en_corbeille", "is_trashed", "trashed_at",
                   "trashed", "trash", "poubelle", "removed_at", "is_removed", "soft_deleted",
                   "del_flag", "flag_deleted", "deletedat", "isdeleted"),
}  # fmt: skip

_LEARNER = {
    "last_name": ("nom", "nom_famille", "nom_de_famille", "last_name", "lastname", "family_name",
                  "surname"),
    "first_name": ("prenom", "prenoms", "first_name", "firstname", "given_name"),
    "full_name": ("nom_prenom", "nom_et_prenom", "nomprenom", "prenom_nom", "nom_complet",
                  "full_name", "fullname", "name"),
    "phone": ("telephone", "tel", "phone", "mobile", "gsm", "portable", "num_tel", "numero_tel",
              "num_telephone", "numero_telephone", "phone_number", "telephone1", "tel1"),
    "email": ("email", "mail", "e_mail", "adresse_email", "adresse_mail", "courriel",
              "email_address"),
    "birth_date": ("date_naissance", "date_de_naissance", "datenaissance", "naissance",
                   "birth_date", "birthdate", "date_of_birth", "birthday", "dob", "ddn"),
    "status": ("statut", "status", "etat", "situation"),
    # Ids only: a bare `formation` or `session` may contain a name; the override file can map it.
    "formation_id": ("formation_id", "id_formation", "formations_id", "course_id"),
    "session_id": ("session_ecoin_id", "session_ecoins_id", "id_session_ecoin", "session_id",
                   "id_session"),
    "created_at": ("created_at", "date_creation", "date_inscription", "date_ajout"),
    "completed_at": ("completed_at", "date_fin_formation", "date_obtention", "date_fin"),
    **_DELETED,
}  # fmt: skip

ACCEPTED: dict[str, dict[str, tuple[str, ...]]] = {
    "stagiaires": {"id": ("id", "id_stagiaire", "stagiaire_id"), **_LEARNER},
    # `stagiaire_id` there refers to a learner, never to the archived row itself.
    "archives": {"id": ("id", "id_archive", "archive_id"), **_LEARNER},
    "formations": {
        "id": ("id", "id_formation", "formation_id"),
        "name": ("nom", "name", "intitule", "titre", "title", "libelle", "designation",
                 "nom_formation"),
        **_DELETED,
    },
    "session_ecoins": {
        "id": ("id", "id_session_ecoin", "session_ecoin_id", "id_session", "session_id"),
        "code": ("code", "code_session", "reference", "ref", "nom", "name", "titre", "libelle"),
        "formation_id": ("formation_id", "id_formation", "formations_id", "course_id"),
        "start_date": ("date_debut", "start_date", "debut"),
        "end_date": ("date_fin", "end_date", "fin"),
        **_DELETED,
    },
}  # fmt: skip

TABLES = tuple(ACCEPTED)

# Without these a run cannot start; one field of each group is enough.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "stagiaires": (("id",), ("last_name", "full_name", "first_name")),
    "archives": (("id",), ("last_name", "full_name", "first_name")),
    "formations": (("id",), ("name",)),
    "session_ecoins": (("id",), ("code",), ("formation_id",)),
}

# What a FLOAT column may contain. It keeps some seven digits: any other field would be another number.
FROM_FLOAT = frozenset({"status", "deleted_at"})

Overrides = Mapping[str, Mapping[str, str]]


class SchemaMismatch(LegacyImportError):
    """The database does not have the tables or columns that the import needs."""


@dataclass(frozen=True, slots=True)
class TableMap:
    """A table of the database with its fields: canonical name → column. `notes` are sentences."""

    table: str
    db_table: DatabaseTable
    fields: dict[str, Column]
    absent: tuple[str, ...]
    unmatched: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def id_column(self) -> Column:
        return self.fields["id"]


def fold(name: str) -> str:
    """A column name without case, accents and different separators: `Prénom ` → `prenom`."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain.replace(" ", "_").replace("-", "_")


def load_overrides(path: str) -> Overrides:
    """LEGACY_SCHEMA_FILE as {table: {field: column}}; empty without a file.

    Raises SchemaMismatch when the file is missing, is not TOML, or names an unknown table or field.
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
                f"LEGACY_SCHEMA_FILE names the unknown table {table}.",
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
            hint="Check LEGACY_DB_DATABASE, and that the account may SELECT from the four tables.",
        )
    return {
        table: _match_table(table, value, overrides.get(table, {}))
        for table, value in db_table_by_name.items()
        if value is not None
    }


def _find_table(table: str, db_tables: Mapping[str, DatabaseTable]) -> DatabaseTable | None:
    if table in db_tables:
        return db_tables[table]
    candidates = [value for name, value in db_tables.items() if name.casefold() == table]
    return candidates[0] if len(candidates) == 1 else None


def _match_table(table: str, db_table: DatabaseTable, overrides: Mapping[str, str]) -> TableMap:
    if db_table.is_view:
        raise SchemaMismatch(
            f"{table} is a view, and only base tables are read: a view may run functions that write.",
            hint="Point LEGACY_DB_DATABASE at the database that contains the tables themselves.",
        )
    fields: dict[str, Column] = {}
    notes: list[str] = []
    for field in ACCEPTED[table]:
        columns = _matching_columns(table, field, db_table, overrides.get(field))
        if field not in FROM_FLOAT:
            lossy = [column for column in columns if column.is_lossy]
            columns = [column for column in columns if not column.is_lossy]
            notes += [
                f"{table}: {field} is not read from {column.name}: a FLOAT keeps about seven digits"
                for column in lossy
            ]
        if columns:
            fields[field] = columns[0]
            others = ", ".join(column.name for column in columns[1:])
            if others:
                notes.append(f"{table}: {field} is read from {columns[0].name}, not {others}")
    _check_required(table, db_table, fields)
    used = {column.name for column in fields.values()}
    return TableMap(
        table=table,
        db_table=db_table,
        fields=fields,
        absent=tuple(field for field in ACCEPTED[table] if field not in fields),
        unmatched=tuple(column.name for column in db_table.columns if column.name not in used),
        notes=tuple(notes),
    )


def _matching_columns(
    table: str, field: str, db_table: DatabaseTable, override: str | None
) -> list[Column]:
    """The columns that match a field, the best first. An override allows no other."""
    if override is None:
        accepted = ACCEPTED[table][field]
        return [
            column for name in accepted for column in db_table.columns if fold(column.name) == name
        ]
    exact = [column for column in db_table.columns if column.name == override]
    columns = exact or [c for c in db_table.columns if fold(c.name) == fold(override)]
    if not columns:
        raise SchemaMismatch(
            f"LEGACY_SCHEMA_FILE says {table}.{field} is {override},"
            f" but that column does not exist. Found: {_names(db_table)}.",
            hint="Correct the file, or the rights of the account on that column.",
        )
    return columns


def _check_required(table: str, db_table: DatabaseTable, fields: Mapping[str, Column]) -> None:
    for group in REQUIRED[table]:
        if not any(field in fields for field in group):
            accepted = ", ".join(name for field in group for name in ACCEPTED[table][field])
            raise SchemaMismatch(
                f"{table} lacks a column for {' or '.join(group)}. Found: {_names(db_table)}.",
                hint=f"Accepted names: {accepted}; or name the column in LEGACY_SCHEMA_FILE.",
            )
    if fields["id"].name not in db_table.keys:
        raise SchemaMismatch(
            f"{table}.{fields['id'].name} is not an integer column with a primary or unique key"
            " that is never NULL, so rows could be read twice or not at all.",
            hint="Name the primary key in LEGACY_SCHEMA_FILE, or have a unique index added there.",
        )


def _names(db_table: DatabaseTable) -> str:
    names = (f"{c.name} (a FLOAT)" if c.is_lossy else c.name for c in db_table.columns)
    return ", ".join(names) or "no column"
