"""SIGTERM ends a command in time although a server has fallen silent; nothing is lost or left locked.

The time limits of both links are far longer than a test may take: only the deadline can end these.
"""

import signal
import time

import pytest

from tests.faults.importing import ImportFault
from tests.faults.test_tls_links import wait_until
from tests.processes import Ended, Process, environment, finish, start
from tests.relay import Relay

NEVER = {"LEGACY_DB_READ_TIMEOUT": "3600", "DATABASE_TIMEOUT": "3600"}
SECONDS = 60  # well over the deadline of 10, which a supervisor may count, not a test
LATE = 2_000_000  # bytes of about 3 MB


def stopped(process: Process, number: signal.Signals) -> Ended:
    """How it ended after the signal, sent again until it does: Ctrl-C counts from the second on."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(number)
        time.sleep(0.5)
    return finish(process, SECONDS)


def assert_stopped(ended: Ended) -> None:
    assert ended.code == 130, ended.err
    assert "Stopped at once: a database did not answer" in ended.err
    assert "Traceback" not in ended.err
    assert ended.told["errors"][0]["message"].startswith("Stopped at once")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_silent_source_keeps_no_command_that_is_told_to_stop(
    number: signal.Signals, fault: ImportFault
) -> None:
    with Relay(fault.legacy.server.port, "silent", after=LATE) as relay:
        values = {**fault.legacy.environment(), "LEGACY_DB_PORT": str(relay.port), **NEVER}
        process = start("legacy_import", "--json", env=environment(fault.app, **values))
        fault.started.append(process)
        wait_until(lambda: relay.hits > 0)
        assert_stopped(stopped(process, number))
    assert fault.resume().code == 0
    fault.assert_finished()
