"""The card at the top of a page of a run: the one step that comes next, why, and its button.

A run is mapped, reviewed, planned again, committed and proved. What most rows wait for comes first; a
plan that is no longer current is renewed before rows are committed, or reviewed that a mapping may
have freed.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import Sum
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import COMMITTED_OUTCOMES, RunStatus
from legacy_import.models import FacetCount, LegacyImportRun
from legacy_import.permissions import COMMIT, MAP, REVIEW
from legacy_import.screens import obstacles
from legacy_import.screens.plan_state import PlanState, plan_state_of
from legacy_import.stages.commit.commit import WITH_A_PLAN
from legacy_import.stages.planning import guide

SESSIONS, COURSES, STATUSES = "sessions", "courses", "statuses"
REVIEWING, COMMITTING = guide.REVIEW, guide.COMMIT
PLAN, PROVE, STAGE = "plan", "prove", "stage"  # STAGE: the run has no plan yet
MAPPINGS = (SESSIONS, COURSES, STATUSES)

# The phases in order, as the card lists them, and the steps of each.
PHASES: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (_("Map"), MAPPINGS),
    (_("Decide"), (REVIEWING,)),
    (_("Plan again"), (PLAN,)),
    (_("Commit"), (COMMITTING,)),
    (_("Prove"), (PROVE,)),
)


class _Step(NamedTuple):
    """`why`: the reason, before its number of rows; `page`: the screen, or the address of a form."""

    why: Promise
    button: Promise
    needs: str
    page: str
    command: str = ""  # the same at a terminal; rows are decided on their page only


STEPS = {
    SESSIONS: _Step(
        _("Rows that wait for their session:"), _("Map the sessions"), MAP, "session-mapping",
        "legacy_map sessions",
    ),
    COURSES: _Step(
        _("Rows that wait for their course:"), _("Map the courses"), MAP, "course-mapping",
        "legacy_map courses",
    ),
    STATUSES: _Step(
        _("Rows with a status that is not known:"), _("Define the statuses"), MAP,
        "status-mapping", "legacy_map statuses",
    ),
    REVIEWING: _Step(_("Rows that need a decision:"), _("Decide the rows"), REVIEW, "review"),
    PLAN: _Step(
        _("Decisions since the plan:"), _("Plan again"), MAP, "plan", "legacy_dry_run"
    ),
    COMMITTING: _Step(
        _("Planned rows that can be committed:"), _("Commit the next batch …"), COMMIT, "commit",
        "legacy_commit",
    ),
    PROVE: _Step(
        _("Committed rows, and none is left:"), _("Reconcile now"), COMMIT, "reconcile",
        "legacy_reconcile",
    ),
    STAGE: _Step(_("Rows without a plan:"), _("Plan again"), COMMIT, ""),
}  # fmt: skip
MARKED = _("Rows to evaluate again, since a mapping changed:")
OF_RUN = (PLAN, COMMITTING, PROVE)  # their addresses contain the run
BY_POST = (PLAN, PROVE)


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step. `needs`: the permission; `commands`: the same at a terminal.

    `address`: of its page or, if `is_post`, of its form; "" if it is possible at a terminal only, for
    the reason in `obstacle` if there is one. `again`: where a plan that is no longer current can be
    renewed although another step comes first.
    """

    name: str
    why: str | Promise
    rows: int
    button: Promise
    needs: str
    address: str = ""
    commands: tuple[str, ...] = ()
    more: bool = False  # there are more rows than were counted
    obstacle: str = ""
    again: str = ""

    @property
    def is_post(self) -> bool:
        return self.name in BY_POST

    @property
    def phases(self) -> list[tuple[Promise, bool]]:
        """Every phase, and whether this step is part of it."""
        return [(words, self.name in steps) for words, steps in PHASES]

    @property
    def path(self) -> str:
        """The address without the run: a page on which it is done needs no link to itself."""
        return self.address.partition("?")[0]


def next_step_of(run: LegacyImportRun, state: PlanState | None = None) -> NextStep | None:
    """The next step of a run, from stored counts; None while a command works on it, or if none is left.

    `state`: that of its plan, if it is already known.
    """
    if run.status == RunStatus.CLOSED or obstacles.holder_of(run):
        return None
    state = state or plan_state_of(run)
    if not state.planned:
        return _step(run, STAGE, _rows(run), commands=(run.next_command,))
    if state.evaluated_otherwise:
        return _other_plan(run, state)
    name, waiting = guide.step_now(run) or guide.PlanStep(PROVE, _committed(run))
    if state.outdated and not (name in MAPPINGS or (name == REVIEWING and not state.to_classify)):
        return _other_plan(run, state)
    if not waiting:
        return None
    return _with_obstacle(run, _step(run, name, waiting), state)


def _step(
    run: LegacyImportRun, name: str, rows: int, *, commands: tuple[str, ...] | None = None
) -> NextStep:
    step = STEPS[name]
    address = ""
    if step.page:
        address = reverse(f"legacy_imports:{step.page}", args=[run.pk] if name in OF_RUN else [])
        address += "" if name in OF_RUN else f"?run={run.pk}"
    if commands is None:
        commands = (f"{step.command} --run {run.pk}",) if step.command else ()
    return NextStep(name, step.why, rows, step.button, step.needs, address, commands)


def _other_plan(run: LegacyImportRun, state: PlanState) -> NextStep:
    """The plan has to be renewed: what changed since, and how many rows it is about."""
    obstacle_of_rules = obstacles.rules_changed(run)
    rows = _rows(run)
    number, why = rows, STEPS[STAGE].why
    commands: tuple[str, ...] = (run.next_command,)
    if obstacle_of_rules:
        commands = (obstacle_of_rules.command,)
    elif state.to_classify:
        number, why = state.to_classify, MARKED
        commands = (f"legacy_classify --run {run.pk}",)
    elif run.status in WITH_A_PLAN:
        number, why = state.decisions, STEPS[PLAN].why
        commands = (f"legacy_dry_run --run {run.pk}",)
    obstacle = obstacle_of_rules or obstacles.to_plan(run, rows=rows, to_classify=state.to_classify)
    base = _step(run, PLAN, number, commands=commands)
    more = state.more and why is STEPS[PLAN].why
    return replace(
        base,
        why=why,
        more=more,
        address="" if obstacle else base.address,
        obstacle=obstacle.words if obstacle else "",
    )


def _with_obstacle(run: LegacyImportRun, step: NextStep, state: PlanState) -> NextStep:
    """The step without its button if a browser cannot take it; with the way to a newer plan."""
    obstacle = None
    if step.name == COMMITTING:
        obstacle = obstacles.to_commit(run)
    elif step.name == PROVE:
        obstacle = obstacles.to_reconcile(run, rows=_rows(run))
    if obstacle:
        commands = (obstacle.command,) if obstacle.command else step.commands
        step = replace(step, address="", obstacle=obstacle.words, commands=commands)
    if state.outdated and not obstacles.to_plan(
        run, rows=_rows(run), to_classify=state.to_classify
    ):
        step = replace(step, again=reverse("legacy_imports:plan", args=[run.pk]))
    return step


def _rows(run: LegacyImportRun) -> int:
    rows = FacetCount.objects.filter(legacy_import_run=run).aggregate(rows=Sum("rows", default=0))
    return int(rows["rows"])


def _committed(run: LegacyImportRun) -> int:
    """Rows whose effects are on the platform."""
    counts = FacetCount.objects.filter(legacy_import_run=run, outcome__in=COMMITTED_OUTCOMES)
    return int(counts.aggregate(rows=Sum("rows", default=0))["rows"])
