"""Finding former learners among a million imported records, on MariaDB.

    python -m benchmarks.history                    1,000,000 records
    python -m benchmarks.history --records 100000   quick

Starts a private MariaDB (`--server mysql`: a MySQL), stops it at the end. The records are written by the
platform's own services; pages are asked by an administrator through Django's test client, in a process
of its own with production settings: the best of several, without network and browser.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from benchmarks.processes import run_measured
from benchmarks.servers import SEED, Workplace, add_server_option, load_legacy, start_server

ROOT = "/admin/trainings/history"
SMALL_SCHOOL = 1_000  # rows of the old platform, whose tables must exist
PER_CALL = 5_000  # records that are created at once
ENROLMENTS = 5  # one record in so many
SECOND_TRAININGS = 3  # one learner in so many has the next record, too
COURSES = 40
ASKED = 9  # times, after one that warms up
SEARCH_MS, LEARNER_MS, LEARNER_QUERIES = 100, 50, 12  # the most


class Question(NamedTuple):
    """A page, what its form sends (None: it is opened), and the most that it may take."""

    name: str
    page: str
    sends: dict[str, str] | None
    most_ms: int
    most_queries: int | None = None


def write_records(records: int) -> None:
    """Create so many trainings and enrolments of fictional learners; runs inside a workplace."""
    import django

    django.setup()
    from django.utils import timezone

    from trainings.models import Course
    from trainings.services import NewHistory, create_completed_trainings, create_enrollments

    courses = [
        Course.objects.create(name=f"Cours {number}", code=f"H{number}").pk
        for number in range(COURSES)
    ]
    history: Iterator[NewHistory] = (NewHistory(**one) for one in _learners(records, courses))
    while batch := list(islice(history, PER_CALL)):
        enrolments = [one for one in batch if one.origin.endswith("enrollment")]
        trainings = [one for one in batch if not one.origin.endswith("enrollment")]
        create_completed_trainings(trainings, run_id=1, now=timezone.now())
        create_enrollments(enrolments, run_id=1, now=timezone.now())


def _learners(records: int, courses: list[int]) -> Iterator[dict[str, Any]]:
    from legacy_import.demo.population import Population

    population = Population(SEED, records)
    key = ""
    for number in range(records):
        if number % SECOND_TRAININGS or not key:
            person = population.person(number)
            key = f"legacy:stagiaires:{number}"
        effect = "training" if number % ENROLMENTS else "enrollment"
        yield {
            "origin": f"legacy:stagiaires:{number}:{effect}",
            "learner_key": key,
            "course_id": courses[number % COURSES],
            "legacy_course_name": f"COURS {number % COURSES}",
            "user_id": None,
            "lead_id": None,
            "learner_name": f"{person.first} {person.last}",
            "learner_birth_date": person.birth,
            "learner_phone": person.phone,
            "learner_email": person.email,
            "legacy_session_id": "42",
            "session_code": f"S-{number % 900}",
            "session_starts_on": f"{2014 + number % 9}-01-06",
            "session_ends_on": f"{2014 + number % 9}-06-30",
        }


def measure_here() -> None:
    """Print the measures of the search; runs inside a workplace."""
    measure_pages(_questions)


def measure_pages(questions: Callable[[], Iterable[Question]], *, line: bytes = b"") -> None:
    """Print the milliseconds and queries of every page as JSON. `line`: what each has several times."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    admin = get_user_model()._default_manager.create_superuser("measurer")
    client = Client(SERVER_NAME="localhost")
    client.force_login(admin)

    def ask(question: Question) -> None:
        if question.sends is None:
            answer = client.get(question.page, secure=True)
        else:
            answer = client.post(question.page, question.sends, secure=True)
        assert answer.status_code == 200, (question.name, answer.status_code)
        assert not line or answer.content.count(line) > 1, question.name

    measures = []
    for question in questions():
        seconds = []
        for _ in range(ASKED + 1):
            start = time.perf_counter()
            ask(question)
            seconds.append(time.perf_counter() - start)
        with CaptureQueriesContext(connection) as queries:
            ask(question)
        measures.append(
            {
                "name": question.name,
                "first_ms": seconds[0] * 1e3,
                "ms": min(seconds[1:]) * 1e3,
                "queries": len(queries),
                "most_ms": question.most_ms,
                "most_queries": question.most_queries,
            }
        )
    print(json.dumps(measures))


def _questions() -> Iterator[Question]:
    """About a learner in the middle of the table, about common names, and about nobody."""
    from urllib.parse import quote

    from django.db.models import Max

    from trainings.models import LegacyCompletedTraining

    middle = (LegacyCompletedTraining.objects.aggregate(last=Max("pk"))["last"] or 2) // 2
    one = LegacyCompletedTraining.objects.filter(pk__gte=middle).order_by("pk")[0]
    names = {
        "name, whole": one.learner_name,
        "name, one word": one.learner_name.split()[-1],
        "name, common": "Mohamed",
        "name, in Arabic letters": "محمد بن علي",
        "name, beginning of a word": one.learner_name.split()[-1][:3],
        "name, nobody's": "Zzyx Qwrtp",
    }
    for what, name in names.items():
        yield Question(what, f"{ROOT}?q={quote(name)}", None, SEARCH_MS)
    search = f"{ROOT}/search"
    yield Question("phone", search, {"q": one.learner_phone}, SEARCH_MS)
    yield Question("phone, nobody's", search, {"q": "0559000001"}, SEARCH_MS)
    yield Question("e-mail", search, {"q": one.learner_email or "x@exemple.dz"}, SEARCH_MS)
    key = quote(one.learner_key)
    for what, page in (("learner", "learner"), ("learner, printed", "learner/print")):
        yield Question(what, f"{ROOT}/{page}?key={key}", None, LEARNER_MS, LEARNER_QUERIES)


def show(records: int, measures: list[dict[str, Any]]) -> bool:
    """Print a Markdown table; returns whether every page takes no more than it may."""
    print(f"\n| {records:,} records | ms | first, ms | queries | |")
    print("| --- | ---: | ---: | ---: | --- |")
    all_met = True
    for of in measures:
        met = of["ms"] <= of["most_ms"] and of["queries"] <= (of["most_queries"] or of["queries"])
        all_met &= met
        most = f"{of['most_ms']} ms" + (
            f", {of['most_queries']} queries" if of["most_queries"] else ""
        )
        verdict = f"within {most}" if met else f"NOT WITHIN {most}"
        print(
            f"| {of['name']} | {of['ms']:.1f} | {of['first_ms']:.1f} | {of['queries']} | {verdict} |"
        )
    return all_met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    add_server_option(parser)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_records(options.write)
        return
    if options.here:
        measure_here()
        return
    with start_server(options.server) as server:
        place = Workplace(server, load_legacy(server, SMALL_SCHOOL), "app_history").create()
        print(f"{options.records:,} records are written …", flush=True)
        start = time.perf_counter()
        place.python("-m", "benchmarks.history", "--write", str(options.records))
        print(f"{options.records / (time.perf_counter() - start):,.0f} records/s", flush=True)
        environment = place.environment() | {"ALLOWED_HOSTS": "localhost"}
        place.python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        process = run_measured([sys.executable, "-m", "benchmarks.history", "--here"], environment)
    if not show(options.records, json.loads(process.output.splitlines()[-1])):
        sys.exit(1)
