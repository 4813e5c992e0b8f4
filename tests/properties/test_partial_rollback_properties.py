"""What is true of every rollback of a part, whatever was staged, known or decided."""

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome
from legacy_import.models import LegacyStudentImport
from legacy_import.stages.rollback.part import RunPart, select_rows
from tests.properties.schools import SCHOOLS, School
from tests.properties.test_commit_properties import (
    assert_whole,
    outcomes,
    run_commit,
    run_rollback,
    taken_back,
    usual,
)
from tests.stages.stages import BUSINESS, content_hash, run_stages

pytestmark = pytest.mark.django_db


def part_of(places: list[int]) -> RunPart | None:
    """The rows at these places among the committed ones, by name; None if nothing is committed."""
    rows = list(LegacyStudentImport.objects.filter(outcome__in=COMMITTED_OUTCOMES).order_by("pk"))
    return RunPart(rows=tuple({str(rows[place % len(rows)]) for place in places})) if rows else None


@usual
@given(
    school=SCHOOLS, places=st.lists(st.integers(0, 99), min_size=1, max_size=4),
    batch=st.integers(1, 5),
)  # fmt: skip
def test_a_part_goes_as_its_preview_says_and_nothing_else_does(
    school: School, places: list[int], batch: int
) -> None:
    with taken_back():
        run = school.planned()
        before = content_hash(BUSINESS)
        run_commit(run, batch=batch)
        part = part_of(places)
        if part is None:
            return
        committed, selected = outcomes(), select_rows(run, part)
        seen = run_rollback(run, batch=batch, part=part, preview=True)
        assert outcomes() == committed
        done = run_rollback(run, batch=batch, part=part)
        assert_whole()
        assert (seen.records, seen.rows, seen.kept_rows) == (
            done.records,
            done.rows,
            done.kept_rows,
        )
        event(f"followers: {min(len(selected.followers), 2)}, kept: {min(done.kept_rows, 2)}")
        changed = {pk for pk, outcome in outcomes().items() if outcome != committed[pk]}
        assert changed <= set(selected.ids)
        assert len(changed) == done.rows
        assert {outcomes()[pk] for pk in changed} <= {Outcome.ROLLED_BACK.value}
        run_rollback(run, batch=batch)  # what a part kept for its references goes with the rest
        assert_whole()
        assert content_hash(BUSINESS) == before


@usual
@given(school=SCHOOLS, places=st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_a_part_is_planned_and_committed_again(school: School, places: list[int]) -> None:
    with taken_back():
        run = school.planned()
        run_commit(run)
        part = part_of(places)
        if part is None:
            return
        run_rollback(run, part=part)
        run_stages(run)
        run_commit(run)
        assert_whole()
        assert Outcome.ROLLED_BACK.value not in outcomes().values()
        assert Outcome.PENDING.value not in outcomes().values()
