"""What one would pick instead, each in a process and an app database of its own."""

import json
import sys
from collections.abc import Mapping

from benchmarks.processes import run_measured
from benchmarks.report import Line, Report
from benchmarks.servers import Workplace
from tests.database_server import DatabaseServer

MODES = {
    "default": "default settings",
    "lean": "default, no foreign key",
    "bulk": "bulk mode",
}
WORKS = {"same": "same normalization", "plain": "plain columns"}
# (mode, work) → the most rows of it: they are far too slow for all.
IMPORT_EXPORT = {
    ("default", "same"): 2_000,
    ("lean", "same"): 2_000,
    ("lean", "plain"): 2_000,
    ("bulk", "same"): 50_000,
    ("bulk", "plain"): 50_000,
}
LOOP = "a loop and save()"
LOOP_ROWS = 500


def import_export(mode: str, work: str) -> str:
    """How a line of django-import-export is called."""
    return f"django-import-export, {MODES[mode]}, {WORKS[work]}"


def run_rivals(
    server: DatabaseServer, legacy: str, rows: int, report: Report
) -> Mapping[str, Line]:
    """The first rows of an old database of `rows` through each; what each reports of itself."""
    commands = {
        import_export(mode, work): [
            "benchmarks.rivals.import_export",
            mode,
            work,
            str(min(rows, most)),
        ]
        for (mode, work), most in IMPORT_EXPORT.items()
    }
    commands[LOOP] = ["benchmarks.rivals.loop_and_save", str(min(rows, LOOP_ROWS))]
    lines = {}
    for what, arguments in commands.items():
        place = Workplace(server, legacy, "app_rival").create()
        measured = run_measured([sys.executable, "-m", *arguments], place.environment())
        place.drop()
        result = json.loads(measured.output)
        lines[what] = report.add(
            Line(what, result["rows"], result["seconds"], result["cpu_seconds"], measured.peak_mb)
        )
    return lines
