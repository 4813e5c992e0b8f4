"""Courses, cohorts, learners, and the training history imported from the old platform."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from ecoin.identity.keys import name_and_date_key
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones


class Course(models.Model):
    name = models.CharField(_("name"), max_length=255)
    code = models.CharField(_("code"), max_length=40, unique=True)

    class Meta:
        db_table = "trainings_courses"
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Session(models.Model):
    """A real cohort of the new platform. The import never creates one."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    code = models.CharField(_("code"), max_length=80, unique=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)

    class Meta:
        db_table = "trainings_sessions"
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return self.code


class LearnerProfile(models.Model):
    """The platform's data about a user as a learner."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="learner_profile"
    )
    phone = models.CharField(_("phone"), max_length=190, blank=True)
    phone_normalized = AsciiField(max_length=20, null=True, blank=True, editable=False)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    # Equal for people of one full name and one birth date (ecoin.identity.keys, D).
    name_date_key = AsciiField(max_length=190, null=True, blank=True, editable=False)

    class Meta:
        db_table = "trainings_learner_profiles"
        verbose_name = _("learner profile")
        verbose_name_plural = _("learner profiles")
        indexes = [
            models.Index(fields=["phone_normalized"], name="trainings_profile_phone"),
            models.Index(fields=["name_date_key"], name="trainings_profile_name_date"),
        ]

    def __str__(self) -> str:
        return str(_("learner profile %(number)s") % {"number": self.pk})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalize()
        super().save(*args, **kwargs)

    def normalize(self) -> None:
        """Set the normalized columns from the typed ones and the user's name, without saving."""
        phones = parse_phones(self.phone).valid
        self.phone_normalized = phones[0] if phones else None
        name = f"{self.user.first_name} {self.user.last_name}" if self.user_id else ""
        key = name_and_date_key(parse_name(name), self.birth_date)
        self.name_date_key = key.value if key else None


class ImportedHistory(models.Model):
    """The common fields of both kinds of imported history: origin and learner.

    `user` and `lead` are set only if the person is certain; otherwise only the learner fields identify
    the person.
    """

    origin = AsciiField(max_length=190, unique=True, editable=False)
    legacy_import_run_id = models.BigIntegerField(editable=False, db_index=True)
    course = models.ForeignKey(Course, on_delete=models.PROTECT)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    lead = models.ForeignKey("crm.CrmLead", on_delete=models.PROTECT, null=True, blank=True)
    learner_name = models.CharField(_("learner"), max_length=300, blank=True)
    learner_birth_date = models.DateField(_("birth date"), null=True, blank=True)
    learner_phone = models.CharField(_("phone"), max_length=190, blank=True)
    learner_email = models.CharField(_("e-mail"), max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class LegacyCompletedTraining(ImportedHistory):
    """A training that was completed on the old platform."""

    legacy_session_id = AsciiField(max_length=20, null=True, blank=True)
    session_code = models.CharField(_("session code"), max_length=190, blank=True)
    completed_date_raw = models.CharField(_("completed on, as found"), max_length=190, blank=True)

    class Meta:
        db_table = "legacy_completed_trainings"
        verbose_name = _("completed training (imported)")
        verbose_name_plural = _("completed trainings (imported)")

    def __str__(self) -> str:
        return str(_("completed training %(origin)s") % {"origin": self.origin})


class LegacyImportedEnrollment(ImportedHistory):
    """A registration of the old platform, kept apart from real enrolments."""

    legacy_session_id = AsciiField(max_length=20)
    session_code = models.CharField(_("session code"), max_length=190, blank=True)

    class Meta:
        db_table = "legacy_imported_enrollments"
        verbose_name = _("enrolment (imported)")
        verbose_name_plural = _("enrolments (imported)")

    def __str__(self) -> str:
        return str(_("enrolment %(origin)s") % {"origin": self.origin})
