"""Ids written into the statement as digits, and what a connection is told first."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.models import CourseInterest, CrmLead
from ecoin.bulk import Ids, check_server
from ecoin.database import prepare
from tests.factories import CourseInterestFactory, CrmLeadFactory
from tests.processes import ON_SERVER

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wrap", [list, set, tuple, iter], ids=lambda wrap: wrap.__name__)
def test_the_rows_with_these_ids_are_found(wrap: Callable[[Any], Iterable[int]]) -> None:
    first, second, third = CrmLeadFactory.create_batch(3)
    found = CrmLead.objects.filter(pk__among=Ids(wrap([first.pk, third.pk])))
    assert set(found) == {first, third}
    assert set(CrmLead.objects.exclude(pk__among=Ids([first.pk, third.pk]))) == {second}


def test_a_foreign_key_is_asked_by_its_id() -> None:
    wanted, _ = CourseInterestFactory.create_batch(2)
    found = CourseInterest.objects.filter(lead__among=Ids([wanted.lead_id]))
    assert list(found) == [wanted]


def test_nobodys_id_is_left_out() -> None:
    lead = CrmLeadFactory()
    assert list(CrmLead.objects.filter(pk__among=Ids([None, lead.pk]))) == [lead]


@pytest.mark.parametrize("ids", [[], [None]], ids=["none", "nobody"])
def test_of_no_ids_nothing_is_asked(ids: list[int | None]) -> None:
    CrmLeadFactory()
    with CaptureQueriesContext(connection) as captured:
        assert not list(CrmLead.objects.filter(pk__among=Ids(ids)))
    assert len(captured) == 0


@pytest.mark.parametrize("id_", ["1) OR (1=1", "", object()], ids=["statement", "empty", "object"])
def test_only_numbers_are_ids(id_: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        Ids([1, id_])


@given(wanted=st.sets(st.integers(1, 60)))
@settings(max_examples=200, deadline=None)
def test_ranges_hold_exactly_the_ids(wanted: set[int]) -> None:
    ids = Ids(wanted)
    held = [pk for first, last in ids.ranges() for pk in range(first, last + 1)]
    assert held == sorted(wanted)
    assert all(later > last + 1 for (_, last), (later, _) in pairwise(ids.ranges()))


def test_neighbours_are_asked_for_as_a_range_where_the_server_likes_that() -> None:
    sqlite, mysql = SimpleNamespace(vendor="sqlite"), SimpleNamespace(vendor="mysql")
    assert Ids([9, 2, 4, 3, 5, 2]).within("id", sqlite) == "id IN (2,3,4,5,9)"
    assert Ids([9, 2, 4, 3, 5, 2]).within("id", mysql) == "id IN (2,3,4,5,9)"
    assert Ids([*range(2, 9), 12]).within("id", mysql) == (
        "(id BETWEEN 2 AND 8 OR id BETWEEN 12 AND 12)"
    )


def test_ids_with_a_gap_are_found_and_excluded() -> None:
    leads = CrmLeadFactory.create_batch(12)
    wanted = {lead.pk for number, lead in enumerate(leads) if number != 7}
    asked = Ids(wanted)
    assert set(CrmLead.objects.filter(pk__among=asked).values_list("pk", flat=True)) == wanted
    assert list(CrmLead.objects.exclude(pk__among=asked)) == [leads[7]]


def test_thousands_of_ids_are_one_statement_without_a_parameter() -> None:
    lead = CrmLeadFactory()
    found = CrmLead.objects.filter(pk__among=Ids(range(lead.pk, lead.pk + 5_000)))
    assert found.query.sql_with_params()[1] == ()
    assert list(found) == [lead]


if ON_SERVER:

    @pytest.mark.mariadb_only("its optimizer makes a subquery of a long list")
    def test_mariadb_makes_no_subquery_of_a_long_list() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@in_predicate_conversion_threshold")
            assert cursor.fetchone() == (0,)


def test_the_old_platforms_connection_is_told_nothing() -> None:
    class Legacy:
        alias, vendor, mysql_is_mariadb = "legacy", "mysql", True

        def cursor(self) -> Any:
            raise AssertionError("nothing may be said on it")

    prepare(Legacy())
    check_server(Legacy())
    assert connections["legacy"].alias == "legacy"
