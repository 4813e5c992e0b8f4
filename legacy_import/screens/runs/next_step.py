"""The card at the top of a run: the step that most rows wait for, why, and its button."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import Outcome, PlannedAction
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import COMMIT, MAP, REVIEW
from legacy_import.screens.runs.counts import RunCounts, in_force, queue_of
from legacy_import.stages.commit.commit import WITH_A_PLAN
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
# Step → the same at a terminal; rows are decided on their page only.
COMMANDS = {
    "sessions": "legacy_map sessions --run {run}",
    "courses": "legacy_map courses --run {run}",
    "statuses": "legacy_map statuses --run {run}",
    guide.COMMIT: "legacy_commit --run {run}",
    PROVE: "legacy_reconcile --run {run}",
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step. `needs`: the permission; `command`: the same at a terminal ("" for none).

    `is_post`: its address takes a form, not a link.
    """

    why: Promise
    rows: int
    button: Promise
    address: str
    needs: str
    command: str = ""
    is_post: bool = False


def next_step_of(run: LegacyImportRun, counts: RunCounts) -> NextStep | None:
    """The next step of a planned run, from the stored counts; None where no page takes it further."""
    if run.planned_at is None or run.status not in WITH_A_PLAN:
        return None
    pending = {
        action: counts.where(planned_action=action, outcome=Outcome.PENDING.value)
        for action in PlannedAction.values
    }
    to_decide = RunCounts(
        tuple(pair for pair in queue_of(counts).combinations if not pair[0]["settled"])
    )
    step = guide.next_step(pending, to_decide.spread("planned_reason"), guide.freeable(run))
    name, rows = step or guide.PlanStep(PROVE, in_force(counts))
    if not rows:
        return None
    why, button, needs = STEPS[name]
    if name in OF_RUN:
        address = reverse(OF_RUN[name], args=[run.pk])
    else:
        address = f"{reverse(ADDRESSES[name])}?run={run.pk}"
    command = COMMANDS.get(name, "").format(run=run.pk)
    if name == guide.COMMIT and run.is_partial:
        command += " --allow-partial"
    return NextStep(why, rows, button, address, needs, command, is_post=name == PROVE)
