"""`filter(pk__among=Ids(ids))`: thousands of ids, written into the statement as digits.

As parameters of `__in` they cost more in Django and in the driver than the query itself.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.lookups import Lookup

from ecoin.database import is_mysql

ROWS_PER_RANGE = 4  # where neighbours are fewer on average, single ids are as fast


class Ids:
    """Whole numbers as digits. Not iterable: Django would prepare each of them.

    Raises ValueError or TypeError for anything that is no number; None is nobody's id.
    """

    def __init__(self, ids: Iterable[int | None]) -> None:
        self.numbers = sorted({int(pk) for pk in ids if pk is not None})

    @property
    def digits(self) -> str:
        return ",".join(map(str, self.numbers))

    def ranges(self) -> list[tuple[int, int]]:
        """(first, last) of each run of neighbours, in order."""
        numbers = self.numbers
        starts = [
            place for place, pk in enumerate(numbers) if not place or numbers[place - 1] != pk - 1
        ]
        ends = [*starts[1:], len(numbers)]
        return [
            (numbers[start], numbers[end - 1]) for start, end in zip(starts, ends, strict=False)
        ]

    def within(self, column: str, connection: Any) -> str:
        """The condition that the column holds one of them; there must be one.

        MariaDB looks for each number of an IN by itself: neighbours are cheaper as a range.
        """
        ranges = self.ranges() if is_mysql(connection) else []
        if ranges and len(ranges) * ROWS_PER_RANGE <= len(self.numbers):
            return (
                f"({' OR '.join([f'{column} BETWEEN {one} AND {last}' for one, last in ranges])})"
            )
        return f"{column} IN ({self.digits})"


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """column IN (1,2,3). Of no ids nothing is asked."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if not self.rhs.numbers:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        assert not params
        return self.rhs.within(column, connection), params
