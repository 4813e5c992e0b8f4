"""The greeting that a server sends before sign-in: whether it supports TLS."""

import socket

import MySQLdb

from legacy_import.source.mysql.connect_errors import LOST_LINK

_PROTOCOL = 10
_CLIENT_SSL = 0x0800  # the bit of the capabilities
# Behind the version: connection id, first part of the challenge, a filler, then the capabilities.
_BEFORE_CAPABILITIES = 4 + 8 + 1


def offers_tls(host: str, port: int, seconds: float) -> bool:
    """Whether the server at this address announces TLS; True if that is unknown.

    Raises the driver's error for a lost link if the server does not answer in time.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as link:
            stream = link.makefile("rb")
            length = int.from_bytes(stream.read(4)[:3], "little")
            greeting = stream.read(length)
    except TimeoutError:
        raise MySQLdb.OperationalError(LOST_LINK, "no greeting") from None
    except OSError:
        return True  # the driver meets the same error, and reports it
    if greeting[:1] != bytes([_PROTOCOL]):
        return True
    place = greeting.find(b"\0") + 1 + _BEFORE_CAPABILITIES
    return bool(int.from_bytes(greeting[place : place + 2], "little") & _CLIENT_SSL)
