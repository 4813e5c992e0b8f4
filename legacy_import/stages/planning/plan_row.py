"""The columns of a staged row that a plan is made from."""

from operator import attrgetter
from typing import NamedTuple

from legacy_import.rules.commit_policy import Place


class PlanRow(NamedTuple):
    """Columns of LegacyStudentImport under their own names, and the issues as text."""

    pk: int
    source_table: str
    legacy_id: str
    payload_hash: str
    match_id: int | None
    group_first_id: int | None
    planned_basis: str  # of the last plan; before the first one, the mappings at import
    issues_text: str  # JSON, parsed only once per distinct case
    version: int
    validation_status: str
    classification: str
    duplicate_confidence: str
    auto_link_allowed: bool
    duplicate_blocker: str
    match_kind: str
    contact_trusted: bool
    group_conflict: bool
    legacy_formation_id: str | None
    legacy_session_id: str | None
    status_key: str | None  # of a status that the rules do not know
    person_number: int

    @property
    def place(self) -> Place:
        """Its place in its group of the same person."""
        if self.group_first_id is None:
            return Place.ALONE
        return Place.FIRST if self.group_first_id == self.pk else Place.FOLLOWER


# The columns that facts are made of: rows that agree in them may be the same case.
columns_of_facts = attrgetter(
    "issues_text", "validation_status", "classification", "duplicate_confidence",
    "auto_link_allowed", "duplicate_blocker", "match_kind", "contact_trusted", "group_conflict",
)  # fmt: skip
