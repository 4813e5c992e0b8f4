"""Which rows of the review queue are meant: what stands in the address, and nothing more.

The queue is every row that is planned for review and not committed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

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
from legacy_import.privacy.free_text import ContainsContact, contact_free_text
from legacy_import.review.search import Search, searched
from legacy_import.stages.commit.waves import WAVES

ALL, OTHER = "all", "other"
FOCUSES = (*FocusMode.values, OTHER, ALL)
UNCOMMITTED = (Outcome.PENDING, *WITHOUT_EFFECT)

PENDING, LATER, DECIDED = "pending", "later", "decided"
STATES = (PENDING, LATER, DECIDED, ALL)
POSTPONED = ReviewDecision.LATER.value

YES_NO = ("1", "0")
CODE = re.compile(r"[a-z_]{1,60}")
# Facet → the values it may have in an address; None: any code.
VALUES: dict[str, tuple[str, ...] | None] = {
    "planned_reason": None,
    "classification": tuple(Classification.values),
    "source_table": tuple(SourceTable.values),
    "validation_status": tuple(ValidationStatus.values),
    "duplicate_confidence": tuple(DuplicateConfidence.values),
    "session_type": tuple(SessionType.values),
    "import_action": tuple(ImportAction.values),
    "without_course": YES_NO,
    "to_classify": YES_NO,
    "decision": tuple(ReviewDecision.values),
}
PATHS = {"session_type": "training__session_type", "import_action": "training__import_action"}
KEYS = ("focus", "state", *VALUES, "q", "parts", "beyond")
MAX_DIGITS = 18  # a number that every database can compare with its keys


class UnknownFilter(LegacyImportError):
    """An address asks for something the queue has no filter for."""


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """A focus (a wave of the work), a state, one value per facet, and a search by id or name.

    `parts`: parts of names count as well, in the rows that are looked at from `beyond` on.
    """

    focus: str = ALL
    state: str = PENDING
    facets: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    parts: bool = False
    beyond: int = 0

    @classmethod
    def asked(cls, query: Mapping[str, str], *, default_focus: str = ALL) -> "ReviewFilter":
        """What an address asks for. Raises UnknownFilter, ContainsContact (never in an address).

        `default_focus` counts only where nothing else is asked for.
        """
        facets = {name: query[name] for name in VALUES if query.get(name)}
        search = contact_free_text(query.get("q", ""), old_number=True)
        beyond = query.get("beyond", "") if search else ""
        default = ALL if facets or search else default_focus
        found = cls(
            focus=query.get("focus") or default,
            state=query.get("state") or (ALL if "decision" in facets else PENDING),
            facets=facets,
            search=search,
            parts=bool(search) and query.get("parts") == "1",
            beyond=int(beyond) if _is_number(beyond) else 0,
        )
        if found.focus not in FOCUSES or found.state not in STATES or not all(
            _may_be(name, value) for name, value in facets.items()
        ):  # fmt: skip
            raise UnknownFilter("There is no such filter.")
        if beyond and not found.beyond:
            raise UnknownFilter("There is no such row.")
        return found

    def query(self) -> dict[str, str]:
        """The filter as an address has it; what goes without saying is left out."""
        told = {"focus": self.focus, "state": self.state, **self.facets, "q": self.search,
                "parts": "1" if self.parts else "", "beyond": str(self.beyond or "")}  # fmt: skip
        return {name: value for name, value in told.items() if value}

    def encoded(self) -> str:
        return urlencode(self.query())

    def with_facet(self, name: str, value: str) -> "ReviewFilter":
        """The same filter with another value of one facet; "" takes the facet away."""
        others = {key: was for key, was in self.facets.items() if key != name}
        return replace(self, facets={**others, name: value} if value else others)

    @property
    def classifications(self) -> frozenset[str] | None:
        """The classifications of the focus; None: all of them."""
        if self.focus == ALL:
            return None
        if self.focus == OTHER:
            return frozenset({Classification.UNKNOWN.value})
        return frozenset(c.value for c in WAVES[FocusMode(self.focus)][1])

    def has(self, combination: Mapping[str, Any]) -> bool:
        """Whether rows with these facet values are meant."""
        return not self.misses(combination)

    def misses(self, combination: Mapping[str, Any]) -> set[str]:
        """By which of its parts (focus, state, facets) the filter leaves these rows out."""
        meant = self.classifications
        missed = {
            name for name, value in self.facets.items() if as_asked(combination[name]) != value
        }
        if meant is not None and combination["classification"] not in meant:
            missed.add("focus")
        if not in_state(self.state, combination["decision"]):
            missed.add("state")
        return missed

    def rows(self, run: LegacyImportRun) -> QuerySet[LegacyStudentImport]:
        """The rows of the queue that are meant, unordered; of a search those it looks at."""
        rows = self.filtered(run)
        if not self.search:
            return rows
        return rows & searched(run, self.sought, among=queue_of(run), everywhere=False)

    def filtered(self, run: LegacyImportRun) -> QuerySet[LegacyStudentImport]:
        """The rows of the queue with this focus, this state and these facets, whatever is searched.

        The run, the action, the reason and the classification are the index legacy_student_queue.
        """
        rows = queue_of(run)
        if self.classifications is not None:
            rows = rows.filter(classification__in=sorted(self.classifications))
        return with_facets(_STATE_ROWS[self.state](rows), self.facets)

    @property
    def sought(self) -> Search:
        return Search(self.search, self.parts, self.beyond)


def with_facets(
    rows: QuerySet[LegacyStudentImport], facets: Mapping[str, str]
) -> QuerySet[LegacyStudentImport]:
    """Those of the rows that have these facet values, as an address spells them."""
    for name, value in facets.items():
        if name == "without_course":
            rows = rows.filter(training__course_id__isnull=value == "1")
        else:
            wanted = value == "1" if VALUES.get(name) is YES_NO else value
            rows = rows.filter(**{PATHS.get(name, name): wanted})
    return rows


_STATE_ROWS: dict[str, Any] = {
    PENDING: lambda rows: rows.filter(decision=""),
    LATER: lambda rows: rows.filter(decision=POSTPONED),
    DECIDED: lambda rows: rows.exclude(decision__in=("", POSTPONED)),
    ALL: lambda rows: rows,
}


def queue_of(run: LegacyImportRun) -> QuerySet[LegacyStudentImport]:
    """Every row of the run that waits for a person, decided since or not."""
    return LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_action=PlannedAction.REVIEW, outcome__in=UNCOMMITTED
    )


def as_asked(value: Any) -> str:
    """A facet's value as an address has it."""
    return YES_NO[not value] if isinstance(value, bool) else str(value)


def is_reviewed(decision: str) -> bool:
    """A postponed row still waits."""
    return decision not in ("", POSTPONED)


def in_state(state: str, decision: str) -> bool:
    if state == ALL:
        return True
    if state == DECIDED:
        return is_reviewed(decision)
    return decision == (POSTPONED if state == LATER else "")


def _may_be(name: str, value: str) -> bool:
    known = VALUES[name]
    return bool(CODE.fullmatch(value)) if known is None else value in known


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


__all__ = [
    "ALL", "DECIDED", "FOCUSES", "KEYS", "LATER", "OTHER", "PENDING", "STATES", "VALUES",
    "ContainsContact", "ReviewFilter", "UnknownFilter", "as_asked", "in_state", "is_reviewed",
    "queue_of",
]  # fmt: skip
