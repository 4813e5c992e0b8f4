"""No name that the guard lets through before a bracket can be taken over by a stored function."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import MySQLdb
import pytest

from legacy_import.source.guard import (
    BRACKET_KEYWORDS,
    FUNCTIONS,
    SQLITE_FUNCTIONS,
    NotARead,
    refuse_unless_read,
)
from tests.source.conftest import OldDatabase

MOST_ARGUMENTS = 3
REACHED = "the stored function"


@pytest.fixture
def owner(empty_old: OldDatabase) -> Iterator[Any]:
    """A cursor of the owner of an empty database."""
    with (
        closing(empty_old.server.admin(empty_old.name)) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def is_shadowed(cursor: Any, name: str) -> bool:
    """Whether a call of `name` reaches a stored function of that name, with any number of arguments."""
    for number in range(MOST_ARGUMENTS + 1):
        parameters = ", ".join(f"a{n} TEXT" for n in range(number))
        cursor.execute(f"DROP FUNCTION IF EXISTS `{name}`")
        cursor.execute(
            f"CREATE FUNCTION `{name}`({parameters}) RETURNS TEXT NO SQL RETURN '{REACHED}'"
        )
        try:
            cursor.execute(f"SELECT {name}({', '.join(['1'] * number)})")
            if cursor.fetchone()[0] in (REACHED, REACHED.encode()):
                return True
        except MySQLdb.Error:
            continue  # the server's own function or keyword: it takes other arguments
    return False


def test_no_admitted_name_reaches_a_stored_function(owner: Any) -> None:
    names = sorted(FUNCTIONS | BRACKET_KEYWORDS)
    assert [name for name in names if is_shadowed(owner, name)] == []


def test_the_measurement_finds_a_name_that_the_server_has_no_function_of(owner: Any) -> None:
    assert is_shadowed(owner, "WIPE_ONE")


@pytest.mark.mysql_only("from MySQL 9 on, hashes are no longer built in")
@pytest.mark.parametrize("name", ["MD5", "SHA", "SHA1"])
def test_the_old_hashes_are_taken_over_on_mysql(name: str, owner: Any) -> None:
    owner.execute("SELECT VERSION()")
    if int(owner.fetchone()[0].split(".")[0]) >= 9:
        assert is_shadowed(owner, name)
    assert name not in FUNCTIONS | SQLITE_FUNCTIONS


@pytest.mark.parametrize("name", ["MD5", "SHA", "sha1", "Md5"])
@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
def test_the_old_hashes_are_refused_on_every_server(name: str, dialect: str) -> None:
    with pytest.raises(NotARead, match="not known to be harmless"):
        refuse_unless_read(f"SELECT {name}('x')", dialect)
