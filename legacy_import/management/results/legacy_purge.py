"""What legacy_purge prints: the rows that were erased, and where the person's data remains."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from legacy_import.management.printer import Block, CommandResult, Summary, Table, TextLine
from legacy_import.privacy.purge import Agenda
from legacy_import.privacy.subject import Subject, SubjectReport


def purge_result(only: int | None, agenda: Agenda, rows_by_run: Mapping[int, int]) -> CommandResult:
    """The runs that were purged in `rows_by_run`, or when the next one may be."""
    counts = {
        "purged": [{"run": run, "rows": rows} for run, rows in rows_by_run.items()],
        "waiting": [
            {"run": run.run, "rows": run.rows, "due": run.due.isoformat(timespec="seconds")}
            for run in agenda.waiting
        ],
    }
    return CommandResult(only, "", counts, _purge_blocks(only, agenda, rows_by_run))


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
    return CommandResult(None, subject.connection, counts, _subject_blocks(subject, report))


def _subject_blocks(subject: Subject, report: SubjectReport) -> Iterator[Block]:
    records = [
        (f"{record.model}:{record.id}", "created from it" if record.created else "linked to it")
        for record in report.records
    ]
    yield Table(f"Records on the platform that result from {subject}", ("record", "how"), records)
    for runs, when in ((report.erased, "erased"), (report.before, "erased already")):
        for run in runs:
            yield f"{subject} of run {run}: {when}."
    if report.records:
        yield "These records belong to the platform; erase the person there too."
    yield (
        "The old database still contains the person: erase them there too, or a new import "
        "stages them again."
    )
    yield Summary(f"Done. erased={len(report.erased):,}")
