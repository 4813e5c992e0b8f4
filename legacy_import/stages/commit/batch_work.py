"""The work of a commit on one batch: effects, log, outcomes and counts in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from ecoin.bulk import Ids
from legacy_import.choices import LogAction, Outcome
from legacy_import.conf import ImportConf, import_conf
from legacy_import.engine.chunks import Chunk, ChunkResult, Job, Work
from legacy_import.mapping.index import answers_stamp, load_mappings
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules.row_digest import DIGEST_COLUMNS, row_digest
from legacy_import.runs import counts
from legacy_import.stages.commit import log
from legacy_import.stages.commit.batch import Batch
from legacy_import.stages.commit.effects.effect import LogEntry
from legacy_import.stages.planning.cases import CaseLoader, case_loader_under_lock

LEFT_OUT = (LogAction.DRIFTED, LogAction.FAILED)
FOR_REVIEW = "for_review"  # option of a job: its rows need review, which is only logged


def open_work(job: Job) -> Work:
    """The mappings are read when they are first needed, and again after one of them changed."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    batches = _Batches(run, str(job.options["actor"]), import_conf())
    work = batches.leave_for_review if job.options.get(FOR_REVIEW) else batches.commit

    def batch(chunk: Chunk) -> ChunkResult:
        entries = work(chunk)
        # Exactly the rows with an entry were pending, and only their outcome changed.
        rows = {entry.row for entry in entries}
        counts.apply(run.pk, rows, old={"outcome": Outcome.PENDING.value})
        return ChunkResult(len(rows), details=_summary(entries))

    return batch


@dataclass(slots=True)
class _Batches:
    run: LegacyImportRun
    actor: str
    conf: ImportConf
    loader: CaseLoader | None = None
    stamp: object = None

    def commit(self, chunk: Chunk) -> list[LogEntry]:
        stamp = answers_stamp(self.run.connection_name)
        if self.loader is None or stamp != self.stamp:
            mappings = load_mappings(self.run.connection_name)
            self.loader = case_loader_under_lock(self.run, mappings)
            self.stamp = stamp
        now = timezone.now()
        batch = Batch(self.run, chunk.position, self.actor, now, self.conf, self.loader)
        return batch.commit(chunk.ids)

    def leave_for_review(self, chunk: Chunk) -> list[LogEntry]:
        rows = LegacyStudentImport.objects.filter(pk__among=Ids(chunk.ids), outcome=Outcome.PENDING)
        columns = ("pk", "planned_reason", *DIGEST_COLUMNS)
        entries, digests = [], {}
        for pk, reason, *identity in rows.select_for_update().values_list(*columns):
            entries.append(LogEntry(pk, LogAction.REVIEW, reason))
            digests[pk] = row_digest(*identity)
        now = timezone.now()
        log.write(self.run, entries, digests, batch=chunk.position, actor=self.actor, now=now)
        return entries


def _summary(entries: Sequence[LogEntry]) -> dict[str, Any]:
    """Rows by outcome, records by model, and the rows that changed since the plan with their causes."""
    outcomes = Counter(
        entry.action.value for entry in entries if entry.action not in log.SECONDARY_ACTIONS
    )
    created = Counter(entry.target_model for entry in entries if entry.created)
    left_out = [
        [entry.row, entry.action.value, entry.reason]
        for entry in entries
        if entry.action in LEFT_OUT
    ]
    return {"outcomes": dict(outcomes), "created": dict(created), "left_out": left_out}
