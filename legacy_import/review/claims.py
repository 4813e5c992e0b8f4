"""Who has which row open: two reviewers share a queue, and each is given rows that no other has open.

A claim lasts five minutes and locks nothing: a row that a user asks for opens whoever has it.
"""

import datetime
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from legacy_import.models import LegacyStudentImport, ReviewClaim
from legacy_import.review.decisions import name_of

CLAIM = datetime.timedelta(minutes=5)
MOST_CLAIMS = 3  # of one user: rows that were only leafed through are free again for others


def claim(*, row_id: int, actor: User, now: datetime.datetime) -> str:
    """Record that the actor has the row open; returns the name of another user who has it open.

    Another user's claim stays until it expires. "": no such row.
    """
    if not LegacyStudentImport.objects.filter(pk=row_id).exists():
        return ""
    if take(row_id=row_id, actor=actor, now=now):
        return ""
    return other_viewers(row_ids=[row_id], actor=actor, now=now).get(row_id, "")


def take(*, row_id: int, actor: User, now: datetime.datetime) -> bool:
    """Claim an existing row; False if another user has it. Of two at the same moment, one gets it."""
    until = now + CLAIM
    claims = ReviewClaim.objects.filter(student_import_id=row_id)
    free = Q(actor=actor) | Q(expires_at__lte=now)
    if claims.filter(free).update(actor=actor, expires_at=until):
        return True
    try:
        with transaction.atomic():
            ReviewClaim.objects.create(student_import_id=row_id, actor=actor, expires_at=until)
    except IntegrityError:  # another user's claim
        return False
    own = ReviewClaim.objects.filter(actor=actor).order_by("-expires_at", "-pk")
    oldest = list(own.values_list("pk", flat=True)[MOST_CLAIMS : MOST_CLAIMS + 100])
    if oldest:
        ReviewClaim.objects.filter(pk__in=oldest, actor=actor).delete()
    return True


def taken_rows(*, actor: User, now: datetime.datetime) -> list[int]:
    """The rows that other users have open: at most MOST_CLAIMS of each."""
    others = ReviewClaim.objects.filter(expires_at__gt=now).exclude(actor=actor)
    return list(others.values_list("student_import_id", flat=True))


def other_viewers(*, row_ids: Sequence[int], actor: User, now: datetime.datetime) -> dict[int, str]:
    """Row id → the name of another user who has it open now."""
    claims = ReviewClaim.objects.filter(student_import_id__in=row_ids, expires_at__gt=now)
    others = claims.exclude(actor=actor).select_related("actor")
    return {claim.student_import_id: name_of(claim.actor) for claim in others}
