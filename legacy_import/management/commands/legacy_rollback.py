"""legacy_rollback: undo what a run created, where it is unchanged since."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.choices import RunStatus
from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_rollback import rollback_result
from legacy_import.management.results.wording import count_of, log_lines
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import ROLLBACK
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.rollback.order import committed_rows, require_newest
from legacy_import.stages.rollback.rollback import rollback


class Command(LegacyCommand):
    help = "Delete what a run created, if it is unchanged and unreferenced, and undo its links."
    permission = ROLLBACK
    run_required = True
    run_help = "the run's number; of several runs the newest goes first"
    repeated_options = ("run", "preview", "actor", "no_input", "confirm_database")

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--preview", action="store_true", help="show what would be undone; change nothing"
        )
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        run = find_run(options["run"])
        run.require(RunStatus.ROLLING_BACK)
        require_newest(run)
        rows = committed_rows(run).count()
        if rows and not options["preview"]:
            self._confirm(run, rows, options)
        start_time = timezone.now()
        report = rollback(
            run_id=run.pk,
            actor=actor,
            now=start_time,
            progress=self.progress,
            preview=options["preview"],
        )
        if self.terminal.verbosity >= 3:
            self.terminal.notes(log_lines(run, reversed_at__gte=start_time))
        return rollback_result(report)

    def _confirm(self, run: LegacyImportRun, rows: int, options: Mapping[str, Any]) -> None:
        self.progress.opened(run.source_label)
        confirm_database(
            self.terminal,
            options,
            f"{count_of(rows, 'row')} of run {run.pk} will be undone: what they created is "
            "deleted, unless it was edited or something refers to it (--preview shows which).",
        )
