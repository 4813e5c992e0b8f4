"""What a staged row keeps as found (the payload) and what is derived from it (the columns)."""

import datetime
import hashlib
import json
from typing import Any

import pytest

from legacy_import.models import IdentityKey, LegacyStudentImport
from tests.legacy_database import (
    COLUMNS,
    MakeLegacy,
    ServerLegacy,
    learner,
    sqlite_legacy,
    tables,
)
from tests.stages.importing import import_from, staged

pytestmark = pytest.mark.django_db


class TestPayload:
    ROW = {**learner(3, nom="Zoé\x00", remarque=None), "prenom": "Amel"}
    TEXT = (
        '{"date_naissance":"1999-02-03","email":"amel3@exemple.dz","formation_id":"1","id":"3",'
        '"nom":"Zo\\u00e9\\u0000","prenom":"Amel","remarque":null,"session_ecoin_id":"10",'
        '"statut":"Form\\u00e9e","telephone":"0559000003"}'
    )

    def test_its_hash_is_the_same_on_every_database_and_in_every_run(
        self, make_legacy: MakeLegacy
    ) -> None:
        database = make_legacy(tables([self.ROW]))
        hashes = {
            staged(import_from(database).run)["stagiaires", "3"].payload_hash for _ in range(2)
        }
        assert hashes == {hashlib.sha256(self.TEXT.encode()).hexdigest()}

    def test_it_can_be_read_back_whole(self, make_legacy: MakeLegacy) -> None:
        one = staged(import_from(make_legacy(tables([self.ROW]))).run)["stagiaires", "3"]
        assert one.raw_payload == json.loads(self.TEXT)

    @pytest.mark.parametrize("column", sorted(set(COLUMNS["stagiaires"]) - {"id"}))
    def test_its_hash_changes_with_every_column(self, column: str, tmp_path: Any) -> None:
        hashes = []
        for value in ("1", "2", None):
            database = sqlite_legacy(tmp_path / "l.sqlite3", tables([{"id": 1, column: value}]))
            hashes.append(staged(import_from(database).run)["stagiaires", "1"].payload_hash)
        assert len(set(hashes)) == 3


NORMALIZED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "phone": ({"telephone": "0559446168"}, {"phone_raw": "0559446168",
                                            "phone_normalized": "213559446168"}),
    "first_valid_phone": ({"telephone": "123 / 0776 84 51 60"},
                          {"phone_normalized": "213776845160",
                           "phone_raw": "123 / 0776 84 51 60"}),
    "short_phone": ({"telephone": "05594"}, {"phone_normalized": None, "phone_raw": "05594"}),
    "email_key": ({"email": " Amel.H@Exemple.DZ "}, {"email_normalized": "amel.h@exemple.dz",
                                                     "email_raw": " Amel.H@Exemple.DZ "}),
    "slash_is_no_email": ({"email": "/"}, {"email_normalized": None, "email_raw": "/"}),
    "school_placeholder": ({"email": "ECOIN.hank@gmail.com"}, {"email_normalized": None}),
    "status_as_found": ({"statut": "  FormÃ©e "}, {"raw_status": "  FormÃ©e "}),
    "birth_date": ({"date_naissance": "1999-02-03"}, {"birth_date": datetime.date(1999, 2, 3)}),
    "impossible_date": ({"date_naissance": "2019-02-31"}, {"birth_date": None}),
    "zero_date": ({"date_naissance": "0000-00-00"}, {"birth_date": None}),
    "no_formation": ({"formation_id": "0", "session_ecoin_id": None},
                     {"legacy_formation_id": None, "legacy_session_id": None}),
    "leading_zeros": ({"formation_id": "007"}, {"legacy_formation_id": "7"}),
    "names": ({"nom": "BEN ALI", "prenom": "Med"}, {"first_name": "Med", "last_name": "BEN ALI",
                                                    "full_name": "Med BEN ALI",
                                                    "name_key": "benali mohamed"}),
    "nul_left_out": ({"nom": "Ka\x00rim", "prenom": ""}, {"last_name": "Karim"}),
}  # fmt: skip


class TestNormalizedColumns:
    @pytest.mark.parametrize("name", NORMALIZED)
    def test_what_was_typed_becomes_what_is_compared(self, name: str, tmp_path: Any) -> None:
        fields, expected = NORMALIZED[name]
        database = sqlite_legacy(tmp_path / "l.sqlite3", tables([learner(1, **fields)]))
        row = LegacyStudentImport.objects.filter(pk=staged(import_from(database).run)[
            "stagiaires", "1"].pk).values(*expected).get()  # fmt: skip
        assert row == expected

    def test_the_padding_of_binary_columns_is_no_damage(self, make_legacy: MakeLegacy) -> None:
        plain = {**learner(1), "prenom": "Amel", "email": "amel@exemple.dz"}
        pad = {"nom": 20, "prenom": 20, "telephone": 15, "email": 30, "date_naissance": 12,
               "statut": 20, "formation_id": 4}  # fmt: skip
        padded = {name: text + "\x00" * (pad.get(name, 0) - len(str(text))) if name in pad else text
                  for name, text in plain.items()}  # fmt: skip
        database = make_legacy(tables([{**padded, "id": 1}, {**plain, "id": 2}]))
        if isinstance(database, ServerLegacy):
            database.execute(*(f"ALTER TABLE stagiaires MODIFY {name} BINARY({width})"
                               for name, width in pad.items()))  # fmt: skip
        found = staged(import_from(database).run)
        one, two = found["stagiaires", "1"], found["stagiaires", "2"]
        assert (one.validation_issues, two.validation_issues) == ([], [])
        for column in ("full_name", "name_key", "phone_normalized", "email_normalized", "birth_date",
                       "classification", "legacy_formation_id"):  # fmt: skip
            assert getattr(one, column) == getattr(two, column), column

    def test_every_contact_and_name_has_its_keys(self, make_legacy: MakeLegacy) -> None:
        rows = [learner(1, telephone="0559446168 / 0776845160"), {"id": 2}]
        run = import_from(make_legacy(tables(rows))).run
        found = staged(run)
        keys = IdentityKey.objects.filter(scope=run, owner_kind="staged")
        values = set(keys.filter(owner_id=found["stagiaires", "1"].pk).values_list("kind", "value"))
        assert {("P", "213559446168"), ("P", "213776845160"), ("E", "amel1@exemple.dz")} <= values
        assert {"S", "D"} <= {kind for kind, _ in values}
        assert not keys.filter(owner_id=found["stagiaires", "2"].pk).exists()
