"""Which rows of a run the learners list is asked for: facets and a search, as an address has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.db.models import QuerySet

from legacy_import.choices import Outcome, PlannedAction, SourceTable
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review import filter as review_filter
from legacy_import.review.filter import UnknownFilter, with_facets
from legacy_import.review.search import Matches, Search, find_matches, searched

# Facet → the values it may have in an address; None: any code.
VALUES: dict[str, tuple[str, ...] | None] = {
    "source_table": tuple(SourceTable.values),
    "planned_action": tuple(PlannedAction.values),
    "outcome": tuple(Outcome.values),
    **review_filter.VALUES,
}
KEYS = (*VALUES, "q", "parts")
Rows = QuerySet[LegacyStudentImport]


@dataclass(frozen=True, slots=True)
class LearnerFilter:
    """One value per facet, and a search by id or name; `parts`: parts of names count as well."""

    facets: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    parts: bool = False

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> "LearnerFilter":
        """What an address asks for. Raises UnknownFilter, ContainsContact (never in an address)."""
        facets = {name: query[name] for name in VALUES if query.get(name)}
        for name, value in facets.items():
            known = VALUES[name]
            if not (review_filter.CODE.fullmatch(value) if known is None else value in known):
                raise UnknownFilter("There is no such filter.")
        search = contact_free_text(query.get("q", ""), old_number=True)
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
        search = Search(self.search, self.parts)
        return rows & searched(run, search, among=rows_of(run), everywhere=True)


def rows_of(run: LegacyImportRun, facets: Mapping[str, str] | None = None) -> Rows:
    """The rows of the run with these values, unordered."""
    return with_facets(LegacyStudentImport.objects.filter(legacy_import_run=run), facets or {})


def matches_of(run: LegacyImportRun, query: LearnerFilter, *, beyond: int = 0) -> Matches:
    """What the search of the query finds in the run, whatever its facets."""
    return find_matches(run, Search(query.search, query.parts, beyond), among=rows_of(run))
