"""Django's MySQL backend, made unable to write (ENGINE `legacy_import.source.mysql`)."""

from typing import Any, NoReturn

import MySQLdb
from django.db.backends.mysql import base
from django.db.backends.mysql.creation import DatabaseCreation as MySQLCreation

from legacy_import.errors import SafetyRefusal
from legacy_import.source.guard import NotARead
from legacy_import.source.mysql.driver import GuardedMySQLConnection, GuardedMySQLCursor
from legacy_import.source.mysql.session import (
    ENFORCED_TLS,
    SessionOptions,
    opening_statements,
    session_options,
)
from legacy_import.source.refusals import GuardedCreation, GuardedWrapper


class GuardedMySQLCreation(GuardedCreation, MySQLCreation):
    """No test database is ever made on the legacy server."""


class DatabaseWrapper(GuardedWrapper, base.DatabaseWrapper):
    """A connection whose every statement is judged and whose session is read-only from the start."""

    creation_class = GuardedMySQLCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Driver arguments. Raises ImproperlyConfigured for options that could weaken the guard."""
        options = self.session_options()
        given, self.settings_dict["OPTIONS"] = self.settings_dict["OPTIONS"], {}
        try:
            params: dict[str, Any] = super().get_connection_params()
        finally:
            self.settings_dict["OPTIONS"] = given
        params |= {
            "charset": options.charset,
            "connect_timeout": options.connect_timeout,
            "read_timeout": options.read_timeout,
            "write_timeout": options.read_timeout,
            "multi_statements": False,
            "local_infile": 0,
            "cursorclass": GuardedMySQLCursor,
        }
        return params | _tls_params(options)

    def session_options(self) -> SessionOptions:
        return session_options(self.settings_dict["OPTIONS"])

    def get_new_connection(self, conn_params: dict[str, Any]) -> GuardedMySQLConnection:
        """A connection already read-only. Raises SafetyRefusal if enforced TLS is not in use."""
        connection = GuardedMySQLConnection(**conn_params)
        try:
            if connection.encoders.get(bytes) is bytes:  # as Django's own backend does
                connection.encoders.pop(bytes)
            options = self.session_options()
            self._check_tls(connection, options)
            for statement in opening_statements(options):
                connection.send_session_statement(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _check_tls(connection: GuardedMySQLConnection, options: SessionOptions) -> None:
        """REQUIRED connects in plain text to a server without TLS, so the cipher is asked for."""
        if options.ssl_mode not in ENFORCED_TLS:
            return
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        found = cursor.fetchone()
        if not found or not found[1]:
            raise SafetyRefusal(
                f"LEGACY_DB_SSL_MODE is {options.ssl_mode}, but the server speaks without TLS.",
                hint="Switch TLS on at the server, or set LEGACY_DB_SSL_MODE=PREFERRED.",
            )

    def init_connection_state(self) -> None:
        """Nothing: the session is set when it opens, and old servers are welcome here.

        Django's version refuses servers older than it supports and sends SET statements.
        """

    def disable_constraint_checking(self) -> NoReturn:
        raise NotARead("it switches constraints off")

    def enable_constraint_checking(self) -> None:
        """Nothing to do: they are never switched off."""


def _tls_params(options: SessionOptions) -> dict[str, Any]:
    """Driver arguments for the mode. MariaDB's client library needs a nudge for two of them.

    It encrypts whenever it is given any TLS argument, so DISABLED gets none, and it does not try by
    itself, so PREFERRED gets a cipher list that changes nothing.
    """
    params: dict[str, Any] = {"ssl_mode": options.ssl_mode}
    if options.ssl_mode == "DISABLED":
        return params
    if options.ssl_ca:
        params["ssl"] = {"ca": options.ssl_ca}
    elif options.ssl_mode == "PREFERRED" and MySQLdb.get_client_info().startswith("3."):
        params["ssl"] = {"cipher": "DEFAULT"}
    return params
