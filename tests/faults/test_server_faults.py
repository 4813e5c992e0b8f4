"""Commits whose database server or link to it fails in the middle. MariaDB only: a file has neither."""

import signal
from pathlib import Path

import pytest

from tests.faults.committing import COMMIT, ROLLBACK, CommitFault
from tests.faults.importing import ImportFault
from tests.faults.planning import PlannedApp
from tests.faults.proxy import LossyLink
from tests.faults.test_import_faults import assert_waited_or_one_clear_sentence
from tests.faults.test_stop import NEVER, assert_stopped, stopped
from tests.faults.test_tls_links import wait_until
from tests.forked import start_forked
from tests.processes import environment, finish
from tests.relay import Relay

ARRIVES = pytest.mark.parametrize(
    "arrives", [True, False], ids=["the_answer_is_lost", "the_commit_is_lost"]
)
LATER = 9  # the COMMIT of a batch, with others before and after it


def through(link: LossyLink, fault: CommitFault) -> CommitFault:
    """The same fault, whose commands reach the database over the link."""
    address, _, name = fault.app.url.rpartition("/")
    server = f"{link.server[0]}:{link.server[1]}"
    assert address.endswith(server)
    # Not encrypted: the link looks for COMMIT in what passes.
    url = f"{address.removesuffix(server)}127.0.0.1:{link.port}/{name}?ssl_mode=DISABLED"
    return CommitFault(fault.app, fault.undisturbed, url=url, started=fault.started)


def server_of(fault: CommitFault) -> tuple[str, int]:
    assert fault.app.server is not None
    return fault.app.server.host, fault.app.server.port


def lose(fault: CommitFault, command: str, number: int, arrives: bool, batch: int) -> bool:
    """Lose the command's COMMIT of that number; False if it needed fewer."""
    with LossyLink(server_of(fault), number, arrives) as link:
        ended = finish(through(link, fault).start(command, batch=batch))
        if not link.lost:
            assert ended.code == 0, ended.err
            return False
        assert_waited_or_one_clear_sentence(ended)
    fault.assert_whole()
    return True


@ARRIVES
@pytest.mark.parametrize("number", [1, LATER], ids=["at_the_beginning", "in_a_batch"])
def test_a_lost_answer_to_commit_makes_nothing_twice(
    number: int, arrives: bool, commit_fault: CommitFault
) -> None:
    assert lose(commit_fault, COMMIT, number, arrives, batch=50)
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()


@ARRIVES
def test_a_lost_answer_to_a_rollback_s_commit_undoes_nothing_twice(
    arrives: bool, commit_fault: CommitFault
) -> None:
    commit_fault.to_the_end(COMMIT)
    assert lose(commit_fault, ROLLBACK, 3, arrives, batch=50)
    commit_fault.to_the_end(ROLLBACK)
    commit_fault.assert_rolled_back()


def test_an_answer_is_lost_after_its_batch_was_kept_and_a_commit_before(
    commit_fault: CommitFault, planned_app: PlannedApp, tmp_path: Path
) -> None:
    """The link loses what these tests say it loses: the same COMMIT makes a batch of difference.

    The command is killed as soon as it lost it, before it tries again.
    """
    kept = {}
    for arrives in (True, False):
        planned_app.copy(tmp_path)
        with LossyLink(server_of(commit_fault), LATER, arrives, closes=True) as link:
            process = through(link, commit_fault).start(COMMIT, batch=50)
            wait_until(lambda link=link: link.lost)
            process.kill()
            finish(process)
        kept[arrives] = commit_fault.receipts(COMMIT)
    assert kept[True] == kept[False] + 1


def test_a_silent_app_database_keeps_no_command_that_is_told_to_stop(fault: ImportFault) -> None:
    server = fault.app.server
    assert server is not None
    with Relay(server.port, "silent") as relay:
        url = fault.app.url.replace(f":{server.port}/", f":{relay.port}/")
        values = {**fault.legacy.environment(), "DATABASE_URL": url, **NEVER}
        process = start_forked("legacy_import", "--json", env=environment(fault.app, **values))
        fault.started.append(process)
        fault.wait_for_receipts(1, process)
        relay.strike()
        wait_until(lambda: relay.hits > 0)
        assert_stopped(stopped(process, signal.SIGTERM))
    assert fault.resume().code == 0
    fault.assert_finished()
