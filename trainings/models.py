"""Courses, cohorts, learners, and the training history imported from the old platform."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from ecoin.identity.emails import parse_email
from ecoin.identity.keys import MAX_VALUE, name_keys, stored_name_and_date
from ecoin.identity.phones import parse_phones

MAX_PHONE = 20  # digits


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

    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("course")
    )
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
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="learner_profile",
        verbose_name=_("user"),
    )  # fmt: skip
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
        self.name_date_key = stored_name_and_date(name, self.birth_date)


class DateSource(models.TextChoices):
    """Where the date of imported history comes from."""

    COMPLETED = "completed", _("completion date of the row")
    ARCHIVED = "archived", _("date on which the row was archived")
    SESSION_END = "session_end", _("end of its session")
    SESSION_START = "session_start", _("start of its session")


class ImportedHistory(models.Model):
    """The common fields of both kinds of imported history: origin, learner and session.

    `user` and `lead` are set only if the person is certain; otherwise only the learner fields identify
    the person. `learner_key` is the same for all history of one old learner.
    """

    origin = AsciiField(_("origin"), max_length=190, unique=True, editable=False)
    legacy_import_run_id = models.BigIntegerField(_("import run"), editable=False, db_index=True)
    learner_key = AsciiField(_("learner key"), max_length=190, editable=False, db_index=True)
    legacy_course_name = models.CharField(_("course, as found"), max_length=255, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True,
        verbose_name=_("user"),
    )  # fmt: skip
    lead = models.ForeignKey(
        "crm.CrmLead", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("lead")
    )
    learner_name = models.CharField(_("learner"), max_length=300, blank=True)
    learner_birth_date = models.DateField(_("birth date"), null=True, blank=True)
    learner_phone = models.CharField(_("phone"), max_length=190, blank=True)
    learner_email = models.CharField(_("e-mail"), max_length=254, blank=True)
    session_code = models.CharField(_("session code"), max_length=190, blank=True)
    session_starts_raw = models.CharField(_("session start, as found"), max_length=40, blank=True)
    session_ends_raw = models.CharField(_("session end, as found"), max_length=40, blank=True)
    # The day by which history is sorted, and where it comes from; null: no date could be read.
    dated_on = models.DateField(_("date"), null=True, blank=True, db_index=True)
    dated_from = AsciiField(
        _("where the date comes from"), max_length=16, choices=DateSource, blank=True
    )
    # By these columns a learner is found (trainings/history/search.py).
    name_key = AsciiField(max_length=MAX_VALUE, blank=True, editable=False, db_index=True)
    name_key_2 = AsciiField(max_length=MAX_VALUE, blank=True, editable=False, db_index=True)
    name_key_3 = AsciiField(max_length=MAX_VALUE, blank=True, editable=False, db_index=True)
    name_skeleton = AsciiField(max_length=MAX_VALUE, blank=True, editable=False, db_index=True)
    phone_normalized = AsciiField(max_length=MAX_PHONE, null=True, editable=False, db_index=True)
    second_phone = AsciiField(max_length=MAX_PHONE, null=True, editable=False, db_index=True)
    email_normalized = AsciiField(max_length=254, null=True, editable=False, db_index=True)
    # Equal for people of one full name and one birth date (ecoin.identity.keys, D).
    name_date_key = AsciiField(max_length=190, null=True, editable=False, db_index=True)
    # Counts attachments to people, for two users at once (trainings.attachments).
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last saved"), auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalize()
        super().save(*args, **kwargs)

    def normalize(self) -> None:
        """Set the columns that are searched from the learner's, without saving."""
        keys = name_keys(self.learner_name)
        self.name_key, self.name_key_2, self.name_key_3 = keys.rotations
        self.name_skeleton = keys.skeleton
        phones = parse_phones(self.learner_phone)
        self.phone_normalized = phones.valid[0] if phones.valid else None
        # Without a second valid number, one that is foreign or misspelt: it is found as it was typed.
        others = [
            one for one in (*phones.valid[1:], *phones.invalid_digits) if len(one) <= MAX_PHONE
        ]
        self.second_phone = others[0] if others else None
        self.email_normalized = parse_email(self.learner_email).value
        self.name_date_key = stored_name_and_date(self.learner_name, self.learner_birth_date)


class LegacyCompletedTraining(ImportedHistory):
    """A training that was completed on the old platform. Kept by name, it has no course."""

    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("course")
    )
    legacy_session_id = AsciiField(
        _("session on the old platform"), max_length=20, null=True, blank=True
    )
    completed_date_raw = models.CharField(_("completed on, as found"), max_length=190, blank=True)

    class Meta:
        db_table = "legacy_completed_trainings"
        verbose_name = _("completed training (imported)")
        verbose_name_plural = _("completed trainings (imported)")
        # Of both kinds of history.
        permissions = [("attach_history", "Can attach imported history to a user or lead")]

    def __str__(self) -> str:
        return str(_("completed training %(origin)s") % {"origin": self.origin})


class LegacyImportedEnrollment(ImportedHistory):
    """A registration of the old platform, kept apart from real enrolments."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, verbose_name=_("course"))
    legacy_session_id = AsciiField(_("session on the old platform"), max_length=20)

    class Meta:
        db_table = "legacy_imported_enrollments"
        verbose_name = _("enrolment (imported)")
        verbose_name_plural = _("enrolments (imported)")

    def __str__(self) -> str:
        return str(_("enrolment %(origin)s") % {"origin": self.origin})


class PersonKind(models.TextChoices):
    """To whom history is attached."""

    USER = "user", _("user")
    LEAD = "lead", _("lead")


class OwnerReason(models.TextChoices):
    """Why a person is probably the owner of a learner's history."""

    SAME_NAME_AND_DATE = "same_name_and_date", _("same name and birth date")
    BLOCKED_MATCH = "blocked_match", _("a match that the import did not trust")


class OwnerState(models.TextChoices):
    OPEN = "open", _("to decide")
    LATER = "later", _("later")
    NOT_SAME = "not_same", _("not the same person")
    SETTLED = "settled", _("history is attached")


class ProbableOwner(models.Model):
    """A learner of the old platform and a user or lead who may be that person.

    Rows are proposed when history or a person is added, and decided by people. "Not the same person" is
    permanent: it outlives the records, which a rollback may delete, so nothing here refers to them.
    """

    learner_key = AsciiField(max_length=190)
    person_kind = AsciiField(max_length=8, choices=PersonKind)
    person_id = models.BigIntegerField()
    reason = AsciiField(max_length=20, choices=OwnerReason)
    blocker = AsciiField(max_length=60, blank=True, default="")  # why the import did not link them
    state = AsciiField(max_length=8, choices=OwnerState, default=OwnerState.OPEN)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "trainings_probable_owners"
        verbose_name = _("probable owner")
        verbose_name_plural = _("probable owners")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["learner_key", "person_kind", "person_id"], name="trainings_owner_pair"
            )
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="trainings_owner_state"),
            models.Index(fields=["person_kind", "person_id"], name="trainings_owner_person"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_key} {self.person_kind}:{self.person_id}"


class AttachmentAction(models.TextChoices):
    ATTACH = "attach", _("attached")
    MOVE = "move", _("moved")
    DETACH = "detach", _("detached")
    NOT_SAME = "not_same", _("not the same person")
    LATER = "later", _("later")
    UNDO = "undo", _("undone")


class HistoryAttachment(models.Model):
    """What a person decided about the owner of a learner's history. Never changed, never deleted.

    The person is who it was attached to, or who was ruled out; of a detachment, no one. An undo is a
    separate event.
    """

    action = AsciiField(max_length=8, choices=AttachmentAction)
    learner_key = AsciiField(max_length=190, db_index=True)
    person_kind = AsciiField(max_length=8, choices=PersonKind, blank=True, default="")
    person_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=255, blank=True, default="")
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "trainings_history_attachments"
        verbose_name = _("attachment of history")
        verbose_name_plural = _("attachments of history")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"


class AttachedRecord(models.Model):
    """One record of an event: whose it was before and after. Never changed, never deleted.

    `version` is the record's after the event. A rollback may delete the record; its origin stays here.
    """

    attachment = models.ForeignKey(
        HistoryAttachment, on_delete=models.PROTECT, related_name="records"
    )
    origin = AsciiField(max_length=190, db_index=True)
    old_kind = AsciiField(max_length=8, choices=PersonKind, blank=True, default="")
    old_id = models.BigIntegerField(null=True)
    new_kind = AsciiField(max_length=8, choices=PersonKind, blank=True, default="")
    new_id = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField()

    class Meta:
        db_table = "trainings_attached_records"
        verbose_name = _("attached record")
        verbose_name_plural = _("attached records")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.attachment_id} {self.origin}"


class HistoryAccessLog(models.Model):
    """Who looked at the contact of which former learner, and why. Never changed, never deleted."""

    learner_key = AsciiField(max_length=190)
    reason = models.CharField(max_length=255)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "trainings_history_access_log"
        verbose_name = _("look at the contact of a former learner")
        verbose_name_plural = _("looks at the contacts of former learners")
        default_permissions = ()
        permissions = [
            ("reveal_history", "Can reveal the contact of a former learner (audited)"),
        ]
        indexes = [models.Index(fields=["actor", "created_at"], name="trainings_access_by_actor")]

    def __str__(self) -> str:
        return f"{self.learner_key} {self.pk}"
