"""The read side of the learners list: every row of a run, filtered, searched, paged, masked."""

from legacy_import.review.learner_filter import LearnerFilter
from legacy_import.screens.learners.listing import (
    Line,
    Listing,
    learners_with_phone,
    list_learners,
)

__all__ = ["LearnerFilter", "Line", "Listing", "learners_with_phone", "list_learners"]
