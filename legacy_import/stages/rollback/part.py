"""A part of a run: some of its rows, or those of one batch, with the rows that follow them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Exists, F, OuterRef, Q

from ecoin.bulk import Ids
from legacy_import.choices import Outcome, SourceTable, Stage
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.stages.commit.log import OUTCOMES_IN_FORCE
from legacy_import.stages.rollback.order import committed_rows

MOST_ROWS_NAMED = 1_000
ROWS_IN_LABEL = 5


@dataclass(frozen=True, slots=True)
class RunPart:
    """Rows by name (`table:legacy id`), or the rows that one batch committed."""

    rows: tuple[str, ...] = ()
    batch_number: int | None = None

    @property
    def label(self) -> str:
        """For messages: the batch, or the first rows and the number of the others."""
        if self.batch_number is not None:
            return f"batch {self.batch_number}"
        others = len(self.rows) - ROWS_IN_LABEL
        first = ", ".join(self.rows[:ROWS_IN_LABEL])
        return f"{first} and {others:,} others" if others > 0 else first


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """The ids of staged rows whose effects are in force: those of a part, and their followers."""

    of_part: tuple[int, ...]
    followers: tuple[int, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return (*self.of_part, *self.followers)


def row_names(text: str) -> tuple[str, ...]:
    """The rows of `TABLE:ID,TABLE:ID…`, each once. Raises ValueError for anything else."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if len(names) > MOST_ROWS_NAMED:
        raise ValueError(f"at most {MOST_ROWS_NAMED:,} rows")
    for name in names:
        table, _, legacy_id = name.partition(":")
        is_number = legacy_id.isascii() and legacy_id.isdigit() and len(legacy_id) <= 20
        if table not in SourceTable.values or not is_number:
            raise ValueError("rows such as stagiaires:12,archives:7")
    return names


def select_rows(run: LegacyImportRun, part: RunPart) -> SelectedRows:
    """The rows of the part that are in force now. Raises LegacyImportError (usage) for a row or a batch
    that the run does not have.
    """
    if part.batch_number is not None:
        part_ids = _of_batch(run, part.batch_number)
    else:
        part_ids = _of_names(run, part.rows)
    in_force = committed_rows(run).filter(pk__among=Ids(part_ids)).order_by("pk")
    ids = tuple(in_force.values_list("pk", flat=True))
    return SelectedRows(ids, _followers(run, ids))


def _of_names(run: LegacyImportRun, names: Sequence[str]) -> list[int]:
    if not names:
        raise LegacyImportError("No row is named.", hint="--rows TABLE:ID,…", exit_code=2)
    of_table: defaultdict[str, list[str]] = defaultdict(list)
    for table, _, legacy_id in (name.partition(":") for name in names):
        of_table[table].append(legacy_id)
    identities = [Q(source_table=table, legacy_id__in=ids) for table, ids in of_table.items()]
    rows = LegacyStudentImport.objects.filter(reduce(or_, identities), legacy_import_run=run)
    ids = {f"{table}:{legacy_id}": pk for pk, table, legacy_id in
           rows.values_list("pk", "source_table", "legacy_id")}  # fmt: skip
    unknown = [name for name in names if name not in ids]
    if unknown:
        others = f" and {len(unknown) - 1} others" if len(unknown) > 1 else ""
        raise LegacyImportError(
            f"Run {run.pk} has no row {unknown[0]}{others}. Nothing was written.",
            hint=f"See what it committed: manage.py legacy_status --run {run.pk}",
            exit_code=2,
        )
    return list(ids.values())


def _of_batch(run: LegacyImportRun, number: int) -> list[int]:
    """The rows with an effect of this batch in force."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.COMMIT)
    receipt = receipts.filter(position=number).first()
    if receipt is None:
        last = receipts.order_by("-position").values_list("position", flat=True).first()
        numbers = "none yet" if last is None else f"0 to {last}"
        raise LegacyImportError(
            f"Run {run.pk} has no batch {number} ({numbers}). Nothing was written.",
            hint=f"Its commit log is on its page: /admin/legacy-imports/{run.pk}#log",
            exit_code=2,
        )
    entries = LegacyImportCommitLog.objects.filter(
        legacy_import_run=run, batch=number, reversed_at=None, action__in=OUTCOMES_IN_FORCE,
        # Indexed, unlike the number of the batch.
        student_import__gte=int(receipt.first_id), student_import__lte=int(receipt.last_id),
    )  # fmt: skip
    return list(entries.values_list("student_import_id", flat=True).distinct())


def _followers(run: LegacyImportRun, firsts: Sequence[int]) -> tuple[int, ...]:
    """The other rows of the firsts' groups that are linked to the same person as their first row."""
    first = LegacyStudentImport.objects.filter(
        Q(imported_lead_id=OuterRef("imported_lead_id"))
        | Q(imported_user_id=OuterRef("imported_user_id")),
        pk=OuterRef("group_first_id"),
    )
    followers = LegacyStudentImport.objects.filter(
        Exists(first), legacy_import_run=run, group_first_id__among=Ids(firsts),
        outcome=Outcome.LINK_EXISTING,
    )  # fmt: skip
    others = followers.exclude(pk=F("group_first_id")).exclude(pk__among=Ids(firsts))
    return tuple(others.order_by("pk").values_list("pk", flat=True))
