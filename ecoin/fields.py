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

    Otherwise `Formée` and `FORMEE`, `a` and `a ` are equal on MySQL and MariaDB, so joins match
    other strings than on SQLite. Plain varchar on SQLite (BINARY collation already).
    """

    def db_type(self, connection: Any) -> str | None:
        return ascii_type(connection, super().db_type(connection))


class FixedAsciiField(AsciiField):
    """An AsciiField that every stage updates: of fixed width on MySQL and MariaDB.

    A value as long as the last one is overwritten in place; a longer one moves its row and splits pages
    full of wide rows (docs/decisions/0053-columns-of-fixed-width.md).
    """

    def db_type(self, connection: Any) -> str | None:
        return fixed_width_type(connection, super().db_type(connection))
