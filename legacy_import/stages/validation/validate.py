"""4 validate: is every row structurally trustworthy, and who might it be?"""

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from ecoin.bulk import insert_rows, update_ids, update_rows
from ecoin.identity.keys import Key
from legacy_import.choices import (
    DuplicateConfidence,
    PersonKind,
    RunStatus,
    Stage,
    ValidationStatus,
)
from legacy_import.conf import ImportConf, import_conf
from legacy_import.engine.chunks import ChunkDone, Job, Work
from legacy_import.engine.engines import Engine, work_in_chunks
from legacy_import.models import (
    ISSUES_AS_TEXT,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.people.contact import Known
from legacy_import.people.groups import group_run
from legacy_import.people.key_refresh import refresh_platform_keys
from legacy_import.people.matching import RowMatches, match_chunk
from legacy_import.people.pairs import find_pairs, forget_pairs
from legacy_import.people.ruled_out import RuledOut, people_ruled_out
from legacy_import.people.shared_keys import find_hot_keys
from legacy_import.rules import RULES_VERSION
from legacy_import.rules.duplicates import Target
from legacy_import.rules.validation import issues_of, status_of
from legacy_import.runs import counts as stored_counts
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

OWN_COLUMNS = ("duplicate_evidence", "match_id")  # what differs from matched row to matched row
ALONE = {
    "duplicate_evidence": "{}", "match_id": None, "group_first_id": None, "group_conflict": False,
}  # fmt: skip
ROLE_MAILBOX = "email_role_mailbox"


class ValidationColumns(NamedTuple):
    """The columns of LegacyStudentImport that many rows of a chunk share, under their own names."""

    validation_status: ValidationStatus
    contact_trusted: bool
    duplicate_confidence: DuplicateConfidence
    auto_link_allowed: bool
    duplicate_blocker: str
    match_kind: str


def validate(
    *,
    run_id: int | None,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    engine: Engine | None = None,
) -> lifecycle.StageReport:
    """Judge every row of the run (None: the latest). Repeatable; nothing a person decided changes.

    Raises UnknownRun, OutOfOrder (not imported yet, or held by another process), Interrupted.
    """
    run = lifecycle.find_run(run_id)
    lifecycle.require_installed_normalization(run)
    run.require(RunStatus.VALIDATED)
    conf = import_conf()
    progress.opened(run.source_label)
    with run_lease(run, "legacy_validate", progress) as lease:
        run.require(RunStatus.VALIDATED)
        lifecycle.begin_stage(run, lease, RunStatus.IMPORTED)
        read = refresh_platform_keys(run, conf, progress)
        with transaction.atomic():
            lease.confirm()
            find_hot_keys(run, conf)
            PersonEdge.objects.filter(legacy_import_run=run).delete()
        find_pairs(run, lease, progress)
        worked = work_in_chunks(
            run,
            Stage.VALIDATE,
            open_work,
            lease=lease,
            progress=progress,
            label="validating",
            engine=engine,
        )
        forget_pairs(run, lease)
        group_run(run, lease, progress)
        counts = _counts(run)
        run.rules_version = RULES_VERSION
        found = {**counts, **read}
        lifecycle.finish_stage(
            run, lease, RunStatus.VALIDATED, actor=actor, started=now, found=found
        )
    return lifecycle.StageReport(run.pk, worked.rows, counts)


def open_work(job: Job) -> Work:
    """What every chunk needs to know: the settings, and whom reviewers ruled out."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    conf = import_conf()
    not_same = people_ruled_out(run.connection_name)
    seen: dict[Target, Known] = {}
    return lambda chunk: _validate_chunk(
        run, int(chunk.first), int(chunk.last), conf, not_same, seen
    )


def _validate_chunk(
    run: LegacyImportRun,
    first: int,
    last: int,
    conf: ImportConf,
    not_same: RuledOut,
    seen: dict[Target, Known],
) -> ChunkDone:
    """Judge the rows first <= id <= last: one UPDATE per answer, one more for evidence."""
    found = match_chunk(run, first, last, conf, not_same, seen)
    insert_rows(
        PersonEdge,
        ("legacy_import_run_id", "left_id", "right_id"),
        ((run.pk, left, right) for left, right in sorted(found.edges) if first <= right <= last),
    )
    carried = _contact_keys(run, list(found.hot))
    answers: defaultdict[ValidationColumns, list[int]] = defaultdict(list)
    alone: dict[tuple[str, bool], ValidationColumns] = {}  # of rows that match nobody
    for pk, told, phone, email in _contacts_and_issues(run, first, last):
        issues = issues_of(told)
        role = ROLE_MAILBOX in issues
        if pk in found.hot:
            trusted = _has_own_contact(carried.get(pk, frozenset()), found.hot[pk], role)
        else:
            trusted = phone is not None or (email is not None and not role)
        if pk in found.rows:
            judgement = _judge(issues, trusted, found.rows[pk])
        else:
            if (told, trusted) not in alone:
                alone[told, trusted] = _judge(issues, trusted, None)
            judgement = alone[told, trusted]
        answers[judgement].append(pk)
    for judgement, ids in answers.items():
        update_ids(LegacyStudentImport, ids, judgement._asdict() | ALONE)
    update_rows(
        LegacyStudentImport,
        OWN_COLUMNS,
        {
            pk: (json.dumps(matches.evidence()), matches.best_target[1])
            for pk, matches in found.rows.items()
        },
    )
    return ChunkDone(sum(map(len, answers.values())))


def _contacts_and_issues(
    run: LegacyImportRun, first: int, last: int
) -> Iterable[tuple[int, str, str | None, str | None]]:
    chunk = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    return chunk.annotate(told=ISSUES_AS_TEXT).values_list(
        "pk", "told", "phone_normalized", "email_normalized"
    )


def _judge(issues: tuple[str, ...], trusted: bool, matches: RowMatches | None) -> ValidationColumns:
    """What the issues and matches of one row come to."""
    if matches is None:
        status = status_of(issues, DuplicateConfidence.NONE)
        return ValidationColumns(status, trusted, DuplicateConfidence.NONE, False, "", "")
    verdict = matches.verdict
    confidence = DuplicateConfidence(verdict.confidence)
    return ValidationColumns(
        validation_status=status_of(issues, confidence),
        contact_trusted=trusted,
        duplicate_confidence=confidence,
        auto_link_allowed=verdict.auto_link_allowed,
        duplicate_blocker=verdict.blockers[0] if verdict.blockers else "",
        match_kind=matches.best_target[0],
    )


def _has_own_contact(carried: frozenset[Key], hot: frozenset[Key], role: bool) -> bool:
    """A phone or an address that is neither hot nor everybody's mailbox: what a lead needs."""
    own = carried - hot
    return any(key.kind == "P" or (key.kind == "E" and not role) for key in own)


def _contact_keys(run: LegacyImportRun, ids: list[int]) -> dict[int, frozenset[Key]]:
    carried: defaultdict[int, set[Key]] = defaultdict(set)
    keys = IdentityKey.objects.filter(
        scope=run.pk, owner_kind=PersonKind.STAGED, owner_id__in=ids, kind__in=("P", "E")
    )
    for owner, kind, value in keys.values_list("owner_id", "kind", "value"):
        carried[owner].add(Key(kind, value))
    return {owner: frozenset(found) for owner, found in carried.items()}


def _counts(run: LegacyImportRun) -> dict[str, dict[str, int]]:
    found = stored_counts.rebuild(run)
    judged = [value for value in ValidationStatus.values if value != ValidationStatus.PENDING]
    return {
        "validation": stored_counts.spread(found, "validation_status", judged),
        "duplicate_confidence": stored_counts.spread(
            found, "duplicate_confidence", DuplicateConfidence.values
        ),
    }
