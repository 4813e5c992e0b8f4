"""What the old courses and sessions are on the new platform. Belongs to the source, not to a run."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from legacy_import.choices import CourseMappingStatus, SessionType


class LegacyCourseMapping(models.Model):
    """One formation of the old catalogue and the course it is, if any."""

    connection_name = AsciiField(max_length=64)
    legacy_formation_id = AsciiField(max_length=20)
    legacy_name = models.CharField(max_length=255)
    course = models.ForeignKey("trainings.Course", on_delete=models.PROTECT, null=True)
    status = AsciiField(
        max_length=14, choices=CourseMappingStatus, default=CourseMappingStatus.UNMAPPED
    )
    rule = AsciiField(max_length=60, blank=True, default="")  # why it was suggested, or not
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    in_source = models.BooleanField(default=True)  # the last import still found it
    version = models.PositiveIntegerField(default=1)

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


class LegacySessionMapping(models.Model):
    """One session of the old platform and what it is: the rule's answer until a person confirms."""

    connection_name = AsciiField(max_length=64)
    legacy_session_id = AsciiField(max_length=20)
    legacy_code = models.CharField(max_length=190)
    legacy_formation_id = AsciiField(max_length=20, null=True)
    starts_on_raw = models.CharField(max_length=40, blank=True, default="")
    ends_on_raw = models.CharField(max_length=40, blank=True, default="")
    session_type = AsciiField(max_length=20, choices=SessionType)
    rule = AsciiField(max_length=60)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    in_source = models.BooleanField(default=True)  # the last import still found it
    version = models.PositiveIntegerField(default=1)

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
