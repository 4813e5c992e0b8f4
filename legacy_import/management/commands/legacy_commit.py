"""legacy_commit: apply the plan, and list every row that was not committed."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.utils import timezone

from legacy_import.choices import FocusMode, LogAction, Outcome, PlannedAction
from legacy_import.management.base import LegacyCommand, batch_size, positive
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import (
    Block,
    CommandResult,
    Summary,
    Table,
    TextLine,
    print_blocks,
    shares,
)
from legacy_import.management.wording import count_of, label, log_lines, model_label, plan_lines
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import COMMIT
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.commit.commit import (
    MAX_ROWS_LISTED,
    CommitReport,
    TooManyFailures,
    commit,
    require_current_plan,
)
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    INTEREST,
    LEAD,
)
from legacy_import.stages.commit.since_plan import ChangedRows, changed_since_plan
from legacy_import.stages.commit.waves import next_wave, pending_rows, planned_counts

NAMED_FAILURES = 20  # when too many rows failed; the commit log has all of them


class Command(LegacyCommand):
    help = "Commit the plan of a run: exactly what legacy_dry_run showed, each row once."
    permission = COMMIT
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
        """Print the plan and prompt for confirmation, unless there is nothing to commit."""
        planned = planned_counts(run, focus)
        if not any(planned.values()):
            return
        self.progress.opened(run.source_label)
        print_blocks(self.terminal, commit_intent(run, planned, focus, options["limit"]))
        print_blocks(self.terminal, left_out_lines(run, changed_since_plan(run, focus)))
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


# --- What it prints ---------------------------------------------------------------------------------

SOME_ROWS_FAILED = 4
MODELS = (LEAD, INTEREST, COMPLETED_TRAINING, ENROLLMENT)
# A failed row has the class and number of the database's error instead of a reason of the rules.
REFUSED = "the database refused the row"
CREATED = (Outcome.CREATE_COMPLETED_TRAINING, Outcome.CREATE_ENROLLMENT, Outcome.CREATE_CRM_LEAD)
# Outcome → its name in the summary; outcomes that create a record are counted together.
OTHERS = {
    Outcome.LINK_EXISTING: "linked",
    Outcome.SKIP: "skipped",
    Outcome.REVIEW: "review",
    Outcome.DRIFTED: "drifted",
    Outcome.FAILED: "failed",
}
OUTCOMES = (*CREATED, *OTHERS)

Planned = Mapping[PlannedAction, int]


def commit_intent(
    run: LegacyImportRun, planned: Planned, focus: FocusMode | None, limit: int | None
) -> Iterator[Block]:
    """The plan's counts of what is committed now, in the words of the dry run."""
    wave = f", {label(focus)}" if focus else ""
    title = f"Plan of run {run.pk}{wave}: legacy_commit will"
    yield from plan_lines(title, planned, review="rows: left for reviewers", detail=True)
    if limit is not None:
        yield TextLine(f"  and stop after {limit:,} of these rows (--limit).", detail=True)


def left_out_lines(run: LegacyImportRun, changes: ChangedRows) -> Iterator[Block]:
    """How many planned rows changed since the plan, and what to do first."""
    causes = {"decision": changes.decisions, "mapping": changes.mappings}
    for newer, rows in causes.items():
        if rows:
            yield TextLine(
                f"{count_of(rows, 'planned row')} will not be committed: a {newer} is newer than the "
                "plan."
            )
    if changes.total:
        yield TextLine(
            f"Plan again first to commit them too: manage.py legacy_dry_run --run {run.pk}"
        )


def commit_question(
    run: LegacyImportRun, planned: Planned, focus: FocusMode | None, limit: int | None
) -> str:
    """The intent in one sentence, to be confirmed."""
    review = planned[PlannedAction.REVIEW]
    rows = sum(planned.values()) - review
    wave = f" ({label(focus)})" if focus else ""
    return (
        f"{rows if limit is None else min(rows, limit):,} planned rows of run {run.pk}{wave} will "
        f"be committed to this platform; {review:,} wait for reviewers."
    )


def commit_result(
    report: CommitReport, focus: FocusMode | None, next_command: str
) -> CommandResult:
    """Outcomes, created records, and every row that was not committed, with its cause."""
    run, blocks = find_run(report.run), _blocks(report, focus)
    counts = {
        "outcomes": {outcome.value: report.outcomes[outcome] for outcome in OUTCOMES},
        "created": {model: report.created[model] for model in MODELS},
        "left_out": dict(report.causes.most_common()),
        "rows": [asdict(row) for row in report.left_out[:MAX_ROWS_LISTED]],
        "pending": report.pending,
        "status": report.status,
    }
    if failed := report.outcomes[Outcome.FAILED]:
        problem = (
            f"The database refused {count_of(failed, 'row')}; nothing of "
            f"{'it' if failed == 1 else 'them'} was written.",
            f"Correct the cause, then plan and commit again: {_new_plan(report)}",
        )
        return CommandResult.of_run(
            run, counts, blocks, next_command="", problem=problem, exit_code=SOME_ROWS_FAILED
        )
    return CommandResult.of_run(run, counts, blocks, next_command=next_command)


def _blocks(report: CommitReport, focus: FocusMode | None) -> Iterator[Block]:
    if report.rows:
        yield from _tables(report)
        yield Summary(_summary(report))
        if report.outcomes[Outcome.DRIFTED]:
            advice = "Rows that changed since the plan are tried again after a new plan: "
            yield TextLine(advice + _new_plan(report), detail=True)
    else:
        wave = f" of this wave ({label(focus)})" if focus else ""
        yield f"Nothing left to commit{wave}."
    if report.pending:
        yield f"{count_of(report.pending, 'row')} of the run still to be dealt with."


def _tables(report: CommitReport) -> Iterator[Block]:
    outcomes = {o: report.outcomes[o] for o in OUTCOMES if report.outcomes[o]}
    rows_by_label = {label(LogAction(outcome)): rows for outcome, rows in outcomes.items()}
    yield shares("Outcomes", rows_by_label, "what became of the rows")
    created = [(model_label(m), report.created[m]) for m in MODELS if report.created[m]]
    yield Table("Records created", ("kind", "records"), created)
    total, most_common = report.causes.total(), report.causes.most_common()
    causes = [(cause, rows, REASONS.get(cause, REFUSED)) for cause, rows in most_common]
    yield Table("Why rows were not committed", ("cause", "rows", "meaning"), causes)
    printed_rows = report.left_out[:MAX_ROWS_LISTED]
    rows = [
        (row.row, f"({row.reason}: {REASONS.get(row.reason, REFUSED)})") for row in printed_rows
    ]
    yield Table("Rows not committed", ("row", "why"), rows, total, MAX_ROWS_LISTED)


def _summary(report: CommitReport) -> str:
    rows = {"created": sum(report.outcomes[outcome] for outcome in CREATED)}
    rows |= {name: report.outcomes[outcome] for outcome, name in OTHERS.items()}
    rows["total"] = sum(rows.values())
    return "Done. " + " ".join(f"{name}={number:,}" for name, number in rows.items())


def _new_plan(report: CommitReport) -> str:
    return f"manage.py legacy_dry_run --run {report.run}"
