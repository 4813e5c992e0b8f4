"""Speed and memory of the stages, beside what they are measured against, in one run.

    python -m benchmarks.stages                            200,000 and 20,000 learners (make bench)
    python -m benchmarks.stages --rows 20000 --small 2000  quick
    python -m benchmarks.stages --only stages,floor        some of: stages floor small import-export
    python -m benchmarks.stages --profile --write-docs     also where the time goes; refresh the docs

Starts a private MariaDB, stops it at the end. Commands run as an operator would run them, each in a
process of its own; seconds are from start to exit.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import floor, targets
from benchmarks.processes import CommandFailed, own_peak_mb, run_measured
from benchmarks.report import Line, Report, machine, write_docs
from benchmarks.servers import Workplace, connect, load_legacy, start_server
from tests.servers import MariaDBServer

PARTS = ("stages", "floor", "small", "import-export")
LATER_STAGES = ("legacy_validate", "legacy_classify", "legacy_dry_run")
# (mode, work) → the most rows of it: they are far too slow for 200,000.
RIVALS = {
    ("default", "same"): 2_000,
    ("lean", "same"): 2_000,
    ("lean", "plain"): 2_000,
    ("bulk", "same"): 50_000,
    ("bulk", "plain"): 50_000,
}


def run_stages(place: Workplace, report: Report, between: Callable[[], None] | None = None) -> None:
    """Import, `between`, then validate, classify and plan, one line each."""
    rows = _command(place, report, "legacy_import", 0)
    if between:
        between()
    for command in LATER_STAGES:
        _command(place, report, command, rows)


def _command(place: Workplace, report: Report, command: str, rows: int) -> int:
    measured = run_measured([sys.executable, "manage.py", command, "--json"], place.environment())
    rows = rows or json.loads(measured.output)["counts"]["rows"]
    report.add(Line(command, rows, measured.seconds, measured.cpu_seconds, measured.peak_mb))
    return rows


def measure_floor(place: Workplace, report: Report, before: dict[str, int], rows: int) -> None:
    """Copy, inside the server, every table that the import wrote."""
    connection = connect(place.server)
    try:
        tables = floor.written(before, floor.count_rows(connection, place.app))
        seconds = floor.copy_seconds(connection, place.app, tables)
    finally:
        connection.close()
    report.floor_lines = [Line(table, tables[table], seconds[table]) for table in tables]
    report.add(Line(targets.FLOOR, rows, sum(seconds.values())))


def run_rivals(server: MariaDBServer, legacy: str, rows: int, report: Report) -> None:
    """django-import-export with default settings and in bulk mode, each into an empty table."""
    for (mode, work), most in RIVALS.items():
        place = Workplace(server, legacy, "app_rival").create()
        measured = run_measured(
            [sys.executable, "-m", "benchmarks.import_export", mode, work, str(min(rows, most))],
            place.environment(),
        )
        place.drop()
        told = json.loads(measured.output)
        what = targets.rival(mode, work)
        report.add(Line(what, told["rows"], told["seconds"], told["cpu_seconds"], measured.peak_mb))


def profile(server: MariaDBServer, legacy: str, rows: int, report: Report) -> None:
    """Each command once more, on another app database, with a sampler beside it."""
    place = Workplace(server, legacy, "app_profile").create(platform_of=rows)
    with tempfile.TemporaryDirectory() as folder:
        for command in ("legacy_import", *LATER_STAGES):
            out = Path(folder) / f"{command}.json"
            place.python("-m", "benchmarks.sampling", str(out), command, "--json")
            report.profiles[command] = {
                (area, waits): spent for area, waits, spent in json.loads(out.read_text())
            }
            print(f"  {command}: profiled", flush=True)
    place.drop()


def measure(options: argparse.Namespace, report: Report) -> None:
    """Everything that was asked for, on one server. Lines of the small run go to `small`."""
    parts = options.only
    with start_server() as server:
        connection = connect(server)
        report.conditions += [
            *machine(),
            ("MariaDB", connection.get_server_info()),
            (
                "server",
                "1 GB buffer pool, log flushed once a second, no doublewrite, no binary log, TCP",
            ),
        ]
        small = Report()
        if "small" in parts:
            _say(f"{options.small:,} learners")
            legacy = load_legacy(server, options.small)
            place = Workplace(server, legacy, "app_small").create(platform_of=options.small)
            run_stages(place, small)
            place.drop()
        _say(f"{options.rows:,} learners: building the old database")
        legacy = load_legacy(server, options.rows)
        if "stages" in parts or "floor" in parts:
            place = Workplace(server, legacy, "app_full").create(platform_of=options.rows)
            before = floor.count_rows(connection, place.app)
            measured_floor = (
                (lambda: measure_floor(place, report, before, options.rows))
                if "floor" in parts
                else None
            )
            run_stages(place, report, measured_floor)
            place.drop()
        if "import-export" in parts:
            _say("django-import-export")
            run_rivals(server, legacy, options.rows, report)
        if options.profile:
            _say("profile")
            profile(server, legacy, options.rows, report)
        connection.close()
    report.targets = targets.judge(report.lines, small.lines)
    report.lines[:0] = small.lines
    report.conditions.append(("load after", f"{os.getloadavg()[0]:.1f}"))
    report.conditions.append(("memory of the benchmark itself", f"{own_peak_mb():.0f} MB"))


def _say(what: str) -> None:
    print(f"{what} …", flush=True)


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if wrong := [part for part in parts if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"{wrong[0]} is none of: {', '.join(PARTS)}")
    return parts


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000, help="learners (default: 200,000)")
    parser.add_argument("--small", type=int, default=20_000, help="learners of the small run")
    parser.add_argument(
        "--only",
        type=_parts,
        default=list(PARTS),
        metavar="PART,…",
        help=f"some of: {', '.join(PARTS)}",
    )
    parser.add_argument("--profile", action="store_true", help="also: where the time goes")
    parser.add_argument("--write-docs", action="store_true",
                        help="put the figures into docs/performance.md")  # fmt: skip
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # stops the server
    report = Report()
    try:
        measure(options, report)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{report.render()}")
    if options.write_docs:
        write_docs(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
