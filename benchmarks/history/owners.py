"""Probable owners of a million imported records, paged, on MariaDB.

    python -m benchmarks.history.owners                    1,000,000 records
    python -m benchmarks.history.owners --records 100000   quick

Starts a private MariaDB (`--server mysql`: a MySQL), stops it at the end. Records and leads are
written by the platform's own services, which propose the owners. Pages are asked as in
benchmarks.history.search, but the best of several, since other work on the machine only adds to it.
At the end nearly every line is decided.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.history.search import (
    SMALL_SCHOOL,
    Question,
    measure_pages,
    show,
    write_records,
)
from benchmarks.processes import run_measured
from benchmarks.servers import Workplace, add_server_option, load_legacy, start_server

PAGE = "/admin/trainings/history/owners"
KNOWN = 80  # one record in so many has a lead of the same name and birth date
OTHERS = 100_000  # leads of other people, one for ten records at most
PER_CALL = 2_000  # leads that are created at once
PAGE_MS, MOST_QUERIES = 100, 16
WAITING = 20  # lines that are left at the end


def write_leads(records: int) -> None:
    """Create leads, known learners among them, as a commit does; runs inside a workplace."""
    import django

    django.setup()
    from django.db.models.functions import Mod
    from django.utils import timezone

    from crm.services import NewLead, create_leads
    from trainings.models import LegacyCompletedTraining, ProbableOwner
    from trainings.services import propose_leads

    known = LegacyCompletedTraining.objects.alias(rest=Mod("pk", KNOWN)).filter(rest=1)
    people = list(known.values_list("learner_name", "learner_birth_date"))
    people += [(f"Autre {number} Fictif", None) for number in range(min(OTHERS, records // 10))]
    for first in range(0, len(people), PER_CALL):
        leads = [
            NewLead(f"autre:stagiaires:{first + place}:lead", name, "", "", born)
            for place, (name, born) in enumerate(people[first : first + PER_CALL])
        ]
        created = create_leads(leads, run_id=2, now=timezone.now())
        propose_leads([lead.id for lead in created.values()])
    print(f"{ProbableOwner.objects.count():,} lines for {len(people):,} leads")


def measure_here() -> None:
    """Print the measures of the list; runs inside a workplace."""
    measure_pages(_questions, line=b"li-line-name")


def _questions() -> Iterator[Question]:
    """Pages at the beginning, in the middle and at the end; then of a list that is nearly done."""
    from trainings.models import OwnerState, ProbableOwner

    pairs = list(ProbableOwner.objects.order_by("pk").values_list("pk", flat=True))

    def question(name: str, first: int) -> Question:
        return Question(name, f"{PAGE}?from={first}&row={first}", None, PAGE_MS, MOST_QUERIES)

    yield Question("first page", PAGE, None, PAGE_MS, MOST_QUERIES)
    yield question("in the middle", pairs[len(pairs) // 2])
    yield question("last page", pairs[-20])
    left = [*pairs[: WAITING // 2], *pairs[-WAITING // 2 :]]
    decided = ProbableOwner.objects.exclude(pk__in=left)
    decided.update(state=OwnerState.NOT_SAME)
    yield Question("nearly all decided", PAGE, None, PAGE_MS, MOST_QUERIES)
    yield Question("those decided", f"{PAGE}?state=not_same", None, PAGE_MS, MOST_QUERIES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    add_server_option(parser)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_records(options.write)
        write_leads(options.write)
        return
    if options.here:
        measure_here()
        return
    with start_server(options.server) as server:
        place = Workplace(server, load_legacy(server, SMALL_SCHOOL), "app_owners").create()
        print(f"{options.records:,} records are written …", flush=True)
        start = time.perf_counter()
        print(place.python("-m", "benchmarks.history.owners", "--write", str(options.records)))
        print(f"{options.records / (time.perf_counter() - start):,.0f} records/s", flush=True)
        environment = place.environment() | {"ALLOWED_HOSTS": "localhost"}
        place.python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        process = run_measured(
            [sys.executable, "-m", "benchmarks.history.owners", "--here"], environment
        )
    measures: list[dict[str, Any]] = json.loads(process.output.splitlines()[-1])
    if not show(options.records, measures):
        sys.exit(1)


if __name__ == "__main__":
    main()
