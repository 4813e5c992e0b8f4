"""What the old courses and sessions are on the new platform. Belongs to the source, not to a run."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from legacy_import.choices import CourseMappingStatus, SessionType

# States of a mapping besides its own vocabulary.
GONE = "gone"  # the source no longer has it
TO_CONFIRM = "to_confirm"  # real by the rule, and nobody said so yet


class SourceMapping(models.Model):
    """What both have in common: the source they belong to, and a person's word on them."""

    connection_name = AsciiField(max_length=64)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    in_source = models.BooleanField(default=True)  # the last import still found it
    version = models.PositiveIntegerField(default=1)  # grows with every change

    class Meta:
        abstract = True

    @property
    def called(self) -> str:
        """As the old platform calls it."""
        raise NotImplementedError

    @property
    def state(self) -> str:
        """What the screens list and filter it by."""
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
    def called(self) -> str:
        return self.legacy_name

    @property
    def state(self) -> str:
        return self.status if self.in_source else GONE


class LegacySessionMapping(SourceMapping):
    """One session of the old platform and what it is: the rule's answer until a person confirms."""

    legacy_session_id = AsciiField(max_length=20)
    legacy_code = models.CharField(max_length=190)
    legacy_formation_id = AsciiField(max_length=20, null=True)
    starts_on_raw = models.CharField(max_length=40, blank=True, default="")
    ends_on_raw = models.CharField(max_length=40, blank=True, default="")
    session_type = AsciiField(max_length=20, choices=SessionType)
    rule = AsciiField(max_length=60)
    reason = models.CharField(max_length=255, blank=True, default="")  # of who confirmed it

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
    def called(self) -> str:
        return self.legacy_code

    @property
    def state(self) -> str:
        if not self.in_source:
            return GONE
        if self.session_type == SessionType.REAL_SESSION and not self.confirmed_at:
            return TO_CONFIRM
        return str(self.session_type)
