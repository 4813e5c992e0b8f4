"""A link to a MariaDB server that loses an answer: real bytes between a real client and server.

The server does what it was asked; the client never hears of it.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HEADER = 4  # bytes: length of the payload in three, number of the packet
COM_QUERY = 0x03
COMMIT = b"COMMIT"


@dataclass
class LossyLink:
    """A TCP proxy. It cuts the connection of the `lose`-th COMMIT (from 1; 0: of none).

    `arrives`: the COMMIT reaches the server, and its answer is swallowed; otherwise the COMMIT
    itself is. As a context manager it listens on `port` of 127.0.0.1 until the end of the block.
    """

    server: tuple[str, int]
    lose: int = 0
    arrives: bool = True
    closes: bool = False  # no new connection after the loss
    commits: int = field(default=0, init=False)
    lost: bool = field(default=False, init=False)
    port: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _open: list[socket.socket] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in (self._listener, *self._open):
            _close(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.lost and self.closes:
                _close(client)
                continue
            server = socket.create_connection(self.server)
            for one in (client, server):  # no waiting for more bytes to send
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, server]
            swallow = threading.Event()
            for work in (self._from_client, self._from_server):
                threading.Thread(target=work, args=(client, server, swallow), daemon=True).start()

    def _from_client(
        self, client: socket.socket, server: socket.socket, swallow: threading.Event
    ) -> None:
        for packet in _packets(client):
            if self._is_the_one(packet):
                self.lost = True
                if not self.arrives:
                    break
                swallow.set()
            if not _sent(server, packet):
                break
        if not swallow.is_set():  # otherwise the answer is on its way, to nobody
            _close(client, server)

    def _from_server(
        self, client: socket.socket, server: socket.socket, swallow: threading.Event
    ) -> None:
        for answer in _pieces(server):
            if swallow.is_set() or not _sent(client, answer):
                break
        _close(client, server)

    def _is_the_one(self, packet: bytes) -> bool:
        query = packet[HEADER + 1 :].strip().upper()
        if packet[HEADER : HEADER + 1] != bytes([COM_QUERY]) or query != COMMIT:
            return False
        with self._lock:
            self.commits += 1
            return self.commits == self.lose


def _packets(stream: socket.socket) -> Iterator[bytes]:
    """The packets of one direction, whole, until it ends."""
    read: Callable[[int], bytes] = stream.makefile("rb").read
    while True:
        try:
            header = read(HEADER)
            body = read(int.from_bytes(header[:3], "little"))
        except OSError:
            return
        if len(header) < HEADER:
            return
        yield header + body


def _pieces(stream: socket.socket) -> Iterator[bytes]:
    """What comes, as it comes, until it ends."""
    with suppress(OSError):
        while piece := stream.recv(65_536):
            yield piece


def _sent(stream: socket.socket, packet: bytes) -> bool:
    try:
        stream.sendall(packet)
    except OSError:
        return False
    return True


def _close(*streams: socket.socket) -> None:
    for stream in streams:
        with suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)
        stream.close()
