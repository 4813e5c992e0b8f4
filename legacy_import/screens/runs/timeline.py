"""The stages of a run: which are done, by which user and when, and which is next."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import LegacyImportRun

S = RunStatus

# Stage → its name, and the statuses under which its end is stored in the summary, newest first.
STEPS: tuple[tuple[str | Promise, tuple[RunStatus, ...]], ...] = (
    (Stage.IMPORT.label, (S.IMPORTED,)),
    (Stage.VALIDATE.label, (S.VALIDATED,)),
    (Stage.CLASSIFY.label, (S.CLASSIFIED,)),
    (Stage.PLAN.label, (S.PLANNED,)),
    (Stage.COMMIT.label, (S.COMMITTED, S.COMMITTING)),
)

# Status → number of STEPS that are done. After a rollback the rows are staged and validated again.
FINISHED_STEPS = {
    S.IMPORTING: 0, S.FAILED: 0, S.IMPORTED: 1, S.VALIDATED: 2, S.CLASSIFIED: 3, S.PLANNED: 4,
    S.COMMITTING: 4, S.COMMITTED: 5, S.ROLLING_BACK: 1, S.ROLLED_BACK: 1,
}  # fmt: skip
RUNNING = (S.IMPORTING, S.COMMITTING)

DONE, NOW, NEXT, AGAIN, LATER = "done", "now", "next", "again", "later"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage. `state`: done, now, next, again (was done, and has to be repeated) or later."""

    name: str | Promise
    state: str
    actor: str = ""
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None

    @property
    def took(self) -> datetime.timedelta | None:
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    @property
    def took_words(self) -> str:
        return duration_words(self.took)


def timeline(run: LegacyImportRun) -> tuple[Step, ...]:
    """Every stage in order, with the rollback if there was one, and the closing."""
    status = RunStatus(run.status)
    stages = run.summary.get("stages", {})
    closed = status == S.CLOSED
    steps = []
    for place, (name, ends) in enumerate(STEPS):
        entry = next((stages[end.value] for end in ends if end.value in stages), None)
        state = _state(place, status, done_before=entry is not None)
        steps.append(_step(name, state, entry))
    if status in (S.ROLLING_BACK, S.ROLLED_BACK) or S.ROLLED_BACK.value in stages:
        state = NOW if status == S.ROLLING_BACK else DONE
        steps.append(_step(Stage.ROLLBACK.label, state, stages.get(S.ROLLED_BACK.value)))
    steps.append(_step(S.CLOSED.label, DONE if closed else LATER, stages.get(S.CLOSED.value)))
    return tuple(steps)


def _state(place: int, status: RunStatus, *, done_before: bool) -> str:
    if status == S.CLOSED:
        return DONE if done_before else LATER
    if place < FINISHED_STEPS[status]:
        return DONE
    if place == FINISHED_STEPS[status] and status != S.ROLLING_BACK:
        return NOW if status in RUNNING else NEXT
    return AGAIN if done_before else LATER


def _step(name: str | Promise, state: str, entry: dict[str, str] | None) -> Step:
    if entry is None:
        return Step(name, state)
    return Step(
        name,
        state,
        entry.get("actor", ""),
        _moment(entry.get("started")),
        _moment(entry.get("finished")),
    )


def _moment(text: str | None) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def total_duration(steps: Iterable[Step]) -> datetime.timedelta | None:
    """The total duration of the last pass of each stage; None before the first."""
    took = [step.took for step in steps if step.took is not None]
    return sum(took, datetime.timedelta()) if took else None


def duration_words(took: datetime.timedelta | None) -> str:
    """'4 s', '2 min 05 s', '1 h 20 min'; '' for None. Never less than a second."""
    if took is None:
        return ""
    seconds = max(1, round(took.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes % 60}
    if minutes:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": seconds % 60}
    return _("%(seconds)d s") % {"seconds": seconds}
