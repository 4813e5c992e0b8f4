"""The same faults at every point, or at very many: `make test-all`, minutes on each database."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.committing import (
    COMMIT,
    ROLLBACK,
    CommitFault,
    Undisturbed,
    assert_same_platform,
    undisturbed_in,
)
from tests.faults.importing import ImportFault
from tests.faults.planning import PlannedApp
from tests.processes import ON_SERVER, finish, start
from tests.stages.commit.committed import committed_content

pytestmark = pytest.mark.exhaustive

TIMES = range(12)


@pytest.fixture
def committed(commit_fault: CommitFault) -> CommitFault:
    commit_fault.to_the_end(COMMIT, batch=100)
    return commit_fault


@pytest.mark.parametrize("seed", TIMES)
def test_an_import_killed_at_random_moments_ends_whole(seed: int, fault: ImportFault) -> None:
    chance = random.Random(seed)
    receipts = sorted(chance.sample(range(7), k=2))
    fault.kill(receipts[0], after=chance.uniform(0, 0.2))
    fault.kill(receipts[1], "--resume", "1", after=chance.uniform(0, 0.2))
    assert fault.resume().code == 0
    fault.assert_finished()


@pytest.mark.parametrize("seed", TIMES)
def test_a_commit_killed_again_and_again_at_random_moments_ends_whole(
    seed: int, commit_fault: CommitFault
) -> None:
    chance = random.Random(seed)
    for receipts in sorted(chance.sample(range(24), k=5)):
        if commit_fault.receipts(COMMIT) <= receipts:
            commit_fault.kill(COMMIT, receipts, after=chance.uniform(0, 0.03))
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()


@pytest.mark.parametrize("seed", TIMES)
def test_a_rollback_killed_again_and_again_at_random_moments_ends_whole(
    seed: int, committed: CommitFault
) -> None:
    chance = random.Random(seed)
    for receipts in sorted(chance.sample(range(22), k=4)):
        if committed.receipts(ROLLBACK) <= receipts:
            committed.kill(ROLLBACK, receipts, after=chance.uniform(0, 0.02))
    committed.to_the_end(ROLLBACK)
    committed.assert_rolled_back()


def test_a_commit_that_dies_before_each_statement_in_turn_ends_whole(
    commit_fault: CommitFault,
) -> None:
    """The 1st, the 2nd, the 3rd …, each attempt from where the last one died, until one gets through."""
    deaths = next(n for n in itertools.count() if not commit_fault.die(COMMIT, n + 1, batch=60))
    assert deaths > 40
    commit_fault.assert_committed()


def test_a_rollback_that_dies_before_each_statement_in_turn_ends_whole(
    committed: CommitFault,
) -> None:
    deaths = next(n for n in itertools.count() if not committed.die(ROLLBACK, n + 1, batch=60))
    assert deaths > 15
    committed.assert_rolled_back()


@pytest.mark.parametrize("statement", range(30, 330, 12))
def test_a_commit_that_died_deep_inside_is_finished_in_one_go(
    statement: int, commit_fault: CommitFault
) -> None:
    assert commit_fault.die(COMMIT, statement, batch=20)
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()


@pytest.mark.parametrize("seed", TIMES)
def test_commit_and_rollback_at_once_leave_nothing_half_done(
    seed: int, commit_fault: CommitFault
) -> None:
    chance = random.Random(seed)
    commit_fault.kill(COMMIT, chance.randrange(24))
    commands = [COMMIT, ROLLBACK, chance.choice((COMMIT, ROLLBACK))]
    chance.shuffle(commands)
    processes = [
        commit_fault.start(command, batch=chance.choice((1, 5, 50)), pace=0.005, how=start)
        for command in commands
    ]
    ends = [finish(process) for process in processes]
    assert {ended.code for ended in ends} <= {0, 5}, [ended.err for ended in ends]
    commit_fault.assert_whole()
    commit_fault.to_the_end(ROLLBACK)
    commit_fault.assert_whole()
    assert_same_platform(committed_content(commit_fault.app.rows), commit_fault.undisturbed.before)


if ON_SERVER:
    from tests.database_server import DatabaseServer
    from tests.faults.power import mortal_server
    from tests.faults.test_server_faults import ARRIVES, lose
    from tests.processes import APP_PASSWORD, AppDatabase, environment, manage

    class Mortal(NamedTuple):
        server: DatabaseServer
        planned: PlannedApp
        undisturbed: Undisturbed

    @ARRIVES
    @pytest.mark.parametrize("command", [COMMIT, ROLLBACK])
    def test_each_commit_in_turn_may_be_lost(
        command: str, arrives: bool, commit_fault: CommitFault
    ) -> None:
        if command == ROLLBACK:
            commit_fault.to_the_end(COMMIT)
        lost = next(
            n
            for n in itertools.count()
            if not lose(commit_fault, command, n + 1, arrives, batch=20)
        )
        assert lost > 5
        if command == COMMIT:
            commit_fault.assert_committed()
        else:
            commit_fault.assert_rolled_back()

    @pytest.fixture(scope="module")
    def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
        """A durable server of its own, with a planned app database."""
        with mortal_server() as server:
            name = server.create_database("mortal_app")
            server.create_account("mortal", APP_PASSWORD, [f"ALL ON `{name}`.*"])
            url = f"mysql://mortal:{APP_PASSWORD}@{server.host}:{server.port}/{name}"
            app = AppDatabase(url, server=server, name=name)
            ended = manage("migrate", "--verbosity", "0", env=environment(app))
            assert ended.code == 0, ended.err
            planned = PlannedApp(app, tmp_path_factory.mktemp("mortal"))
            planned.build()
            yield Mortal(server, planned, undisturbed_in(planned.copy(planned.folder)))

    @pytest.mark.parametrize("command", [COMMIT, ROLLBACK])
    @pytest.mark.parametrize("seed", range(4))
    def test_a_server_killed_in_the_middle_comes_back_with_whole_batches(
        seed: int,
        command: str,
        mortal: Mortal,
        tmp_path: Path,
    ) -> None:
        server, planned, undisturbed = mortal
        chance = random.Random(seed)
        fault = CommitFault(planned.copy(tmp_path), undisturbed)
        if command == ROLLBACK:
            fault.to_the_end(COMMIT)
        process = fault.start(command, batch=5, pace=chance.uniform(0, 0.02))
        fault.wait_for_receipts(command, 2 + 5 * seed, process)
        answered = fault.receipts(command)
        server.kill()
        ended = finish(process)
        server.start_again()
        assert ended.code == 1, ended.err
        assert "Traceback" not in ended.err
        assert fault.receipts(command) >= answered
        fault.assert_whole()
        fault.to_the_end(command)
        if command == COMMIT:
            fault.assert_committed()
        else:
            fault.assert_rolled_back()
