"""open_source checks everything before it hands out a row, and says in one sentence what is wrong."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from legacy_import.errors import LegacyImportError, SafetyRefusal
from legacy_import.source.errors import SourceUnreachable
from legacy_import.source.grants import WritableAccount
from legacy_import.source.reader import open_source
from legacy_import.source.schema import NEW_ID, NEW_ID_LINE, SchemaMismatch
from tests.database_server import DatabaseServer, free_port
from tests.servers import NAMES
from tests.source.conftest import LEARNER_COLUMNS, OldDatabase
from tests.source_fixtures import READER_PASSWORD, AliasOpener, own, swapped_alias


def refusal(alias: str = "legacy", **options: Any) -> LegacyImportError:
    """The error open_source raises; it never shows a password or the driver's own text."""
    with pytest.raises(LegacyImportError) as caught, open_source(alias, **options):
        pass
    told = f"{caught.value.message} {caught.value.hint}"
    assert READER_PASSWORD not in told
    assert "Traceback" not in told
    assert caught.value.hint
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


class TestAlias:
    def test_an_unguarded_alias_is_refused_before_connecting(self, legacy_alias: Any) -> None:
        with legacy_alias("old", user="x", password="y", PORT=str(free_port()),
                          ENGINE="django.db.backends.mysql"):  # fmt: skip
            error = refusal(allow_writable=True)
            assert isinstance(error, SafetyRefusal)
            assert error.exit_code == 3
            assert connections["legacy"].connection is None

    def test_the_app_database_is_refused(self) -> None:
        assert refusal("default", allow_writable=True).exit_code == 3

    def test_an_unknown_alias_is_a_usage_error(self) -> None:
        assert refusal("elsewhere").exit_code == 2

    def test_an_engine_that_only_looks_guarded_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(
            connections.databases["legacy"], "ENGINE", "legacy_import.source.unknown"
        )
        assert refusal(allow_writable=True).exit_code == 3


class TestReachability:
    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"PORT": "1"}, "cannot be reached at 127.0.0.1:1"),
            ({"HOST": "/nowhere/mysql.sock"}, "cannot be reached at /nowhere/mysql.sock"),
            ({"HOST": "no-such-host.invalid"}, "no-such-host.invalid"),
            ({"PASSWORD": "wrong-password"}, "or its password"),
            ({"USER": "nobody_here"}, "nobody_here or its password"),
            ({"NAME": "no_such_database"}, "no_such_database"),
            ({"OPTIONS": {"ssl_mode": "VERIFY_CA", "ssl_ca": "/nowhere.pem"}}, "TLS"),
            ({"OPTIONS": {"charset": "gbk"}}, "LEGACY_DB_CHARSET"),
        ],
        ids=str,
    )
    def test_each_mistake_is_one_clear_sentence(
        self, values: dict[str, Any], says: str, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name, **values):
            error = refusal()
        assert isinstance(error, SourceUnreachable)
        assert error.exit_code == 1
        assert says in error.message
        assert "wrong-password" not in error.message

    def test_a_missing_driver_says_what_to_install(self, tmp_path: Path) -> None:
        """In a process of its own, where MySQLdb cannot be imported."""
        code = (
            "import sys; sys.modules['MySQLdb'] = None\n"
            "import django; django.setup()\n"
            "from legacy_import.source.reader import open_source\n"
            "from legacy_import.errors import LegacyImportError\n"
            "try:\n    open_source('legacy').__enter__()\n"
            "except LegacyImportError as error: print(error.exit_code, error, error.hint)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings",
                 "TEST_APP_DATABASE": "sqlite",
                 "DATABASE_URL": f"sqlite:///{tmp_path / 'app.sqlite3'}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.startswith("1 The driver for the legacy database is missing."), done
        assert "pip install mysqlclient" in done.stdout

    def test_a_missing_sqlite_file_is_named_and_never_created(
        self, tmp_path: Path, legacy_sqlite_alias: AliasOpener
    ) -> None:
        path = tmp_path / "missing.sqlite3"
        with legacy_sqlite_alias(path):
            assert "missing.sqlite3 does not exist" in refusal().message
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_is_no_database_is_named(
        self, tmp_path: Path, legacy_sqlite_alias: AliasOpener
    ) -> None:
        path = tmp_path / "notes.sqlite3"
        path.write_text("not a database" * 100)
        with legacy_sqlite_alias(path):
            assert "cannot be read as a SQLite database" in refusal().message


class TestAccount:
    def test_a_writable_account_is_refused_unless_allowed(
        self, old: OldDatabase, legacy_alias: AliasOpener, powerful: tuple[str, str]
    ) -> None:
        with legacy_alias(old.name, user=powerful[0], password=powerful[1]):
            error = refusal()
            assert isinstance(error, WritableAccount)
            assert error.exit_code == 3
            assert powerful[1] not in error.message
            with open_source("legacy", allow_writable=True) as source:
                assert source.certificate.account_read_only is False
                assert source.certificate.read_only_verified is True

    @pytest.mark.parametrize(
        "grant", ["INSERT ON {db}.stagiaires", "EXECUTE ON {db}.*", "PROCESS ON *.*",
                  "SELECT ON {db}.* WITH GRANT", "LOCK TABLES ON {db}.*"],
    )  # fmt: skip
    def test_one_privilege_too_many_is_refused(
        self, grant: str, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        db_server.create_account(own("too_much"), "fictional", [f"SELECT ON {old.name}.*"])
        what, _, option = grant.format(db=old.name).partition(" WITH GRANT")
        option = " WITH GRANT OPTION" if grant.endswith("GRANT") else option
        db_server.execute(f"GRANT {what} TO '{own('too_much')}'@'%'{option}")
        with legacy_alias(old.name, user=own("too_much"), password="fictional"):
            assert refusal().exit_code == 3

    def test_a_role_is_refused(
        self, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        db_server.create_account(own("with_role"), "fictional", [f"SELECT ON {old.name}.*"])
        db_server.execute(
            "CREATE ROLE IF NOT EXISTS reporting", f"GRANT reporting TO '{own('with_role')}'@'%'"
        )
        with legacy_alias(old.name, user=own("with_role"), password="fictional"):
            error = refusal()
        assert error.exit_code == 3
        assert "a role" in error.message

    @pytest.mark.own_server("an anonymous account is of concern to every account of a server")
    @pytest.mark.parametrize(
        ("right", "named"),
        [("ALL PRIVILEGES", "INSERT, REFERENCES, UPDATE on stagiaires"),
         ("INSERT", "INSERT on archives"), ("UPDATE", "UPDATE on session_ecoins")],
    )  # fmt: skip
    def test_rights_through_an_anonymous_account_are_refused(
        self, right: str, named: str, private_old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        """They apply to every account, and SHOW GRANTS does not list them."""
        server = private_old.server
        server.execute("CREATE USER ''@'%' IDENTIFIED BY 'fictional'",
                       f"GRANT {right} ON old.* TO ''@'%'")  # fmt: skip
        try:
            with legacy_alias("old", user="exact", password="fictional", PORT=str(server.port)):
                error = refusal()
                assert isinstance(error, WritableAccount)
                assert named in error.message
                assert "anonymous" in error.message
                with open_source("legacy", allow_writable=True) as source:
                    assert source.certificate.account_read_only is False
        finally:
            server.execute("DROP USER ''@'%'")

    def limited_reader(
        self, old: OldDatabase, db_server: DatabaseServer, columns: str
    ) -> dict[str, str]:
        """An account that may read only `columns` of stagiaires."""
        others = [f"SELECT ON {old.name}.{table}"
                  for table in ("archives", "formations", "session_ecoins")]  # fmt: skip
        db_server.create_account(
            own("limited"), "fictional", [*others, f"SELECT ({columns}) ON {old.name}.stagiaires"]
        )
        return {"user": own("limited"), "password": "fictional"}

    def test_what_an_account_may_not_read_is_noted(
        self, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        account = self.limited_reader(old, db_server, "id, nom, prenom")
        with legacy_alias(old.name, **account), open_source("legacy") as source:
            told = source.certificate
            assert len(next(source.pages("stagiaires"))) == 2
        assert told.notes == (
            "Of stagiaires the account may read only the columns id, nom, prenom.",
        )
        assert "phone" in told.absent_columns["stagiaires"]

    def test_a_required_column_that_the_account_may_not_read_is_put_down_to_its_rights(
        self, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        account = self.limited_reader(old, db_server, "id, telephone")
        with legacy_alias(old.name, **account):
            error = refusal()
        assert "stagiaires lacks a column for last_name" in error.message
        assert error.message.endswith("may read only the columns id, telephone.")

    def test_columns_that_are_seen_and_not_readable_are_named(
        self, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        account = self.limited_reader(old, db_server, "id, nom")
        db_server.execute(
            f"GRANT UPDATE (telephone) ON {old.name}.stagiaires TO '{own('limited')}'@'%'"
        )
        with (
            legacy_alias(old.name, **account),
            open_source("legacy", allow_writable=True) as source,
        ):
            notes = source.certificate.notes
            assert next(source.pages("stagiaires"))[0].payload == {"id": "1", "nom": "Haddad"}
        assert "stagiaires: the account may not read telephone; nothing of it is imported" in notes

    def test_select_on_the_whole_database_is_accepted_and_noted(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.certificate.wider_than_needed == (f"SELECT on {old.name}.*",)
            assert "IDENTIFIED" not in str(source.certificate.as_dict())


class TestSameDatabase:
    @pytest.mark.parametrize("by", [
        "tcp", pytest.param("socket", marks=pytest.mark.own_server("its socket is needed"))
    ])  # fmt: skip
    def test_source_and_target_on_one_database_are_refused_however_addressed(
        self, by: str, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        host = db_server.host if by == "tcp" else db_server.socket
        app = db_server.settings(old.name)
        with legacy_alias(old.name, HOST=host), swapped_alias("default", **app):
            error = refusal(allow_writable=True)
        assert error.exit_code == 3
        assert "same database" in error.message

    def test_another_database_of_the_same_server_is_fine(
        self, old: OldDatabase, db_server: DatabaseServer, legacy_alias: AliasOpener
    ) -> None:
        app = db_server.settings("mysql")
        with (
            legacy_alias(old.name),
            swapped_alias("default", **app),
            open_source("legacy") as source,
        ):
            assert source.count("stagiaires") == 2

    @pytest.mark.parametrize("spelling", ["same", "relative", "symlink", "hardlink", "uri"])
    def test_one_sqlite_file_is_refused_under_any_name(
        self, spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        legacy_sqlite_alias: AliasOpener,
    ) -> None:  # fmt: skip
        path, other = tmp_path / "old.sqlite3", tmp_path / "other.sqlite3"
        sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close()
        monkeypatch.chdir(tmp_path)
        if spelling == "symlink":
            other.symlink_to(path)
        elif spelling == "hardlink":
            os.link(path, other)
        name = {"same": str(path), "relative": "./old.sqlite3", "symlink": str(other),
                "hardlink": str(other), "uri": f"file:{path}?mode=rwc"}[spelling]  # fmt: skip
        with (
            legacy_sqlite_alias(path),
            swapped_alias("default", ENGINE="django.db.backends.sqlite3", NAME=name),
        ):
            assert refusal().exit_code == 3


class TestTables:
    def test_a_missing_table_lists_what_was_found(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("DROP TABLE archives", "CREATE TABLE cours (id INT)")
        with legacy_alias(old.name):
            error = refusal()
        assert isinstance(error, SchemaMismatch)
        assert error.exit_code == 1
        assert "lacks the table archives" in error.message
        assert "cours, formations, session_ecoins, stagiaires" in error.message

    def test_a_missing_column_lists_what_was_found_and_what_is_accepted(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("ALTER TABLE session_ecoins CHANGE code libre VARCHAR(9)")
        with legacy_alias(old.name):
            error = refusal()
        assert (
            "session_ecoins lacks a column for code or start_date. Found: id, libre, formation_id"
            in (error.message)
        )
        assert "code_session" in error.hint
        assert "LEGACY_SCHEMA_FILE" in error.hint

    def test_two_tables_that_differ_in_case_are_not_guessed(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute(
            "RENAME TABLE stagiaires TO Stagiaires", "CREATE TABLE STAGIAIRES (id INT PRIMARY KEY)"
        )
        with legacy_alias(old.name):
            error = refusal()
        assert "Several tables could be stagiaires: STAGIAIRES, Stagiaires" in error.message
        assert "RENAME TABLE … TO stagiaires" in error.hint

    def test_the_twin_of_a_table_in_its_own_spelling_is_noted(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("CREATE TABLE Stagiaires (id INT PRIMARY KEY)")
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.count("stagiaires") == 2
            assert "stagiaires is read, not Stagiaires" in source.certificate.notes

    @pytest.mark.parametrize("name", ["etudiants", "Stagiaire", "tbl_etudiants"])
    def test_the_likely_table_is_named(
        self, name: str, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute(f"RENAME TABLE stagiaires TO {name}")
        with legacy_alias(old.name):
            error = refusal()
        assert "lacks the table stagiaires" in error.message
        assert f"RENAME TABLE {name} TO stagiaires" in error.hint

    def test_a_merge_table_is_refused_by_name(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        """It has the key of its parts and repeats their ids, whatever the key promises."""
        part = "(id INT NOT NULL PRIMARY KEY, nom VARCHAR(50)) ENGINE=MyISAM"
        old.execute(
            f"CREATE TABLE f1 {part}", f"CREATE TABLE f2 {part}",
            "INSERT INTO f1 VALUES (1, 'a')", "INSERT INTO f2 VALUES (1, 'b')",
            "DROP TABLE formations",
            "CREATE TABLE formations (id INT NOT NULL, nom VARCHAR(50), KEY (id))"
            " ENGINE=MERGE UNION=(f1, f2)",
        )  # fmt: skip
        with legacy_alias(old.name):
            error = refusal()
        assert "formations is a MRG_MyISAM table" in error.message.replace("MYISAM", "MyISAM")
        assert "CREATE TABLE whole AS SELECT * FROM formations" in error.hint
        assert 'id = "legacy_row_id"' in error.hint

    def test_the_remedy_for_a_merge_table_works(
        self, old: OldDatabase, legacy_alias: AliasOpener, schema_file: Path
    ) -> None:
        old.execute(
            "CREATE TABLE whole AS SELECT * FROM formations",
            f"ALTER TABLE whole {NEW_ID}",
            "DROP TABLE formations",
            "RENAME TABLE whole TO formations",
        )
        schema_file.write_text(f"[formations]\n{NEW_ID_LINE}\n")
        with legacy_alias(old.name), open_source("legacy") as source:
            assert [row.legacy_id for row in next(source.pages("formations"))] == ["1", "2"]

    def test_names_that_are_kept_with_accounts_are_joined_in_a_copy(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute(
            "CREATE TABLE users AS SELECT id, nom, prenom FROM stagiaires",
            "ALTER TABLE stagiaires DROP nom, DROP prenom, ADD user_id INT",
            "UPDATE stagiaires SET user_id = id",
        )
        with legacy_alias(old.name):
            hint = refusal().hint
        start = hint.index("CREATE TABLE whole")
        create, alter = hint[start : hint.index("; then rename it")].split("; ")
        old.execute(create, alter, "DROP TABLE stagiaires", "RENAME TABLE whole TO stagiaires")
        with legacy_alias(old.name), open_source("legacy") as source:
            row = next(source.pages("stagiaires"))[0]
        assert (row.fields["last_name"], row.fields["first_name"]) == ("Haddad", "Amel")

    def test_a_repeated_id_names_table_and_id(
        self, tmp_path: Path, legacy_sqlite_alias: AliasOpener
    ) -> None:
        """An index that says it is unique and is not, as after a crash."""
        path = tmp_path / "old.sqlite3"
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in (
                *(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, nom TEXT)"
                  for name in ("stagiaires", "archives")),
                "CREATE TABLE session_ecoins (id INTEGER PRIMARY KEY, code, formation_id)",
                "CREATE TABLE formations (id INTEGER NOT NULL, nom TEXT)",
                "INSERT INTO formations VALUES (4, 'a'), (7, 'b'), (7, 'c'), (9, 'd')",
                "CREATE INDEX ids ON formations (id)",
                "PRAGMA writable_schema = ON",
                "UPDATE sqlite_master SET sql = REPLACE(sql, 'CREATE INDEX', 'CREATE UNIQUE INDEX')"
                " WHERE name = 'ids'",
            ):  # fmt: skip
                connection.execute(statement)
        with legacy_sqlite_alias(path):
            error = refusal()
        assert "formations contains the id 7 2 times" in error.message
        assert "ALTER TABLE formations ADD legacy_row_id" in error.hint

    @pytest.mark.own_server("a file of its own is damaged")
    def test_a_damaged_table_says_so(
        self, private_old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        private_old.execute("ALTER TABLE archives ENGINE=MyISAM", "FLUSH TABLES")
        folder = private_old.server.data_folder() / "old"
        (folder / "archives.MYI").write_bytes(b"no index at all" * 100)
        try:
            private_old.execute("FLUSH TABLES")
            with legacy_alias(
                "old", user="exact", password="fictional", PORT=str(private_old.server.port)
            ):
                error = refusal()
        finally:
            private_old.execute("DROP TABLE archives")
        assert "archives" in error.message
        assert "REPAIR TABLE" in error.hint

    def test_a_view_is_refused(self, old: OldDatabase, legacy_alias: AliasOpener) -> None:
        old.execute("RENAME TABLE archives TO t", "CREATE VIEW archives AS SELECT * FROM t")
        with legacy_alias(old.name):
            assert "archives is a view" in refusal().message

    @pytest.mark.parametrize(
        "id_column",
        [
            "id INT NULL, UNIQUE (id)",
            "id INT NOT NULL",
            "id INT NOT NULL, KEY (id)",
            "id INT NOT NULL, UNIQUE (id, nom)",
            "id VARCHAR(20) NOT NULL PRIMARY KEY",
            "id DECIMAL(20,0) NOT NULL PRIMARY KEY",
        ],
    )
    def test_an_id_that_could_repeat_or_be_missed_is_refused(
        self, id_column: str, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("DROP TABLE formations",
                    f"CREATE TABLE formations (nom VARCHAR(50), {id_column})")  # fmt: skip
        with legacy_alias(old.name):
            assert "formations.id is not an integer column" in refusal().message

    @pytest.mark.parametrize(
        "id_column", ["id BIGINT UNSIGNED NOT NULL, UNIQUE (id)", "id TINYINT PRIMARY KEY"]
    )
    def test_any_unique_integer_that_is_never_null_will_do(
        self, id_column: str, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("DROP TABLE formations",
                    f"CREATE TABLE formations (nom VARCHAR(50), {id_column})")  # fmt: skip
        with legacy_alias(old.name), open_source("legacy") as source:
            assert source.count("formations") == 0
            assert list(source.pages("formations")) == []

    def test_table_and_column_names_match_in_any_case(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("RENAME TABLE stagiaires TO Stagiaires",
                    "ALTER TABLE Stagiaires CHANGE nom `NOM` VARCHAR(100)")  # fmt: skip
        with legacy_alias(old.name), open_source("legacy") as source:
            row = next(source.pages("stagiaires"))[0]
        assert (row.table, row.fields["last_name"]) == ("stagiaires", "Haddad")
        assert row.payload["NOM"] == "Haddad"

    def test_the_override_file_names_columns(
        self, old: OldDatabase, legacy_alias: AliasOpener, schema_file: Path
    ) -> None:
        old.execute("ALTER TABLE stagiaires ADD COLUMN `suivi %s` VARCHAR(20) DEFAULT 'Confirmer'")
        schema_file.write_text('[stagiaires]\nstatus = "suivi %s"\n')
        with legacy_alias(old.name), open_source("legacy") as source:
            row = next(source.pages("stagiaires"))[0]
            assert source.certificate.columns["stagiaires"]["status"] == "suivi %s"
        assert row.fields["status"] == "Confirmer"
        assert row.payload["statut"] == "Formée"

    def test_two_columns_for_one_field_are_noted(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute("ALTER TABLE archives ADD COLUMN mobile VARCHAR(20)")
        with legacy_alias(old.name), open_source("legacy") as source:
            assert "archives: phone is read from telephone, not mobile" in source.certificate.notes
            assert "mobile" in source.certificate.unmatched_columns["archives"]

    def test_a_table_with_only_a_full_name_is_enough(
        self, old: OldDatabase, legacy_alias: AliasOpener
    ) -> None:
        old.execute(
            "DROP TABLE archives",
            "CREATE TABLE archives (id INT PRIMARY KEY, nom_prenom VARCHAR(99))",
            "INSERT INTO archives VALUES (1, 'Amel Haddad')",
        )
        with legacy_alias(old.name), open_source("legacy") as source:
            row = next(source.pages("archives"))[0]
            assert "phone" in source.certificate.absent_columns["archives"]
        assert row.fields == {"id": "1", "full_name": "Amel Haddad"}


def test_the_certificate_holds_what_a_reader_of_the_run_needs(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    old.execute("DROP TABLE archives", f"CREATE TABLE archives ({LEARNER_COLUMNS}) ENGINE=MyISAM")
    with legacy_alias(old.name), open_source("legacy") as source:
        told = source.certificate.as_dict()
        assert source.label == told["label"]
    assert told["label"].startswith("mysql://legacy_reader")
    assert told["label"].endswith(f"/{old.name}")
    assert told["server"] == NAMES[old.server.kind]
    assert told["row_counts"] == {
        "stagiaires": 2, "archives": 0, "formations": 2, "session_ecoins": 2,
    }  # fmt: skip
    assert told["engines"]["archives"] == "MyISAM"
    assert told["snapshot"] == {
        "stagiaires": True, "archives": False, "formations": True, "session_ecoins": True,
    }  # fmt: skip
    assert any("archives is kept by MyISAM, which has no snapshot" in n for n in told["notes"])
    assert told["isolation"] == "REPEATABLE-READ"
    assert told["read_only_verified"] is True
    assert told["snapshots"] == 1
    assert told["tls"]["mode"] == "PREFERRED"
    assert told["tls"]["state"] == ("encrypted" if told["tls"]["cipher"] else "plain")
    assert told["privileges"][0]["privileges"] == ["USAGE"]
