"""A forked command ends as one that Python started: the same exit code and words."""

import re
import signal
from collections.abc import Iterator

import pytest

from tests.forked import end_host, forked
from tests.processes import AppDatabase, environment, manage

SECONDS = re.compile(r'"duration_s": [\d.]+')


@pytest.fixture(autouse=True)
def no_host_is_left() -> Iterator[None]:
    yield
    end_host()


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
