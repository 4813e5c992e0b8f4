"""Staged rows by their old number or by name, for the queue and the learners list.

An old number uses the unique index of source table and id; a name, in any order and spelling, the
covering index of identity keys (kind S). Only a search for parts of a name reads rows: at most
READ_LIMIT of them, in their order, after which the reader decides whether to continue.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import identity_keys
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones
from legacy_import.choices import PersonKind, SourceTable
from legacy_import.models import IdentityKey, LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import OLD_NUMBER

MATCH_LIMIT = 1_000  # matches of a search that are shown and counted
READ_LIMIT = 40_000  # rows that one request reads to find matches
BY_ID, BY_NAME, BY_PARTS = "id", "name", "parts"
Rows = QuerySet[LegacyStudentImport]


class Search(NamedTuple):
    """The typed text; `parts`: parts of names match too; `beyond`: the row after which it continues."""

    text: str
    parts: bool = False
    beyond: int = 0


class Matches(NamedTuple):
    """The ids of the matching rows, in their order.

    `how`: by id, by the whole name, or by parts of it. `cut`: there are more than MATCH_LIMIT.
    `beyond`: the row after which nothing was searched yet.
    """

    rows: Sequence[int]
    how: str
    cut: bool = False
    beyond: int | None = None


def find_matches(run: LegacyImportRun, search: Search, *, among: Rows) -> Matches:
    """The first matches among these rows of the run."""
    how = _how(run, search, among)
    last = _last_row_read(run, search.beyond) if how == BY_PARTS else None
    rows = _matching_rows(run, search, among, how, last).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[: MATCH_LIMIT + 1])
    if len(ids) > MATCH_LIMIT:
        return Matches(ids[:MATCH_LIMIT], how, cut=True, beyond=ids[MATCH_LIMIT - 1])
    return Matches(ids, how, beyond=last)


def search_rows(run: LegacyImportRun, search: Search, *, among: Rows, everywhere: bool) -> Rows:
    """The matching rows. `everywhere`: without READ_LIMIT."""
    how = _how(run, search, among)
    limited = how == BY_PARTS and not everywhere
    last = _last_row_read(run, search.beyond) if limited else None
    return _matching_rows(run, search, among, how, last)


def _how(run: LegacyImportRun, search: Search, among: Rows) -> str:
    if OLD_NUMBER.fullmatch(search.text):
        return BY_ID
    if search.parts or not among.filter(pk__in=_rows_named(run, search.text)).exists():
        return BY_PARTS
    return BY_NAME


def _matching_rows(
    run: LegacyImportRun, search: Search, among: Rows, how: str, last: int | None
) -> Rows:
    if how == BY_ID:  # the unique index of table and id; without a table, both tables by name
        table, _colon, number = search.text.rpartition(":")
        tables = [table] if table else SourceTable.values
        return among.filter(source_table__in=tables, legacy_id=number)
    rows = among.filter(pk__gt=search.beyond) if search.beyond else among
    if how == BY_NAME:
        return rows.filter(pk__in=_rows_named(run, search.text))
    rows = _with_parts(rows, search.text)
    return rows if last is None else rows.filter(pk__lte=last)


def _last_row_read(run: LegacyImportRun, beyond: int) -> int | None:
    """The last of the READ_LIMIT rows after this one; None where they reach the end of the run."""
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).values_list("pk", flat=True)
    first = ids.filter(pk__gt=beyond).order_by("pk").first()
    last = ids.order_by("-pk").first()
    if first is None or last is None or first + READ_LIMIT > last:
        return None
    return first + READ_LIMIT - 1


def _rows_named(run: LegacyImportRun, text: str) -> QuerySet[IdentityKey, int]:
    """The ids of the rows of the run with this name, in any order and spelling."""
    keys = identity_keys(
        name=parse_name(text), phones=parse_phones(""), email=parse_email(""), birth_date=None,
        phone_digits="",
    )  # fmt: skip
    values = [key.value for key in keys if key.kind == "S"]
    staged = IdentityKey.objects.filter(scope=run.pk, owner_kind=PersonKind.STAGED, kind="S")
    return staged.filter(value__in=values).values_list("owner_id", flat=True)


def _with_parts(rows: Rows, text: str) -> Rows:
    """Rows in whose name each of these words occurs, whole or as a part of a word."""
    tokens = parse_name(text).key.split()
    if not tokens:
        return rows.none()
    for token in tokens:
        rows = rows.filter(name_key__contains=token)
    return rows
