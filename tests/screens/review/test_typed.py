"""The values as typed on the page of a row: whole, unless they contain a contact."""

from typing import Any

import pytest

from ecoin.identity.masking import mask_code, mask_text
from ecoin.identity.phones import parse_phones
from legacy_import.demo.people import generate
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.screens.review.typed import TypedValues, typed_values

COLUMNS = {
    "last_name": "nom", "first_name": "prenom", "birth_date": "date_naissance", "status": "statut",
    "formation_id": "formation_id", "session_id": "session_ecoin_id",
}  # fmt: skip
RUN = LegacyImportRun(certificate={"columns": {"stagiaires": COLUMNS, "archives": COLUMNS}})


def typed(table: str = "stagiaires", **payload: Any) -> TypedValues:
    return typed_values(RUN, LegacyStudentImport(source_table=table, raw_payload=payload))


def test_doubtful_values_are_shown_as_typed() -> None:
    assert typed(
        nom="HADDAD ", prenom="KarÃ®m", date_naissance="2016-06-35", statut="Abandon 12.03.98",
        formation_id="7", session_ecoin_id="BURE-2016-06-35",
    ) == TypedValues(
        "HADDAD KarÃ®m", "2016-06-35", "Abandon 12.03.98", "7", "BURE-2016-06-35"
    )  # fmt: skip


def test_a_contact_is_masked_wherever_it_was_typed() -> None:
    assert typed(
        nom="Haddad 0559", prenom="44 61 68 père", date_naissance="05.59.44.61.68",
        statut="rappeler a.haddad@exemple.dz", formation_id="021456389",
        session_ecoin_id="0559446168",
    ) == TypedValues(
        "Haddad 05•• ••• 168 père", "05•• ••• 168", "rappeler a•••@exemple.dz", "•••• 89", "05•• ••• 168"
    )  # fmt: skip


@pytest.mark.parametrize("payload", [{}, {"date_naissance": {"hex": "00ff"}}])
def test_what_is_gone_or_is_not_text_shows_nothing(payload: dict[str, Any]) -> None:
    assert typed(**payload) == TypedValues()


def test_a_contact_at_the_cut_is_masked_whole() -> None:
    name = typed(nom="x" * 114 + " 0559446168", prenom="").name
    assert not parse_phones(name).valid
    assert "0559" not in name


def test_every_session_code_of_the_generated_school_is_shown_whole() -> None:
    codes = [row["code"] for row in generate(20_000).sessions if row["code"]]
    assert len(codes) > 1_000
    assert [code for code in codes if {mask_code(code), mask_text(code)} != {code}] == []


def test_no_phone_of_the_generated_school_is_shown() -> None:
    """Each phone is typed into each field, too."""
    shown = 0
    for number, (table, row) in enumerate(generate(3_000).learners()):
        phones = parse_phones(row["telephone"]).valid
        fields = [str(row[column] or "") for column in COLUMNS.values()]
        if number % 3 == 0 and row["telephone"]:
            place = number // 3 % len(fields)
            fields[place] = f"{fields[place]} {row['telephone']}"
        values = typed(table, **dict(zip(COLUMNS.values(), fields, strict=True)))
        for value in (values.name, values.birth_date, values.status, values.course, values.session):
            digits = "".join(filter(str.isdigit, value))
            assert not any(phone.removeprefix("213") in digits for phone in phones)
            assert not set(parse_phones(value).valid) & set(phones)
            shown += bool(value)
    assert shown > 10_000
