"""What a user would pick instead: the same learners through a django-import-export resource.

    python -m benchmarks.rivals.import_export MODE WORK ROWS

MODE is default | lean | bulk, WORK is same | plain.

Runs as a process of its own and prints JSON. Only `import_data` is timed: reading the old database
and building the dataset are a gift, and so are the training rows and identity keys, which only
`legacy_import` writes. WORK same: the same normalization and payload hash; plain: texts as they are.
MODE default: fields as the library makes them from the model, its foreign key included; lean: the
same with the run as a plain number, which saves two queries per row; bulk: lean, with `use_bulk`,
`skip_diff` and, as its documentation advises for new rows, `force_init_instance`.
"""

import datetime
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import django

COPIED = ("first_name", "last_name", "full_name", "phone", "email", "status", "formation_id",
          "session_id", "birth_date")  # fmt: skip
HEADERS = ("legacy_import_run", "source_table", "legacy_id", *COPIED, "issues", "raw_payload")
TODAY = datetime.date(2026, 1, 1)
# Column of the staging table → the field that it is copied from unchanged.
PLAIN = {
    "first_name": "first_name", "last_name": "last_name", "full_name": "full_name",
    "phone_raw": "phone", "email_raw": "email", "raw_status": "status",
    "legacy_formation_id": "formation_id", "legacy_session_id": "session_id",
}  # fmt: skip
# Columns that normalizing fills under their own names.
NORMALIZED = (*PLAIN, "name_key", "birth_date", "phone_normalized", "email_normalized")
DERIVED = (*NORMALIZED, "payload_hash", "validation_issues")
IDENTITY = ("legacy_import_run", "source_table", "legacy_id")


def learners(rows: int) -> Iterator[Any]:
    """The first rows of the old database, through the guarded reader."""
    from legacy_import.choices import SourceTable
    from legacy_import.source.reader import open_source

    with open_source("legacy") as source:
        pages = (page for table in SourceTable.values for page in source.pages(table))
        yield from islice((row for page in pages for row in page), rows)


def dataset(run_id: int, rows: int) -> Any:
    """The learners as a tablib dataset, texts as they are."""
    from tablib import Dataset  # type: ignore[import-untyped]

    data = Dataset(headers=list(HEADERS))
    for row in learners(rows):
        payload = json.dumps(row.payload, sort_keys=True, separators=(",", ":"))
        fields = [row.fields.get(name) for name in COPIED]
        data.append([run_id, row.table, row.legacy_id, *fields, json.dumps(row.issues), payload])
    return data


def make_resource(mode: str, work: str) -> Any:
    """A resource with an explicit field list; its key is the staging table's own unique key."""
    from import_export import fields, resources, widgets

    from legacy_import.models import LegacyStudentImport
    from legacy_import.rules.normalization import WIDTHS, Settings, normalize_learner

    settings = Settings(TODAY, frozenset(), frozenset())

    class LearnerResource(resources.ModelResource):  # type: ignore[misc]
        if mode != "default":
            legacy_import_run = fields.Field(
                column_name="legacy_import_run",
                attribute="legacy_import_run_id",
                widget=widgets.IntegerWidget(),
            )

        class Meta:
            model = LegacyStudentImport
            fields = (*IDENTITY, *DERIVED, "raw_payload")
            import_id_fields = IDENTITY
            if mode == "bulk":
                use_bulk = True
                skip_diff = True
                force_init_instance = True

        def before_import_row(self, row: Any, **kwargs: Any) -> None:
            payload_hash = hashlib.sha256(row["raw_payload"].encode()).hexdigest()
            if work == "plain":
                row |= {column: _fitting(row[name], column) for column, name in PLAIN.items()}
                row |= {"name_key": "", "birth_date": None, "phone_normalized": None,
                        "email_normalized": None, "validation_issues": row["issues"],
                        "payload_hash": payload_hash}  # fmt: skip
                return
            texts = {name: row[name] for name in COPIED}
            learner = normalize_learner(texts, tuple(json.loads(row["issues"])), settings)
            row |= {column: getattr(learner, column) for column in NORMALIZED}
            row["validation_issues"] = json.dumps(learner.issues)
            row["payload_hash"] = payload_hash

    def _fitting(text: str | None, column: str) -> str | None:
        if column in ("legacy_formation_id", "legacy_session_id"):
            return text[:20] if text and text.isascii() else None
        return (text or "").replace("\0", "").encode("utf-8", "replace").decode()[: WIDTHS[column]]

    return LearnerResource()


def main() -> None:
    mode, work, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    django.setup()
    from django.utils import timezone

    from legacy_import.models import LegacyImportRun, LegacyStudentImport

    run = LegacyImportRun.objects.create(
        connection_name="import_export", focus_mode="historical_completed", rules_version=0,
        norm_version=0, created_by="benchmark", started_at=timezone.now(),
    )  # fmt: skip
    data = dataset(run.pk, rows)
    resource = make_resource(mode, work)
    start, cpu = time.monotonic(), time.process_time()
    result = resource.import_data(data, raise_errors=True)
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run).count()
    invalid = len(result.invalid_rows)
    if staged + invalid != len(data) or invalid > len(data) // 100:
        sys.exit(f"{staged} of {len(data)} rows were imported, {invalid} were refused.")
    print(json.dumps({"rows": staged, "seconds": seconds, "cpu_seconds": cpu}))


if __name__ == "__main__":
    main()
