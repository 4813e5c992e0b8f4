"""Commands called in this process, on the test's own app database."""

import io
from typing import Any

from django.core.management import call_command

from tests.processes import Ended

COMMANDS = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")
STAGES = COMMANDS[1:]


def call(name: str, *arguments: str, **options: Any) -> Ended:
    """Run a command as `manage.py` would, and return how it ended."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(name, *arguments, stdout=out, stderr=err, **options)
    except SystemExit as left:
        code = int(left.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def done(name: str, *arguments: str) -> Ended:
    """The same for a command that must succeed."""
    ended = call(name, *arguments)
    assert ended.code == 0, ended.err
    return ended


def assert_refused(ended: Ended, code: int, *words: str) -> None:
    """One clear sentence on stderr with the next step, the exit code, and no traceback."""
    assert ended.code == code, (ended.code, ended.err)
    told = " ".join(ended.err.split())
    assert "Traceback" not in ended.err + ended.out
    assert told.count("Error: ") == 1
    assert told.partition("Next: ")[2].strip()
    for word in words:
        assert word in told
    if ended.out:  # asked for JSON: the same, and nothing was counted
        ((problem,), counts) = (ended.told["errors"], ended.told["counts"])
        assert problem["message"]
        assert problem["hint"]
        assert counts == {}
