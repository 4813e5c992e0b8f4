"""`…/{run}/rollback`: what it shows, that it is done once, and what is refused."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import Outcome, RunStatus
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.screens.runs import in_request
from tests.screens.runs.run_screens import (
    ROOT,
    ask,
    everything,
    form_of,
    held,
    outcomes,
    person,
    planned_run,
    planned_run_again,
    send,
    signed_in,
    text,
    update,
)
from tests.stages.stages import run_commit
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    return planned_run()


@pytest.fixture
def operator() -> Any:
    return person("view", "map", "commit", "rollback", username="nadia")


@pytest.fixture
def client(operator: Any) -> Client:
    return signed_in(operator)


@pytest.fixture
def committed(run: Any) -> LegacyImportRun:
    run_commit(run)
    run.refresh_from_db()
    return run


def test_the_rollbacks_page_shows_what_would_become_of_each_record(
    client: Client, committed: Any
) -> None:
    edited = CrmLead.objects.order_by("pk").first()
    assert edited is not None
    edited.full_name = "Edite Depuis"
    edited.save()
    before = everything()
    answer = client.get(f"{ROOT}/{committed.pk}/rollback")
    told = text(answer)
    assert answer.status_code == 200
    for words in (
        "It undoes 6 rows", "completed training deleted 2", "imported enrolment deleted 1",
        "lead deleted 2", "lead kept because edited 1", "Would stay", "kept because edited",
    ):  # fmt: skip
        assert words in told, (words, told)
    assert everything() == before


def test_a_large_rollback_shows_counts_and_the_preview_command(
    client: Client, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legacy_import.screens.runs.operation_views.MOST_ROWS_PREVIEWED", 5)
    told = text(client.get(f"{ROOT}/{committed.pk}/rollback"))
    assert "lead created 3" in told
    assert f"legacy_rollback --preview --run {committed.pk}" in told


def test_a_run_is_rolled_back_once(client: Client, committed: Any) -> None:
    form = ask(client, committed, "rollback")
    answer = send(client, committed, "rollback", **form)
    assert answer.status_code == 303
    told = text(client.get(answer.url))
    assert "lead deleted 3" in told
    assert "Nothing of this run is on the platform any more." in told
    assert not CrmLead.objects.exists()
    assert not LegacyCompletedTraining.objects.exists()
    committed.refresh_from_db()
    assert committed.status == RunStatus.ROLLED_BACK
    assert outcomes(committed)[Outcome.ROLLED_BACK] == 6
    before = everything()
    again = send(client, committed, "rollback", **form)
    assert again.status_code == 409
    assert "This form was sent before" in text(again)
    assert everything() == before
    reversed_by = LegacyImportCommitLog.objects.exclude(reversed_at=None).values_list("reversed_by")
    assert {who for (who,) in reversed_by} == {"nadia"}


def test_a_rollback_that_takes_long_goes_on_with_the_next_request(
    client: Client, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_request, "SECONDS", -1)
    form = ask(client, committed, "rollback")
    answer = client.get(send(client, committed, "rollback", **form).url)
    assert "Rows still on the platform: 3." in text(answer)
    committed.refresh_from_db()
    assert committed.status == RunStatus.ROLLING_BACK
    answer = client.get(send(client, committed, "rollback", **form_of(answer)).url)
    assert not CrmLead.objects.exists()


ROLLBACK_REFUSED: dict[str, tuple[Any, str]] = {
    "closed": (lambda run: update(run, status="closed"), "permanently closed"),
    "held": (held, "legacy_commit on atelier"),
}


@pytest.mark.parametrize(("spoil", "words"), ROLLBACK_REFUSED.values(), ids=ROLLBACK_REFUSED)
def test_what_cannot_be_rolled_back_is_refused_in_words(
    client: Client, committed: Any, spoil: Any, words: str
) -> None:
    form = ask(client, committed, "rollback")
    spoil(committed)
    before = everything()
    address = f"{ROOT}/{committed.pk}/rollback"
    for answer in (client.get(address), send(client, committed, "rollback", **form)):
        assert answer.status_code == 409
        assert words in text(answer)
    assert everything() == before


def test_a_run_that_committed_nothing_has_nothing_to_roll_back(client: Client, run: Any) -> None:
    answer = client.get(f"{ROOT}/{run.pk}/rollback")
    assert answer.status_code == 409
    assert "has committed nothing" in text(answer)


def test_a_run_on_which_a_newer_one_rests_is_refused_before_anything_is_asked(
    client: Client, committed: Any
) -> None:
    newer = planned_run_again(committed)
    row = LegacyStudentImport.objects.get(legacy_import_run=newer)
    lead = CrmLead.objects.order_by("pk").first()
    assert lead is not None
    LegacyImportCommitLog.objects.create(
        legacy_import_run=newer, student_import=row, action="link_existing",
        target_model="crm.CrmLead", target_id=lead.pk, created_target=False, reason="known_person",
        actor="cli:test", created_at=timezone.now(),
    )  # fmt: skip
    before = everything()
    answer = client.get(f"{ROOT}/{committed.pk}/rollback")
    assert answer.status_code == 409
    assert f"legacy_rollback --run {newer.pk} --preview" in text(answer)
    assert everything() == before


# --- Some rows only ----------------------------------------------------------------------------------


def lead_row() -> LegacyStudentImport:
    rows = LegacyStudentImport.objects.filter(outcome=Outcome.CREATE_CRM_LEAD)
    return rows.order_by("pk")[0]


def lineage_of(row: LegacyStudentImport) -> str:
    return f"{ROOT}/lineage?origin=legacy:{row}:lead"


def test_a_rows_lineage_leads_to_its_rollback_and_only_it_goes(
    client: Client, committed: Any
) -> None:
    row = lead_row()
    address = f"{ROOT}/{committed.pk}/rollback?rows={str(row).replace(':', '%3A')}"
    assert f'href="{address}"' in client.get(lineage_of(row)).content.decode()
    before = everything()
    page = client.get(address)
    for words in ("It undoes only these rows: " + str(row), "It undoes 1 rows", "lead deleted 1",
                  "All other rows stay as they are", "Roll these rows back"):  # fmt: skip
        assert words in text(page), words
    assert everything() == before
    leads = CrmLead.objects.count()
    answer = client.post(f"{ROOT}/{committed.pk}/rollback", {**form_of(page), "rows": str(row)})
    assert answer.status_code == 303
    told = text(client.get(answer.url))
    for words in ("Rows looked at: 1.", "What became of the rows' records and links",
                  "Nothing of these rows is on the platform any more."):  # fmt: skip
        assert words in told, (words, told)
    assert CrmLead.objects.count() == leads - 1
    committed.refresh_from_db()
    assert committed.status == RunStatus.COMMITTED
    assert client.get(lineage_of(row)).content.decode().count("rows=stagiaires") == 0
    assert "Nothing of these rows is on the platform." in text(client.get(address))


def test_the_form_of_one_row_rolls_back_no_other(client: Client, committed: Any) -> None:
    row = lead_row()
    page = client.get(f"{ROOT}/{committed.pk}/rollback", {"rows": str(row)})
    assert f'<input type="hidden" name="rows" value="{row}">' in page.content.decode()
    before = everything()
    for rows in ("", "stagiaires:99999", str(LegacyStudentImport.objects.latest("pk"))):
        answer = client.post(f"{ROOT}/{committed.pk}/rollback", {**form_of(page), "rows": rows})
        assert answer.status_code == 409, rows
    assert everything() == before


def test_the_form_of_one_row_is_valid_once(client: Client, committed: Any) -> None:
    row = lead_row()
    page = client.get(f"{ROOT}/{committed.pk}/rollback", {"rows": str(row)})
    fields = {**form_of(page), "rows": str(row)}
    first = client.post(f"{ROOT}/{committed.pk}/rollback", fields)
    after = everything()
    again = client.post(f"{ROOT}/{committed.pk}/rollback", fields)
    assert (first.status_code, again.status_code) == (303, 409)
    assert "This form was sent before" in text(again)
    assert everything() == after


def test_a_wrong_database_rolls_no_row_back(client: Client, committed: Any) -> None:
    row = lead_row()
    page = client.get(f"{ROOT}/{committed.pk}/rollback", {"rows": str(row)})
    fields = {**form_of(page), "rows": str(row), "database": "another"}
    before = everything()
    assert client.post(f"{ROOT}/{committed.pk}/rollback", fields).status_code == 400
    assert everything() == before


@pytest.mark.parametrize("rows", ["1", "formations:1", "stagiaires:", "stagiaires:1;", "x" * 9_000])
def test_rows_that_are_none_are_not_found(client: Client, committed: Any, rows: str) -> None:
    assert client.get(f"{ROOT}/{committed.pk}/rollback", {"rows": rows}).status_code == 404
    assert client.post(f"{ROOT}/{committed.pk}/rollback", {"rows": rows}).status_code == 404


def test_a_row_that_the_run_does_not_have_is_explained(client: Client, committed: Any) -> None:
    answer = client.get(f"{ROOT}/{committed.pk}/rollback", {"rows": "archives:999"})
    assert answer.status_code == 409
    assert "has no row archives:999" in text(answer)


def test_only_an_operator_and_an_open_run_get_the_button(client: Client, committed: Any) -> None:
    row = lead_row()
    reader = signed_in(person("view", "commit"))
    assert "Roll this row back" not in text(reader.get(lineage_of(row)))
    assert "Roll this row back" in text(client.get(lineage_of(row)))
    update(committed, status=RunStatus.CLOSED)
    assert "Roll this row back" not in text(client.get(lineage_of(row)))
