"""A mail server in a thread: it accepts mails, refuses them, or takes a connection and says nothing."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message


@dataclass
class Mailbox:
    """`mode`: accepts, refuses (every recipient) or silent. `mails`: what was sent, as text."""

    mode: str
    port: int = 0
    mails: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[Message]:
        return [message_from_string(mail) for mail in self.mails]


@contextmanager
def mail_server(mode: str = "accepts") -> Iterator[Mailbox]:
    """The server, until the block ends."""
    box = Mailbox(mode)

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            if box.mode == "silent":
                box.ended.wait(60)
                return
            self.say("220 a fictional mail server")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "QUIT":
                    self.say("221 bye")
                    return
                if word == "DATA":
                    self.say("354 go on")
                    self._take()
                elif word == "RCPT":
                    box.recipients.append(line.partition("<")[2].partition(">")[0])
                    refused = box.mode == "refuses"
                    self.say(f"550 not here: {box.recipients[-1]}" if refused else "250 ok")
                else:
                    self.say("250 ok")

        def _take(self) -> None:
            lines: list[str] = []
            while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                lines.append(line)
            box.mails.append("\n".join(lines))
            self.say("250 taken")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            box.ended.set()
            server.shutdown()
            thread.join()
