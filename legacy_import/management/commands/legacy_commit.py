"""legacy_commit: apply the plan, and list every row that was not committed."""

from argparse import ArgumentParser
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.utils import timezone

from legacy_import.choices import FocusMode, LogAction
from legacy_import.management.base import LegacyCommand, batch_size, positive
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import CommandResult, print_blocks
from legacy_import.management.results.legacy_commit import (
    commit_intent,
    commit_question,
    commit_result,
)
from legacy_import.management.results.wording import log_lines
from legacy_import.models import LegacyImportRun
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.commit.commit import (
    CommitReport,
    TooManyFailures,
    commit,
    require_current_plan,
)
from legacy_import.stages.commit.waves import next_wave, pending_rows, planned_counts

NAMED_FAILURES = 20  # when too many rows failed; the commit log has all of them


class Command(LegacyCommand):
    help = "Commit the plan of a run: exactly what legacy_dry_run showed, each row once."
    run_required = True
    repeated_options = (
        "run", "batch", "limit", "focus", "allow_partial", "actor", "no_input", "confirm_database",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--batch",
            type=batch_size,
            default=100,
            metavar="N",
            help="rows in one transaction (default: %(default)s)",
        )
        parser.add_argument(
            "--limit", type=positive, metavar="N", help="take up N rows of the plan at most"
        )
        parser.add_argument(
            "--focus",
            choices=FocusMode.values,
            metavar="MODE",
            help=f"one wave only: {', '.join(FocusMode.values)}",
        )
        parser.add_argument(
            "--allow-partial", action="store_true", help="commit a run imported with --limit"
        )
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        run = find_run(options["run"])
        require_current_plan(run, allow_partial=options["allow_partial"])
        focus = FocusMode(options["focus"]) if options["focus"] else None
        self._confirm(run, focus, options)
        start_time = timezone.now()
        try:
            report = commit(
                run_id=run.pk,
                actor=actor,
                now=start_time,
                progress=self.progress,
                batch=options["batch"],
                limit=options["limit"],
                focus=focus,
                allow_partial=options["allow_partial"],
            )
        except TooManyFailures:
            failed = log_lines(run, created_at__gte=start_time, action=LogAction.FAILED)
            self.terminal.notes(islice(failed, NAMED_FAILURES))
            raise
        if self.terminal.verbosity >= 3:
            self.terminal.notes(log_lines(run, created_at__gte=start_time))
        return commit_result(report, focus, self._next(report, focus, options))

    def _confirm(
        self, run: LegacyImportRun, focus: FocusMode | None, options: Mapping[str, Any]
    ) -> None:
        """Print the plan and ask for confirmation, unless there is nothing to commit."""
        planned = planned_counts(run, focus)
        if not any(planned.values()):
            return
        self.progress.opened(run.source_label)
        print_blocks(self.terminal, commit_intent(run, planned, focus, options["limit"]))
        confirm_database(
            self.terminal, options, commit_question(run, planned, focus, options["limit"])
        )

    def _next(
        self, report: CommitReport, focus: FocusMode | None, options: Mapping[str, Any]
    ) -> str:
        """This command again (with the next wave once its own is done), or what follows a commit."""
        run = find_run(report.run)
        if not report.pending:
            return run.next_command
        if focus and not pending_rows(run, focus).exists():
            focus = next_wave(run)
        return self.same_command({**options, "focus": focus.value if focus else None})
