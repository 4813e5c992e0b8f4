"""People who inquired about a training, and the courses concerned."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from ecoin.identity.emails import parse_email
from ecoin.identity.keys import stored_name_and_date
from ecoin.identity.phones import parse_phones


class CrmLead(models.Model):
    """A person who may become a learner. Contacts are stored as typed, and normalized."""

    full_name = models.CharField(_("full name"), max_length=300)
    phone = models.CharField(_("phone"), max_length=190, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    phone_normalized = AsciiField(max_length=20, null=True, blank=True, editable=False)
    email_normalized = AsciiField(max_length=254, null=True, blank=True, editable=False)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    # Equal for people of one full name and one birth date (ecoin.identity.keys, D).
    name_date_key = AsciiField(max_length=190, null=True, blank=True, editable=False)
    origin = AsciiField(
        _("origin"), max_length=190, unique=True, null=True, blank=True, editable=False
    )
    legacy_import_run_id = models.BigIntegerField(
        _("import run"), null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last saved"), auto_now=True)

    class Meta:
        db_table = "crm_leads"
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            models.Index(fields=["phone_normalized"], name="crm_lead_phone"),
            models.Index(fields=["email_normalized"], name="crm_lead_email"),
            models.Index(fields=["name_date_key"], name="crm_lead_name_date"),
        ]

    def __str__(self) -> str:
        return str(_("lead %(number)s") % {"number": self.pk})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalize()
        super().save(*args, **kwargs)

    def normalize(self) -> None:
        """Set the normalized columns from the typed ones, without saving."""
        phones = parse_phones(self.phone).valid
        self.phone_normalized = phones[0] if phones else None
        self.email_normalized = parse_email(self.email).value
        self.name_date_key = stored_name_and_date(self.full_name, self.birth_date)


class CourseInterest(models.Model):
    """A course a lead inquired about; a course the platform does not have keeps its old name only."""

    lead = models.ForeignKey(
        CrmLead, on_delete=models.CASCADE, related_name="interests", verbose_name=_("lead")
    )
    course = models.ForeignKey(
        "trainings.Course", on_delete=models.PROTECT, null=True, blank=True,
        verbose_name=_("course"),
    )  # fmt: skip
    legacy_course_name = models.CharField(_("course, as found"), max_length=255, blank=True)
    origin = AsciiField(
        _("origin"), max_length=190, unique=True, null=True, blank=True, editable=False
    )

    class Meta:
        db_table = "crm_course_interests"
        verbose_name = _("course interest")
        verbose_name_plural = _("course interests")

    def __str__(self) -> str:
        return str(_("course interest %(number)s") % {"number": self.pk})
