"""The statements that the backend itself may send to make a session read-only.

They bypass the guard, so they are a fixed set. Also the OPTIONS that an alias may have.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from legacy_import.conf import BOOLEANS, CHARSETS, TIME_ZONE

READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
REPEATABLE_READ = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
# The guard reads strings with backslash escapes and without ANSI_QUOTES, so the mode is fixed whole.
SQL_MODE = "SET SESSION sql_mode = ''"
SQL_MODE_STRICT = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES'"
# Limits of the server that would end a long read, or the session between two pages, or cut a result.
# A server has only some of them.
NO_LIMITS = (
    "SET SESSION max_statement_time = 0",  # MariaDB
    "SET SESSION max_execution_time = 0",  # MySQL
    "SET SESSION idle_transaction_timeout = 0",  # these two: MariaDB
    "SET SESSION idle_readonly_transaction_timeout = 0",
    "SET SESSION wait_timeout = 28800",  # seconds, as by default
    "SET SESSION sql_select_limit = 18446744073709551615",
    "SET SESSION sql_big_selects = 1",
)

STATEMENTS = frozenset(
    {READ_ONLY, REPEATABLE_READ, SNAPSHOT, SQL_MODE, SQL_MODE_STRICT, *NO_LIMITS}
)
SET_TIME_ZONE = re.compile(f"SET SESSION time_zone = '(?:{TIME_ZONE.pattern})'")
# Names travel in one of CHARSETS; values travel as bytes and are decoded by their column's own charset
# whatever this says. Only what the guard reads like the server: in GBK, SJIS and Big5 a character may
# end in the byte of a quote, in latin1 the byte A0 is a blank.
SET_NAMES = re.compile(rf"SET NAMES (?:{'|'.join(CHARSETS)}) COLLATE [a-z0-9_]{{1,60}}")
CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Session options of an alias. Timeouts in seconds."""

    charset: str
    collation: str
    strict: bool
    ssl_mode: str
    ssl_ca: str
    time_zone: str
    read_timeout: int
    connect_timeout: int


def session_options(alias_options: dict[str, Any]) -> SessionOptions:
    """OPTIONS of the alias over the LEGACY_DB_* settings.

    Raises ImproperlyConfigured for any other option: an init_command, for one, would run unguarded.
    """
    options = {
        "charset": settings.LEGACY_DB_CHARSET,
        "collation": settings.LEGACY_DB_COLLATION,
        "strict": settings.LEGACY_DB_STRICT,
        "ssl_mode": settings.LEGACY_DB_SSL_MODE,
        "ssl_ca": settings.LEGACY_DB_SSL_CA,
        "time_zone": settings.LEGACY_DB_TIME_ZONE,
        "read_timeout": settings.LEGACY_DB_READ_TIMEOUT,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    unknown = sorted(set(alias_options) - set(options))
    if unknown:
        raise ImproperlyConfigured(
            f"The legacy alias does not take the option {unknown[0]}; it takes {', '.join(options)}."
        )
    options.update(alias_options)
    charset = str(options["charset"] or "utf8mb4").lower()
    if charset not in CHARSETS:
        raise ImproperlyConfigured(
            f"LEGACY_DB_CHARSET must be one of: {', '.join(CHARSETS)}. It is the charset of the"
            " connection; each column is decoded by its own charset in any case."
        )
    collation = str(options["collation"] or "").lower()
    if collation and not SET_NAMES.fullmatch(f"SET NAMES {charset} COLLATE {collation}"):
        raise ImproperlyConfigured("LEGACY_DB_COLLATION is not the name of a collation.")
    if not TIME_ZONE.fullmatch(str(options["time_zone"])):
        raise ImproperlyConfigured("LEGACY_DB_TIME_ZONE must be an offset such as +01:00.")
    return SessionOptions(
        charset=charset,
        collation=collation,
        strict=BOOLEANS.get(str(options["strict"]).strip().lower(), False),
        ssl_mode=str(options["ssl_mode"] or "PREFERRED").upper(),
        ssl_ca=str(options["ssl_ca"] or ""),
        time_zone=str(options["time_zone"]),
        read_timeout=int(options["read_timeout"]),
        connect_timeout=int(options["connect_timeout"]),
    )


def opening_statements(options: SessionOptions) -> list[str]:
    """The first statements of a new connection. Read-only comes first."""
    statements = [READ_ONLY, REPEATABLE_READ, SQL_MODE_STRICT if options.strict else SQL_MODE]
    # TIMESTAMP columns are read in the old server's zone, also where a dump of it was loaded elsewhere.
    statements.append(f"SET SESSION time_zone = '{options.time_zone}'")
    if options.collation:
        statements.append(f"SET NAMES {options.charset} COLLATE {options.collation}")
    return statements


def is_known(statement: str) -> bool:
    """Whether the backend may send this without the guard."""
    patterns = (SET_NAMES, SET_TIME_ZONE)
    return statement in STATEMENTS or any(pattern.fullmatch(statement) for pattern in patterns)
