"""Which lane of `make test` runs a test: the one rule, by place and by what the test touches.

A lane is one run of pytest with one kind of app database (`TEST_APP_DATABASE`). What touches no app
database runs once, on SQLite. What touches it runs on both, unless `PLACES` has a reason why one is
enough. Without `--lane` pytest runs all that it is given.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple


class Lane(StrEnum):
    """A lane, named after its app database."""

    SQLITE = "sqlite"
    MARIADB = "mariadb"


class Place(NamedTuple):
    """A folder, file or test below tests/, the lanes of its tests, and the reason."""

    path: str
    lanes: frozenset[Lane]
    reason: str


BOTH = frozenset({Lane.SQLITE, Lane.MARIADB})
ONLY_SQLITE, ONLY_MARIADB = frozenset({Lane.SQLITE}), frozenset({Lane.MARIADB})

MATRIX = "screens/test_access_matrix.py"
CALLED_ONCE = "every view is called on each database"
MASKED = "what a page shows is no matter of the database"

# The first place that a test is in decides.
PLACES = (
    Place("browser", ONLY_MARIADB, "a page is the same for any database; production has MariaDB"),
    Place("ecoin/test_output.py", ONLY_SQLITE, "output streams are no matter of the database"),
    Place("faults/test_stop.py", ONLY_MARIADB, "a source falls silent for any app database"),
    Place("engine/celery", ONLY_MARIADB, "Celery workers share a server in any case"),
    Place("engine/test_attempts.py", ONLY_MARIADB, "a file has no sessions"),
    Place("engine/test_deadlocks.py", ONLY_MARIADB, "SQLite has one writer, who waits for nobody"),
    Place("faults/test_server_faults.py", ONLY_MARIADB, "what only a server can do to a client"),
    Place("faults/test_tls_links.py", ONLY_MARIADB, "its app database is on a server of its own"),
    Place("journeys/test_runbook.py", ONLY_MARIADB, "the page is for a server"),
    Place("journeys/test_first_migration.py", ONLY_MARIADB, "the page is for a server"),
    Place("journeys/test_sqlite_demo.py", ONLY_SQLITE, "the demo is on SQLite"),
    Place("management/app_errors/test_file.py", ONLY_SQLITE, "what only a file can refuse"),
    Place("management/app_errors/test_server.py", ONLY_MARIADB, "what only a server can refuse"),
    Place("privacy/test_leaks.py::test_no_page_shows_a_contact", ONLY_SQLITE, MASKED),
    Place("privacy/test_leaks.py::test_the_detector_hears_every_spelling", ONLY_SQLITE, MASKED),
    Place(
        "review/test_ways_out.py", ONLY_MARIADB, "it walks through stages, whose tests run on both"
    ),
    Place(f"{MATRIX}::test_every_view_answers_who_may_everything", ONLY_MARIADB, CALLED_ONCE),
    Place(
        f"{MATRIX}::test_a_post_writes_only_its_own_tables_whatever_is_sent_along",
        BOTH,
        CALLED_ONCE,
    ),
    Place(
        f"{MATRIX}::test_the_stock_admin_has_no_errors_for_those_who_may_everything",
        BOTH,
        CALLED_ONCE,
    ),
    Place("screens", ONLY_SQLITE, "views call services and stages, whose tests run on both"),
    Place("forked", ONLY_SQLITE, "how a process is forked is no matter of the database"),
    # They touch no app database; said here, their files are not even read by the other lane.
    Place("rules", ONLY_SQLITE, "rules know no database"),
    Place("ecoin/identity", ONLY_SQLITE, "names, phones and dates know no database"),
    Place("benchmarks/matching", ONLY_SQLITE, "matching is measured in memory"),
    Place("test_docs.py", ONLY_SQLITE, "pages are the same for any database"),
    Place("docs", ONLY_SQLITE, "pages are the same for any database"),
    Place("test_architecture.py", ONLY_SQLITE, "so are the layers"),
)

# A test that uses one of these reaches the app database; `django_db` tests have a marker instead.
APP_DATABASE_FIXTURES = frozenset(
    {
        "django_db_setup",  # behind db, transactional_db, live_server
        "migrated_app",  # behind app: commands in processes of their own
        "shared_app",  # behind cluster: Celery workers
        "legacy_alias",  # the source is opened beside the app database, and compared with it
        "legacy_sqlite_alias",
    }
)


def lanes_of(path: str, *, touches_app_database: bool) -> frozenset[Lane]:
    """The lanes of a test: `path` is its file below tests/ (with slashes) or FILE::TEST. Never empty."""
    for place in PLACES:
        if path == place.path or path.startswith((f"{place.path}/", f"{place.path}::")):
            return place.lanes
    return BOTH if touches_app_database else ONLY_SQLITE


def may_hold_tests_of(lane: Lane, file: str) -> bool:
    """Whether the lane has to read this file at all."""
    tests_of_it = {place.lanes for place in PLACES if place.path.startswith(f"{file}::")}
    return lane in lanes_of(file, touches_app_database=True).union(*tests_of_it)


def touches_app_database(fixtures: Collection[str], markers: Collection[str]) -> bool:
    """Whether a test with these fixtures (of its fixtures, too) and markers may reach it."""
    return "django_db" in markers or not APP_DATABASE_FIXTURES.isdisjoint(fixtures)
