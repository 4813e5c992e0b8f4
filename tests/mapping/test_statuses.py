"""What a status that the rules do not know means is defined once for the source, not once per row."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from legacy_import.mapping.decisions import MappingChangedMeanwhile, decide_mapping
from legacy_import.mapping.mapping_kind import MappingRefused
from legacy_import.mapping.preview import MappingEffect, effects_of
from legacy_import.mapping.statuses import STATUSES, add_new_statuses, spellings
from legacy_import.mapping.weights import Weight, weigh
from legacy_import.models import LegacyImportRun, LegacyStatusMapping, LegacyStudentImport
from tests.factories import (
    NOW,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    StatusMappingFactory,
    UserFactory,
)
from tests.legacy_database import learner, sqlite_legacy, tables
from tests.stages.importing import import_from
from tests.stages.stages import outcome_of, plan_of, run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db

MEANINGS = ("completed", "archived_training", "registered", "lead_only")


@pytest.fixture
def actor() -> Any:
    return UserFactory(username="meriem")


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def staged(run: LegacyImportRun, legacy_id: str, status: str = "Abandon", **values: Any) -> Any:
    given = {"formation_id": "7", "session_id": "40", **values}
    return StagedLearnerFactory(run=run, legacy_id=legacy_id, status=status, **given)


def mapping(key: str = "abandon") -> LegacyStatusMapping:
    return LegacyStatusMapping.objects.get(status_key=key)


def defined(meaning: str, actor: Any, key: str = "abandon", **values: Any) -> Any:
    before = mapping(key)
    given = {"version": before.version, "now": NOW, **values}
    return decide_mapping(STATUSES, meaning, mapping_id=before.pk, actor=actor, **given)


# --- which statuses there are ------------------------------------------------------------------------


def test_an_import_lists_the_statuses_that_the_rules_do_not_know(tmp_path: Path) -> None:
    typed = ["Abandon", " ABANDON", "Formée", "rappeler 0661234567", "Rappeler 0559446168", ""]
    rows = [learner(number, statut=status) for number, status in enumerate(typed, 1)]
    import_from(sqlite_legacy(tmp_path / "legacy.sqlite3", tables(stagiaires=rows)))
    found = LegacyStatusMapping.objects.order_by("status_key")
    assert list(found.values_list("status_key", "legacy_status", "classification")) == [
        ("", "", None),
        ("abandon", "Abandon", None),
        ("rappeler (contact)", "rappeler 06•• ••• 567", None),
    ]
    keys = LegacyStudentImport.objects.order_by("pk").values_list("status_key", flat=True)
    assert list(keys) == [
        "abandon", "abandon", None, "rappeler (contact)", "rappeler (contact)", "",
    ]  # fmt: skip


def test_another_import_keeps_what_people_defined(
    tmp_path: Path, actor: Any, run: LegacyImportRun
) -> None:
    StatusMappingFactory(classification="lead_only", confirmed=True, version=4)
    rows = [learner(1, statut="abandon"), learner(2, statut="Perdu")]
    import_from(sqlite_legacy(tmp_path / "legacy.sqlite3", tables(stagiaires=rows)))
    assert (mapping().classification, mapping().version) == ("lead_only", 4)
    assert mapping("perdu").classification is None
    read = LegacyStudentImport.objects.get(legacy_id="1")
    assert (read.classification, read.classification_rule) == (
        "lead_only", "status:defined_by_reviewer",
    )  # fmt: skip


def test_adding_twice_adds_once(run: LegacyImportRun) -> None:
    staged(run, "1")
    add_new_statuses(run)
    before = list(LegacyStatusMapping.objects.values())
    add_new_statuses(run)
    assert list(LegacyStatusMapping.objects.values()) == before
    assert len(before) == 1


def test_spellings_are_shown_as_typed_and_masked(run: LegacyImportRun) -> None:
    for legacy_id, status in enumerate(("Abandon", "abandon ", "Abandon", "Perdu"), 1):
        staged(run, str(legacy_id), status)
    assert spellings(run, "abandon", 9) == [("Abandon", 2), ("abandon ", 1)]
    assert spellings(run, "abandon", 1) == [("Abandon", 2)]
    staged(run, "7", "voir 0661234567")
    assert spellings(run, "voir (contact)", 9) == [("voir 06•• ••• 567", 1)]


# --- one decision ------------------------------------------------------------------------------------

PLANS = {
    "completed": ("create_completed_training", "history"),
    "archived_training": ("create_completed_training", "history"),
    "registered": ("create_enrollment", "registration"),
    "lead_only": ("create_crm_lead", "new_lead"),
}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_definition_is_planned_and_committed_for_every_row(
    run: LegacyImportRun, actor: Any, meaning: str
) -> None:
    rows = [staged(run, "1"), staged(run, "2", " ABANDON ")]
    other = staged(run, "3", "Perdu")
    run_stages(run)
    assert {plan_of(row) for row in [*rows, other]} == {("review", "status_unknown")}
    change = defined(meaning, actor, note="vu au registre")
    assert (change.mappings, change.affected) == (1, {run.pk: 2})
    after = mapping()
    assert (after.classification, after.confirmed_by, after.confirmed_at) == (meaning, actor, NOW)
    assert (after.version, after.answer_version) == (2, 2)
    assert LogEntry.objects.get().change_message == f"{meaning}: vu au registre"
    run_stages(run)
    assert {plan_of(row) for row in rows} == {PLANS[meaning]}
    assert {(row.classification, row.classification_rule) for row in rows} == {
        (meaning, "status:defined_by_reviewer")
    }
    assert plan_of(other) == ("review", "status_unknown")
    run_commit(run)
    assert {outcome_of(row) for row in rows} == {PLANS[meaning][0]}
    assert outcome_of(other) == "review"


def test_a_plan_without_a_classification_follows_the_definition_too(
    run: LegacyImportRun, actor: Any
) -> None:
    row = staged(run, "1")
    run_stages(run)
    defined("completed", actor)
    run_plan(run)
    assert plan_of(row) == ("create_completed_training", "history")
    assert row.planned_basis == "row=1 course=1 session=1 status=2"
    run_commit(run)
    assert outcome_of(row) == "create_completed_training"


def test_rows_of_other_statuses_rest_on_no_status(run: LegacyImportRun) -> None:
    row = staged(run, "1", "Formée")
    run_stages(run)
    assert plan_of(row)[0] == "create_completed_training"
    assert "status" not in row.planned_basis


def test_the_rules_own_statuses_cannot_be_overridden(run: LegacyImportRun, actor: Any) -> None:
    StatusMappingFactory(status_key="formee", classification="lead_only", confirmed=True)
    row = staged(run, "1", "Formée")
    run_stages(run)
    assert (row.classification, row.classification_rule) == ("completed", "status:formee")
    assert plan_of(row) == ("create_completed_training", "history")


def test_a_definition_undone_is_unknown_again(run: LegacyImportRun, actor: Any) -> None:
    row = staged(run, "1")
    run_stages(run)
    defined("completed", actor)
    run_stages(run)
    assert plan_of(row)[0] == "create_completed_training"
    assert defined("undo", actor).affected == {run.pk: 1}
    run_stages(run)
    assert plan_of(row) == ("review", "status_unknown")
    assert (mapping().classification, mapping().confirmed_by) == (None, None)


@pytest.mark.parametrize("decision", ["unknown", "", "skip", "real_session"])
def test_there_are_four_meanings(run: LegacyImportRun, actor: Any, decision: str) -> None:
    staged(run, "1")
    add_new_statuses(run)
    with pytest.raises(MappingRefused):
        defined(decision, actor)
    assert mapping().classification is None


def test_the_slower_of_two_people_is_told(run: LegacyImportRun, actor: Any) -> None:
    staged(run, "1")
    add_new_statuses(run)
    defined("completed", UserFactory())
    with pytest.raises(MappingChangedMeanwhile):
        defined("lead_only", actor, version=1)
    assert mapping().classification == "completed"


# --- what it would free ------------------------------------------------------------------------------


def test_each_meaning_says_beforehand_which_rows_it_frees(run: LegacyImportRun, actor: Any) -> None:
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7")  # not confirmed
    waiting = {"session_type": "waiting_placeholder", "rule": "session:waiting_code"}
    SessionMappingFactory(legacy_session_id="50", legacy_formation_id="7", **waiting)
    for legacy_id, session in enumerate(("40", "41", "50", None), 1):
        staged(run, str(legacy_id), session_id=session)
    staged(run, "9", "Perdu")
    run_stages(run)
    assert weigh(run).of(STATUSES, "abandon") == Weight(rows=4, waiting=4, frees=4)
    trained = {"create_legacy_completed_training": 3}
    assert effects_of(run, STATUSES, mapping()) == {
        "completed": MappingEffect(3, 0, trained),
        "archived_training": MappingEffect(3, 0, trained),
        "registered": MappingEffect(1, 0, {"create_legacy_enrollment": 1}),
        "lead_only": MappingEffect(4, 0, {"create_course_interest": 4}),
    }
    defined("completed", actor)
    run_stages(run)
    freed = LegacyStudentImport.objects.filter(planned_action="create_completed_training")
    assert set(freed.values_list("legacy_id", flat=True)) == {"1", "2", "4"}
    assert effects_of(run, STATUSES, mapping())["undo"] == MappingEffect(0, 3, {})


def test_a_preview_asks_the_same_few_questions_whatever_the_rows(
    run: LegacyImportRun, django_assert_num_queries: Any
) -> None:
    staged(run, "1")
    run_stages(run)
    asked = mapping()
    with django_assert_num_queries(6):  # courses, four mapping tables, one pass over the rows
        effects_of(run, STATUSES, asked)
    for legacy_id in range(2, 30):
        staged(run, str(legacy_id))
    run_stages(run)
    with django_assert_num_queries(6):
        effects_of(run, STATUSES, asked)


undo = partial(decide_mapping, STATUSES, "undo")


def test_nothing_defined_nothing_to_undo(run: LegacyImportRun, actor: Any) -> None:
    staged(run, "1")
    add_new_statuses(run)
    with pytest.raises(MappingRefused):
        undo(mapping_id=mapping().pk, version=1, actor=actor, now=NOW)
