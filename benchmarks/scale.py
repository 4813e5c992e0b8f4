"""The whole comparison in one run: sizes, floor, Celery workers, rivals, commit, targets.

    python -m benchmarks.scale                                       as `make bench` runs it
    python -m benchmarks.scale --rows 1000,2000,3000 --workers 1,2 --commit-rows 1000     a quick look
    python -m benchmarks.scale --rows 100000 --workers "" --no-rivals --commit-rows 0     stages only
    python -m benchmarks.scale --server mysql                        on a MySQL instead
    python -m benchmarks.scale --profile --write-docs                also where the time goes; the docs

Starts a private server, stops it at the end. Commands run as an operator runs them, each in a process
of its own; seconds are from start to exit. What goes through Celery, and under the profiler, is the
middle size; rivals get the first rows of the largest.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable

from benchmarks import disk, scale_docs, targets
from benchmarks.commit.measure import measure_commits
from benchmarks.figures import Figures, in_words
from benchmarks.processes import CommandFailed, own_peak_mb
from benchmarks.report import Report, machine
from benchmarks.rivals.compare import run_rivals
from benchmarks.servers import add_server_option, connect, load_legacy, start_server
from benchmarks.stages import measure_size, profile
from tests.database_server import DatabaseServer
from tests.servers import MARIADB, NAMES

COMMIT_BATCH = 2_000


def measure(options: argparse.Namespace, report: Report, figures: Figures) -> None:
    """All requested measurements on one server, small sizes first. Raises CommandFailed."""
    with start_server(options.server) as server:
        connection = connect(server)
        figures.buffer_pool = disk.buffer_pool(connection)
        report.conditions += [
            *machine(),
            (NAMES[server.kind], connection.get_server_info()),
            (
                "server",
                f"{figures.buffer_pool >> 20:,} MB buffer pool, log flushed once a second, "
                "no doublewrite, no binary log, TCP",
            ),
        ]
        middle, largest = options.rows[len(options.rows) // 2], options.rows[-1]
        for rows in options.rows:
            _print_step(f"{rows:,} learners: building the old database")
            legacy = load_legacy(server, rows)
            figures.sizes.append(measure_size(server, connection, legacy, rows))
            report.lines += figures.largest.lines
            if rows == middle:
                _middle(options, server, legacy, rows, report, figures)
            if rows == largest and options.rivals:
                _print_step("rivals")
                figures.rivals = dict(run_rivals(server, legacy, rows, report))
            server.execute(f"DROP DATABASE `{legacy}`")
        connection.close()
        if options.commit_rows:
            commits = measure_commits(server, options.commit_rows, COMMIT_BATCH, report)
            report.lines += commits.lines
            figures.commit = {line.what: line for line in commits.lines}


def _middle(
    options: argparse.Namespace,
    server: DatabaseServer,
    legacy: str,
    rows: int,
    report: Report,
    figures: Figures,
) -> None:
    if options.workers:
        from benchmarks import workers  # needs Redis and Celery, which the rest does not

        for count in options.workers:
            _print_step(f"{rows:,} learners through Celery, {in_words(count)}")
            figures.workers[count] = workers.through_workers(server, legacy, rows, count, report)
    if options.profile:
        _print_step("profile")
        profile(server, legacy, rows, report)


def _print_step(what: str) -> None:
    print(f"{what} …", flush=True)


def _numbers(least: int) -> Callable[[str], list[int]]:
    def parse(text: str) -> list[int]:
        numbers = sorted({int(part) for part in text.split(",") if part.strip()})
        if numbers and numbers[0] < least:
            raise argparse.ArgumentTypeError(f"{numbers[0]} is less than {least}")
        return numbers

    return parse


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=_numbers(100), default=[10_000, 100_000, 1_000_000],
                        metavar="N,…", help="learners (default: 10000,100000,1000000)")  # fmt: skip
    parser.add_argument("--workers", type=_numbers(1), default=[1, 2, 4], metavar="N,…",
                        help='Celery worker processes (default: 1,2,4; "": none)')  # fmt: skip
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True,
                        help="the usual alternatives as well")  # fmt: skip
    parser.add_argument("--commit-rows", type=int, default=100_000, metavar="N",
                        help="learners to commit next to plain INSERTs (0: none)")  # fmt: skip
    parser.add_argument("--profile", action="store_true", help="also: where the time goes")
    add_server_option(parser)
    parser.add_argument("--write-docs", action="store_true",
                        help="put figures, plots and projection into docs/")  # fmt: skip
    return parser


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    if not options.rows:
        parser.error("--rows: at least one number")
    if options.write_docs and options.server != MARIADB:
        parser.error("--write-docs: the pages have MariaDB's figures")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # stops the server
    if options.write_docs:
        scale_docs.require_places()
    report, figures, failed = Report(), Figures(), False
    try:
        measure(options, report, figures)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        failed = True  # what was measured until then is still shown
    report.conditions.append(("load after", f"{os.getloadavg()[0]:.1f}"))
    report.conditions.append(("memory of the benchmark itself", f"{own_peak_mb():.0f} MB"))
    report.targets = targets.check_targets(figures)
    scale_docs.complete(report, figures)
    print(f"\n{report.render()}")
    if failed:
        return 1
    if options.write_docs:
        scale_docs.write(report, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
