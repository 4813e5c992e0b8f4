"""Every source row becomes exactly one staged row with exactly one training row, without loss."""

import datetime
import hashlib
from typing import Any

import pytest

from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.staging import table_import
from legacy_import.stages.staging.import_source import preflight
from tests.database_server import DatabaseServer
from tests.legacy_database import (
    COLUMNS,
    MakeLegacy,
    as_legacy,
    learner,
    server_legacy,
    tables,
)
from tests.stages.importing import (
    Meanwhile,
    content,
    import_from,
    latest,
    receipts,
    staged,
)

pytestmark = pytest.mark.django_db

HUGE = "é" * 1_500_000  # 3 MB in UTF-8
HIDDEN = {"hex": b"Zo\xe9".hex()}

# name: (fields of the row, payload columns that differ from the fields, issues it must carry)
DIRT: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "tidy": ({}, {}, set()),
    "all_null": (dict.fromkeys(("nom", "prenom", "telephone", "email", "date_naissance",
                                "statut", "formation_id", "session_ecoin_id")), {},
                 {"name_missing"}),
    "no_name": ({"nom": "", "prenom": "  "}, {}, {"name_missing"}),
    "bytes_that_are_no_text": ({"prenom": b"Zo\xe9"}, {"prenom": HIDDEN}, {"unreadable:prenom"}),
    "lone_surrogate": ({"prenom": b"Nad\xed\xa0\xbdia"},
                       {"prenom": {"hex": b"Nad\xed\xa0\xbdia".hex()}}, {"unreadable:prenom"}),
    "nul": ({"nom": "Ka\x00rim", "remarque": "avant\x00après"}, {}, {"text_damaged:last_name"}),
    "three_megabytes": (
        {"remarque": HUGE},
        {"remarque": {"cut": HUGE[: 1_048_576 // 2], "length": 3_000_000,
                      "sha256": hashlib.sha256(HUGE.encode()).hexdigest()}},
        {"value_cut:remarque"}),
    "over_long": ({"nom": "Ben" * 300, "statut": "x" * 300}, {},
                  {"column_cut:last_name", "column_cut:raw_status"}),
    "double_encoded": ({"statut": "FormÃ©e", "nom": "BelaÃ¯d"}, {},
                       {"text_repaired:status", "text_repaired:last_name"}),
    "arabic_emoji_bidi": ({"nom": "حداد\u202e", "prenom": "Amina 🎓"}, {}, set()),
    "quotes_and_markup": ({"nom": "O'Hara'); DROP TABLE x;--", "prenom": "<b>%s\\</b>"}, {}, set()),
    "zero_date": ({"date_naissance": "0000-00-00"}, {}, set()),
    "reference_to_nothing": ({"formation_id": "0", "session_ecoin_id": ""}, {}, set()),
    "reference_no_number": ({"session_ecoin_id": "voir"}, {}, {"session_id_invalid"}),
}  # fmt: skip


def dirty_rows() -> dict[str, dict[str, Any]]:
    return {
        name: learner(number, **fields)
        for number, (name, (fields, _, _)) in enumerate(DIRT.items(), start=1)
    }


class TestEveryRowIsStaged:
    @pytest.mark.parametrize("table", ["stagiaires", "archives"])
    def test_a_row_is_staged_once_whatever_it_holds(
        self, table: str, make_legacy: MakeLegacy
    ) -> None:
        rows = dirty_rows()
        database = make_legacy(tables(**{table: list(rows.values())}))
        report = import_from(database)
        found = staged(report.run)
        assert set(found) == {(table, str(row["id"])) for row in rows.values()}
        for name, row in rows.items():
            one = found[table, str(row["id"])]
            _, differs, issues = DIRT[name]
            expected = {**dict.fromkeys(COLUMNS[table]), **row, "id": str(row["id"]), **differs}
            assert one.raw_payload == expected, name
            assert issues <= set(one.validation_issues), name
            assert one.training.legacy_formation_id == one.legacy_formation_id
            assert one.training.legacy_session_id == one.legacy_session_id
        assert report.counts["tables"][table] == {  # type: ignore[index]
            "source": len(rows), "staged": len(rows)
        }  # fmt: skip
        assert report.certificate["oversized_values"][table] == {"remarque": 1}  # type: ignore[index]

    def test_an_unreadable_row_keeps_what_could_be_read(self, make_legacy: MakeLegacy) -> None:
        row = learner(1, prenom=b"Zo\xe9", statut="Archivé")
        one = staged(import_from(make_legacy(tables([row]))).run)["stagiaires", "1"]
        assert (one.first_name, one.last_name, one.raw_status) == ("", "Haddad", "Archivé")
        assert one.phone_normalized == "213559000001"

    def test_the_largest_unsigned_id_is_kept(
        self, db_server: DatabaseServer, server_legacy_name: str
    ) -> None:
        largest = 2**64 - 1
        rows = [learner(7), learner(largest, formation_id=str(largest))]
        database = server_legacy(db_server, server_legacy_name, tables(rows))
        found = staged(import_from(database).run)
        assert set(found) == {("stagiaires", "7"), ("stagiaires", str(largest))}
        assert found["stagiaires", str(largest)].training.legacy_formation_id == str(largest)

    def test_the_same_id_in_both_tables_is_two_rows(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([learner(5)], [learner(5)]))
        assert set(staged(import_from(database).run)) == {("stagiaires", "5"), ("archives", "5")}

    def test_empty_tables_give_an_empty_run_that_is_finished(self, make_legacy: MakeLegacy) -> None:
        report = import_from(make_legacy(tables(formations=(), session_ecoins=())))
        assert (report.counts["rows"], latest().status) == (0, "imported")
        assert receipts(report.run) == []

    def test_rows_that_appear_behind_the_snapshot_stop_the_run(
        self, db_server: DatabaseServer, server_legacy_name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """MyISAM has no snapshot: what the import counted is no longer what it read."""
        monkeypatch.setattr(table_import, "PAGE_ROWS", 2)
        rows = [learner(number) for number in range(1, 13)]  # more than are read ahead
        database = server_legacy(db_server, server_legacy_name, tables(rows), engine="MyISAM")
        late = Meanwhile(1, lambda: database.execute("INSERT INTO stagiaires (id) VALUES (99)"))
        with pytest.raises(LegacyImportError, match="stagiaires 13 of 12") as caught:
            import_from(database, progress=late)
        run = latest()
        assert (caught.value.exit_code, run.status) == (1, "failed")
        assert f"--resume {run.pk}" in caught.value.hint
        import_from(database, resume=run.pk)
        assert (latest().status, len(staged(run.pk))) == ("imported", 13)
        assert any("no snapshot" in note for note in latest().certificate["notes"])


class TestRun:
    def test_a_run_names_its_source_its_actor_and_what_it_found(
        self, make_legacy: MakeLegacy
    ) -> None:
        now = datetime.datetime(2024, 5, 6, 7, 8, tzinfo=datetime.UTC)
        report = import_from(make_legacy(tables([learner(1)], [learner(2)])), now=now)
        run = latest()
        assert (run.status, run.connection_name, run.created_by) == (
            "imported", "legacy", "cli:tester",
        )  # fmt: skip
        assert run.started_at == now
        assert run.summary["import"] == report.counts
        assert run.summary["stages"]["imported"]["actor"] == "cli:tester"
        assert run.certificate["snapshots"] == 1
        assert run.certificate["row_counts"]["archives"] == 1
        assert (run.lease_token, run.lease_expires_at) == ("", None)

    def test_one_receipt_per_chunk_and_their_rows_add_up(
        self, make_legacy: MakeLegacy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table_import, "PAGE_ROWS", 3)
        stagiaires = [learner(number) for number in (2, 3, 5, 8, 13, 21, 34)]
        run = import_from(make_legacy(tables(stagiaires, [learner(1), learner(4)]))).run
        told = [
            (one.source_table, one.position, one.first_id, one.last_id, one.rows)
            for one in receipts(run)
        ]
        assert told == [
            ("stagiaires", 0, "2", "5", 3),
            ("stagiaires", 1, "8", "21", 3),
            ("stagiaires", 2, "34", "34", 1),
            ("archives", 0, "1", "4", 2),
        ]
        ids = {row.pk for row in staged(run).values()}
        ranges = [range(one.first_row, one.last_row + 1) for one in receipts(run)]
        assert sorted(pk for rows in ranges for pk in rows if pk in ids) == sorted(ids)

    def test_chunks_of_another_size_stage_the_same(
        self, make_legacy: MakeLegacy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [row for row in dirty_rows().values() if row.get("remarque") != HUGE]
        database = make_legacy(tables(rows, rows))
        monkeypatch.setattr(table_import, "PAGE_ROWS", 4)
        small = content(import_from(database).run)
        LegacyImportRun.objects.update(status="closed", connection_name="other")
        monkeypatch.setattr(table_import, "PAGE_ROWS", 2_000)
        assert content(import_from(database).run) == small

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [(1, (1, 0)), (3, (3, 0)), (4, (3, 1)), (5, (3, 2)), (99, (3, 2))],
    )
    def test_a_limit_makes_a_partial_run(
        self, limit: int, expected: tuple[int, int], make_legacy: MakeLegacy,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(table_import, "PAGE_ROWS", 2)
        database = make_legacy(
            tables([learner(n) for n in (1, 2, 3)], [learner(n) for n in (1, 2)])
        )
        report = import_from(database, limit=limit)
        found = staged(report.run)
        assert set(found) == {
            *(("stagiaires", str(n)) for n in range(1, expected[0] + 1)),
            *(("archives", str(n)) for n in range(1, expected[1] + 1)),
        }
        run = latest()
        assert (run.status, run.is_partial, run.row_limit) == ("imported", True, limit)
        assert report.counts["changes"]["vanished"] is None  # type: ignore[index]
        assert run.certificate["row_counts"]["stagiaires"] == 3

    def test_a_check_stages_nothing(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([learner(1)], [learner(2), learner(3)]))
        with as_legacy(database):
            report = preflight(alias="legacy", progress=Silent())
        assert report.run is None
        assert report.certificate["row_counts"] == {
            "stagiaires": 1, "archives": 2, "formations": 1, "session_ecoins": 1,
        }  # fmt: skip
        assert not LegacyImportRun.objects.exists()
        assert not LegacyStudentImport.objects.exists()

    def test_the_source_is_not_written(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([learner(1)], [learner(2)]))
        before = database.checksum()
        import_from(database)
        assert database.checksum() == before
