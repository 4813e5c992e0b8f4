"""The card at the top of a run: what most rows wait for, with its button for those who may."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.screens.next_step import next_step_of
from tests.factories import RunFactory, StagedLearnerFactory, UserFactory
from tests.review.reviewing import reviewer, say
from tests.review.rows_for_review import REGISTERED, a_school
from tests.screens.runs.run_screens import held
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


def user_of(group: str = "") -> Client:
    user = UserFactory(is_staff=True)
    if group:
        user.groups.add(Group.objects.get(name=group))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def card_of(client: Client, address: str) -> str:
    """The words of the card with the next step; the page has one at most."""
    page = client.get(address, secure=True).content.decode()
    assert page.count('aria-labelledby="li-next"') <= 1
    card = page.partition('aria-labelledby="li-next">')[2].partition("</section>")[0]
    return " ".join(strip_tags(card).split())


def test_every_page_of_the_work_begins_with_the_card() -> None:
    run = planned("nouveau", "mystère", "mystère")
    pages = ("/{run}", "/{run}/commit", "/course-mapping", "/session-mapping", "/status-mapping")
    client = user_of("Operator")
    for page in pages:
        address = f"/admin/legacy-imports{page.format(run=run.pk)}"
        content = client.get(address, secure=True).content.decode().partition('id="content"')[2]
        card, table = content.find('aria-labelledby="li-next"'), content.find("<table")
        assert card > 0, page
        assert table < 0 or card < table, page
        assert "Rows with a status that is not known: 2" in card_of(client, address), page


def test_a_page_needs_no_link_to_itself() -> None:
    planned("mystère")
    client = user_of("Manager")
    card = card_of(client, "/admin/legacy-imports/status-mapping")
    assert "on this page" in card
    assert "Define the statuses" not in card
    assert "Define the statuses" in card_of(client, "/admin/legacy-imports/course-mapping")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("Operator", ("Next step · Run", "committed: 1", "Commit the next batch", "legacy_commit")),
        ("Manager", ("can be committed: 1", "An operator does this.")),
        ("Reader", ("can be committed: 1", "An operator does this.")),
        ("", ()),
    ],
)  # fmt: skip
def test_the_admin_greets_with_it(group: str, words: tuple[str, ...]) -> None:
    planned("nouveau")
    card = card_of(user_of(group), "/admin/")
    assert bool(card) == bool(words)
    assert [one for one in words if one not in card] == []
    assert ("legacy_commit" in card) == (group == "Operator")


def test_without_a_run_the_admin_says_how_to_begin() -> None:
    assert "legacy_import --connection legacy" in card_of(user_of("Operator"), "/admin/")
    card = card_of(user_of("Reader"), "/admin/")
    assert "There is no run yet." in card
    assert "legacy_import" not in card


def test_the_greeting_costs_a_few_queries_for_any_run() -> None:
    client = user_of("Operator")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/", secure=True).status_code == 200
        return len(queries)

    planned("nouveau", "mystère")
    few = asked()
    planned(*["nouveau"] * 6, "mystère", "autre", "encore")
    assert asked() == few


def test_when_the_queue_is_finished_the_card_takes_its_place() -> None:
    planned("nouveau")
    client = user_of("Reviewer")
    assert "An operator does this." in card_of(client, "/admin/legacy-imports/review")
    planned("mystère")
    assert card_of(client, "/admin/legacy-imports/review") == ""


def test_rows_are_decided_before_the_plan_is_renewed_and_planned_before_they_are_committed() -> (
    None
):
    run = planned("nouveau", "nouveau", "nouveau", phone="")
    rows = list(LegacyStudentImport.objects.filter(legacy_import_run=run))
    say(rows[0], ReviewDecision.SKIP, reviewer(), now=timezone.now())
    step = next_step_of(run)
    assert step is not None
    assert (step.name, step.rows, step.again) == (
        "review",
        2,
        f"/admin/legacy-imports/{run.pk}/plan",
    )
    for row in rows[1:]:
        say(row, ReviewDecision.SKIP, reviewer(), now=timezone.now())
    step = next_step_of(run)
    assert step is not None
    assert (step.name, step.rows) == ("plan", 3)


def test_while_a_command_works_on_the_run_there_is_no_step() -> None:
    run = planned("nouveau")
    held(run)
    run.refresh_from_db()
    assert next_step_of(run) is None


def test_a_partial_run_is_committed_at_a_terminal() -> None:
    run = planned("nouveau")
    LegacyImportRun.objects.filter(pk=run.pk).update(row_limit=1)
    run.refresh_from_db()
    step = next_step_of(run)
    assert step is not None
    assert (step.address, step.commands) == ("", (f"legacy_commit --run {run.pk} --allow-partial",))
    assert "partial" in step.obstacle
