"""Certificates for a server of our own that speaks TLS."""

import subprocess
from pathlib import Path

from tests.database_server import DatabaseServer
from tests.servers import new_server


def create_authority(folder: Path) -> Path:
    """ca.pem, server.pem and server.key, valid for 127.0.0.1, and a stranger's ca, in the folder."""

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


def new_tls_server(authority: Path) -> DatabaseServer:
    """A server of the tests' kind with that certificate; start it with `with`."""
    files = {"ca": "ca.pem", "cert": "server.pem", "key": "server.key"}
    return new_server(*(f"--ssl-{name}={authority / file}" for name, file in files.items()))
