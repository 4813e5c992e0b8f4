"""What can be tested on one kind of server only: deselected on the other, and counted at the end.

`@pytest.mark.mariadb_only("why")` and `@pytest.mark.mysql_only("why")`; the reason is required. So is
it for `own_server`: the test stops or sets up a server of its own, which cannot be done where the
environment names the one MySQL that may be used (TEST_NO_OWN_SERVER).
"""

import os
from collections import Counter
from typing import Any

import pytest

from tests.servers import MARIADB, MYSQL, NAMES, kind_for_tests

OWN_SERVER = "own_server"
MARKS = {"mariadb_only": MARIADB, "mysql_only": MYSQL}
OUTPUT_KEY = "not_on_this_server"
_deselected = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    for mark, kind in MARKS.items():
        config.addinivalue_line("markers", f"{mark}(reason): it is {NAMES[kind]}'s only")
    config.addinivalue_line(
        "markers", "own_server(reason): it stops or sets up a server of its own"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept, out, why = [], [], Counter[str]()
    for item in items:
        reason = _reason_against(item)
        if reason:
            why[reason] += 1
        (out if reason else kept).append(item)
    config.stash[_deselected] = why
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = kept


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that shares the tests with others sends what it deselected to the one that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OUTPUT_KEY] = dict(session.config.stash.get(_deselected, Counter()))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # Each of the processes collects all the tests, so they all deselect the same ones.
    sent = getattr(node, "workeroutput", {}).get(OUTPUT_KEY, {})
    node.config.stash[_deselected] = Counter(sent) | node.config.stash.get(_deselected, Counter())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for reason, tests in sorted(config.stash.get(_deselected, Counter()).items()):
        terminalreporter.write_line(f"not on this server ({tests} tests): {reason}")


def _reason_against(item: pytest.Item) -> str:
    """Why the test cannot run on the server at hand; "" if it can."""
    for mark in item.iter_markers():
        if mark.name not in MARKS and mark.name != OWN_SERVER:
            continue
        if len(mark.args) != 1 or not mark.args[0]:
            raise pytest.UsageError(f"{item.nodeid}: the mark {mark.name} needs its reason")
        if mark.name == OWN_SERVER and os.environ.get("TEST_NO_OWN_SERVER"):
            return f"needs a server of its own: {mark.args[0]}"
        if mark.name in MARKS and MARKS[mark.name] != kind_for_tests():
            return f"{NAMES[MARKS[mark.name]]} only: {mark.args[0]}"
    return ""
