"""No output stream ends a command: encodings that lack letters, pipes that nobody reads, full disks."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecoin.output import LastingStream
from legacy_import.demo.people import generate
from legacy_import.demo.sqlite_writer import write_sqlite
from tests.processes import ROOT, AppDatabase, environment, manage

JOURNEY = (
    ("legacy_import", "--check"),
    ("legacy_import",),
    ("legacy_validate",),
    ("legacy_classify",),
    ("legacy_dry_run",),
    ("legacy_commit", "--run", "1", "--no-input", "--confirm-database", "{name}"),
    ("legacy_reconcile",),
    ("legacy_rollback", "--run", "1", "--preview"),
    ("legacy_status",),
    ("legacy_commit", "--help"),
)
STATUS = "SELECT status FROM legacy_import_runs"


@pytest.fixture
def env(app: AppDatabase, tmp_path: Path) -> dict[str, str]:
    """The environment of commands over a small school."""
    path = tmp_path / "school.sqlite3"
    write_sqlite(generate(60, seed=11), path)
    return environment(app, LEGACY_DB_DRIVER="sqlite", LEGACY_DB_DATABASE=str(path))


def journey(app: AppDatabase) -> Iterator[tuple[str, ...]]:
    name = app.path.name if app.path else app.name
    for command in JOURNEY:
        yield tuple(word.format(name=name) for word in command)


def test_no_command_ends_because_of_an_encoding(env: dict[str, str], app: AppDatabase) -> None:
    narrow = {**env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for command in journey(app):
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *command],
            env=narrow, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), (command, done.stderr)
        assert done.stdout.isascii()
    assert app.one(STATUS) == "committed"


@pytest.mark.parametrize("encoding", ["cp437:strict", "cp1256", "latin-1", "utf-16"])
def test_no_encoding_ends_a_command(encoding: str, env: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "legacy_import", "--check"],
        env={**env, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0
    assert "Check passed." in ended.stdout.decode(encoding.partition(":")[0])


def test_json_loses_nothing_in_a_narrow_encoding(env: dict[str, str], tmp_path: Path) -> None:
    old = Path(env["LEGACY_DB_DATABASE"])
    path = old.rename(tmp_path / "école ←.sqlite3")
    narrow = {**env, "LEGACY_DB_DATABASE": str(path), "PYTHONIOENCODING": "ascii"}
    ended = manage("legacy_import", "--check", "--json", env=narrow)
    assert ended.code == 0, ended.err
    assert ended.out.isascii()
    assert ended.told["source"].endswith("école ←.sqlite3")


@contextmanager
def unread_pipe() -> Iterator[int]:
    """The end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def run(command: tuple[str, ...], env: Mapping[str, str], out: int, err: int) -> int:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env=dict(env), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False,
    ).returncode  # fmt: skip


def test_after_a_closed_pipe_the_work_still_finishes(env: dict[str, str], app: AppDatabase) -> None:
    for number, command in enumerate(journey(app)):
        json = ["--json"] if number % 2 and "--help" not in command else []
        with unread_pipe() as pipe:
            assert run((*command, *json), env, pipe, pipe) == 0, command
    assert app.one(STATUS) == "committed"


def test_a_reader_of_two_lines_gets_two_lines_and_the_stage_its_end(
    env: dict[str, str], app: AppDatabase
) -> None:
    """`legacy_import | head -2`"""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "legacy_import"],
        env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [process.stdout.readline() for _ in range(2)]
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert lines[0].startswith("Source: ")
    assert complaints == ""
    assert app.one(STATUS) == "imported"


def test_a_full_disk_behind_the_output_ends_no_command(
    env: dict[str, str], app: AppDatabase
) -> None:
    with Path("/dev/full").open("wb") as full:
        assert run(("legacy_import",), env, full.fileno(), full.fileno()) == 0
    assert app.one(STATUS) == "imported"


def test_a_missing_letter_is_replaced_and_the_others_kept() -> None:
    raw = io.BytesIO()
    stream = LastingStream(io.TextIOWrapper(raw, encoding="cp1252", errors="strict"))
    assert stream.write("Formée → أمينة") == 14
    stream.flush()
    assert raw.getvalue().decode("cp1252") == "Formée ? ?????"
    assert stream.encoding == "cp1252"


def test_a_closed_stream_takes_everything_and_keeps_nothing() -> None:
    inner = io.StringIO()
    stream = LastingStream(inner)
    inner.close()
    assert stream.write("gone") == 4
    stream.flush()
