"""Commits and rollbacks in processes of their own, watched from outside through their receipts."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.forked import forked, start_forked
from tests.processes import AppDatabase, Ended, Process, environment, finish
from tests.stages.commit.committed import committed_content
from tests.stages.commit.invariants import broken

PATIENCE = 60  # seconds
BATCH = 10  # rows
PACE = 0.1  # seconds; whoever waits for a turn gets one
COMMIT, ROLLBACK = "legacy_commit", "legacy_rollback"
STAGES = {COMMIT: "commit", ROLLBACK: "rollback"}
# Of the staged rows, what no commit and no rollback changes.
STAGED = (
    "SELECT s.id, s.legacy_import_run_id, s.source_table, s.legacy_id, s.payload_hash, "
    "s.validation_status, s.classification, s.version, t.id, t.import_action "
    "FROM legacy_student_imports s LEFT JOIN legacy_training_imports t "
    "ON t.student_import_id = s.id ORDER BY s.id"
)
# How the screens' counts of facets are stored, and what the rows say.
FACETS = (
    "source_table, classification, validation_status, duplicate_confidence, planned_action, "
    "planned_reason, session_type, import_action, outcome, decision, to_classify, review_order"
)
STORED = f"SELECT legacy_import_run_id, {FACETS}, without_course, f.rows FROM legacy_facet_counts f"
COUNTED = (
    f"SELECT legacy_import_run_id, {FACETS}, course_id IS NULL, COUNT(*) "
    "FROM legacy_student_imports s JOIN legacy_training_imports t ON t.student_import_id = s.id "
    f"GROUP BY legacy_import_run_id, {FACETS}, course_id IS NULL"
)


@dataclass(frozen=True)
class Undisturbed:
    """What a commit in one go makes of the planned data, and a rollback of that."""

    before: dict[str, str]
    committed: dict[str, str]
    rolled_back: dict[str, str]


@dataclass
class CommitFault:
    """Starts commits and rollbacks of one planned app database, and checks what they leave.

    `url`: where the commands reach the app database, if not where the test does. `part`: the options
    of rollbacks of a part of the run.
    """

    app: AppDatabase
    undisturbed: Undisturbed
    url: str = ""
    part: tuple[str, ...] = ()
    started: list[Process] = field(default_factory=list)
    staged: list[tuple[object, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.staged = self.app.rows(STAGED)

    def start(
        self,
        command: str,
        *,
        run: int = 1,
        batch: int = BATCH,
        pace: float = 0.0,
        how: Callable[..., Process] = start_forked,
    ) -> Process:
        """Start a command. `pace`: seconds that it rests after each batch."""
        process = how(
            "0", command, *self.arguments(command, run, batch),
            env={**self.environment(batch), "TEST_PACE": str(pace)}, module="tests.faults.mortal",
        )  # fmt: skip
        self.started.append(process)
        return process

    def arguments(self, command: str, run: int, batch: int) -> list[str]:
        name = self.app.path.name if self.app.path else self.app.name
        rows = ["--batch", str(batch)] if command == COMMIT else self.part
        return ["--run", str(run), *rows, "--no-input", "--confirm-database", name]

    def environment(self, batch: int = BATCH) -> dict[str, str]:
        env = environment(self.app, TEST_ROLLBACK_BATCH=str(batch))
        return {**env, "DATABASE_URL": self.url} if self.url else env

    def to_the_end(self, command: str, *, run: int = 1, batch: int = 50) -> Ended:
        """Run a command, which must succeed."""
        ended = finish(self.start(command, run=run, batch=batch))
        assert ended.code == 0, ended.err
        return ended

    def plan_again(self) -> None:
        """Plan the run anew, which a rollback calls for."""
        ended = forked("legacy_dry_run", "--run", "1", env=self.environment())
        assert ended.code == 0, ended.err

    def end_all(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def receipts(self, command: str) -> int:
        sql = f"SELECT COUNT(*) FROM legacy_chunk_receipts WHERE stage = '{STAGES[command]}'"
        return int(self.app.one(sql))

    def wait_for_receipts(self, command: str, wanted: int, process: Process) -> None:
        """Return when that many batches of the command are finished; 0: when it has begun.

        A rollback of a part leaves the status of the run as it is.
        """
        begun = {COMMIT: "committing", ROLLBACK: "rolling_back"}[command]
        status = f"SELECT COUNT(*) FROM legacy_import_runs WHERE status = '{begun}'"
        deadline = time.monotonic() + PATIENCE
        part = command == ROLLBACK and self.part
        while self.receipts(command) < wanted or not (part or self.app.one(status)):
            assert time.monotonic() < deadline, f"{self.receipts(command)} receipts only"
            assert process.poll() is None, finish(process).err
            time.sleep(0.005)

    def kill(
        self, command: str, receipts: int, *, after: float = 0.0, batch: int = BATCH,
        pace: float = 0.0,
    ) -> None:  # fmt: skip
        """Start a command and `kill -9` it, `after` seconds behind that many receipts."""
        process = self.start(command, batch=batch, pace=pace)
        self.wait_for_receipts(command, receipts, process)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        assert finish(process).code == -signal.SIGKILL
        self.assert_whole()

    def die(self, command: str, statement: int, *, batch: int = BATCH) -> bool:
        """Run a command that dies right before that statement; False if it ended before it."""
        ended = forked(
            str(statement), command, *self.arguments(command, 1, batch),
            env=self.environment(batch), module="tests.faults.mortal",
        )  # fmt: skip
        assert ended.code in (0, -signal.SIGKILL), ended.err
        self.assert_whole()
        return ended.code != 0

    def assert_whole(self) -> None:
        """Nothing twice, nothing lost; log, records and outcomes say the same; no row is missing."""
        settled(lambda: broken(self.app.rows))
        assert self.app.rows(STAGED) == self.staged
        settled(lambda: sorted(map(repr, self._counts_off())))

    def _counts_off(self) -> set[tuple[Any, ...]]:
        """What is stored and not counted, and the other way round."""
        return set(self.app.rows(STORED)) ^ set(self.app.rows(COUNTED))

    def assert_committed(self) -> None:
        """The run is committed as if nothing had happened, and nobody holds it."""
        self.assert_whole()
        assert self.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
            ("committed", "")
        ]
        assert committed_content(self.app.rows) == self.undisturbed.committed

    def assert_rolled_back(self) -> None:
        """The run is rolled back as if nothing had happened; nothing of it is on the platform."""
        self.assert_whole()
        assert self.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
            ("rolled_back", "")
        ]
        content = committed_content(self.app.rows)
        assert content == self.undisturbed.rolled_back
        assert_same_platform(content, self.undisturbed.before)


def undisturbed_in(app: AppDatabase) -> Undisturbed:
    """Commit the plan of this app database in one go, and roll it back."""
    none: dict[str, str] = {}
    fault = CommitFault(app, Undisturbed(none, none, none))
    contents = [committed_content(app.rows)]
    for command in (COMMIT, ROLLBACK):
        fault.to_the_end(command, batch=100)
        fault.assert_whole()
        contents.append(committed_content(app.rows))
    before, committed, rolled_back = contents
    for table in ("leads", "interests", "completed", "enrolled", "rows", "log"):
        assert before[table] != committed[table]
    return Undisturbed(before, committed, rolled_back)


def settled(find: Callable[[], list[str]]) -> None:
    """Nothing is found, once the server has noticed that a client is gone."""
    deadline = time.monotonic() + 10
    while (found := find()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == []


def assert_same_platform(content: dict[str, str], other: dict[str, str]) -> None:
    """Business tables are alike; what the import says of its own rows may differ."""
    own = ("rows", "trainings", "log")
    assert {k: v for k, v in content.items() if k not in own} == {
        k: v for k, v in other.items() if k not in own
    }
