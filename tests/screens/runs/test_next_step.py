"""The card at the top of a run: what most rows wait for, with its button for those who may."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils.html import strip_tags

from legacy_import.models import LegacyImportRun
from legacy_import.screens.next_step import next_step_of
from tests.factories import RunFactory, StagedLearnerFactory, UserFactory
from tests.review.rows_for_review import REGISTERED, a_school
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db


def planned(*statuses: str, **fields: str) -> LegacyImportRun:
    run = RunFactory()
    for status in statuses:
        StagedLearnerFactory(run=run, **{"status": status, **fields})
    run_stages(run)
    run.refresh_from_db()
    return run


def step_of(run: LegacyImportRun) -> tuple[str, int] | None:
    step = next_step_of(run)
    return (step.address.partition("?")[0].rpartition("/")[2], step.rows) if step else None


def test_most_rows_can_be_committed() -> None:
    run = planned("nouveau", "nouveau", "mystère")
    assert step_of(run) == ("commit", 2)
    run_commit(run)
    assert step_of(run) == ("status-mapping", 1)


def test_most_rows_wait_for_their_sessions() -> None:
    a_school()
    assert (
        step_of(planned("Confirmer", "nouveau", **{**REGISTERED, "session_id": "40"})) is not None
    )
    fields = {key: value for key, value in REGISTERED.items() if key != "status"}
    run = planned("Confirmer", "Confirmer", "nouveau", **{**fields, "session_id": "40"})
    assert step_of(run) == ("session-mapping", 2)


def test_rows_without_a_contact_need_a_decision() -> None:
    assert step_of(planned("nouveau", phone="")) == ("review", 1)


def test_when_everything_is_committed_it_is_proved() -> None:
    run = planned("nouveau")
    run_commit(run)
    run.refresh_from_db()
    assert step_of(run) == ("reconcile", 1)


def test_before_the_plan_the_next_stage_comes_next() -> None:
    run = RunFactory(status="imported")
    StagedLearnerFactory(run=run)
    step = next_step_of(run)
    assert step is not None
    assert (step.address, step.commands) == ("", (f"legacy_validate --run {run.pk}",))


@pytest.mark.parametrize(("group", "has_button"), [("Operator", True), ("Reader", False)])
def test_the_button_is_for_those_who_may(group: str, has_button: bool) -> None:
    run = planned("nouveau")
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    page = client.get(
        f"/admin/legacy-imports/{run.pk}", secure=True, headers={"accept-language": "en"}
    ).content.decode()
    card = page.partition('aria-labelledby="li-next"')[2].partition("</section>")[0]
    assert "Planned rows that can be committed: 1" in " ".join(strip_tags(card).split())
    assert ("Commit the next batch" in card) is has_button
