"""Django's MySQL backend, made unable to write (ENGINE `legacy_import.source.mysql`)."""

from typing import Any

import MySQLdb
from django.db.backends.mysql import base
from django.db.backends.mysql.creation import DatabaseCreation as MySQLCreation

from ecoin.mysql.tls import ENFORCED, WithoutTls, for_this_server, is_encrypted, tls_arguments
from legacy_import.errors import SafetyRefusal
from legacy_import.source.mysql.connect_errors import UNKNOWN_VARIABLE, number_of
from legacy_import.source.mysql.driver import GuardedMySQLConnection, GuardedMySQLCursor
from legacy_import.source.mysql.session import (
    NO_LIMITS,
    SessionOptions,
    opening_statements,
    session_options,
)
from legacy_import.source.refusals import GuardedCreation, GuardedWrapper


class GuardedMySQLCreation(GuardedCreation, MySQLCreation):
    """No test database is ever created on the legacy server."""


class DatabaseWrapper(GuardedWrapper, base.DatabaseWrapper):
    """A connection whose every statement is checked and whose session is read-only from the start."""

    creation_class = GuardedMySQLCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Driver arguments. Raises ImproperlyConfigured for options that could weaken the guard."""
        options = self.session_options()
        alias_options, self.settings_dict["OPTIONS"] = self.settings_dict["OPTIONS"], {}
        try:
            params: dict[str, Any] = super().get_connection_params()
        finally:
            self.settings_dict["OPTIONS"] = alias_options
        params |= {
            "charset": options.charset,
            "connect_timeout": options.connect_timeout,
            "read_timeout": options.read_timeout,
            "write_timeout": options.read_timeout,
            "multi_statements": False,
            "local_infile": 0,
            "cursorclass": GuardedMySQLCursor,
        }
        return params | tls_arguments(options.ssl_mode, options.ssl_ca)

    def session_options(self) -> SessionOptions:
        return session_options(self.settings_dict["OPTIONS"])

    def get_new_connection(self, conn_params: dict[str, Any]) -> GuardedMySQLConnection:
        """A connection already read-only. Raises SafetyRefusal if enforced TLS is not in use."""
        connection = self._sign_in(conn_params)
        try:
            if connection.encoders.get(bytes) is bytes:  # as Django's own backend does
                connection.encoders.pop(bytes)
            options = self.session_options()
            if options.ssl_mode in ENFORCED and not is_encrypted(connection):
                raise _without_tls(options.ssl_mode)
            for statement in opening_statements(options):
                connection.send_session_statement(statement)
            _switch_limits_off(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _sign_in(params: dict[str, Any]) -> GuardedMySQLConnection:
        try:
            return GuardedMySQLConnection(**for_this_server(params))
        except WithoutTls:
            raise _without_tls(params["ssl_mode"]) from None


def _switch_limits_off(connection: GuardedMySQLConnection) -> None:
    for statement in NO_LIMITS:
        try:
            connection.send_session_statement(statement)
        except MySQLdb.OperationalError as error:
            if number_of(error) != UNKNOWN_VARIABLE:
                raise


def _without_tls(mode: str) -> SafetyRefusal:
    return SafetyRefusal(
        f"LEGACY_DB_SSL_MODE is {mode}, but the server does not use TLS.",
        hint="Switch TLS on at the server, or set LEGACY_DB_SSL_MODE=PREFERRED.",
    )
