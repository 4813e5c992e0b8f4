"""Errors of the app database as messages with a remedy: by class and number, never with their text.

Drivers put the offending value into the text.
"""

from django.db import Error as AnyDatabaseError
from django.db import connections

from ecoin.database import LOCK_WAIT_TIMEOUT, long_transactions
from legacy_import.engine.attempts import long_attempts
from legacy_import.engine.poison_rows import name_of
from legacy_import.errors import LegacyImportError

MIGRATE = "Is it there and migrated? manage.py migrate"
ANYTHING = (
    "Check DATABASE_URL, that its server answers, and that manage.py migrate has nothing to do; then "
    "run the command again."
)
LONG_SECONDS = 10  # that a worker or session has been at work for, before it is named
MOST_SESSIONS_NAMED = 3
_END_SESSION = (
    "If it no longer runs, the server ends it within about two minutes, or at once with KILL {}."
)
ENOUGH_PACKET_BYTES = 16 * 1024 * 1024  # ecoin.bulk sends about a quarter of it in one statement

_FULL = "Its disk is full. Make room there, then run the command again; what was finished is kept."
_READ_ONLY = (
    "It is read-only. Give this account the right to write (SQLite: to the file and its folder; "
    "a server: is it a replica, or started with --read-only?), then run the command again."
)
_CANNOT_OPEN = "Check the path in DATABASE_URL, and the rights on the file and its folder."
_UNREACHABLE = "Check DATABASE_URL, and that its server answers; then run the command again."
_LOGIN = "Check the user and the password in DATABASE_URL, percent-encoded where needed."
_RIGHTS = "Give the account of DATABASE_URL all rights on its database: GRANT ALL ON name.* TO …"
_LOCKED = "Other work has it locked. Run the command again; what was finished is kept."
_TLS = "No safe TLS link was made. Check DATABASE_SSL_MODE and DATABASE_SSL_CA."
_PACKET = (
    "Its server takes only small statements: SET GLOBAL max_allowed_packet = 67108864, and the same in "
    "its configuration; then run the command again."
)
_SILENT = (
    "Its server did not answer within DATABASE_TIMEOUT, or ended the link. See that it runs, then run "
    "the command again; what was finished is kept."
)

# Error number of MySQL and MariaDB, or name of SQLite's error → remedy.
REMEDIES: dict[int | str, str] = {
    1021: _FULL, 1114: _FULL, 1041: _FULL, 3: _FULL, 28: _FULL, "SQLITE_FULL": _FULL,
    1290: _READ_ONLY, 1792: _READ_ONLY, 1836: _READ_ONLY, 1036: _READ_ONLY, 29: _READ_ONLY,
    "SQLITE_READONLY": _READ_ONLY, "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CANTOPEN": _CANNOT_OPEN,
    2002: _UNREACHABLE, 2003: _UNREACHABLE, 2005: _UNREACHABLE, 1040: _UNREACHABLE,
    1045: _LOGIN, 1049: "Its server has no such database. Check the name in DATABASE_URL.",
    1044: _RIGHTS, 1142: _RIGHTS, 1143: _RIGHTS, 1227: _RIGHTS,
    1205: _LOCKED, 1213: _LOCKED, "SQLITE_BUSY": _LOCKED, "SQLITE_LOCKED": _LOCKED,
    1153: _PACKET, 2020: _PACKET,
    2006: _SILENT, 2013: _SILENT,
    2026: f"{_SILENT} While connecting: {_TLS}",
    "SQLITE_IOERR": "Its file could not be read or written. Check the disk and the folder's rights.",
    "SQLITE_CORRUPT": "Its file is damaged. Restore it from a backup.",
    "SQLITE_NOTADB": "Its file is not a SQLite database. Check DATABASE_URL.",
}  # fmt: skip


def known_app_database_error(error: Exception) -> LegacyImportError | None:
    """The same where a remedy is known; None: a traceback is more useful."""
    has_remedy = _code(error) in REMEDIES or not _migrated()
    return app_database_error(error) if has_remedy else None


def app_database_error(error: Exception) -> LegacyImportError:
    """What happened to the app database, and what helps."""
    code = _code(error)
    hint = REMEDIES.get(code, ANYTHING)
    if not _migrated():
        hint = f"{hint} {MIGRATE}" if code in REMEDIES else MIGRATE
    elif code == LOCK_WAIT_TIMEOUT:
        hint = " ".join([hint, *_lock_holders()])
    elif code in (2006, 2013, 2026) and _takes_small_packets_only():
        hint = _PACKET
    return LegacyImportError(f"The app database reported an error ({name_of(error)}).", hint=hint)


def _code(error: BaseException | None) -> int | str:
    """The server's number, or SQLite's name without its detail: SQLITE_READONLY_DBMOVED."""
    while error is not None:
        if error.args and isinstance(error.args[0], int):
            return error.args[0]
        name = getattr(error, "sqlite_errorname", None)
        if name:
            return "_".join(str(name).split("_")[:2])
        error = error.__cause__
    return 0


def _migrated() -> bool:
    try:
        return "legacy_import_runs" in connections["default"].introspection.table_names()
    except AnyDatabaseError:
        return True


def _lock_holders() -> list[str]:
    """Who may have the lock: workers that run for long, else any session in a long transaction."""
    try:
        workers = long_attempts(LONG_SECONDS)
        sessions = [] if workers else long_transactions(connections["default"], LONG_SECONDS)
    except AnyDatabaseError:
        return []
    sentences = [f"{one.sentence} {_END_SESSION.format(one.session)}" for one in workers]
    return sentences + [
        f"Session {session} has been in a transaction for {age} s. {_END_SESSION.format(session)}"
        for session, age in sessions[:MOST_SESSIONS_NAMED]
    ]


def _takes_small_packets_only() -> bool:
    """Whether the server's limit explains a link that it ended."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT @@max_allowed_packet")
            return int(cursor.fetchone()[0]) < ENOUGH_PACKET_BYTES
    except AnyDatabaseError:
        return False
