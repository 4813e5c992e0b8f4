"""A forked command ends as one that Python started: the same exit code and words."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked import MOST_HOSTS, end_hosts, forked, start_forked
from tests.processes import AppDatabase, environment, finish, manage, start

SLEEPER = "tests.forked.sleeper"
SECONDS = re.compile(r'"duration_s": [\d.]+')


@pytest.fixture(scope="module")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So that the tests share a host."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module", autouse=True)
def no_host_is_left() -> Iterator[None]:
    yield
    end_hosts()


@pytest.mark.parametrize(
    "command", ["legacy_status --json", "legacy_validate", "legacy_status --nonsense", "nonsense"]
)
def test_code_and_words_are_those_of_a_command_that_python_started(
    app: AppDatabase, command: str
) -> None:
    env = environment(app)
    ours, theirs = forked(*command.split(), env=env), manage(*command.split(), env=env)
    assert (ours.code, ours.err) == (theirs.code, theirs.err)
    assert SECONDS.sub("", ours.out) == SECONDS.sub("", theirs.out)


def test_nothing_of_a_command_is_left_for_the_next(app: AppDatabase) -> None:
    env = environment(app)
    mortal = "tests.faults.mortal"
    assert forked("2", "legacy_status", env=env, module=mortal).code == -signal.SIGKILL
    assert forked("0", "legacy_status", env=env, module=mortal).code == 0
    assert forked("legacy_status", env=env).code == 0


def test_each_environment_has_its_own_host(app: AppDatabase) -> None:
    assert forked("legacy_status", env=environment(app)).code == 0
    refused = forked("legacy_status", env=environment(app, DATABASE_URL="sqlite:////nowhere/x"))
    assert refused.code == 1
    assert "app database" in refused.err


def test_an_error_is_a_traceback_and_exit_code_1(app: AppDatabase) -> None:
    ended = forked("not json", env=environment(app), module="tests.journeys.decide")
    assert ended.code == 1
    assert "ValueError" in ended.err


def test_a_started_command_has_its_own_id_streams_and_end(app: AppDatabase) -> None:
    env = environment(app)
    first, second = (start_forked("legacy_status", env=env) for _ in range(2))
    ends = [finish(process) for process in (first, second)]
    assert ends[0] == ends[1] == manage("legacy_status", env=env)
    assert first.pid != second.pid
    assert (first.poll(), first.returncode) == (0, 0)
    for pid in (first.pid, second.pid):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_reaches_the_command_and_nothing_else(number: int, app: AppDatabase) -> None:
    env = environment(app)
    process = start_forked(env=env, module=SLEEPER)
    assert process.stdout.readline() == "asleep\n"
    assert process.poll() is None
    process.send_signal(number)
    assert finish(process).code == -number
    assert forked("legacy_status", env=env).code == 0


def test_one_that_hangs_is_killed_and_fails_the_test(app: AppDatabase) -> None:
    process = start_forked(env=environment(app), module=SLEEPER)
    with pytest.raises(subprocess.TimeoutExpired):
        finish(process, 0.5)
    assert process.returncode == -signal.SIGKILL


def test_a_command_outlives_its_host_that_made_room(app: AppDatabase) -> None:
    process = start_forked(env=environment(app), module=SLEEPER)
    for number in range(MOST_HOSTS):
        assert forked("legacy_status", env=environment(app, LEGACY_N=str(number))).code == 0
    assert process.poll() is None
    process.kill()
    assert finish(process).code == -signal.SIGKILL


@pytest.mark.parametrize("end", ["words", "code", "nothing", "error"])
def test_it_ends_as_python_ends(end: str, app: AppDatabase) -> None:
    """Threads are waited for, then what is to be done at exit; what it reads of TEST_ is its own."""
    env, module = environment(app, TEST_END=end), "tests.forked.ending"
    ours, theirs = forked(env=env, module=module), finish(start(env=env, module=module))
    assert (ours.code, ours.out) == (theirs.code, theirs.out)
    assert ours.out == "the command a thread\nat exit\n"
    assert ours.err.splitlines()[-1:] == theirs.err.splitlines()[-1:]
