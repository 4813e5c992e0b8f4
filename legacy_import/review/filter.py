"""Which staged rows are meant: all rows of a run, or those of its review queue.

The queue contains every row that is planned for review and not committed. The learners list, the
queue, decisions about many rows and the exports all use this filter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet, TextChoices

from legacy_import.choices import (
    WITHOUT_EFFECT,
    Classification,
    DuplicateConfidence,
    FocusMode,
    ImportAction,
    Outcome,
    PlannedAction,
    ReviewDecision,
    SessionType,
    SourceTable,
    ValidationStatus,
)
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review.old_status import is_status, with_status
from legacy_import.review.search import Search, search_rows
from legacy_import.runs.counts import PATHS
from legacy_import.stages.commit.waves import WAVES

ALL, OTHER = "all", "other"
FOCUSES = (*FocusMode.values, OTHER, ALL)
UNCOMMITTED = (Outcome.PENDING, *WITHOUT_EFFECT)

PENDING, LATER, DECIDED = "pending", "later", "decided"
STATES = (PENDING, LATER, DECIDED, ALL)
POSTPONED = ReviewDecision.LATER.value

YES_NO = ("1", "0")
CODE = re.compile(r"[a-z_]{1,60}")
MAX_DIGITS = 18  # a number that every database can compare with its keys
BOOLEANS = ("without_course", "to_classify")  # facets whose values are yes and no
# Facet → the vocabulary of its values; None for BOOLEANS, and for reasons, which may be any code.
VOCABULARIES: dict[str, type[TextChoices] | None] = {
    "source_table": SourceTable,
    "planned_action": PlannedAction,
    "outcome": Outcome,
    "planned_reason": None,
    "classification": Classification,
    "validation_status": ValidationStatus,
    "duplicate_confidence": DuplicateConfidence,
    "session_type": SessionType,
    "import_action": ImportAction,
    "without_course": None,
    "to_classify": None,
    "decision": ReviewDecision,
    "earlier_decision": ReviewDecision,
}
STATUS = "status"  # the old status: a facet of the queue without stored counts
# In the queue, plan and outcome are always the same; the reason is what matters most.
QUEUE_FACETS = (
    "planned_reason", "classification", "source_table", "validation_status",
    "duplicate_confidence", "session_type", "import_action", "without_course", "to_classify",
    "decision", "earlier_decision", STATUS,
)  # fmt: skip
Rows = QuerySet[LegacyStudentImport]


class UnknownFilter(LegacyImportError):
    """An address contains a filter that does not exist."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """One value per facet and a search by id or name; in the queue also a state and a focus.

    `parts`: parts of names match too, in the rows that are read after `beyond`. `focus`: a wave of
    the work. `state`: "" for all rows of the run; any other value means rows of the queue.
    """

    facets: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    parts: bool = False
    beyond: int = 0
    focus: str = ALL
    state: str = ""

    @classmethod
    def parse(
        cls, query: Mapping[str, str], *, queue: bool = False, default_focus: str = ALL
    ) -> "RowFilter":
        """The filter in an address. Raises UnknownFilter, ContainsContact (never in an address).

        `default_focus` applies only where the address contains neither a facet nor a search.
        """
        names = QUEUE_FACETS if queue else VOCABULARIES
        facets = {name: query[name] for name in names if query.get(name)}
        search = contact_free_text(query.get("q", ""), old_number=True)
        beyond = query.get("beyond") or "0"
        focus = query.get("focus") or (ALL if facets or search else default_focus)
        state = query.get("state") or (ALL if "decision" in facets else PENDING)
        if not (
            all(_is_allowed(name, value) for name, value in facets.items())
            and is_number(beyond)
            and (not queue or (focus in FOCUSES and state in STATES))
        ):
            raise UnknownFilter("There is no such filter.")
        return cls(
            facets,
            search,
            parts=bool(search) and query.get("parts") == "1",
            beyond=int(beyond) if search else 0,
            focus=focus if queue else ALL,
            state=state if queue else "",
        )

    def parameters(self) -> dict[str, str]:
        """The filter as the query string contains it, without defaults."""
        queue = {"focus": self.focus, "state": self.state} if self.state else {}
        search = {"q": self.search, "parts": "1" if self.parts else ""}
        parameters = {**queue, **self.facets, **search, "beyond": str(self.beyond or "")}
        return {name: value for name, value in parameters.items() if value}

    def query_string(self) -> str:
        return urlencode(self.parameters())

    def with_facet(self, name: str, value: str) -> "RowFilter":
        """The same filter with another value of one facet; "" removes the facet."""
        others = {key: old for key, old in self.facets.items() if key != name}
        return replace(self, facets={**others, name: value} if value else others)

    def without_search(self) -> "RowFilter":
        return replace(self, search="", parts=False, beyond=0)

    @property
    def classifications(self) -> frozenset[str] | None:
        """The classifications of the focus; None: all of them."""
        if self.focus == ALL:
            return None
        if self.focus == OTHER:
            return frozenset({Classification.UNKNOWN.value})
        return frozenset(c.value for c in WAVES[FocusMode(self.focus)][1])

    def matches(self, combination: Mapping[str, Any]) -> bool:
        """Whether rows with these facet values pass the filter."""
        return not self.mismatches(combination)

    def mismatches(self, combination: Mapping[str, Any]) -> set[str]:
        """The parts of the filter (focus, state, facets) that exclude these rows.

        The old status is none of them: rows with another one are not counted at all.
        """
        parts = {name for name, value in self.facets.items()
                 if name != STATUS and address_value(combination[name]) != value}  # fmt: skip
        classifications = self.classifications
        if classifications is not None and combination["classification"] not in classifications:
            parts.add("focus")
        if not in_state(self.state, combination["decision"], combination["settled"]):
            parts.add("state")
        return parts

    def rows(self, run: LegacyImportRun) -> Rows:
        """The rows that pass, unordered. In the queue, a search for parts reads only its share."""
        rows = self.faceted(run)
        if not self.search:
            return rows
        among, everywhere = self.scope(run), not self.state
        return rows & search_rows(run, self.search_terms, among=among, everywhere=everywhere)

    def scope(self, run: LegacyImportRun) -> Rows:
        """The rows that facets and search select from: the queue, or the whole run."""
        return queue_of(run) if self.state else rows_of(run)

    def faceted(self, run: LegacyImportRun) -> Rows:
        """The rows with this focus, this state and these facets, with or without a search.

        The run, the action, the order, the reason and the classification are the index
        legacy_student_queue.
        """
        rows = self.scope(run)
        if self.classifications is not None:
            rows = rows.filter(classification__in=sorted(self.classifications))
        if self.state == DECIDED:
            rows = rows.filter(settled=True)
        elif self.state == PENDING:
            rows = rows.filter(settled=False).exclude(decision=POSTPONED)
        elif self.state == LATER:
            rows = rows.filter(decision=POSTPONED)
        for name, value in self.facets.items():
            if name == STATUS:
                rows = rows.filter(with_status(value))
            elif name == "without_course":
                rows = rows.filter(training__course_id__isnull=value == "1")
            else:
                column_value = value == "1" if name in BOOLEANS else value
                rows = rows.filter(**{PATHS.get(name, name): column_value})
        return rows

    @property
    def search_terms(self) -> Search:
        return Search(self.search, self.parts, self.beyond)


def rows_of(run: LegacyImportRun) -> Rows:
    """Every staged row of the run."""
    return LegacyStudentImport.objects.filter(legacy_import_run=run)


def queue_of(run: LegacyImportRun) -> Rows:
    """Every row of the run that is planned for review and not committed, decided or not."""
    return rows_of(run).filter(planned_action=PlannedAction.REVIEW, outcome__in=UNCOMMITTED)


def address_value(value: Any) -> str:
    """A facet's value as it is written in an address."""
    return YES_NO[not value] if isinstance(value, bool) else str(value)


def in_state(state: str, decision: str, settled: bool) -> bool:
    """Whether rows with this decision are in the state: a decision that left a doubt decides nothing."""
    if state in ("", ALL):
        return True
    if state == DECIDED:
        return settled
    return not settled and (decision == POSTPONED) is (state == LATER)


def is_number(text: str) -> bool:
    """Digits that every database can compare with its keys."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _is_allowed(name: str, value: str) -> bool:
    if name == STATUS:
        return is_status(value)
    if name in BOOLEANS:
        return value in YES_NO
    vocabulary = VOCABULARIES[name]
    return value in vocabulary.values if vocabulary else bool(CODE.fullmatch(value))
