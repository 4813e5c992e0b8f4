"""Records that an import creates and may delete again: created in bulk, fingerprinted, looked up.

A record's fingerprint changes with any of its watched columns, which include `updated_at`: so any save
since then changes it.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models.functions import SHA256, JSONArray

from ecoin.bulk import Ids, insert_rows


class Created(NamedTuple):
    """A new record."""

    id: int
    fingerprint: str


def create(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    watched: Sequence[str],
) -> dict[str, Created]:
    """Insert `rows` of `columns` (`origin` among them); returns each origin's record.

    Raises IntegrityError if an origin exists already; the caller's transaction rolls back then.
    """
    if not rows:
        return {}
    before = model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0
    insert_rows(model, columns, rows)
    place = columns.index("origin")
    ours = {row[place] for row in rows}
    since = model._default_manager.filter(pk__gt=before).exclude(origin=None)
    return {
        origin: Created(pk, fingerprint)
        for pk, origin, fingerprint in since.values_list("pk", "origin", _fingerprint(watched))
        if origin in ours
    }


def fingerprints(
    model: type[models.Model], ids: Collection[int], *, watched: Sequence[str], lock: bool
) -> dict[int, str]:
    """The fingerprints of those records that still exist; `lock` keeps others from changing them."""
    records = model._default_manager.filter(pk__among=Ids(ids))
    if lock:
        records = records.select_for_update()
    return dict(records.values_list("pk", _fingerprint(watched)))


def referenced(
    model: type[models.Model],
    ids: Collection[int],
    *,
    besides: Mapping[str, Collection[int]] | None = None,
) -> set[int]:
    """Those records that a row of any other table refers to, except the rows `besides` (by model)."""
    referenced_ids: set[int] = set()
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ForeignObjectRel) or relation.many_to_many:
            continue  # a many-to-many has a through table whose foreign key is seen here
        if isinstance(relation.related_model, str):
            continue  # an abstract placeholder, no table
        key = relation.field
        others = relation.related_model._base_manager.filter(**{f"{key.name}__among": Ids(ids)})
        # Excluded here, not in the query: there may be more of them than a statement can contain.
        excluded = (besides or {}).get(relation.related_model._meta.label, ())
        referenced_ids.update(
            to for pk, to in others.values_list("pk", key.attname) if pk not in excluded
        )
    return referenced_ids


def timestamp(now: datetime.datetime) -> Any:
    """A moment as the database driver takes it."""
    return connection.ops.adapt_datetimefield_value(now)


def _fingerprint(watched: Sequence[str]) -> SHA256:
    """Computed by the database: thousands of records need not be read for it."""
    return SHA256(JSONArray(*watched, output_field=models.TextField()))
