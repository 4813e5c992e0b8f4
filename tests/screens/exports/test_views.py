"""`…/{run}/export.csv` and `.json`: who may have them, their headers, and the log."""

import csv
import gzip
import io
import json
import re

import pytest
from django.contrib.auth.models import Group
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from legacy_import.choices import AccessKind
from legacy_import.models import LegacyAccessLog, LegacyStudentImport
from tests.factories import RunFactory, UserFactory
from tests.screens.learners.test_listing import CANARY_FIELDS, EMAIL, PHONE, run_of

pytestmark = pytest.mark.django_db

KINDS = ["csv", "json"]


def signed_in(*groups: str, **fields) -> Client:
    user = UserFactory(is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager() -> Client:
    return signed_in("Manager", username="amel")


def address(run, kind: str) -> str:
    return f"/admin/legacy-imports/{run if isinstance(run, int) else run.pk}/export.{kind}"


def body(response) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8")


def lines(response, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(response).removeprefix("\ufeff")),
                               delimiter=delimiter))  # fmt: skip


# --- Who ---------------------------------------------------------------------------------------------

ALLOWED = {
    "": 403, "Reader": 403, "Reviewer": 403, "Manager": 200, "Operator": 200, "superuser": 200,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("group", "status"), ALLOWED.items())
def test_only_the_permission_to_export_exports(group, status, kind):
    run = run_of(3)
    client = signed_in(group, is_superuser=group == "superuser")
    for method in (client.get, client.head):
        assert method(address(run, kind)).status_code == status
    assert LegacyAccessLog.objects.count() == (status == 200)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_led_to_the_login_and_nothing_is_logged(client, kind):
    response = client.get(address(run_of(3), kind))
    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")
    assert not LegacyAccessLog.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_exports_are_only_read(manager, method, kind):
    assert getattr(manager, method)(address(run_of(3), kind)).status_code == 405
    assert not LegacyAccessLog.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("run", [0, 9_999, 10**40])
def test_an_unknown_run_is_not_found(manager, run, kind):
    assert manager.get(address(run, kind)).status_code == 404
    assert not LegacyAccessLog.objects.exists()


@pytest.mark.parametrize(
    "query", [{"separator": "pipe"}, {"separator": ""}, {"classification": "x"}, {"outcome": "'"}]
)
def test_what_is_no_filter_is_not_found_and_not_logged(manager, query):
    assert manager.get(address(run_of(3), "csv"), query).status_code == 404
    assert not LegacyAccessLog.objects.exists()


def test_a_contact_in_the_address_is_refused_and_not_logged(manager):
    response = manager.get(address(run_of(3), "csv"), {"q": PHONE})
    assert response.status_code == 400
    assert PHONE not in body(response)
    assert not LegacyAccessLog.objects.exists()


# --- The answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content_type"), [("csv", "text/csv; charset=utf-8"), ("json", "application/json")]
)
def test_the_file_says_that_it_is_masked_and_no_cache_keeps_it(manager, kind, content_type):
    run = run_of(3)
    today = timezone.localdate().isoformat()
    expected = {
        "Content-Type": content_type,
        "Content-Disposition": f'attachment; filename="legacy-run-{run.pk}-masked-{today}.{kind}"',
        "X-Content-Type-Options": "nosniff",
    }
    answers = [manager.get(address(run, kind)), manager.head(address(run, kind))]
    for answer in answers:
        assert {name: answer[name] for name in expected} == expected
        assert "no-store" in answer["Cache-Control"]
    assert body(answers[1]) == ""


def test_the_csv_is_streamed(manager):
    assert isinstance(manager.get(address(run_of(3), "csv")), StreamingHttpResponse)


def test_the_csv_has_every_row(manager):
    run = run_of(12)
    run_of(2)  # of another run
    found = lines(manager.get(address(run, "csv")))
    assert [row["legacy_id"] for row in found] == [str(n) for n in range(1, 13)]
    assert {row["run"] for row in found} == {str(run.pk)}


def test_what_the_list_shows_is_what_is_exported(manager):
    run = run_of(12)
    query = {"classification": "lead_only", "source_table": "stagiaires"}
    html = manager.get("/admin/legacy-imports/students", {"run": run.pk, **query}).content.decode()
    shown = re.findall(r'<bdi dir="ltr">((?:stagiaires|archives):\d+)</bdi>', html)
    found = lines(manager.get(address(run, "csv"), query))
    assert [f"{row['source_table']}:{row['legacy_id']}" for row in found] == shown


@pytest.mark.parametrize(("name", "delimiter"), [("semicolon", ";"), ("tab", "\t")])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_separator_is_what_the_address_says_in_every_language(
    manager, name, delimiter, language
):
    run = run_of(3)
    headers = {"accept-language": language}
    plain = manager.get(address(run, "csv"), headers=headers)
    chosen = manager.get(address(run, "csv"), {"separator": name}, headers=headers)
    assert lines(plain) == lines(chosen, delimiter)


def test_the_json_is_the_summary(manager):
    run = run_of(12)
    told = json.loads(body(manager.get(address(run, "json"))))
    assert (told["schema_version"], told["run"], told["status"]) == (1, run.pk, "planned")
    assert sum(told["counts"]["plan"].values()) == 12


def test_a_run_without_rows_is_an_empty_file(manager):
    run = RunFactory()
    assert lines(manager.get(address(run, "csv"))) == []
    assert json.loads(body(manager.get(address(run, "json"))))["counts"]["rows"] == 0


# --- The log -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_export_is_one_entry_and_a_head_is_none(manager, kind):
    run = run_of(3)
    manager.head(address(run, kind))
    assert not LegacyAccessLog.objects.exists()
    for _ in range(2):
        manager.get(address(run, kind), {"classification": "unknown"} if kind == "csv" else {})
    entries = list(LegacyAccessLog.objects.select_related("actor"))
    assert len(entries) == 2
    for entry in entries:
        assert (entry.kind, entry.legacy_import_run, entry.student_import) == (
            AccessKind.EXPORT, run, None,
        )  # fmt: skip
        assert entry.actor.get_username() == "amel"
        assert entry.reason == ("csv classification=unknown" if kind == "csv" else "json")


# --- Never -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"separator": "tab"}, {"q": "fictif"}], ids=str)
def test_a_contact_in_any_column_is_in_no_byte(query):
    run = run_of(3)
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(**CANARY_FIELDS)
    client = signed_in(is_superuser=True)
    for kind in KINDS:
        whole = body(client.get(address(run, kind), query))
        assert "559446482" not in re.sub(r"\D", "", whole)
        assert not any(spelled in whole for spelled in (EMAIL, "karim.haddad", PHONE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_compressed_export_is_the_same_file(manager, kind):
    run = run_of(40)
    plain = manager.get(address(run, kind), secure=True)
    packed = manager.get(address(run, kind), secure=True, headers={"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert packed.streaming == plain.streaming == (kind == "csv")
    content = b"".join(packed) if packed.streaming else packed.content
    assert gzip.decompress(content).decode("utf-8") == body(plain)
    assert packed["Content-Disposition"] == plain["Content-Disposition"]
