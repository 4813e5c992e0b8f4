"""TLS as the driver really does it: the mode promises, the cipher proves."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_import.errors import LegacyImportError
from legacy_import.source.reader import open_source
from tests.servers import DatabaseServer, new_server
from tests.source.conftest import OLD_TABLES, OldDatabase
from tests.source_fixtures import AliasOpener


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, server.pem and server.key, valid for 127.0.0.1, and a stranger's ca."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        command = ["openssl", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test")
    openssl("req", "-x509", *key, "-keyout", "x.key", "-out", "stranger.pem", "-subj", "/CN=X")
    openssl("req", *key[:3], "-keyout", "server.key", "-out", "s.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "server.pem")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def tls_server(authority: Path) -> Iterator[DatabaseServer]:
    options = [f"--ssl-{name}={authority / file}" for name, file in
               (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))]  # fmt: skip
    with new_server(*options) as server:
        database = OldDatabase(server, server.create_database("old"))
        database.execute(*OLD_TABLES)
        server.create_account("reader", "fictional", ["SELECT ON old.*"])
        yield server


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


def test_required_is_refused_where_the_driver_would_speak_in_plain_text(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with (
        legacy_alias(old.name, OPTIONS={"ssl_mode": "REQUIRED"}),
        pytest.raises(LegacyImportError, match="without TLS") as caught,
        open_source("legacy"),
    ):
        pass
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_verified_modes_are_refused_by_a_server_without_tls(
    mode: str, authority: Path, old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with (
        legacy_alias(old.name, OPTIONS={"ssl_mode": mode, "ssl_ca": str(authority / "ca.pem")}),
        pytest.raises(LegacyImportError),
        open_source("legacy"),
    ):
        pass
