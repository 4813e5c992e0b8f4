"""What the screens keep: counts of facets and mappings, soft claims on rows, saved filters."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField

# The columns by which screens filter, and the combinations of which are counted.
FACETS = (
    "source_table", "classification", "validation_status", "duplicate_confidence",
    "planned_action", "planned_reason", "session_type", "import_action", "without_course",
    "outcome", "decision", "to_classify",
)  # fmt: skip


class FacetCount(models.Model):
    """How many rows of a run have one combination of facet values: some hundreds per run.

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
    to_classify = models.BooleanField()
    rows = models.IntegerField()

    class Meta:
        db_table = "legacy_facet_counts"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.legacy_import_run_id} ×{self.rows}"


class MappingTotals(models.Model):
    """How many rows of a run wait for mappings, per cause, and for which mappings that is true.

    Stands while `mappings` is what mapping/weights.py finds of the source's mappings.
    """

    legacy_import_run = models.OneToOneField("LegacyImportRun", on_delete=models.CASCADE)
    mappings = AsciiField(max_length=80)  # how many there were, and the sum of their versions
    causes = models.JSONField()

    class Meta:
        db_table = "legacy_mapping_totals"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.legacy_import_run_id} {self.mappings}"


class MappingWeight(models.Model):
    """One mapping in a run's list: its place, the rows of the run it stands for, its words.

    Written by mapping/weights.py with MappingTotals, so that no screen counts staged rows.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.CASCADE)
    kind = AsciiField(max_length=8)  # course | session
    mapping_id = models.BigIntegerField()
    position = models.PositiveIntegerField()  # what would free most rows is first
    rows = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    frees = models.PositiveIntegerField()
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


class ReviewClaim(models.Model):
    """Who is looking at a row right now. Soft: it shows, it never stops anybody."""

    student_import = models.OneToOneField("LegacyStudentImport", on_delete=models.CASCADE)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_review_claims"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.student_import_id}"


class SavedFilter(models.Model):
    """A name and a query string of one person; never a phone or an e-mail."""

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
