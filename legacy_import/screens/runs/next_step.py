"""The card at the top of a run: the step that most rows wait for, why, and its button."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import Outcome, PlannedAction, RunStatus
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import COMMIT, MAP, REVIEW
from legacy_import.screens.runs.counts import RunCounts, in_force, queue_of
from legacy_import.stages.planning import guide

PROVE = "prove"
STEPS: dict[str, tuple[Promise, Promise, str]] = {
    # Step → why, with the number of rows; its button; the permission that it needs.
    "sessions": (_("Rows that wait for their session:"), _("Map the sessions"), MAP),
    "courses": (_("Rows that wait for their course:"), _("Map the courses"), MAP),
    "statuses": (_("Rows with a status that is not known:"), _("Define the statuses"), MAP),
    guide.REVIEW: (_("Rows that need a decision:"), _("Decide the rows"), REVIEW),
    guide.COMMIT: (_("Planned rows that can be committed:"), _("Commit the next batch …"), COMMIT),
    PROVE: (_("Committed rows, and none is left:"), _("Reconcile now"), COMMIT),
}
ADDRESSES = {
    "sessions": "legacy_imports:session-mapping",
    "courses": "legacy_imports:course-mapping",
    "statuses": "legacy_imports:status-mapping",
    guide.REVIEW: "legacy_imports:review",
}
OF_RUN = {guide.COMMIT: "legacy_imports:commit", PROVE: "legacy_imports:reconcile"}


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step. `needs`: the permission; `is_post`: its address takes a form, not a link."""

    why: Promise
    rows: int
    button: Promise
    address: str
    needs: str
    is_post: bool = False


def next_step_of(run: LegacyImportRun, counts: RunCounts) -> NextStep | None:
    """The next step of a planned run, from the stored counts; None where no page takes it further."""
    if run.planned_at is None or run.status == RunStatus.CLOSED:
        return None
    pending = {
        action: counts.where(planned_action=action, outcome=Outcome.PENDING.value)
        for action in PlannedAction.values
    }
    to_decide = RunCounts(
        tuple(pair for pair in queue_of(counts).combinations if not pair[0]["settled"])
    )
    causes = [
        guide.Cause(reason, rows, guide.MAPPED.get(reason, ""))
        for reason, rows in to_decide.spread("planned_reason").items()
    ]
    step = guide.next_step(pending, causes) or (PROVE if in_force(counts) else "")
    if not step:
        return None
    rows = {guide.COMMIT: sum(pending.values()) - pending[PlannedAction.REVIEW],
            PROVE: in_force(counts)}  # fmt: skip
    waiting = sum(cause.rows for cause in causes if (cause.kind or guide.REVIEW) == step)
    why, button, needs = STEPS[step]
    if step in OF_RUN:
        address = reverse(OF_RUN[step], args=[run.pk])
    else:
        address = f"{reverse(ADDRESSES[step])}?run={run.pk}"
    return NextStep(why, rows.get(step, waiting), button, address, needs, step == PROVE)
