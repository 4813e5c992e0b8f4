"""Append-only logs of who did what, and the receipts of finished chunks."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from legacy_import.choices import (
    AccessKind,
    Classification,
    ErasureKind,
    LogAction,
    PersonKind,
    ReversalOutcome,
    ReviewDecision,
    SourceTable,
    Stage,
)


class ChunkRecord(models.Model):
    """The columns that identify a chunk of a stage; each table has at most one row per chunk."""

    legacy_import_run = models.ForeignKey(
        "legacy_imports.LegacyImportRun", on_delete=models.CASCADE
    )
    stage = AsciiField(max_length=10, choices=Stage)
    source_table = AsciiField(max_length=12, blank=True, default="")  # import only
    position = models.PositiveIntegerField()  # 0, 1, 2 … within stage and table

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.stage} {self.source_table} {self.position}"


class ChunkReceipt(ChunkRecord):
    """One finished chunk of a stage; receipts make a stage resumable, countable and distributable."""

    first_id = AsciiField(max_length=20)  # legacy ids (import) or staged row ids (other stages)
    last_id = AsciiField(max_length=20)
    first_row = models.BigIntegerField(default=0)  # import: staged row ids
    last_row = models.BigIntegerField(default=0)
    rows = models.PositiveIntegerField()
    # Import: of the legacy ids and hashes; plan: of the decisions.
    digest = AsciiField(max_length=64, blank=True, default="")
    details = models.JSONField(default=dict)  # counts or marks of the stage, by name
    finished_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_chunk_receipts"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "stage", "source_table", "position"],
                name="legacy_chunk_identity",
            )
        ]


class ChunkFailure(ChunkRecord):
    """A chunk on which a worker failed, for the command that waits for it.

    Deleted when its stage begins again, and when the chunk is finished after all.
    """

    error = AsciiField(max_length=80)  # class and number, never the text of the error
    # Of a LegacyImportError only, whose texts are for people and contain no personal data.
    message = models.TextField(blank=True, default="")
    hint = models.TextField(blank=True, default="")
    exit_code = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField()

    class Meta:
        db_table = "legacy_chunk_failures"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "stage", "source_table", "position"],
                name="legacy_failure_identity",
            )
        ]

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.error}"


class ChunkAttempt(ChunkRecord):
    """A worker that is at work on a chunk, or ended while it was. Deleted when the attempt ends.

    Written outside the chunk's transaction, so that others see it while the chunk is worked.
    """

    token = AsciiField(max_length=64)  # of the lease
    worker = models.CharField(max_length=190)  # Celery's name of it: name@host
    connection_id = models.BigIntegerField()  # of its session on the database server
    started_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_chunk_attempts"
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["legacy_import_run", "stage", "source_table", "position"],
                name="legacy_attempt_chunk",
            )
        ]

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.worker}"


class LegacyImportCommitLog(models.Model):
    """One effect of a commit on one record, and its reversal. Written with the effect itself.

    Every row in a commit has one entry whose action is the row's outcome; an interest added to a lead
    and a person attached to history have separate entries. An entry without `reversed_at` is in force.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.PROTECT)
    student_import = models.ForeignKey("LegacyStudentImport", on_delete=models.PROTECT)
    training_import = models.ForeignKey(
        "LegacyTrainingImport",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # queried through student_import, which has one training row
        db_constraint=False,
    )
    batch = models.PositiveIntegerField(default=0, db_default=0)  # position of its chunk receipt
    # Who the row was (rules.row_digest): its number may be another person's by the next import.
    row_digest = AsciiField(max_length=64, blank=True, default="", db_default="")
    action = AsciiField(max_length=26, choices=LogAction)
    target_model = AsciiField(max_length=60)
    target_id = models.BigIntegerField(null=True)
    created_target = models.BooleanField()
    reason = AsciiField(max_length=60)
    target_fingerprint = AsciiField(max_length=64, blank=True, default="")
    actor = models.CharField(max_length=190)
    created_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True)
    reversed_by = models.CharField(max_length=190, blank=True, default="", db_default="")
    reversal_outcome = AsciiField(
        max_length=40, blank=True, choices=ReversalOutcome, default="", db_default=""
    )

    class Meta:
        db_table = "legacy_import_commit_logs"
        verbose_name = _("commit log entry")
        verbose_name_plural = _("commit log")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["target_model", "target_id", "created_target"], name="legacy_log_target"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_model}:{self.target_id}"


class DecisionQuerySet(models.QuerySet["LegacyReviewDecision"]):
    def standing(self) -> "DecisionQuerySet":
        """Without decisions that were undone, and without the undo events."""
        return self.filter(undoes=None, undone_by=None)


class LegacyReviewBulk(models.Model):
    """One answer about several rows, or the undo of one: what its events have in common.

    Never changed, never deleted.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.PROTECT)
    decision = AsciiField(max_length=24)  # of ReviewDecision, or `repeat`
    rows = models.PositiveIntegerField()  # that were decided
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_review_bulks"
        verbose_name = _("decision about many rows")
        verbose_name_plural = _("decisions about many rows")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.decision} ×{self.rows}"


class LegacyReviewDecision(models.Model):
    """One decision of a reviewer about a source row as it was. Never changed, never deleted.

    It is in force in every run of its source where the row is the same person and the subject of
    the decision is unchanged (people/source_decisions.py).
    """

    connection_name = AsciiField(max_length=64)
    source_table = AsciiField(max_length=12, choices=SourceTable)
    legacy_id = AsciiField(max_length=20)
    # The row at the time of the decision: who it was, its payload, and what the decision is about.
    row_digest = AsciiField(max_length=64, blank=True, default="")
    payload_hash = AsciiField(max_length=64)
    subject = AsciiField(max_length=16, blank=True, default="")
    # The staged row that the reviewer saw; only its values are shown, next to those of a newer version.
    student_import = models.ForeignKey(
        "LegacyStudentImport", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    decision = AsciiField(max_length=24, choices=ReviewDecision)
    treat_as = AsciiField(max_length=18, choices=Classification, blank=True, default="")
    target_kind = AsciiField(max_length=8, choices=PersonKind, blank=True, default="")
    target_id = models.BigIntegerField(null=True)
    # A link to a deactivated account, as the reviewer was warned.
    target_inactive = models.BooleanField(default=False, db_default=False)
    # Of create_again: the entry whose record is gone. One that is deleted again needs a decision again.
    log_entry_id = models.BigIntegerField(null=True)
    # Of set_course: the platform's course; null keeps the old name. No key: a decision outlives it.
    course_id = models.BigIntegerField(null=True)
    note = models.TextField(blank=True, default="")
    # An undo is a reset of this one decision only; a reset without it undoes all decisions.
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    # The answer about several rows that it is a part of; it is undone with all of them.
    bulk = models.ForeignKey(
        LegacyReviewBulk, on_delete=models.PROTECT, null=True, related_name="events"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        db_table = "legacy_review_decisions"
        verbose_name = _("review decision")
        verbose_name_plural = _("review decisions")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["connection_name", "source_table", "legacy_id"],
                name="legacy_decision_row",
            ),
            models.Index(fields=["connection_name", "created_at"], name="legacy_decision_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.source_table}:{self.legacy_id}"


class LegacyAccessLog(models.Model):
    """Who viewed what: reveals, raw views and exports. Never changed, never deleted."""

    kind = AsciiField(max_length=10, choices=AccessKind)
    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.PROTECT)
    student_import = models.ForeignKey("LegacyStudentImport", on_delete=models.PROTECT, null=True)
    reason = models.CharField(max_length=255, blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_access_log"
        verbose_name = _("access log entry")
        verbose_name_plural = _("access log")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class LegacyErasureLog(models.Model):
    """What was erased from the staging tables, by whom and why. Never changed, never deleted.

    An entry about one person belongs to the source row, not to a staged one: a resumed import may
    stage its chunk again.
    """

    kind = AsciiField(max_length=10, choices=ErasureKind)
    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.PROTECT)
    # Of one person: the source row, and who it was (rules/row_digest.py), without personal data.
    connection_name = AsciiField(max_length=64, blank=True, default="")
    source_table = AsciiField(max_length=12, blank=True, default="")
    legacy_id = AsciiField(max_length=20, blank=True, default="")
    row_digest = AsciiField(max_length=64, blank=True, default="")
    payload_hash = AsciiField(max_length=64, blank=True, default="")
    rows = models.PositiveIntegerField()
    reason = models.CharField(max_length=255, blank=True, default="")
    actor = models.CharField(max_length=190)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_erasure_log"
        verbose_name = _("erasure log entry")
        verbose_name_plural = _("erasure log")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
