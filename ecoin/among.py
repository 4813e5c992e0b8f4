"""`filter(pk__among=Ids(ids))`: thousands of ids, written into the statement as digits.

As parameters of `__in` they cost more in Django and in the driver than the query itself.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.lookups import Lookup


class Ids:
    """Whole numbers as digits. Not iterable: Django would prepare each of them.

    Raises ValueError or TypeError for anything that is no number; None is nobody's id.
    """

    def __init__(self, ids: Iterable[int | None]) -> None:
        self.digits = ",".join([str(int(pk)) for pk in ids if pk is not None])


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """column IN (1,2,3). Of no ids nothing is asked."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if not self.rhs.digits:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN ({self.rhs.digits})", params
