"""What every connection to the app's database is told first."""

from typing import Any

from ecoin.load_data import note_permission


def prepare(connection: Any, **_: object) -> None:
    """MariaDB turns an IN of a thousand values or more into a subquery, and may then read whole tables.

    Batches ask for thousands of ids. One commit of 100,000 rows spent 75 s of the server on it.
    """
    if connection.alias != "default" or connection.vendor != "mysql":
        return
    if connection.mysql_is_mariadb:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION in_predicate_conversion_threshold = 0")
    note_permission(connection)
