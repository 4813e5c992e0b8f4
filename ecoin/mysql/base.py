"""The connection to the app database: no silence without end, and encrypted where the server can."""

from typing import Any, ClassVar

from django.db.backends.mysql import base

from ecoin.mysql.tls import (
    ENFORCED,
    Database,
    WithoutTls,
    for_this_server,
    is_encrypted,
    tls_arguments,
)

LONGEST_CONNECT_SECONDS = 10
TLS_FAILED = 2026


class DatabaseWrapper(base.DatabaseWrapper):
    """Its OPTIONS have, besides the driver's: `timeout` (seconds), `ssl_mode`, `ssl_ca`."""

    # Whether the server at an address has TLS is found out once per process: every page connects anew.
    _has_tls: ClassVar[dict[tuple[Any, ...], bool]] = {}

    def get_connection_params(self) -> dict[str, Any]:
        alias_options = self.settings_dict["OPTIONS"]
        options = dict(alias_options)
        seconds = int(options.pop("timeout", 300))
        mode = str(options.pop("ssl_mode", "PREFERRED")).upper()
        authority = str(options.pop("ssl_ca", ""))
        self.settings_dict["OPTIONS"] = options
        try:
            params: dict[str, Any] = super().get_connection_params()
        finally:
            self.settings_dict["OPTIONS"] = alias_options
        limits = {
            "connect_timeout": min(seconds, LONGEST_CONNECT_SECONDS),
            "read_timeout": seconds,
            "write_timeout": seconds,
        }
        return {**limits, **params, **tls_arguments(mode, authority)}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises the driver's errors, also that for TLS where it is enforced and the server has none."""
        mode = conn_params["ssl_mode"]
        address = (conn_params.get("host"), conn_params.get("port"), mode, "ssl" in conn_params)
        try:
            if address not in self._has_tls:
                self._has_tls[address] = "ssl" in for_this_server(conn_params)
            arguments = dict(conn_params)
            if not self._has_tls[address]:
                arguments.pop("ssl", None)
            connection = super().get_new_connection(arguments)
        except WithoutTls:
            raise self._without_tls(mode) from None
        except Database.Error:
            self._has_tls.pop(address, None)
            raise
        if mode in ENFORCED and not is_encrypted(connection):
            connection.close()
            raise self._without_tls(mode)
        return connection

    def _without_tls(self, mode: str) -> Exception:
        error: Exception = Database.OperationalError(
            TLS_FAILED, f"DATABASE_SSL_MODE is {mode}, but the server does not use TLS"
        )
        return error
