"""Blocking: the database finds the pairs that a comparison of everybody with everybody would."""

import datetime
import random

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from ecoin.bulk import insert_rows
from ecoin.identity.keys import Key, is_missing_date
from legacy_import.models import (
    KEY_COLUMNS,
    PLATFORM,
    CandidatePair,
    HotKey,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.people import pairs as blocking
from legacy_import.people.shared_keys import CROWD, HOT_COLUMNS
from legacy_import.rules.guards import BirthDates, birth_date_guard
from legacy_import.runs.lease import Lease, LeaseLost, run_lease
from legacy_import.runs.progress import Silent
from tests.factories import (
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    StagedLearnerFactory,
)

pytestmark = pytest.mark.django_db

KINDS = ("P", "E", "D", "R", "Q", "S")
Person = tuple[str, int]  # (owner kind, id)
Carried = dict[Person, set[Key]]
Born = dict[Person, datetime.date | None]
DATES = [
    None, datetime.date(1900, 5, 5), datetime.date(1970, 1, 1), datetime.date(1999, 3, 2),
    datetime.date(1999, 2, 3), datetime.date(1999, 1, 1), datetime.date(1998, 3, 2),
    datetime.date(1985, 11, 30), datetime.date(1985, 11, 20),
]  # fmt: skip
ANY_DATE = st.one_of(
    st.dates(datetime.date(1890, 1, 1), datetime.date(2010, 12, 31)),
    st.sampled_from([date for date in DATES if date]),
)


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


def _keys(chance: random.Random, values: int = 25) -> set[Key]:
    return {Key(kind, f"v{chance.randrange(values)}") for kind in chance.sample(KINDS, 3)}


def _staged(chance: random.Random, run: LegacyImportRun, rows: int) -> tuple[Carried, Born]:
    """Rows of the run with keys of our own choice, and when their people were born."""
    born: Born = {("staged", StagedLearnerFactory(run=run).pk): None for _ in range(rows)}
    for _, pk in born:
        born["staged", pk] = date = chance.choice(DATES)
        LegacyStudentImport.objects.filter(pk=pk).update(birth_date=date)
    IdentityKey.objects.filter(scope=run.pk).delete()
    return {row: _keys(chance) for row in born}, born


def _known(chance: random.Random, people: int) -> tuple[Carried, Born]:
    """Leads and users with profiles, likewise."""
    carried: Carried = {}
    born: Born = {}
    for _ in range(people):
        date = chance.choice(DATES)
        if chance.random() < 0.5:
            person = ("lead", CrmLeadFactory(birth_date=date).pk)
        else:
            person = ("user", LearnerProfileFactory(birth_date=date).user_id)
        carried[person], born[person] = _keys(chance), date
    return carried, born


def _find(run: LegacyImportRun) -> tuple[blocking.Pairs, blocking.Pairs]:
    with run_lease(run, "test", Silent()) as lease:
        blocking.find_pairs(run, lease, Silent())
    return blocking.pairs_of(run, 1, 10**6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("platform", [2, 60], ids=["few on the platform", "many on the platform"])
def test_pairs_are_those_of_a_comparison_of_all_with_all(
    platform: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "NAMES_AT_ONCE", 7)
    chance = random.Random(seed)
    run, other = RunFactory(), RunFactory()
    staged, births = _staged(chance, run, 30)
    known, born = _known(chance, platform)
    _carry(run.pk, staged)
    _carry(other.pk, staged)  # another run's rows meet nobody of this one
    _carry(PLATFORM, known)
    hot, crowded, common = Key("P", "v3"), Key("E", "v4"), Key("S", "v6")
    insert_rows(
        HotKey,
        HOT_COLUMNS,
        [
            (run.pk, *hot, 30, 30, True, None),
            (run.pk, *crowded, 21, 1, False, 1),
            (run.pk, *common, 51, 1, True, None),
            (other.pk, "P", "v5", 30, 30, True, None),
        ],
    )

    with_platform, in_run = _find(run)

    def shared(row: Person, person: Person) -> set[Key]:
        both = staged[row] & known[person] - {hot, common}
        if birth_date_guard(births[row], born[person]) is BirthDates.CONFLICT:
            return {key for key in both if key.kind != "S"}
        return both

    found = {row: dict(met) for row, met in with_platform.items()}
    expected = {
        row[1]: met for row in staged if (met := {p: b for p in known if (b := shared(row, p))})
    }
    for row, met in expected.items():
        for person, keys in met.items():
            assert found[row][person] == keys
    more = {
        key.kind
        for row, met in found.items()
        for person, keys in met.items()
        for key in keys - expected.get(row, {}).get(person, set())
    }
    assert more <= {"S"}, "names are met a little too often, and nothing else is"

    one_by_one = {Key(kind, f"v{n}") for kind in ("P", "E", "D", "R") for n in range(25)}
    meant = one_by_one - {hot, crowded}
    together = {
        row[1]: met
        for row, keys in staged.items()
        if (met := {p: b for p, k in staged.items() if p != row and (b := keys & k & meant)})
    }
    assert {row: dict(met) for row, met in in_run.items()} == together


@st.composite
def two_dates(draw: st.DrawFn) -> tuple[datetime.date, datetime.date]:
    """Any two, or two of which one is the other mistyped."""
    one = draw(ANY_DATE)
    typed = list(one.isoformat())
    how = draw(st.sampled_from(["any", "digit", "swapped"]))
    if how == "digit":
        typed[draw(st.sampled_from([0, 1, 2, 3, 5, 6, 8, 9]))] = draw(st.sampled_from("0123456789"))
    elif how == "swapped":
        typed[5:7], typed[8:10] = typed[8:10], typed[5:7]
    try:
        other = datetime.date.fromisoformat("".join(typed))
    except ValueError:
        other = one
    return one, draw(ANY_DATE) if how == "any" else other


@given(dates=two_dates())
def test_birth_dates_that_are_not_near_contradict_each_other(
    dates: tuple[datetime.date, datetime.date],
) -> None:
    one, other = dates
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + blocking.near(f"'{one}'", f"'{other}'"))
        (near,) = cursor.fetchone()
    if not near:
        assert birth_date_guard(one, other) is BirthDates.CONFLICT
    else:
        same_year, same_day = one.year == other.year, one.isoformat()[4:] == other.isoformat()[4:]
        assert same_year or same_day or is_missing_date(one) or is_missing_date(other)


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
    with run_lease(run, "test", Silent()) as lease:
        blocking.forget_pairs(run, lease)
    assert set(CandidatePair.objects.values_list("legacy_import_run_id", flat=True)) == {other.pk}


def test_who_does_not_hold_the_run_touches_no_pair() -> None:
    run = RunFactory()
    _carry(run.pk, {("staged", 1): {Key("P", "1")}, ("staged", 2): {Key("P", "1")}})
    _find(run)
    with pytest.raises(LeaseLost):
        blocking.forget_pairs(run, Lease(run.pk, "another"))
    assert CandidatePair.objects.count() == 2
