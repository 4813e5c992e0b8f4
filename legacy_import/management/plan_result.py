"""How a plan is printed: as a plan, with everything a reviewer must know before a commit."""

from collections.abc import Mapping
from typing import Any

from legacy_import.choices import PlannedAction
from legacy_import.management.base import Result
from legacy_import.management.terminal import Terminal, number
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.planning.dry_run import PlanReport
from legacy_import.stages.planning.summary import PlanDifference

# Action → the sign and the words of the plan, in the order of priority.
WORDS = {
    PlannedAction.CREATE_COMPLETED_TRAINING: ("+", "create", "completed trainings"),
    PlannedAction.CREATE_ENROLLMENT: ("+", "create", "imported enrolments"),
    PlannedAction.CREATE_CRM_LEAD: ("+", "create", "leads, each with its course interest"),
    PlannedAction.LINK_EXISTING: ("~", "link", "rows to people who exist or come with this run"),
    PlannedAction.SKIP: ("·", "skip", "rows"),
    PlannedAction.REVIEW: ("!", "review", "rows: a person decides"),
}
DISTRIBUTIONS = {
    "source_tables": "Source tables",
    "classification": "Classification",
    "validation": "Validation",
    "duplicate_confidence": "Duplicate confidence (existing users and leads)",
    "priority_buckets": "Priority",
    "import_actions": "Proposed training actions",
    "session_types": "Session types",
}
RISKS = {
    "needs_review_students": "learners with a structural doubt",
    "duplicate_students": "learners with a high-confidence match",
    "placeholder_sessions": "trainings in a waiting or placeholder session",
    "unmapped_courses": "trainings (not of leads) without a mapped course",
    "registered_to_decide": "registrations that need a person",
}


class PlanResult(Result):
    """The stored plan, its distributions, its risks, and why each row under review is there."""

    def __init__(self, report: PlanReport, counts: Mapping[str, Any]) -> None:
        self.planned = find_run(report.run)
        super().__init__(report.run, self.planned.source_label, counts)
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        counts = self.counts
        for name, title in DISTRIBUTIONS.items():
            terminal.counts(title, counts[name])
        terminal.table(
            "Risks", [(words, number(counts["risks"][name])) for name, words in RISKS.items()],
            ("what to look at before a commit", "rows"),
        )  # fmt: skip
        terminal.table(
            "Why rows need review",
            [
                (reason, number(rows), REASONS.get(reason, ""))
                for reason, rows in counts["review_reasons"].items()
            ],
            ("reason", "rows", "meaning"),
        )
        if self.report.difference:
            show_difference(terminal, self.report.difference)
        self._show_plan(terminal)
        plan = counts["plan"]
        ready = self.report.rows - plan["review"] - plan["skip"]
        terminal.line(
            f"Done. run={self.report.run} ready={ready:,} review={plan['review']:,} "
            f"skip={plan['skip']:,} total={self.report.rows:,} in {seconds:.1f} s"
        )
        terminal.line(f"Plan {self.report.fingerprint[:12]} is stored.")
        terminal.line("No business table was changed.", style="bold")
        terminal.next(self.planned.next_command)

    def _show_plan(self, terminal: Terminal) -> None:
        terminal.line()
        terminal.line(f"Plan of run {self.report.run}: legacy_commit would", style="bold")
        for action, (sign, verb, what) in WORDS.items():
            rows = self.counts["plan"][action.value]
            terminal.line(f"  {sign} {verb:<7}{rows:>10,}  {what}")
        if self.counts["review_reasons"]:
            terminal.line(" " * 22 + _top_reasons(self.counts["review_reasons"]))
        terminal.line()


def _top_reasons(reasons: Mapping[str, int], most: int = 3) -> str:
    first = [f"{reason} {rows:,}" for reason, rows in list(reasons.items())[:most]]
    return f"({', '.join(first)}{', …' if len(reasons) > most else ''})"


def show_difference(terminal: Terminal, difference: PlanDifference) -> None:
    """What changed against another plan."""
    terminal.table(
        f"Against {difference.other}",
        [
            *((change, number(rows)) for change, rows in difference.changed.items()),
            ("unchanged", number(difference.unchanged)),
            ("only in this run", number(difference.only_here)),
            ("only in the other", number(difference.only_there)),
        ],
        ("change", "rows"),
    )
