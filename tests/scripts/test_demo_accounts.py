"""The accounts of `make demo`: one per role, the same after every run of it."""

import pytest
from django.test import Client

from scripts import demo_accounts
from scripts.demo_accounts import PASSWORD, SHOWS

pytestmark = pytest.mark.django_db
RUNS = "/admin/legacy-imports"


@pytest.fixture(autouse=True)
def debug(settings) -> None:
    settings.DEBUG = True


@pytest.mark.parametrize("name", [name.lower() for name in SHOWS])
def test_whoever_is_signed_in_stays_so_when_the_demo_runs_again(client: Client, name: str) -> None:
    demo_accounts.create()
    assert client.login(username=name, password=PASSWORD)
    demo_accounts.create()
    assert client.get(RUNS).status_code == 200
    assert Client().login(username=name, password=PASSWORD)


def test_a_password_that_was_changed_is_the_demos_again(django_user_model) -> None:
    demo_accounts.create()
    reader = django_user_model._default_manager.get(username="reader")
    reader.set_password("another-fictional-one")
    reader.save()
    demo_accounts.create()
    assert Client().login(username="reader", password=PASSWORD)


def test_outside_debug_there_are_none(settings, django_user_model) -> None:
    settings.DEBUG = False
    with pytest.raises(SystemExit):
        demo_accounts.create()
    assert not django_user_model._default_manager.exists()
