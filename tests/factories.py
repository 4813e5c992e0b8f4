"""Fictional people, courses and staged rows for tests.

Staged rows go through the real normalizers and the real bulk writer, so that their columns,
training rows and identity keys are what an import would have written.
"""

import datetime
from collections.abc import Sequence
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone

from crm.models import CourseInterest, CrmLead
from ecoin.identity.keys import NORM_VERSION
from legacy_import.choices import (
    CourseMappingStatus,
    FocusMode,
    Outcome,
    ReviewDecision,
    RunStatus,
    SessionType,
    SourceTable,
    Stage,
)
from legacy_import.engine.chunks import Chunk, Job, Work, do_chunk
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.meaning import MeaningCache
from legacy_import.models import (
    ChunkReceipt,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
)
from legacy_import.people.source_decisions import row_at_decision
from legacy_import.privacy.erasures import erased_rows
from legacy_import.rules import RULES_VERSION
from legacy_import.rules.normalization import Settings
from legacy_import.runs.settings_digests import SETTINGS_OF_STAGE, digests_now
from legacy_import.source.rows import LegacyRow
from legacy_import.stages.staging.chunk_rows import (
    PreparedChunk,
    StagingContext,
    prepare_chunk,
    previous_hashes,
    write_chunk,
)
from legacy_import.stages.staging.row_ids import reserve_ids
from trainings.models import (
    Course,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    Session,
)

CONNECTION = "legacy"
NOW = datetime.datetime(2026, 3, 1, 9, 0, tzinfo=datetime.UTC)
SETTINGS = Settings(NOW.date(), placeholder_emails=frozenset(), role_mailboxes=frozenset())
Factory = factory.django.DjangoModelFactory


class UserFactory(Factory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"personne{n}")


class LearnerProfileFactory(Factory):
    """A user whom the platform knows as a learner: user__first_name=…, phone=…, birth_date=…."""

    class Meta:
        model = LearnerProfile

    user = factory.SubFactory(UserFactory)


class CrmLeadFactory(Factory):
    class Meta:
        model = CrmLead

    full_name = factory.Sequence(lambda n: f"Fictif {spelled(n)}")


class CourseFactory(Factory):
    class Meta:
        model = Course

    name = factory.Sequence(lambda n: f"Cours fictif {n}")
    code = factory.Sequence(lambda n: f"C{n}")


class SessionFactory(Factory):
    class Meta:
        model = Session

    course = factory.SubFactory(CourseFactory)
    code = factory.Sequence(lambda n: f"S{n}")


class CourseInterestFactory(Factory):
    class Meta:
        model = CourseInterest

    lead = factory.SubFactory(CrmLeadFactory)


class CompletedTrainingFactory(Factory):
    class Meta:
        model = LegacyCompletedTraining

    origin = factory.Sequence(lambda n: f"{CONNECTION}:stagiaires:{n}:training")
    learner_key = factory.LazyAttribute(lambda training: training.origin.rpartition(":")[0])
    legacy_import_run_id = 1
    course = factory.SubFactory(CourseFactory)


class EnrollmentFactory(Factory):
    class Meta:
        model = LegacyImportedEnrollment

    origin = factory.Sequence(lambda n: f"{CONNECTION}:stagiaires:{n}:enrollment")
    learner_key = factory.LazyAttribute(lambda enrolment: enrolment.origin.rpartition(":")[0])
    legacy_import_run_id = 1
    legacy_session_id = "42"
    course = factory.SubFactory(CourseFactory)


class CourseMappingFactory(Factory):
    """A formation that a person mapped; status=… and course=None for anything else."""

    class Meta:
        model = LegacyCourseMapping

    connection_name = CONNECTION
    legacy_formation_id = factory.Sequence(lambda n: str(n + 1))
    legacy_name = factory.Sequence(lambda n: f"Formation fictive {n}")
    course = factory.SubFactory(CourseFactory)
    status = CourseMappingStatus.CONFIRMED


class SessionMappingFactory(Factory):
    """A session that the rule calls real; confirmed=True where a person said so too."""

    class Meta:
        model = LegacySessionMapping

    class Params:
        confirmed = factory.Trait(confirmed_at=NOW, confirmed_by=factory.SubFactory(UserFactory))

    connection_name = CONNECTION
    legacy_session_id = factory.Sequence(lambda n: str(n + 1_000))
    legacy_code = factory.Sequence(lambda n: f"CODE-{n}")
    session_type = SessionType.REAL_SESSION
    rule = "session:real"


class StatusMappingFactory(Factory):
    """A status that the rules do not know; classification=…, confirmed=True once it is defined."""

    class Meta:
        model = LegacyStatusMapping

    class Params:
        confirmed = factory.Trait(confirmed_at=NOW, confirmed_by=factory.SubFactory(UserFactory))

    connection_name = CONNECTION
    status_key = "abandon"
    legacy_status = "Abandon"


class RunFactory(Factory):
    """A run whose rows are staged."""

    class Meta:
        model = LegacyImportRun

    connection_name = CONNECTION
    status = RunStatus.IMPORTED
    focus_mode = FocusMode.HISTORICAL_COMPLETED
    rules_version = RULES_VERSION
    norm_version = NORM_VERSION
    certificate = factory.LazyFunction(lambda: {"source": "a fictional database"})
    settings_digests = factory.LazyFunction(
        lambda: {stage.value: digests_now(stage) for stage in SETTINGS_OF_STAGE}
    )
    created_by = "cli:test"
    started_at = NOW


class StagedLearnerFactory(factory.Factory):
    """One staged learner with training row and keys. Fields carry the names of the source schema;
    a stranger with a phone of his own, nobody's course and the status `nouveau` unless told."""

    class Meta:
        model = LegacyStudentImport

    run = factory.SubFactory(RunFactory)
    table = SourceTable.STAGIAIRES.value
    legacy_id = factory.Sequence(lambda n: str(n + 1))
    issues = ()
    full_name = factory.Sequence(lambda n: f"Fictif {spelled(n)}")
    phone = factory.Sequence(lambda n: f"0661{n + 200_000}")
    status = "nouveau"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **values: Any) -> LegacyStudentImport:
        return stage_rows(values.pop("run"), [legacy_row(**values)])[0]


def _row_at(said: Any) -> dict[str, Any]:
    return row_at_decision(said.student_import, said.connection_name, said.decision)


class ReviewDecisionFactory(Factory):
    """What a reviewer said about a row: person=('user', 4) for link and not_same."""

    class Meta:
        model = LegacyReviewDecision
        exclude = ("person",)

    person: Any = None
    student_import = factory.SubFactory(StagedLearnerFactory)
    decision = ReviewDecision.LATER
    connection_name = factory.LazyAttribute(
        lambda said: said.student_import.legacy_import_run.connection_name
    )
    source_table = factory.LazyAttribute(lambda said: said.student_import.source_table)
    legacy_id = factory.LazyAttribute(lambda said: said.student_import.legacy_id)
    row_digest = factory.LazyAttribute(lambda said: _row_at(said)["row_digest"])
    payload_hash = factory.LazyAttribute(lambda said: said.student_import.payload_hash)
    subject = factory.LazyAttribute(lambda said: _row_at(said)["subject"])
    target_kind = factory.LazyAttribute(lambda said: said.person[0] if said.person else "")
    target_id = factory.LazyAttribute(lambda said: said.person[1] if said.person else None)
    actor = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)


def spelled(number: int) -> str:
    """A name of its own for every number, in letters (digits are no part of a name)."""
    return "".join("bdfglmnrts"[int(digit)] + "aiou"[int(digit) % 4] for digit in f"{number:04d}")


def legacy_row(
    *, table: str, legacy_id: str, issues: Sequence[str] = (), **fields: Any
) -> LegacyRow:
    """A row as the reader gives it; its payload holds the same fields."""
    return LegacyRow(table, legacy_id, fields, {"id": legacy_id, **fields}, tuple(issues))


def _writing(page: PreparedChunk) -> Work:
    return lambda chunk: write_chunk(page)


def stage_rows(run: LegacyImportRun, rows: Sequence[LegacyRow]) -> list[LegacyStudentImport]:
    """Stage rows as legacy_import does, a chunk per table; returns them in the given order."""
    meanings = MeaningCache(load_mappings(run.connection_name))
    context = StagingContext(run, SETTINGS, meanings, erased_rows(run.connection_name))
    for table in SourceTable.values:
        chunk = [row for row in rows if row.table == table]
        if chunk:
            receipts = ChunkReceipt.objects.filter(
                legacy_import_run=run, stage="import", source_table=table
            )
            before = previous_hashes(run, chunk)
            page = prepare_chunk(chunk, context, reserve_ids(run, len(chunk)), before)
            do_chunk(
                Job(run.pk, Stage.IMPORT, ""),
                Chunk(receipts.count(), page.first, page.last, table),
                _writing(page),
                lambda: None,
            )
    staged = {
        (row.source_table, row.legacy_id): row
        for row in LegacyStudentImport.objects.filter(legacy_import_run=run)
    }
    return [staged[row.table, row.legacy_id] for row in rows]


def earlier_commit(row: LegacyStudentImport, outcome: Outcome) -> None:
    """Make the row look committed; the record of its origin is the caller's to make."""
    LegacyStudentImport.objects.filter(pk=row.pk).update(outcome=outcome)
    LegacyImportRun.objects.filter(pk=row.legacy_import_run_id).update(status=RunStatus.COMMITTED)
