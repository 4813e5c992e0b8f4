"""Imports that are really killed, stopped, doubled or cut off, and what is left afterwards."""

import datetime
import signal
import time

import pytest

from tests.faults.importing import ImportFault, content
from tests.forked import forked
from tests.processes import ON_SERVER, Ended, environment, finish, start


def assert_one_clear_sentence(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.err
    told = " ".join(ended.err.split())
    assert "Traceback" not in ended.err + ended.out
    assert told.count("Error: ") == 1
    assert told.count("Next: ") == 1
    for word in words:
        assert word in told


def assert_waited_or_one_clear_sentence(ended: Ended) -> None:
    """A link that was lost is made again; where the work cannot be repeated, a sentence says so."""
    if ended.code:
        assert_one_clear_sentence(ended, 1, "app database", "OperationalError")


@pytest.mark.parametrize(
    ("receipts", "after"),
    [(0, 0.0), (1, 0.05), (3, 0.1), (5, 0.0)],
    ids=["run_just_opened", "in_the_second_chunk", "midway", "in_the_second_table"],
)
def test_a_killed_import_is_finished_by_resume(
    receipts: int, after: float, fault: ImportFault
) -> None:
    fault.kill(receipts, after=after)
    assert fault.app.one("SELECT status FROM legacy_import_runs") == "importing"
    begun = time.monotonic()
    ended = fault.resume()
    assert ended.code == 0, ended.err
    assert time.monotonic() - begun < 30  # a dead holder on this host is not waited for
    fault.assert_finished()
    if receipts:
        assert fault.snapshots() == 2


def test_an_import_killed_again_and_again_ends_whole(fault: ImportFault) -> None:
    fault.kill(2)
    fault.kill(4, "--resume", "1", after=0.03)
    fault.kill(6, "--resume", "1")
    assert fault.resume().code == 0
    fault.assert_finished()
    assert fault.snapshots() == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_import_at_a_chunk_boundary(
    number: signal.Signals, fault: ImportFault
) -> None:
    process = fault.start()
    fault.wait_for_receipts(2, process)
    begun = time.monotonic()
    process.send_signal(number)
    ended = finish(process)
    assert time.monotonic() - begun < 10
    assert_one_clear_sentence(ended, 130, "kept", "manage.py legacy_import --resume 1")
    assert fault.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
        ("importing", "")
    ]
    fault.assert_whole_chunks()
    assert fault.resume().code == 0
    fault.assert_finished()


def test_of_two_imports_started_at_once_one_goes_on_and_the_other_is_told(
    fault: ImportFault,
) -> None:
    both = [fault.start(how=start) for _ in range(2)]
    ends = sorted((finish(process) for process in both), key=lambda ended: ended.code)
    assert [ended.code for ended in ends] == [0, 5], [ended.err for ended in ends]
    assert_one_clear_sentence(ends[1], 5, "is not finished", "--resume")
    assert fault.app.rows("SELECT status FROM legacy_import_runs") == [("imported",)]
    assert content(fault.app) == fault.whole


def test_of_two_resumes_started_at_once_one_goes_on_and_the_other_is_told_who_holds_the_run(
    fault: ImportFault,
) -> None:
    fault.kill(0)
    both = [fault.start("--resume", "1", how=start) for _ in range(2)]
    ends = {process.pid: finish(process) for process in both}
    (holder,) = [pid for pid, ended in ends.items() if ended.code == 0]
    (told,) = [ended for ended in ends.values() if ended.code]
    assert_one_clear_sentence(told, 5, f"legacy_import (process {holder} on")
    fault.assert_finished()


def test_a_silent_holder_on_another_host_is_waited_for(fault: ImportFault) -> None:
    fault.kill(2)
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=12)
    fault.app.execute(
        "UPDATE legacy_import_runs SET lease_token = 'theirs', lease_host = 'elsewhere', "
        f"lease_process = '1:1', lease_expires_at = '{expires:%Y-%m-%d %H:%M:%S.%f}'"
    )
    ended = fault.resume()
    assert ended.code == 0, ended.err
    assert "locked by legacy_import on elsewhere; waiting" in " ".join(ended.err.split())
    fault.assert_finished()


def test_a_lost_link_to_the_source_loses_nothing(fault: ImportFault) -> None:
    process = fault.start()
    fault.wait_for_receipts(3, process)
    assert fault.legacy.server.kill_connections(fault.legacy.reader)
    ended = finish(process)
    assert_one_clear_sentence(
        ended, 1, "link to the legacy database was lost", "manage.py legacy_import --resume 1"
    )
    fault.assert_whole_chunks()
    assert fault.app.one("SELECT COUNT(*) FROM legacy_chunk_receipts") >= 3
    assert fault.resume().code == 0
    fault.assert_finished()
    assert fault.snapshots() == 2


def test_an_app_database_that_fails_half_way_is_one_sentence_and_loses_nothing(
    fault: ImportFault,
) -> None:
    process = fault.start()
    fault.wait_for_receipts(3, process)
    if ON_SERVER:
        user = fault.app.url.split("//")[1].split(":")[0]
        assert fault.app.server
        assert fault.app.server.kill_connections(user)
    else:
        fault.app.execute("ALTER TABLE legacy_chunk_receipts RENAME TO taken_away")
    ended = finish(process)
    if not ON_SERVER:
        fault.app.execute("ALTER TABLE taken_away RENAME TO legacy_chunk_receipts")
    assert_waited_or_one_clear_sentence(ended)
    fault.assert_whole_chunks()
    if ended.code:
        assert fault.resume().code == 0
    fault.assert_finished()


def test_an_unfinished_run_blocks_the_next_import_and_says_how_to_go_on(
    fault: ImportFault,
) -> None:
    fault.kill(1)
    env = environment(fault.app, **fault.legacy.environment())
    assert_one_clear_sentence(
        forked("legacy_import", env=env), 5, "Run 1", "legacy_import --resume 1", "--new"
    )
    status = forked("legacy_status", env=env)
    assert "legacy_import --resume 1" in status.out
    for command in ("legacy_validate", "legacy_classify", "legacy_dry_run"):
        assert_one_clear_sentence(forked(command, env=env), 5, "importing", "--resume 1")
