"""The commit log by batch: the actions, the actor, the time and the entries undone since."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from legacy_import.choices import LogAction, ReversalOutcome, Stage
from legacy_import.models import ChunkReceipt, LegacyImportCommitLog, LegacyImportRun
from legacy_import.stages.commit.log import SECONDARY_ACTIONS

MOST_BATCHES = 20  # on one page …
MOST_ROWS = 2_000  # … or fewer, where they are large: of at most this many rows entries are read
MOST_SUMMARY_BATCHES = 100
FIRST_ROWS = 20
NOT_COMMITTED = (LogAction.DRIFTED, LogAction.FAILED)
KEPT = (
    ReversalOutcome.KEPT_EDITED,
    ReversalOutcome.KEPT_ATTACHED,
    ReversalOutcome.KEPT_REFERENCED,
)


def receipts(run: LegacyImportRun, stage: Stage) -> QuerySet[ChunkReceipt]:
    return ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage, source_table="")


def log_page(run: LegacyImportRun, before: int | None = None) -> dict[str, Any]:
    """The newest batches of the run's commits (before position `before`), newest first.

    `older` is the position of the next page, None at the end.
    """
    newest = receipts(run, Stage.COMMIT).order_by("-position")
    if before is not None:
        newest = newest.filter(position__lt=before)
    page: list[ChunkReceipt] = []
    candidates = list(newest[: MOST_BATCHES + 1])
    for receipt in candidates[:MOST_BATCHES]:
        if page and sum(one.rows for one in page) + receipt.rows > MOST_ROWS:
            break
        page.append(receipt)
    older = page[-1].position if page and len(candidates) > len(page) else None
    return {"batches": _lines(run, page), "older": older}


def _lines(run: LegacyImportRun, page: Sequence[ChunkReceipt]) -> list[dict[str, Any]]:
    """Each batch with its rows per action, the most frequent first, and what else was done with them."""
    actions: defaultdict[int, Counter[str]] = defaultdict(Counter)
    actors: dict[int, str] = {}
    undone_entries: Counter[int] = Counter()
    grouped = _entries(run, page).order_by().values_list("batch", "action")
    for batch, action, rows, actor, back in grouped.annotate(
        rows=Count("pk"), who=Min("actor"), back=Count("reversed_at")
    ):
        actions[batch][action] += rows
        actors[batch] = actor
        undone_entries[batch] += 0 if action in SECONDARY_ACTIONS else back
    return [
        {
            "position": receipt.position,
            "rows": receipt.rows,
            "finished_at": receipt.finished_at,
            "actor": actors.get(receipt.position, ""),
            "actions": _of_rows(actions[receipt.position]),
            "besides": _besides(actions[receipt.position]),
            "undone_entries": undone_entries[receipt.position],
        }
        for receipt in page
    ]


def _entries(run: LegacyImportRun, page: Sequence[ChunkReceipt]) -> QuerySet[LegacyImportCommitLog]:
    """The entries of these batches, selected by their rows, which are indexed."""
    entries = LegacyImportCommitLog.objects.filter(legacy_import_run=run)
    if not page:
        return entries.none()
    of_batches = Q()
    for one in page:
        of_batches |= Q(batch=one.position) & _rows_of(one)
    return entries.filter(of_batches)


def _rows_of(receipt: ChunkReceipt) -> Q:
    """Entries about the staged rows from the receipt's first to its last."""
    return Q(student_import__gte=int(receipt.first_id), student_import__lte=int(receipt.last_id))


def commit_summary(run: LegacyImportRun, first: int, end: int | None = None) -> dict[str, Any]:
    """What the run's commits did from batch `first` on, to before batch `end`.

    `actions`: of rows, each counted once; `besides`: interests and people added to them.
    `first_rows`: rows that were not committed, with the reason's code.
    """
    page = _since(run, Stage.COMMIT, first, end)
    entries = _entries(run, page).order_by()
    actions: Counter[str] = Counter()
    for action, rows in entries.values_list("action").annotate(rows=Count("pk")):
        actions[action] += rows
    not_committed = sum(actions[action] for action in NOT_COMMITTED)
    others = entries.filter(action__in=NOT_COMMITTED).order_by("pk")
    return {
        "rows": sum(number for _, number in _of_rows(actions)),
        "batches": len(page),
        "actions": dict(_of_rows(actions)),
        "besides": dict(_besides(actions)),
        "not_committed": not_committed,
        "first_rows": _first_rows(others, "reason") if not_committed else (),
    }


def _of_rows(actions: Counter[str]) -> list[tuple[str, int]]:
    """What became of the rows: one entry per row, so that the numbers add up."""
    return [(action, n) for action, n in actions.most_common() if action not in SECONDARY_ACTIONS]


def _besides(actions: Counter[str]) -> list[tuple[str, int]]:
    """Further entries about the same rows: a course interest of a lead, the person of a history."""
    return [(action, n) for action, n in actions.most_common() if action in SECONDARY_ACTIONS]


def rollback_summary(run: LegacyImportRun, first: int, end: int | None = None) -> dict[str, Any]:
    """What the run's rollbacks did in the batches `first` to before `end`, from their receipts.

    `records`: (model label, ReversalOutcome, entries). `first_rows`: of those kept.
    """
    page = _since(run, Stage.ROLLBACK, first, end)
    records: Counter[tuple[str, str]] = Counter()
    for one in page:
        for model, outcome, number in one.details["records"]:
            records[model, outcome] += number
    rows_kept = [(row, why) for one in page for row, _, _, why in one.details["kept"]]
    return {
        "rows": sum(one.rows for one in page),
        "records": tuple((*key, number) for key, number in sorted(records.items())),
        "kept_entries": sum(number for (_, outcome), number in records.items() if outcome in KEPT),
        "first_rows": tuple(rows_kept[:FIRST_ROWS]),
    }


def _since(run: LegacyImportRun, stage: Stage, first: int, end: int | None) -> list[ChunkReceipt]:
    in_range = receipts(run, stage).filter(position__gte=first).order_by("position")
    in_range = in_range if end is None else in_range.filter(position__lt=end)
    return list(in_range[:MOST_SUMMARY_BATCHES])


def _first_rows(entries: QuerySet[LegacyImportCommitLog], why: str) -> tuple[tuple[str, str], ...]:
    lines = entries.values_list("student_import__source_table", "student_import__legacy_id", why)[
        :FIRST_ROWS
    ]
    return tuple((f"{table}:{legacy_id}", reason) for table, legacy_id, reason in lines)
