"""legacy_close: finish a run permanently."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from legacy_import.conf import import_conf
from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.guide import next_of_closed
from legacy_import.management.printer import Block, CommandResult, Summary, shares
from legacy_import.management.wording import count_of
from legacy_import.permissions import COMMIT
from legacy_import.runs.close import CloseReport, close, closing
from legacy_import.runs.lifecycle import find_run


class Command(LegacyCommand):
    help = "Close a run permanently: it is never evaluated, committed or rolled back again."
    permission = COMMIT
    run_required = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        confirm_database(self.terminal, options, close_warning(closing(options["run"])))
        report = close(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return close_result(report)


# --- What it prints ---------------------------------------------------------------------------------


def close_result(report: CloseReport) -> CommandResult:
    """Rows without an effect, records and links that can no longer be rolled back."""
    counts = asdict(report)
    run = find_run(counts.pop("run"))
    return CommandResult.of_run(run, counts, _blocks(report), next_page=next_of_closed(run))


def close_warning(report: CloseReport) -> str:
    """What closing makes impossible, a line each, to be confirmed."""
    return "\n".join(
        [
            f"Run {report.run} will be closed permanently. After that:",
            f"- no rollback: {count_of(report.created, 'record')} it created and "
            f"{count_of(report.linked, 'link')} to people stay as they are;",
            f"- no commit and no review: {count_of(sum(report.given_up.values()), 'row')} "
            f"not imported{_outcomes(report)}; only a new import can still bring them;",
            "- its payloads and contacts may be erased "
            f"{count_of(import_conf().retention_days, 'day')} later (legacy_purge).",
        ]
    )


def _outcomes(report: CloseReport) -> str:
    outcomes = ", ".join(f"{outcome} {rows:,}" for outcome, rows in report.given_up.items())
    return f" ({outcomes})" if outcomes else ""


def _blocks(report: CloseReport) -> Iterator[Block]:
    yield shares("Outcomes", report.outcomes, "outcome")
    if abandoned_rows := sum(report.given_up.values()):
        yield f"Given up: {count_of(abandoned_rows, 'row')} not imported{_outcomes(report)}."
    yield (
        f"Run {report.run} can no longer be rolled back: {count_of(report.created, 'record')} that "
        f"it created and {count_of(report.linked, 'link')} to people stay as they are."
    )
    yield Summary(f"Done. run={report.run} closed total={report.rows:,}")
