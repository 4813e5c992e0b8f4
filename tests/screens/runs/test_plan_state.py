"""A plan that is no longer current is marked next to its numbers; a page has one next step."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacyStudentImport
from legacy_import.screens.plan_state import outdated_plans, plan_state_of
from tests.factories import CourseFactory, ReviewDecisionFactory, RunFactory, StagedLearnerFactory
from tests.review.reviewing import reviewer, say
from tests.screens.runs.run_screens import (
    ROOT,
    commit_batch,
    outcomes,
    person,
    planned_run,
    signed_in,
    text,
    update,
)
from tests.stages.stages import run_classify, run_commit, run_stages

pytestmark = pytest.mark.django_db

MARK = "plan no longer current"


@pytest.fixture
def run() -> LegacyImportRun:
    return planned_run()


@pytest.fixture
def client() -> Client:
    return signed_in(person("view", "review", "map", "commit", "export"))


def a_row(run: LegacyImportRun) -> LegacyStudentImport:
    row = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_action="create_crm_lead"
    ).first()
    assert row is not None
    return row


def decided(run: LegacyImportRun) -> None:
    say(a_row(run), ReviewDecision.SKIP, reviewer(), now=timezone.now())


def marked(run: LegacyImportRun) -> None:
    run.facetcount_set.filter(classification="completed").update(to_classify=True)


def classified_again(run: LegacyImportRun) -> None:
    run_classify(run)


def other_rules(run: LegacyImportRun) -> None:
    update(run, rules_version=run.rules_version - 1)


CHANGES = {
    "a decision": (decided, "legacy_dry_run"),
    "a mapping": (marked, "legacy_classify"),
    "classified again": (classified_again, "legacy_dry_run"),
    "other rules": (other_rules, "legacy_validate"),
}


@pytest.mark.parametrize(("change", "command"), CHANGES.values(), ids=list(CHANGES))
def test_every_page_marks_it_and_the_run_has_no_other_step(
    client: Client, run: LegacyImportRun, change: Any, command: str
) -> None:
    pages = (
        ROOT, f"{ROOT}/{run.pk}", f"{ROOT}/review?run={run.pk}", f"{ROOT}/students?run={run.pk}",
        *(f"{ROOT}/{kind}-mapping?run={run.pk}" for kind in ("course", "session", "status")),
        f"{ROOT}/course-mapping/{LegacyCourseMapping.objects.earliest('pk').pk}?run={run.pk}",
        f"{ROOT}/{run.pk}/sign-off", "/admin/",
    )  # fmt: skip
    for page in pages:
        assert MARK not in text(client.get(page)), page
    change(run)
    for page in pages:
        assert MARK in text(client.get(page)), page
    page = client.get(f"{ROOT}/{run.pk}").content.decode()
    assert page.count('aria-labelledby="li-next"') == 1
    assert 'aria-current="step">Plan again</li>' in page
    assert at_a_terminal(page) == f"{command} --run {run.pk}"


def at_a_terminal(page: str) -> str | None:
    """The command of the card."""
    card = page.partition('aria-labelledby="li-next"')[2].partition("</section>")[0]
    line = re.search(r"data-copy=\".venv/bin/python manage.py ([^\"]*)\"", card)
    return line and line[1]


def test_a_decision_counts_for_its_source_and_the_runs_from_its_own_on(
    run: LegacyImportRun,
) -> None:
    ReviewDecisionFactory(created_at=timezone.now())  # of a row of a newer run
    assert not plan_state_of(run).outdated
    ReviewDecisionFactory(student_import=a_row(run), created_at=timezone.now())
    assert plan_state_of(run).outdated
    assert outdated_plans([run, RunFactory()]) == {run.pk}
    update(run, status="closed")
    run.refresh_from_db()
    assert not plan_state_of(run).outdated


@pytest.mark.parametrize(
    ("statuses", "command"),
    [
        pytest.param(("nouveau", "nouveau", "mystère"), "legacy_commit --run {}", id="commit"),
        pytest.param(("nouveau", "mystère", "mystère"), "legacy_map statuses --run {}", id="map"),
    ],
)
def test_the_line_for_a_terminal_is_the_step_of_the_card(
    client: Client, statuses: tuple[str, ...], command: str
) -> None:
    run = RunFactory()
    for number, status in enumerate(statuses):
        StagedLearnerFactory(run=run, status=status, phone=f"05591112{number:02}")
    run_stages(run)
    page = client.get(f"{ROOT}/{run.pk}").content.decode()
    assert at_a_terminal(page) == command.format(run.pk)
    if statuses.count("nouveau") == 2:
        run_commit(run)
        page = client.get(f"{ROOT}/{run.pk}").content.decode()
        assert at_a_terminal(page) == f"legacy_map statuses --run {run.pk}"


def test_rows_that_are_decided_on_their_page_only_have_no_line_for_a_terminal(
    client: Client,
) -> None:
    run = RunFactory()
    StagedLearnerFactory(run=run, status="nouveau", phone="")
    run_stages(run)
    page = client.get(f"{ROOT}/{run.pk}").content.decode()
    assert "Decide the rows" in page
    assert at_a_terminal(page) is None


# --- beforehand, on the page of a commit --------------------------------------------------------------


def test_a_commit_says_how_many_rows_it_leaves_out_and_leaves_out_those(
    client: Client, run: LegacyImportRun
) -> None:
    page = client.get(f"{ROOT}/{run.pk}/commit")
    assert "will not be committed" not in text(page)
    assert f'action="{ROOT}/{run.pk}/plan"' not in page.content.decode()
    decided(run)
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id="7")
    mapping.course, mapping.version = CourseFactory(), mapping.version + 1
    mapping.answer_version = mapping.version
    mapping.save()
    of_course = LegacyStudentImport.objects.filter(
        legacy_import_run=run, legacy_formation_id="7"
    ).exclude(planned_action="review")
    mapped = of_course.count()
    assert mapped > 1
    page = client.get(f"{ROOT}/{run.pk}/commit")
    told = text(page)
    assert (
        "1 planned row will not be committed: a decision about it is newer than the plan." in told
    )
    assert f"{mapped} planned rows will not be committed: mappings of them are newer" in told
    assert f'action="{ROOT}/{run.pk}/plan"' in page.content.decode()
    assert MARK in told
    reader = signed_in(person("view", "commit"))
    page = reader.get(f"{ROOT}/{run.pk}/commit")
    assert f'action="{ROOT}/{run.pk}/plan"' not in page.content.decode()
    assert "A manager or an operator does this." in text(page)
    assert f"legacy_dry_run --run {run.pk}" in text(page)
    commit_batch(client, run, focus="")
    assert outcomes(run)["drifted"] == mapped + 1
