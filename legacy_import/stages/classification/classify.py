"""5 classify: what does every row mean in business terms, and what does its training ask for?"""

import datetime
from collections import defaultdict

from django.db import transaction

from ecoin.bulk import update_ids
from legacy_import.choices import Classification, ImportAction, RunStatus, SessionType, Stage
from legacy_import.engine.chunks import ChunkDone, Job, Work
from legacy_import.engine.engines import Engine, PassTotals, work_in_chunks
from legacy_import.mapping.catalogue import suggest_courses
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.meaning import MeaningCache, MeaningColumns, TrainingColumns
from legacy_import.mapping.weights import discard_weights
from legacy_import.models import LegacyImportRun, LegacyStudentImport, LegacyTrainingImport
from legacy_import.runs import counts as stored_counts
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

NAMED = ("pk", "training__pk", "raw_status", "legacy_formation_id", "legacy_session_id")
MARKED = ("to_classify",)
STORED = (
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
    """Classify every row of the run (None: the latest). Repeatable; reviewers' words are kept.

    Raises UnknownRun, OutOfOrder (not validated yet, or held by another process), Interrupted.
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
        worked = work_in_chunks(
            run,
            Stage.CLASSIFY,
            open_work,
            lease=lease,
            progress=progress,
            label="classifying",
            engine=engine,
        )
        counts = _counts(_facets(run, worked))
        discard_weights(run)
        lifecycle.finish_stage(
            run, lease, RunStatus.CLASSIFIED, actor=actor, started=now, found=counts
        )
    return lifecycle.StageReport(run.pk, worked.rows, counts)


def open_work(job: Job) -> Work:
    """What every chunk needs to know: the mappings as they are now."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    readings = MeaningCache(load_mappings(run.connection_name))
    return lambda chunk: _classify_chunk(run, int(chunk.first), int(chunk.last), readings)


def _classify_chunk(
    run: LegacyImportRun, first: int, last: int, readings: MeaningCache
) -> ChunkDone:
    """Read the rows first <= id <= last again; one UPDATE per answer for those that differ."""
    meanings: defaultdict[MeaningColumns, list[int]] = defaultdict(list)
    trainings: defaultdict[TrainingColumns, list[int]] = defaultdict(list)
    to_unmark: list[int] = []
    chunk = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    rows = chunk.values_list(*NAMED, *MARKED, *STORED)
    for pk, training_pk, status, formation, session, marked, *stored in rows:
        meaning, training, _ = readings.of(status, formation, session)
        if (*meaning, *training) != tuple(stored):
            meanings[meaning].append(pk)
            trainings[training].append(training_pk)
        if marked:
            to_unmark.append(pk)
    for meaning, ids in meanings.items():
        update_ids(LegacyStudentImport, ids, meaning._asdict())
    for training, ids in trainings.items():
        update_ids(LegacyTrainingImport, ids, training._asdict())
    update_ids(LegacyStudentImport, to_unmark, {"to_classify": False})
    changed = sum(map(len, meanings.values())) + len(to_unmark)
    return ChunkDone(len(rows), found={"changed": changed})


def _facets(run: LegacyImportRun, worked: PassTotals) -> stored_counts.Combinations:
    """The stored counts where every row read as before; counted anew, too, if they do not add up."""
    found = {} if worked.found["changed"] else stored_counts.stored(run)
    return found if sum(found.values()) == worked.rows and found else stored_counts.rebuild(run)


def _counts(found: stored_counts.Combinations) -> dict[str, dict[str, int]]:
    return {
        "classification": stored_counts.spread(found, "classification", Classification.values),
        "session_types": stored_counts.spread(found, "session_type", SessionType.values),
        "import_actions": stored_counts.spread(found, "import_action", ImportAction.values),
    }
