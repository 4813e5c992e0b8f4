"""How much room tables take, as the server reports it."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Room(NamedTuple):
    """Rows of one table, and the bytes of its rows and of its further indexes."""

    rows: int
    data: int
    indexes: int

    @property
    def bytes_a_row(self) -> float:
        return (self.data + self.indexes) / self.rows


def room(connection: Any, database: str, tables: Iterable[str]) -> dict[str, Room]:
    """Table → its room, of tables that have rows. Pages are counted: inexact for a small table."""
    rooms = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE TABLE `{database}`.`{table}`")
            cursor.fetchall()
            cursor.execute(
                "SELECT data_length, index_length FROM information_schema.tables "
                "WHERE table_schema = %s AND table_name = %s",
                [database, table],
            )
            data, indexes = map(int, cursor.fetchone())
            cursor.execute(f"SELECT COUNT(*) FROM `{database}`.`{table}`")
            rows = int(cursor.fetchone()[0])
            if rows:
                rooms[table] = Room(rows, data, indexes)
    return rooms


def redo_written(connection: Any) -> int:
    """Bytes that the server has written to its redo log since it was made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW GLOBAL STATUS WHERE Variable_name IN "
            "('Innodb_lsn_current', 'Innodb_redo_log_current_lsn')"  # MariaDB's name, and MySQL's
        )
        return int(cursor.fetchone()[1])


def buffer_pool(connection: Any) -> int:
    """Bytes of tables that the server keeps in memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_buffer_pool_size")
        return int(cursor.fetchone()[0])
