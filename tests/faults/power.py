"""A private MariaDB server that is really killed, and started again on what it left on disk."""

import subprocess

from tests.servers import MariaDBServer

# What a school's server does, and the tests' own does not: a COMMIT is on disk when it is answered.
DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1")


class MortalServer(MariaDBServer):
    """Keeps its port, so that a client's address stays right."""

    def __init__(self) -> None:
        super().__init__(*DURABLE)

    def kill(self) -> None:
        """`kill -9`, as a power cut."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """Start on the same data folder; returns when crash recovery is over."""
        assert self._process is not None
        self._process = subprocess.Popen(
            self._process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert self._answers(), "the server did not come up again"
