"""Workers that live and should not count: they are refused or named, and change nothing."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from MySQLdb import OperationalError

from legacy_import.engine.worker_check import ANSWER_SECONDS
from tests.database_server import DatabaseServer
from tests.engine.celery.running import Cluster, Worker, eventually
from tests.engine.celery.test_faults import ROW_100, ROWS, assert_validated, ends_well
from tests.legacy_database import ServerLegacy, Tables, learner, server_legacy, tables
from tests.processes import APP_PASSWORD, ROOT, Ended, environment, finish, manage

LOOKS = {"LOOK_SECONDS": 1}
AT_ONCE = {"LOOK_SECONDS": 1, "RESEND_SECONDS": 2}
MANY = 99  # chance decides which of two workers takes a chunk
OF_A_CHECKOUT = (
    "crm", "ecoin", "legacy_import", "locale", "templates", "trainings", "tests", "manage.py",
)  # fmt: skip


@pytest.fixture
def imported(cluster: Cluster, legacy: Callable[[Tables], ServerLegacy]) -> Cluster:
    """A run of 240 valid rows that is to be validated in three chunks."""
    legacy(tables(stagiaires=[learner(number) for number in range(1, ROWS + 1)]))
    cluster.manage("legacy_import", engine="inline")
    return cluster


def ready(worker: Worker) -> Worker:
    worker.wait_until_ready()
    return worker


def printed(ended: Ended) -> str:
    return " ".join(ended.err.split())


def assert_nothing_was_validated(cluster: Cluster) -> None:
    assert cluster.receipts("validate") == 0
    pending = "SELECT COUNT(*) FROM legacy_student_imports WHERE validation_status = 'pending'"
    assert cluster.app.one(pending) == ROWS


@pytest.fixture
def other_checkout(tmp_path: Path) -> Path:
    """A copy of this program in which one severity is another."""
    folder = tmp_path / "other"
    folder.mkdir()
    for name in OF_A_CHECKOUT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    rules = folder / "legacy_import" / "rules" / "validation.py"
    text = rules.read_text()
    changed = text.replace('"name_test": Severity.DOUBT', '"name_test": Severity.NOTE')
    assert changed != text
    rules.write_text(changed)
    return folder


def test_a_worker_of_other_code_is_refused(imported: Cluster, other_checkout: Path) -> None:
    ready(imported.worker(folder=other_checkout))
    ended = finish(imported.start("legacy_validate"))
    assert ended.code == 1, ended.err
    assert "it has other values of the code in legacy_import/rules." in printed(ended)
    assert_nothing_was_validated(imported)


def test_a_worker_that_reads_another_old_database_is_refused_before_it_stages_anything(
    cluster: Cluster, legacy: Callable[[Tables], ServerLegacy], db_server: DatabaseServer,
    server_legacy_name: str,
) -> None:  # fmt: skip
    legacy(tables(stagiaires=[learner(number) for number in range(1, ROWS + 1)]))
    other = server_legacy(
        db_server,
        f"{server_legacy_name}_b",
        tables(stagiaires=[learner(number) for number in (7, 9)]),
    )
    ready(cluster.worker(**other.environment()))
    ended = finish(cluster.start("legacy_import"))
    assert ended.code == 1, ended.err
    assert "LEGACY_DB_DATABASE" in printed(ended)
    assert other.name not in printed(ended)
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_student_imports") == 0
    assert cluster.receipts("import") == 0


def test_a_worker_of_another_app_database_takes_nothing_from_a_good_one(
    imported: Cluster, db_server: DatabaseServer
) -> None:
    name = db_server.create_database(f"{imported.app.name}_b")
    db_server.create_account(f"b{os.getpid()}", APP_PASSWORD, [f"ALL ON `{name}`.*"])
    url = f"mysql://b{os.getpid()}:{APP_PASSWORD}@{db_server.host}:{db_server.port}/{name}"
    migrated = manage("migrate", "--verbosity", "0", env=environment(None, DATABASE_URL=url))
    assert migrated.code == 0, migrated.err
    wrong = ready(imported.worker(DATABASE_URL=url))
    with imported.held(
        ROW_100
    ):  # so that the command is still there when the workers have answered
        command = imported.start("legacy_validate", **AT_ONCE, RESENDS=MANY)
        eventually(lambda: wrong_left(wrong), "it leaves the queue")
        ready(imported.worker())
        time.sleep(ANSWER_SECONDS + 3)
    ended = ends_well(imported, command)
    assert "has another DATABASE_URL: unless that is another address of the same" in printed(ended)
    assert_validated(imported)
    db_server.execute(f"DROP DATABASE `{name}`", f"DROP USER 'b{os.getpid()}'@'%'")


def wrong_left(worker: Worker) -> bool:
    return "is not in this worker's app database (DATABASE_URL)" in worker.log.read_text()


def test_a_message_that_a_worker_cannot_read_is_reported_by_it(imported: Cluster) -> None:
    ready(imported.worker())
    ended = finish(imported.start("legacy_validate", without="last"))
    assert ended.code == 1, ended.err
    assert "Worker w0@" in printed(ended)
    assert "cannot read this program's messages" in printed(ended)
    assert_nothing_was_validated(imported)


def test_a_worker_that_drops_every_chunk_is_named_after_three_more_tries(
    imported: Cluster,
) -> None:
    ready(
        imported.worker(app="tests.engine.celery.taskless", DJANGO_SETTINGS_MODULE="ecoin.settings")
    )
    ended = finish(imported.start("legacy_validate", **AT_ONCE))
    assert ended.code == 1, ended.err
    told = printed(ended)
    assert (
        "The chunk stagiaires:1 to stagiaires:80 of run 1 was sent 4 times to validate it" in told
    )
    assert "w0@" in told
    assert "the code (it does not know the question)" in told
    assert_nothing_was_validated(imported)


def test_beside_a_good_worker_what_another_drops_is_done(imported: Cluster) -> None:
    ready(
        imported.worker(app="tests.engine.celery.taskless", DJANGO_SETTINGS_MODULE="ecoin.settings")
    )
    with imported.held(
        ROW_100
    ):  # so that the command is still there when the workers have answered
        ready(imported.worker())
        command = imported.start("legacy_validate", **AT_ONCE, RESENDS=MANY)
        time.sleep(ANSWER_SECONDS + 6)
    ended = ends_well(imported, command)
    assert "is not like this command" in printed(ended)
    assert_validated(imported)


def test_messages_that_wait_for_a_worker_are_not_called_dropped(imported: Cluster) -> None:
    ended = finish(
        imported.start(
            "legacy_validate",
            RESEND_SECONDS=1,
            RESEND_ANYWAY_SECONDS=1,
            STALLED_SECONDS=12,
            **LOOKS,
        ),
    )
    told = printed(ended)
    assert ended.code == 1, told
    assert "sent again" in told
    assert "No chunk has been finished for" in told
    assert "no worker finished it" not in told


def test_who_is_at_work_on_what_is_shown_and_logged(imported: Cluster) -> None:
    worker = ready(imported.worker())
    with imported.held(ROW_100):
        command = imported.start("legacy_validate", line=0, STALLED_SECONDS=60, **LOOKS)
        told = ""
        while not re.search(r"\[w0@\S+: staged rows 81 to 160\]", " ".join(told.split())):
            line = command.stderr.readline()
            assert line, told
            told += line
    ends_well(imported, command)
    log = worker.log.read_text()
    for chunk in range(3):
        assert f"run 1, validate, chunk {chunk} is begun" in log
        assert f"run 1, validate, chunk {chunk} is done (80 rows)" in log
    assert_validated(imported)


def test_a_chunk_that_kills_its_process_each_time_ends_the_command(imported: Cluster) -> None:
    worker = ready(imported.worker())
    with imported.held(ROW_100):
        command = imported.start("legacy_validate", LOOK_SECONDS=1, RESEND_SECONDS=999)
        for deaths in range(3):
            eventually(
                lambda deaths=deaths: len(sessions_at_work(imported)) > deaths,
                "the chunk is at work",
            )
            (pid,) = worker.pool
            os.kill(pid, signal.SIGKILL)
            # It waits for a lock, so that the server does not see that its client died.
            end_session(imported, sessions_at_work(imported)[-1])
        ended = finish(command, 60)
    assert ended.code == 1, ended.err
    told = printed(ended)
    assert "A worker could not validate stagiaires:81 to stagiaires:160 of run 1" in told
    assert "3 processes ended while they worked it (3 of w0@" in told
    assert imported.app.one("SELECT lease_token FROM legacy_import_runs") == ""
    ends_well(imported, imported.start("legacy_validate"))
    assert_validated(imported)


def sessions_at_work(cluster: Cluster) -> list[int]:
    """The sessions of the attempts of the chunk with row 100."""
    query = "SELECT connection_id FROM legacy_chunk_attempts WHERE position = 1 ORDER BY id"
    return [session for (session,) in cluster.app.rows(query)]


def end_session(cluster: Cluster, session: int) -> None:
    """As an administrator would; one that has ended meanwhile is no error."""
    with suppress(OperationalError):
        cluster.app.execute(f"KILL {session}")


class TestAFrozenWorker:
    """Stopped in the middle of a chunk: its session holds what it locked."""

    @pytest.fixture
    def frozen(self, imported: Cluster) -> Cluster:
        worker = ready(imported.worker())
        with imported.held(ROW_100) as somebody_waits:
            self.command = imported.start("legacy_validate", LOOK_SECONDS=1)
            eventually(somebody_waits, "the chunk is at work")
            for pid in (*worker.pool, worker.process.pid):
                os.kill(pid, signal.SIGSTOP)
        return imported

    def test_the_command_still_ends_at_a_signal_and_the_next_one_names_who_holds_the_run(
        self, frozen: Cluster
    ) -> None:
        time.sleep(3)
        stopped_at = time.monotonic()
        self.command.send_signal(signal.SIGTERM)
        ended = finish(self.command)
        assert time.monotonic() - stopped_at < 10
        assert ended.code == 130, ended.err
        long = (
            "SELECT COUNT(*) FROM legacy_chunk_attempts"
            " WHERE started_at < UTC_TIMESTAMP(6) - INTERVAL 11 SECOND"
        )
        eventually(lambda: frozen.app.one(long), "it is long at work")
        refused = finish(frozen.start("legacy_validate", engine="inline"))
        assert refused.code == 1, refused.err
        told = printed(refused)
        assert "OperationalError 1205" in told
        assert "Worker w0@" in told
        assert "has been at work on run 1, validate, chunk 1, for " in told
        assert "or at once with KILL " in told

    def test_once_its_session_is_ended_another_worker_does_its_chunk(self, frozen: Cluster) -> None:
        ready(frozen.worker())
        sessions = frozen.app.rows("SELECT connection_id FROM legacy_chunk_attempts")
        for (session,) in sessions:
            end_session(frozen, session)
        ended = ends_well(frozen, self.command)
        assert "A process of worker w0@" in printed(ended)
        assert_validated(frozen)


def test_a_silent_broker_does_not_keep_a_command_that_is_to_end(imported: Cluster) -> None:
    pid = imported.redis.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        command = imported.start("legacy_validate")
        lease = "SELECT lease_token FROM legacy_import_runs"
        eventually(lambda: imported.app.one(lease), "the command is at work")
        time.sleep(1)
        stopped_at = time.monotonic()
        command.send_signal(signal.SIGTERM)
        ended = finish(command)
        assert time.monotonic() - stopped_at < 10
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ended.code == 130, ended.err
