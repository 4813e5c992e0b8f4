"""legacy_rollback: undo what a run created, where it is unchanged since."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from legacy_import.choices import ReversalOutcome
from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import Block, CommandResult, Summary, Table, TextLine
from legacy_import.management.wording import count_of, label, log_lines, model_label
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import ROLLBACK
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.rollback.batch_work import KEPT
from legacy_import.stages.rollback.part import RunPart, row_names
from legacy_import.stages.rollback.rollback import (
    MAX_ROWS_LISTED,
    RollbackReport,
    rollback,
    rows_to_undo,
)


class Command(LegacyCommand):
    help = "Delete what a run created, if it is unchanged and unreferenced, and undo its links."
    permission = ROLLBACK
    run_required = True
    run_help = "the run's number; of several runs the newest goes first"
    repeated_options = (
        "run", "preview", "rows", "batch_number", "actor", "no_input", "confirm_database",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--preview", action="store_true", help="show what would be undone; change nothing"
        )
        part = parser.add_mutually_exclusive_group()
        part.add_argument(
            "--rows", type=_rows, metavar="TABLE:ID,…",
            help="only these rows and those that follow them, such as stagiaires:12,archives:7",
        )  # fmt: skip
        part.add_argument(
            "--batch-number", type=_batch_number, metavar="N",
            help="only the rows of this batch of the commit log, and those that follow them",
        )  # fmt: skip
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        run = find_run(options["run"])
        part = _part(options)
        rows, followers = rows_to_undo(run, part)
        if rows and not options["preview"]:
            self._confirm(run, rows, followers, options)
        start_time = timezone.now()
        report = rollback(
            run_id=run.pk,
            actor=actor,
            now=start_time,
            progress=self.progress,
            preview=options["preview"],
            part=part,
        )
        if self.terminal.verbosity >= 3:
            self.terminal.notes(log_lines(run, reversed_at__gte=start_time))
        return rollback_result(report)

    def _confirm(
        self, run: LegacyImportRun, rows: int, followers: int, options: Mapping[str, Any]
    ) -> None:
        self.progress.opened(run.source_label)
        with_followers = f" ({followers:,} of them because they follow one)" if followers else ""
        confirm_database(
            self.terminal,
            options,
            f"{count_of(rows, 'row')} of run {run.pk} will be undone{with_followers}: the "
            "records they created are deleted, unless edited or referred to (--preview lists them).",
        )


def _rows(value: str) -> str:
    """`--rows`, for argparse: checked, and repeated as it was given."""
    try:
        return ",".join(row_names(value))
    except ValueError as error:
        raise ArgumentTypeError(f"must be {error}") from None


def _batch_number(value: str) -> int:
    """`--batch-number`, for argparse: batches are numbered from 0."""
    if not (value.isascii() and value.isdigit() and int(value) < 2**31):
        raise ArgumentTypeError("must be a whole number, 0 or more")
    return int(value)


def _part(options: Mapping[str, Any]) -> RunPart | None:
    if options["rows"]:
        return RunPart(rows=row_names(options["rows"]))
    if options["batch_number"] is not None:
        return RunPart(batch_number=options["batch_number"])
    return None


# --- What it prints ---------------------------------------------------------------------------------

NO_RECORD = "none"  # for skipped rows
ORDER = ReversalOutcome.values


def rollback_result(report: RollbackReport) -> CommandResult:
    """The effects of a rollback on each kind of record; with --preview those it would have."""
    run = find_run(report.run)
    records: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (model, outcome), number in sorted(report.records.items()):
        records[model or NO_RECORD][outcome] = number
    counts = {
        "records": records,
        "rows": report.rows,
        "kept_rows": report.kept_rows,
        "kept": [asdict(record) for record in report.kept_records[:MAX_ROWS_LISTED]],
        "preview": report.preview,
        "status": report.status,
    }
    if report.part:
        counts |= {"part": report.part.label, "followers": report.followers}
    next_command = run.next_command
    if report.preview:
        next_command = _same_without_preview(report) if report.rows else run.next_command
    elif report.part and report.rows:
        next_command = f"legacy_reconcile --run {report.run}"
    return CommandResult.of_run(run, counts, _blocks(report), next_command=next_command)


def _same_without_preview(report: RollbackReport) -> str:
    command, part = f"legacy_rollback --run {report.run}", report.part
    if part is None:
        return command
    if part.batch_number is not None:
        return f"{command} --batch-number {part.batch_number}"
    return f"{command} --rows {','.join(part.rows)}"


def _blocks(report: RollbackReport) -> Iterator[Block]:
    if report.part:
        followers = f", {count_of(report.followers, 'row')} followed" if report.followers else ""
        yield TextLine(f"Part of run {report.run}: {report.part.label}{followers}.")
    if report.rows or report.kept_rows:
        yield from _tables(report)
        yield Summary(_summary(report))
    else:
        yield "Nothing left to roll back."
    if report.preview:
        yield TextLine("Nothing was changed.", bold=True)
    elif report.part and report.rows:
        again = "To commit these rows again, validate, classify and plan the run again."
        yield TextLine(again, detail=True)
    if report.kept_rows and not report.preview:
        later = "What was kept can be rolled back later, once nothing blocks it."
        yield TextLine(later, detail=True)


def _tables(report: RollbackReport) -> Iterator[Block]:
    if report.preview:
        title, column, kept_title = "What a rollback would do", "preview", "Would be kept"
    else:
        title, column, kept_title = "What became of the run's records", "outcome", "Kept"
    rows = sorted((model, ORDER.index(o), number) for (model, o), number in report.records.items())
    records = [(model_label(m), label(ReversalOutcome(ORDER[o])), number) for m, o, number in rows]
    yield Table(title, ("kind", column, "number"), records)
    kept_rows = [
        (
            record.row,
            f"{record.target_model}:{record.target_id}",
            label(ReversalOutcome(record.why)),
        )
        for record in report.kept_records[:MAX_ROWS_LISTED]
    ]
    total = _records(report, *KEPT)
    yield Table(kept_title, ("row", "record", "why"), kept_rows, total, MAX_ROWS_LISTED)


def _summary(report: RollbackReport) -> str:
    return (
        f"{'Preview' if report.preview else 'Done'}. rows: undone={report.rows:,} "
        f"kept={report.kept_rows:,} total={report.rows + report.kept_rows:,}; records: "
        f"deleted={_records(report, ReversalOutcome.DELETED):,} kept={_records(report, *KEPT):,}"
    )


def _records(report: RollbackReport, *outcomes: ReversalOutcome) -> int:
    """Records, links among them, with one of these outcomes."""
    return sum(n for (_, outcome), n in report.records.items() if outcome in outcomes)
