"""Two reviewers share a queue: each is given rows that no other has open."""

import datetime

import pytest

from legacy_import.models import ReviewClaim
from legacy_import.review.claims import CLAIM, MOST_CLAIMS, other_viewers, take, taken_rows
from tests.review.reviewing import LATER_ON, queue_of_unknown, reviewer, rows_of

pytestmark = pytest.mark.django_db
SECOND = datetime.timedelta(seconds=1)


def test_a_row_is_given_to_one_of_two_until_the_claim_expires():
    (row,) = rows_of(queue_of_unknown(1))
    nadia, karim = reviewer(first_name="Nadia"), reviewer()
    assert take(row_id=row.pk, actor=nadia, now=LATER_ON)
    assert not take(row_id=row.pk, actor=karim, now=LATER_ON + CLAIM - SECOND)
    assert taken_rows(actor=karim, now=LATER_ON) == [row.pk]
    assert taken_rows(actor=nadia, now=LATER_ON) == []
    assert other_viewers(row_ids=[row.pk], actor=karim, now=LATER_ON) == {row.pk: "Nadia"}
    assert take(row_id=row.pk, actor=nadia, now=LATER_ON + SECOND)  # renewed
    assert not take(row_id=row.pk, actor=karim, now=LATER_ON + CLAIM)
    assert take(row_id=row.pk, actor=karim, now=LATER_ON + SECOND + CLAIM)
    assert ReviewClaim.objects.get().actor == karim


def test_rows_that_were_only_leafed_through_are_free_for_others():
    rows = rows_of(queue_of_unknown(MOST_CLAIMS + 3))
    nadia, karim = reviewer(), reviewer()
    assert take(row_id=rows[-1].pk, actor=karim, now=LATER_ON)
    for place, row in enumerate(rows[:-1]):
        assert take(row_id=row.pk, actor=nadia, now=LATER_ON + place * SECOND)
    held = {row.pk for row in rows[:-1][-MOST_CLAIMS:]}
    assert set(taken_rows(actor=karim, now=LATER_ON)) == held
    assert taken_rows(actor=nadia, now=LATER_ON) == [rows[-1].pk]
