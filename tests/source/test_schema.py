"""Column names: what is accepted, what wins, and what the override file may say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from legacy_import.source.accepted_names import ACCEPTED, REQUIRED, TABLES
from legacy_import.source.column_names import fold
from legacy_import.source.columns import Column, DatabaseTable, ValueKind
from legacy_import.source.schema import (
    SchemaMismatch,
    TableMap,
    load_overrides,
    match,
)


def table(
    name: str, *columns: str, keys: tuple[str, ...] = ("id",), primary_key: str = ""
) -> DatabaseTable:
    return DatabaseTable(
        name=name, sql_name=name, is_view=False, engine="InnoDB", transactional=True,
        columns=tuple(Column(c, c, "text", ValueKind.TEXT, "utf8mb4", c) for c in columns),
        keys=frozenset(keys), primary_key=primary_key,
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


def matched(name: str, *columns: str, **key: Any) -> TableMap:
    return match(found(**{name: table(name, *columns, **key)}), {})[name]


def test_every_column_that_says_deleted_is_kept() -> None:
    mapped = matched("stagiaires", "id", "nom", "is_deleted", "stagiaire_supprime", "deleted_at")
    assert [c.name for c in mapped.deletions] == ["deleted_at", "is_deleted", "stagiaire_supprime"]
    assert mapped.unmatched == ()
    assert mapped.notes[-1] == (
        "stagiaires: a row is deleted if any of these columns marks it:"
        " deleted_at, is_deleted, stagiaire_supprime"
    )


def test_an_override_of_deletions_is_the_only_one() -> None:
    tables = found(stagiaires=table("stagiaires", "id", "nom", "is_deleted", "supprime", "parti"))
    mapped = match(tables, {"stagiaires": {"deleted_at": "parti"}})["stagiaires"]
    assert [column.name for column in mapped.deletions] == ["parti"]


# As public schemas of schools spell them: the whole table, and what is to be taken for what.
TABLES_IN_THE_WILD = {
    "its_own_noun_behind": (
        "stagiaires",
        ["id_stagiaire", "nom_stagiaire", "prenom_stagiaire", "tel_stagiaire", "email_stagiaire",
         "date_naissance_stagiaire", "etat_stagiaire"],
        {"id": "id_stagiaire", "last_name": "nom_stagiaire", "first_name": "prenom_stagiaire",
         "phone": "tel_stagiaire", "email": "email_stagiaire", "status": "etat_stagiaire",
         "birth_date": "date_naissance_stagiaire"},
    ),
    "humps": (
        "stagiaires",
        ["idEtudiant", "nomEtudiant", "prenomEtudiant", "telEtudiant", "emailEtudiant",
         "dateNaissance", "idFiliere"],
        {"id": "idEtudiant", "last_name": "nomEtudiant", "first_name": "prenomEtudiant",
         "phone": "telEtudiant", "email": "emailEtudiant", "birth_date": "dateNaissance",
         "formation_id": "idFiliere"},
    ),
    "its_own_noun_before": (
        "stagiaires",
        ["etudiant_id", "etudiant_nom", "etudiant_prenom", "eleve_tel", "StudentEmail"],
        {"id": "etudiant_id", "last_name": "etudiant_nom", "first_name": "etudiant_prenom",
         "phone": "eleve_tel", "email": "StudentEmail"},
    ),
    "short_forms": (
        "stagiaires",
        ["id", "nom_etud", "prenom_etud", "num_tel", "date_nais", "filiere_id"],
        {"id": "id", "last_name": "nom_etud", "first_name": "prenom_etud", "phone": "num_tel",
         "birth_date": "date_nais", "formation_id": "filiere_id"},
    ),
    "connecting_words": (
        "stagiaires",
        ["id", "Nom de l'étudiant", "Prénom du stagiaire", "N° tél", "datenais"],
        {"id": "id", "last_name": "Nom de l'étudiant", "first_name": "Prénom du stagiaire",
         "phone": "N° tél", "birth_date": "datenais"},
    ),
    "words_in_one": (
        "stagiaires",
        ["idstagiaire", "nomprenom", "telportable", "datenaiss", "idfiliere", "idgroupe"],
        {"id": "idstagiaire", "full_name": "nomprenom", "phone": "telportable",
         "birth_date": "datenaiss", "formation_id": "idfiliere", "session_id": "idgroupe"},
    ),
    "capitals": (
        "stagiaires",
        ["ID_STAGIAIRE", "NOM", "PRENOM", "DATE_NAISS", "NUM_TEL"],
        {"id": "ID_STAGIAIRE", "last_name": "NOM", "first_name": "PRENOM",
         "birth_date": "DATE_NAISS", "phone": "NUM_TEL"},
    ),
    "initials": (
        "formations", ["IDFormation", "NomFormation"], {"id": "IDFormation", "name": "NomFormation"},
    ),
    "a_course_by_its_noun": (
        "formations", ["idCours", "libelleCours"], {"id": "idCours", "name": "libelleCours"},
    ),
    "a_course_in_one_word": (
        "formations", ["id_filiere", "filiere"], {"id": "id_filiere", "name": "filiere"},
    ),
    "a_session_with_a_code": (
        "session_ecoins",
        ["idSession", "intituleSession", "idFormation", "dateDebut", "dateFin"],
        {"id": "idSession", "code": "intituleSession", "formation_id": "idFormation",
         "start_date": "dateDebut", "end_date": "dateFin"},
    ),
    "a_session_without_a_code": (
        "session_ecoins",
        ["id_session", "formation_id", "date_debut_session", "date_fin_session"],
        {"id": "id_session", "formation_id": "formation_id", "start_date": "date_debut_session",
         "end_date": "date_fin_session"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "columns", "fields"), TABLES_IN_THE_WILD.values(), ids=TABLES_IN_THE_WILD
)
def test_columns_are_recognised_as_they_are_spelled_in_the_wild(
    name: str, columns: list[str], fields: dict[str, str]
) -> None:
    mapped = matched(name, *columns, keys=(columns[0],))
    assert {field: column.name for field, column in mapped.fields.items()} == fields


def test_what_was_taken_for_what_is_noted() -> None:
    mapped = matched("stagiaires", "id", "nomEtudiant", "telEtudiant")
    assert mapped.notes == (
        "stagiaires: last_name is taken to be nomEtudiant",
        "stagiaires: phone is taken to be telEtudiant",
    )


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        # An accepted name wins over one that is accepted without its noun.
        (("id", "nom", "tel_stagiaire", "mobile"), {"phone": "mobile"}),
        # A noun of another table is no noun here, and a contact of somebody else is nobody's own.
        (("id", "nom", "tel_formation", "tel_pere"), {"phone": None}),
        (("id", "nom", "nom_formation"), {"formation_id": None}),
        # No user is a learner, whatever the account's column is called.
        (("id", "nom", "user_id"), {"id": "id"}),
    ],
)
def test_no_column_is_taken_because_of_another_noun(
    columns: tuple[str, ...], fields: dict[str, str | None]
) -> None:
    mapped = matched("stagiaires", *columns)
    for field, column in fields.items():
        assert (mapped.fields[field].name if field in mapped.fields else None) == column


@pytest.mark.parametrize("column", ["stagiaire_id", "id_etudiant", "user_id"])
def test_a_reference_to_a_learner_is_never_the_id_of_an_archived_row(column: str) -> None:
    with pytest.raises(SchemaMismatch, match="archives lacks a column for id"):
        matched("archives", column, "nom", keys=(column,))


@pytest.mark.parametrize("name", ["matricule", "num_dossier", "stagiaire_id", "code"])
def test_the_only_numeric_primary_key_is_the_id(name: str) -> None:
    mapped = matched("archives", name, "nom", keys=(name,), primary_key=name)
    assert mapped.id_column.name == name
    assert mapped.notes == (f"archives: id is taken to be {name}, its only numeric primary key",)


def test_an_id_without_a_key_gives_way_to_the_primary_key() -> None:
    mapped = matched("stagiaires", "id", "num", "nom", keys=("num",), primary_key="num")
    assert mapped.id_column.name == "num"
    assert "id" in mapped.unmatched


def test_no_primary_key_of_a_session_is_its_code_as_well() -> None:
    mapped = matched(
        "session_ecoins", "numero", "reference", "formation_id", keys=("numero",),
        primary_key="numero",
    )  # fmt: skip
    assert mapped.id_column.name == "numero"
    assert mapped.fields["code"].name == "reference"


def test_a_likely_column_is_offered_as_lines_to_paste() -> None:
    with pytest.raises(SchemaMismatch) as caught:
        matched("session_ecoins", "id", "groupe_code_x", "formation_id")
    assert '[session_ecoins]\ncode = "groupe_code_x"' in caught.value.hint


@pytest.mark.parametrize(
    ("column", "field"),
    [("contact", "phone"), ("avancement", "status"), ("telefone", "phone"), ("e_mial", "email"),
     ("statu", "status"), ("date_de_naisance", "birth_date"),
     ("formation", "formation_id"), ("groupe", "session_id")],
)  # fmt: skip
def test_the_nearest_column_is_named_and_not_taken(column: str, field: str) -> None:
    mapped = matched("stagiaires", "id", "nom", column)
    assert field not in mapped.fields
    assert mapped.likely[field] == column


@pytest.mark.parametrize(
    "column",
    ["nom_pere", "prenom_mere", "tel_tuteur", "telephone_parent", "nom_utilisateur", "user_name",
     "login", "is_selected", "is_related", "phone_mere"],
)  # fmt: skip
def test_other_people_accounts_and_lookalikes_are_neither_taken_nor_offered(column: str) -> None:
    mapped = matched("stagiaires", "id", "prenom", column)
    assert column not in [found.name for found in mapped.fields.values()]
    assert column not in [
        mapped.likely.get(field) for field in ("last_name", "full_name", "phone", "deleted_at")
    ]


def test_a_login_beside_a_first_name_of_the_account_is_a_name() -> None:
    mapped = matched("stagiaires", "id", "nom_utilisateur", "prenom_utilisateur")
    assert mapped.fields["last_name"].name == "nom_utilisateur"
    assert mapped.fields["first_name"].name == "prenom_utilisateur"


def test_no_full_name_is_offered_beside_a_first_and_last_name() -> None:
    assert "full_name" not in matched("stagiaires", "id", "nom", "prenom", "designation").likely
    assert "full_name" in matched("stagiaires", "id", "nom", "designation").likely
    assert "last_name" not in matched("stagiaires", "id", "nom_prenom", "family").likely


def test_a_float_is_offered_for_nothing_that_it_loses() -> None:
    lossy = Column("contact", "contact", "float", ValueKind.EXACT, "ascii", "contact")
    plain = table("stagiaires", "id", "nom")
    with_float = replace(plain, columns=(*plain.columns, lossy))
    assert "phone" not in match(found(stagiaires=with_float), {})["stagiaires"].likely


@pytest.mark.parametrize(
    "column", ["date_de_suppr", "deletion_stamp", "row_deleted_x", "mis_corbeille"]
)
def test_a_column_of_deletions_is_offered_for_nothing_else(column: str) -> None:
    mapped = matched("stagiaires", "id", "nom", column)
    assert mapped.fields.keys() == {"id", "last_name"}
    assert set(mapped.likely) <= {"deleted_at"}
    assert f"stagiaires.{column} is not used, and may mean that a row is deleted" in mapped.notes[0]


def test_all_tables_are_examined_before_a_miss_is_told() -> None:
    with pytest.raises(SchemaMismatch) as caught:
        match(
            found(formations=table("formations", "id", "x"), stagiaires=table("stagiaires", "id")),
            {},
        )
    assert "stagiaires lacks a column" in caught.value.message
    assert "formations lacks a column" in caught.value.message
    assert caught.value.hint.count("LEGACY_SCHEMA_FILE") >= 2


@pytest.mark.parametrize("column", ["ville", "sexe", "photo", "remarque", "updated_at", "cni"])
def test_no_column_is_offered_that_is_near_to_nothing(column: str) -> None:
    assert column not in matched("stagiaires", "id", "nom", column).likely.values()


@pytest.mark.parametrize(
    "column",
    [
        "actif",
        "is_active",
        "annule",
        "estAnnulee",
        "ABANDON",
        "brouillon",
        "doublon_de",
        "deleted_by",
        "suppressionDate",
        "motif_suppr",
        "soft_del",
    ],
)
def test_a_column_that_changes_what_a_row_means_is_noted(column: str) -> None:
    (note,) = matched("stagiaires", "id", "nom", column).notes
    assert note.startswith(f"stagiaires.{column} is not used, and may mean that a row ")


@pytest.mark.parametrize("column", ["activite", "ville", "remise", "note", "latitude"])
def test_an_ordinary_column_is_not(column: str) -> None:
    assert matched("stagiaires", "id", "nom", column).notes == ()


def test_an_id_that_is_no_number_says_what_to_add_to_a_copy() -> None:
    with pytest.raises(SchemaMismatch) as caught:
        matched("formations", "id", "nom", keys=())
    assert "ALTER TABLE formations ADD legacy_row_id BIGINT UNSIGNED" in caught.value.hint
    assert 'id = "legacy_row_id"' in caught.value.hint


@pytest.mark.parametrize("written", ["Prénom", "PRENOM", " prenom ", "prénom", "PréNom"])
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
    with pytest.raises(SchemaMismatch, match=r"stagiaires\.status to suivi, but that column does"):
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
