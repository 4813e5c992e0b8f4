"""Limits of the server end no read and cut no result; what the server refuses in spite says why."""

from contextlib import closing

import MySQLdb
import pytest

from legacy_import.source.errors import SourceLost, SourceReadError
from legacy_import.source.mysql.connect_errors import while_reading
from legacy_import.source.reader import open_source
from tests.servers import MYSQL, kind_for_tests
from tests.source.conftest import OldDatabase, as_exact, limited
from tests.source_fixtures import AliasOpener

MARIADB_HAS_ANOTHER = pytest.mark.mysql_only("a limit that MariaDB does not have")
MYSQL_HAS_ANOTHER = pytest.mark.mariadb_only("a limit that MySQL does not have")
own_server = pytest.mark.own_server("limits concern every account of a server")

TIME_LIMIT = (
    ("max_execution_time", 20) if kind_for_tests() == MYSQL else ("max_statement_time", 0.02)
)


@own_server
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("max_statement_time", 5, marks=MYSQL_HAS_ANOTHER),
        pytest.param("idle_transaction_timeout", 1, marks=MYSQL_HAS_ANOTHER),
        pytest.param("idle_readonly_transaction_timeout", 1, marks=MYSQL_HAS_ANOTHER),
        pytest.param("max_execution_time", 5000, marks=MARIADB_HAS_ANOTHER),
        ("wait_timeout", 1),
        ("sql_select_limit", 1),
        ("sql_big_selects", 0),
    ],
)
def test_a_limit_of_the_server_is_none_of_the_session(
    variable: str, value: int, private_old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with (
        limited(private_old, variable, value),
        as_exact(private_old, legacy_alias) as legacy,
        legacy.cursor() as cursor,
    ):
        cursor.execute(f"SELECT @@GLOBAL.{variable}, @@SESSION.{variable}")
        of_server, of_session = cursor.fetchone()
    assert of_server == value
    assert of_session != value


@own_server
def test_a_long_read_is_not_ended(private_old: OldDatabase, legacy_alias: AliasOpener) -> None:
    digits = " UNION ".join(f"SELECT {digit} AS n" for digit in range(10))
    tables = ", ".join(f"({digits}) AS {name}" for name in "abc")
    private_old.execute(
        f"INSERT INTO formations SELECT 100 + a.n + 10 * b.n + 100 * c.n, REPEAT('x', 180) FROM {tables}"
    )
    slow = (
        "SELECT COUNT(*) FROM formations AS a, formations AS b"
        " WHERE SHA2(CONCAT(a.nom, b.nom), 512) = 'x'"
    )
    name, limit = TIME_LIMIT
    with closing(private_old.server.admin("old")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {name} = {limit}")
        with pytest.raises(MySQLdb.OperationalError) as caught:
            cursor.execute(slow)
    assert caught.value.args[0] in (1969, 3024)
    with (
        as_exact(private_old, legacy_alias) as legacy,
        limited(private_old, name, limit),
        legacy.cursor() as reader,
    ):
        reader.execute(slow)
        assert reader.fetchone() == (0,)


@MYSQL_HAS_ANOTHER
@own_server
def test_the_time_limit_of_an_account_ends_no_read(
    private_old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    private_old.server.execute("ALTER USER 'exact'@'%' WITH MAX_STATEMENT_TIME 0.000001")
    with as_exact(private_old, legacy_alias), open_source("legacy") as source:
        assert sum(len(page) for page in source.pages("stagiaires")) == 2


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        (1969, "longer than the server allows", "max_statement_time"),
        (3024, "longer than the server allows", "max_execution_time"),
        (1317, "someone ended it", "Run the command again"),
        (1194, "the table is damaged", "REPAIR TABLE"),
        (145, "the table is damaged", "REPAIR TABLE"),
        (1114, "is full", "Have room made"),
        (1412, "was changed while it was read", "no one alters"),
        (1226, "allowed in an hour", "MAX_QUERIES_PER_HOUR"),
        (1142, "", "Grant the account SELECT"),
        (4711, "", "Look the number up"),
    ],
)
def test_a_read_that_the_server_refuses_says_why_and_what_helps(
    number: int, reason: str, remedy: str
) -> None:
    error = while_reading(MySQLdb.OperationalError(number, "secret"))
    assert isinstance(error, SourceReadError)
    assert f"OperationalError {number}" in error.message
    assert reason in error.message
    assert remedy in error.hint
    assert "secret" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize("number", [2013, 2006, 2026, 4031, 1927])
def test_a_lost_link_is_that(number: int) -> None:
    assert isinstance(while_reading(MySQLdb.OperationalError(number, "secret")), SourceLost)
