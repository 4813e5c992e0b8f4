"""An open, read-only connection to MySQL or MariaDB as the reader sees it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import MySQLdb
from django.db import DatabaseError

from ecoin.database import is_mysql
from ecoin.mysql.tls import CIPHER_SQL
from legacy_import.errors import SafetyRefusal
from legacy_import.source.columns import DatabaseTable
from legacy_import.source.engine import ServerFacts, SnapshotFacts
from legacy_import.source.grants import Grant, parse_grants
from legacy_import.source.mysql import session
from legacy_import.source.mysql.base import DatabaseWrapper
from legacy_import.source.mysql.connect_errors import unreachable, while_reading
from legacy_import.source.mysql.driver import GuardedMySQLConnection
from legacy_import.source.mysql.tables import database_tables

# Together they identify a server, whether it was reached by name, address or socket.
_IDENTITY = ("hostname", "port", "datadir", "socket", "server_id", "server_uuid", "server_uid")
IDENTITY_SQL = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ("
    + ", ".join(f"'{name}'" for name in _IDENTITY)
    + ")"
)
_SESSION_SQL = (
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation',"
    " 'tx_read_only', 'transaction_read_only', 'in_transaction')"
)
_READ_ONLY_NAMES = ("transaction_read_only", "tx_read_only")  # servers have one of them, or both


class MySQLEngine:
    """Keeps the driver's connection itself, so that Django cannot reopen it without the snapshot."""

    has_accounts = True

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        """Connects. Raises SourceUnreachable or SafetyRefusal."""
        values = wrapper.settings_dict
        self._database = str(values["NAME"])
        self._user = str(values["USER"])
        self._where = _where(values)
        self._tls_mode = wrapper.session_options().ssl_mode
        try:
            wrapper.close()
            wrapper.ensure_connection()
        except (DatabaseError, MySQLdb.Error) as error:
            raise unreachable(error, self._user, self._where, self._database) from None
        connection: GuardedMySQLConnection = wrapper.connection
        self._connection = connection

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """All rows of one SELECT or SHOW. Raises SourceLost or SourceReadError."""
        try:
            cursor = self._connection.cursor()
            cursor.execute(sql)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows
        except MySQLdb.Error as error:
            raise while_reading(error) from None

    def server(self) -> ServerFacts:
        version, account, zone, system_zone = self.rows(
            "SELECT VERSION(), CURRENT_USER(), @@session.time_zone, @@system_time_zone"
        )[0]
        cipher = self.rows(CIPHER_SQL)
        identity = repr((sorted(self.rows(IDENTITY_SQL)), self._database))
        return ServerFacts(
            label=f"mysql://{self._user}@{self._where}/{self._database}",
            identity=hashlib.sha256(identity.encode()).hexdigest()[:16],
            server="MariaDB" if "mariadb" in version.lower() else "MySQL",
            version=version,
            database=self._database,
            account=account,
            time_zone=system_zone if zone == "SYSTEM" else zone,
            tls_mode=self._tls_mode,
            tls_cipher=cipher[0][1] if cipher else "",
        )

    def grants(self) -> tuple[Grant, ...]:
        return parse_grants(row[0] for row in self.rows("SHOW GRANTS"))

    def is_same_database(self, target: Any) -> bool:
        """Compares what the servers report about themselves, not their addresses."""
        if not is_mysql(target):
            return False
        with target.cursor() as cursor:
            cursor.execute(IDENTITY_SQL)
            theirs = dict(cursor.fetchall())
            cursor.execute("SELECT DATABASE(), @@lower_case_table_names")
            database, folded = cursor.fetchone()
        ours = dict(self.rows(IDENTITY_SQL))
        own = self.rows("SELECT DATABASE()")[0][0] or ""
        other = database or ""
        same_name = own.lower() == other.lower() if int(folded) else own == other
        return ours == theirs and same_name

    def tables(self) -> dict[str, DatabaseTable]:
        return database_tables(self.rows)

    def open_snapshot(self) -> SnapshotFacts:
        """Opens the snapshot and verifies the session. Raises SafetyRefusal if it is not read-only."""
        try:
            self._connection.send_session_statement(session.READ_ONLY)
            self._connection.send_session_statement(session.REPEATABLE_READ)
            self._connection.send_session_statement(session.SNAPSHOT)
        except MySQLdb.Error as error:
            raise while_reading(error) from None
        variables = {name.lower(): value for name, value in self.rows(_SESSION_SQL)}
        isolation = variables.get("transaction_isolation") or variables.get("tx_isolation") or ""
        name = next((name for name in _READ_ONLY_NAMES if name in variables), "")
        read_only = variables.get(name, "")
        in_transaction = variables.get("in_transaction", "1")  # only MariaDB reports it
        if read_only.upper() not in ("ON", "1") or isolation.upper() != "REPEATABLE-READ":
            raise SafetyRefusal("The legacy server did not make the session read-only.",
                                hint="Nothing was read. Check the server's version.")  # fmt: skip
        if in_transaction in ("0", "OFF"):
            raise SafetyRefusal("The legacy server did not open a snapshot.",
                                hint="Nothing was read. Check the server's version.")  # fmt: skip
        self._session_sql = f"SELECT @@session.{name}, @@session.sql_mode"
        self._session = self.rows(self._session_sql)
        return SnapshotFacts(isolation=isolation.upper(), read_only=True)

    def check_session(self) -> None:
        """Raises SafetyRefusal if the session could write now, or reads quotes in another way."""
        if self.rows(self._session_sql) != self._session:
            raise SafetyRefusal(
                "The session with the legacy server is no longer the one that was made read-only.",
                hint="Connect to the server itself, not through a proxy that shares sessions."
                " Everything staged is kept: legacy_import --resume continues it.",
            )


def _where(values: dict[str, Any]) -> str:
    host = str(values["HOST"] or "localhost")
    return host if host.startswith("/") else f"{host}:{values['PORT'] or 3306}"
