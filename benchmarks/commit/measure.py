"""Speed and memory of commit and rollback, next to plain INSERTs and DELETEs of the same records.

    python -m benchmarks.commit.measure                             100,000 and 10,000 rows (make bench)
    python -m benchmarks.commit.measure --rows 20000 --small 2000   quick
    python -m benchmarks.commit.measure --profile --write-docs      also where the time goes, into docs

Starts a private MariaDB (`--server mysql`: a MySQL), stops it at the end.
The rows are staged, validated and planned by the real
commands, which are not measured here; commit and rollback run as an operator would run them, each in
a process of its own, seconds from start to exit.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.commit import committable
from benchmarks.commit.report import DELETES, IDLE, INSERTS, check_targets, write_section
from benchmarks.figures import LATER_STAGES
from benchmarks.processes import CommandFailed, own_peak_mb, run_measured
from benchmarks.report import Line, Report, machine
from benchmarks.servers import Workplace, add_server_option, start_server
from tests.database_server import DatabaseServer
from tests.servers import MARIADB, NAMES

EFFECTS = ("create_crm_lead", "link_existing", "create_completed_training", "create_enrollment")


def prepare(server: DatabaseServer, rows: int, name: str) -> Workplace:
    """An app database with a planned run of so many rows."""
    place = Workplace(server, committable.load(server, rows), name).create()
    place.python("-m", "benchmarks.commit.committable", "people", str(rows))
    place.python("manage.py", "legacy_import", "--json")
    place.python("-m", "benchmarks.commit.committable", "confirm")
    for command in LATER_STAGES:
        place.python("manage.py", command, "--json")
    return place


def commands(place: Workplace, batch: int) -> tuple[list[str], list[str]]:
    """The commit and the rollback of a place's only run."""
    sure = ["--run", "1", "--no-input", "--confirm-database", place.app, "--json"]
    return ["legacy_commit", *sure, "--batch", str(batch)], ["legacy_rollback", *sure]


def measure_commits(server: DatabaseServer, rows: int, batch: int, report: Report) -> Report:
    """Commit, plain INSERTs, plain DELETEs, rollback of so many rows; returns their lines."""
    print(f"{rows:,} rows: staging and planning …", flush=True)
    place = prepare(server, rows, f"app_{rows}")
    commits = Report()
    commit, rollback = commands(place, batch)
    outcomes = _measured(place, commits, commit, rows, commit[0])["outcomes"]
    _measured(place, commits, commit, rows, IDLE)
    committed = sum(outcomes[effect] for effect in EFFECTS)
    report.conditions.append((f"committed of {rows:,} rows", f"{committed / rows:.1%}"))
    print(f"  committed: {_in_words(outcomes)}", flush=True)
    measure_plain(server, place, rows, batch, commits)
    rolled_back = _measured(place, commits, rollback, rows, rollback[0])["rows"]
    if rolled_back != committed:
        raise CommandFailed(f"{committed:,} rows were committed, {rolled_back:,} rolled back.")
    place.drop()
    return commits


def measure_plain(
    server: DatabaseServer, place: Workplace, rows: int, batch: int, report: Report
) -> None:
    """The very same records into, and out of, copies of their tables; lines per table and for all."""
    copy = server.create_database(f"{place.app}_plain")
    server.execute(f"GRANT ALL ON `{copy}`.* TO '{place.app}'@'%'")
    seconds_of = json.loads(place.python("-m", "benchmarks.commit.plain_records", copy, str(batch)))
    server.execute(f"DROP DATABASE `{copy}`")
    for verb, what in (("insert", INSERTS), ("delete", DELETES)):
        for table, (records, seconds) in seconds_of[verb].items():
            if records:
                report.add(Line(f"plain {verb.upper()}, {table}", records, seconds))
        report.add(Line(what, rows, sum(seconds for _, seconds in seconds_of[verb].values())))


def profile(server: DatabaseServer, rows: int, batch: int, report: Report) -> None:
    """Commit and rollback once more, on another app database, with a sampler next to them."""
    place = prepare(server, rows, "app_profile")
    with tempfile.TemporaryDirectory() as folder:
        for command in commands(place, batch):
            out = Path(folder) / f"{command[0]}.json"
            place.python("-m", "benchmarks.commit.profile", str(out), *command)
            report.profiles[command[0]] = {
                (area, waits): spent for area, waits, spent in json.loads(out.read_text())
            }
            print(f"  {command[0]}: profiled", flush=True)
    place.drop()


def measure(options: argparse.Namespace, report: Report) -> None:
    """Both sizes on one server, the small one first."""
    print(f"Learners: {committable.MIX}.", flush=True)
    with start_server(options.server) as server:
        connection = server.admin()
        report.conditions += [
            *machine(),
            (NAMES[server.kind], connection.get_server_info()),
            ("rows in a transaction", f"{options.batch:,} (rollback: its own batches)"),
        ]
        connection.close()
        small = measure_commits(server, options.small, options.batch, report)
        full = measure_commits(server, options.rows, options.batch, report)
        if options.profile:
            print("profile …", flush=True)
            profile(server, options.rows, options.batch, report)
    report.lines = [*small.lines, *full.lines]
    report.targets = check_targets(full.lines, small.lines)
    report.conditions.append(("load after", f"{os.getloadavg()[0]:.1f}"))
    report.conditions.append(("memory of the benchmark itself", f"{own_peak_mb():.0f} MB"))


def _measured(
    place: Workplace, report: Report, command: Sequence[str], rows: int, what: str
) -> dict[str, Any]:
    """Run a command, keep its line under the name `what`, and return its counts."""
    process = run_measured([sys.executable, "manage.py", *command], place.environment())
    report.add(Line(what, rows, process.seconds, process.cpu_seconds, process.peak_mb))
    counts: dict[str, Any] = json.loads(process.output)["counts"]
    return counts


def _in_words(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{outcome} {rows:,}" for outcome, rows in outcomes.items() if rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="staged rows (default: 100,000)")
    parser.add_argument("--small", type=int, default=10_000, help="staged rows of the small run")
    parser.add_argument("--batch", type=int, default=2_000, help="rows, or records, a transaction")
    parser.add_argument("--profile", action="store_true", help="also: where the time goes")
    parser.add_argument("--write-docs", action="store_true",
                        help="put the figures into docs/performance.md")  # fmt: skip
    add_server_option(parser)
    options = parser.parse_args()
    if options.write_docs and options.server != MARIADB:
        parser.error("--write-docs: the page has MariaDB's figures")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # stops the server
    report = Report()
    try:
        measure(options, report)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{report.render()}")
    if options.write_docs:
        write_section(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
