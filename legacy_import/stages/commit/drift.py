"""What changed since the plan: such a row is not committed, and its cause is logged."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from ecoin.bulk import Ids
from legacy_import.choices import PersonKind, PlannedAction, RunStatus
from legacy_import.conf import ImportConf
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules.commit_policy import (
    FOLLOWS,
    SOURCE_ROW_GONE,
    WAITS,
    Decision,
    Origin,
    decide,
)
from legacy_import.rules.drift import CAUSE_OF_VERSION, Drift
from legacy_import.rules.duplicates import PERSON_INACTIVE, Target
from legacy_import.stages.commit.newcomers import rows_with_newcomers
from legacy_import.stages.planning.cases import Case
from legacy_import.stages.planning.dry_run import KNOWN_IMPORTS

# What became of the row's earlier imports since the plan.
OF_ORIGIN = {
    Origin.IMPORTED: Drift.ALREADY_IMPORTED,
    Origin.CHANGED: Drift.ALREADY_IMPORTED,
    Origin.DELETED: Drift.IMPORTED_DELETED,
    Origin.INTEREST_AGAIN: Drift.IMPORTED_DELETED,
    Origin.ANOTHER_PERSON: Drift.ANOTHER_PERSON,
}
PEOPLE = (PersonKind.USER, PersonKind.LEAD)


class Plan(NamedTuple):
    """The plan of one row, as stored."""

    pk: int
    planned_first_id: int | None
    planned_action: str
    planned_reason: str
    planned_basis: str
    planned_target_kind: str
    planned_target_id: int | None

    @property
    def decision(self) -> Decision:
        return _decision(self.planned_action, self.planned_reason)

    @property
    def target(self) -> Target | None:
        """The user or lead that the row was planned to be attached to."""
        if self.planned_target_kind in PEOPLE and self.planned_target_id is not None:
            return self.planned_target_kind, self.planned_target_id
        return None


@cache
def _decision(action: str, reason: str) -> Decision:
    return Decision(PlannedAction(action), reason)


def drift_causes(
    run: LegacyImportRun,
    plans: Sequence[Plan],
    cases: Mapping[int, Case],
    *,
    firsts: Mapping[int, str],
    conf: ImportConf,
) -> dict[int, Drift]:
    """Row id → what changed since the plan; only rows that did.

    `cases`: the same rows as they are now, under lock. `firsts`: for followers whose group's first row
    has a person by now, that person's fingerprint.
    """
    causes = _causes(plans, cases, firsts)
    unchanged = [plan for plan in plans if plan.pk not in causes]
    for pk in _changed_in_newer_runs(run, [plan.pk for plan in unchanged]):
        causes[pk] = Drift.SOURCE_ROW
    acting = [
        plan.pk
        for plan in unchanged
        if plan.planned_action != PlannedAction.SKIP and plan.pk not in causes
    ]
    for pk in rows_with_newcomers(run, [cases[pk] for pk in acting], conf):
        causes[pk] = Drift.NEW_PERSON
    return causes


def _causes(
    plans: Sequence[Plan], cases: Mapping[int, Case], firsts: Mapping[int, str]
) -> dict[int, Drift]:
    """Row id → why it is not what was planned. Many rows share a plan and a case, evaluated once."""
    causes: dict[int, Drift] = {}
    by_case: dict[tuple[object, ...], Drift | None] = {}
    for plan in plans:
        pk, case, first = plan.pk, cases.get(plan.pk), firsts.get(plan.pk)
        # Cases of the same number have the same facts. Their groups are compared one by one.
        key = (plan[2:], case and (case.number, case.basis, case.target), first)
        if key not in by_case:
            by_case[key] = _cause(plan, case, decide(case.facts) if case else None, first)
        if cause := by_case[key]:
            causes[pk] = cause
        elif case and case.row.group_first_id != plan.planned_first_id:
            causes[pk] = Drift.PERSON_GROUP
    return causes


def _cause(
    plan: Plan, case: Case | None, answer: Decision | None, first_person: str | None
) -> Drift | None:
    """Why this row is not what was planned; None if it is. `answer`: the decision on the case now."""
    if case is None:
        return Drift.ANSWER
    decision, target = plan.decision, plan.target
    was, now = versions_of(plan.planned_basis), versions_of(case.basis)
    if was != now:
        for name, cause in CAUSE_OF_VERSION.items():
            if was.get(name) != now.get(name):
                return cause
    if target:
        if case.target is None and case.facts.blocker == "person_gone":
            return Drift.TARGET_GONE
        if case.target is None and case.facts.blocker == PERSON_INACTIVE:
            return Drift.TARGET_INACTIVE
        if was.get("person") != now.get("person"):
            return Drift.TARGET_EDITED
    if answer == WAITS and decision == FOLLOWS:
        if first_person is None:
            return Drift.FIRST_LEFT_OUT
        return None if was.get("person", first_person) == first_person else Drift.TARGET_EDITED
    if case.facts.deletion == SOURCE_ROW_GONE and answer != decision:
        return Drift.SOURCE_ROW_GONE
    if decision.action == PlannedAction.CREATE_ENROLLMENT and not case.facts.session_confirmed:
        return Drift.SESSION_MAPPING  # a confirmation was undone
    if case.facts.origin in OF_ORIGIN and answer != decision:
        return OF_ORIGIN[case.facts.origin]
    target_now = None if decision.action == PlannedAction.SKIP else case.target
    return None if (answer, target_now) == (decision, target) else Drift.ANSWER


@lru_cache(maxsize=4_096)  # thousands of rows share the same few versions
def versions_of(basis: str) -> Mapping[str, str]:
    return dict(part.partition("=")[::2] for part in basis.split())


def _changed_in_newer_runs(run: LegacyImportRun, ids: Sequence[int]) -> set[int]:
    """The rows that are others in a later import of this source that the plan did not know."""
    at_plan = run.summary.get(KNOWN_IMPORTS, {})
    later = LegacyImportRun.objects.filter(connection_name=run.connection_name, pk__gt=run.pk)
    newer_ids = [
        pk
        for pk, status in later.values_list("pk", "status")
        if _is_news(at_plan.get(str(pk)), status)
    ]
    if not newer_ids:
        return set()
    same = LegacyStudentImport.objects.filter(
        legacy_import_run__in=newer_ids,
        source_table=OuterRef("source_table"),
        legacy_id=OuterRef("legacy_id"),
    ).exclude(payload_hash=OuterRef("payload_hash"))
    rows = LegacyStudentImport.objects.filter(Exists(same), pk__among=Ids(ids))
    return set(rows.values_list("pk", flat=True))


def _is_news(known_status: str | None, status: str) -> bool:
    """Whether a later run may have staged rows since the plan: a new one, or one that was resumed."""
    return known_status is None or known_status == RunStatus.FAILED != status
