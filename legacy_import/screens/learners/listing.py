"""The read side of the learners list: every row of a run, masked, filtered and paged by key.

What each query reads is limited in a run of any size:

- Counts come from the stored counts (runs/counts.py); those of a search from its matches, at most
  MATCH_LIMIT.
- A page is `pk > …` and a limit on the rows of the run, in the order of the primary key; page_rows.py
  decides which rows are read for it under a filter. A filter that selects no row reads none.
- A search by id or name is review/search.py; one by full phone is exact, by the index of
  identity keys (kinds P and Q).

Contacts leave this module masked, including those that were typed into names and statuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.identity.phones import parse_phones
from legacy_import.choices import COMMITTED_OUTCOMES, PersonKind, PlannedAction
from legacy_import.models import IdentityKey, LegacyImportCommitLog, LegacyImportRun
from legacy_import.review.counts import FilteredCounts, count_rows
from legacy_import.review.filter import UNCOMMITTED, RowFilter, rows_of
from legacy_import.review.search import Matches
from legacy_import.screens.learners.page_rows import ROWS, PageRows, past, rows_for_page
from legacy_import.screens.pages import Anchor, Page, read_page
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS

EFFECT_OF_MODEL = {kind.label: kind.effect for kind in RECORD_KINDS.values()}
COLUMNS = (
    "pk", "source_table", "legacy_id", "full_name", "phone_raw", "email_raw", "raw_status",
    "classification", "validation_status", "duplicate_confidence", "planned_action",
    "planned_reason", "outcome", "decision", "to_classify",
)  # fmt: skip


class LearnerLine(NamedTuple):
    """One row of the list, masked. `origin` is that of the record created from it, "" without one."""

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
        """Whether the row is in the review queue."""
        return self.planned_action == PlannedAction.REVIEW and self.outcome in UNCOMMITTED


@dataclass(frozen=True, slots=True)
class LearnerListing:
    """One page of the list, and the counts of the filter."""

    page: Page[LearnerLine]
    counts: FilteredCounts
    total: int
    # The page is not full because so many rows were read: where to continue.
    earlier: int | None = None  # `before=`
    further: int | None = None  # `after=`

    @property
    def lines(self) -> Sequence[LearnerLine]:
        return self.page.lines

    @property
    def matches(self) -> Matches | None:
        return self.counts.matches


def list_learners(
    run: LegacyImportRun,
    query: RowFilter,
    *,
    after: int | None = None,
    before: int | None = None,
) -> LearnerListing:
    """The first page, or the one after or before a row."""
    counts, anchor = count_rows(run, query), Anchor(after, before)
    matches, total = counts.matches, counts.total()
    # Stored counts change at the end of a stage; while one is running, the rows decide.
    certain = matches is not None or bool(counts.combinations and not run.lease_token)
    if certain and not total:
        return LearnerListing(Page(), counts, 0)
    source = _page_rows(run, counts, anchor, certain)
    page = read_page(
        source.rows, anchor, order=("pk",), columns=COLUMNS, line=_masked_line, size=ROWS
    )
    more = page.previous if anchor.backwards else page.next
    complete = more or (anchor.row is None and len(page.lines) >= total)
    stop = None if complete else source.stop
    return LearnerListing(
        replace(page, lines=_with_origins(run, page.lines)),
        counts,
        max(total, len(page.lines)),
        earlier=stop if anchor.backwards else None,
        further=None if anchor.backwards else stop,
    )


def _page_rows(
    run: LegacyImportRun, counts: FilteredCounts, anchor: Anchor, certain: bool
) -> PageRows:
    rows = past(counts.query.faceted(run), anchor)
    if counts.matches is not None:
        return PageRows(rows.filter(pk__in=counts.matches.rows))
    if counts.query.facets and certain:
        return rows_for_page(run, counts, anchor)
    return PageRows(rows)


def learners_with_phone(run: LegacyImportRun, phone: str) -> Sequence[LearnerLine]:
    """The rows of the run with exactly this number, or with this id; at most ROWS."""
    numbers = parse_phones(phone)
    keys = [Q(kind="P", value=number) for number in numbers.valid]
    keys += [Q(kind="Q", value=digits) for digits in numbers.invalid_digits]
    ids: list[int] = []
    if keys:
        staged = IdentityKey.objects.filter(scope=run.pk, owner_kind=PersonKind.STAGED)
        owners = staged.filter(reduce(or_, keys)).order_by("owner_id")
        ids = list(owners.values_list("owner_id", flat=True)[:ROWS])
    rows = rows_of(run).filter(pk__in=ids)
    if phone.isascii() and phone.isdigit():
        rows = rows | rows_of(run).filter(legacy_id=phone)
    page = rows.order_by("pk").values_list(*COLUMNS)[:ROWS]
    return _with_origins(run, [_masked_line(values) for values in page])


def _masked_line(values: tuple[Any, ...]) -> LearnerLine:
    """A row's COLUMNS as every user with the permission to view may see them."""
    line = LearnerLine(*values)
    return line._replace(
        full_name=mask_text(line.full_name),
        phone_masked=mask_phone(line.phone_masked),
        email_masked=mask_email(line.email_masked),
        raw_status=mask_text(line.raw_status),
    )


def _with_origins(run: LegacyImportRun, lines: Sequence[LearnerLine]) -> Sequence[LearnerLine]:
    """The lines with the origins of the records created from them: one query for all, or none."""
    committed = [line.row for line in lines if line.outcome in COMMITTED_OUTCOMES]
    if not committed:
        return lines
    entries = LegacyImportCommitLog.objects.filter(
        student_import__in=committed, created_target=True, reversed_at=None
    ).order_by("-pk")
    models: Mapping[int, str] = dict(entries.values_list("student_import", "target_model"))
    return [
        line._replace(
            origin=f"{run.connection_name}:{line.source_table}:{line.legacy_id}"
            f":{EFFECT_OF_MODEL[models[line.row]]}"
        )
        if models.get(line.row) in EFFECT_OF_MODEL
        else line
        for line in lines
    ]
