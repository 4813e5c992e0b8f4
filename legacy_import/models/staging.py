"""The staged rows: every source row exactly once, as found and as understood."""

from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField, FixedAsciiField
from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    Outcome,
    PersonKind,
    PlannedAction,
    ReviewDecision,
    SessionType,
    SourceChange,
    SourceTable,
    ValidationStatus,
)

# The issues of a row as stored text: only the few distinct texts are parsed as JSON.
ISSUES_AS_TEXT = Cast("validation_issues", models.TextField())
NO_EVIDENCE = 99  # review_order of a row that matches no one


def number_suffix(person_number: int) -> str:
    """What follows a legacy id in an origin: `#2` for the second person with it, "" for the first."""
    return f"#{person_number}" if person_number > 1 else ""


class LegacyStudentImport(models.Model):
    """One learner row of the old database. (run, source_table, legacy_id) is its identity.

    Columns appear in the order in which the stages fill them.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.PROTECT)
    source_table = AsciiField(max_length=12, choices=SourceTable)
    legacy_id = AsciiField(max_length=20)

    # 2 normalize, 3 stage
    first_name = models.CharField(max_length=150, blank=True, default="")
    last_name = models.CharField(max_length=150, blank=True, default="")
    full_name = models.CharField(max_length=300, blank=True, default="")
    name_key = AsciiField(max_length=190, blank=True, default="")
    birth_date = models.DateField(null=True)
    phone_raw = models.CharField(max_length=190, blank=True, default="")
    phone_normalized = AsciiField(max_length=20, null=True)
    email_raw = models.CharField(max_length=254, blank=True, default="")
    email_normalized = AsciiField(max_length=254, null=True)
    raw_status = models.CharField(max_length=190, blank=True, default="")
    legacy_formation_id = AsciiField(max_length=20, null=True)
    legacy_session_id = AsciiField(max_length=20, null=True)
    raw_payload = models.JSONField()
    payload_hash = AsciiField(max_length=64)
    # All issues that the reader and the normalizers found; `validate` evaluates them.
    validation_issues = models.JSONField(default=list)
    source_change = AsciiField(
        max_length=10, choices=SourceChange, default=SourceChange.NEW, db_default=SourceChange.NEW
    )

    # 4 validate
    validation_status = FixedAsciiField(
        max_length=12, choices=ValidationStatus, db_default=ValidationStatus.PENDING
    )
    duplicate_confidence = FixedAsciiField(
        max_length=8, choices=DuplicateConfidence, db_default=DuplicateConfidence.NONE
    )
    duplicate_evidence = models.JSONField(default=dict)
    auto_link_allowed = models.BooleanField(default=False, db_default=False)
    duplicate_blocker = AsciiField(max_length=40, blank=True, default="", db_default="")
    match_kind = AsciiField(max_length=8, blank=True, choices=PersonKind, default="", db_default="")
    match_id = models.BigIntegerField(null=True)
    contact_trusted = models.BooleanField(default=False, db_default=False)
    # The place in the review queue by the evidence, see rules.reliability; rows without any come last.
    review_order = models.SmallIntegerField(default=NO_EVIDENCE, db_default=NO_EVIDENCE)
    # The first row of this row's group of the same person; null: alone.
    group_first_id = models.BigIntegerField(null=True)
    group_conflict = models.BooleanField(default=False, db_default=False)

    # between the stages: people
    # The latest decision in force; LegacyReviewDecision has all of them, of all runs.
    decision = AsciiField(
        max_length=24, choices=ReviewDecision, blank=True, default="", db_default=""
    )
    # The latest decision about an earlier version of the row, while no one decided about this one.
    earlier_decision = AsciiField(
        max_length=24, choices=ReviewDecision, blank=True, default="", db_default=""
    )
    # Whether the decisions in force leave nothing for a person to decide, by the latest answer.
    settled = models.BooleanField(default=False, db_default=False)
    to_classify = models.BooleanField(default=False, db_default=False)  # a mapping changed since

    # 5 classify
    classification = AsciiField(
        max_length=18, choices=Classification, db_default=Classification.UNKNOWN
    )
    classification_rule = AsciiField(max_length=60, blank=True, default="", db_default="")
    # rules.statuses.key_of: the LegacyStatusMapping of a status that the rules do not know; or null.
    status_key = AsciiField(max_length=190, null=True)

    # 6 plan
    planned_action = FixedAsciiField(
        max_length=26, choices=PlannedAction, db_default=PlannedAction.REVIEW
    )
    planned_reason = FixedAsciiField(max_length=60, blank=True, default="", db_default="")
    planned_target_kind = AsciiField(
        max_length=8, blank=True, choices=PersonKind, default="", db_default=""
    )
    planned_target_id = models.BigIntegerField(null=True)
    planned_first_id = models.BigIntegerField(null=True)  # group_first_id when it was planned
    planned_basis = AsciiField(max_length=190, blank=True, default="", db_default="")
    previous_action = AsciiField(max_length=26, blank=True, default="", db_default="")
    previous_reason = AsciiField(max_length=60, blank=True, default="", db_default="")

    # 7 commit
    outcome = FixedAsciiField(max_length=26, choices=Outcome, db_default=Outcome.PENDING)
    imported_user_id = models.BigIntegerField(null=True)
    imported_lead_id = models.BigIntegerField(null=True)
    # 2: the second person who was imported under this legacy id; origins have `<id>#2` then.
    person_number = models.PositiveSmallIntegerField(default=1, db_default=1)
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        db_table = "legacy_student_imports"
        verbose_name = _("staged learner")
        verbose_name_plural = _("staged learners")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "source_table", "legacy_id"],
                name="legacy_student_identity",
            )
        ]
        indexes = [
            models.Index(
                fields=["legacy_import_run", "group_first_id"], name="legacy_student_group"
            ),
            # The review queue: its rows, its facets and its order without touching the wide rows.
            models.Index(
                fields=[
                    "legacy_import_run",
                    "planned_action",
                    "review_order",
                    "planned_reason",
                    "classification",
                ],
                name="legacy_student_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_table}:{self.legacy_id}"

    @property
    def origin_id(self) -> str:
        """The part of its records' origins between the connection and the effect."""
        return f"{self}{number_suffix(self.person_number)}"


class LegacyTrainingImport(models.Model):
    """The training of one staged learner: exactly one row each, even if it refers to no course."""

    student_import = models.OneToOneField(
        LegacyStudentImport, on_delete=models.CASCADE, related_name="training"
    )
    legacy_formation_id = AsciiField(max_length=20, null=True)
    legacy_session_id = AsciiField(max_length=20, null=True)
    session_type = AsciiField(max_length=20, choices=SessionType, db_default=SessionType.NONE)
    session_rule = AsciiField(max_length=60, blank=True, default="", db_default="")
    session_confirmed = models.BooleanField(default=False, db_default=False)
    course_id = models.BigIntegerField(null=True)  # the mapped trainings.Course, if any
    course_rule = AsciiField(max_length=60, blank=True, default="", db_default="")
    import_action = AsciiField(
        max_length=34, choices=ImportAction, db_default=ImportAction.NEEDS_REVIEW
    )
    action_reason = AsciiField(max_length=60, blank=True, default="", db_default="")
    imported_completed_training_id = models.BigIntegerField(null=True)
    imported_enrollment_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "legacy_training_imports"
        verbose_name = _("staged training")
        verbose_name_plural = _("staged trainings")
        default_permissions = ()

    def __str__(self) -> str:
        return str(_("training of row %(number)s") % {"number": self.student_import_id})
