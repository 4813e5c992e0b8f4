"""The connection to the app database: no silence without end, and encrypted where the server can.

A command also waits for a server that restarts. What is safe to do twice is done again on a new
connection: a read outside a transaction, and the beginning of one. A transaction in which the link
is lost is rolled back by the server, and its chunk is worked again (ecoin/retries.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from django.db import Error as AnyDatabaseError
from django.db.backends.mysql import base

from ecoin.database import LOST_LINK, error_number, link_is_lost
from ecoin.mysql.tls import (
    ENFORCED,
    Database,
    WithoutTls,
    for_this_server,
    is_encrypted,
    tls_arguments,
)

LONGEST_CONNECT_SECONDS = 10
RESTART_SECONDS = 30  # that a command waits for a server that was there before
RESTART_PAUSE = 0.5
TLS_FAILED = 2026


class DatabaseWrapper(base.DatabaseWrapper):
    """Its OPTIONS have, besides the driver's: `timeout` (seconds), `ssl_mode`, `ssl_ca`."""

    # Whether the server at an address has TLS is found out once per process: every page connects again.
    _has_tls: ClassVar[dict[tuple[Any, ...], bool]] = {}

    _connected_before = False
    _give_up_at = 0.0  # of the current wait, or the failed one; 0: the server is there
    _was_silent = False  # until the time limit: it does not restart, and would be silent again
    _tell: Callable[[], None] | None = None  # None: pages do not wait, they answer at once

    @contextmanager
    def waiting_for_restarts(self, tell: Callable[[], None]) -> Iterator[None]:
        """In the block, wait for a server that restarts; `tell` is called when a wait begins."""
        self._tell, self._give_up_at, self._was_silent = tell, 0.0, False
        try:
            with self.execute_wrapper(self._read_again):
                yield
        finally:
            self._tell = None

    def connect(self) -> None:
        while True:
            try:
                super().connect()
                self._connected_before, self._give_up_at = True, 0.0
                return
            except self.Database.Error as error:  # not yet one of Django's
                if not (self.may_come_back and error_number(error) in LOST_LINK):
                    raise
            if self._tell and not self._give_up_at:
                self._give_up_at = time.monotonic() + RESTART_SECONDS
                self._tell()
            time.sleep(RESTART_PAUSE)

    @property
    def may_come_back(self) -> bool:
        """Whether a server that went away is waited for: by a command, and once in vain at most."""
        waited_in_vain = self._was_silent or 0 < self._give_up_at < time.monotonic()
        return self._tell is not None and self._connected_before and not waited_in_vain

    def set_autocommit(self, autocommit: bool, *args: Any, **options: Any) -> None:
        """Begins a transaction, where `autocommit` is False."""
        try:
            super().set_autocommit(autocommit, *args, **options)
        except AnyDatabaseError as error:
            if autocommit or not self._may_try_again(error):
                raise
            self.close()
            super().set_autocommit(autocommit, *args, **options)

    def _read_again(
        self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        started_at = time.monotonic()
        try:
            return execute(sql, params, many, context)
        except AnyDatabaseError as error:
            if time.monotonic() - started_at >= self._longest_silence and link_is_lost(error):
                self._was_silent = True
            if not (sql.startswith("SELECT") and self._may_try_again(error)):
                raise
        with suppress(self.Database.Error):
            context["cursor"].cursor.close()  # while its connection is there
        self.close()
        self.ensure_connection()
        context["cursor"].cursor = self.create_cursor()
        return execute(sql, params, many, context)

    def _may_try_again(self, error: Exception) -> bool:
        return self.may_come_back and not self.in_atomic_block and link_is_lost(error)

    @property
    def _longest_silence(self) -> int:
        return int(self.settings_dict["OPTIONS"].get("timeout", 300))

    def get_connection_params(self) -> dict[str, Any]:
        alias_options = self.settings_dict["OPTIONS"]
        options = dict(alias_options)
        seconds = self._longest_silence
        options.pop("timeout", None)
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
