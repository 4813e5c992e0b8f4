"""The sampling profiler with the areas of commit and rollback.

python -m benchmarks.commit.profile OUT.json legacy_commit --run 1 …
"""

from benchmarks import sampling

# First hit wins, as in `sampling.AREAS`, which come after these.
AREAS = (
    ("legacy_import/stages/commit/commit.py:begin", "keys of people who changed"),
    ("legacy_import/people/key_refresh.py:", "keys of people who changed"),
    ("legacy_import/people/contact.py:keys", "people compared with"),
    ("legacy_import/people/contact.py:", "people compared with"),
    ("legacy_import/people/platform.py:_contacts", "people compared with"),
    ("legacy_import/people/platform.py:fingerprints_of", "people compared with"),
    ("legacy_import/people/platform.py:lock_people", "locking people"),
    ("legacy_import/people/platform.py:imported_rows", "was the row imported before?"),
    ("legacy_import/stages/planning/cases.py:_origins", "was the row imported before?"),
    ("legacy_import/people/platform.py:", "new people with the same contact?"),
    ("legacy_import/stages/commit/newcomers.py:", "new people with the same contact?"),
    ("legacy_import/stages/commit/drift.py:", "comparing with the plan"),
    ("legacy_import/rules/", "comparing with the plan"),
    ("legacy_import/stages/planning/cases.py:", "loading cases"),
    ("legacy_import/stages/planning/facts.py:", "loading cases"),
    ("legacy_import/mapping/index.py:", "courses and sessions"),
    ("legacy_import/stages/commit/batch.py:commit", "locking rows"),
    ("legacy_import/stages/commit/batch.py:_commit", "reading plans"),
    ("legacy_import/stages/commit/batch.py:", "learners as found"),
    ("legacy_import/stages/commit/log.py:entries_in_force", "reading the log"),
    ("legacy_import/stages/commit/log.py:write", "log entries"),
    ("legacy_import/stages/commit/log.py:", "outcomes of rows and entries"),
    ("legacy_import/stages/rollback/order.py:", "does a newer run rest on it?"),
    ("legacy_import/stages/rollback/batch_work.py:_context", "is it referred to?"),
    ("legacy_import/stages/rollback/batch_work.py:undo", "reading the log"),
    ("legacy_import/stages/rollback/rollback.py:_count", "counting"),
    ("legacy_import/stages/rollback/rollback.py:", "locking rows"),
    ("legacy_import/stages/commit/waves.py:", "which rows wait"),
    ("legacy_import/engine/poison_rows.py:", "savepoints and COMMIT"),
    ("legacy_import/stages/commit/commit.py:_batch", "savepoints and COMMIT"),
    ("legacy_import/stages/commit/commit.py:", "counting"),
    ("legacy_import/runs/counts.py:", "lease, receipts, counts"),
    ("legacy_import/engine/chunks.py:", "lease, receipts, counts"),
    ("ecoin/records.py:create", "reading records back"),
    ("ecoin/records.py:fingerprints", "reading records to compare"),
    ("ecoin/records.py:referenced", "is it referred to?"),
    ("crm/models.py:normalize", "normalizing"),
    ("crm/services.py:", "effects"),
    ("trainings/services.py:", "effects"),
    ("legacy_import/stages/commit/effects/", "effects"),
)  # fmt: skip


def main() -> None:
    sampling.AREAS = (*AREAS, *sampling.AREAS)  # type: ignore[assignment]
    sampling.main()


if __name__ == "__main__":
    main()
