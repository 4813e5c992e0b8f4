"""`filter(pk__among=Ids(ids))`: thousands of ids, written into the statement as digits."""

from collections.abc import Iterable, Iterator
from itertools import count, groupby
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.lookups import Lookup

from ecoin.database import is_mysql

ROWS_PER_RANGE = 4  # with fewer consecutive ids on average, single ids are as fast


class Ids:
    """Whole numbers as digits. Not iterable: Django would prepare each of them.

    Raises ValueError or TypeError for anything that is not a number; None is ignored.
    """

    def __init__(self, ids: Iterable[int | None]) -> None:
        self.numbers = sorted({int(pk) for pk in ids if pk is not None})

    def ranges(self) -> Iterator[tuple[int, int]]:
        """(first, last) of each series of consecutive numbers, in order."""
        position = count()
        for _, series in groupby(self.numbers, lambda number: number - next(position)):
            first, *others = series
            yield first, others[-1] if others else first

    def within(self, column: str, connection: Any) -> str:
        """The condition that the column is one of the numbers; there must be at least one.

        MariaDB looks up every number of an IN by itself: consecutive ones are cheaper as a range.
        """
        ranges = list(self.ranges()) if is_mysql(connection) else []
        if ranges and len(ranges) * ROWS_PER_RANGE <= len(self.numbers):
            series = [f"{column} BETWEEN {first} AND {last}" for first, last in ranges]
            return f"({' OR '.join(series)})"
        return f"{column} IN ({','.join(map(str, self.numbers))})"


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """column IN (1,2,3). Without ids, Django sends no query at all."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if not self.rhs.numbers:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        assert not params
        return self.rhs.within(column, connection), params
