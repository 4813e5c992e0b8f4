"""5 classify: what does every row mean in business terms, and what does its training ask for?"""

import datetime
from collections import defaultdict
from typing import NamedTuple

from django.db import transaction

from ecoin.bulk import update_ids
from legacy_import.choices import Classification, ImportAction, RunStatus, SessionType, Stage
from legacy_import.models import LegacyImportRun, LegacyStudentImport, LegacyTrainingImport
from legacy_import.progress import Progress
from legacy_import.rules import import_action, statuses
from legacy_import.services import facets, runs, weights_kept
from legacy_import.services.chunks import ChunkDone, work_in_chunks
from legacy_import.services.lease import hold
from legacy_import.services.mapping_index import MappingIndex, load_mappings
from legacy_import.services.mappings import suggest_courses


class SessionColumns(NamedTuple):
    """Columns of LegacyTrainingImport that follow from status and session, under their own names."""

    session_type: SessionType
    session_rule: str
    session_confirmed: bool
    import_action: ImportAction
    action_reason: str


class CourseColumns(NamedTuple):
    """Columns of LegacyTrainingImport that follow from the formation, under their own names."""

    course_id: int | None
    course_rule: str


class Answer(NamedTuple):
    """What one distinct case comes to: the three groups of columns that are written together."""

    meaning: statuses.Meaning
    session: SessionColumns
    course: CourseColumns


def classify(
    *, run_id: int | None, actor: str, now: datetime.datetime, progress: Progress
) -> runs.StageReport:
    """Classify every row of the run (None: the latest). Repeatable; reviewers' words are kept.

    Raises UnknownRun, OutOfOrder (not validated yet, or held by another process), Interrupted.
    """
    run = runs.find_run(run_id)
    runs.require_installed_rules(run)
    run.require(RunStatus.CLASSIFIED)
    progress.opened(run.source_label)
    with hold(run, "legacy_classify", progress) as lease:
        run.require(RunStatus.CLASSIFIED)
        runs.begin_stage(run, lease, RunStatus.VALIDATED)
        with transaction.atomic():
            lease.confirm()
            suggest_courses(run.connection_name)
        mappings = load_mappings(run.connection_name)
        rows = work_in_chunks(
            run,
            Stage.CLASSIFY,
            lambda first, last: _classify_chunk(run, first, last, mappings),
            lease=lease,
            progress=progress,
            label="classifying",
        )
        counts = _counts(run)
        weights_kept.keep(run)
        runs.finish_stage(run, lease, RunStatus.CLASSIFIED, actor=actor, started=now, found=counts)
    return runs.StageReport(run.pk, rows, counts)


def _classify_chunk(
    run: LegacyImportRun, first: int, last: int, mappings: MappingIndex
) -> ChunkDone:
    """Classify the rows first <= id <= last: each distinct case once, one UPDATE per answer."""
    cases: defaultdict[tuple[str, str | None, str | None], list[tuple[int, int]]]
    cases = defaultdict(list)
    chunk = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    for pk, training_pk, status, formation, session in chunk.values_list(
        "pk", "training__pk", "raw_status", "legacy_formation_id", "legacy_session_id"
    ):
        cases[status, formation, session].append((pk, training_pk))
    meanings: defaultdict[statuses.Meaning, list[int]] = defaultdict(list)
    trainings: defaultdict[SessionColumns | CourseColumns, list[int]] = defaultdict(list)
    for named, rows in cases.items():
        meaning, of_session, of_course = _answer(mappings, *named)
        meanings[meaning] += [pk for pk, _ in rows]
        of_trainings = [training_pk for _, training_pk in rows]
        trainings[of_session] += of_trainings
        trainings[of_course] += of_trainings
    for meaning, ids in meanings.items():
        update_ids(
            LegacyStudentImport,
            ids,
            {
                "classification": meaning.classification,
                "classification_rule": meaning.rule,
                "to_classify": False,
            },
        )
    for columns, ids in trainings.items():
        update_ids(LegacyTrainingImport, ids, columns._asdict())
    return ChunkDone(sum(map(len, meanings.values())))


def _answer(
    mappings: MappingIndex, raw_status: str, formation: str | None, session: str | None
) -> Answer:
    training = mappings.training(formation, session)
    session_type = training.session.session_type
    meaning = statuses.classify(raw_status, session_type)
    action = import_action.decide(meaning.classification, session_type, training.course.state)
    return Answer(
        meaning,
        SessionColumns(
            session_type=session_type,
            session_rule=training.session.rule,
            session_confirmed=training.session_confirmed,
            import_action=action.action,
            action_reason=action.reason,
        ),
        CourseColumns(training.course.course_id, training.course_rule),
    )


def _counts(run: LegacyImportRun) -> dict[str, dict[str, int]]:
    found = facets.rebuild(run)
    return {
        "classification": facets.spread(found, "classification", Classification.values),
        "session_types": facets.spread(found, "session_type", SessionType.values),
        "import_actions": facets.spread(found, "import_action", ImportAction.values),
    }
