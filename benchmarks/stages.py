"""The stages of one size, each a process of its own, from start to exit, as an operator runs them."""

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import disk, floor
from benchmarks.figures import IMPORT, LATER_STAGES, STAGES, Edges, Size, median_of
from benchmarks.processes import run_measured
from benchmarks.report import Line, Report, show
from benchmarks.servers import Workplace
from tests.database_server import DatabaseServer

STARTS = 3  # how often starting is measured; the median counts
SMALL_ROWS = (
    20_000  # up to here a run takes seconds, and one run on a busy machine is not reliable:
)
SMALL_ROUNDS = 3  # so it is done so often, and the median counts
GROUPING_ROWS = 200_000  # rows in pairs, to learn how much memory one takes


def measure_size(server: DatabaseServer, connection: Any, legacy: str, rows: int) -> Size:
    """Import to dry run of so many rows, in an app database of its own; small runs several times.

    `connection`: root's, which sees every database.
    """
    rounds = []
    for number in range(SMALL_ROUNDS if rows <= SMALL_ROWS else 1):
        place = Workplace(server, legacy, f"app_{rows}_{number}").create(platform_of=rows)
        rounds.append(_measure_round(place, connection, rows))
        place.drop()
    return median_of(rounds)


def _measure_round(place: Workplace, connection: Any, rows: int) -> Size:
    size = Size(rows, starting=starting_seconds(place))
    before = floor.count_rows(connection, place.app)
    _stage(place, connection, IMPORT, size)
    tables = floor.added_rows(before, floor.count_rows(connection, place.app))
    seconds = floor.copy_seconds(connection, place.app, tables)
    size.floor = {table: Line(table, tables[table], seconds[table]) for table in tables}
    if size.floor_line:
        show(size.floor_line)
    for stage in LATER_STAGES:
        _stage(place, connection, stage, size)
    tables = floor.added_rows(before, floor.count_rows(connection, place.app))
    size.rooms = disk.room(connection, place.app, tables)
    size.edges = _edges(connection, place.app)
    size.edges.bytes_a_row = float(
        place.python("-m", "benchmarks.grouping_memory", str(GROUPING_ROWS))
    )
    return size


def starting_seconds(place: Workplace) -> float:
    """Seconds of a command that only starts Python and Django, reads the runs and ends."""
    command = [sys.executable, "manage.py", "legacy_status", "--json"]
    return statistics.median(
        run_measured(command, place.environment()).seconds for _ in range(STARTS)
    )


def run_stage(
    place: Workplace,
    stage: str,
    rows: int,
    *,
    starting: float,
    settings: Mapping[str, str] | None = None,
    suffix: str = "",
) -> Line:
    """One command over a run of so many rows. `settings`: added to the place's environment."""
    measured = run_measured(
        [sys.executable, "manage.py", stage, "--json"], place.environment() | dict(settings or {})
    )
    if stage == IMPORT:
        rows = json.loads(measured.output)["counts"]["rows"]
    return Line(
        f"{stage}{suffix}", rows, measured.seconds, measured.cpu_seconds, measured.peak_mb, starting
    )


def profile(server: DatabaseServer, legacy: str, rows: int, report: Report) -> None:
    """Each command once more, on another app database, with a sampler next to it."""
    place = Workplace(server, legacy, "app_profile").create(platform_of=rows)
    with tempfile.TemporaryDirectory() as folder:
        for command in STAGES:
            out = Path(folder) / f"{command}.json"
            place.python("-m", "benchmarks.sampling", str(out), command, "--json")
            report.profiles[command] = {
                (area, waits): spent for area, waits, spent in json.loads(out.read_text())
            }
            print(f"  {command}: profiled", flush=True)
    place.drop()


def _stage(place: Workplace, connection: Any, stage: str, size: Size) -> None:
    redo = disk.redo_written(connection)
    size.stages[stage] = show(run_stage(place, stage, size.rows, starting=size.starting))
    size.redo[stage] = disk.redo_written(connection) - redo


def _edges(connection: Any, database: str) -> Edges:
    table = f"`{database}`.legacy_person_edges"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        pairs = int(cursor.fetchone()[0])
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT left_id FROM {table} UNION SELECT right_id FROM {table}) e"
        )
        return Edges(int(cursor.fetchone()[0]), pairs)
