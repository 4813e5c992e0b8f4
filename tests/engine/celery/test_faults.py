"""Workers, the broker and the command are really killed, and nothing is lost or done twice."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from ecoin.celery import app
from tests.engine.celery.running import Cluster, eventually
from tests.legacy_database import ServerLegacy, Tables, learner, tables
from tests.processes import Ended, finish

ROWS = 240  # of them 80 in a chunk: the second one holds row 100
ROW_100 = "SELECT id FROM legacy_student_imports WHERE id = 100 FOR UPDATE"
JUDGED = "SELECT COUNT(*) FROM legacy_student_imports WHERE validation_status = 'valid'"
IN_TIME = {"RESEND_SECONDS": 2}
NOT_IN_TIME = {"RESEND_SECONDS": 999}


@pytest.fixture
def imported(cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]) -> Cluster:
    """A run of 240 valid rows that is to be validated in three chunks."""
    legacy(tables(stagiaires=[learner(number) for number in range(1, ROWS + 1)]))
    cluster.manage("legacy_import", engine="inline")
    return cluster


def assert_validated(cluster: Cluster) -> None:
    assert cluster.app.one(JUDGED) == ROWS
    assert cluster.receipts("validate") == 3
    assert cluster.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
        ("validated", "")
    ]
    assert cluster.app.rows("SELECT * FROM legacy_chunk_failures") == []
    through_workers = cluster.dump()
    cluster.manage("legacy_validate", "--run", "1", engine="inline")
    for table, rows in cluster.dump().items():
        assert through_workers[table] == rows, f"{table} is what one process writes"


def ends_well(cluster: Cluster, process: object) -> Ended:
    ended = finish(process, 60)  # type: ignore[arg-type]
    assert ended.code == 0, (ended.err, cluster.logs())
    return ended


def test_a_killed_worker_loses_nothing(imported: Cluster) -> None:
    first = imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", **IN_TIME)
        eventually(somebody_waits, "the chunk is at work")
        first.kill()
        imported.worker()
    ended = ends_well(imported, command)
    assert "sent again" in " ".join(ended.err.split())
    assert_validated(imported)


def test_a_lost_chunk_is_sent_again_though_messages_of_another_command_wait(
    imported: Cluster,
) -> None:
    first = imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", RESEND_SECONDS=2, RESEND_ANYWAY_SECONDS=4)
        eventually(somebody_waits, "the chunk is at work")
        first.kill()
        redis, queue = imported.redis.client(), app.conf.task_default_queue
        others = [redis.lindex(queue, 0)] * 5  # of which it cannot tell whose they are
        waiting = redis.rpush(queue, *others)
        eventually(lambda: redis.llen(queue) > waiting, "what may be lost is sent again")
    imported.worker()
    ends_well(imported, command)
    assert_validated(imported)


def test_a_killed_process_of_the_pool_gives_its_chunk_back(imported: Cluster) -> None:
    worker = imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", **NOT_IN_TIME)
        eventually(somebody_waits, "the chunk is at work")
        (pid,) = worker.pool
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: worker.pool not in ([], [pid]), "another process takes its place")
    ends_well(imported, command)
    assert_validated(imported)


def test_a_killed_broker_that_comes_back_empty_loses_nothing(imported: Cluster) -> None:
    imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", **IN_TIME)
        eventually(somebody_waits, "the chunk is at work")
        imported.redis.kill()
        time.sleep(1)
        assert imported.redis.start()
    ends_well(imported, command)
    assert_validated(imported)


def test_three_workers_live_on_when_the_broker_is_killed(imported: Cluster) -> None:
    """Celery's gossip fails there with an AttributeError; workers are started without it."""
    workers = [imported.worker() for _ in range(3)]
    for worker in workers:
        worker.wait_until_ready()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", **IN_TIME)
        eventually(somebody_waits, "the chunk is at work")
        for _ in range(2):
            imported.redis.kill()
            time.sleep(1)
            assert imported.redis.start()
            eventually(lambda: any(worker.links > 1 for worker in workers), "a link is made again")
    ends_well(imported, command)
    for worker in workers:
        assert worker.process.poll() is None, "it did not end itself"
        assert "AttributeError" not in worker.log.read_text()
    assert_validated(imported)


def test_a_broker_that_is_away_is_named_and_waited_for_only_so_long(imported: Cluster) -> None:
    imported.redis.kill()
    command = imported.start("legacy_validate", BROKER_SECONDS=6, FIRST_NOTICE_SECONDS=0)
    ended = finish(command, 60)
    assert imported.redis.start()
    told = " ".join(ended.err.split())
    assert ended.code == 1, told
    assert "does not answer; trying again" in told
    assert "Next: Start it, or correct CELERY_BROKER_URL" in told
    assert "manage.py legacy_validate --run 1" in told
    assert imported.redis.password not in told
    assert imported.app.one("SELECT lease_token FROM legacy_import_runs") == ""


def test_a_killed_import_is_finished_by_resume(
    cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]
) -> None:
    legacy(
        tables(
            stagiaires=[learner(number) for number in range(1, ROWS + 1)],
            archives=[learner(number) for number in range(1, 81)],
        )
    )
    cluster.worker()
    command = cluster.start("legacy_import", page=10)
    eventually(lambda: cluster.receipts("import") >= 3, "some chunks are staged")
    command.send_signal(signal.SIGKILL)
    assert finish(command).code == -signal.SIGKILL
    assert cluster.app.one("SELECT status FROM legacy_import_runs") == "importing"
    cluster.manage("legacy_import", "--resume", "1", page=10)
    staged = "SELECT source_table, legacy_id FROM legacy_student_imports"
    expected = [("stagiaires", str(n)) for n in range(1, ROWS + 1)]
    expected += [("archives", str(n)) for n in range(1, 81)]
    assert sorted(cluster.app.rows(staged)) == sorted(expected)
    assert cluster.app.one("SELECT SUM(`rows`) FROM legacy_chunk_receipts") == ROWS + 80
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_training_imports") == ROWS + 80
    assert cluster.app.one("SELECT status FROM legacy_import_runs") == "imported"


def test_of_two_commands_the_second_is_told_who_holds_the_run(imported: Cluster) -> None:
    imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        first = imported.start("legacy_validate")
        eventually(somebody_waits, "the chunk is at work")
        second = finish(imported.start("legacy_validate"))
        assert second.code == 5, second.err
        assert f"locked by legacy_validate (process {first.pid}" in " ".join(second.err.split())
    ends_well(imported, first)
    assert_validated(imported)


def test_a_signal_ends_the_command_and_makes_what_was_sent_void(imported: Cluster) -> None:
    command = imported.start("legacy_validate", UNTAKEN_SECONDS=1)
    eventually(lambda: imported.redis.client().llen("legacy_import") == 3, "all chunks are sent")
    time.sleep(4)
    begun = time.monotonic()
    command.send_signal(signal.SIGTERM)
    ended = finish(command)
    assert time.monotonic() - begun < 10
    told = " ".join(ended.err.split())
    assert ended.code == 130, told
    assert "start one with celery -A ecoin worker" in told
    assert "manage.py legacy_validate" in told
    worker = imported.worker()
    eventually(lambda: worker.log.read_text().count("is void") == 3, "the messages are void")
    assert imported.receipts("validate") == 0
    assert imported.app.one(JUDGED) == 0
    ends_well(imported, imported.start("legacy_validate"))
    assert_validated(imported)


def test_a_worker_with_other_settings_is_refused(imported: Cluster) -> None:
    imported.worker(LEGACY_IMPORT_HOT_KEY_ROWS="9")
    ended = finish(imported.start("legacy_validate"))
    told = " ".join(ended.err.split())
    assert ended.code == 1, told
    assert "Worker w0@" in told
    assert "it has other values of LEGACY_IMPORT_HOT_KEY_ROWS." in told
    assert imported.receipts("validate") == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_import_and_the_command_prints_how_to_go_on(
    sent: signal.Signals, cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]
) -> None:
    legacy(tables(stagiaires=[learner(number) for number in range(1, 1_001)]))
    cluster.worker()
    command = cluster.start("legacy_import", page=10)
    eventually(lambda: cluster.receipts("import") >= 3, "some chunks are staged")
    command.send_signal(sent)
    ended = finish(command)
    told = " ".join(ended.err.split())
    assert ended.code == 130, told
    assert "Stopped as requested, at the end of a chunk." in told
    assert "manage.py legacy_import --resume 1" in told
    assert "Traceback" not in told
    assert cluster.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
        ("importing", "")
    ]
    assert 3 <= cluster.receipts("import") < 100
    cluster.manage("legacy_import", "--resume", "1", page=10)
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_student_imports") == 1_000


def test_a_chunk_that_no_worker_finishes_ends_the_command(imported: Cluster) -> None:
    worker = imported.worker()
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", STALLED_SECONDS=6)
        eventually(somebody_waits, "the chunk is at work")
        worker.kill()
        ended = finish(command, 60)
    told = " ".join(ended.err.split())
    assert ended.code == 1, told
    assert "No chunk has been finished for" in told
    assert "Look at the workers (celery -A ecoin worker) and their log" in told
    assert "manage.py legacy_validate --run 1" in told
    assert "Traceback" not in told
    # The session of the killed worker still has the run's row, so that the lease could not be given
    # back; the next command takes it over.
    assert imported.app.one("SELECT status FROM legacy_import_runs") == "imported"
    imported.worker()
    ends_well(imported, imported.start("legacy_validate"))
    assert_validated(imported)
