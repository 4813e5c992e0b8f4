"""A platform that is not ready or badly configured: one sentence, the key, and what it accepts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_import.checks import check_celery, check_settings
from tests.legacy_database import sqlite_legacy, tables
from tests.management.calling import assert_refused
from tests.processes import ROOT, AppDatabase, environment, manage

SECRET = "canary-password-of-nobody"


@pytest.fixture
def nothing_staged(app: AppDatabase) -> Iterator[None]:
    """After the test the app database holds no run and no staged row."""
    yield
    assert app.one("SELECT COUNT(*) FROM legacy_import_runs") == 0
    assert app.one("SELECT COUNT(*) FROM legacy_student_imports") == 0


class TestThePlatformIsNotReady:
    @pytest.mark.parametrize("name", ["legacy_import", "legacy_dry_run", "legacy_status"])
    def test_an_app_database_without_tables(self, name: str, tmp_path: Path) -> None:
        database = sqlite_legacy(tmp_path / "l.sqlite3", tables())
        empty = AppDatabase(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        ended = manage(name, "--json", env=environment(empty, **database.environment()))
        assert_refused(ended, 1, "app database", "manage.py migrate")

    @pytest.mark.parametrize(
        "url",
        [
            "sqlite:////nowhere/app.sqlite3",
            "mysql://nobody:canary-password-of-nobody@127.0.0.1:1/x",
        ],
    )
    def test_an_app_database_that_cannot_be_reached(self, url: str, tmp_path: Path) -> None:
        database = sqlite_legacy(tmp_path / "l.sqlite3", tables())
        ended = manage(
            "legacy_import", "--json", env=environment(AppDatabase(url), **database.environment())
        )
        assert_refused(ended, 1, "app database", "DATABASE_URL")
        assert SECRET not in ended.err + ended.out

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param(f"mysql://u:{SECRET}/x@127.0.0.1:3306/app", id="a-slash-in-the-password"),
            pytest.param("mysql://u:p@127.0.0.1:many/app", id="a-port-that-is-no-number"),
            pytest.param("nothing", id="no-address"),
            pytest.param("postgres://u:p@127.0.0.1/app", id="another-database"),
        ],
    )
    def test_a_database_url_that_cannot_be_used_is_named_and_never_shown(self, url: str) -> None:
        ended = manage("legacy_status", env=environment(AppDatabase(url)))
        assert ended.code == 1
        assert "DATABASE_URL must be" in ended.err
        assert "Traceback" not in ended.err
        assert SECRET not in ended.err + ended.out

    def test_a_settings_file_that_is_not_there_is_refused_by_its_path(self) -> None:
        ended = manage("legacy_status", env={**environment(None), "ENV_FILE": "nowhere/x.env"})
        assert ended.code == 1
        assert f"there is no file {ROOT / 'nowhere/x.env'}" in ended.err
        assert "Traceback" not in ended.err


BAD_VALUES = {
    "LEGACY_DB_DRIVER": "oracle",
    "LEGACY_DB_SSL_MODE": "MAYBE",
    "LEGACY_DB_STRICT": "perhaps",
    "LEGACY_DB_CHARSET": "gbk",
    "LEGACY_DB_READ_TIMEOUT": "soon",
    "LEGACY_DB_PORT": "many",
    "LEGACY_DB_TIME_ZONE": "Africa/Algiers",
    "LEGACY_IMPORT_CONNECTION": "elsewhere",
    "LEGACY_IMPORT_FOCUS_MODE_DEFAULT": "everything",
    "LEGACY_IMPORT_HOT_KEY_ROWS": "0",
    "LEGACY_IMPORT_HOT_KEY_NAMES": "-3",
    "LEGACY_IMPORT_MAX_FAILURE_RATE": "2",
    "LEGACY_IMPORT_ENGINE": "threads",
    "LEGACY_IMPORT_RETENTION_DAYS": "0",
    "LEGACY_IMPORT_NOTIFY": "nobody",
    "EMAIL_PORT": "smtp",
    "EMAIL_USE_TLS": "perhaps",
    "EMAIL_USE_SSL": "both",
    "DEFAULT_FROM_EMAIL": "the school",
    "LEGACY_SCHEMA_FILE": "/nowhere/schema.toml",
    "DATABASE_TIMEOUT": "never",
    "DATABASE_SSL_MODE": "SOMETIMES",
    "DATABASE_SSL_CA": "/nowhere/ca.pem",
}


class TestSettings:
    @pytest.mark.parametrize("key", BAD_VALUES)
    def test_a_bad_value_is_a_system_check_with_a_hint(self, key: str, settings: Any) -> None:
        setattr(settings, key, BAD_VALUES[key])
        (found,) = check_settings(None)
        assert found.id.startswith("legacy_imports.E0")
        assert key in found.msg
        assert found.hint

    def test_the_ids_of_the_checks_are_not_shared(self, settings: Any) -> None:
        for key, value in BAD_VALUES.items():
            setattr(settings, key, value)
        found = check_settings(None)
        assert len({one.id for one in found}) == len(BAD_VALUES)

    def test_workers_need_a_database_they_can_share_and_a_broker(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert check_celery(None) == []
        settings.LEGACY_IMPORT_ENGINE = "celery"
        app = settings.DATABASES["default"]
        monkeypatch.setitem(app, "ENGINE", "django.db.backends.sqlite3")
        shared, broker = check_celery(None)
        assert (shared.id, broker.id) == ("legacy_imports.E004", "legacy_imports.E005")
        assert "MariaDB or MySQL" in shared.hint
        assert "redis://" in broker.hint
        monkeypatch.setitem(app, "ENGINE", "django.db.backends.mysql")
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
        assert check_celery(None) == []

    def test_a_command_stops_at_bad_values_and_names_them_all(
        self, app: AppDatabase, nothing_staged: None
    ) -> None:
        ended = manage("legacy_import", env=environment(app, **BAD_VALUES))
        assert (ended.code, ended.out) == (1, "")
        assert "Traceback" not in ended.err
        assert all(f"{key} " in ended.err for key in BAD_VALUES)
        assert ended.err.count("HINT:") == len(BAD_VALUES)

    def test_production_has_no_default_secret_key(self, app: AppDatabase) -> None:
        env = environment(app, DEBUG="false", ALLOWED_HOSTS="school.example")
        ended = manage("legacy_status", env=env)
        assert (ended.code, ended.out) == (1, "")
        assert "SECRET_KEY" in ended.err
        assert "Next:" in ended.err
        assert "Traceback" not in ended.err


def test_fictional_people_are_refused_in_production(app: AppDatabase, tmp_path: Path) -> None:
    env = environment(app, DEBUG="false", SECRET_KEY="x" * 60)
    target = str(tmp_path / "demo.sqlite3")
    ended = manage("legacy_demo", "--with-platform", "--sqlite", target, env=env)
    assert_refused(ended, 3, "production", "DEBUG=true")
    assert app.one("SELECT COUNT(*) FROM crm_leads") == 0
    assert not Path(target).exists()
