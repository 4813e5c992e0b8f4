"""What frees most rows after a plan, in words, with the command or the address for each."""

from collections.abc import Iterator, Sequence

from legacy_import.management.pages import MAPPING_PAGES, REVIEW_PAGE
from legacy_import.management.printer import TextLine
from legacy_import.management.wording import count_of
from legacy_import.models import FacetCount, LegacyImportRun
from legacy_import.privacy.purge import purge_due
from legacy_import.review.counts import decisions_since_plan
from legacy_import.rules.reasons import REASONS
from legacy_import.stages.planning.guide import REVIEW, Cause, PlanStep, step_now

# Kind of mapping → what one is called.
NOUNS = {"sessions": "session", "courses": "course", "statuses": "unknown status"}


def guide_lines(run: LegacyImportRun, causes: Sequence[Cause]) -> Iterator[TextLine]:
    """A line per cause, most rows first."""
    if not causes:
        return
    yield TextLine(detail=True)
    yield TextLine("What frees most rows", bold=True, detail=True)
    for cause in causes:
        yield TextLine(f"  {_words(cause)}", detail=True)
        yield TextLine(f"      {address_of(run, cause)}", detail=True)
        if cause.kind:
            command = f"manage.py legacy_map {cause.kind} --run {run.pk}"
            yield TextLine(f"      or: {command}", detail=True)


def address_of(run: LegacyImportRun, cause: Cause) -> str:
    """The page on which the rows of the cause are settled."""
    if cause.kind:
        return f"{MAPPING_PAGES[cause.kind]}?run={run.pk}"
    return f"{REVIEW_PAGE}?run={run.pk}&planned_reason={cause.reason}"


def next_of(run: LegacyImportRun, step: PlanStep | None) -> dict[str, str]:
    """The fields of a CommandResult for the next step after a plan; None: nothing of the run waits."""
    if step is None:
        return {"next_command": f"legacy_reconcile --run {run.pk}"}
    if step.name == REVIEW:
        return {"next_page": f"decide the rows: {REVIEW_PAGE}?run={run.pk}"}
    if step.name in MAPPING_PAGES:
        return {"next_command": f"legacy_map {step.name} --run {run.pk}"}
    return {"next_command": run.next_command}


def next_of_planned(run: LegacyImportRun) -> dict[str, str]:
    """The same for a run that was planned: changes since the plan come first."""
    marked = FacetCount.objects.filter(legacy_import_run=run, to_classify=True, rows__gt=0)
    if marked.exists():
        return {"next_command": f"legacy_classify --run {run.pk}"}
    if decisions_since_plan(run):
        return {"next_command": f"legacy_dry_run --run {run.pk}"}
    return next_of(run, step_now(run))


def next_of_committed(run: LegacyImportRun) -> dict[str, str]:
    """The same where rows of a committed run were left for review."""
    page = f"{REVIEW_PAGE}?run={run.pk}"
    own = {"next_command": run.next_command}
    step = next_of_planned(run)
    return {"next_page": f"decide the rows: {page}"} if own.items() <= step.items() else step


def next_of_closed(run: LegacyImportRun) -> str:
    """What a closed run still needs: its erasure, on the day on which it is due."""
    if run.purged_at:
        return "nothing is left to do for this run; a new import: manage.py legacy_import"
    return (
        f"on {purge_due(run):%Y-%m-%d}, erase its contacts: manage.py legacy_purge --run {run.pk}"
    )


def _words(cause: Cause) -> str:
    """'151 registrations wait for 126 sessions.'"""
    rows = count_of(cause.rows, "row")
    meaning = REASONS.get(cause.reason, cause.reason)
    if not cause.kind:
        return f"{rows}: {meaning}"
    wait = "waits" if cause.rows == 1 else "wait"
    noun = NOUNS[cause.kind]
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    mappings = f"{cause.mappings:,} {noun if cause.mappings == 1 else plural}"
    who = rows
    if cause.reason == "session_not_confirmed":
        who = count_of(cause.rows, "registration")
    return f"{who} {wait} for {mappings}: {meaning}"
