"""legacy_purge: erase payloads and contacts of closed runs past the retention, or one person."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone

from legacy_import.choices import SourceTable
from legacy_import.errors import LegacyImportError
from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import Block, CommandResult, Summary, Table, TextLine
from legacy_import.models import LegacyErasureLog
from legacy_import.permissions import COMMIT
from legacy_import.privacy.purge import Agenda, agenda, purge
from legacy_import.privacy.subject import Subject, SubjectReport, erase_subject, find_subject

LONGEST_REASON = LegacyErasureLog._meta.get_field("reason").max_length
SOURCE = "the staged rows (the old database is not read)"
LONGEST_ID = 20  # digits of 2^64


class Command(LegacyCommand):
    help = (
        "Erase payloads and contacts of closed runs after LEGACY_IMPORT_RETENTION_DAYS, "
        "or one person on request."
    )
    permission = COMMIT
    run_help = (
        "this closed run only; default: every closed run whose retention is over. With --subject: "
        "the person whom the number meant in this run; default: in the newest"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--subject", type=source_row, metavar="TABLE:ID",
            help="erase one person from every run, such as stagiaires:123",
        )  # fmt: skip
        parser.add_argument(
            "--connection", metavar="ALIAS",
            help="the source that --subject belongs to "
            f"(default: {settings.LEGACY_IMPORT_CONNECTION})",
        )  # fmt: skip
        parser.add_argument(
            "--reason", type=reason, default="", metavar="TEXT",
            help="kept in the erasure log; it must not contain a person's name",
        )  # fmt: skip
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        if options["connection"] and not options["subject"]:
            raise _usage("--connection states the source of --subject; give both.")
        if options["subject"]:
            return self._erase_subject(options, actor)
        now = timezone.now()
        due = agenda(run_id=options["run"], now=now)
        rows_by_run: dict[int, int] = {}
        if due.ready:
            confirm_database(self.terminal, options, _warning(due))
            self.progress.opened(SOURCE)
            rows_by_run = purge(
                run_ids=[closed.run for closed in due.ready],
                actor=actor,
                reason=options["reason"],
                now=now,
                progress=self.progress,
            )
        return purge_result(options["run"], due, rows_by_run)

    def _erase_subject(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        table, legacy_id = options["subject"]
        connection = options["connection"] or settings.LEGACY_IMPORT_CONNECTION
        subject = Subject(connection, table, legacy_id)
        erased_in = find_subject(subject, in_run=options["run"])
        runs = [run for run, is_erased in erased_in.items() if not is_erased]
        if runs:
            confirm_database(
                self.terminal,
                options,
                f"Everything that identifies {subject} of {connection} will be erased from "
                f"{_runs(runs)}. This cannot be undone.",
            )
            self.progress.opened(SOURCE)
        report = erase_subject(
            subject=subject,
            actor=actor,
            reason=options["reason"],
            now=timezone.now(),
            progress=self.progress,
            in_run=options["run"],
        )
        return subject_result(subject, report)


def source_row(value: str) -> tuple[str, str]:
    """`stagiaires:123` → (source table, legacy id), for argparse."""
    table, _, legacy_id = value.partition(":")
    digits = legacy_id.isascii() and legacy_id.isdigit() and len(legacy_id) <= LONGEST_ID
    if table not in SourceTable.values or not digits:
        tables = " or ".join(f"{name}:ID" for name in SourceTable.values)
        raise ArgumentTypeError(f"must be {tables}, such as stagiaires:123")
    return table, legacy_id


def reason(value: str) -> str:
    """A text not longer than its column, for argparse."""
    if LONGEST_REASON and len(value) > LONGEST_REASON:
        raise ArgumentTypeError(f"must be {LONGEST_REASON} characters or fewer")
    return value


def _warning(due: Agenda) -> str:
    rows = ", ".join(f"run {closed.run}: {closed.rows:,} rows" for closed in due.ready)
    return f"Payloads and contacts will be erased ({rows}). This cannot be undone."


def _runs(runs: Sequence[int]) -> str:
    return f"{'run' if len(runs) == 1 else 'runs'} {', '.join(map(str, runs))}"


def _usage(message: str) -> LegacyImportError:
    return LegacyImportError(message, hint="See manage.py legacy_purge --help", exit_code=2)


# --- What it prints ---------------------------------------------------------------------------------


def purge_result(only: int | None, agenda: Agenda, rows_by_run: Mapping[int, int]) -> CommandResult:
    """The runs that were purged in `rows_by_run`, or when the next one may be."""
    counts = {
        "purged": [{"run": run, "rows": rows} for run, rows in rows_by_run.items()],
        "waiting": [
            {"run": run.run, "rows": run.rows, "due": run.due.isoformat(timespec="seconds")}
            for run in agenda.waiting
        ],
    }
    soonest = agenda.waiting[0] if agenda.waiting else None
    later = (
        f"on {soonest.due:%Y-%m-%d}: manage.py legacy_purge --run {soonest.run}" if soonest else ""
    )
    blocks = _purge_blocks(only, agenda, rows_by_run)
    return CommandResult(only, "", counts, blocks, next_page=later)


def _purge_blocks(
    only: int | None, agenda: Agenda, rows_by_run: Mapping[int, int]
) -> Iterator[Block]:
    yield Table("Purged", ("run", "rows"), [(str(run), rows) for run, rows in rows_by_run.items()])
    if rows_by_run:
        yield Summary(f"Done. runs={len(rows_by_run):,} purged total={sum(rows_by_run.values()):,}")
        yield TextLine("No business table was changed.", bold=True)
    else:
        yield "Nothing to purge."
    if agenda.purged_at:
        yield f"Run {only} was purged on {agenda.purged_at:%Y-%m-%d}."
    elif agenda.waiting:
        soonest = agenda.waiting[0]
        yield f"Run {soonest.run} is due next, on {soonest.due:%Y-%m-%d}."
    elif not rows_by_run:
        yield "No closed run contains contacts. A run is closed by legacy_close."


def subject_result(subject: Subject, report: SubjectReport) -> CommandResult:
    """The runs in which the person was erased, and the systems that still contain the person."""
    counts = {"subject": str(subject), **asdict(report)}
    blocks = _subject_blocks(subject, report)
    return CommandResult(None, subject.connection, counts, blocks, next_page=_next_erasure(report))


def _next_erasure(report: SubjectReport) -> str:
    """Where the person is still to be erased: on the platform first, by the record's own page."""
    if not report.records:
        return "erase the person in the old database, too"
    first = next((one for one in report.records if one.created), report.records[0])
    page = f"/admin/{first.model.replace('.', '/').lower()}/{first.id}/change/"
    return f"erase the person on the platform, too: {page}"


def _subject_blocks(subject: Subject, report: SubjectReport) -> Iterator[Block]:
    records = [
        (f"{record.model}:{record.id}", "created from it" if record.created else "linked to it")
        for record in report.records
    ]
    yield Table(f"Records on the platform that result from {subject}", ("record", "how"), records)
    for runs, when in ((report.erased, "erased"), (report.before, "erased already")):
        for run in runs:
            yield f"{subject} of run {run}: {when}."
    for run in report.others:
        yield (
            f"{subject} of run {run} is another person, of whom nothing was erased "
            f"(--run {run} erases that person)."
        )
    if report.records:
        yield "These records belong to the platform; erase the person there too."
    yield (
        "The old database still contains the person: erase them there too. A later import stages this "
        "row without its contents, unless the number is another person's by then."
    )
    yield Summary(f"Done. erased={len(report.erased):,}")
