"""Records that an import creates and may delete again: created in bulk, fingerprinted, looked up.

A record's fingerprint changes with any of its contents. A save that changed nothing leaves it as it was,
so the time of the last save is not a part of it.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models.functions import SHA256, JSONArray

from ecoin.bulk import Ids, delete_ids, insert_rows

LAST_SAVE = "updated_at"


class Created(NamedTuple):
    """A new record."""

    id: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ImportedRecords:
    """One kind of record. `columns` are inserted, and watched except for LAST_SAVE; one is `origin`."""

    model: type[models.Model]
    columns: tuple[str, ...]

    def create(self, rows: Sequence[Sequence[Any]]) -> dict[str, Created]:
        """Insert these values of the columns; returns each origin's record.

        Raises IntegrityError if an origin exists already; the caller's transaction rolls back then.
        """
        if not rows:
            return {}
        manager = self.model._default_manager
        before = manager.aggregate(last=models.Max("pk"))["last"] or 0
        insert_rows(self.model, self.columns, rows)
        place = self.columns.index("origin")
        ours = {row[place] for row in rows}
        since = manager.filter(pk__gt=before).exclude(origin=None)
        return {
            origin: Created(pk, fingerprint)
            for pk, origin, fingerprint in since.values_list("pk", "origin", self._fingerprint())
            if origin in ours
        }

    def fingerprints(self, ids: Collection[int], *, lock: bool) -> dict[int, str]:
        """Those of the records that still exist; `lock` keeps others from changing them."""
        records = self.model._default_manager.filter(pk__among=Ids(ids))
        if lock:
            records = records.select_for_update()
        return dict(records.values_list("pk", self._fingerprint()))

    def referenced(
        self, ids: Collection[int], *, besides: Mapping[str, Collection[int]]
    ) -> set[int]:
        """Those that a row of any other table refers to, except the rows `besides` (by model)."""
        referenced_ids: set[int] = set()
        for relation in self.model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, models.ForeignObjectRel) or relation.many_to_many:
                continue  # a many-to-many has a through table whose foreign key is seen here
            if isinstance(relation.related_model, str):
                continue  # an abstract placeholder, no table
            key = relation.field
            others = relation.related_model._base_manager.filter(**{f"{key.name}__among": Ids(ids)})
            # Excluded here, not in the query: there may be more than a statement can contain.
            excluded = besides.get(relation.related_model._meta.label, ())
            referenced_ids.update(
                to for pk, to in others.values_list("pk", key.attname) if pk not in excluded
            )
        return referenced_ids

    def delete(self, ids: Sequence[int]) -> None:
        """Delete these records only. Raises IntegrityError if another record refers to one."""
        delete_ids(self.model, ids)

    def _fingerprint(self) -> SHA256:
        """Computed by the database: thousands of records need not be read for it."""
        contents = [column for column in self.columns if column != LAST_SAVE]
        return SHA256(JSONArray(*contents, output_field=models.TextField()))


def timestamp(now: datetime.datetime) -> Any:
    """A moment as the database driver takes it."""
    return connection.ops.adapt_datetimefield_value(now)
