"""5 classify: what does every row mean in business terms, and what follows for its training?"""

import datetime
from collections import defaultdict

from django.db import transaction

from ecoin.bulk import update_ids
from legacy_import.choices import Classification, ImportAction, RunStatus, SessionType, Stage
from legacy_import.engine.chunks import ChunkResult, Job, Work
from legacy_import.engine.engines import Engine, PassTotals, work_in_chunks
from legacy_import.mapping.catalogue import suggest_courses
from legacy_import.mapping.conflicts import add_new_conflicts
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.meaning import MeaningCache, MeaningColumns, TrainingColumns
from legacy_import.mapping.sessions import add_missing_sessions
from legacy_import.mapping.statuses import add_new_statuses
from legacy_import.mapping.weights import discard_weights
from legacy_import.models import LegacyImportRun, LegacyStudentImport, LegacyTrainingImport
from legacy_import.runs import counts as stored_counts
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

CASE_COLUMNS = ("pk", "training__pk", "raw_status", "legacy_formation_id", "legacy_session_id")
MEANING_COLUMNS = (
    *MeaningColumns._fields,
    *(f"training__{column}" for column in TrainingColumns._fields),
)


def classify(
    *,
    run_id: int | None,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    engine: Engine | None = None,
) -> lifecycle.StageReport:
    """Classify every row of the run (None: the latest). Repeatable; reviewers' decisions stay.

    Raises UnknownRun, OutOfOrder (not validated yet, or locked by another process), Interrupted.
    """
    run = lifecycle.find_run(run_id)
    lifecycle.require_installed_rules(run)
    run.require(RunStatus.CLASSIFIED)
    progress.opened(run.source_label)
    with run_lease(run, "legacy_classify", progress) as lease:
        run.require(RunStatus.CLASSIFIED)
        lifecycle.begin_stage(run, lease, RunStatus.VALIDATED)
        with transaction.atomic():
            lease.confirm()
            suggest_courses(run.connection_name)
        totals = work_in_chunks(
            run, Stage.CLASSIFY, open_work,
            lease=lease, progress=progress, label="classifying", engine=engine,
        )  # fmt: skip
        add_new_statuses(run)
        add_missing_sessions(run)
        add_new_conflicts(run)
        counts = _counts(_combinations(run, totals))
        discard_weights(run)
        lifecycle.finish_stage(
            run, lease, RunStatus.CLASSIFIED, actor=actor, started_at=now, results=counts
        )
    return lifecycle.StageReport(run.pk, totals.rows, counts)


def open_work(job: Job) -> Work:
    """Load what every chunk needs: the mappings as they are now."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    cache = MeaningCache(load_mappings(run.connection_name))
    return lambda chunk: _classify_chunk(run, int(chunk.first), int(chunk.last), cache)


def _classify_chunk(
    run: LegacyImportRun, first: int, last: int, cache: MeaningCache
) -> ChunkResult:
    """Classify the rows first <= id <= last: one UPDATE per distinct meaning, for rows that differ."""
    meanings: defaultdict[MeaningColumns, list[int]] = defaultdict(list)
    trainings: defaultdict[TrainingColumns, list[int]] = defaultdict(list)
    to_unmark: list[int] = []
    chunk = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    rows = chunk.values_list(*CASE_COLUMNS, "to_classify", *MEANING_COLUMNS)
    for pk, training_pk, status, formation, session, is_marked, *old_columns in rows:
        meaning, training, _ = cache.meaning_of(status, formation, session)
        if (*meaning, *training) != tuple(old_columns):
            meanings[meaning].append(pk)
            trainings[training].append(training_pk)
        if is_marked:
            to_unmark.append(pk)
    for meaning, ids in meanings.items():
        update_ids(LegacyStudentImport, ids, meaning._asdict())
    for training, ids in trainings.items():
        update_ids(LegacyTrainingImport, ids, training._asdict())
    update_ids(LegacyStudentImport, to_unmark, {"to_classify": False})
    changes = sum(map(len, meanings.values())) + len(to_unmark)
    return ChunkResult(len(rows), details={"changed": changes})


def _combinations(run: LegacyImportRun, totals: PassTotals) -> stored_counts.Combinations:
    """The stored counts if no row changed and they add up; otherwise rebuilt."""
    counts = {} if totals.counts["changed"] else stored_counts.load(run)
    return counts if sum(counts.values()) == totals.rows and counts else stored_counts.rebuild(run)


def _counts(combinations: stored_counts.Combinations) -> dict[str, dict[str, int]]:
    return {
        "classification": stored_counts.spread(
            combinations, "classification", Classification.values
        ),
        "session_types": stored_counts.spread(combinations, "session_type", SessionType.values),
        "import_actions": stored_counts.spread(combinations, "import_action", ImportAction.values),
    }
