"""What each speed idiom of `ecoin/bulk` gains over the plain way to do the same.

    python -m benchmarks.bulk                      5,000 learners on a private MariaDB
    python -m benchmarks.bulk --rows 20000 --rounds 9

Every way does the same to the same rows, inside a transaction that is rolled back. The ways take turns,
round after round, and the fastest of each counts: what else the machine does hits all of them.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import django

from benchmarks.processes import run_measured
from benchmarks.servers import Workplace, load_legacy, start_server
from tests.servers import MARIADB

Way = Callable[[], object]
Ways = Mapping[str, Way]  # the first is what the code does


def compare(title: str, ways: Ways, rounds: int, rows: int) -> None:
    """Print the fastest round of each way, in microseconds a row and times the first."""
    from django.db import transaction

    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, way in ways.items():
            with transaction.atomic():
                start = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - start)
                transaction.set_rollback(True)
    fastest = {name: min(times) for name, times in seconds.items()}
    print(f"\n{title}, {rows:,} rows")
    for name, best in fastest.items():
        times = best / next(iter(fastest.values()))
        print(f"  {name:<48} {best / rows * 1e6:8.1f} µs/row  {times:5.2f} ×")


def patched(way: Way, **values: Any) -> Way:
    """The way with other values of these names: `module__name`, of modules of ecoin.bulk."""

    def run() -> None:
        with ExitStack() as stack:
            for name, value in values.items():
                module, _, attribute = name.partition("__")
                stack.enter_context(patch(f"ecoin.bulk.{module}.{attribute}", value))
            way()

    return run


def as_parameter(value: Any, parameters: list[Any]) -> str:
    """Instead of `literal`: every value is left to the driver."""
    parameters.append(value)
    return "%s"


def measure(rounds: int) -> None:
    """Every comparison, on the learners that were imported before."""
    django.setup()
    from ecoin import bulk

    bulk.allow_files()
    inserts(rounds)
    updates(rounds)
    queries(rounds)


def inserts(rounds: int) -> None:
    from django.db import connection

    from ecoin.bulk import insert_rows
    from legacy_import.models import LegacyImportRun, LegacyStudentImport
    from legacy_import.stages.staging.chunk_rows import STUDENT_COLUMNS

    run = LegacyImportRun.objects.get()
    run.pk, run.importing_alone = None, None
    run.save()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(STUDENT_COLUMNS)} FROM legacy_student_imports")
        staged = [(row[0] + 10_000_000, run.pk, *row[2:]) for row in cursor.fetchall()]
    objects = [
        LegacyStudentImport(
            **{
                name: json.loads(value) if name in JSON else value
                for name, value in zip(STUDENT_COLUMNS, row, strict=True)
            }
        )
        for row in staged
    ]

    def insert() -> None:
        insert_rows(LegacyStudentImport, STUDENT_COLUMNS, staged)

    statements = {"load_data__is_allowed": lambda rows: False}
    compare(
        "Inserting learners",
        {
            "a file (LOAD DATA LOCAL)": insert,
            "statements with literals": patched(insert, **statements),
            "statements with parameters only": patched(
                insert, insert__literal=as_parameter, **statements
            ),
            "bulk_create": lambda: LegacyStudentImport.objects.bulk_create(
                objects, batch_size=2_000
            ),
        },
        rounds,
        len(staged),
    )


JSON = ("raw_payload", "validation_issues", "duplicate_evidence")
UPDATED = ("validation_status", "duplicate_confidence", "duplicate_evidence", "match_id")


def updates(rounds: int) -> None:
    from django.db import connection

    from ecoin.bulk import update_rows
    from legacy_import.models import LegacyStudentImport

    ids = list(LegacyStudentImport.objects.values_list("pk", flat=True))
    values = {
        pk: (
            ("valid", "duplicate", "needs_review")[pk % 3], ("none", "high")[pk % 2],
            json.dumps({"targets": [{"kind": "lead", "id": pk, "tier": "high"}]}), pk,
        )
        for pk in ids
    }  # fmt: skip

    def write() -> None:
        update_rows(LegacyStudentImport, UPDATED, values)

    def one_by_one() -> None:
        sets = ", ".join(f"{column} = %s" for column in UPDATED)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE legacy_student_imports SET {sets} WHERE id = %s",
                [(*row, pk) for pk, row in values.items()],
            )

    compare(
        "Updating with values that differ from row to row",
        {
            "CASE of 200 rows, literals": write,
            "CASE of 200 rows, parameters only": patched(write, update__literal=as_parameter),
            "CASE of 1,000 rows, literals": patched(write, update__ROWS_PER_CASE=1_000),
            "one UPDATE a row (executemany)": one_by_one,
        },
        rounds,
        len(ids),
    )


def queries(rounds: int) -> None:
    from ecoin.bulk import Ids
    from legacy_import.models import LegacyStudentImport

    rows = LegacyStudentImport.objects.order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    scattered = [pk for number, pk in enumerate(ids) if number % 3]

    def by_digits(ids: list[int]) -> list[Any]:
        return list(rows.filter(pk__among=Ids(ids)).values_list("pk", "version"))

    def by_parameters(ids: list[int]) -> list[Any]:
        return list(rows.filter(pk__in=ids).values_list("pk", "version"))

    compare(
        "Reading rows with scattered ids",
        {
            "ids as digits": lambda: by_digits(scattered),
            "ids as parameters (pk__in)": lambda: by_parameters(scattered),
        },
        rounds,
        len(scattered),
    )
    compare(
        "Reading rows with consecutive ids",
        {
            "as ranges": lambda: by_digits(ids),
            "each id, as digits": patched(lambda: by_digits(ids), ids__ROWS_PER_RANGE=len(ids) + 1),
            "each id, as a parameter (pk__in)": lambda: by_parameters(ids),
        },
        rounds,
        len(ids),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000, help="learners (default: 5,000)")
    parser.add_argument("--rounds", type=int, default=7, help="of each way (default: 7)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.rounds)
        return
    with start_server(MARIADB) as server:
        place = Workplace(server, load_legacy(server, options.rows), "app_bulk").create()
        place.python("manage.py", "legacy_import", "--json")
        command = [sys.executable, "-m", "benchmarks.bulk", "--here"]
        environment = place.environment()
        print(run_measured([*command, "--rounds", str(options.rounds)], environment).output)
        print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
