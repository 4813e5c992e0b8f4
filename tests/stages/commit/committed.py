"""What commits made of the same staged rows, to be compared by content."""

import hashlib

from tests.stages.commit.book import Book, Logged, Query, Staged
from tests.stages.commit.invariants import BESIDES, EFFECTS, LEFT_OUT

CONTENT = {
    "leads": "SELECT id, full_name, phone, email, phone_normalized, email_normalized, birth_date, "
    "legacy_import_run_id FROM crm_leads",
    "interests": "SELECT lead_id, course_id, legacy_course_name, origin FROM crm_course_interests",
    "completed": "SELECT lead_id, user_id, origin, legacy_import_run_id, course_id, learner_name, "
    "learner_birth_date, learner_phone, learner_email, legacy_session_id, session_code, "
    "completed_date_raw FROM legacy_completed_trainings",
    "enrolled": "SELECT lead_id, user_id, origin, legacy_import_run_id, course_id, learner_name, "
    "learner_birth_date, learner_phone, learner_email, legacy_session_id, session_code "
    "FROM legacy_imported_enrollments",
    "rows": "SELECT imported_lead_id, id, outcome, imported_user_id FROM legacy_student_imports",
    "trainings": "SELECT NULL, student_import_id, imported_completed_training_id IS NULL, "
    "imported_enrollment_id IS NULL FROM legacy_training_imports",
}  # each begins with the id of a lead, or NULL
# Nothing of the import may ever touch these.
UNTOUCHED = (
    "auth_user", "trainings_courses", "trainings_sessions", "trainings_learner_profiles",
)  # fmt: skip


def committed_content(query: Query) -> dict[str, str]:
    """A hash for each table of what commits made of the same staged rows.

    Surrogate ids, times, and who was in which batch aside; of the log, what speaks for a row today.
    """
    origins: dict[int, str | None] = dict(query("SELECT id, origin FROM crm_leads"))

    def lead(pk: int | None) -> str | int | None:
        return (origins.get(pk) if pk else None) or pk

    found = {
        name: sorted(repr((lead(row[0]), *row[1:])) for row in query(sql))
        for name, sql in CONTENT.items()
    }
    book = Book(query)
    records = {key: record.origin for key, record in book.made.items()}
    found["log"] = sorted(
        repr((e.row, e.action, e.model, records.get((e.model, e.target or 0), e.target), e.created,
              e.reason, e.run, e.reversal))
        for row in book.staged.values()
        for e in _speaking(book, row)
    )  # fmt: skip
    for table in UNTOUCHED:
        found[table] = sorted(repr(row) for row in query(f"SELECT * FROM {table}"))
    return {name: _hash(lines) for name, lines in found.items()}


def _speaking(book: Book, row: Staged) -> list[Logged]:
    """The effects of a row; of one that was left out, the newest reason."""
    if row.outcome in LEFT_OUT:
        return book.entries(row, LEFT_OUT)[-1:]
    return book.entries(row, EFFECTS | BESIDES)


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
