"""Which rows of a run the learners list is asked for: facets and a search, as an address has them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import identity_keys
from ecoin.identity.masking import mask_text
from ecoin.identity.names import Name, parse_name
from ecoin.identity.phones import parse_phones
from legacy_import.choices import Outcome, PersonKind, PlannedAction, SourceTable
from legacy_import.models import IdentityKey, LegacyImportRun, LegacyStudentImport
from legacy_import.services import review_filter
from legacy_import.services.notes import HoldsContact, without_contact
from legacy_import.services.review_filter import UnknownFilter, with_facets

# Facet → the values it may have in an address; None: any code.
VALUES: dict[str, tuple[str, ...] | None] = {
    "source_table": tuple(SourceTable.values),
    "planned_action": tuple(PlannedAction.values),
    "outcome": tuple(Outcome.values),
    **review_filter.VALUES,
}
KEYS = (*VALUES, "q", "parts")
MATCHES = 1_000  # matches of a search that are looked at
LOOKED_AT = 100_000  # rows that a search for parts of a name reads before it asks to go on
LEGACY_ID = re.compile(rf"(?:({'|'.join(SourceTable.values)}):)?([0-9]{{1,20}})")
Rows = QuerySet[LegacyStudentImport]


@dataclass(frozen=True, slots=True)
class LearnerFilter:
    """One value per facet, and a search by id or name; `parts`: parts of names count as well."""

    facets: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    parts: bool = False

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> "LearnerFilter":
        """What an address asks for. Raises UnknownFilter, HoldsContact (never in an address)."""
        facets = {name: query[name] for name in VALUES if query.get(name)}
        for name, value in facets.items():
            known = VALUES[name]
            if not (review_filter.CODE.fullmatch(value) if known is None else value in known):
                raise UnknownFilter("There is no such filter.")
        search = _searchable(query.get("q", ""))
        return cls(facets, search, bool(search) and query.get("parts") == "1")

    def query(self) -> dict[str, str]:
        """The filter as an address has it."""
        told = {**self.facets, "q": self.search, "parts": "1" if self.parts else ""}
        return {name: value for name, value in told.items() if value}

    def encoded(self) -> str:
        return urlencode(self.query())

    def with_facet(self, name: str, value: str) -> "LearnerFilter":
        """The same filter with another value of one facet; "" takes the facet away."""
        others = {key: was for key, was in self.facets.items() if key != name}
        return replace(self, facets={**others, name: value} if value else others)

    def rows(self, run: LegacyImportRun) -> Rows:
        """Every row that is meant, unordered: what an export reads from end to end."""
        rows = rows_of(run, self.facets)
        if not self.search:
            return rows
        if LEGACY_ID.fullmatch(self.search):
            return _with_id(rows, self.search)
        name = parse_name(self.search)
        carriers = _carriers(run, name)
        if not self.parts and carriers.exists():
            return rows.filter(pk__in=carriers.values("owner_id"))
        return _with_parts(rows, name)


class Matches(NamedTuple):
    """The rows that a search found, by their numbers and in their order.

    `how`: by id, by the whole name, or by parts of it. `cut`: there are more than MATCHES. `beyond`:
    the row after which nothing was looked at yet.
    """

    rows: Sequence[int]
    how: str
    cut: bool = False
    beyond: int | None = None


BY_ID, BY_NAME, BY_PARTS = "id", "name", "parts"


def rows_of(run: LegacyImportRun, facets: Mapping[str, str] | None = None) -> Rows:
    """The rows of the run with these values, unordered."""
    return with_facets(LegacyStudentImport.objects.filter(legacy_import_run=run), facets or {})


def find_matches(run: LegacyImportRun, query: LearnerFilter, *, beyond: int = 0) -> Matches:
    """What the search of the query finds in the run, whatever its facets."""
    if LEGACY_ID.fullmatch(query.search):
        found = list(_with_id(rows_of(run), query.search).values_list("pk", flat=True))
        return Matches(found, BY_ID)
    name = parse_name(query.search)
    if not query.parts:
        carriers = _carriers(run, name).order_by("owner_id").values_list("owner_id", flat=True)
        found = list(carriers[: MATCHES + 1])
        if found:
            return Matches(found[:MATCHES], BY_NAME, cut=len(found) > MATCHES)
    return _matches_of_parts(run, name, beyond)


def _matches_of_parts(run: LegacyImportRun, name: Name, beyond: int) -> Matches:
    numbers = rows_of(run).values_list("pk", flat=True)
    first = numbers.filter(pk__gt=beyond).order_by("pk").first()
    last = numbers.order_by("-pk").first()
    if first is None or last is None or not name.key:
        return Matches((), BY_PARTS)
    end = first + LOOKED_AT - 1
    window = _with_parts(rows_of(run), name).filter(pk__gte=first, pk__lte=end)
    found = list(window.order_by("pk").values_list("pk", flat=True)[: MATCHES + 1])
    cut, found = len(found) > MATCHES, found[:MATCHES]
    looked_to = found[-1] if cut else end
    return Matches(found, BY_PARTS, cut, beyond=looked_to if looked_to < last else None)


def _searchable(text: str) -> str:
    """The text, trimmed. Raises HoldsContact: stricter than for notes, since it is an address."""
    search = without_contact(text)
    if not LEGACY_ID.fullmatch(search) and mask_text(search) != search:
        raise HoldsContact(_("This text holds a phone number or an e-mail address."))
    return search


def _with_id(rows: Rows, search: str) -> Rows:
    parts = LEGACY_ID.fullmatch(search)
    if parts is None:
        return rows.none()
    tables = [parts[1]] if parts[1] else SourceTable.values
    return rows.filter(source_table__in=tables, legacy_id=parts[2]).order_by("pk")


def _carriers(run: LegacyImportRun, name: Name) -> QuerySet[IdentityKey]:
    """The keys of the run's rows that carry this name in some order and spelling."""
    keys = identity_keys(
        name=name, phones=parse_phones(""), email=parse_email(""), birth_date=None, phone_digits=""
    )
    values = [key.value for key in keys if key.kind == "S"]
    staged = IdentityKey.objects.filter(scope=run.pk, owner_kind=PersonKind.STAGED)
    return staged.filter(kind="S", value=values[0]) if values else staged.none()


def _with_parts(rows: Rows, name: Name) -> Rows:
    """Rows in whose name all these words occur, or begin a word, or end one."""
    tokens = name.key.split()
    if not tokens:
        return rows.none()
    for token in tokens:
        rows = rows.filter(name_key__contains=token)
    return rows
