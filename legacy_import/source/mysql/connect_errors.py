"""The driver's error numbers as messages. Its own text is never shown: it may contain values."""

import errno
import re

from legacy_import.source.accepted_names import TABLES
from legacy_import.source.errors import SourceLost, SourceReadError, SourceUnreachable

_HOST = "Check LEGACY_DB_HOST, LEGACY_DB_PORT or LEGACY_DB_SOCKET, and that the server is running."
_LOGIN = "Check LEGACY_DB_USERNAME and LEGACY_DB_PASSWORD."
_CHARSET = "Servers before MySQL 5.5.3 know utf8 but not utf8mb4."
_TLS = "Check LEGACY_DB_SSL_MODE and LEGACY_DB_SSL_CA against the server's certificate."

# Error number → (what happened, next step). {user} {where} {database} come from the settings.
CONNECT = {
    1044: ("The account {user} has no right on the database {database}.",
           "Check LEGACY_DB_DATABASE, or grant the account SELECT on the four tables."),
    1045: ("The legacy server refused the account {user} or its password.", _LOGIN),
    1049: ("The legacy server has no database {database}.", "Check LEGACY_DB_DATABASE."),
    1040: ("The legacy server has too many connections.", "Try again later."),
    1115: ("The legacy server does not know the charset of LEGACY_DB_CHARSET.", _CHARSET),
    1129: ("The legacy server blocks this machine after failed attempts.",
           "Have FLUSH HOSTS run there."),
    1130: ("The legacy server accepts no connection from this machine.",
           "Have the account opened for this machine's address."),
    1251: ("The legacy server wants an older kind of login than the driver speaks.", _LOGIN),
    1698: ("The legacy server refused the account {user}.", _LOGIN),
    1820: ("The password of the account {user} must be changed first.", _LOGIN),
    1862: ("The password of the account {user} has expired.", _LOGIN),
    2002: ("The legacy server cannot be reached at {where}.", _HOST),
    2003: ("The legacy server cannot be reached at {where}.", _HOST),
    2005: ("The host of the legacy server is unknown: {where}.", _HOST),
    2013: ("The legacy server at {where} did not answer in time, or ended the link.", _HOST),
    2019: ("The driver does not know the charset of LEGACY_DB_CHARSET.", _CHARSET),
    2026: ("No safe TLS link to the legacy server could be made.", _TLS),
    2059: ("The driver lacks the kind of login the account {user} uses.", _LOGIN),
    3118: ("The account {user} is locked.", _LOGIN),
    3159: ("The legacy server accepts only TLS.", _TLS),
    4151: ("The account {user} is locked.", _LOGIN),
}  # fmt: skip

_RIGHTS = ("", "Grant the account SELECT on the four tables.")
_TIME = ("it took longer than the server allows",
         "Have max_statement_time (MariaDB) or max_execution_time (MySQL) raised for this account, and"
         " look for a job that ends long statements; then run the command again.")  # fmt: skip
_CRASHED = ("the table is damaged",
            "Have it repaired there: REPAIR TABLE (MyISAM, Aria), or restore a copy (InnoDB); then run"
            " the command again.")  # fmt: skip
_CHANGED = ("the table was changed while it was read",
            "Run the command again when no one alters the old tables.")  # fmt: skip

# Error number → (reason, next step) of a read.
READING = {
    1142: _RIGHTS, 1143: _RIGHTS, 1044: _RIGHTS,
    1969: _TIME, 3024: _TIME,
    1317: ("someone ended it at the server", "Run the command again."),
    1226: ("the account has used up what it is allowed in an hour",
           "Have its limits (MAX_QUERIES_PER_HOUR …) raised; then run the command again."),
    1194: _CRASHED, 1195: _CRASHED, 1034: _CRASHED, 1035: _CRASHED, 126: _CRASHED, 127: _CRASHED,
    130: _CRASHED, 144: _CRASHED, 145: _CRASHED, 1712: _CRASHED, 1877: _CRASHED, 1815: _CRASHED,
    1412: _CHANGED, 1146: _CHANGED, 1054: _CHANGED,
    1021: ("its disk is full", "Have room made on the server; then run the command again."),
    1114: ("its disk, or the space for temporary tables, is full",
           "Have room made on the server; then run the command again."),
    1168: ("a MERGE table refers to tables that differ or are gone",
           "Copy its rows into a separate table: CREATE TABLE … AS SELECT."),
}  # fmt: skip

# The connection is lost: client errors, a killed connection, a server that shuts down or timed out.
# Over TLS the driver reports 2026 where it reports 2013 otherwise.
LOST = frozenset({0, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1927, 2000, 2006, 2013, 2014, 2026,
                  2055, 4031})  # fmt: skip
LOST_LINK, TLS_FAILED, UNKNOWN_VARIABLE = 2013, 2026, 1193
# While connecting, 2026 is a refused certificate or cipher, or a connection lost during the handshake:
# then the driver's text ends with the number of a system error, or contains no TLS reason.
_SYSTEM_ERROR = re.compile(r"\((\d+)\)$")
_NO_REASON = re.compile(r"unexpected eof|error:00000000:", re.IGNORECASE)
_LINK_ERRORS = frozenset({
    errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNABORTED, errno.ENETRESET, errno.ENOTCONN,
    errno.EPIPE, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EAGAIN,
    errno.EINPROGRESS,
})  # fmt: skip


def number_of(error: BaseException) -> int:
    """The MySQL error number of an exception; 0 if it has none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def unreachable(error: BaseException, user: str, where: str, database: str) -> SourceUnreachable:
    """The error to raise when connecting failed."""
    number = number_of(error)
    message, hint = CONNECT.get(
        LOST_LINK if _broke_in_the_handshake(error) else number,
        ("The legacy server at {where} refused the connection.", _HOST),
    )
    message = message.format(user=user or "(none)", where=where, database=database or "(none)")
    return SourceUnreachable(f"{message} (error {number})" if number else message, hint=hint)


def _broke_in_the_handshake(error: BaseException) -> bool:
    if number_of(error) != TLS_FAILED:
        return False
    text = str(error.args[1]).strip() if len(error.args) > 1 else ""
    system = _SYSTEM_ERROR.search(text)
    return int(system[1]) in _LINK_ERRORS if system else _NO_REASON.search(text) is not None


def while_reading(error: BaseException) -> SourceLost | SourceReadError:
    """The error to raise when a read failed."""
    number = number_of(error)
    if number in LOST:
        return SourceLost(f"error {number}")
    what, hint = READING.get(
        number, ("", "Look the number up in the server's manual; nothing was written anywhere.")
    )
    reason = f": {what}" if what else ""
    return SourceReadError(
        f"The legacy server refused a read{_table_of(error)} ({type(error).__name__} {number}){reason}.",
        hint=hint,
    )


def _table_of(error: BaseException) -> str:
    """Which of the four tables the driver's text names; no other word of it is used."""
    text = str(error.args[1]) if len(error.args) > 1 else ""
    table = next((name for name in TABLES if re.search(rf"\b{name}\b", text, re.IGNORECASE)), "")
    return f" of {table}" if table else ""
