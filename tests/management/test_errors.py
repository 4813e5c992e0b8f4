"""Every mistake an operator can make: one clear sentence, the next step, the documented exit code."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import ManagementUtility

from legacy_import.choices import RunStatus
from legacy_import.models import LegacyImportRun
from tests.database_server import DatabaseServer
from tests.factories import UserFactory
from tests.legacy_database import (
    MakeLegacy,
    ServerLegacy,
    SQLiteLegacy,
    as_legacy,
    learner,
    server_legacy,
    sqlite_legacy,
    tables,
)
from tests.management.calling import STAGES, assert_refused, call, done
from tests.processes import AppDatabase, environment, manage

SECRET = "canary-password-of-nobody"


@pytest.fixture
def old(db_server: DatabaseServer, server_legacy_name: str) -> ServerLegacy:
    """A legacy database on the private server, with one learner in each table."""
    content = tables([learner(1)], [learner(2)])
    return server_legacy(db_server, server_legacy_name, content)


@pytest.fixture
def nothing_staged(app: AppDatabase) -> Iterator[None]:
    """After the test the app database holds no run and no staged row."""
    yield
    assert app.one("SELECT COUNT(*) FROM legacy_import_runs") == 0
    assert app.one("SELECT COUNT(*) FROM legacy_student_imports") == 0


class TestTheSourceCannotBeRead:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"LEGACY_DB_PORT": "1"}, ("cannot be reached at 127.0.0.1:1", "LEGACY_DB_HOST")),
            ({"LEGACY_DB_SOCKET": "/nowhere/s"}, ("cannot be reached at /nowhere/s",)),
            ({"LEGACY_DB_PASSWORD": SECRET}, ("refused the account", "LEGACY_DB_PASSWORD")),
            ({"LEGACY_DB_DATABASE": "no_such"}, ("no_such", "LEGACY_DB_DATABASE")),
        ],
        ids=["wrong_host", "wrong_socket", "wrong_password", "wrong_database"],
    )
    def test_a_wrong_address_or_login(
        self, values: dict[str, str], words: tuple[str, ...], old: ServerLegacy,
        app: AppDatabase, nothing_staged: None,
    ) -> None:  # fmt: skip
        env = environment(app, **{**old.environment(), **values})
        ended = manage("legacy_import", "--json", "--verbosity", "3", env=env)
        assert_refused(ended, 1, *words)
        assert ended.told["command"] == "legacy_import"
        assert SECRET not in ended.err + ended.out

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (
                ["DROP TABLE session_ecoins"],
                ("lacks the table session_ecoins", "Found: archives, formations, stagiaires"),
            ),
            (
                ["ALTER TABLE formations RENAME COLUMN nom TO machin"],
                ("formations lacks a column for name", "Found: id, machin"),
            ),
            (
                [f"ALTER TABLE stagiaires DROP COLUMN {name}" for name in ("nom", "prenom")],
                ("stagiaires lacks a column", "telephone, email, date_naissance, statut"),
            ),
        ],
        ids=["missing_table", "missing_column", "no_name_column"],
    )
    def test_a_missing_table_or_column_lists_what_was_found(
        self, damage: list[str], words: tuple[str, ...], make_legacy: MakeLegacy, db: None
    ) -> None:
        database = make_legacy(tables([learner(1)]))
        database.execute(*damage)
        with as_legacy(database):
            for option in ("--check", "--json"):
                assert_refused(call("legacy_import", option), 1, *words)
        assert not LegacyImportRun.objects.exists()

    def test_a_file_that_is_not_there_is_not_made(self, tmp_path: Path, db: None) -> None:
        missing = SQLiteLegacy(tmp_path / "none.sqlite3")
        with as_legacy(missing):
            assert_refused(call("legacy_import", "--json"), 1, "none.sqlite3")
        assert not missing.path.exists()

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("= no toml", ("cannot be read as TOML",)),
            ('[stagiaires]\nphone = "fax"', ("stagiaires.phone to fax", "Found: id, nom")),
        ],
        ids=["no_toml", "no_such_column"],
    )
    def test_a_schema_file_that_does_not_fit(
        self, content: str, words: tuple[str, ...], tmp_path: Path, settings: Any, db: None
    ) -> None:
        settings.LEGACY_SCHEMA_FILE = str(tmp_path / "schema.toml")
        (tmp_path / "schema.toml").write_text(content)
        with as_legacy(sqlite_legacy(tmp_path / "l.sqlite3", tables())):
            assert_refused(call("legacy_import"), 1, *words)


class TestItWouldNotBeSafe:
    @pytest.fixture
    def writer(self, old: ServerLegacy) -> dict[str, str]:
        """The environment of an account that may write."""
        user = f"writer_{os.getpid()}"
        old.server.create_account(user, SECRET, [f"SELECT, INSERT ON `{old.name}`.*"])
        return {**old.environment(), "LEGACY_DB_USERNAME": user, "LEGACY_DB_PASSWORD": SECRET}

    def test_an_account_that_can_write_is_refused_and_its_hash_not_shown(
        self, writer: dict[str, str], app: AppDatabase, nothing_staged: None
    ) -> None:
        env = environment(app, **writer)
        for option in ("--json", "--check"):
            ended = manage("legacy_import", option, env=env)
            assert_refused(ended, 3, "INSERT", "--allow-writable-source")
            assert "*" not in ended.err.replace(".*", "")
            assert SECRET not in ended.err

    def test_it_can_be_allowed_explicitly_and_the_certificate_says_so(
        self, writer: dict[str, str], app: AppDatabase
    ) -> None:
        env = environment(app, **writer)
        ended = manage("legacy_import", "--allow-writable-source", "--json", env=env)
        assert ended.code == 0, ended.err
        assert ended.told["counts"]["rows"] == 2
        assert '"account_read_only": false' in app.one("SELECT certificate FROM legacy_import_runs")

    def test_source_and_target_may_not_be_the_same_database(
        self, app: AppDatabase, nothing_staged: None
    ) -> None:
        if app.server:
            login, _, place = app.url.removeprefix("mysql://").partition("@")
            same = ServerLegacy(app.server, app.name).environment()
            user, _, password = login.partition(":")
            same |= {"LEGACY_DB_USERNAME": user, "LEGACY_DB_PASSWORD": password}
            assert place
        else:
            assert app.path
            same = SQLiteLegacy(app.path).environment()
        env = environment(app, **same)
        ended = manage("legacy_import", "--allow-writable-source", "--json", env=env)
        assert_refused(ended, 3, "Source and target are the same database", "DATABASE_URL")

    def test_an_unguarded_alias_is_refused(self, db: None) -> None:
        for more in ([], ["--allow-writable-source"], ["--check"]):
            ended = call("legacy_import", "--connection", "default", *more)
            assert_refused(ended, 3, "default is not behind a guarded backend")
        assert not LegacyImportRun.objects.exists()


class TestUsage:
    def test_an_unknown_alias(self, db: None) -> None:
        assert_refused(call("legacy_import", "--connection", "nowhere"), 2, "nowhere", "legacy")

    @pytest.mark.parametrize("name", [*STAGES, "legacy_status"])
    def test_an_unknown_run(self, name: str, db: None) -> None:
        for json in ([], ["--json"]):
            ended = call(name, "--run", "99", *json)
            assert_refused(ended, 2, "There is no run 99", "legacy_status")
            assert bool(ended.out) == bool(json)

    def test_an_unknown_run_to_resume_or_compare_with(self, school: SQLiteLegacy) -> None:
        assert_refused(call("legacy_import", "--resume", "99"), 2, "There is no run 99")
        for name in ("legacy_import", "legacy_validate", "legacy_classify"):
            done(name)
        ended = call("legacy_dry_run", "--diff", "99999")
        assert_refused(ended, 2, "There is no run 99999")
        assert LegacyImportRun.objects.get().status == "classified"

    @pytest.mark.parametrize("name", STAGES)
    def test_no_run_yet(self, name: str, db: None) -> None:
        assert_refused(call(name, "--json"), 2, "There is no run yet", "legacy_import")

    def test_an_actor_who_does_not_exist(self, school: SQLiteLegacy) -> None:
        assert_refused(call("legacy_import", "--actor", "nobody"), 2, "--actor")
        assert not LegacyImportRun.objects.exists()

    @pytest.mark.parametrize("name", ["legacy_import", "legacy_dry_run", "legacy_status"])
    def test_an_actor_who_is_deactivated(self, name: str, school: SQLiteLegacy) -> None:
        UserFactory(username="houria", is_superuser=True, is_active=False)
        assert_refused(call(name, "--actor", "houria"), 2, "deactivated", "leave --actor out")

    @pytest.mark.parametrize(
        ("name", "group", "needed"),
        [
            ("legacy_import", "Manager", "commit"),
            ("legacy_validate", "Reviewer", "map"),
            ("legacy_classify", "Reviewer", "map"),
            ("legacy_dry_run", "Reader", "map"),
            ("legacy_commit", "Manager", "commit"),
            ("legacy_rollback", "Manager", "rollback"),
            ("legacy_close", "Manager", "commit"),
            ("legacy_purge", "Manager", "commit"),
            ("legacy_status", None, "view"),
            ("legacy_reconcile", None, "view"),
        ],
    )
    def test_an_actor_without_the_right(
        self, name: str, group: str | None, needed: str, school: SQLiteLegacy
    ) -> None:
        user = UserFactory(username="houria")
        if group:
            user.groups.add(Group.objects.get(name=group))
        run = ["--run", "1"] if name in ("legacy_commit", "legacy_rollback", "legacy_close") else []
        ended = call(name, *run, "--actor", "houria")
        assert_refused(ended, 2, f"without the permission legacy_imports.{needed}")
        assert not LegacyImportRun.objects.exists()

    def test_an_actor_with_the_right_of_a_group(self, school: SQLiteLegacy) -> None:
        UserFactory(username="houria").groups.add(Group.objects.get(name="Operator"))
        done("legacy_import", "--limit", "1", "--actor", "houria")
        assert LegacyImportRun.objects.get().created_by == "houria"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("legacy_import", "--limit", "0"),
            ("legacy_import", "--resume", "x"),
            ("legacy_validate", "--run", "x"),
            ("legacy_status", "--frobnicate"),
        ],
        ids=" ".join,
    )
    def test_an_argument_that_is_none(
        self, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as left:
            ManagementUtility(["manage.py", *arguments]).execute()
        told = capsys.readouterr()
        assert (left.value.code, told.out) == (2, "")
        assert arguments[1] in told.err


OUT_OF_ORDER: dict[str, tuple[str, tuple[RunStatus, ...]]] = {
    "legacy_validate": ("validated", (RunStatus.IMPORTING, RunStatus.FAILED, RunStatus.CLOSED)),
    "legacy_classify": ("classified", (RunStatus.IMPORTING, RunStatus.IMPORTED, RunStatus.FAILED,
                                       RunStatus.CLOSED)),
    "legacy_dry_run": ("planned", (RunStatus.IMPORTING, RunStatus.IMPORTED, RunStatus.VALIDATED,
                                   RunStatus.FAILED, RunStatus.CLOSED)),
}  # fmt: skip


class TestOutOfOrder:
    @pytest.mark.parametrize(
        ("name", "status"),
        [(name, status) for name, (_, early) in OUT_OF_ORDER.items() for status in early],
    )
    def test_a_stage_before_the_one_it_needs(
        self, name: str, status: RunStatus, school: SQLiteLegacy
    ) -> None:
        done("legacy_import", "--limit", "1")
        LegacyImportRun.objects.update(status=status)
        ended = call(name, "--json")
        assert_refused(ended, 5, f"is '{status}'", OUT_OF_ORDER[name][0])
        assert LegacyImportRun.objects.get().status == status

    @pytest.mark.parametrize("name", STAGES)
    def test_a_run_staged_by_other_normalizers_is_not_judged_by_these(
        self, name: str, school: SQLiteLegacy
    ) -> None:
        for stage in ("legacy_import", *STAGES):
            done(stage)
        LegacyImportRun.objects.update(norm_version=0)
        assert_refused(call(name), 5, "normalization 0", "legacy_import")
