"""A MySQL server without TLS, as far as the sign-in, that keeps every byte of its client."""

import socket
import threading
from contextlib import suppress
from typing import Self

PLUGIN = b"caching_sha2_password"
FULL_AUTHENTICATION = b"\x01\x04"  # "send the password itself": the first sign-in after a restart
# Long password flag, protocol 4.1, secure connection, plug-ins; not 0x0800, which is TLS.
CAPABILITIES = 0x0001 | 0x0008 | 0x0200 | 0x8000 | (0x0008 << 16)


class Eavesdropper:
    """Listens on `port` of 127.0.0.1; `overheard` is what clients sent."""

    def __enter__(self) -> Self:
        self.overheard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.settimeout(10)
                with client, suppress(OSError):
                    self._sign_in(client)

    def _sign_in(self, client: socket.socket) -> None:
        challenge = b"12345678901234567890"
        greeting = (
            b"\x0a8.4.0\x00" + (7).to_bytes(4, "little") + challenge[:8] + b"\x00"
            + (CAPABILITIES & 0xFFFF).to_bytes(2, "little") + b"\x2d\x02\x00"
            + (CAPABILITIES >> 16).to_bytes(2, "little") + bytes([21]) + bytes(10)
            + challenge[8:] + b"\x00" + PLUGIN + b"\x00"
        )  # fmt: skip
        client.sendall(_packet(0, greeting))
        number = self._hear(client)
        client.sendall(_packet(number + 1, FULL_AUTHENTICATION))
        self._hear(client)

    def _hear(self, client: socket.socket) -> int:
        """Keep what the client sends next; returns the packet's number. Raises OSError at its end."""
        data = client.recv(65_536)
        if not data:
            raise ConnectionError
        self.overheard += data
        return data[3]


def _packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content
