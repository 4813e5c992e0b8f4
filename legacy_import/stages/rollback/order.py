"""Of several runs the newest is rolled back first, since it may depend on records of an older one."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from ecoin.bulk import Ids
from legacy_import.choices import COMMITTED_OUTCOMES, Outcome
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport


def committed_rows(run: LegacyImportRun) -> QuerySet[LegacyStudentImport]:
    """The rows of the run whose outcome is in force."""
    return LegacyStudentImport.objects.filter(legacy_import_run=run, outcome__in=COMMITTED_OUTCOMES)


def require_newest(run: LegacyImportRun, ids: Sequence[int] | None = None) -> None:
    """Raise OutOfOrder if a newer run depends on this one (or on these rows of it).

    A record that a newer run linked to, or treated as imported already, must not be deleted before.
    """
    runs_since = LegacyImportRun.objects.filter(connection_name=run.connection_name, pk__gt=run.pk)
    newer = list(runs_since.values_list("pk", flat=True))
    if not newer:
        return
    ours = committed_rows(run).exclude(outcome=Outcome.SKIP)
    if ids is not None:
        ours = ours.filter(pk__among=Ids(ids))
    same_row = ours.filter(source_table=OuterRef("source_table"), legacy_id=OuterRef("legacy_id"))
    created = LegacyImportCommitLog.objects.filter(
        legacy_import_run=run,
        created_target=True,
        reversed_at=None,
        target_model=OuterRef("target_model"),
        target_id=OuterRef("target_id"),
    )
    links = LegacyImportCommitLog.objects.filter(
        Exists(created), legacy_import_run__in=newer, created_target=False, reversed_at=None
    )
    rows = LegacyStudentImport.objects.filter(legacy_import_run__in=newer)
    for dependents in (
        rows.filter(Exists(same_row), outcome__in=COMMITTED_OUTCOMES),
        rows.filter(pk__in=links.values("student_import")),
    ):
        row = dependents.order_by("-legacy_import_run_id", "pk").first()
        if row:
            raise OutOfOrder(
                f"Run {row.legacy_import_run_id} is newer and depends on run {run.pk} "
                f"({row}, and perhaps others): the newest run goes first.",
                hint=f"manage.py legacy_rollback --run {row.legacy_import_run_id} --preview",
            )
