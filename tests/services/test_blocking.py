"""Blocking: the database finds the pairs that a comparison of everybody with everybody would."""

import random
from collections.abc import Iterable

import pytest

from ecoin.bulk import insert_rows
from ecoin.identity.keys import Key
from legacy_import.models import (
    KEY_COLUMNS,
    PLATFORM,
    CandidatePair,
    HotKey,
    IdentityKey,
    LegacyImportRun,
)
from legacy_import.progress import Silent
from legacy_import.services import blocking
from legacy_import.services.hot_keys import CROWD, HOT_COLUMNS
from legacy_import.services.lease import Lease, LeaseLost, hold
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db

KINDS = ("P", "E", "D", "R", "Q", "S")
Carried = dict[tuple[str, int], set[Key]]  # (owner kind, id) → keys


def _carry(scope: int, carried: Carried) -> None:
    insert_rows(
        IdentityKey,
        KEY_COLUMNS,
        [
            (scope, kind, pk, key.kind, key.value)
            for (kind, pk), keys in carried.items()
            for key in keys
        ],
    )


def _people(chance: random.Random, kinds: Iterable[str], people: int, values: int) -> Carried:
    return {
        (chance.choice(tuple(kinds)), number): {
            Key(kind, f"v{chance.randrange(values)}") for kind in chance.sample(KINDS, 3)
        }
        for number in range(1, people + 1)
    }


def _find(run: LegacyImportRun) -> tuple[blocking.Pairs, blocking.Pairs]:
    with hold(run, "test", Silent()) as lease:
        blocking.find_pairs(run, lease, Silent())
    return blocking.pairs_of(run, 1, 10**6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("platform", [2, 60], ids=["few on the platform", "many on the platform"])
def test_pairs_are_those_of_a_comparison_of_all_with_all(platform: int, seed: int) -> None:
    chance = random.Random(seed)
    run, other = RunFactory(), RunFactory()
    staged = _people(chance, ["staged"], 30, 25)
    known = _people(chance, ["user", "lead"], platform, 25)
    _carry(run.pk, staged)
    _carry(other.pk, staged)  # another run's rows meet nobody of this one
    _carry(PLATFORM, known)
    hot, crowded = Key("P", "v3"), Key("E", "v4")
    insert_rows(
        HotKey,
        HOT_COLUMNS,
        [
            (run.pk, *hot, 30, 30, True, None),
            (run.pk, *crowded, 21, 1, False, 1),
            (other.pk, "P", "v5", 30, 30, True, None),
        ],
    )

    with_platform, in_run = _find(run)

    assert {row: dict(found) for row, found in with_platform.items()} == {
        pk: met
        for (_, pk), keys in staged.items()
        if (met := {p: both for p, k in known.items() if (both := keys & k - {hot})})
    }
    one_by_one = {Key(kind, f"v{n}") for kind in ("P", "E", "D", "R") for n in range(25)}
    meant = one_by_one - {hot, crowded}
    assert {row: dict(found) for row, found in in_run.items()} == {
        pk: met
        for (_, pk), keys in staged.items()
        if (
            met := {p: both for p, k in staged.items() if p[1] != pk and (both := keys & k & meant)}
        )
    }


@pytest.mark.parametrize(("carriers", "pairs"), [(CROWD, CROWD * (CROWD - 1)), (CROWD + 1, 0)])
def test_a_crowd_is_no_block(carriers: int, pairs: int) -> None:
    run = RunFactory()
    _carry(run.pk, {("staged", pk): {Key("P", "213559446168")} for pk in range(1, carriers + 1)})
    _find(run)
    assert CandidatePair.objects.count() == pairs


def test_pairs_are_found_anew_and_forgotten() -> None:
    run, other = RunFactory(), RunFactory()
    for pk in (run.pk, other.pk):
        _carry(pk, {("staged", 1): {Key("P", "1")}, ("staged", 2): {Key("P", "1")}})
    _find(other)
    assert _find(run) == _find(run)
    with hold(run, "test", Silent()) as lease:
        blocking.forget_pairs(run, lease)
    assert set(CandidatePair.objects.values_list("legacy_import_run_id", flat=True)) == {other.pk}


def test_who_does_not_hold_the_run_touches_no_pair() -> None:
    run = RunFactory()
    _carry(run.pk, {("staged", 1): {Key("P", "1")}, ("staged", 2): {Key("P", "1")}})
    _find(run)
    with pytest.raises(LeaseLost):
        blocking.forget_pairs(run, Lease(run.pk, "another"))
    assert CandidatePair.objects.count() == 2
