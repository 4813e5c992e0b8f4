"""The field class of keys, origins, hashes and vocabulary values."""

from typing import TYPE_CHECKING, Any

from django.db import models

from ecoin.database import ascii_type, fixed_width_type

if TYPE_CHECKING:
    CharField = models.CharField[Any, Any]
else:
    CharField = models.CharField


class AsciiField(CharField):
    """Pure ASCII text that every database compares byte by byte.

    MySQL and MariaDB would otherwise call `Formée` and `FORMEE`, `a` and `a ` equal, and so join
    other strings than SQLite does. Plain varchar on SQLite (BINARY collation already).
    """

    def db_type(self, connection: Any) -> str | None:
        return ascii_type(connection, super().db_type(connection))


class FixedAsciiField(AsciiField):
    """An AsciiField that is written again and again: of fixed width on MySQL and MariaDB.

    A value that takes as much room as the last one is written over in place. A longer one moves its
    row, and splits pages full of wide rows: measured, three times the server's work.
    """

    def db_type(self, connection: Any) -> str | None:
        return fixed_width_type(connection, super().db_type(connection))
