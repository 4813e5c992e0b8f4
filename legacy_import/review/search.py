"""Staged rows found by their old number or by name: what the queue and the learners list share.

An old number is the unique index of source table and id. A name, in any order and spelling, is the
covering index of identity keys (kind S). Only a search for parts of a name reads rows to find some:
LOOKED_AT of them, in their order, after which the reader decides whether to go on.
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

MATCHES = 1_000  # matches of a search that are looked at
LOOKED_AT = 40_000  # rows that one request reads to find some
BY_ID, BY_NAME, BY_PARTS = "id", "name", "parts"
Rows = QuerySet[LegacyStudentImport]


class Search(NamedTuple):
    """What is typed; `parts`: parts of names count as well; `beyond`: where a search goes on."""

    text: str
    parts: bool = False
    beyond: int = 0


class Matches(NamedTuple):
    """The rows that a search found, by their numbers and in their order.

    `how`: by id, by the whole name, or by parts of it. `cut`: there are more than MATCHES. `beyond`:
    the row after which nothing was looked at yet.
    """

    rows: Sequence[int]
    how: str
    cut: bool = False
    beyond: int | None = None


def find_matches(run: LegacyImportRun, search: Search, *, among: Rows) -> Matches:
    """What the search finds in these rows of the run, as many as are looked at."""
    how = _how(run, search, among)
    last = None if how != BY_PARTS else _last_looked_at(run, search.beyond)
    numbers = _narrowed(run, search, among, how, last).order_by("pk").values_list("pk", flat=True)
    found = list(numbers[: MATCHES + 1])
    if len(found) > MATCHES:
        return Matches(found[:MATCHES], how, cut=True, beyond=found[MATCHES - 1])
    return Matches(found, how, beyond=last)


def searched(run: LegacyImportRun, search: Search, *, among: Rows, everywhere: bool) -> Rows:
    """Those of the rows that the search finds. `everywhere`: however many have to be read for it."""
    how = _how(run, search, among)
    last = None if everywhere or how != BY_PARTS else _last_looked_at(run, search.beyond)
    return _narrowed(run, search, among, how, last)


def _how(run: LegacyImportRun, search: Search, among: Rows) -> str:
    if OLD_NUMBER.fullmatch(search.text):
        return BY_ID
    if search.parts or not among.filter(pk__in=_carriers(run, search.text)).exists():
        return BY_PARTS
    return BY_NAME


def _narrowed(
    run: LegacyImportRun, search: Search, among: Rows, how: str, last: int | None
) -> Rows:
    if how == BY_ID:
        return _with_id(among, search.text)
    rows = among.filter(pk__gt=search.beyond) if search.beyond else among
    if how == BY_NAME:
        return rows.filter(pk__in=_carriers(run, search.text))
    rows = _with_parts(rows, search.text)
    return rows if last is None else rows.filter(pk__lte=last)


def _last_looked_at(run: LegacyImportRun, beyond: int) -> int | None:
    """The last of the LOOKED_AT rows after this one; None where they reach the end of the run."""
    numbers = LegacyStudentImport.objects.filter(legacy_import_run=run).values_list("pk", flat=True)
    first = numbers.filter(pk__gt=beyond).order_by("pk").first()
    last = numbers.order_by("-pk").first()
    if first is None or last is None or first + LOOKED_AT > last:
        return None
    return first + LOOKED_AT - 1


def _with_id(rows: Rows, text: str) -> Rows:
    """By the unique index of table and id, both tables by name."""
    table, _colon, number = text.rpartition(":")
    tables = [table] if table else SourceTable.values
    return rows.filter(source_table__in=tables, legacy_id=number)


def _carriers(run: LegacyImportRun, text: str) -> QuerySet[IdentityKey, int]:
    """The rows of the run that carry this name in some order and spelling."""
    keys = identity_keys(
        name=parse_name(text), phones=parse_phones(""), email=parse_email(""), birth_date=None,
        phone_digits="",
    )  # fmt: skip
    values = [key.value for key in keys if key.kind == "S"]
    staged = IdentityKey.objects.filter(scope=run.pk, owner_kind=PersonKind.STAGED, kind="S")
    named = staged.filter(value=values[0]) if values else staged.none()
    return named.values_list("owner_id", flat=True)


def _with_parts(rows: Rows, text: str) -> Rows:
    """Rows in whose name all these words occur, or begin a word, or end one."""
    tokens = parse_name(text).key.split()
    if not tokens:
        return rows.none()
    for token in tokens:
        rows = rows.filter(name_key__contains=token)
    return rows
