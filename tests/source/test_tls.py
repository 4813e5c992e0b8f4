"""TLS as the driver really does it: the mode promises, the cipher proves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from legacy_import.errors import LegacyImportError
from legacy_import.source.errors import SourceLost, SourceUnreachable
from legacy_import.source.reader import open_source
from tests.certificates import create_authority, new_tls_server
from tests.database_server import DatabaseServer
from tests.relay import Relay
from tests.servers import MARIADB, MYSQL, kind_for_tests, new_server
from tests.source.conftest import OLD_TABLES, OldDatabase
from tests.source.eavesdropper import Eavesdropper
from tests.source_fixtures import AliasOpener

pytestmark = pytest.mark.own_server("servers with other TLS settings")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates of our own and of a stranger."""
    return create_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_server(authority: Path) -> Iterator[DatabaseServer]:
    with new_tls_server(authority) as server:
        yield readable_old(server)


# How each is told to speak no TLS, which both offer by themselves (MariaDB from 11.4 on).
WITHOUT_TLS = {MARIADB: "--skip-ssl", MYSQL: "--tls-version="}


@pytest.fixture(scope="module")
def plain_server() -> Iterator[DatabaseServer]:
    """A server without TLS."""
    with new_server(WITHOUT_TLS[kind_for_tests()]) as server:
        yield readable_old(server)


def readable_old(server: DatabaseServer) -> DatabaseServer:
    """The server with an old database, and an account `reader` that may only read it."""
    database = OldDatabase(server, server.create_database("old"))
    database.execute(*OLD_TABLES)
    server.create_account("reader", "fictional", ["SELECT ON old.*"])
    return server


@pytest.mark.parametrize(
    ("mode", "authority_file", "encrypted"),
    [
        ("DISABLED", "", False),
        ("DISABLED", "ca.pem", False),
        ("PREFERRED", "", True),
        ("PREFERRED", "ca.pem", True),
        ("REQUIRED", "", True),
        ("VERIFY_CA", "ca.pem", True),
        ("VERIFY_IDENTITY", "ca.pem", True),
    ],
)
def test_the_certificate_tells_whether_the_link_is_encrypted(
    mode: str, authority_file: str, encrypted: bool, authority: Path, tls_server: DatabaseServer,
    legacy_alias: AliasOpener,
) -> None:  # fmt: skip
    options = {
        "ssl_mode": mode,
        "ssl_ca": str(authority / authority_file) if authority_file else "",
    }
    with (
        legacy_alias("old", user="reader", password="fictional", PORT=str(tls_server.port),
                     OPTIONS=options),
        open_source("legacy") as source,
    ):  # fmt: skip
        told = source.certificate.tls
    assert told["mode"] == mode
    assert told["state"] == ("encrypted" if encrypted else "plain")
    assert bool(told["cipher"]) is encrypted


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
@pytest.mark.parametrize("file", ["stranger.pem", ""])
def test_a_certificate_of_another_authority_is_refused(
    mode: str, file: str, authority: Path, tls_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    options = {"ssl_mode": mode, "ssl_ca": str(authority / file) if file else ""}
    with (
        legacy_alias("old", user="reader", password="fictional", PORT=str(tls_server.port),
                     OPTIONS=options),
        pytest.raises(LegacyImportError, match="No safe TLS link") as caught,
        open_source("legacy"),
    ):  # fmt: skip
        pass
    assert "LEGACY_DB_SSL_CA" in caught.value.hint


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_a_certificate_for_another_name_is_refused(
    mode: str, authority: Path, tls_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    """The driver checks the name under VERIFY_CA, too: the docs state it."""
    options = {"ssl_mode": mode, "ssl_ca": str(authority / "ca.pem")}
    with (
        Relay(tls_server.port, host="127.0.0.2") as relay,
        legacy_alias("old", user="reader", password="fictional", HOST="127.0.0.2",
                     PORT=str(relay.port), OPTIONS=options),
        pytest.raises(LegacyImportError, match="No safe TLS link"),
        open_source("legacy"),
    ):  # fmt: skip
        pass


def test_required_is_refused_where_the_driver_would_speak_in_plain_text(
    plain_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    with (
        legacy_alias("old", user="reader", password="fictional", PORT=str(plain_server.port),
                     OPTIONS={"ssl_mode": "REQUIRED"}),
        pytest.raises(LegacyImportError, match="does not use TLS") as caught,
        open_source("legacy"),
    ):  # fmt: skip
        pass
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED"])
def test_a_server_without_tls_is_read_in_plain_text(
    mode: str, plain_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    """Also by an account that MySQL has not let in before: it then asks for the password itself."""
    plain_server.create_account("reader", "fictional", ["SELECT ON old.*"])
    with (
        legacy_alias("old", user="reader", password="fictional", PORT=str(plain_server.port),
                     OPTIONS={"ssl_mode": mode}),
        open_source("legacy") as source,
    ):  # fmt: skip
        assert source.certificate.tls == {"state": "plain", "cipher": "", "mode": mode}


@pytest.mark.parametrize(
    "mode", ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
)
def test_no_password_is_sent_in_clear_to_a_server_without_tls(
    mode: str, authority: Path, legacy_alias: AliasOpener
) -> None:
    """Also where the server wants the password itself, as MySQL does at an account's first sign-in."""
    with (
        Eavesdropper() as server,
        legacy_alias("old", user="reader", password="fictional-secret", PORT=str(server.port),
                     OPTIONS={"ssl_mode": mode, "ssl_ca": str(authority / "ca.pem")}),
        pytest.raises(LegacyImportError),
        open_source("legacy"),
    ):  # fmt: skip
        pass
    assert b"secret" not in server.overheard
    signs_in = mode in ("DISABLED", "PREFERRED")
    assert (b"reader" in server.overheard) is signs_in


@pytest.mark.parametrize("mode", ["PREFERRED", "REQUIRED"])
def test_a_wrong_password_is_that_with_and_without_tls(
    mode: str, plain_server: DatabaseServer, tls_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    for server, message in (
        (tls_server, "refused the account reader or its password"),
        (plain_server, "does not use TLS|refused the account reader or its password"),
    ):
        with (
            legacy_alias("old", user="reader", password="wrong", PORT=str(server.port),
                         OPTIONS={"ssl_mode": mode}),
            pytest.raises(LegacyImportError, match=message),
            open_source("legacy"),
        ):  # fmt: skip
            pass


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_verified_modes_are_refused_by_a_server_without_tls(
    mode: str, authority: Path, plain_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    with (
        legacy_alias("old", user="reader", password="fictional", PORT=str(plain_server.port),
                     OPTIONS={"ssl_mode": mode, "ssl_ca": str(authority / "ca.pem")}),
        pytest.raises(LegacyImportError, match="No safe TLS link"),
        open_source("legacy"),
    ):  # fmt: skip
        pass


FAULTS = pytest.mark.parametrize("fault", ["silent", "cut"])


@FAULTS
def test_an_encrypted_link_that_breaks_while_reading_is_a_lost_link(
    fault: Literal["silent", "cut"], tls_server: DatabaseServer, legacy_alias: AliasOpener
) -> None:
    """The driver reports another number for it than without TLS."""
    with (
        Relay(tls_server.port, fault) as relay,
        legacy_alias("old", user="reader", password="fictional", PORT=str(relay.port),
                     OPTIONS={"ssl_mode": "REQUIRED", "read_timeout": 1}),
        open_source("legacy") as source,
    ):  # fmt: skip
        assert source.certificate.tls["state"] == "encrypted"
        relay.strike()
        with pytest.raises(SourceLost, match="error 2026") as caught:
            next(source.pages("archives"))
    assert "legacy_import --resume" in caught.value.hint


@FAULTS
@pytest.mark.parametrize("mode", ["PREFERRED", "VERIFY_IDENTITY"])
def test_a_link_that_breaks_in_the_handshake_is_no_bad_certificate(
    mode: str, fault: Literal["silent", "cut"], authority: Path, tls_server: DatabaseServer,
    legacy_alias: AliasOpener,
) -> None:  # fmt: skip
    greeting = 150  # bytes at most; the server's part of the handshake is longer
    with (
        Relay(tls_server.port, fault, after=greeting) as relay,
        legacy_alias("old", user="reader", password="fictional", PORT=str(relay.port),
                     OPTIONS={"ssl_mode": mode, "ssl_ca": str(authority / "ca.pem"),
                              "connect_timeout": 1}),
        pytest.raises(SourceUnreachable, match="did not answer in time, or ended the link") as caught,
        open_source("legacy"),
    ):  # fmt: skip
        pass
    assert "error 2026" in caught.value.message
    assert "LEGACY_DB_HOST" in caught.value.hint
    assert "LEGACY_DB_SSL" not in caught.value.hint
