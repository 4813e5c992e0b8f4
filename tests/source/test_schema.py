"""Column names: what is accepted, what wins, and what the override file may say."""

from pathlib import Path

import pytest

from legacy_import.source.columns import Column, DatabaseTable, ValueKind
from legacy_import.source.schema import (
    ACCEPTED,
    REQUIRED,
    TABLES,
    SchemaMismatch,
    fold,
    load_overrides,
    match,
)


def table(name: str, *columns: str, keys: tuple[str, ...] = ("id",)) -> DatabaseTable:
    return DatabaseTable(
        name=name, sql_name=name, is_view=False, engine="InnoDB", transactional=True,
        columns=tuple(Column(c, c, "text", ValueKind.TEXT, "utf8mb4", c) for c in columns),
        keys=frozenset(keys),
    )  # fmt: skip


def found(**changed: DatabaseTable) -> dict[str, DatabaseTable]:
    return {
        "stagiaires": table("stagiaires", "id", "nom"),
        "archives": table("archives", "id", "nom"),
        "formations": table("formations", "id", "nom"),
        "session_ecoins": table("session_ecoins", "id", "code", "formation_id"),
        **changed,
    }


ACCEPTED_NAMES = [
    (table_name, field, name)
    for table_name, fields in ACCEPTED.items()
    for field, names in fields.items()
    if field != "id"
    for name in names
]


@pytest.mark.parametrize(("table_name", "field", "name"), ACCEPTED_NAMES)
def test_every_accepted_name_is_found_alone(table_name: str, field: str, name: str) -> None:
    base = [column.name for column in found()[table_name].columns]
    required_by_other = [
        column for column in base if fold(column) not in ACCEPTED[table_name][field]
    ]
    columns = [*required_by_other, name.upper()]
    if table_name in ("stagiaires", "archives") and field == "phone":
        columns.append("nom")
    mapped = match(found(**{table_name: table(table_name, *dict.fromkeys(columns))}), {})
    assert mapped[table_name].fields[field].name == name.upper()


@pytest.mark.parametrize("written", ["Prénom", "PRENOM", " prenom ", "prénom"])
def test_case_accents_and_blanks_of_a_column_name_do_not_matter(written: str) -> None:
    mapped = match(found(stagiaires=table("stagiaires", "id", "nom", written)), {})
    assert mapped["stagiaires"].fields["first_name"].name == written


def test_the_first_accepted_name_wins_and_the_other_is_noted() -> None:
    mapped = match(found(stagiaires=table("stagiaires", "id", "nom", "mobile", "tel")), {})
    assert mapped["stagiaires"].fields["phone"].name == "tel"
    assert mapped["stagiaires"].notes == ("stagiaires: phone is read from tel, not mobile",)
    assert "mobile" in mapped["stagiaires"].unmatched


@pytest.mark.parametrize("table_name", TABLES)
def test_a_required_column_that_is_missing_names_what_there_is(table_name: str) -> None:
    with pytest.raises(SchemaMismatch, match="Found: id, autre") as caught:
        match(found(**{table_name: table(table_name, "id", "autre")}), {})
    assert "LEGACY_SCHEMA_FILE" in caught.value.hint
    assert REQUIRED[table_name]


def test_an_override_beats_the_table_and_matches_in_any_case() -> None:
    columns = found(stagiaires=table("stagiaires", "id", "nom", "statut", "Etat_Dossier"))
    mapped = match(columns, {"stagiaires": {"status": "etat_dossier"}})
    assert mapped["stagiaires"].fields["status"].name == "Etat_Dossier"


def test_an_override_to_a_column_that_does_not_exist_stops() -> None:
    with pytest.raises(SchemaMismatch, match=r"stagiaires\.status is suivi, but that column does"):
        match(found(), {"stagiaires": {"status": "suivi"}})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not toml at all [", "cannot be read as TOML"),
        ('[etudiants]\nid = "x"\n', "unknown table etudiants"),
        ('[stagiaires]\nshoe_size = "x"\n', "cannot set stagiaires.shoe_size"),
        ("[stagiaires]\nstatus = 3\n", "cannot set stagiaires.status"),
        ("stagiaires = 1\n", "unknown table stagiaires"),
    ],
)
def test_a_bad_override_file_says_what_is_wrong(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(content)
    with pytest.raises(SchemaMismatch, match=says) as caught:
        load_overrides(str(path))
    assert caught.value.hint


def test_no_file_means_no_overrides_and_a_missing_file_is_named(tmp_path: Path) -> None:
    assert load_overrides("") == {}
    with pytest.raises(SchemaMismatch, match=r"nothing\.toml"):
        load_overrides(str(tmp_path / "nothing.toml"))
