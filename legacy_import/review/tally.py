"""How much was decided today and in all, by everybody and by one reviewer. It only grows with the work.

The rows are counted from the decisions, so a new plan or a commit takes none away; a reviewer who
undoes or postpones does.
"""

import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision
from legacy_import.review.counts import FilteredCounts
from legacy_import.review.filter import POSTPONED, RowFilter, rows_of

MOST_COUNTED = 5_000  # rows that one page counts; it shows that there are more
UNDECIDED = ("", POSTPONED)


class DecidedRows(NamedTuple):
    """Rows that were decided, also where the decision was not sufficient."""

    today: int
    in_all: int


def tally(run: LegacyImportRun, counts: FilteredCounts, now: datetime.datetime) -> DecidedRows:
    """What everybody decided in the focus."""
    return DecidedRows(_decided_rows(run, counts.query, since=midnight(now)), counts.decided_rows())


def tally_of(
    run: LegacyImportRun, query: RowFilter, actor: User, now: datetime.datetime
) -> DecidedRows | None:
    """What one reviewer decided in the focus; None if nothing."""
    in_all = _decided_rows(run, query, actor=actor)
    return (
        DecidedRows(_decided_rows(run, query, actor=actor, since=midnight(now)), in_all)
        if in_all
        else None
    )


def midnight(now: datetime.datetime) -> datetime.datetime:
    """The beginning of the day, in the time zone of the settings."""
    return timezone.localtime(now, timezone.get_default_timezone()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


def _decided_rows(
    run: LegacyImportRun,
    query: RowFilter,
    *,
    actor: User | None = None,
    since: datetime.datetime | None = None,
) -> int:
    """Rows of the run with a decision of the actor (None: of anyone); at most MOST_COUNTED.

    A row that was postponed, reset or changed on the old platform since is not decided.
    """
    decisions = LegacyReviewDecision.objects.standing().filter(connection_name=run.connection_name)
    decisions = decisions.exclude(decision__in=(ReviewDecision.LATER, ReviewDecision.RESET))
    if actor is not None:
        decisions = decisions.filter(actor=actor)
    if since is not None:
        decisions = decisions.filter(created_at__gte=since)
    rows = rows_of(run).exclude(decision__in=UNDECIDED)
    if query.classifications is not None:
        rows = rows.filter(classification__in=sorted(query.classifications))
    same_row = rows.filter(source_table=OuterRef("source_table"), legacy_id=OuterRef("legacy_id"))
    # One look-up per decision: of an EXISTS, MariaDB may read all rows of the run.
    in_run = decisions.annotate(row=Subquery(same_row.order_by().values("pk")[:1]))
    names = in_run.filter(row__isnull=False).order_by().values("source_table", "legacy_id")
    return names.distinct()[:MOST_COUNTED].count()
