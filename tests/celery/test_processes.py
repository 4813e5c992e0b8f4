"""`--workers N`: processes of this machine that are killed, interrupted, poisoned, or not to be had."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import canaries
from tests.celery.running import STAGES, Cluster, eventually, is_gone, processes_of
from tests.legacy_database import COLUMNS, ServerLegacy, Tables, learner, tables
from tests.processes import AppDatabase, Ended, empty_app, environment, finish, manage

ROWS = 240  # of them 80 in a chunk: the second one holds row 100
ROW_100 = "SELECT id FROM legacy_student_imports WHERE id = 100 FOR UPDATE"
JUDGED = "SELECT COUNT(*) FROM legacy_student_imports WHERE validation_status = 'valid'"
LEASES = "SELECT status, lease_token FROM legacy_import_runs"
MakeSchool = Callable[[Tables], ServerLegacy]


@pytest.fixture
def imported(cluster: Cluster, legacy: MakeSchool) -> Cluster:
    """A run of 240 valid rows that is to be validated in three chunks."""
    legacy(tables(stagiaires=[learner(number) for number in range(1, ROWS + 1)]))
    cluster.manage("legacy_import", engine="inline")
    return cluster


def started(cluster: Cluster, *arguments: str, **sizes: int) -> subprocess.Popen[str]:
    found: subprocess.Popen[str] = cluster.start(
        *arguments, "--workers", "2", engine="inline", **sizes
    )
    return found


def told(ended: Ended) -> str:
    return " ".join(ended.err.split())


def assert_validated(cluster: Cluster, command: subprocess.Popen[str]) -> Ended:
    ended = finish(command)
    assert ended.code == 0, ended.err
    assert cluster.app.one(JUDGED) == ROWS
    assert cluster.receipts("validate") == 3
    assert cluster.app.rows(LEASES) == [("validated", "")]
    assert cluster.app.rows("SELECT * FROM legacy_chunk_failures") == []
    return ended


def kill(*processes: int) -> None:
    for pid in processes:
        os.kill(pid, signal.SIGKILL)


def test_a_killed_process_loses_nothing(imported: Cluster) -> None:
    with imported.held(ROW_100) as somebody_waits:
        command = started(imported, "legacy_validate")
        eventually(somebody_waits, "the chunk is at work")
        first = processes_of(command)
        assert len(first) == 2
        kill(*first)
        eventually(lambda: set(processes_of(command)) - set(first), "another one is started")
    ended = assert_validated(imported, command)
    assert "A worker process has ended; what it was at is worked again." in told(ended)


def test_a_chunk_that_no_process_survives_ends_the_command_and_is_named(imported: Cluster) -> None:
    killed: set[int] = set()
    with imported.held(ROW_100) as somebody_waits:
        command = started(imported, "legacy_validate")
        eventually(lambda: imported.receipts("validate") == 2, "only the second chunk is left")
        eventually(somebody_waits, "it is at work")
        for _ in range(3):
            eventually(lambda: set(processes_of(command)) - killed, "a process has it")
            found = set(processes_of(command)) - killed
            killed.update(found)
            kill(*found)
    ended = finish(command)
    assert ended.code == 1, ended.err
    assert (
        "Error: 3 worker processes ended at staged rows 81 to 160 (stagiaires:81 to stagiaires:160) "
        "of run 1, and none of them said why." in told(ended)
    )
    assert "manage.py legacy_validate --run 1" in told(ended)
    assert "Traceback" not in ended.err
    assert imported.app.rows(LEASES) == [("imported", "")]
    assert_validated(imported, started(imported, "legacy_validate"))


def test_a_killed_command_leaves_no_process_and_its_import_is_resumed(
    cluster: Cluster, legacy: MakeSchool
) -> None:
    legacy(
        tables(
            stagiaires=[learner(number) for number in range(1, ROWS + 1)],
            archives=[learner(number) for number in range(1, 81)],
        )
    )
    command = started(cluster, "legacy_import", page=5)
    eventually(lambda: cluster.receipts("import") >= 3, "some chunks are staged")
    workers = processes_of(command)
    assert len(workers) == 2
    kill(command.pid)
    assert finish(command).code == -signal.SIGKILL
    eventually(lambda: all(map(is_gone, workers)), "the processes end with the command")
    assert cluster.app.one("SELECT status FROM legacy_import_runs") == "importing"
    assert cluster.receipts("import") < 64
    cluster.manage("legacy_import", "--resume", "1", "--workers", "2", engine="inline", page=5)
    staged = "SELECT source_table, legacy_id FROM legacy_student_imports"
    expected = [("stagiaires", str(n)) for n in range(1, ROWS + 1)]
    expected += [("archives", str(n)) for n in range(1, 81)]
    assert sorted(cluster.app.rows(staged)) == sorted(expected)
    assert cluster.app.one("SELECT SUM(`rows`) FROM legacy_chunk_receipts") == ROWS + 80
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_training_imports") == ROWS + 80
    assert cluster.app.one("SELECT status FROM legacy_import_runs") == "imported"


def test_a_process_at_work_ends_with_its_killed_command(imported: Cluster) -> None:
    with imported.held(ROW_100) as somebody_waits:
        command = started(imported, "legacy_validate")
        eventually(somebody_waits, "the chunk is at work")
        workers = processes_of(command)
        kill(command.pid)
        command.wait()
        eventually(lambda: all(map(is_gone, workers)), "nobody is left at the chunk")
        finish(command)
    assert_validated(imported, started(imported, "legacy_validate"))


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_ends_them_and_says_how_to_go_on(
    sent: signal.Signals, cluster: Cluster, legacy: MakeSchool
) -> None:
    legacy(tables(stagiaires=[learner(number) for number in range(1, 1_001)]))
    command = started(cluster, "legacy_import", page=10)
    eventually(lambda: cluster.receipts("import") >= 3, "some chunks are staged")
    workers = processes_of(command)
    begun = time.monotonic()
    for pid in (command.pid, *workers):  # as a terminal and systemd do
        os.kill(pid, sent)
    ended = finish(command)
    assert time.monotonic() - begun < 10
    assert ended.code == 130, ended.err
    assert "Stopped as asked, at the end of a chunk." in told(ended)
    assert "manage.py legacy_import --resume 1 --workers 2" in told(ended)
    assert "Traceback" not in ended.err
    assert all(map(is_gone, workers))
    assert cluster.app.rows(LEASES) == [("importing", "")]
    done = cluster.receipts("import")
    assert 3 <= done < 100
    cluster.manage("legacy_import", "--resume", "1", "--workers", "2", engine="inline", page=10)
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_student_imports") == 1_000


def test_ctrl_c_while_the_processes_start_prints_nothing_of_theirs(imported: Cluster) -> None:
    command = started(imported, "legacy_validate")
    eventually(lambda: processes_of(command), "a process starts")
    for pid in (command.pid, *processes_of(command)):
        os.kill(pid, signal.SIGINT)
    ended = finish(command)
    assert ended.code == 130, ended.err
    assert "Run it again: manage.py legacy_validate --workers 2" in told(ended)
    assert "Traceback" not in ended.err
    assert_validated(imported, started(imported, "legacy_validate"))


def test_no_more_processes_are_started_than_there_are_chunks(imported: Cluster) -> None:
    with imported.held(ROW_100) as somebody_waits:
        command = imported.start("legacy_validate", "--workers", "9", engine="inline")
        eventually(somebody_waits, "the chunk is at work")
        assert len(processes_of(command)) == 3
    assert_validated(imported, command)


# Ids 10, 20 … 20,000 in pages of ten; what changes is far behind what is at work.
RUN = "SELECT id FROM legacy_import_runs FOR UPDATE"
COPIED = ", ".join(tuple(COLUMNS["stagiaires"])[1:])
CHANGES = (
    "UPDATE stagiaires SET nom = 'Changée' WHERE id = 19050",
    f"INSERT INTO stagiaires SELECT 19155, {COPIED} FROM stagiaires WHERE id = 150",
    "DELETE FROM stagiaires WHERE id IN (19310, 19400)",  # the first and the last of a page
    "DELETE FROM stagiaires WHERE id BETWEEN 19501 AND 19600",  # a whole page
)


def test_what_is_staged_is_the_commands_own_snapshot(cluster: Cluster, legacy: MakeSchool) -> None:
    source = legacy(tables(stagiaires=[learner(number) for number in range(10, 20_010, 10)]))
    cluster.sizes = {"page": 10}
    cluster.manage("legacy_import", engine="inline")
    inline = cluster.dump()
    empty_app(cluster.app)
    command = started(cluster, "legacy_import")
    eventually(lambda: cluster.receipts("import") >= 3, "some chunks are staged")
    with cluster.held(RUN):  # a chunk begins with looking whose the run is
        assert cluster.receipts("import") < 180
        source.execute(*CHANGES)
    ended = finish(command)
    assert ended.code == 0, ended.err
    assert cluster.dump() == inline
    certificate = json.loads(cluster.app.one("SELECT certificate FROM legacy_import_runs"))
    assert certificate["snapshots"] == 1 + 200
    (note,) = [note for note in certificate["notes"] if note.startswith("workers read")]
    assert note.startswith(
        "workers read 200 chunks, each in a snapshot of its own; every chunk was"
    )
    assert note.endswith("staged again: 4")
    assert "workers read 200 chunks" in " ".join(ended.out.split())


def test_no_personal_data_is_said_whatever_fails(cluster: Cluster, legacy: MakeSchool) -> None:
    rows = [
        learner(number, telephone=canaries.phone(number % 70), email=canaries.email(number % 100))
        for number in range(1, 151)
    ]
    legacy(tables(stagiaires=rows))
    cluster.app.execute("CREATE UNIQUE INDEX poison ON legacy_student_imports (phone_normalized)")
    first = finish(started(cluster, "legacy_import"))
    cluster.app.execute("DROP INDEX poison ON legacy_student_imports")
    assert first.code == 1
    # Of two pages that hold the same phones, whichever comes second.
    assert "A worker could not import stagiaires " in told(first)
    assert " of run 1: IntegrityError 1062" in told(first)
    assert "is given up (IntegrityError 1062)" in told(first)
    again = ["legacy_import", "--resume", "1", "--workers", "2"]
    ends = [first, cluster.manage(*again, engine="inline")]
    cluster.app.execute(
        "CREATE TRIGGER poison BEFORE UPDATE ON legacy_student_imports FOR EACH ROW "
        "IF OLD.legacy_id = '90' THEN SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406, "
        f"MESSAGE_TEXT = 'Data too long: {canaries.phone(90)} {canaries.email(90)}'; END IF"
    )
    ends.append(finish(started(cluster, "legacy_validate", "--verbosity", "3")))
    cluster.app.execute("DROP TRIGGER poison")
    assert ends[-1].code == 1
    assert "of run 1: DataError 1406" in told(ends[-1])
    for ended in ends:
        assert "Traceback" not in ended.err
        assert canaries.found(ended.out + ended.err) == set()


# --- Refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", STAGES)
def test_celery_and_processes_of_this_machine_are_not_both_asked_for(
    command: str, cluster: Cluster
) -> None:
    ended = finish(cluster.start(command, "--workers", "1"))
    assert ended.code == 2, ended.err
    assert "--workers 1 asks for processes of this machine" in told(ended)
    assert "Next: Leave --workers out, or set LEGACY_IMPORT_ENGINE=inline." in told(ended)


@pytest.mark.parametrize("command", STAGES)
def test_sqlite_lets_one_process_write(command: str, tmp_path: Path) -> None:
    app = AppDatabase(f"sqlite:///{tmp_path / 'app.sqlite3'}")
    ended = manage(command, "--workers", "2", env=environment(app))
    assert ended.code == 2, ended.err
    assert "Error: --workers 2: the app database is SQLite, which lets one process write" in told(
        ended
    )
    assert "Next: Leave --workers out, or use MariaDB or MySQL (DATABASE_URL)." in told(ended)


@pytest.mark.parametrize("command", STAGES)
@pytest.mark.parametrize("count", ["0", "-1", "65", "two"])
def test_a_number_that_makes_no_sense_is_refused(
    command: str, count: str, shared_app: AppDatabase
) -> None:
    ended = manage(command, "--workers", count, env=environment(shared_app))
    assert ended.code == 2
    assert "must be a whole number from 1 to 64" in told(ended)


@pytest.mark.parametrize("command", ["legacy_commit", "legacy_rollback"])
def test_what_writes_people_takes_no_workers(command: str, shared_app: AppDatabase) -> None:
    ended = manage(command, "--run", "1", "--workers", "2", env=environment(shared_app))
    assert ended.code == 2
    assert "unrecognized arguments: --workers 2" in told(ended)
