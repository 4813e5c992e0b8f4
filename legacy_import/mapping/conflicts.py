"""The kind of mapping for conflicts: rows refer to a course, and to a session of another course."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ecoin.identity.masking import mask_code
from legacy_import.choices import ConflictChoice
from legacy_import.mapping.index import ConflictAnswer, MappingIndex, load_mappings
from legacy_import.mapping.mapping_kind import Answer, AnswerChanges, MappingDecision, MappingKind
from legacy_import.mapping.row_groups import RowGroup, passes_mappings
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyTrainingImport,
)
from legacy_import.rules.courses import CourseState


def add_new_conflicts(run: LegacyImportRun) -> None:
    """Add every pair of formation and session in the run's rows that conflict, and no mapping has."""
    trainings = LegacyTrainingImport.objects.filter(
        student_import__legacy_import_run=run, course_rule=CourseState.CONFLICT.value
    )
    references = (
        trainings.order_by().values_list("legacy_formation_id", "legacy_session_id").distinct()
    )
    pairs = {(formation or "", session or "") for formation, session in references}
    if not pairs:
        return
    index = load_mappings(run.connection_name)
    LegacyCourseConflict.objects.bulk_create(
        [
            LegacyCourseConflict(
                connection_name=run.connection_name,
                legacy_formation_id=formation,
                legacy_session_id=session,
            )
            for formation, session in sorted(pairs - index.conflicts.keys())
            if index.training(formation, session).course.state == CourseState.CONFLICT
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def with_names() -> QuerySet[Any]:
    """All conflicts, with the names and codes of the old catalogue."""
    sessions = LegacySessionMapping.objects.filter(
        connection_name=OuterRef("connection_name"),
        legacy_session_id=OuterRef("legacy_session_id"),
    )
    of_session = sessions.values("legacy_formation_id")[:1]
    return LegacyCourseConflict.objects.annotate(
        formation_name=_text(_courses(OuterRef("legacy_formation_id")), "legacy_name"),
        session_code=_text(sessions, "legacy_code"),
        session_formation=Subquery(of_session),
    ).annotate(session_formation_name=_text(_courses(OuterRef("session_formation")), "legacy_name"))


def _courses(formation: OuterRef) -> QuerySet[LegacyCourseMapping]:
    return LegacyCourseMapping.objects.filter(
        connection_name=OuterRef("connection_name"), legacy_formation_id=formation
    )


def _text(rows: QuerySet[Any], column: str) -> Coalesce:
    return Coalesce(Subquery(rows.values(column)[:1]), Value(""))


def _pair_of(group: RowGroup, index: MappingIndex) -> str | None:
    two = index.training(group.formation, group.session).two_courses
    return f"{group.formation}:{group.session}" if two else None


def _rows_of_conflicts(connection_name: str, changes: AnswerChanges) -> Q:
    sessions: defaultdict[str, list[str]] = defaultdict(list)  # by formation: a few dozen terms
    for pair in changes:
        formation, _colon, session = pair.partition(":")
        sessions[formation].append(session)
    which = Q(pk__in=())
    for formation, of_pairs in sessions.items():
        which |= Q(legacy_formation_id=formation, legacy_session_id__in=of_pairs)
    return which


def _rule_answer(mapping: LegacyCourseConflict) -> dict[str, Any]:
    return {"answer": None}


def _index_with(index: MappingIndex, mappings: Collection[LegacyCourseConflict]) -> MappingIndex:
    answers = {
        (mapping.legacy_formation_id, mapping.legacy_session_id): ConflictAnswer(
            ConflictChoice(mapping.answer) if mapping.answer else None, mapping.answer_version
        )
        for mapping in mappings
    }
    return replace(index, conflicts=index.conflicts | answers)


def _frees(group: RowGroup, index: MappingIndex) -> bool:
    """Whether one of the two courses frees the rows."""
    pair = (group.formation or "", group.session or "")
    return any(
        passes_mappings(group, replace(index, conflicts={pair: ConflictAnswer(choice, 0)}))
        for choice in ConflictChoice
    )


CONFLICTS = MappingKind(
    name="conflict",
    model=LegacyCourseConflict,
    answer_field="answer",
    decisions={value.value: MappingDecision({"answer": value.value}) for value in ConflictChoice},
    rule_answer=_rule_answer,
    answer=lambda mapping: Answer(mapping.answer, None),
    mask=mask_code,
    mappings=with_names,
    affected_rows=_rows_of_conflicts,
    causes=(CourseState.CONFLICT.value,),
    other_causes=(),
    legacy_id_of=_pair_of,
    frees=_frees,
    index_with=_index_with,
)
