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

from django.db.models import Q

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.identity.phones import parse_phones
from legacy_import.choices import COMMITTED_OUTCOMES, PersonKind, PlannedAction
from legacy_import.models import IdentityKey, LegacyImportCommitLog, LegacyImportRun, number_suffix
from legacy_import.review.counts import FilteredCounts, count_rows
from legacy_import.review.filter import UNCOMMITTED, RowFilter, rows_of
from legacy_import.review.search import Matches
from legacy_import.screens.learners.page_rows import ROWS, PageRows, past, rows_for_page
from legacy_import.screens.pages import Anchor, Line, Page, read_page
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS

EFFECT_OF_MODEL = {kind.label: kind.effect for kind in RECORD_KINDS.values()}
COLUMNS = (
    "pk", "source_table", "legacy_id", "full_name", "phone_raw", "email_raw", "raw_status",
    "classification", "validation_status", "duplicate_confidence", "planned_action",
    "planned_reason", "outcome", "decision", "to_classify", "person_number",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LearnerListing:
    """One page of the list, and the counts of the filter."""

    page: Page
    counts: FilteredCounts
    total: int
    # The page is not full because so many rows were read: where to continue.
    earlier: int | None = None  # `before=`
    further: int | None = None  # `after=`

    @property
    def lines(self) -> Sequence[Line]:
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
    page = read_page(source.rows, anchor, order=("pk",), columns=COLUMNS, mask=_masked, size=ROWS)
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


def learners_with_phone(run: LegacyImportRun, phone: str) -> Sequence[Line]:
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
    page = rows.order_by("pk").values(*COLUMNS)[:ROWS]
    return _with_origins(run, [_masked(line) for line in page])


def _masked(line: Line) -> Line:
    """A row's COLUMNS as every user with the permission to view may see them.

    `waits`: the row is in the review queue. `origin`: see `_with_origins`.
    """
    waits = line["planned_action"] == PlannedAction.REVIEW and line["outcome"] in UNCOMMITTED
    return {
        **line,
        "full_name": mask_text(line["full_name"]),
        "phone_raw": "",
        "phone_masked": mask_phone(line["phone_raw"]),
        "email_raw": "",
        "email_masked": mask_email(line["email_raw"]),
        "raw_status": mask_text(line["raw_status"]),
        "waits": waits,
        "origin": "",
    }


def _with_origins(run: LegacyImportRun, lines: Sequence[Line]) -> Sequence[Line]:
    """The lines, with the origins of the records created from them: one query for all, or none."""
    committed = [line["pk"] for line in lines if line["outcome"] in COMMITTED_OUTCOMES]
    if not committed:
        return lines
    entries = LegacyImportCommitLog.objects.filter(
        student_import__in=committed, created_target=True, reversed_at=None
    ).order_by("-pk")
    models: Mapping[int, str] = dict(entries.values_list("student_import", "target_model"))
    for line in lines:
        if effect := EFFECT_OF_MODEL.get(models.get(line["pk"], "")):
            row = f"{run.connection_name}:{line['source_table']}:{line['legacy_id']}"
            line["origin"] = f"{row}{number_suffix(line['person_number'])}:{effect}"
    return lines
