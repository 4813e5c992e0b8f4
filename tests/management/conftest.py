"""A small fictional school behind the alias, in this process and for commands of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_import.demo.people import generate
from legacy_import.demo.platform import seed_platform
from legacy_import.demo.sqlite_writer import write_sqlite
from tests.legacy_database import SQLiteLegacy, as_legacy

SCHOOL_ROWS = 600


@pytest.fixture(scope="session")
def school_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's legacy database with 600 learners, every kind of dirt among them."""
    path = tmp_path_factory.mktemp("school") / "school.sqlite3"
    write_sqlite(generate(SCHOOL_ROWS, seed=11), path)
    return path


@pytest.fixture
def school(school_file: Path, db: None) -> Iterator[SQLiteLegacy]:
    """That database as the alias `legacy`, and on the platform whom the school knows already."""
    seed_platform(generate(SCHOOL_ROWS, seed=11))
    database = SQLiteLegacy(school_file)
    with as_legacy(database):
        yield database
