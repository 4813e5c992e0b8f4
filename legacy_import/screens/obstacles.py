"""Why an operation is not possible from a browser, and the command to run instead."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from ecoin.identity.keys import NORM_VERSION
from legacy_import.choices import RunStatus, Stage
from legacy_import.models import LegacyImportRun
from legacy_import.models.run import TRANSITIONS
from legacy_import.rules import RULES_VERSION
from legacy_import.runs.settings_digests import changed_settings
from legacy_import.stages.commit.commit import WITH_A_PLAN
from legacy_import.stages.replan import replan_obstacle

# The most rows that one request plans, reconciles or previews.
MOST_ROWS_PLANNED = 5_000
MOST_ROWS_RECONCILED = 20_000
MOST_ROWS_PREVIEWED = 20_000


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`command`: removes the obstacle, without `manage.py` ("" for none)."""

    words: str
    command: str = ""


def holder_of(run: LegacyImportRun) -> dict[str, str] | None:
    """The command that has the run's lease and its host; None if there is none or it has expired.

    A browser's commit is a legacy_commit.
    """
    if not run.lease_token or run.lease_expires_at is None:
        return None
    if run.lease_expires_at < timezone.now():
        return None
    return {"command": run.lease_command, "host": run.lease_host}


def lease_obstacle(run: LegacyImportRun) -> Obstacle | None:
    """The run is locked by a lease."""
    holder = holder_of(run)
    if holder is None:
        return None
    words = _("Run %(run)d is locked by %(command)s on %(host)s: wait until it ends.") % {
        "run": run.pk, **holder,
    }  # fmt: skip
    return Obstacle(words)


def to_commit(run: LegacyImportRun) -> Obstacle | None:
    """Why no batch can be committed; the service checks the same again."""
    other = rules_changed(run)
    if run.status == RunStatus.CLOSED:
        return _closed(run)
    if other:
        return other
    if run.status not in WITH_A_PLAN or not run.plan_fingerprint:
        words = _("Run %(run)d has no current plan, so there is nothing to commit.")
        return Obstacle(words % {"run": run.pk}, run.next_command)
    if run.is_partial:
        words = _(
            "Run %(run)d is partial: it contains only the first %(rows)d rows."
            " It can be committed at a terminal only."
        )
        message = words % {"run": run.pk, "rows": run.row_limit or 0}
        return Obstacle(message, f"legacy_commit --run {run.pk} --allow-partial")
    return lease_obstacle(run)


def to_roll_back(run: LegacyImportRun, *, committed: bool) -> Obstacle | None:
    """Why a run cannot be rolled back; `committed`: it has a committed batch."""
    if run.status == RunStatus.CLOSED:
        return _closed(run)
    if RunStatus.ROLLING_BACK not in TRANSITIONS[RunStatus(run.status)] or not committed:
        words = _("Run %(run)d has committed nothing, so there is nothing to roll back.")
        return Obstacle(words % {"run": run.pk}, run.next_command)
    return lease_obstacle(run)


def to_plan(run: LegacyImportRun, *, rows: int, to_classify: int) -> Obstacle | None:
    """Why the rows cannot be planned again from a browser."""
    if run.status == RunStatus.CLOSED:
        return _closed(run)
    other = rules_changed(run)
    if other:
        return other
    if RunStatus.PLANNED not in TRANSITIONS[RunStatus(run.status)]:
        words = _("The rows of run %(run)d are not classified yet.")
        return Obstacle(words % {"run": run.pk}, run.next_command)
    if to_classify and replan_obstacle(run, now=timezone.now()):
        words = _("%(rows)d rows have to be classified again before they can be planned.")
        return Obstacle(words % {"rows": to_classify}, f"legacy_classify --run {run.pk}")
    return _too_many(run, rows, MOST_ROWS_PLANNED, "legacy_dry_run") or lease_obstacle(run)


def to_reconcile(run: LegacyImportRun, *, rows: int) -> Obstacle | None:
    """Why the run cannot be reconciled from a browser."""
    if run.status in (RunStatus.IMPORTING, RunStatus.FAILED):
        words = _("Not every source row of run %(run)d is staged yet.")
        return Obstacle(words % {"run": run.pk}, run.next_command)
    return _too_many(run, rows, MOST_ROWS_RECONCILED, "legacy_reconcile") or lease_obstacle(run)


def settings_changed(run: LegacyImportRun) -> Obstacle | None:
    """A setting that the validation read is another one now, so no plan of the run is current."""
    names = changed_settings(run, Stage.VALIDATE)
    if run.validated_at is None or not names:
        return None
    words = _("Run %(run)d was validated under other settings: %(settings)s changed since.")
    message = words % {"run": run.pk, "settings": ", ".join(names)}
    return Obstacle(message, f"legacy_validate --run {run.pk}")


def _too_many(run: LegacyImportRun, rows: int, most: int, command: str) -> Obstacle | None:
    if rows <= most:
        return None
    words = _("Run %(run)d has %(rows)d rows, more than a browser should wait for (%(most)d).")
    message = words % {"run": run.pk, "rows": rows, "most": most}
    return Obstacle(message, f"{command} --run {run.pk}")


def _closed(run: LegacyImportRun) -> Obstacle:
    return Obstacle(_("Run %(run)d is permanently closed.") % {"run": run.pk})


def rules_changed(run: LegacyImportRun) -> Obstacle | None:
    """The rows were evaluated by other rules, or under other settings, than those in force now."""
    if run.norm_version != NORM_VERSION:
        words = _("Run %(run)d was staged by other normalizers than the installed ones.")
        return Obstacle(words % {"run": run.pk}, "legacy_import")
    if run.rules_version != RULES_VERSION:
        words = _("Run %(run)d was evaluated by other rules than the installed ones.")
        return Obstacle(words % {"run": run.pk}, f"legacy_validate --run {run.pk}")
    return settings_changed(run)
