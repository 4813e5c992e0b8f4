"""`/healthz` and `/readyz`: answered without signing in, and without telling a secret."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

SECRETS = ("sqlite", "mysql", "mariadb", "localhost", "127.0.0.1", "password", "Traceback")


@pytest.fixture
def broken_database(monkeypatch):
    """The app database's address leads nowhere."""
    connection = connections["default"]
    connection.close()
    options = {**connection.settings_dict, "NAME": "/nowhere/nothing.sqlite3",
               "HOST": "/nowhere/socket", "PASSWORD": "password"}  # fmt: skip
    monkeypatch.setattr(connection, "settings_dict", options)
    yield
    connection.close()


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_a_ready_platform_says_so_to_anybody(address):
    answer = Client().get(address)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert "no-store" in answer["Cache-Control"]
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_they_are_asked_only(address):
    assert Client().post(address).status_code == 405
    assert Client().head(address).status_code == 200


def test_being_alive_needs_no_database(client):
    # Without the django_db mark any query fails the test.
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_is_not_ready():
    newest = MigrationRecorder.Migration.objects.filter(app="legacy_imports").latest("pk")
    newest.delete()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "reason": "the app database is not migrated"}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_not_ready_and_no_secret_is_told(
    broken_database, caplog
):
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the app database does not answer"
    told = answer.content.decode() + caplog.text
    assert not [secret for secret in SECRETS if secret in told]
    assert "/nowhere" not in told


@pytest.mark.django_db
def test_nobody_is_made_or_signed_in():
    Client().get("/readyz")
    assert not get_user_model().objects.exists()
