"""Run the lanes of `make test`, each to its end, and close with every failure and each lane's time.

The usual lanes run side by side: one waits for servers and browsers while another computes. What a
lane prints stays together.

    python -m scripts.run_tests            what `make test` runs
    python -m scripts.run_tests --all      every test on every database, faults at every point

Called by scripts/test.sh, which installs what is missing first.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from tests.lanes import Lane

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(".venv/bin")
PYTHON = str(BIN / "python")

# What decides nothing here: the caller's own settings. And hundreds of processes import the same
# modules: each module is compiled once, whatever the caller wants.
FOREIGN_SETTINGS = ("LEGACY_", "DATABASE_", "TEST_APP_DATABASE", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Check:
    """A command that fails with its exit code. `settings` are added to its environment."""

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Result:
    """How a lane ended: what failed, by name, and how many tests passed."""

    lane: str
    failures: list[str]
    passed: int = 0
    seconds: float = 0.0


CHECKS = (
    Check("types (mypy)", (str(BIN / "mypy"),)),
    Check("lint (ruff check)", (str(BIN / "ruff"), "check", ".")),
    Check("format (ruff format)", (str(BIN / "ruff"), "format", "--check", ".")),
    Check("layers (import-linter)", (str(BIN / "lint-imports"),)),
    Check(
        "migrations (makemigrations --check)",
        (PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        {"DEBUG": "true"},
    ),
    Check(
        "production settings (check --deploy)",
        (PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        {
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": "school.example",
        },
    ),
    Check("translations", (PYTHON, "scripts/check_translations.py")),
)


def main(arguments: Sequence[str]) -> int:
    """Run the lanes; 0 if nothing failed, else 1."""
    parser = argparse.ArgumentParser(description="The lanes of make test.")
    parser.add_argument(
        "--all", action="store_true", help="every test on every database, faults at every point"
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()
    results = []
    for result in _everything() if options.all else _usual():
        results.append(result)
        print(f"== {result.lane}: {_words(result)}, {result.seconds / 60:.1f} min", flush=True)
    print(summary(results, time.monotonic() - started), flush=True)
    return int(any(result.failures for result in results))


def summary(results: Sequence[Result], seconds: float) -> str:
    """The closing lines: a line a lane, a line a failure, and the totals."""
    width = max(len(result.lane) for result in results)
    lines = ["", "== Lanes"]
    for result in results:
        lines.append(f"{result.lane:<{width}}  {result.seconds / 60:5.1f} min  {_words(result)}")
    failures = [(result.lane, name) for result in results for name in result.failures]
    if failures:
        lines += ["", "== Failures", *(f"{lane:<{width}}  {name}" for lane, name in failures)]
    passed = sum(result.passed for result in results)
    lines += ["", f"{seconds / 60:.1f} minutes in all", f"{passed} passed, {len(failures)} failed"]
    return "\n".join(lines)


def _usual() -> Iterator[Result]:
    """All lanes at a time: the first one prints as it goes, and then the other what it has to say."""
    with (
        ThreadPoolExecutor(len(Lane)) as pool,
        tempfile.NamedTemporaryFile("w") as written,
        Path(written.name).open(errors="replace") as printed,
    ):
        first, second = Lane
        other = pool.submit(_tests, second, [f"--lane={second}"], output=written)
        yield _checks()
        yield _tests(first, [f"--lane={first}"])
        while not wait([other], timeout=1).done:
            shutil.copyfileobj(printed, sys.stdout)
            sys.stdout.flush()
        shutil.copyfileobj(printed, sys.stdout)
        yield other.result()


def _everything() -> Iterator[Result]:
    yield _checks()
    for database in ("sqlite", "mariadb", "mysql"):
        yield _tests(database, ["-m", ""], {"HYPOTHESIS_PROFILE": "thorough"})


def _checks() -> Result:
    """All checks, as many at a time as there are processors; what one prints stays together."""
    started = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = []
        for check, ended in zip(CHECKS, pool.map(_run_check, CHECKS), strict=True):
            print(f"\n== {check.name}\n{ended.stdout}", end="", flush=True)
            if ended.returncode:
                failures.append(f"{check.name}: exit code {ended.returncode}")
    return Result("checks", failures, len(CHECKS) - len(failures), time.monotonic() - started)


def _run_check(check: Check) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        check.command, cwd=ROOT, env=_environment(check.settings), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def _tests(
    database: str,
    options: Sequence[str],
    settings: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> Result:
    """One run of pytest on that app database, printed into `output`, else as it goes."""
    print(f"\n== tests on {database}", file=output, flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ecoin-tests-") as folder:
        report = Path(folder) / "report.xml"
        servers = ["--mysql"] if database == "mysql" else []
        command = [PYTHON, "-m", "tests.servers", *servers, "--",
                   PYTHON, "-m", "pytest", "-q", "-n", str(_processes(database)), "--maxschedchunk=4",
                   "-p", "no:cacheprovider", f"--junitxml={report}", *options]  # fmt: skip
        environment = _environment({"TEST_APP_DATABASE": database, **(settings or {})})
        code = subprocess.call(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT if output else None,
        )  # fmt: skip
        passed, failures = outcome(report)
    if code and not failures:
        failures = [f"pytest: exit code {code}"]
    return Result(database, failures, passed, time.monotonic() - started)


def _processes(database: str) -> int:
    """As many as processors, and one more where tests wait for a server, workers and a browser."""
    return (os.cpu_count() or 1) + (database != Lane.SQLITE)


def outcome(report: Path) -> tuple[int, list[str]]:
    """How many tests passed, and the names of those that did not, from pytest's report."""
    if not report.exists():
        return 0, []
    passed, failures = 0, []
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {element.tag for element in case}
        if kinds & {"failure", "error"}:
            failures.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" not in kinds:
            passed += 1
    return passed, failures


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN_SETTINGS)}
    return {**kept, "ENV_FILE": os.devnull, **settings}


def _words(result: Result) -> str:
    return f"{result.passed} passed" + (
        f", {len(result.failures)} failed" if result.failures else ""
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
