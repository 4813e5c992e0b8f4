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
from legacy_import.people.key_refresh import refresh_platform_keys
from legacy_import.rules.commit_policy import FOLLOWS, decide
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress
from legacy_import.stages.planning.followers import plan_followers
from legacy_import.stages.planning.gather import Gatherer, between, gatherer
from legacy_import.stages.planning.summary import (
    PlanDifference,
    plan_difference,
    require_plan,
    summarize,
)

JUST_NOW = datetime.timedelta(minutes=1)  # a plan right after its validation reads no one again
PLAN_COLUMNS = (
    "planned_action", "planned_reason", "planned_basis", "planned_target_kind",
    "planned_target_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan: its fingerprint, its counts and, if asked for, what changed."""

    run: int
    rows: int
    fingerprint: str
    counts: Mapping[str, Any]
    difference: PlanDifference | None = None


# One generation of the plan is kept, for --diff.
KEPT = {"previous_action": "planned_action", "previous_reason": "planned_reason"}


# Planned actions that give a row to nobody, whoever it matches.
NOBODY = frozenset({PlannedAction.REVIEW.value, PlannedAction.SKIP.value})


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
        read = refresh_platform_keys(run, conf, progress, max_age=JUST_NOW)
        worked = work_in_chunks(
            run,
            Stage.PLAN,
            open_work,
            lease=lease,
            progress=progress,
            label="planning",
            engine=engine,
        )
        plan_followers(run, lease, conf)
        run.plan_fingerprint = _fingerprint(run)
        counts = summarize(run)
        store_weights(run)
        found = {**counts, **read}
        lifecycle.finish_stage(
            run, lease, RunStatus.PLANNED, actor=actor, started_at=now, results=found
        )
    difference = None if compare_with is None else plan_difference(run, compare_with)
    return PlanReport(run.pk, worked.rows, run.plan_fingerprint, counts, difference)


def open_work(job: Job) -> Work:
    """What every chunk needs to know: the mappings and settings as they are now."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    gather = gatherer(run, load_mappings(run.connection_name), import_conf())
    return lambda chunk: _plan_chunk(gather, int(chunk.first), int(chunk.last))


def _plan_chunk(gather: Gatherer, first: int, last: int) -> ChunkResult:
    """Plan the rows first <= id <= last: one UPDATE per answer, one set for rows with a person."""
    shared: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    to_people: dict[int, tuple[Any, ...]] = {}
    decisions: dict[int, tuple[str, str]] = {}  # one per distinct case of the chunk
    digest = hashlib.sha256()
    kept = KEPT if gather.run.planned_at else None  # before the first plan there is nothing to keep
    for case in gather.cases(between(first, last)):
        row, target, basis = case.row, case.target, case.basis
        if case.number not in decisions:
            decision = decide(case.facts)
            decisions[case.number] = (decision.action.value, decision.reason)
        action, reason = decisions[case.number]
        digest.update(
            f"{row.source_table}:{row.legacy_id} {action} {reason} {target} {basis}\n".encode()
        )
        if target and action not in NOBODY:
            to_people[row.pk] = (action, reason, basis, *target)
        else:
            told = basis.partition(" person=")[0]
            shared[action, reason, "" if told == row.planned_basis else told].append(row.pk)
    for (action, reason, basis), ids in shared.items():
        plan = {
            "planned_action": action,
            "planned_reason": reason,
            "planned_target_kind": "",
            "planned_target_id": None,
        }
        # Most rows stand on what the import read them by, which is the same for few of them.
        update_ids(
            LegacyStudentImport, ids, plan | ({"planned_basis": basis} if basis else {}), copy=kept
        )
    if kept:
        update_ids(LegacyStudentImport, list(to_people), {}, copy=kept)
    update_rows(LegacyStudentImport, PLAN_COLUMNS, to_people)
    chunk = LegacyStudentImport.objects.filter(
        legacy_import_run=gather.run, pk__range=(first, last)
    )
    chunk.filter(outcome__in=WITHOUT_EFFECT).update(outcome=Outcome.PENDING)
    committed = list(chunk.filter(outcome__in=COMMITTED_OUTCOMES).values_list("pk", flat=True))
    if kept:
        update_ids(LegacyStudentImport, committed, {}, copy=kept)
    rows = len(to_people) + sum(map(len, shared.values())) + len(committed)
    return ChunkResult(rows, digest.hexdigest())


def _fingerprint(run: LegacyImportRun) -> str:
    """One SHA-256 over the whole plan: the digests of its chunks, and the followers linked since."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.PLAN)
    followers = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_reason=FOLLOWS.reason, planned_action=FOLLOWS.action
    )
    whole = hashlib.sha256()
    for digest in receipts.order_by("position").values_list("digest", flat=True):
        whole.update(digest.encode())
    for window in id_ranges(run):  # MySQL's driver reads whatever it is asked for at once
        linked = followers.filter(pk__range=window).order_by("pk")
        for table, legacy_id in linked.values_list("source_table", "legacy_id"):
            whole.update(f"{table}:{legacy_id}\n".encode())
    return whole.hexdigest()
