"""Which lane of `make test` runs a test: the one rule, by folder and by what the test touches.

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
    """A folder or file below tests/, the lanes of its tests, and the reason."""

    path: str
    lanes: frozenset[Lane]
    reason: str


BOTH = frozenset({Lane.SQLITE, Lane.MARIADB})
ONLY_SQLITE, ONLY_MARIADB = frozenset({Lane.SQLITE}), frozenset({Lane.MARIADB})

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
    Place("screens/test_access_matrix.py", BOTH, "every view is called once on each database"),
    Place("screens", ONLY_SQLITE, "views call services and stages, whose tests run on both"),
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
    """The lanes of a test in the file `path` (below tests/, with slashes). Never empty."""
    for place in PLACES:
        if path == place.path or path.startswith(f"{place.path}/"):
            return place.lanes
    return BOTH if touches_app_database else ONLY_SQLITE


def touches_app_database(fixtures: Collection[str], markers: Collection[str]) -> bool:
    """Whether a test with these fixtures (of its fixtures, too) and markers may reach it."""
    return "django_db" in markers or not APP_DATABASE_FIXTURES.isdisjoint(fixtures)
