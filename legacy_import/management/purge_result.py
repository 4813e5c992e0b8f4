"""How an erasure is printed: what is gone, and where the person still is."""

from collections.abc import Mapping
from dataclasses import asdict

from legacy_import.management.base import Result
from legacy_import.management.terminal import Terminal, number
from legacy_import.privacy.purge import Agenda
from legacy_import.privacy.subject import Subject, SubjectReport


class PurgeResult(Result):
    """The runs that were purged, or when the next one may be."""

    def __init__(self, only: int | None, agenda: Agenda, erased: Mapping[int, int]) -> None:
        waiting = [
            {"run": one.run, "rows": one.rows, "due": one.due.isoformat(timespec="seconds")}
            for one in agenda.waiting
        ]
        counts = {
            "purged": [{"run": run, "rows": rows} for run, rows in erased.items()],
            "waiting": waiting,
        }
        super().__init__(only, "", counts)
        self.agenda = agenda
        self.erased = erased

    def show(self, terminal: Terminal, seconds: float) -> None:
        terminal.table(
            "Purged", [(str(run), number(rows)) for run, rows in self.erased.items()],
            ("run", "rows"),
        )  # fmt: skip
        if self.erased:
            total = sum(self.erased.values())
            terminal.line(
                f"Done. runs={len(self.erased):,} purged total={total:,} in {seconds:.1f} s"
            )
            terminal.line("No business table was changed.", style="bold")
        else:
            terminal.line("Nothing to purge.")
        if self.agenda.purged_at:
            terminal.line(f"Run {self.run} was purged on {self.agenda.purged_at:%Y-%m-%d}.")
        elif self.agenda.waiting:
            soonest = self.agenda.waiting[0]
            terminal.line(f"Run {soonest.run} is due next, on {soonest.due:%Y-%m-%d}.")
        elif not self.erased:
            terminal.line("No closed run holds contacts. A run is closed by legacy_close.")


class SubjectResult(Result):
    """In which runs the person was erased, and what remains to be done elsewhere."""

    def __init__(self, subject: Subject, report: SubjectReport) -> None:
        super().__init__(None, subject.connection, {"subject": str(subject), **asdict(report)})
        self.subject = subject
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        report, subject = self.report, self.subject
        terminal.table(
            f"Records on the platform that came of {subject}",
            [
                (
                    f"{record.model}:{record.id}",
                    "made from it" if record.created else "linked to it",
                )
                for record in report.records
            ],
            ("record", "how"),
        )
        for runs, when in ((report.erased, "erased"), (report.before, "erased already")):
            for run in runs:
                terminal.line(f"{subject} of run {run}: {when}.")
        if report.records:
            terminal.line("These records belong to the platform; erase the person there too.")
        terminal.line(
            "The old database still holds the person: erase them there too, or a new import "
            "stages them again."
        )
        terminal.line(f"Done. erased={len(report.erased):,} in {seconds:.1f} s")
