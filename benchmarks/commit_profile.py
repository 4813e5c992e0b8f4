"""The sampling profiler with the areas of commit and rollback.

python -m benchmarks.commit_profile OUT.json legacy_commit --run 1 …
"""

from benchmarks import sampling

# First hit wins, as in `sampling.AREAS`, which come after these.
AREAS = (
    ("legacy_import/services/commit.py:begin", "keys of people who changed"),
    ("legacy_import/services/platform_keys.py:", "keys of people who changed"),
    ("legacy_import/services/contacts.py:keys", "people compared with"),
    ("legacy_import/services/contacts.py:", "people compared with"),
    ("legacy_import/services/candidates.py:_contacts", "people compared with"),
    ("legacy_import/services/candidates.py:platform_people", "people compared with"),
    ("legacy_import/services/candidates.py:lock_people", "locking people"),
    ("legacy_import/services/candidates.py:imported_rows", "was the row imported before?"),
    ("legacy_import/services/gather.py:_origins", "was the row imported before?"),
    ("legacy_import/services/candidates.py:", "new people with the same contact?"),
    ("legacy_import/services/newcomers.py:", "new people with the same contact?"),
    ("legacy_import/services/drift.py:", "comparing with the plan"),
    ("legacy_import/rules/", "comparing with the plan"),
    ("legacy_import/services/gather.py:", "gathering facts"),
    ("legacy_import/services/facts.py:", "gathering facts"),
    ("legacy_import/services/mapping_index.py:", "courses and sessions"),
    ("legacy_import/services/commit_batch.py:commit", "locking rows"),
    ("legacy_import/services/commit_batch.py:_commit", "reading plans"),
    ("legacy_import/services/commit_batch.py:", "learners as found"),
    ("legacy_import/services/commit_log.py:entries_in_force", "reading the log"),
    ("legacy_import/services/commit_log.py:write", "log entries"),
    ("legacy_import/services/commit_log.py:", "outcomes of rows and entries"),
    ("legacy_import/services/newest_first.py:", "does a newer run rest on it?"),
    ("legacy_import/services/rollback.py:_undoing", "is it referred to?"),
    ("legacy_import/services/rollback.py:_undo", "reading the log"),
    ("legacy_import/services/rollback.py:_count", "counting"),
    ("legacy_import/services/rollback.py:", "locking rows"),
    ("legacy_import/services/waves.py:", "which rows wait"),
    ("legacy_import/services/isolation.py:", "savepoints and COMMIT"),
    ("legacy_import/services/commit.py:_batch", "savepoints and COMMIT"),
    ("legacy_import/services/commit.py:", "counting"),
    ("legacy_import/services/facets.py:", "lease, receipts, counts"),
    ("legacy_import/services/receipts.py:", "lease, receipts, counts"),
    ("ecoin/records.py:create", "reading records back"),
    ("ecoin/records.py:fingerprints", "reading records to compare"),
    ("ecoin/records.py:referenced", "is it referred to?"),
    ("crm/models.py:normalize", "normalizing"),
    ("crm/services.py:", "effects"),
    ("trainings/services.py:", "effects"),
    ("legacy_import/commit_actions/", "effects"),
)  # fmt: skip


def main() -> None:
    sampling.AREAS = (*AREAS, *sampling.AREAS)  # type: ignore[assignment]
    sampling.main()


if __name__ == "__main__":
    main()
