"""What legacy_validate and legacy_classify print: the distributions of their stage."""

from legacy_import.management.printer import CommandResult, Summary, shares
from legacy_import.runs.lifecycle import StageReport, find_run

TITLES = {
    "validation": "Validation: is the row trustworthy?",
    "duplicate_confidence": "Duplicate confidence: does a user or lead match?",
    "classification": "Classification: what does the row mean?",
    "session_types": "Session types",
    "import_actions": "Proposed training actions",
}


def stage_result(report: StageReport) -> CommandResult:
    """Each distribution adds up to the rows of the run."""
    tables = [shares(TITLES[name], counts) for name, counts in report.counts.items()]
    summary = Summary(f"Done. run={report.run} total={report.rows:,}", rows=report.rows)
    return CommandResult.of_run(find_run(report.run), report.counts, [*tables, summary])
