"""The read side of the learners list: every row of a run, filtered, searched, paged, masked."""

from legacy_import.learners.filters import BY_ID, BY_NAME, BY_PARTS, LearnerFilter, Matches
from legacy_import.learners.listing import (
    Line,
    Listing,
    learners_with_phone,
    list_learners,
)

__all__ = [
    "BY_ID", "BY_NAME", "BY_PARTS", "LearnerFilter", "Line", "Listing", "Matches",
    "learners_with_phone", "list_learners",
]  # fmt: skip
