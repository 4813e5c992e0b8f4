"""The link to the app database: limits of time, encryption, and what DATABASE_URL may say of it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from tests.certificates import create_authority, new_tls_server
from tests.database_server import DatabaseServer
from tests.processes import AppDatabase, environment, manage
from tests.servers import MARIADB, MYSQL, kind_for_tests, new_server
from tests.source.eavesdropper import Eavesdropper
from tests.source_fixtures import own, swapped_alias

PASSWORD = "fictional-secret"
WITHOUT_TLS = {MARIADB: "--skip-ssl", MYSQL: "--tls-version="}
Cipher = Callable[..., str]


@pytest.fixture
def cipher(django_db_blocker: Any) -> Cipher:
    """cipher(server, **options) → the cipher of a link with these OPTIONS; "" in plain text."""

    def read(server: Any, **options: Any) -> str:
        account = {"USER": own("app"), "PASSWORD": PASSWORD, "HOST": "127.0.0.1"}
        if isinstance(server, DatabaseServer):
            server.create_account(own("app"), PASSWORD)  # a first sign-in, each time
        with (
            django_db_blocker.unblock(),
            swapped_alias("app_link", ENGINE="ecoin.mysql", PORT=str(server.port), OPTIONS=options,
                          **account) as link,
            link.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            return str(cursor.fetchone()[1])

    return read


class TestTimeLimits:
    def test_a_silent_server_ends_in_an_error(
        self, db_server: DatabaseServer, django_db_blocker: Any
    ) -> None:
        name = db_server.create_database(own("silent"))
        db_server.execute("CREATE TABLE t (id INT)", database=name)
        with (
            closing(db_server.admin(name)) as locker,
            locker.cursor() as lock,
            django_db_blocker.unblock(),
        ):
            lock.execute("LOCK TABLES t WRITE")
            settings = {**db_server.settings(name), "ENGINE": "ecoin.mysql"}
            with (
                swapped_alias("app_link", **settings, OPTIONS={"timeout": "3"}) as link,
                link.cursor() as cursor,
                pytest.raises(OperationalError) as caught,
            ):
                cursor.execute("SELECT * FROM t")
        db_server.execute(f"DROP DATABASE `{name}`")
        assert caught.value.args[0] in (2013, 2026), "2026 where the link is encrypted"

    @pytest.mark.parametrize(("timeout", "connect"), [("300", 10), ("4", 4)])
    def test_every_direction_has_its_limit(
        self, timeout: str, connect: int, django_db_blocker: Any
    ) -> None:
        with (
            django_db_blocker.unblock(),
            swapped_alias("app_link", ENGINE="ecoin.mysql", OPTIONS={"timeout": timeout}) as link,
        ):
            arguments = link.get_connection_params()
            assert link.settings_dict["OPTIONS"] == {"timeout": timeout}
        limits = [arguments[f"{name}_timeout"] for name in ("connect", "read", "write")]
        assert limits == [connect, int(timeout), int(timeout)]
        assert "timeout" not in arguments


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_server(authority: Path) -> Iterator[DatabaseServer]:
    with new_tls_server(authority) as server:
        yield server


@pytest.fixture(scope="module")
def plain_server() -> Iterator[DatabaseServer]:
    with new_server(WITHOUT_TLS[kind_for_tests()]) as server:
        yield server


@pytest.mark.own_server("servers with other TLS settings")
class TestEncryption:
    @pytest.mark.parametrize(
        ("mode", "file", "encrypted"),
        [
            (None, "", True),
            ("PREFERRED", "", True),
            ("REQUIRED", "", True),
            ("VERIFY_CA", "ca.pem", True),
            ("VERIFY_IDENTITY", "ca.pem", True),
            ("DISABLED", "", False),
        ],
    )
    def test_it_is_encrypted_where_the_server_can(
        self, mode: str | None, file: str, encrypted: bool, authority: Path,
        tls_server: DatabaseServer, cipher: Cipher,
    ) -> None:  # fmt: skip
        options = {"ssl_mode": mode} if mode else {}
        options |= {"ssl_ca": str(authority / file)} if file else {}
        assert bool(cipher(tls_server, **options)) is encrypted

    @pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
    def test_a_certificate_of_another_authority_is_refused(
        self, mode: str, authority: Path, tls_server: DatabaseServer, cipher: Cipher
    ) -> None:
        with pytest.raises(OperationalError) as caught:
            cipher(tls_server, ssl_mode=mode, ssl_ca=str(authority / "stranger.pem"))
        assert caught.value.args[0] == 2026

    @pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
    def test_a_server_without_tls_is_refused_where_it_is_wanted(
        self, mode: str, authority: Path, plain_server: DatabaseServer, cipher: Cipher
    ) -> None:
        with pytest.raises(OperationalError) as caught:
            cipher(plain_server, ssl_mode=mode, ssl_ca=str(authority / "ca.pem"))
        assert caught.value.args[0] == 2026

    @pytest.mark.parametrize("mode", ["PREFERRED", "DISABLED"])
    def test_a_server_without_tls_is_reached_in_plain_text(
        self, mode: str, plain_server: DatabaseServer, cipher: Cipher
    ) -> None:
        assert cipher(plain_server, ssl_mode=mode) == ""


@pytest.mark.parametrize(
    "mode", ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
)
def test_no_password_is_sent_in_clear(mode: str, cipher: Cipher) -> None:
    with Eavesdropper() as server, pytest.raises(OperationalError):
        cipher(server, ssl_mode=mode)
    assert PASSWORD.encode() not in server.overheard


class TestDatabaseUrl:
    @pytest.mark.parametrize("option", ["ssl_ca=/nowhere/ca.pem", "ssl_mode=SOMETIMES"])
    def test_tls_options_are_checked_like_their_keys(self, option: str) -> None:
        app = AppDatabase(f"mysql://u:{PASSWORD}@127.0.0.1:1/app?{option}")
        ended = manage("legacy_status", env=environment(app))
        assert ended.code == 1
        assert f"DATABASE_{option.partition('=')[0].upper()}" in ended.err
        assert "Traceback" not in ended.err
        assert PASSWORD not in ended.err

    @pytest.mark.parametrize("option", ["init_command=DROP", "read_default_file=x", "ssl=true"])
    def test_other_options_are_refused_by_name(self, option: str) -> None:
        app = AppDatabase(f"mysql://u:{PASSWORD}@127.0.0.1:1/app?{option}")
        ended = manage("legacy_status", env=environment(app))
        assert ended.code == 1
        assert "DATABASE_URL takes only these options" in ended.err
        assert "Traceback" not in ended.err
        assert PASSWORD not in ended.err

    def test_a_key_wins_over_the_address(self) -> None:
        app = AppDatabase(f"mysql://u:{PASSWORD}@127.0.0.1:1/app?ssl_mode=REQUIRED")
        code = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"
        env = environment(app, DATABASE_SSL_MODE="DISABLED", DATABASE_TIMEOUT="7")
        ended = manage("shell", "--no-imports", "--command", code, env=env)
        assert "'ssl_mode': 'DISABLED'" in ended.out
        assert "'timeout': '7'" in ended.out
