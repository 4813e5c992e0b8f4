"""How a commit is printed: what it is going to do, what it did, and which rows it left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.utils.translation import override

from legacy_import.choices import FocusMode, LogAction, Outcome, PlannedAction
from legacy_import.management.base import Result
from legacy_import.management.plan_result import WORDS
from legacy_import.management.terminal import Terminal, number
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.commit.commit import MAX_NAMED, CommitReport
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    INTEREST,
    LEAD,
)

SOME_ROWS_FAILED = 4
NAMED = 20  # rows in a table; --verbosity 2: all that the report names
KINDS = (LEAD, INTEREST, COMPLETED_TRAINING, ENROLLMENT)
# What a row without a reason of the rules has for one: class and number of the database's error.
REFUSED = "the database refused the row"
ONE_WORD = {
    Outcome.LINK_EXISTING: "linked",
    Outcome.SKIP: "skipped",
    Outcome.REVIEW: "review",
    Outcome.DRIFTED: "drifted",
    Outcome.FAILED: "failed",
}
OUTCOMES = (
    Outcome.CREATE_COMPLETED_TRAINING, Outcome.CREATE_ENROLLMENT, Outcome.CREATE_CRM_LEAD, *ONE_WORD,
)  # fmt: skip


def show_intent(
    terminal: Terminal,
    run: LegacyImportRun,
    planned: Mapping[PlannedAction, int],
    focus: FocusMode | None,
    limit: int | None,
) -> None:
    """The plan's counts of what is committed now, in the words of the dry run."""
    if terminal.verbosity == 0:
        return
    of_wave = f", {words(focus)}" if focus else ""
    terminal.line()
    terminal.line(f"Plan of run {run.pk}{of_wave}: legacy_commit will", style="bold")
    for action, (sign, verb, what) in WORDS.items():
        what = "rows: left for reviewers" if action == PlannedAction.REVIEW else what
        terminal.line(f"  {sign} {verb:<7}{planned[action]:>10,}  {what}")
    if limit is not None:
        terminal.line(f"  and stop after {limit:,} of these rows (--limit).")


def what_is_asked(
    run: LegacyImportRun,
    planned: Mapping[PlannedAction, int],
    focus: FocusMode | None,
    limit: int | None,
) -> str:
    """The same in one sentence, for the question."""
    rows = sum(planned.values()) - planned[PlannedAction.REVIEW]
    some = rows if limit is None else min(rows, limit)
    of_wave = f" ({words(focus)})" if focus else ""
    return (
        f"{some:,} planned rows of run {run.pk}{of_wave} will be committed to this platform; "
        f"{planned[PlannedAction.REVIEW]:,} wait for reviewers."
    )


class CommitResult(Result):
    """The outcomes of one call, the records made, and every row left out with its cause."""

    def __init__(self, report: CommitReport, focus: FocusMode | None, next_command: str) -> None:
        named = report.named[:MAX_NAMED]
        counts = {
            "outcomes": {outcome.value: report.outcomes[outcome.value] for outcome in OUTCOMES},
            "created": {kind: report.created[kind] for kind in KINDS},
            "left_out": dict(report.causes.most_common()),
            "rows": [asdict(one) for one in named],
            "pending": report.pending,
            "status": report.status,
        }
        super().__init__(report.run, find_run(report.run).source_label, counts)
        self.report = report
        self.focus = focus
        self.next_command = next_command
        self.again = f"manage.py legacy_dry_run --run {report.run}"
        failed = report.outcomes[Outcome.FAILED.value]
        if failed:
            self.exit_code = SOME_ROWS_FAILED
            self.problem = (
                f"The database refused {counted(failed, 'row')}; nothing of "
                f"{'it' if failed == 1 else 'them'} was written.",
                f"Mend the cause, then plan and commit again: {self.again}",
            )

    def show(self, terminal: Terminal, seconds: float) -> None:
        report = self.report
        if report.rows:
            self._show_tables(terminal)
            terminal.line(_summary(report.outcomes, seconds))
            if report.outcomes[Outcome.DRIFTED.value] and terminal.verbosity:
                terminal.line(f"Rows that drifted are tried again after a new plan: {self.again}")
        else:
            of_wave = f" of this wave ({words(self.focus)})" if self.focus else ""
            terminal.line(f"Nothing left to commit{of_wave}.")
        if report.pending:
            terminal.line(f"{counted(report.pending, 'row')} of the run still to be dealt with.")
        if not self.problem:
            terminal.next(self.next_command)

    def _show_tables(self, terminal: Terminal) -> None:
        report = self.report
        terminal.counts(
            "Outcomes",
            {
                words(LogAction(outcome.value)): report.outcomes[outcome.value]
                for outcome in OUTCOMES
                if report.outcomes[outcome.value]
            },
            "what became of the rows",
        )
        terminal.table(
            "Records created",
            [
                (kind_in_words(kind), number(report.created[kind]))
                for kind in KINDS
                if report.created[kind]
            ],
            ("kind", "records"),
        )
        terminal.table(
            "Why rows were left out",
            [
                (cause, number(rows), REASONS.get(cause, REFUSED))
                for cause, rows in report.causes.most_common()
            ],
            ("cause", "rows", "meaning"),
        )
        show_named(
            terminal,
            "Rows left out",
            [(one.row, f"({one.reason}: {REASONS.get(one.reason, REFUSED)})")
             for one in report.named[:MAX_NAMED]],
            ("row", "why"),
            report.causes.total(),
        )  # fmt: skip


def show_named(
    terminal: Terminal,
    title: str,
    rows: list[tuple[str, ...]],
    columns: tuple[str, ...],
    total: int,
) -> None:
    """The first rows by name, with --verbosity 2 all of them; `total`: how many there are."""
    shown = rows if terminal.verbosity >= 2 else rows[:NAMED]
    more = total - len(shown)
    told = list(shown)
    if more > 0:
        how = f"--verbosity 2 names up to {MAX_NAMED:,}" if len(shown) < len(rows) else ""
        told.append((f"… and {more:,} more", how, *[""] * (len(columns) - 2)))
    terminal.table(title, told, columns)


def tell_entries(terminal: Terminal, run: LegacyImportRun, **of: Any) -> None:
    """Every entry of the commit log that fits, a line each: row, what was done, record."""
    for line in _lines(run, **of):
        terminal.note(line)


def tell_failed(terminal: Terminal, run: LegacyImportRun, **since: Any) -> None:
    """The first rows that the database refused since then."""
    since = {"created_at__gte": since["since"], "action": LogAction.FAILED}
    for _, line in zip(range(NAMED), _lines(run, **since), strict=False):
        terminal.note(line)


def _lines(run: LegacyImportRun, **of: Any) -> Iterator[str]:
    entries = LegacyImportCommitLog.objects.filter(legacy_import_run=run, **of).order_by("pk")
    for table, legacy_id, action, outcome, model, pk, reason in entries.values_list(
        "student_import__source_table", "student_import__legacy_id", "action", "reversal_outcome",
        "target_model", "target_id", "reason",
    ).iterator():  # fmt: skip
        record = f" {model}:{pk}" if model else ""
        yield f"{table}:{legacy_id} {outcome or action}{record} ({reason})"


def words(choice: Any) -> str:
    """The choice in the terminal's language, which is English whatever the screens speak."""
    with override("en"):
        return str(choice.label)


def kind_in_words(model: str) -> str:
    """'crm.CrmLead' → 'leads (crm.CrmLead)'."""
    if not model:
        return "rows that were skipped"
    with override("en"):
        return f"{apps.get_model(model)._meta.verbose_name_plural} · {model}"


def counted(rows: int, noun: str) -> str:
    """'1 row', '2 rows'."""
    return f"{rows:,} {noun}" if rows == 1 else f"{rows:,} {noun}s"


def _summary(outcomes: Counter[str], seconds: float) -> str:
    made = sum(outcomes[outcome.value] for outcome in OUTCOMES if outcome not in ONE_WORD)
    told = [("created", made), *((word, outcomes[o.value]) for o, word in ONE_WORD.items())]
    parts = " ".join(f"{word}={rows:,}" for word, rows in _with_total(told))
    return f"Done. {parts} in {seconds:.1f} s"


def _with_total(told: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    parts = list(told)
    return [*parts, ("total", sum(rows for _, rows in parts))]
