"""A run: one import of a snapshot of the old database, with its status and lease."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ecoin.fields import AsciiField
from legacy_import.choices import FocusMode, RunStatus
from legacy_import.errors import OutOfOrder
from legacy_import.permissions import PERMISSIONS

S = RunStatus

# From → to; all other transitions raise. A stage may always be repeated: it sets the run back to the
# status before it (validate → imported, classify → validated, plan → classified) until it is finished,
# so that results based on an older state are never treated as current.
TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    S.IMPORTING: frozenset({S.IMPORTING, S.IMPORTED, S.FAILED, S.CLOSED}),  # or abandoned
    S.IMPORTED: frozenset({S.IMPORTED, S.VALIDATED, S.ROLLING_BACK, S.CLOSED}),
    S.VALIDATED: frozenset({S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.ROLLING_BACK, S.CLOSED}),
    S.CLASSIFIED: frozenset(
        {S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.PLANNED, S.ROLLING_BACK, S.CLOSED}
    ),
    S.PLANNED: frozenset(
        {S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.PLANNED, S.COMMITTING, S.ROLLING_BACK, S.CLOSED}
    ),
    S.COMMITTING: frozenset(  # between waves, rows may be validated and planned again
        {S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.PLANNED, S.COMMITTING, S.COMMITTED,
         S.ROLLING_BACK, S.CLOSED}
    ),
    S.COMMITTED: frozenset(
        {S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.PLANNED, S.COMMITTING, S.COMMITTED,
         S.ROLLING_BACK, S.CLOSED}
    ),
    S.ROLLING_BACK: frozenset({S.ROLLING_BACK, S.ROLLED_BACK}),
    S.ROLLED_BACK: frozenset(  # repeated: records that were kept may be unreferenced by now
        {S.IMPORTED, S.VALIDATED, S.CLASSIFIED, S.PLANNED, S.ROLLING_BACK, S.CLOSED}
    ),
    S.FAILED: frozenset({S.IMPORTING, S.CLOSED}),  # legacy_import --resume
    S.CLOSED: frozenset(),
}  # fmt: skip

# The command that an operator runs next, by status.
NEXT_COMMAND: dict[RunStatus, str] = {
    S.IMPORTING: "legacy_import --resume {run}",
    S.FAILED: "legacy_import --resume {run}",
    S.IMPORTED: "legacy_validate --run {run}",
    S.VALIDATED: "legacy_classify --run {run}",
    S.CLASSIFIED: "legacy_dry_run --run {run}",
    S.PLANNED: "legacy_commit --run {run}",
    S.COMMITTING: "legacy_commit --run {run}",
    S.COMMITTED: "legacy_reconcile --run {run}",
    S.ROLLING_BACK: "legacy_rollback --run {run}",
    S.ROLLED_BACK: "legacy_validate --run {run}",
}


class LegacyImportRun(models.Model):
    """One import of one source: its status, certificate, summary and lease."""

    status = AsciiField(max_length=20, choices=RunStatus, default=RunStatus.IMPORTING)
    connection_name = AsciiField(max_length=64)
    focus_mode = AsciiField(max_length=24, choices=FocusMode)
    rules_version = models.PositiveIntegerField()
    norm_version = models.PositiveIntegerField()
    plan_fingerprint = AsciiField(max_length=64, blank=True, default="")
    summary = models.JSONField(default=dict)
    certificate = models.JSONField(default=dict)
    # Stage → setting → digest of its value when the stage was done (runs/settings_digests.py).
    settings_digests = models.JSONField(default=dict)
    # The alias while its import is unfinished, otherwise null: the database allows one such run, except
    # for runs started with --new.
    importing_alone = AsciiField(max_length=64, unique=True, null=True)
    row_limit = models.PositiveBigIntegerField(null=True)  # --limit: the run is partial
    # The last staged row id that was ever reserved for this run (stages/staging/row_ids.py).
    row_ids_until = models.BigIntegerField(default=0, db_default=0)
    previous_run = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.CharField(max_length=190)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)  # when the last stage ended
    validated_at = models.DateTimeField(null=True)
    classified_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)  # payloads and contacts were erased

    # The lease: one writer per run (runs/lease.py).
    lease_token = AsciiField(max_length=32, blank=True, default="")
    lease_command = AsciiField(max_length=40, blank=True, default="")
    lease_host = models.CharField(max_length=190, blank=True, default="")
    lease_process = AsciiField(max_length=40, blank=True, default="")  # "<pid>:<start time>"
    lease_expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "legacy_import_runs"
        verbose_name = _("import run")
        verbose_name_plural = _("import runs")
        default_permissions = ()
        permissions = list(PERMISSIONS.items())

    def __str__(self) -> str:
        return str(_("run %(number)s") % {"number": self.pk})

    @property
    def is_partial(self) -> bool:
        """Imported with --limit: some source rows are missing on purpose."""
        return self.row_limit is not None

    @property
    def next_command(self) -> str:
        """The `manage.py` command for the next stage of this run ("" if it is closed)."""
        return NEXT_COMMAND.get(RunStatus(self.status), "").format(run=self.pk)

    @property
    def source_label(self) -> str:
        """Alias and address of the source as in its certificate, without a password."""
        return f"{self.connection_name} → {self.certificate.get('source', 'unknown')}"

    def require(self, target: RunStatus) -> None:
        """Raise OutOfOrder unless the run may move to `target` from its status."""
        if target not in TRANSITIONS[RunStatus(self.status)]:
            hint = f"See its status: manage.py legacy_status --run {self.pk}"
            if self.next_command:
                hint = f"manage.py {self.next_command}"
            elif self.status == S.CLOSED:
                hint = "A closed run is permanently finished; start a new one with legacy_import."
            raise OutOfOrder(
                f"Run {self.pk} is '{self.status}', so it cannot become '{target.value}'.",
                hint=hint,
            )

    def move_to(self, target: RunStatus) -> None:
        """Set the status (without saving). Raises OutOfOrder if TRANSITIONS does not allow it."""
        self.require(target)
        self.status = target
