"""Tables of the screens: counts of facets, soft claims on rows, saved filters."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField

# The columns that screens filter or order by; rows are counted per combination of their values.
FACETS = (
    "source_table", "classification", "validation_status", "duplicate_confidence",
    "planned_action", "planned_reason", "session_type", "import_action", "without_course",
    "outcome", "decision", "earlier_decision", "settled", "to_classify", "review_order",
)  # fmt: skip


class FacetCount(models.Model):
    """The number of rows of a run with one combination of facet values: a few hundred per run.

    Rebuilt by every stage and adjusted by every decision (runs/counts.py), so that no screen
    counts staged rows.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.CASCADE)
    source_table = AsciiField(max_length=12)
    classification = AsciiField(max_length=18)
    validation_status = AsciiField(max_length=12)
    duplicate_confidence = AsciiField(max_length=8)
    planned_action = AsciiField(max_length=26)
    planned_reason = AsciiField(max_length=60, blank=True)
    session_type = AsciiField(max_length=20)
    import_action = AsciiField(max_length=34)
    without_course = models.BooleanField()
    outcome = AsciiField(max_length=26)
    decision = AsciiField(max_length=24, blank=True)
    earlier_decision = AsciiField(max_length=24, blank=True)
    settled = models.BooleanField()
    to_classify = models.BooleanField()
    review_order = models.SmallIntegerField()
    rows = models.IntegerField()

    class Meta:
        db_table = "legacy_facet_counts"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.legacy_import_run_id} ×{self.rows}"


class ReviewClaim(models.Model):
    """Who is viewing a row at the moment. It is only shown, and never blocks another user."""

    student_import = models.OneToOneField("LegacyStudentImport", on_delete=models.CASCADE)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_review_claims"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.student_import_id}"


class SavedFilter(models.Model):
    """A filter that a user saved: a name and a query string, neither with a phone or an e-mail."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=500)

    class Meta:
        db_table = "legacy_saved_filters"
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["actor", "name"], name="legacy_saved_filter_name")
        ]

    def __str__(self) -> str:
        return self.name
