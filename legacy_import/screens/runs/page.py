"""Everything that the list of runs, the run page and its operations show. Only reads.

Numbers come from the stored facet counts, the receipts and the run's summary, so that a page costs
the same whatever the size of the run.
"""

from dataclasses import dataclass

from legacy_import.choices import Stage
from legacy_import.models import LegacyImportRun
from legacy_import.screens.runs.certificate import CertificateSection, certificate_of
from legacy_import.screens.runs.counts import (
    Distribution,
    Reviewed,
    RunCounts,
    counts_of,
    distributions,
    queue_reasons,
    reviewed,
    reviewed_by_focus,
)
from legacy_import.screens.runs.live import Live, live, rows_staged
from legacy_import.screens.runs.log import LogPage, log_page
from legacy_import.screens.runs.plan import (
    Card,
    PlanLine,
    Risk,
    SincePlan,
    Written,
    plan_lines,
    priorities,
    risks,
    since_plan,
    written,
)
from legacy_import.screens.runs.run_list import RunLine, RunList, run_list
from legacy_import.screens.runs.timeline import Step, duration_words, time_worked, timeline

__all__ = ["RunLine", "RunList", "RunPage", "run_list", "run_page"]


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run in full. `planned`: it has, or had, a plan; without one there is nothing to review."""

    rows: int
    planned: bool
    worked: str
    steps: tuple[Step, ...]
    certificate: CertificateSection
    written: Written
    reviewed: Reviewed
    by_focus: tuple[Reviewed, ...]
    priorities: tuple[Card, ...]
    risks: tuple[Risk, ...]
    distributions: tuple[Distribution, ...]
    plan: tuple[PlanLine, ...]
    reasons: tuple[tuple[str, int], ...]
    log: LogPage
    since_plan: SincePlan | None
    live: Live


def run_page(run: LegacyImportRun, *, before: int | None = None) -> RunPage:
    """What the page of this run shows; `before`: the commit log from that batch back."""
    counts: RunCounts = counts_of(run.pk)
    now, steps = live(run), timeline(run)
    ever = any(one.stage == Stage.COMMIT for one in now.stages)
    return RunPage(
        rows=counts.rows or rows_staged(now.stages),
        planned=run.planned_at is not None,
        worked=duration_words(time_worked(steps)),
        steps=steps,
        certificate=certificate_of(run.certificate),
        written=written(counts, ever=ever),
        reviewed=reviewed(counts),
        by_focus=reviewed_by_focus(counts),
        priorities=tuple(priorities(counts)),
        risks=tuple(risks(counts)),
        distributions=tuple(distributions(counts)),
        plan=tuple(plan_lines(counts)),
        reasons=tuple(queue_reasons(counts).items()),
        log=log_page(run, before),
        since_plan=since_plan(run, counts),
        live=now,
    )
