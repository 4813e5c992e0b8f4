"""6 plan: exactly what a commit would do with every row, and why. Writes no business table."""

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecoin.bulk import update_ids, update_rows
from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    WITHOUT_EFFECT,
    Outcome,
    PlannedAction,
    RunStatus,
    Stage,
)
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import ChunkResult, Job, Work, id_ranges
from legacy_import.engine.engines import Engine, work_in_chunks
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.weights import store_weights
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.people.groups import regroup_separate_rows
from legacy_import.people.key_refresh import refresh_platform_keys
from legacy_import.people.source_decisions import refresh_decisions
from legacy_import.rules.commit_policy import FOLLOWS, decide
from legacy_import.rules.decisions import NOTHING
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress
from legacy_import.stages.planning.cases import Case, CaseLoader, case_loader, rows_between
from legacy_import.stages.planning.followers import plan_followers
from legacy_import.stages.planning.summary import (
    PlanDifference,
    plan_difference,
    require_plan,
    summarize,
)

# In a run's summary: the later runs of the source that were not importing when it was planned, by
# number, with their status then. One that had failed may be resumed.
KNOWN_IMPORTS = "known_imports"
JUST_NOW = datetime.timedelta(minutes=1)  # right after its validation, a plan reads no one again
PLAN_COLUMNS = (
    "planned_action", "planned_reason", "planned_basis", "planned_target_kind",
    "planned_target_id", "planned_first_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan: its fingerprint, its counts and, on request, what changed."""

    run: int
    rows: int
    fingerprint: str
    counts: Mapping[str, Any]
    difference: PlanDifference | None = None


# The group on which a plan rests: another first row gives the person's history another learner key.
PLANNED_GROUP = {"planned_first_id": "group_first_id"}
# The previous plan is saved, for --diff.
PREVIOUS_PLAN = {"previous_action": "planned_action", "previous_reason": "planned_reason"}
# Planned actions that give a row to no person, even if it matches one.
WITHOUT_PERSON = frozenset({PlannedAction.REVIEW.value, PlannedAction.SKIP.value})


def dry_run(
    *,
    run_id: int | None,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    compare_with: int | None = None,
    engine: Engine | None = None,
) -> PlanReport:
    """Plan every row of the run (None: the latest) and store the plan.

    `compare_with`: the run whose latest plan this one is compared with; the run itself for its own
    previous plan. `engine`: another one than the settings name. Raises UnknownRun, OutOfOrder (not
    classified yet, classified under other rules, or locked by another process), Interrupted.
    """
    run = lifecycle.find_run(run_id)
    if compare_with is not None and compare_with != run.pk:
        require_plan(lifecycle.find_run(compare_with))
    lifecycle.require_installed_rules(run)
    run.require(RunStatus.PLANNED)
    conf = import_conf()
    progress.opened(run.source_label)
    with run_lease(run, "legacy_dry_run", progress) as lease:
        run.require(RunStatus.PLANNED)
        lifecycle.begin_stage(run, lease, RunStatus.CLASSIFIED)
        known_imports = _later_runs(run)
        refresh_decisions(run, lease)
        regroup_separate_rows(run, lease)
        refresh = refresh_platform_keys(run, conf, progress, max_age=JUST_NOW)
        total = work_in_chunks(
            run,
            Stage.PLAN,
            open_work,
            lease=lease,
            progress=progress,
            label="planning",
            engine=engine,
        )
        plan_followers(run, lease)
        run.plan_fingerprint = _fingerprint(run)
        counts = summarize(run)
        store_weights(run)
        results = {**counts, **refresh, KNOWN_IMPORTS: known_imports}
        lifecycle.finish_stage(
            run, lease, RunStatus.PLANNED, actor=actor, started_at=now, results=results
        )
    difference = None if compare_with is None else plan_difference(run, compare_with)
    return PlanReport(run.pk, total.rows, run.plan_fingerprint, counts, difference)


def _later_runs(run: LegacyImportRun) -> dict[str, str]:
    runs = LegacyImportRun.objects.filter(connection_name=run.connection_name, pk__gt=run.pk)
    not_importing = runs.exclude(status=RunStatus.IMPORTING).values_list("pk", "status")
    return {str(pk): status for pk, status in not_importing}


def open_work(job: Job) -> Work:
    """Plans chunks under the mappings as they are now."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    loader = case_loader(run, load_mappings(run.connection_name))
    return lambda chunk: _plan_chunk(loader, int(chunk.first), int(chunk.last))


def _plan_chunk(loader: CaseLoader, first: int, last: int) -> ChunkResult:
    """Plan the rows first <= id <= last."""
    answers = _Answers()
    for case in loader.load(rows_between(first, last)):
        answers.add(case)
    chunk = LegacyStudentImport.objects.filter(
        legacy_import_run=loader.run, pk__range=(first, last)
    )
    chunk.filter(outcome__in=WITHOUT_EFFECT).update(outcome=Outcome.PENDING)
    committed = list(chunk.filter(outcome__in=COMMITTED_OUTCOMES).values_list("pk", flat=True))
    answers.write(committed, first_plan=loader.run.planned_at is None)
    return ChunkResult(answers.rows + len(committed), answers.digest.hexdigest())


class _Answers:
    """The plan of one chunk: rows with a person one by one, all others by their common answer."""

    def __init__(self) -> None:
        self.rows = 0
        self.digest = hashlib.sha256()
        self._person_numbers: dict[int, tuple[int]] = {}  # of rows whose number is another now
        self._decisions: dict[int, tuple[str, str]] = {}  # by the number of the case
        self._settled: defaultdict[bool, list[int]] = defaultdict(list)  # rows with decisions
        self._with_person: dict[int, tuple[Any, ...]] = {}
        self._without_person: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)

    def add(self, case: Case) -> None:
        row, target, basis = case.row, case.target, case.basis
        if case.number not in self._decisions:
            decision = decide(case.facts)
            self._decisions[case.number] = (decision.action.value, decision.reason)
        action, reason = self._decisions[case.number]
        self.rows += 1
        if case.person_number != row.person_number:
            self._person_numbers[row.pk] = (case.person_number,)
        if case.decisions != NOTHING:
            self._settled[action != PlannedAction.REVIEW].append(row.pk)
        self.digest.update(
            f"{row.source_table}:{row.legacy_id} {action} {reason} {target} {basis}\n".encode()
        )
        if target and action not in WITHOUT_PERSON:
            self._with_person[row.pk] = (action, reason, basis, *target, row.group_first_id)
        else:
            basis = basis.partition(" person=")[0]
            # Most rows are still based on the mappings of the import: that column stays as it is.
            new_basis = "" if basis == row.planned_basis else basis
            self._without_person[action, reason, new_basis].append(row.pk)

    def write(self, committed: list[int], *, first_plan: bool) -> None:
        """`committed`: rows that keep their plan. A first plan has no previous one to save."""
        previous = {} if first_plan else PREVIOUS_PLAN
        for (action, reason, basis), ids in self._without_person.items():
            plan = {
                "planned_action": action,
                "planned_reason": reason,
                "planned_target_kind": "",
                "planned_target_id": None,
            } | ({"planned_basis": basis} if basis else {})
            update_ids(LegacyStudentImport, ids, plan, copy=previous | PLANNED_GROUP)
        if previous:
            update_ids(LegacyStudentImport, [*self._with_person, *committed], {}, copy=previous)
        update_rows(LegacyStudentImport, PLAN_COLUMNS, self._with_person)
        update_rows(LegacyStudentImport, ("person_number",), self._person_numbers)
        for settled, ids in self._settled.items():
            update_ids(LegacyStudentImport, ids, {"settled": settled})


def _fingerprint(run: LegacyImportRun) -> str:
    """One SHA-256 over the whole plan: the digests of its chunks, and the followers linked since."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.PLAN)
    followers = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_reason=FOLLOWS.reason, planned_action=FOLLOWS.action
    )
    fingerprint = hashlib.sha256()
    for digest in receipts.order_by("position").values_list("digest", flat=True):
        fingerprint.update(digest.encode())
    for id_range in id_ranges(run):  # MySQL's driver reads all rows of a query into memory
        linked = followers.filter(pk__range=id_range).order_by("pk")
        for table, legacy_id in linked.values_list("source_table", "legacy_id"):
            fingerprint.update(f"{table}:{legacy_id}\n".encode())
    return fingerprint.hexdigest()
