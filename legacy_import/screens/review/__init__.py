"""The read side of the review queue: which rows wait, how many of what, and one row in full.

Contacts leave this package masked.
"""

from legacy_import.review.counts import Counts, count_queue, counts_of, decisions_since_plan
from legacy_import.screens.review.detail import Detail, detail_of
from legacy_import.screens.review.listing import Page, key_of, next_row, page_of
from legacy_import.screens.review.words import issue_words, phrases

__all__ = [
    "Counts", "Detail", "Page", "count_queue", "counts_of", "decisions_since_plan", "detail_of",
    "issue_words", "key_of", "next_row", "page_of", "phrases",
]  # fmt: skip
