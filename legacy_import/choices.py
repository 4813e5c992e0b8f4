"""Every vocabulary of the import, with the meaning of each word. Stored rows, JSON and filters contain
the values, so values are added but never renamed.
"""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RunStatus(TextChoices):
    """The status of a run; `legacy_import.models.run.TRANSITIONS` lists the allowed changes."""

    IMPORTING = "importing", _("importing")  # rows are being staged; it can be resumed if killed
    IMPORTED = "imported", _("imported")  # every source row is staged
    VALIDATED = "validated", _("validated")  # every row has a validation status and matches
    CLASSIFIED = "classified", _("classified")  # every row has a business meaning
    PLANNED = "planned", _("planned")  # a current plan is stored
    COMMITTING = "committing", _("committing")  # some planned rows are committed
    COMMITTED = "committed", _("committed")  # nothing planned is left to commit
    ROLLING_BACK = "rolling_back", _("rolling back")
    ROLLED_BACK = "rolled_back", _("rolled back")
    FAILED = "failed", _("failed")  # stopped by an error, which is in the summary
    CLOSED = "closed", _("closed")  # permanently finished; its contacts may be purged


class SourceTable(TextChoices):
    """The two tables of the old platform that contain learners. The order is the order of import."""

    STAGIAIRES = "stagiaires", _("stagiaires")
    ARCHIVES = "archives", _("archives")


class SourceChange(TextChoices):
    """How a row compares with the same row in the previous run of its source."""

    NEW = "new", _("new")
    CHANGED = "changed", _("changed")
    UNCHANGED = "unchanged", _("unchanged")


class ValidationStatus(TextChoices):
    """Is the row structurally trustworthy? Independent of its meaning."""

    PENDING = "pending", _("pending")  # not validated yet
    VALID = "valid", _("valid")
    DUPLICATE = "duplicate", _("duplicate")  # a high-confidence match, blocked or not
    NEEDS_REVIEW = "needs_review", _("needs review")  # a structural doubt
    FAILED = "failed", _("failed")  # unreadable, or no name at all


class DuplicateConfidence(TextChoices):
    """The best tier at which an existing user or lead matches; no permission (docs/decisions/0010)."""

    NONE = "none", _("none")
    LOW = "low", _("low")  # similar full name only
    MEDIUM = "medium", _("medium")  # full name + birth date, or full name + raw phone
    HIGH = "high", _("high")  # same normalized phone or same valid e-mail


class Classification(TextChoices):
    """What a row means in business terms."""

    COMPLETED = "completed", _("completed training")
    ARCHIVED_TRAINING = "archived_training", _("archived training")
    REGISTERED = "registered", _("registered")
    LEAD_ONLY = "lead_only", _("lead only")
    UNKNOWN = "unknown", _("unknown")


class ImportAction(TextChoices):
    """What a training row proposes, before its person is known."""

    CREATE_COURSE_INTEREST = "create_course_interest", _("create a course interest")
    CREATE_LEGACY_ENROLLMENT = "create_legacy_enrollment", _("create an imported enrolment")
    CREATE_LEGACY_COMPLETED_TRAINING = (
        "create_legacy_completed_training",
        _("create a completed training"),
    )
    NEEDS_REVIEW = "needs_review", _("needs review")


class SessionType(TextChoices):
    """What an old session is."""

    REAL_SESSION = "real_session", _("real session")
    WAITING_PLACEHOLDER = "waiting_placeholder", _("waiting list")
    UNKNOWN = "unknown", _("unknown session")  # not in session_ecoins, or about waiting
    NONE = "none", _("no session")


# The rule of a session that rows refer to and that the old platform does not have.
NOT_IN_SOURCE = "session:not_in_source"


class PlannedAction(TextChoices):
    """What legacy_commit would do with a row."""

    CREATE_CRM_LEAD = "create_crm_lead", _("create a lead")
    LINK_EXISTING = "link_existing", _("link to an existing person")
    CREATE_COMPLETED_TRAINING = "create_completed_training", _("create a completed training")
    CREATE_ENROLLMENT = "create_enrollment", _("create an imported enrolment")
    SKIP = "skip", _("skip")
    REVIEW = "review", _("review")


# Action → sign, verb and object of its line in a plan, in the order of priority.
PLAN_WORDS: dict[PlannedAction, tuple[str, str | Promise, str | Promise]] = {
    PlannedAction.CREATE_COMPLETED_TRAINING: ("+", _("create"), _("completed trainings")),
    PlannedAction.CREATE_ENROLLMENT: ("+", _("create"), _("imported enrolments")),
    PlannedAction.CREATE_CRM_LEAD: ("+", _("create"), _("leads, each with its course interest")),
    PlannedAction.LINK_EXISTING: (
        "~", _("link"), _("rows to people who exist or come with this run"),
    ),
    PlannedAction.SKIP: ("·", _("skip"), _("rows")),
    PlannedAction.REVIEW: ("!", _("review"), _("rows that need review")),
}  # fmt: skip


class Outcome(TextChoices):
    """The outcome of a row: one of the planned actions, or one of four more words."""

    CREATE_CRM_LEAD = "create_crm_lead", _("lead created")
    LINK_EXISTING = "link_existing", _("linked to an existing person")
    CREATE_COMPLETED_TRAINING = "create_completed_training", _("completed training created")
    CREATE_ENROLLMENT = "create_enrollment", _("imported enrolment created")
    SKIP = "skip", _("skipped")
    REVIEW = "review", _("left for review")
    PENDING = "pending", _("pending")  # not committed yet
    DRIFTED = "drifted", _("changed since the plan")  # something changed since the plan
    FAILED = "failed", _("failed")
    ROLLED_BACK = "rolled_back", pgettext_lazy("row", "rolled back")


# Outcomes in force until they are rolled back: such a row is never planned again.
COMMITTED_OUTCOMES = (
    Outcome.CREATE_CRM_LEAD,
    Outcome.LINK_EXISTING,
    Outcome.CREATE_COMPLETED_TRAINING,
    Outcome.CREATE_ENROLLMENT,
    Outcome.SKIP,
)
# Outcomes without effect on the platform: the next plan makes such a row pending again.
WITHOUT_EFFECT = (Outcome.REVIEW, Outcome.DRIFTED, Outcome.FAILED, Outcome.ROLLED_BACK)


class LogAction(TextChoices):
    """The subject of an entry of the commit log: the outcome of a row, or a part of its effect."""

    CREATE_CRM_LEAD = "create_crm_lead", _("lead created")
    CREATE_COURSE_INTEREST = "create_course_interest", _("course interest added to a lead")
    CREATE_COMPLETED_TRAINING = "create_completed_training", _("completed training created")
    CREATE_ENROLLMENT = "create_enrollment", _("imported enrolment created")
    LINK_EXISTING = "link_existing", _("linked to an existing person")
    ATTACH_PERSON = "attach_person", _("history attached to an existing person")
    SKIP = "skip", _("skipped")
    REVIEW = "review", _("left for review")
    DRIFTED = "drifted", _("not committed: something changed since the plan")
    FAILED = "failed", _("not committed: the database refused the row")


class ReversalOutcome(TextChoices):
    """What became of one record in a rollback. Kept entries of the commit log stay in force."""

    DELETED = "deleted", _("deleted")
    UNLINKED = "unlinked", _("unlinked")
    RELEASED = "released", _("undone; there was nothing to delete")  # a skip
    GONE = "gone", _("gone")  # someone had deleted it, or the person of a link
    KEPT_EDITED = "kept_edited", _("kept because edited")
    KEPT_ATTACHED = "kept_attached", _("kept because attached by hand")
    KEPT_REFERENCED = "kept_referenced", _("kept because referenced")


class FocusMode(TextChoices):
    """The three waves of the work, in order of priority."""

    HISTORICAL_COMPLETED = "historical_completed", _("completed history")
    REGISTERED_PENDING = "registered_pending", _("pending registrations")
    LEAD_ONLY = "lead_only", _("leads only")


class CourseMappingStatus(TextChoices):
    """How certain it is which course of the platform an old formation is."""

    SUGGESTED = "suggested", _("suggested")  # one exact name match; is treated as mapped
    CONFIRMED = "confirmed", _("confirmed")  # by a reviewer
    UNMAPPED = "unmapped", _("unmapped")  # not known yet
    NO_EQUIVALENT = "no_equivalent", _("no equivalent")  # a reviewer decided that there is none
    # There is none, and history is recorded under the old name.
    KEPT_BY_NAME = "kept_by_name", _("kept by name")


class ConflictChoice(TextChoices):
    """Whose course the rows get whose formation is not that of their session."""

    COURSE_OF_ROW = "course_of_row", _("course of the row")
    COURSE_OF_SESSION = "course_of_session", _("course of the session")


class ReviewDecision(TextChoices):
    """The decisions of a reviewer about a row. They are appended, never overwritten."""

    LINK = "link", _("link to this person")
    NOT_SAME = "not_same", _("not the same person")  # remembered permanently
    ACCEPT_DATA = "accept_data", _("accept the data")  # needs_review is treated as valid
    TREAT_AS = "treat_as", _("treat as")  # a classification
    RELEASE_WITHOUT_SESSION = "release_without_session", _("release without session")
    CREATE_ANYWAY = "create_anyway", _("create anyway")  # a lead without a trustworthy contact
    COURSE_OF_ROW = "course_of_row", _("course of the row")
    COURSE_OF_SESSION = "course_of_session", _("course of the session")
    SET_COURSE = "set_course", _("set the course")  # one of the platform's, or the old name
    ACKNOWLEDGE = "acknowledge", _("acknowledge the change")  # of this payload
    ADD_HISTORY = "add_history", _("add the history")  # to the record that the row became
    ANOTHER_PERSON = "another_person", _("another person")  # the row number was given again
    CREATE_AGAIN = "create_again", _("create again")  # what staff deleted
    SEPARATE = "separate", _("separate from its group")
    SKIP = "skip", _("skip")
    LATER = "later", _("later")
    RESET = "reset", _("reset")  # earlier decisions no longer apply


class Stage(TextChoices):
    """The stages that work in chunks and leave one receipt per finished chunk."""

    IMPORT = "import", _("import")
    VALIDATE = "validate", _("validate")
    CLASSIFY = "classify", _("classify")
    PLAN = "plan", _("plan")
    COMMIT = "commit", _("commit")
    ROLLBACK = "rollback", _("rollback")


class PersonKind(TextChoices):
    """The owners of an identity key."""

    USER = "user", _("user")
    LEAD = "lead", _("lead")
    STAGED = "staged", _("staged row")


class ErasureKind(TextChoices):
    """What the append-only erasure log records."""

    PURGE = "purge", _("closed run purged")  # payloads and contacts, past the retention
    SUBJECT = "subject", _("one person erased on request")


class AccessKind(TextChoices):
    """What the append-only access log records."""

    REVEAL = "reveal", _("contact revealed")
    RAW_VIEW = "raw_view", _("raw payload viewed")
    EXPORT = "export", _("export")
