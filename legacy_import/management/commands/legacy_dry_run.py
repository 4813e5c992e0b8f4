"""legacy_dry_run: store and show exactly what a commit would do, and why."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.utils import timezone

from legacy_import.choices import Outcome
from legacy_import.management.base import LegacyCommand
from legacy_import.management.guide import guide_lines, next_of
from legacy_import.management.printer import Block, CommandResult, Summary, Table, TextLine, shares
from legacy_import.management.wording import count_of, label, plan_lines
from legacy_import.models import LegacyImportRun
from legacy_import.rules.commit_policy import DELETIONS
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.planning.dry_run import PlanReport, dry_run
from legacy_import.stages.planning.guide import Cause, causes_of, freeable, next_step
from legacy_import.stages.planning.summary import PlanDifference


class Command(LegacyCommand):
    help = "Plan every row: exactly what legacy_commit would do, and why. Writes no business table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--diff", type=int, metavar="RUN",
            help="compare with that run's latest plan; this run: with its own previous plan",
        )  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = dry_run(
            run_id=options["run"],
            actor=actor,
            now=timezone.now(),
            progress=self.progress,
            compare_with=options["diff"],
        )
        return plan_result(report)


# --- What it prints ---------------------------------------------------------------------------------

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
    "registered_to_decide": "registrations that need review",
}
DELETED = "rows deleted on the old platform, or of a deleted course or session"
TOP_REASONS = 3  # under the line of the rows for review


def plan_result(report: PlanReport) -> CommandResult:
    """The stored plan: distributions, risks, and the reasons for review."""
    difference = {"diff": asdict(report.difference)} if report.difference else {}
    counts, run = {**report.counts, **difference}, find_run(report.run)
    reasons = report.counts["review_reasons"]
    causes = causes_of(run, reasons)
    step = next_step(report.counts["plan"], reasons, freeable(run))
    return CommandResult.of_run(run, counts, _blocks(run, report, causes), **next_of(run, step))


def _blocks(run: LegacyImportRun, report: PlanReport, causes: Sequence[Cause]) -> Iterator[Block]:
    counts, plan = report.counts, report.counts["plan"]
    reasons = counts["review_reasons"]
    yield from plan_lines(f"Plan of run {report.run}: legacy_commit would", plan)
    if reasons:
        yield " " * 22 + _top_reasons(reasons)
    if any(counts["done"].values()):
        yield _earlier_commits(counts["done"])
    yield from guide_lines(run, causes)
    yield TextLine(detail=True)
    for name, title in DISTRIBUTIONS.items():
        yield shares(title, counts[name])
    risks = [(words, counts["risks"][name]) for name, words in RISKS.items()]
    risks.append((DELETED, sum(counts["review_reasons"].get(reason, 0) for reason in DELETIONS)))
    yield Table("Risks", ("what to look at before a commit", "rows"), risks)
    meanings = [(reason, rows, REASONS.get(reason, "")) for reason, rows in reasons.items()]
    yield Table("Why rows need review", ("reason", "rows", "meaning"), meanings)
    if report.difference:
        yield _difference(report.difference)
    yield ""
    ready = sum(plan.values()) - plan["review"] - plan["skip"]
    yield Summary(
        f"Done. run={report.run} ready={ready:,} review={plan['review']:,} "
        f"skip={plan['skip']:,} total={report.rows:,}"
    )
    yield f"Plan {report.fingerprint[:12]} is stored."
    yield TextLine("No business table was changed.", bold=True)


def _top_reasons(reasons: Mapping[str, int]) -> str:
    top = [f"{reason} {rows:,}" for reason, rows in islice(reasons.items(), TOP_REASONS)]
    return f"({', '.join(top)}{', …' if len(reasons) > TOP_REASONS else ''})"


def _earlier_commits(rows_by_action: Mapping[str, int]) -> str:
    rows = count_of(sum(rows_by_action.values()), "row")
    outcomes = [f"{label(Outcome(action))} {n:,}" for action, n in rows_by_action.items() if n]
    return f"Done by earlier commits: {rows} ({', '.join(outcomes)})."


def _difference(difference: PlanDifference) -> Table:
    rows = {
        **difference.changed,
        "unchanged": difference.unchanged,
        "only in this run": difference.only_here,
        "only in the other": difference.only_there,
    }
    return Table(f"Against {difference.other}", ("change", "rows"), rows.items())
