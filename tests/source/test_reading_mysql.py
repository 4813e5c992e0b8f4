"""Rows of a real MySQL-family server reach Python as they are: nothing lost, nothing invented."""

import hashlib
import json
import resource
from contextlib import closing
from typing import Any

import pytest

from ecoin.identity.blanks import is_deletion_mark
from legacy_import.source import reader
from legacy_import.source.errors import SourceLost, SourceReadError
from legacy_import.source.reader import LegacyRow, open_source
from legacy_import.source.schema import SchemaMismatch
from tests.relay import Relay
from tests.source.conftest import OldDatabase, as_exact, limited
from tests.source_fixtures import READER, READER_PASSWORD, AliasOpener, own

MEGABYTE = 1_048_576


@pytest.fixture
def read(old: OldDatabase, legacy_alias: AliasOpener) -> Any:
    """read(table) → all its rows; each call opens its own snapshot."""

    def rows(table: str = "formations", size: int = 2000) -> list[LegacyRow]:
        with legacy_alias(old.name), open_source("legacy") as source:
            found = [row for page in source.pages(table, size=size) for row in page]
            assert len(found) == source.count(table)
            json.dumps([row.payload for row in found]).encode()  # JSON-ready, no surrogate inside
            return found

    return rows


def remade(old: OldDatabase, columns: str, *rows: str) -> None:
    """formations anew with these columns beside id and nom."""
    old.execute(
        "DROP TABLE formations",
        f"CREATE TABLE formations (id INT PRIMARY KEY, nom VARCHAR(50) {columns})",
        *(f"INSERT INTO formations VALUES {row}" for row in rows),
    )


def one_to(last: int) -> str:
    """A derived table whose column `seq` counts from one: both servers know recursion."""
    return (
        "(WITH RECURSIVE numbers AS (SELECT 1 AS seq UNION ALL"
        f" SELECT seq + 1 FROM numbers WHERE seq < {last}) SELECT seq FROM numbers) AS counted"
    )


class TestDeletedRows:
    @pytest.mark.parametrize("charset", ["utf8mb4", "utf16", "cp1256", "ucs2", "binary"])
    @pytest.mark.parametrize(
        ("mark", "deleted"),
        [("supprimé ééé le 3", 1), ("كان محذوفا هنا", 1), ("non supprimé", 0), ("لا", 0)],
    )
    def test_letters_of_several_bytes_count_as_they_are_staged(
        self, charset: str, mark: str, deleted: int, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        if charset == "cp1256":
            mark = mark.replace("é", "è")  # which it has
        column = "VARBINARY(90)" if charset == "binary" else f"VARCHAR(90) CHARACTER SET {charset}"
        old.execute(f"ALTER TABLE stagiaires ADD supprime {column}, ADD deleted_at DATETIME",
                    f"UPDATE stagiaires SET supprime = '{mark}' WHERE id = 1")  # fmt: skip
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.certificate.deleted_rows.get("stagiaires", 0) == deleted
            staged = [
                row.fields["deleted_at"] for page in source.pages("stagiaires") for row in page
            ]
        assert sum(map(is_deletion_mark, staged)) == deleted


class TestNumbersAndDates:
    @pytest.mark.parametrize(
        "text", ["0000-00-00", "2019-00-00", "2019-02-31", "1999-02-03", "1000-01-01"]
    )
    def test_dates_that_cannot_exist_stay_text(
        self, text: str, old: OldDatabase, read: Any
    ) -> None:
        old.server.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
                           f"UPDATE stagiaires SET date_naissance = '{text}'",
                           database=old.name)  # fmt: skip
        row = read("stagiaires")[0]
        assert row.fields["birth_date"] == text
        assert row.payload["date_naissance"] == text
        assert row.issues == ()

    def test_every_exact_type_is_the_servers_own_text(self, old: OldDatabase, read: Any) -> None:
        remade(
            old,
            ", a DATETIME, b TIMESTAMP NULL, c TIME, d YEAR, e DECIMAL(20,4), f DOUBLE, g BIT(8),"
            " h TINYINT(1), i BIGINT UNSIGNED, j INT(6) ZEROFILL, k DATETIME(6)",
            "(1, 'x', '0000-00-00 00:00:00', NULL, '-838:59:59', 2019, 1234.5, 0.1, b'101', 1,"
            " 18446744073709551615, 42, '2019-01-02 03:04:05.000006')",
        )
        payload = read()[0].payload
        assert list(payload.values())[2:] == [
            "0000-00-00 00:00:00", None, "-838:59:59", "2019", "1234.5000", "0.1", "5", "1",
            "18446744073709551615", "42", "2019-01-02 03:04:05.000006",
        ]  # fmt: skip

    @pytest.mark.mariadb_only("types that MySQL does not have")
    def test_mariadbs_own_types_are_its_own_text(self, old: OldDatabase, read: Any) -> None:
        number = "00000000-0000-0000-0000-000000000001"
        remade(old, ", a UUID, b INET6", f"(1, 'x', '{number}', '::1')")
        assert list(read()[0].payload.values())[2:] == [number, "::1"]

    def test_ids_up_to_two_to_the_64_minus_one_and_below_zero(
        self, old: OldDatabase, read: Any
    ) -> None:
        old.execute("DROP TABLE formations",
                    "CREATE TABLE formations (id BIGINT UNSIGNED PRIMARY KEY, nom VARCHAR(9))",
                    "INSERT INTO formations VALUES (0, 'a'), (9223372036854775807, 'b'),"
                    " (9223372036854775808, 'c'), (18446744073709551615, 'd')")  # fmt: skip
        assert [row.legacy_id for row in read(size=1)] == [
            "0", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        ]  # fmt: skip
        old.execute("DROP TABLE formations", "CREATE TABLE formations (id INT PRIMARY KEY,"
                    " nom VARCHAR(9))", "INSERT INTO formations VALUES (-5, 'a'), (3, 'b')")  # fmt: skip
        assert [row.legacy_id for row in read(size=1)] == ["-5", "3"]

    def test_a_float_is_read_whole_and_is_neither_phone_nor_id(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        """A FLOAT has 24 bits: 0661223341 and 0661223342 are one number there, and nobody's."""
        old.execute(
            "ALTER TABLE stagiaires MODIFY telephone FLOAT, MODIFY formation_id FLOAT",
            "ALTER TABLE stagiaires ADD x FLOAT(12,2)",
            "UPDATE stagiaires SET telephone = 0661223341, formation_id = 16777217, x = 0.5"
            " WHERE id = 1",
            "UPDATE stagiaires SET telephone = 0661223342, formation_id = 7 WHERE id = 2",
        )
        with legacy_alias(old.name), open_source("legacy") as source:
            first, second = next(source.pages("stagiaires"))
            notes = source.certificate.notes
        assert [row.payload["telephone"] for row in (first, second)] == ["661223360"] * 2
        assert (first.payload["formation_id"], first.payload["x"]) == ("16777216", "0.50")
        assert not {"phone", "formation_id"} & set(first.fields)
        for field, column in (("phone", "telephone"), ("formation_id", "formation_id")):
            note = (
                f"stagiaires: {field} is not read from {column}: a FLOAT keeps about seven digits"
            )
            assert note in notes

    @pytest.mark.parametrize(
        ("declared", "stored", "text"),
        [
            ("FLOAT", "3.4028e38", "3.4028e38"), ("FLOAT", "123456789", "123456792"),
            ("FLOAT", "-0.25", "-0.25"), ("FLOAT", "20010305", "20010304"), ("FLOAT", "NULL", None),
            ("DOUBLE", "661223341", "661223341"), ("DECIMAL(10,0)", "661223341", "661223341"),
        ],
    )  # fmt: skip
    def test_numbers_keep_all_the_digits_that_the_server_has(
        self, declared: str, stored: str, text: str | None, old: OldDatabase, read: Any
    ) -> None:
        remade(old, f", n {declared}", f"(1, 'x', {stored})")
        found = read()[0].payload["n"]
        if text and "e" in text:
            assert float(found) == pytest.approx(float(text), rel=1e-7)
        else:
            assert found == text

    def test_a_column_that_is_no_float_is_read_instead(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("ALTER TABLE stagiaires MODIFY telephone FLOAT, ADD mobile VARCHAR(20)",
                    "UPDATE stagiaires SET mobile = '0661223344'")  # fmt: skip
        with legacy_alias(old.name), open_source("legacy") as source:
            assert next(source.pages("stagiaires"))[0].fields["phone"] == "0661223344"

    def test_a_float_that_is_needed_stops_the_import_and_is_named(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("ALTER TABLE session_ecoins MODIFY formation_id FLOAT")
        with (
            legacy_alias(old.name),
            pytest.raises(SchemaMismatch, match=r"formation_id \(a FLOAT\)"),
            open_source("legacy"),
        ):
            pass

    @pytest.mark.parametrize(
        ("zone", "text"),
        [("+01:00", "2019-03-31 00:30:00"), ("+00:00", "2019-03-30 23:30:00"),
         ("-03:30", "2019-03-30 20:00:00")],
    )  # fmt: skip
    def test_a_timestamp_is_read_in_the_zone_of_the_old_server(
        self, zone: str, text: str, old: OldDatabase, read: Any, settings: Any
    ) -> None:
        """A dump has TIMESTAMPs in UTC, so the zone of the server it is loaded on means nothing."""
        remade(old, ", fin TIMESTAMP NULL")
        old.execute("SET time_zone = '+00:00'",
                    "INSERT INTO formations VALUES (1, 'x', '2019-03-30 23:30:00')")  # fmt: skip
        settings.LEGACY_DB_TIME_ZONE = zone
        assert read()[0].payload["fin"] == text

    def test_the_zone_stands_in_the_certificate(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.certificate.time_zone == "+01:00"


class TestText:
    def test_an_invalid_byte_spoils_one_value_and_not_its_batch(
        self, old: OldDatabase, read: Any
    ) -> None:
        """Such bytes got in through a connection that declared the wrong charset."""
        remade(old, ", ville VARCHAR(50) CHARACTER SET latin1",
               "(1, 'avant', 'Alger')", "(2, 'x', 'y')", "(3, 'après', 'Oran')")  # fmt: skip
        old.execute(
            "ALTER TABLE formations MODIFY ville VARBINARY(50)",
            "UPDATE formations SET ville = X'42C36E' WHERE id = 2",
        )
        old.execute("ALTER TABLE formations MODIFY nom VARBINARY(50)",
                    "UPDATE formations SET nom = X'466F726DE965' WHERE id = 2")  # fmt: skip
        before, broken, after = read()
        assert (before.fields["name"], after.fields["name"]) == ("avant", "après")
        assert broken.fields["name"] is None
        assert broken.payload["nom"] == {"hex": "466f726de965"}
        assert broken.payload["ville"] == {"hex": "42c36e"}
        assert broken.issues == ("unreadable:nom",)

    @pytest.mark.own_server("it changes the server's files")
    @pytest.mark.parametrize(
        "stored", [b"Form\xe9e", b"a\xed\xa0\x80bc", b"\xff\xfe\x00\x01xy", b"abcde\xc3"],
        ids=["latin1", "lone_surrogate", "utf16", "half_a_character"],
    )  # fmt: skip
    def test_invalid_bytes_inside_a_utf8_column(
        self, stored: bytes, old: OldDatabase, read: Any
    ) -> None:
        """The server refuses such bytes today; old versions and copied files did not."""
        old.execute("DROP TABLE formations",
                    "CREATE TABLE formations (id INT PRIMARY KEY, nom VARCHAR(50)) ENGINE=MyISAM",
                    "INSERT INTO formations VALUES (1, 'ok'), (2, 'QWXYZQ'), (3, 'après')")  # fmt: skip
        _patch_file(old, "formations.MYD", b"QWXYZQ", stored)
        before, broken, after = read()
        assert (before.fields["name"], after.fields["name"]) == ("ok", "après")
        assert broken.fields["name"] is None
        assert broken.payload["nom"] == {"hex": stored.hex()}
        assert broken.issues == ("unreadable:nom",)

    def test_a_lone_surrogate_never_becomes_a_string(self, old: OldDatabase, read: Any) -> None:
        remade(old, ", u VARCHAR(9) CHARACTER SET ucs2", "(1, 'x', _ucs2 X'0041D800')",
               "(2, 'x', _ucs2 X'00410042')")  # fmt: skip
        broken, fine = read()
        assert broken.payload["u"] == {"hex": "0041d800"}
        assert fine.payload["u"] == "AB"

    def test_null_bytes_stay(self, old: OldDatabase, read: Any) -> None:
        remade(old, "", "(1, 'a\\0b')")
        assert read()[0].fields["name"] == "a\x00b"

    def test_double_encoded_text_is_kept_as_found(self, old: OldDatabase, read: Any) -> None:
        remade(old, "", "(1, 'FormÃ©e')")
        assert read()[0].fields["name"] == "FormÃ©e"

    def test_what_a_collation_calls_equal_stays_different(
        self, old: OldDatabase, read: Any
    ) -> None:
        remade(old, " COLLATE utf8mb4_general_ci", "(1, 'Formée')", "(2, 'FORMEE')", "(3, 'a')",
               "(4, 'a ')", "(5, 'A\u0301')", "(6, '')", "(7, NULL)")  # fmt: skip
        assert [row.fields["name"] for row in read()] == [
            "Formée", "FORMEE", "a", "a ", "A\u0301", "", None,
        ]  # fmt: skip

    def test_each_column_is_read_in_its_own_charset(self, old: OldDatabase, read: Any) -> None:
        remade(
            old,
            ", a VARCHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET cp1256,"
            " c VARCHAR(20) CHARACTER SET utf16, d CHAR(20) CHARACTER SET utf8mb3,"
            " e ENUM('Formée', 'Reçu') CHARACTER SET latin1, f SET('é', 'b'), g TEXT,"
            " h VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin, i JSON",
            "(1, '𝔸 متربص', 'œ€é', 'متربص', '𝔸é', 'é', 'Reçu', 'é,b', 'long é', X'818D8F909D',"
            " '{\"é\": 1}')",
        )
        row = read()[0]
        assert row.fields["name"] == "𝔸 متربص"
        assert list(row.payload.values())[2:] == [
            "œ€é", "متربص", "𝔸é", "é", "Reçu", "é,b", "long é", "\x81\x8d\x8f\x90\x9d", '{"é": 1}',
        ]  # fmt: skip
        assert row.issues == ()

    def test_bytes_are_hexadecimal_unless_the_column_is_a_text_field(
        self, old: OldDatabase, read: Any
    ) -> None:
        remade(old, ", photo BLOB, place POINT", "(1, 'x', X'00FF', POINT(1, 2))",
               "(2, 'x', NULL, NULL)")  # fmt: skip
        old.execute("ALTER TABLE formations MODIFY nom VARBINARY(50)")
        with_bytes, without = read()
        assert with_bytes.payload["photo"] == {"hex": "00ff"}
        assert with_bytes.payload["place"]["hex"].startswith("0000000001010000")
        assert with_bytes.fields["name"] == "x"
        assert with_bytes.issues == ()
        assert without.payload["photo"] is None


class TestColumns:
    def test_odd_column_names_are_kept(self, old: OldDatabase, read: Any) -> None:
        names = ["100 %s", "%(x)s", "a`b", 'a"b', "a'b", "select", "ville; --", "الاسم", "a\\b"]
        quoted = ", ".join(f"`{name.replace('`', '``')}` INT DEFAULT 7" for name in names)
        old.execute("DROP TABLE formations",
                    f"CREATE TABLE formations (id INT PRIMARY KEY, nom VARCHAR(9), {quoted})",
                    "INSERT INTO formations (id, nom) VALUES (1, 'x')")  # fmt: skip
        assert read()[0].payload == {"id": "1", "nom": "x", **dict.fromkeys(names, "7")}

    def test_generated_and_invisible_columns_are_read(self, old: OldDatabase, read: Any) -> None:
        old.execute("DROP TABLE formations",
                    "CREATE TABLE formations (id INT PRIMARY KEY, nom VARCHAR(9),"
                    " g VARCHAR(20) AS (CONCAT(nom, '!')) VIRTUAL, i INT INVISIBLE DEFAULT 3)",
                    "INSERT INTO formations (id, nom) VALUES (1, 'x')")  # fmt: skip
        assert read()[0].payload == {"id": "1", "nom": "x", "g": "x!", "i": "3"}

    def test_only_matched_columns_are_fields_and_all_are_payload(self, read: Any) -> None:
        row = read("stagiaires")[0]
        assert row.fields == {
            "id": "1", "last_name": "Haddad", "first_name": "Amel", "phone": "0559000001",
            "email": "amel@exemple.dz", "birth_date": "1999-02-03", "status": "Formée",
            "formation_id": "1", "session_id": "10",
        }  # fmt: skip
        assert list(row.payload) == [
            "id", "nom", "prenom", "telephone", "email", "date_naissance", "statut",
            "formation_id", "session_ecoin_id",
        ]  # fmt: skip

    def test_a_column_the_account_may_not_see_is_not_asked_for(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.server.create_account(
            own("columns_only"), "fictional",
            [f"SELECT (id, nom) ON {old.name}.stagiaires", *(f"SELECT ON {old.name}.{table}"
             for table in ("archives", "formations", "session_ecoins"))],
        )  # fmt: skip
        with (
            legacy_alias(old.name, user=own("columns_only"), password="fictional"),
            open_source("legacy") as source,
        ):
            assert next(source.pages("stagiaires"))[0].payload == {"id": "1", "nom": "Haddad"}
            assert "phone" in source.certificate.absent_columns["stagiaires"]


class TestLongValues:
    def test_a_value_over_a_megabyte_is_cut_and_vouched_for(
        self, old: OldDatabase, read: Any, legacy_alias: AliasOpener
    ) -> None:
        remade(old, ", note LONGTEXT, photo LONGBLOB")
        long = "a" + "é" * 1_500_000  # a character lies across the megabyte
        old.execute(
            "SET SESSION sql_mode = ''",
            "INSERT INTO formations VALUES (1, 'x', CONCAT('a', REPEAT('é', 1500000)),"
            " REPEAT(X'00FF', 1000000)), (2, 'y', REPEAT('b', 1048576), 'short'), (3, 'z', '', '')",
        )
        cut, exact, empty = read()
        kept = cut.payload["note"]
        assert kept["cut"] == long[: MEGABYTE // 2]
        assert kept["length"] == len(long.encode()) == 3_000_001
        assert kept["sha256"] == hashlib.sha256(long.encode()).hexdigest()
        photo = cut.payload["photo"]
        assert photo["hex"] == "00ff" * (MEGABYTE // 2)
        assert photo["length"] == 2_000_000
        assert photo["sha256"] == hashlib.sha256(b"\x00\xff" * 1_000_000).hexdigest()
        assert cut.issues == ("value_cut:note", "value_cut:photo")
        assert exact.payload["note"] == "b" * MEGABYTE
        assert exact.payload["photo"] == {"hex": b"short".hex()}
        assert (exact.issues, empty.issues) == ((), ())
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.certificate.oversized_values["formations"] == {"note": 1, "photo": 1}
            assert "formations.note: 1 values over 1 MB are kept cut" in source.certificate.notes

    def test_a_field_that_is_cut_keeps_its_beginning(self, old: OldDatabase, read: Any) -> None:
        remade(old, "")
        old.execute("ALTER TABLE formations MODIFY nom LONGTEXT",
                    "INSERT INTO formations VALUES (1, REPEAT('n', 3000000))")  # fmt: skip
        row = read()[0]
        assert row.fields["name"] == "n" * MEGABYTE
        assert row.issues == ("value_cut:nom",)

    def test_a_cut_value_that_is_no_text_is_hexadecimal(self, old: OldDatabase, read: Any) -> None:
        remade(old, "")
        old.execute("ALTER TABLE formations MODIFY nom LONGBLOB",
                    "INSERT INTO formations VALUES (1, REPEAT(X'FF', 3000000))")  # fmt: skip
        row = read()[0]
        assert row.fields["name"] is None
        assert row.payload["nom"]["hex"] == "ff" * MEGABYTE
        assert row.issues == ("value_cut:nom", "unreadable:nom")

    @pytest.mark.own_server("a limit concerns every account of a server")
    def test_a_packet_limit_below_the_value_kills_nothing(
        self, private_old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        rows = ("(1, 'x', REPEAT('v', 8000000))", "(2, 'y', 'short')")
        remade(private_old, ", note LONGTEXT", *rows)
        with (
            limited(private_old, "max_allowed_packet", 1_048_576),
            as_exact(private_old, legacy_alias),
            open_source("legacy") as source,
        ):
            ((cut, short),) = source.pages("formations")
        assert cut.payload["note"]["length"] == 8_000_000
        assert cut.payload["note"]["sha256"] == hashlib.sha256(b"v" * 8_000_000).hexdigest()
        assert short.payload["note"] == "short"

    def test_pages_shrink_so_that_memory_stays_bounded(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        remade(old, ", note LONGTEXT")
        old.execute("INSERT INTO formations SELECT seq, 'x', REPEAT('m', 900000 + seq * 1000)"
                    f" FROM {one_to(240)}")  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with legacy_alias(old.name), open_source("legacy") as source:
            sizes = [len(page) for page in source.pages("formations")]
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert sum(sizes) == 240
        assert max(sizes) <= 40
        assert grown < 250  # MB; the table alone is 240 MB, a page about 33


class TestPaging:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_pages_hold_every_row_once_in_order(
        self, size: int, old: OldDatabase, read: Any
    ) -> None:
        old.execute(f"INSERT INTO formations SELECT seq * 7, 'x' FROM {one_to(20)}")
        ids = [int(row.legacy_id) for row in read(size=size)]
        assert ids == sorted([1, 2, *range(7, 141, 7)])

    def test_reading_starts_after_an_id_and_between_two(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute(f"INSERT INTO formations SELECT seq * 10, 'x' FROM {one_to(10)}")
        with legacy_alias(old.name), open_source("legacy") as source:
            first = next(source.pages("formations", after="20", size=3))
            assert [row.legacy_id for row in first] == ["30", "40", "50"]
            chunk = list(source.between("formations", after="20", until="50"))
            assert chunk == first
            assert [r.legacy_id for r in source.between("formations", after=None, until="10")] == [
                "1", "2", "10",
            ]  # fmt: skip
            assert list(source.pages("formations", after="100")) == []

    def test_ids_alone_come_in_order_page_after_page(
        self, old: OldDatabase, legacy_alias: AliasOpener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "IDS_PER_PAGE", 3)
        old.execute(
            "ALTER TABLE formations MODIFY id BIGINT UNSIGNED ZEROFILL",
            "INSERT INTO formations VALUES (10, NULL), (9, ''), (18446744073709551615, 'd')",
        )
        with legacy_alias(old.name), open_source("legacy") as source:
            pages = [["1", "2", "9"], ["10", "18446744073709551615"]]
            assert list(source.ids("formations")) == pages
            assert list(source.ids("formations", after="9")) == pages[1:]
            old.execute("INSERT INTO formations VALUES (11, 'later')")
            assert list(source.ids("formations")) == pages

    @pytest.mark.parametrize("after", ["1 OR 1=1", "", "1;", "x", "٣", "1.5"])
    def test_an_id_is_digits_or_an_error(
        self, after: str, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with (
            legacy_alias(old.name),
            open_source("legacy") as source,
            pytest.raises(ValueError, match="digits"),
        ):
            next(source.pages("formations", after=after))

    def test_an_empty_table_has_no_page(self, old: OldDatabase, read: Any) -> None:
        old.execute("DELETE FROM archives")
        assert read("archives") == []

    def test_rows_added_while_reading_are_not_seen(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name), open_source("legacy") as source:
            pages = source.pages("formations", size=1)
            next(pages)
            old.execute("INSERT INTO formations VALUES (9, 'later')", "DELETE FROM archives")
            assert [row.legacy_id for page in pages for row in page] == ["2"]
            assert len(next(source.pages("archives"))) == source.count("archives") == 1

    def test_reading_changes_nothing(self, old: OldDatabase, read: Any) -> None:
        before = old.checksum()
        for table in ("stagiaires", "archives", "formations", "session_ecoins"):
            read(table)
        assert old.checksum() == before


class TestLostLink:
    def test_a_killed_connection_ends_the_reading_with_the_way_on(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name) as wrapper, open_source("legacy") as source:
            pages = source.pages("formations", size=1)
            next(pages)
            old.execute(f"KILL {wrapper.connection.thread_id()}")
            with pytest.raises(SourceLost) as caught:
                next(pages)
            assert caught.value.exit_code == 1
            assert "legacy_import --resume" in caught.value.hint

    def test_no_second_snapshot_is_opened_silently(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name) as wrapper, open_source("legacy") as source:
            wrapper.close()
            wrapper.ensure_connection()  # what Django would do by itself
            with pytest.raises(SourceLost):
                next(source.pages("formations"))

    def test_a_server_that_falls_silent_is_a_lost_link(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with (
            Relay(old.server.port) as relay,
            legacy_alias(old.name, PORT=str(relay.port), OPTIONS={"read_timeout": 1}),
            open_source("legacy") as source,
        ):
            relay.strike()
            with pytest.raises(SourceLost):
                next(source.pages("archives"))

    def test_a_refused_read_names_the_number_and_never_the_servers_text(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        tables = ("stagiaires", "archives", "formations", "session_ecoins")
        old.server.create_account(READER, READER_PASSWORD,
                                  [f"SELECT ON {old.name}.{table}" for table in tables])  # fmt: skip
        with (
            legacy_alias(old.name, user=READER, password=READER_PASSWORD),
            open_source("legacy") as source,
        ):
            old.execute(f"REVOKE SELECT ON archives FROM '{READER}'@'%'")
            with pytest.raises(SourceReadError) as caught:
                next(source.pages("archives"))
        assert "refused a read of archives (OperationalError 1142)" in caught.value.message
        assert READER not in caught.value.message


def _patch_file(old: OldDatabase, name: str, before: bytes, after: bytes) -> None:
    """Bytes of a MyISAM file replaced behind the server's back."""
    with closing(old.server.admin()) as connection:
        cursor = connection.cursor()
        path = old.server.data_folder() / old.name / name
        cursor.execute("FLUSH TABLES")
        content = path.read_bytes()
        assert content.count(before) == 1
        assert len(before) == len(after)
        path.write_bytes(content.replace(before, after))
        cursor.execute("FLUSH TABLES")
