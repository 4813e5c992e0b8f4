"""A TCP link to a server that falls silent or is cut: real bytes, whether they are encrypted or not."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self

NEVER = 2**63  # bytes


@dataclass
class Relay:
    """Listens on `port` of `host` and passes everything on to the server, until the fault.

    The fault hits a connection when more than `after` bytes came from the server, or the next ones
    after `strike()`: what comes then is swallowed ("silent"), or both ends are closed ("cut"). It
    spares the first `spare` connections, and hits `times` at most; `hits` counts them.
    """

    server_port: int
    fault: Literal["silent", "cut"] = "silent"
    after: int = NEVER
    spare: int = 0
    times: int = 1
    host: str = "127.0.0.1"
    hits: int = field(default=0, init=False)
    port: int = field(default=0, init=False)
    _struck: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _sockets: list[socket.socket] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        listener = socket.create_server((self.host, 0))
        self._sockets.append(listener)
        self.port = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        _close(*self._sockets)

    def strike(self) -> None:
        """From now on, whatever comes from the server brings the fault."""
        self._struck.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            for number in range(2**31):
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                self._sockets += [client, server]
                for work, spared in (
                    (self._to_server, True),
                    (self._to_client, number < self.spare),
                ):
                    threading.Thread(
                        target=work, args=(client, server, spared), daemon=True
                    ).start()

    def _to_server(self, client: socket.socket, server: socket.socket, _: bool) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
        _close(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket, spared: bool) -> None:
        passed, hit = 0, False
        with suppress(OSError):
            while data := server.recv(65_536):
                passed += len(data)
                hit = hit or (not spared and self._hits(passed))
                if hit and self.fault == "cut":
                    break
                if not hit:
                    client.sendall(data)
        _close(client, server)

    def _hits(self, passed: int) -> bool:
        with self._lock:
            hit = self.hits < self.times and (passed > self.after or self._struck.is_set())
            self.hits += hit
            return hit


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        one.close()
