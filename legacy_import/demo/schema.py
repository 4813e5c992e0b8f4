"""The four tables of the fictional legacy database, with their types on both servers."""

from typing import NamedTuple


class DemoColumn(NamedTuple):
    """A column of the legacy database, with its type on both servers."""

    name: str
    sqlite: str
    mysql: str


# Each table has its own irregularities, so that every reading rule has its case:
# stagiaires has birth dates and session ids as free text; archives has real DATE columns (zero
# and impossible dates included) in a latin1 table, where Arabic survives only double-encoded.
# stagiaires.prenom is VARBINARY because MySQL and MariaDB replace bytes that are not UTF-8 with `?`
# in every utf8 column: a binary one is the only one from which such bytes reach the reader.
_LEARNER = (
    DemoColumn("id", "INTEGER PRIMARY KEY", "BIGINT UNSIGNED NOT NULL PRIMARY KEY"),
    DemoColumn("nom", "TEXT", "VARCHAR(1000)"),
    DemoColumn("prenom", "TEXT", "VARCHAR(1000)"),
    DemoColumn("date_naissance", "TEXT", "VARCHAR(40)"),
    DemoColumn("telephone", "TEXT", "VARCHAR(190)"),
    DemoColumn("email", "TEXT", "VARCHAR(190)"),
    DemoColumn("statut", "TEXT", "VARCHAR(190)"),
    DemoColumn("formation_id", "INTEGER", "BIGINT"),
    DemoColumn("session_ecoin_id", "TEXT", "VARCHAR(20)"),
    DemoColumn("adresse", "TEXT", "TEXT"),
    DemoColumn("wilaya", "TEXT", "VARCHAR(60)"),
    DemoColumn("niveau", "TEXT", "VARCHAR(60)"),
    DemoColumn("remarque", "TEXT", "LONGTEXT"),
    DemoColumn("created_at", "TEXT", "DATETIME"),
    DemoColumn("updated_at", "TEXT", "DATETIME"),
)
_STAGIAIRES_TYPES = {"prenom": ("TEXT", "VARBINARY(1000)")}
_ARCHIVES_TYPES = {
    "date_naissance": ("TEXT", "DATE"),
    "session_ecoin_id": ("INTEGER", "BIGINT"),
}


def _with_types(types: dict[str, tuple[str, str]]) -> tuple[DemoColumn, ...]:
    return tuple(DemoColumn(c.name, *types.get(c.name, (c.sqlite, c.mysql))) for c in _LEARNER)


TABLES: dict[str, tuple[DemoColumn, ...]] = {
    "formations": (
        DemoColumn("id", "INTEGER PRIMARY KEY", "BIGINT UNSIGNED NOT NULL PRIMARY KEY"),
        DemoColumn("nom", "TEXT", "VARCHAR(190)"),
        DemoColumn("duree", "TEXT", "VARCHAR(60)"),
        DemoColumn("prix", "NUMERIC", "DECIMAL(10,2)"),
        DemoColumn("created_at", "TEXT", "DATETIME"),
    ),
    "session_ecoins": (
        DemoColumn("id", "INTEGER PRIMARY KEY", "BIGINT UNSIGNED NOT NULL PRIMARY KEY"),
        DemoColumn("code", "TEXT", "VARCHAR(190)"),
        DemoColumn("formation_id", "INTEGER", "BIGINT"),
        DemoColumn("date_debut", "TEXT", "DATE"),
        DemoColumn("date_fin", "TEXT", "DATE"),
    ),
    "stagiaires": _with_types(_STAGIAIRES_TYPES),
    "archives": (*_with_types(_ARCHIVES_TYPES), DemoColumn("date_archive", "TEXT", "DATE")),
}
MYSQL_CHARSET = {"archives": "latin1"}  # everything else is utf8mb4
