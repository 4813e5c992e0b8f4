"""What one would write without this project: a loop over the old rows, and save().

    python -m benchmarks.rivals.loop_and_save ROWS

For each learner it saves one LegacyStudentImport (names, birth date, contacts, status, references,
payload with its hash, issues, classification, the rules' version), one LegacyTrainingImport
(references, session, course, requested effect) and one IdentityKey for each of its keys: the columns
and rows that `legacy_import` writes, from the same reader, normalizers and rules. It writes no
receipts and no counts, has no lease, proves nothing, and each save is a transaction of its own, as
Django does it by default. Mappings are refreshed and rules are loaded before the clock starts. It
runs as a process of its own and prints JSON.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterable
from typing import Any

import django

from benchmarks.rivals.import_export import NORMALIZED, learners


def save_all(run: Any, rows: Iterable[Any], context: Any) -> int:
    """The loop. `context`: stages.staging.chunk_rows.StagingContext. Returns the number of learners."""
    from legacy_import.models import IdentityKey, LegacyStudentImport, LegacyTrainingImport
    from legacy_import.rules.normalization import normalize_learner

    saved = 0
    for row in rows:
        learner = normalize_learner(row.fields, row.issues, context.settings)
        meaning = context.meanings.meaning_of(
            learner.raw_status, learner.legacy_formation_id, learner.legacy_session_id
        )
        payload = json.dumps(row.payload, sort_keys=True, separators=(",", ":"))
        student = LegacyStudentImport(
            legacy_import_run=run,
            source_table=row.table,
            legacy_id=row.legacy_id,
            raw_payload=row.payload,
            payload_hash=hashlib.sha256(payload.encode()).hexdigest(),
            validation_issues=list(learner.issues),
            planned_basis=f"row=1 {meaning.versions}",
            **{column: getattr(learner, column) for column in NORMALIZED},
            **meaning.meaning._asdict(),
        )
        student.save()
        LegacyTrainingImport(
            student_import=student,
            legacy_formation_id=learner.legacy_formation_id,
            legacy_session_id=learner.legacy_session_id,
            **meaning.training._asdict(),
        ).save()
        for kind, value in dict.fromkeys(learner.keys):
            IdentityKey(
                scope=run.pk, owner_kind="staged", owner_id=student.pk, kind=kind, value=value
            ).save(force_insert=True)
        saved += 1
    return saved


def main() -> None:
    django.setup()
    from django.utils import timezone

    from legacy_import.mapping.catalogue import refresh_mappings
    from legacy_import.models import LegacyImportRun
    from legacy_import.source.reader import open_source
    from legacy_import.stages.staging.chunk_rows import load_context

    run = LegacyImportRun.objects.create(
        connection_name="legacy", focus_mode="historical_completed", rules_version=0,
        norm_version=0, created_by="benchmark", started_at=timezone.now(),
    )  # fmt: skip
    with open_source("legacy") as source:
        refresh_mappings(source, run.connection_name)
    rows = list(learners(int(sys.argv[1])))
    context = load_context(run)
    start, cpu = time.monotonic(), time.process_time()
    saved = save_all(run, rows, context)
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    print(json.dumps({"rows": saved, "seconds": seconds, "cpu_seconds": cpu}))


if __name__ == "__main__":
    main()
