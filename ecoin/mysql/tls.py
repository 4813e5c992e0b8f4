"""TLS to a MySQL or MariaDB server, with MariaDB's client library or MySQL's."""

import socket
from typing import Any

from django.db.backends.mysql.base import DatabaseWrapper

Database = DatabaseWrapper.Database  # the driver

UNVERIFIED = ("PREFERRED", "REQUIRED")
ENFORCED = ("REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
CIPHER_SQL = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
LOST_LINK = 2013

_PROTOCOL = 10
_CLIENT_SSL = 0x0800  # the bit of the capabilities
# Behind the version: connection id, first part of the challenge, a filler, then the capabilities.
_BEFORE_CAPABILITIES = 4 + 8 + 1


class WithoutTls(Exception):
    """The mode wants TLS, and the server has none. No password was sent."""


def tls_arguments(mode: str, authority: str) -> dict[str, Any]:
    """Driver arguments for the mode. MariaDB's client library needs special ones for two modes.

    It encrypts if it gets any TLS argument, so DISABLED passes none; otherwise it does not try, so
    PREFERRED passes a cipher list that changes nothing.
    """
    arguments: dict[str, Any] = {"ssl_mode": mode}
    if mode == "DISABLED":
        return arguments
    if authority:
        arguments["ssl"] = {"ca": authority}
    elif mode == "PREFERRED" and Database.get_client_info().startswith("3."):
        arguments["ssl"] = {"cipher": "DEFAULT"}
    return arguments


def for_this_server(arguments: dict[str, Any]) -> dict[str, Any]:
    """The driver's arguments with those for TLS only if the server has it. Raises WithoutTls.

    With a TLS argument, MariaDB's client library believes that every link is encrypted. To a server
    without TLS it would send the password in clear where MySQL's caching_sha2_password wants it.
    """
    mode, host = arguments["ssl_mode"], arguments.get("host", "localhost")
    if mode not in UNVERIFIED or host == "localhost":  # for the driver, that is a Unix socket
        return arguments
    if _offers_tls(host, arguments.get("port", 3306), arguments["connect_timeout"]):
        return arguments
    if mode == "REQUIRED":
        raise WithoutTls
    return {key: value for key, value in arguments.items() if key != "ssl"}


def is_encrypted(connection: Any) -> bool:
    """Whether the driver's open connection uses TLS: REQUIRED connects in plain text without it."""
    with connection.cursor() as cursor:
        cursor.execute(CIPHER_SQL)
        status = cursor.fetchone()
    return bool(status and status[1])


def _offers_tls(host: str, port: int, seconds: float) -> bool:
    """Whether the server's greeting announces TLS; True if that is unknown.

    Raises the driver's error for a lost link if the server does not answer in time.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as link:
            stream = link.makefile("rb")
            length = int.from_bytes(stream.read(4)[:3], "little")
            greeting = stream.read(length)
    except TimeoutError:
        raise Database.OperationalError(LOST_LINK, "no greeting") from None
    except OSError:
        return True  # the driver meets the same error, and reports it
    if greeting[:1] != bytes([_PROTOCOL]):
        return True
    place = greeting.find(b"\0") + 1 + _BEFORE_CAPABILITIES
    return bool(int.from_bytes(greeting[place : place + 2], "little") & _CLIENT_SSL)
