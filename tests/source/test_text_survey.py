"""What a preflight counts in text columns: scripts, entities and damage, and no value."""

from pathlib import Path
from typing import Any

import pytest

from legacy_import.source.reader import open_source
from legacy_import.source.text_survey import ColumnTexts, survey_texts
from tests.legacy_database import MakeLegacy, as_legacy, learner, tables
from tests.management.calling import done
from tests.source.conftest import OldDatabase
from tests.source_fixtures import AliasOpener


def counted(value: str) -> set[str]:
    """The names of the counts that one value raises."""
    texts = ColumnTexts("utf8mb4")
    texts.add(value)
    names = ("latin", "arabic", "other_scripts", "entities", "double_encoded", "lost_letters")
    return {name for name in names if getattr(texts, name)}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Haddad", {"latin"}),
        ("Béchir", {"latin"}),
        ("أمينة", {"arabic"}),
        ("Amina أمينة", {"latin", "arabic"}),
        ("Амина", {"other_scripts"}),
        ("0559446168", set()),
        ("12/03/2001", set()),
        ("Form&eacute;e", {"latin", "entities"}),
        ("amel&#64;yahoo.fr", {"latin", "entities"}),
        ("&#1571;&#1605;&#x64A;", {"latin", "entities"}),
        ("Khaled & fils; Oran", {"latin"}),
        ("R&D;", {"latin"}),
        ("FormÃ©e", {"latin", "double_encoded"}),
        ("Form?e", {"latin", "lost_letters"}),
        ("????", {"lost_letters"}),
        ("Reporter ?", {"latin"}),
        ("Form\ufffde", {"latin", "lost_letters"}),
    ],
)
def test_a_value_is_counted_for_what_it_contains(value: str, names: set[str]) -> None:
    assert counted(value) == names


@pytest.mark.django_db
def test_every_text_column_is_counted_row_by_row(make_legacy: MakeLegacy) -> None:
    rows = [
        learner(1, nom="Haddad", statut="Form&eacute;e"),
        learner(2, nom="حداد", statut="FormÃ©e"),
        learner(3, nom="Had?ad", statut=None),
        learner(4, nom="", statut="nouveau"),
    ]
    with as_legacy(make_legacy(tables(rows))), open_source("legacy") as source:
        texts = survey_texts(source)
    nom, statut = texts["stagiaires"]["nom"], texts["stagiaires"]["statut"]
    assert nom | {"charset": ""} == {
        "charset": "", "values": 3, "latin": 2, "arabic": 1, "other_scripts": 0, "entities": 0,
        "double_encoded": 0, "lost_letters": 1, "unreadable": 0,
    }  # fmt: skip
    assert (statut["values"], statut["entities"], statut["double_encoded"]) == (3, 1, 1)
    assert "telephone" not in texts["stagiaires"], "digits are no text worth a line"
    assert "nom" in texts["formations"]


def test_the_charset_and_what_is_no_text_in_it_are_told(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    old.execute(
        "ALTER TABLE formations ADD ville VARCHAR(50) CHARACTER SET latin1,"
        " ADD note VARBINARY(50), ADD lieu VARCHAR(50) CHARACTER SET swe7",
        b"UPDATE formations SET ville = _latin1'Bou\xe9ra', lieu = 'Oran' WHERE id = 1",
    )
    with legacy_alias(old.name), open_source("legacy") as source:
        texts = survey_texts(source)["formations"]
    assert texts["ville"]["charset"] == "latin1"
    assert (texts["ville"]["latin"], texts["ville"]["unreadable"]) == (1, 0)
    assert (texts["lieu"]["charset"], texts["lieu"]["unreadable"]) == ("swe7", 1)
    assert "note" not in texts


@pytest.mark.django_db
class TestCheck:
    def test_it_prints_the_counts_and_no_value(self, make_legacy: MakeLegacy) -> None:
        rows = [learner(1, nom="Secretname", statut="Form&eacute;e")]
        with as_legacy(make_legacy(tables(rows))):
            ended = done("legacy_import", "--check")
            told = done("legacy_import", "--check", "--json").told
        assert "Secretname" not in ended.out + str(told)
        (line,) = [line for line in ended.out.splitlines() if "stagiaires.statut" in line]
        assert line.split(maxsplit=2)[2].strip() == "1; latin 1, entities 1"
        assert told["counts"]["text_columns"]["stagiaires"]["statut"]["entities"] == 1

    def test_it_prints_the_lines_that_a_schema_file_may_need(
        self, make_legacy: MakeLegacy, tmp_path: Path, settings: Any
    ) -> None:
        database = make_legacy(tables([learner(1)]))
        database.execute(
            "ALTER TABLE stagiaires RENAME COLUMN telephone TO contact",
            "ALTER TABLE archives RENAME COLUMN statut TO avancement",
        )
        with as_legacy(database):
            printed = done("legacy_import", "--check").out
            lines = printed[printed.index("[stagiaires]") : printed.index("Check passed")]
            assert lines == '[stagiaires]\nphone = "contact"\n[archives]\nstatus = "avancement"\n'
            path = tmp_path / "schema.toml"
            path.write_text(lines)
            settings.LEGACY_SCHEMA_FILE = str(path)
            with open_source("legacy") as source:
                assert source.certificate.columns["stagiaires"]["phone"] == "contact"
                assert source.certificate.columns["archives"]["status"] == "avancement"
                assert source.certificate.likely_columns == {}
