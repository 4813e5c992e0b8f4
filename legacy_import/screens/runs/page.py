"""Everything that the run page shows. Only reads.

Numbers come from the stored facet counts, the receipts and the run's summary, so that a page costs
the same for a run of any size.
"""

from dataclasses import dataclass

from legacy_import.choices import Stage
from legacy_import.models import LegacyImportRun
from legacy_import.screens.runs.certificate import CertificateSection, certificate_of
from legacy_import.screens.runs.counts import (
    Distribution,
    FocusProgress,
    RunCounts,
    counts_of,
    distributions,
    queue_reasons,
    review_progress,
    review_progress_by_focus,
)
from legacy_import.screens.runs.log import LogPage, log_page
from legacy_import.screens.runs.plan import (
    Card,
    CommittedRows,
    PlanLine,
    Risk,
    SincePlan,
    committed_rows,
    plan_lines,
    priorities,
    risks,
    since_plan,
)
from legacy_import.screens.runs.progress import RunProgress, rows_staged, run_progress
from legacy_import.screens.runs.timeline import Step, duration_words, timeline, total_duration


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run in full. `planned`: it has, or had, a plan; without one its review queue is empty."""

    rows: int
    planned: bool
    duration: str
    steps: tuple[Step, ...]
    certificate: CertificateSection
    committed: CommittedRows
    review_progress: FocusProgress
    by_focus: tuple[FocusProgress, ...]
    priorities: tuple[Card, ...]
    risks: tuple[Risk, ...]
    distributions: tuple[Distribution, ...]
    plan: tuple[PlanLine, ...]
    reasons: tuple[tuple[str, int], ...]
    log: LogPage
    since_plan: SincePlan | None
    progress: RunProgress


def run_page(run: LegacyImportRun, *, before: int | None = None) -> RunPage:
    """What the page of this run shows; `before`: the commit log before that batch."""
    counts: RunCounts = counts_of(run.pk)
    progress, steps = run_progress(run), timeline(run)
    ever = any(one.stage == Stage.COMMIT for one in progress.stages)
    return RunPage(
        rows=counts.rows or rows_staged(progress.stages),
        planned=run.planned_at is not None,
        duration=duration_words(total_duration(steps)),
        steps=steps,
        certificate=certificate_of(run.certificate),
        committed=committed_rows(counts, ever=ever),
        review_progress=review_progress(counts),
        by_focus=review_progress_by_focus(counts),
        priorities=tuple(priorities(counts)),
        risks=tuple(risks(counts)),
        distributions=tuple(distributions(counts)),
        plan=tuple(plan_lines(counts)),
        reasons=tuple(queue_reasons(counts).items()),
        log=log_page(run, before),
        since_plan=since_plan(run, counts),
        progress=progress,
    )
