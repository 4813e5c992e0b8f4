"""Which lane of `make test` runs a test: the one rule, by folder and by what the test touches.

A lane is one run of pytest with one kind of app database (`TEST_APP_DATABASE`). Everything runs in
the SQLite lane, except what needs a server anyway. The MariaDB lane repeats what touches the app
database and can behave differently there. Without `--lane` pytest runs all that it is given.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Lane(StrEnum):
    """A lane, named after its app database."""

    SQLITE = "sqlite"
    MARIADB = "mariadb"


BOTH = frozenset({Lane.SQLITE, Lane.MARIADB})

# A test that uses one of these reaches the app database; `django_db` tests have a marker instead.
APP_DATABASE_FIXTURES = frozenset(
    {
        "django_db_setup",  # behind db, transactional_db, live_server
        "migrated_app",  # behind app: commands in processes of their own
        "shared_app",  # behind cluster: Celery workers
    }
)

# Folders and files below tests/ that run on MariaDB alone, and why.
ON_MARIADB_ONLY = {
    "browser": "a page is the same for any database; production has MariaDB",
    "engine/celery": "workers share a server in any case",
    "faults/test_server_faults.py": "what only a server can do to a client",
}

# Folders and files whose tests of the app database run on SQLite alone, and why.
ON_SQLITE_ONLY: dict[str, str] = {}


def lanes_of(path: str, *, touches_app_database: bool) -> frozenset[Lane]:
    """The lanes of a test in the file `path` (below tests/, with slashes). Never empty."""
    if _listed(path, ON_MARIADB_ONLY):
        return frozenset({Lane.MARIADB})
    if not touches_app_database or _listed(path, ON_SQLITE_ONLY):
        return frozenset({Lane.SQLITE})
    return BOTH


def touches_app_database(fixtures: Collection[str], markers: Collection[str]) -> bool:
    """Whether a test with these fixtures (of its fixtures, too) and markers may reach it."""
    return "django_db" in markers or not APP_DATABASE_FIXTURES.isdisjoint(fixtures)


def _listed(path: str, table: Mapping[str, str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in table)
