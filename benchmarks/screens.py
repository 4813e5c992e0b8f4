"""Each screen of a large run next to the same screen of a small one, on MariaDB.

    python -m benchmarks.screens                              200,000 and 2,000 rows
    python -m benchmarks.screens --rows 20000 --small 2000    quick

Starts a private MariaDB (`--server mysql`: a MySQL), stops it at the end.
The runs are made by the real commands; pages are asked
by an administrator through Django's test client, in a process of its own with production settings:
the best of several, without network and browser.
"""

import argparse
import json
import sys

from benchmarks.figures import LATER_STAGES
from benchmarks.processes import run_measured
from benchmarks.servers import Workplace, add_server_option, load_legacy, start_server
from tests.database_server import DatabaseServer

TIMES_SLOWER = (
    3  # the most that a page of the large run may take, of what it takes in the small one
)
PAGES = {
    "runs": "legacy-imports",
    "run": "legacy-imports/1",
    "learners": "legacy-imports/students?run=1",
    "learners, one facet": "legacy-imports/students?run=1&classification=registered",
    "learners, two facets": (
        "legacy-imports/students?run=1&source_table=archives&planned_action=review"
    ),
    "review queue": "legacy-imports/review?run=1",
    "review queue, all waves": "legacy-imports/review?run=1&focus=all",
    "review queue, one facet": "legacy-imports/review?run=1&focus=all&source_table=archives",
    "review queue, one cause": (
        "legacy-imports/review?run=1&focus=all&planned_reason=course_unmapped"
    ),
    "course mapping": "legacy-imports/course-mapping?run=1",
    "course mapping, confirm all": "legacy-imports/course-mapping/confirm-all?run=1",
    "session mapping": "legacy-imports/session-mapping?run=1",
    "session mapping, second page": "legacy-imports/session-mapping?run=1&page=2",
    "session mapping, one state": "legacy-imports/session-mapping?run=1&state=to_confirm",
    "session mapping, search": "legacy-imports/session-mapping?run=1&q=20",
    "session mapping, confirm all": "legacy-imports/session-mapping/confirm-all?run=1",
    "commit, confirm": "legacy-imports/1/commit",
}
ASKED = 7  # times, after one that warms up

Measures = dict[str, dict[str, float]]  # page → first_ms, ms, queries


def measure_here() -> None:
    """Print the milliseconds and queries of every page as JSON; runs inside a workplace."""
    import time

    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    admin = get_user_model()._default_manager.create_superuser("measurer")
    client = Client(SERVER_NAME="localhost")
    client.force_login(admin)
    measures = {}
    for name, page in PAGES.items():
        seconds = []
        for _ in range(ASKED + 1):
            start = time.perf_counter()
            answer = client.get(f"/admin/{page}", secure=True)
            seconds.append(time.perf_counter() - start)
            assert answer.status_code == 200, (page, answer.status_code)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/admin/{page}", secure=True)
        measures[name] = {
            "first_ms": seconds[0] * 1e3, "ms": min(seconds[1:]) * 1e3, "queries": len(queries)
        }  # fmt: skip
    print(json.dumps(measures))


def measure_size(server: DatabaseServer, rows: int) -> Measures:
    """The pages of a planned run of so many rows."""
    print(f"{rows:,} rows: import, validate, classify, plan …", flush=True)
    legacy = load_legacy(server, rows)
    place = Workplace(server, legacy, f"app_{rows}").create(platform_of=rows)
    for command in ("legacy_import", *LATER_STAGES):
        place.python("manage.py", command, "--json")
    environment = place.environment() | {"ALLOWED_HOSTS": "localhost"}
    place.python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    process = run_measured([sys.executable, "-m", "benchmarks.screens", "--here"], environment)
    measures: Measures = json.loads(process.output.splitlines()[-1])
    place.drop()
    return measures


def show(small_rows: int, small: Measures, rows: int, large: Measures) -> None:
    """A Markdown table: each page in both runs, and whether it stays within the bound."""
    print(
        f"\n| page | {small_rows:,} rows, ms | {rows:,} rows, ms | times | first, ms | queries | "
        f"within {TIMES_SLOWER} × |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for page, of in large.items():
        before = small[page]
        times = of["ms"] / before["ms"]
        verdict = "met" if times <= TIMES_SLOWER else "NOT MET"
        print(
            f"| {page} | {before['ms']:.0f} | {of['ms']:.0f} | {times:.1f} | {of['first_ms']:.0f} "
            f"| {before['queries']:.0f} → {of['queries']:.0f} | {verdict} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--small", type=int, default=2_000)
    add_server_option(parser)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure_here()
        return
    with start_server(options.server) as server:
        small = measure_size(server, options.small)
        large = measure_size(server, options.rows)
    show(options.small, small, options.rows, large)


if __name__ == "__main__":
    main()
