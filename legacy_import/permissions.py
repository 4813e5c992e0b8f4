"""The permissions of /admin/legacy-imports and the groups that have them. A migration creates both."""

from collections.abc import Callable, Sequence

from ecoin.access import ViewFunction, restricted_to

APP_LABEL = "legacy_imports"

VIEW = "view"
REVIEW = "review"
MAP = "map"
COMMIT = "commit"
ROLLBACK = "rollback"
EXPORT = "export"
REVEAL_PII = "reveal_pii"
VIEW_RAW = "view_raw"

# Codename → its name in English, translated where it is shown.
PERMISSIONS = {
    VIEW: "Can see runs and masked rows",
    REVIEW: "Can decide doubtful rows",
    MAP: "Can confirm course and session mappings",
    COMMIT: "Can commit a plan",
    ROLLBACK: "Can roll a run back",
    EXPORT: "Can export masked summaries",
    REVEAL_PII: "Can reveal one row's contact (audited)",
    VIEW_RAW: "Can see raw payloads in the review queue (audited)",
}

# Each group has the permissions of the previous one, and more.
GROUPS = {
    "Reader": (VIEW,),
    "Reviewer": (VIEW, REVIEW, REVEAL_PII),
    "Manager": (VIEW, REVIEW, REVEAL_PII, MAP, EXPORT, VIEW_RAW),
    "Operator": (VIEW, REVIEW, REVEAL_PII, MAP, EXPORT, VIEW_RAW, COMMIT, ROLLBACK),
}

# What the groups may do in the stock admin, so that they find what an import created. Contacts stay
# masked: their pages show them only to users who may change the record.
VIEW_RECORDS = (
    "crm.view_crmlead",
    "crm.view_courseinterest",
    "trainings.view_course",
    "trainings.view_legacycompletedtraining",
    "trainings.view_legacyimportedenrollment",
)
REVEAL_HISTORY = ("trainings.reveal_history",)
KEEP_RECORDS = ("trainings.add_course", "trainings.attach_history")
PLATFORM_PERMISSIONS = {
    "Reader": VIEW_RECORDS,
    "Reviewer": (*VIEW_RECORDS, *REVEAL_HISTORY),
    "Manager": (*VIEW_RECORDS, *REVEAL_HISTORY, *KEEP_RECORDS),
    "Operator": (*VIEW_RECORDS, *REVEAL_HISTORY, *KEEP_RECORDS),
}


def permission_needed(
    *codenames: str, methods: Sequence[str] = ("GET", "HEAD")
) -> Callable[[ViewFunction], ViewFunction]:
    """Restrict a view to these permissions of the import and to these methods (ecoin/access.py)."""
    return restricted_to(*(f"{APP_LABEL}.{codename}" for codename in codenames), methods=methods)
