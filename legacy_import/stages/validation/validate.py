"""4 validate: is every row structurally trustworthy, and who might it be?"""

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
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
from legacy_import.engine.chunks import ChunkResult, Job, Work
from legacy_import.engine.engines import Engine, work_in_chunks
from legacy_import.models import (
    ISSUES_AS_TEXT,
    NO_EVIDENCE,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.people.groups import group_run
from legacy_import.people.key_refresh import refresh_platform_keys
from legacy_import.people.matching import RowMatches, match_chunk
from legacy_import.people.pairs import find_pairs, forget_pairs
from legacy_import.people.ruled_out import RuledOut, people_ruled_out
from legacy_import.people.shared_keys import find_hot_keys
from legacy_import.people.staged_contacts import refresh_staged_contacts
from legacy_import.rules import RULES_VERSION
from legacy_import.rules.validation import issues_of, status_of
from legacy_import.runs import counts as stored_counts
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress
from legacy_import.runs.settings_digests import remember_settings

OWN_COLUMNS = (
    "duplicate_evidence",
    "match_id",
    "review_order",
)  # they differ from one matched row to the next
UNGROUPED = {
    "duplicate_evidence": "{}", "match_id": None, "review_order": NO_EVIDENCE,
    "group_first_id": None, "group_conflict": False,
}  # fmt: skip
ROLE_MAILBOX = "email_role_mailbox"


class ValidationColumns(NamedTuple):
    """Columns of LegacyStudentImport, under their own names, that many rows of a chunk share."""

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
    """Validate every row of the run (None: the latest). Repeatable; decisions of people stay.

    Raises UnknownRun, OutOfOrder (not imported yet, or locked by another process), Interrupted.
    """
    run = lifecycle.find_run(run_id)
    lifecycle.require_installed_normalization(run)
    run.require(RunStatus.VALIDATED)
    conf = import_conf()
    progress.opened(run.source_label)
    with run_lease(run, "legacy_validate", progress) as lease:
        run.require(RunStatus.VALIDATED)
        lifecycle.begin_stage(run, lease, RunStatus.IMPORTED)
        refresh_staged_contacts(run, lease, progress)
        key_refresh = refresh_platform_keys(run, conf, progress)
        with transaction.atomic():
            lease.confirm()
            find_hot_keys(run, conf)
            PersonEdge.objects.filter(legacy_import_run=run).delete()
        find_pairs(run, lease, progress)
        totals = work_in_chunks(
            run, Stage.VALIDATE, open_work,
            lease=lease, progress=progress, label="validating", engine=engine,
        )  # fmt: skip
        forget_pairs(run, lease)
        group_run(run, lease, progress)
        counts = _counts(run)
        run.rules_version = RULES_VERSION
        remember_settings(run, Stage.VALIDATE)
        results = {**counts, **key_refresh}
        lifecycle.finish_stage(
            run, lease, RunStatus.VALIDATED, actor=actor, started_at=now, results=results
        )
    return lifecycle.StageReport(run.pk, totals.rows, counts)


def open_work(job: Job) -> Work:
    """Load what every chunk needs: the settings, and the people whom reviewers ruled out."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    conf = import_conf()
    not_same = people_ruled_out(run)
    return lambda chunk: _validate_chunk(run, int(chunk.first), int(chunk.last), conf, not_same)


def _validate_chunk(
    run: LegacyImportRun, first: int, last: int, conf: ImportConf, not_same: RuledOut
) -> ChunkResult:
    """Validate the rows first <= id <= last: one UPDATE per distinct result, one for the evidence."""
    matches = match_chunk(run, first, last, conf, not_same)
    insert_rows(
        PersonEdge,
        ("legacy_import_run_id", "left_id", "right_id", "relation"),
        (
            (run.pk, *pair, relation.value)
            for pair, relation in sorted(matches.relations.items())
            if first <= pair[1] <= last
        ),
    )
    contact_keys = _contact_keys(run, list(matches.hot))
    # Most rows match no one: they share a few results.
    unmatched = cache(lambda issues, trusted: _columns(issues, trusted, None))
    results: defaultdict[ValidationColumns, list[int]] = defaultdict(list)
    for pk, issues_text, phone, email in _contacts_and_issues(run, first, last):
        issues = issues_of(issues_text)
        role = ROLE_MAILBOX in issues
        if pk in matches.hot:
            trusted = _has_own_contact(contact_keys.get(pk, frozenset()), matches.hot[pk], role)
        else:
            trusted = phone is not None or (email is not None and not role)
        match = matches.rows.get(pk)
        columns = _columns(issues, trusted, match) if match else unmatched(issues, trusted)
        results[columns].append(pk)
    for columns, ids in results.items():
        update_ids(LegacyStudentImport, ids, columns._asdict() | UNGROUPED)
    update_rows(
        LegacyStudentImport,
        OWN_COLUMNS,
        {
            pk: (json.dumps(row.evidence()), row.best_target[1], row.review_order)
            for pk, row in matches.rows.items()
        },
    )
    return ChunkResult(sum(map(len, results.values())))


def _contacts_and_issues(
    run: LegacyImportRun, first: int, last: int
) -> Iterable[tuple[int, str, str | None, str | None]]:
    chunk = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    return chunk.annotate(issues_text=ISSUES_AS_TEXT).values_list(
        "pk", "issues_text", "phone_normalized", "email_normalized"
    )


def _columns(
    issues: tuple[str, ...], trusted: bool, matches: RowMatches | None
) -> ValidationColumns:
    """The columns that follow from the issues and matches of one row."""
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


def _has_own_contact(keys: frozenset[Key], hot: frozenset[Key], role: bool) -> bool:
    """Whether a key is a phone or an address that is neither hot nor a role mailbox, as a lead needs."""
    return any(key.kind == "P" or (key.kind == "E" and not role) for key in keys - hot)


def _contact_keys(run: LegacyImportRun, ids: list[int]) -> dict[int, frozenset[Key]]:
    contact_keys: defaultdict[int, set[Key]] = defaultdict(set)
    keys = IdentityKey.objects.filter(
        scope=run.pk, owner_kind=PersonKind.STAGED, owner_id__in=ids, kind__in=("P", "E")
    )
    for owner, kind, value in keys.values_list("owner_id", "kind", "value"):
        contact_keys[owner].add(Key(kind, value))
    return {owner: frozenset(keys) for owner, keys in contact_keys.items()}


def _counts(run: LegacyImportRun) -> dict[str, dict[str, int]]:
    combinations = stored_counts.rebuild(run)
    statuses = [value for value in ValidationStatus.values if value != ValidationStatus.PENDING]
    return {
        "validation": stored_counts.spread(combinations, "validation_status", statuses),
        "duplicate_confidence": stored_counts.spread(
            combinations, "duplicate_confidence", DuplicateConfidence.values
        ),
    }
