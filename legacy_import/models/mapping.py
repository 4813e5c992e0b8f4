"""The old courses, sessions and statuses on the new platform, and the stored lists of the screens.

Mappings belong to the source, the lists to a run.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from legacy_import.choices import (
    NOT_IN_SOURCE,
    Classification,
    ConflictChoice,
    CourseMappingStatus,
    SessionType,
)

# States of a mapping in addition to its own vocabulary.
GONE = "gone"  # the source no longer has it
TO_CONFIRM = "to_confirm"  # real by the rule, not confirmed yet
RELEASED = "released"  # a waiting session whose history is recorded without it
TO_SETTLE = "to_settle"  # a conflict of courses that no person has settled yet
TO_DEFINE = "to_define"  # a status whose meaning no person has defined yet


class SourceMapping(models.Model):
    """The columns of every kind of mapping: its source, and who decided on it."""

    connection_name = AsciiField(max_length=64)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    in_source = models.BooleanField(default=True)  # it was in the last import
    deleted_at_source = models.BooleanField(default=False)  # it is there, marked as deleted
    version = models.PositiveIntegerField(default=1)  # incremented with every change
    # Incremented when another course or type is recorded by it; plans rest on this one.
    answer_version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    def count_change(self, *, new_answer: bool = True) -> None:
        """Increment the versions for a change that is about to be saved."""
        self.version += 1
        self.answer_version += new_answer

    @property
    def waits_as_deleted(self) -> bool:
        """Deleted on the old platform, and no person decided since."""
        return self.deleted_at_source and self.confirmed_at is None

    @property
    def legacy_id(self) -> str:
        """The id that staged rows refer to it by."""
        raise NotImplementedError

    @property
    def display_name(self) -> str:
        """Its name or code on the old platform."""
        raise NotImplementedError

    @property
    def state(self) -> str:
        """The state that the screens show and filter by."""
        raise NotImplementedError


class LegacyCourseMapping(SourceMapping):
    """One formation of the old catalogue and the course it is, if any."""

    legacy_formation_id = AsciiField(max_length=20)
    legacy_name = models.CharField(max_length=255)
    course = models.ForeignKey("trainings.Course", on_delete=models.PROTECT, null=True)
    status = AsciiField(
        max_length=14, choices=CourseMappingStatus, default=CourseMappingStatus.UNMAPPED
    )
    rule = AsciiField(max_length=60, blank=True, default="")  # why it was suggested, or not

    class Meta:
        db_table = "legacy_course_mappings"
        verbose_name = _("course mapping")
        verbose_name_plural = _("course mappings")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection_name", "legacy_formation_id"], name="legacy_course_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.legacy_formation_id} {self.legacy_name}"

    @property
    def legacy_id(self) -> str:
        return str(self.legacy_formation_id)

    @property
    def display_name(self) -> str:
        return self.legacy_name

    @property
    def state(self) -> str:
        return self.status if self.in_source else GONE


class LegacySessionMapping(SourceMapping):
    """One session of the old platform and its type: the rule's answer until it is confirmed."""

    legacy_session_id = AsciiField(max_length=20)
    legacy_code = models.CharField(max_length=190)
    legacy_formation_id = AsciiField(max_length=20, null=True)
    starts_on_raw = models.CharField(max_length=40, blank=True, default="")
    ends_on_raw = models.CharField(max_length=40, blank=True, default="")
    session_type = AsciiField(max_length=20, choices=SessionType)
    rule = AsciiField(max_length=60)
    reason = models.CharField(max_length=255, blank=True, default="")  # given when confirmed
    # History of this waiting session is recorded without a session; registrations still wait.
    history_released = models.BooleanField(default=False)
    # The course of its released history where neither row nor session has one.
    history_course = models.ForeignKey(
        "trainings.Course", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        db_table = "legacy_session_mappings"
        verbose_name = _("session mapping")
        verbose_name_plural = _("session mappings")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection_name", "legacy_session_id"], name="legacy_session_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.legacy_session_id} {self.legacy_code}"

    @property
    def legacy_id(self) -> str:
        return str(self.legacy_session_id)

    @property
    def display_name(self) -> str:
        return self.legacy_code

    @property
    def decided_as(self) -> str:
        """What people decided, for the log."""
        return RELEASED if self.history_released else str(self.session_type)

    @property
    def state(self) -> str:
        if not self.in_source and self.rule != NOT_IN_SOURCE:
            return GONE
        if self.history_released:
            return RELEASED
        if self.session_type == SessionType.REAL_SESSION and not self.confirmed_at:
            return TO_CONFIRM
        return str(self.session_type)


class LegacyStatusMapping(SourceMapping):
    """A status of the old platform that the rules do not know, and the meaning that people gave it."""

    status_key = AsciiField(max_length=190)  # rules.statuses.key_of; "" is that of empty statuses
    legacy_status = models.CharField(max_length=190, blank=True)  # as first found, contacts masked
    classification = AsciiField(max_length=18, choices=Classification, null=True)

    class Meta:
        db_table = "legacy_status_mappings"
        verbose_name = _("status mapping")
        verbose_name_plural = _("status mappings")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection_name", "status_key"], name="legacy_status_identity"
            )
        ]

    def __str__(self) -> str:
        return self.legacy_status

    @property
    def legacy_id(self) -> str:
        return str(self.status_key)

    @property
    def display_name(self) -> str:
        return self.legacy_status

    @property
    def state(self) -> str:
        return self.classification or TO_DEFINE


class LegacyCourseConflict(SourceMapping):
    """A formation and a session of another formation that rows refer to, and whose course they get."""

    legacy_formation_id = AsciiField(max_length=20)
    legacy_session_id = AsciiField(max_length=20)
    answer = AsciiField(max_length=20, choices=ConflictChoice, null=True)

    class Meta:
        db_table = "legacy_course_conflicts"
        verbose_name = _("conflict of courses")
        verbose_name_plural = _("conflicts of courses")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection_name", "legacy_formation_id", "legacy_session_id"],
                name="legacy_conflict_identity",
            )
        ]

    def __str__(self) -> str:
        return self.legacy_id

    @property
    def legacy_id(self) -> str:
        return f"{self.legacy_formation_id}:{self.legacy_session_id}"

    @property
    def display_name(self) -> str:
        # Annotated by mapping.conflicts.with_names.
        names = [getattr(self, name, "") for name in ("formation_name", "session_code")]
        return " / ".join(filter(None, names)) or self.legacy_id

    @property
    def state(self) -> str:
        return self.answer or TO_SETTLE


# A change of any of these makes plans and stored lists of the source outdated.
MAPPING_MODELS: tuple[type[SourceMapping], ...] = (
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyCourseConflict,
)


class MappingTotals(models.Model):
    """Numbers of rows of a run that wait for mappings, by cause; valid while `mappings` is the stamp."""

    legacy_import_run = models.OneToOneField("LegacyImportRun", on_delete=models.CASCADE)
    mappings = AsciiField(max_length=80)  # mapping.index.mapping_stamp when they were counted
    causes = models.JSONField()
    # Cause → the number of sessions, courses, statuses or pairs that its rows wait for.
    mappings_by_cause = models.JSONField(default=dict)

    class Meta:
        db_table = "legacy_mapping_totals"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.legacy_import_run_id} {self.mappings}"


class MappingWeight(models.Model):
    """One mapping in a run's list: its position, its numbers of rows, and its text for searches.

    Written with MappingTotals by mapping/weights.py, so that no screen counts staged rows.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.CASCADE)
    kind = AsciiField(max_length=8)  # name of a MappingKind
    mapping_id = models.BigIntegerField()
    position = models.PositiveIntegerField()  # the mapping that would free most rows is first
    rows = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    frees = models.PositiveIntegerField()
    trained = models.PositiveIntegerField(default=0)  # rows of learners who were trained
    state = AsciiField(max_length=20)
    searched = models.CharField(max_length=500)  # its number and its folded, masked names

    class Meta:
        db_table = "legacy_mapping_weights"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "kind", "mapping_id"], name="legacy_weight_identity"
            ),
            models.UniqueConstraint(
                fields=["legacy_import_run", "kind", "position"], name="legacy_weight_place"
            ),
        ]
        indexes = [
            models.Index(
                fields=["legacy_import_run", "kind", "state", "position"],
                name="legacy_weight_state",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.mapping_id} ×{self.rows}"
