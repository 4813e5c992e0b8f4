"""Repeating on a row what reviewers decided about an earlier version of it."""

import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from legacy_import.choices import Classification, PersonKind, ReviewDecision
from legacy_import.models import LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.source_decisions import RowDecisions, decisions_on
from legacy_import.review.decisions import (
    CourseArgument,
    DecidedMeanwhile,
    NotPossible,
    connection_of,
    decide,
    latest_event,
    lock_row,
)


def repeat(
    *, row_id: int, version: int, actor: User, now: datetime.datetime
) -> list[LegacyReviewDecision]:
    """Decide about the row as it was decided about its earlier version, with the same arguments.

    All of it or nothing. A link is repeated only to a person whom the row matches now. Raises
    UnknownRow, NotPossible, RowCommitted, DecidedMeanwhile.
    """
    with transaction.atomic():
        row = lock_row(row_id)
        if row.version != version:
            raise DecidedMeanwhile(row_id, latest_event(row))
        rows = LegacyStudentImport.objects.filter(pk=row_id)
        earlier = decisions_on(rows, connection_of(row)).get(row_id, RowDecisions()).earlier
        if not earlier:
            raise NotPossible(_("Nothing was decided about an earlier version of this row."))
        notes = dict(
            LegacyReviewDecision.objects.filter(pk__in=[one.pk for one in earlier]).values_list(
                "pk", "note"
            )
        )
        return [
            decide(
                row_id=row_id,
                version=version + place,
                decision=ReviewDecision(one.decision),
                actor=actor,
                now=now,
                treat_as=Classification(one.treat_as) if one.treat_as else None,
                person=(PersonKind(one.target_kind).value, one.target_id)
                if one.target_id
                else None,
                inactive=one.target_inactive,
                course=CourseArgument(one.course_id),
                note=notes[one.pk],
            )
            for place, one in enumerate(earlier)
        ]
