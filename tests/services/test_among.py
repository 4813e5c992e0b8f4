"""Ids written into the statement as digits, and what a connection is told first."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from crm.models import CourseInterest, CrmLead
from ecoin.among import Ids
from ecoin.database import prepare
from tests.factories import CourseInterestFactory, CrmLeadFactory
from tests.processes import ON_MARIADB

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


def test_thousands_of_ids_are_one_statement_without_a_parameter() -> None:
    lead = CrmLeadFactory()
    found = CrmLead.objects.filter(pk__among=Ids(range(lead.pk, lead.pk + 5_000)))
    assert found.query.sql_with_params()[1] == ()
    assert list(found) == [lead]


if ON_MARIADB:

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
    assert connections["legacy"].alias == "legacy"
