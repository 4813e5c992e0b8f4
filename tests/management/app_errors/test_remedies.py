"""What the app database refuses is one sentence with what helps: disk, rights, packets, silence."""

import pytest
from django.db import DatabaseError, OperationalError
from django.db.utils import InterfaceError

from legacy_import.management.app_errors import app_database_error


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (1021, "disk is full"), (1114, "disk is full"),
        (1290, "read-only"), (1836, "read-only"), (1792, "read-only"),
        (1153, "max_allowed_packet"), (2020, "max_allowed_packet"),
        (2002, "that its server answers"), (1045, "the password in DATABASE_URL"),
        (1049, "no such database"), (1142, "GRANT ALL"),
        (1205, "locked"), (1213, "locked"), (2013, "DATABASE_TIMEOUT"), (2006, "DATABASE_TIMEOUT"),
        (2026, "DATABASE_SSL_MODE"), (4711, "manage.py migrate has nothing to do"),
    ],
)  # fmt: skip
def test_each_error_of_a_server_has_its_remedy(number: int, remedy: str) -> None:
    error = app_database_error(OperationalError(number, "0559446168"))
    assert f"OperationalError {number}" in error.message
    assert remedy in error.hint
    assert "0559" not in f"{error.message} {error.hint}"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [DatabaseError, InterfaceError])
def test_an_error_without_a_number_is_answered_as_well(kind: type[Exception]) -> None:
    assert "DATABASE_URL" in app_database_error(kind("0559446168")).hint
