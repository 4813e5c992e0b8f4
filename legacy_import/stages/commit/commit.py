"""7 commit: exactly the plan, exactly once. Rows that changed since the plan are listed instead."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from legacy_import.choices import FocusMode, Outcome, PlannedAction, RunStatus, Stage
from legacy_import.conf import ImportConf, import_conf
from legacy_import.engine.chunks import CHUNK_ROWS, Job, batch_of, next_position
from legacy_import.engine.engines import Engine, engine_in_use
from legacy_import.engine.sqlite_pauses import WriterPauses
from legacy_import.errors import LegacyImportError, OutOfOrder
from legacy_import.models import LegacyImportRun
from legacy_import.people.key_refresh import refresh_platform_keys
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Progress
from legacy_import.stages.commit.batch_work import FOR_REVIEW, open_work
from legacy_import.stages.commit.waves import id_batches, passes, pending_rows, wave_totals

WITH_A_PLAN = (RunStatus.PLANNED, RunStatus.COMMITTING, RunStatus.COMMITTED)
FEW_FAILURES = 5  # up to this number they are single poison rows, regardless of their share
MAX_ROWS_LISTED = 1_000  # of rows that changed since the plan; the commit log has all of them


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row that was planned and not committed, and why (a code of rules.reasons, or an error)."""

    row: str  # source_table:legacy_id
    outcome: str
    reason: str


@dataclass(slots=True)
class CommitReport:
    """What one call of `commit` did. Counts are rows, `created` are records on the platform."""

    run: int
    status: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)  # of rows that changed since the plan
    left_out: list[LeftOutRow] = field(default_factory=list)
    pending: int = 0  # rows of the run that wait for another wave or call
    batches: int = 0

    @property
    def rows(self) -> int:
        return self.outcomes.total()


class TooManyFailures(LegacyImportError):
    """The database refused more rows than a few poison rows explain."""


def commit(
    *,
    run_id: int,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    batch: int = 100,
    limit: int | None = None,
    focus: FocusMode | None = None,
    allow_partial: bool = False,
    engine: Engine | None = None,
) -> CommitReport:
    """Commit the run's plan, `batch` rows per transaction; called again, it continues.

    `limit`: the most planned rows to commit; `focus`: one wave only; `engine`: instead of the one in
    the settings. Raises UnknownRun, OutOfOrder (no current plan, a partial run without
    `allow_partial`, locked by another process), TooManyFailures, Interrupted (between batches).
    """
    run = lifecycle.find_run(run_id)
    require_current_plan(run, allow_partial=allow_partial)
    progress.opened(run.source_label)
    with run_lease(run, "legacy_commit", progress) as lease:
        require_current_plan(run, allow_partial=allow_partial)
        engine, report = engine or engine_in_use(), CommitReport(run.pk)
        work = _Commit(run, lease, progress, actor, now, import_conf(), engine, report)
        if pending_rows(run, focus).exists():
            work.begin()
            work.commit_wave(batch, limit, focus)
        return work.finish()


def require_current_plan(run: LegacyImportRun, *, allow_partial: bool) -> None:
    """Raise OutOfOrder unless the run's plan is newer than everything it is based on."""
    lifecycle.require_installed_rules(run)
    if run.status not in WITH_A_PLAN or not run.plan_fingerprint:
        raise OutOfOrder(
            f"Run {run.pk} is '{run.status}': it has no current plan to commit.",
            hint=f"manage.py {run.next_command or f'legacy_status --run {run.pk}'}",
        )
    if run.is_partial and not allow_partial:
        raise OutOfOrder(
            f"Run {run.pk} is partial: it contains only the first {run.row_limit:,} rows.",
            hint="Import everything (legacy_import), or commit this part knowingly: --allow-partial",
        )


@dataclass(slots=True)
class _Commit:
    """One call of `commit` under its lease."""

    run: LegacyImportRun
    lease: Lease
    progress: Progress
    actor: str
    started_at: datetime.datetime
    conf: ImportConf
    engine: Engine
    report: CommitReport
    position: int = 0
    key_refresh: dict[str, str] = field(default_factory=dict)  # for the run's summary
    pauses: WriterPauses = field(default_factory=WriterPauses)

    def begin(self) -> None:
        """Refresh the platform's keys first, so that people added since the plan are noticed."""
        self.run.move_to(RunStatus.COMMITTING)
        lifecycle.save_run(self.run, self.lease, ["status"])
        self.position = next_position(self.run, Stage.COMMIT)
        self.key_refresh = refresh_platform_keys(
            self.run, self.conf, self.progress, changed_only=True
        )

    def commit_wave(self, size: int, limit: int | None, focus: FocusMode | None) -> None:
        """First rows before their followers; rows for review last, unless the limit is reached."""
        wave = pending_rows(self.run, focus)
        planned, for_review = wave_totals(self.run, focus)
        self.progress.begin("committing", planned if limit is None else min(planned, limit))
        for rows in passes(wave):
            remaining = None if limit is None else limit - self.report.rows
            for ids in id_batches(rows, size, remaining):
                self._batch(ids)
        if limit is None or self.report.rows < limit:
            waiting = wave.filter(planned_action=PlannedAction.REVIEW)
            self.progress.begin("leaving for review", for_review)
            for ids in id_batches(waiting, CHUNK_ROWS):
                self._batch(ids, **{FOR_REVIEW: True})

    def finish(self) -> CommitReport:
        """Update the run's status and summary; returns the report with the rows still pending."""
        report, run = self.report, self.run
        report.pending = pending_rows(run, None).count()
        status = RunStatus.COMMITTING if report.pending else RunStatus.COMMITTED
        if report.batches or run.status != status:
            if run.status == RunStatus.PLANNED:
                run.move_to(RunStatus.COMMITTING)
            summary = {"outcomes": dict(report.outcomes), "pending": report.pending}
            results = {"commit": summary, **self.key_refresh}
            lifecycle.finish_stage(
                run,
                self.lease,
                status,
                actor=self.actor,
                started_at=self.started_at,
                results=results,
            )
        report.status = run.status
        return report

    def _batch(self, ids: Sequence[int], **options: bool) -> None:
        """One batch, inline or on a worker. The next one selects its rows when this one is done."""
        job = Job(self.run.pk, Stage.COMMIT, self.lease.token, {"actor": self.actor, **options})
        chunk = batch_of(self.position, ids)
        for _, result in self.engine.each(job, [chunk], open_work, self.lease, self.progress):
            self._count(result.details)
        self.position += 1
        self._stop_if_failing()
        self.progress.advance(len(ids))
        self.pauses.pause()

    def _count(self, details: Mapping[str, Any]) -> None:
        report = self.report
        report.batches += 1
        report.outcomes.update(details["outcomes"])
        report.created.update(details["created"])
        report.causes.update(reason for _, _, reason in details["left_out"])
        if details["left_out"] and len(report.left_out) < MAX_ROWS_LISTED:
            names = lifecycle.names_of_rows(row for row, _, _ in details["left_out"])
            report.left_out += [
                LeftOutRow(names[row], outcome, reason)
                for row, outcome, reason in details["left_out"]
            ]

    def _stop_if_failing(self) -> None:
        failed = self.report.outcomes[Outcome.FAILED.value]
        share = failed / max(self.report.rows, 1)
        if failed > FEW_FAILURES and share > self.conf.max_failure_rate:
            raise TooManyFailures(
                f"Stopped: the database refused {failed:,} of {self.report.rows:,} rows, more than "
                f"{self.conf.max_failure_rate:.0%} (LEGACY_IMPORT_MAX_FAILURE_RATE).",
                hint=f"See why: manage.py legacy_status --run {self.run.pk}. Plan again "
                "(legacy_dry_run) to try them once the cause is fixed.",
            )
