"""The read side of the learners list: every row of a run, masked, filtered and paged by key.

How each question stays bounded, whatever the size of the run:

- Counts come from the stored counts (runs/counts.py); those of a search from its matches, of
  which there are at most MATCHES.
- A page is `pk > …` and a limit on the rows of the run, in the order of the primary key; which rows
  are read for it under a filter, reading.py says. A filter that leaves nothing reads none.
- A search by id or name is review/search.py; one by full phone is exact, by the index of
  identity keys (kinds P and Q).

Contacts leave this module masked, those that were typed into names and statuses too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.identity.phones import parse_phones
from legacy_import.choices import COMMITTED_OUTCOMES, PersonKind, PlannedAction
from legacy_import.models import (
    FACETS,
    FacetCount,
    IdentityKey,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.review.counts import FilteredCounts, counts_of
from legacy_import.review.filter import UNCOMMITTED, ReviewFilter
from legacy_import.review.learner_filter import LearnerFilter, matches_of, rows_of
from legacy_import.review.search import Matches
from legacy_import.runs import counts as stored_counts
from legacy_import.screens.learners.reading import ROWS, Anchor, PageRows, past, reading_for
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS

EFFECT_OF_MODEL = {kind.label: kind.effect for kind in RECORD_KINDS.values()}
COLUMNS = (
    "pk", "source_table", "legacy_id", "full_name", "phone_raw", "email_raw", "raw_status",
    "classification", "validation_status", "duplicate_confidence", "planned_action",
    "planned_reason", "outcome", "decision", "to_classify",
)  # fmt: skip


class LearnerLine(NamedTuple):
    """One row of the list, masked. `origin` is that of a record it made, "" where it made none."""

    row: int
    source_table: str
    legacy_id: str
    full_name: str
    phone_masked: str
    email_masked: str
    raw_status: str
    classification: str
    validation_status: str
    duplicate_confidence: str
    planned_action: str
    planned_reason: str
    outcome: str
    decision: str
    to_classify: bool
    origin: str = ""

    @property
    def waits(self) -> bool:
        """Whether the row stands in the review queue."""
        return self.planned_action == PlannedAction.REVIEW and self.outcome in UNCOMMITTED


@dataclass(frozen=True, slots=True)
class LearnerListing:
    """One page of the list, and what the filter and the search leave."""

    lines: Sequence[LearnerLine]
    counts: FilteredCounts
    total: int
    matches: Matches | None = None  # None: nothing is searched
    previous: int | None = None  # `before=` of the page before this one
    next: int | None = None  # `after=` of the page after this one
    # The page is not full, for so many rows were looked at: where to look on.
    earlier: int | None = None  # `before=`
    further: int | None = None  # `after=`


def list_learners(
    run: LegacyImportRun,
    query: LearnerFilter,
    *,
    after: int | None = None,
    before: int | None = None,
    beyond: int = 0,
) -> LearnerListing:
    """The first page, or the one after or before a row. `beyond`: where a search goes on."""
    matches = matches_of(run, query, beyond=beyond) if query.search else None
    counts = _counts(run, query, matches)
    # Stored counts follow at the end of a stage; while one is at work the rows themselves are asked.
    certain = matches is not None or bool(counts.combinations and not run.lease_token)
    total = counts.total()
    if certain and not total:
        return LearnerListing((), counts, 0, matches)
    anchor = Anchor(after, before)
    reading = _reading(run, query, counts, anchor, matches, certain)
    page, more = _page(reading, anchor)
    return _listing(_with_origins(run, page), counts, total, matches, anchor, more, reading.stop)


def _reading(
    run: LegacyImportRun,
    query: LearnerFilter,
    counts: FilteredCounts,
    anchor: Anchor,
    matches: Matches | None,
    certain: bool,
) -> PageRows:
    if matches is not None:
        return PageRows(past(rows_of(run, query.facets).filter(pk__in=matches.rows), anchor))
    if query.facets and certain:
        return reading_for(run, query, counts, anchor)
    return PageRows(past(rows_of(run, query.facets), anchor))


def _page(reading: PageRows, anchor: Anchor) -> tuple[list[LearnerLine], bool]:
    """The lines of the page in order, and whether there are more in that direction."""
    order = "-pk" if anchor.backwards else "pk"
    found = list(reading.rows.order_by(order).values_list(*COLUMNS)[: ROWS + 1])
    page = [_masked_line(values) for values in found[:ROWS]]
    return page[::-1] if anchor.backwards else page, len(found) > ROWS


def _listing(
    lines: Sequence[LearnerLine],
    counts: FilteredCounts,
    total: int,
    matches: Matches | None,
    anchor: Anchor,
    more: bool,
    stop: int | None,
) -> LearnerListing:
    first = anchor.after is None and anchor.before is None
    on = None if more or (first and len(lines) >= total) else stop
    earlier = more if anchor.backwards else anchor.after is not None
    later = True if anchor.backwards else more
    return LearnerListing(
        tuple(lines),
        counts,
        max(total, len(lines)),
        matches,
        previous=lines[0].row if lines and earlier else None,
        next=lines[-1].row if lines and later else None,
        earlier=on if anchor.backwards else None,
        further=None if anchor.backwards else on,
    )


def learners_with_phone(run: LegacyImportRun, phone: str) -> Sequence[LearnerLine]:
    """The rows of the run that carry exactly this number, or whose id it is; ROWS at most."""
    numbers = parse_phones(phone)
    wanted = [Q(kind="P", value=number) for number in numbers.valid]
    wanted += [Q(kind="Q", value=digits) for digits in numbers.invalid_digits]
    keys = IdentityKey.objects.filter(scope=run.pk, owner_kind=PersonKind.STAGED)
    found: list[int] = []
    if wanted:
        carriers = keys.filter(reduce(or_, wanted)).order_by("owner_id")
        found = list(carriers.values_list("owner_id", flat=True)[:ROWS])
    rows = rows_of(run).filter(pk__in=found)
    if phone.isascii() and phone.isdigit():
        rows = rows | rows_of(run).filter(legacy_id=phone)
    page = rows.order_by("pk").values_list(*COLUMNS)[:ROWS]
    return _with_origins(run, [_masked_line(values) for values in page])


def _masked_line(values: tuple[Any, ...]) -> LearnerLine:
    """A row's COLUMNS as anybody with the permission to view may see them."""
    line = LearnerLine(*values)
    return line._replace(
        full_name=mask_text(line.full_name),
        phone_masked=mask_phone(line.phone_masked),
        email_masked=mask_email(line.email_masked),
        raw_status=mask_text(line.raw_status),
    )


def _counts(run: LegacyImportRun, query: LearnerFilter, matches: Matches | None) -> FilteredCounts:
    filters = ReviewFilter(state="all", facets=query.facets)
    if matches is None:
        stored = FacetCount.objects.filter(legacy_import_run=run).values_list(*FACETS, "rows")
        found: Iterable[tuple[Any, ...]] = stored
    else:
        rows = LegacyStudentImport.objects.filter(pk__in=matches.rows)
        found = ((*values, number) for values, number in stored_counts.count(rows).items())
    return counts_of(filters, found, matches)


def _with_origins(run: LegacyImportRun, lines: Sequence[LearnerLine]) -> Sequence[LearnerLine]:
    """The lines, those that made a record with its origin: one query for all of them, or none."""
    committed = [line.row for line in lines if line.outcome in COMMITTED_OUTCOMES]
    if not committed:
        return lines
    entries = LegacyImportCommitLog.objects.filter(
        student_import__in=committed, created_target=True, reversed_at=None
    ).order_by("-pk")
    made: Mapping[int, str] = dict(entries.values_list("student_import", "target_model"))
    return [
        line._replace(
            origin=f"{run.connection_name}:{line.source_table}:{line.legacy_id}"
            f":{EFFECT_OF_MODEL[made[line.row]]}"
        )
        if made.get(line.row) in EFFECT_OF_MODEL
        else line
        for line in lines
    ]
