"""Who may do what at which address: the table that the access tests hold every address against.

Written by hand from what each role is for (docs/settings.md), not read from the code: neither the
permissions of the groups nor those of the views are taken from what they are compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")  # need no CSRF token
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
METHODS = (*SAFE, *UNSAFE)
LOGIN = "/admin/login/"


@dataclass(frozen=True)
class Role:
    """Somebody: their groups (made by the migrations), and what those must let them do."""

    groups: tuple[str, ...] = ()
    may: frozenset[str] = frozenset()
    is_staff: bool = True
    is_superuser: bool = False
    is_active: bool = True
    signed_in: bool = True


# Permissions of the platform that screens need; those of the import are the other names.
OF_THE_PLATFORM = frozenset({"view_legacycompletedtraining", "reveal_history", "attach_history"})

READER = frozenset({"view", "view_legacycompletedtraining"})
REVIEWER = READER | {"review", "reveal_pii", "reveal_history"}
MANAGER = REVIEWER | {"map", "export", "view_raw", "attach_history"}
OPERATOR = MANAGER | {"commit", "rollback"}

ROLES: dict[str, Role] = {
    "anonymous": Role(signed_in=False),
    "somebody who left": Role(groups=("Operator",), is_active=False, signed_in=False),
    "signed in, no staff": Role(is_staff=False),
    "staff without permission": Role(),
    "Reader": Role(groups=("Reader",), may=READER),
    "Reader, no staff": Role(groups=("Reader",), may=READER, is_staff=False),
    "Reviewer": Role(groups=("Reviewer",), may=REVIEWER),
    "Manager": Role(groups=("Manager",), may=MANAGER),
    "Operator": Role(groups=("Operator",), may=OPERATOR),
    "superuser": Role(is_superuser=True, may=OPERATOR),
}


@dataclass(frozen=True)
class Address:
    """One address: where it is, what it needs, and what it answers to those who have that.

    Any method without an answer is a 405; a GET of an address that only receives forms leads to its
    page. `sends`: the fields of a POST that is in order. `writes`: the tables that a request which is
    in order may change; all others stay as they were. In `where` and in `sends`, {run}, {row},
    {course}, {session}, … are ids of the world of the test.
    """

    where: str
    needs: tuple[str, ...] | None = ()  # None: nobody has to be signed in
    answers: Mapping[str, int] = field(default_factory=lambda: PAGE)
    sends: Mapping[str, Any] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()


PAGE = {"GET": 200, "HEAD": 200}
ELSEWHERE = {"GET": 302, "HEAD": 302}
ROOT = "/admin/legacy-imports"
HISTORY = "/admin/trainings/history"
READ_HISTORY = ("view_legacycompletedtraining",)
MAY_ATTACH = (*READ_HISTORY, "attach_history")
ROWS = frozenset({"legacy_student_imports", "legacy_facet_counts"})
DECISIONS = ROWS | {"legacy_review_decisions", "legacy_review_claims"}
CLAIMS = frozenset({"legacy_review_claims"})  # who opens a row has it open
RUN = frozenset({"legacy_import_runs"})
LOOKED = frozenset({"legacy_access_log"})
WEIGHED = ROWS | {"legacy_mapping_totals", "legacy_mapping_weights"}
MAPPED = WEIGHED | {"legacy_course_mappings", "legacy_session_mappings", "legacy_status_mappings",
                   "legacy_course_conflicts",
                   "django_admin_log"}  # fmt: skip
JUDGED = WEIGHED | {
    "legacy_import_runs", "legacy_training_imports", "legacy_chunk_receipts", "legacy_person_edges",
    "legacy_hot_keys", "legacy_identity_keys", "legacy_course_mappings", "legacy_session_mappings",
    "legacy_status_mappings", "legacy_course_conflicts",
}  # fmt: skip
ATTACHED = frozenset(
    {"legacy_completed_trainings", "trainings_history_attachments", "trainings_attached_records",
     "trainings_probable_owners"}
)  # fmt: skip
QUEUE = {"filter": "focus=all"}  # every form of the queue says where it came from


def decided(where: str, status: int, writes: frozenset[str], **sends: Any) -> Address:
    return Address(
        f"{ROOT}/review/{{row}}/{where}", ("review",), {"POST": status}, {**QUEUE, **sends}, writes
    )


def looked(where: str, permission: str, **sends: Any) -> Address:
    return Address(
        f"{ROOT}/review/{{row}}/{where}", ("review", permission), {"POST": 200},
        {**QUEUE, **sends}, LOOKED | CLAIMS,
    )  # fmt: skip


def judged(where: str, **sends: Any) -> Address:
    return Address(f"{ROOT}/{where}/decide?run={{run}}", ("map",), {"POST": 302}, sends, MAPPED)


# URL name → its row; what has no name goes by its route.
SCREENS: dict[str, Address] = {
    "legacy_imports:runs": Address(ROOT, ("view",)),
    "legacy_imports:run": Address(f"{ROOT}/{{run}}", ("view",)),
    "legacy_imports:progress": Address(f"{ROOT}/{{run}}/progress", ("view",)),
    "legacy_imports:students": Address(f"{ROOT}/students?run={{run}}", ("view",)),
    "legacy_imports:students-search": Address(
        f"{ROOT}/students/search", ("view",), {"POST": 200},
        {"run": "{run}", "q": "0661 20 00 00"},
    ),
    "legacy_imports:lineage": Address(f"{ROOT}/lineage?origin={{origin}}", ("view",)),
    "legacy_imports:slash": Address(f"{ROOT}/{{run}}/", (), ELSEWHERE),
    "legacy_imports:export-csv": Address(f"{ROOT}/{{run}}/export.csv", ("export",), writes=LOOKED),
    "legacy_imports:export-json": Address(f"{ROOT}/{{run}}/export.json", ("export",), writes=LOOKED),
    "legacy_imports:sign-off": Address(f"{ROOT}/{{run}}/sign-off", ("export",)),
    "legacy_imports:sign-off-csv": Address(
        f"{ROOT}/{{run}}/sign-off.csv", ("export",), writes=LOOKED
    ),
    "legacy_imports:runs-search": Address(
        f"{ROOT}/search", ("view",), {"POST": 302}, {"q": "fictif"}
    ),
    # A form without the token of its confirm page does nothing.
    "legacy_imports:commit": Address(f"{ROOT}/{{run}}/commit", ("commit",), {**PAGE, "POST": 409}),
    "legacy_imports:rollback": Address(
        f"{ROOT}/{{undone}}/rollback", ("rollback",), {**PAGE, "POST": 409}
    ),
    "legacy_imports:plan": Address(f"{ROOT}/{{run}}/plan", ("map",), {"POST": 303}, writes=JUDGED),
    "legacy_imports:reconcile": Address(
        f"{ROOT}/{{run}}/reconcile", ("commit",), {"POST": 200}, writes=RUN
    ),
    "legacy_imports:review": Address(
        f"{ROOT}/review?run={{run}}&row={{row}}", ("review",), writes=CLAIMS
    ),
    "legacy_imports:review-row": Address(f"{ROOT}/review/{{row}}", ("review",), ELSEWHERE),
    "legacy_imports:review-bulk": Address(
        f"{ROOT}/review/bulk", ("review",), {"POST": 302},
        {**QUEUE, "run": "{run}", "decision": "skip", "scope": "chosen", "ids": "{row}",
         "expected": "1"},
        DECISIONS | {"legacy_review_bulks"},
    ),
    # Of no bulk of theirs.
    "legacy_imports:review-bulk-undo": Address(
        f"{ROOT}/review/bulk/undo", ("review",), {"POST": 409},
        {**QUEUE, "run": "{run}", "event": "1"}, CLAIMS,
    ),
    "legacy_imports:review-search": Address(
        f"{ROOT}/review/search", ("review",), {"POST": 302}, {**QUEUE, "run": "{run}", "q": "fictif"}
    ),
    "legacy_imports:review-filters": Address(
        f"{ROOT}/review/filters", ("review",), {"POST": 302},
        {**QUEUE, "run": "{run}", "name": "Les miens"}, frozenset({"legacy_saved_filters"}),
    ),
    "legacy_imports:review-decide": decided("decide", 302, DECISIONS, version="1", decision="skip"),
    # Nothing was decided about an earlier version of the row.
    "legacy_imports:review-repeat": decided("repeat", 409, CLAIMS, version="1"),
    # Of somebody else's decision; a reviewer takes back only their own.
    "legacy_imports:review-undo": decided("undo", 409, CLAIMS, event="{event}"),
    "legacy_imports:review-claim": decided("claim", 302, CLAIMS),
    "legacy_imports:review-person": decided("person", 200, CLAIMS, phone="0770 11 22 33"),
    "legacy_imports:review-reveal": looked("reveal", "reveal_pii", reason="dossier illisible"),
    "legacy_imports:review-raw": looked("raw", "view_raw"),
    "legacy_imports:course-mapping": Address(f"{ROOT}/course-mapping?run={{run}}", ("map",)),
    "legacy_imports:course-mapping-all": Address(
        f"{ROOT}/course-mapping/confirm-all?run={{run}}", ("map",), {**PAGE, "POST": 409},
        {"expected": "77", "stamp": "of another time"},
    ),
    "legacy_imports:course-mapping-again": Address(
        f"{ROOT}/course-mapping/again?run={{run}}", ("map",), {"POST": 302}, writes=JUDGED
    ),
    "legacy_imports:course-mapping-one": Address(
        f"{ROOT}/course-mapping/{{course}}?run={{run}}", ("map",)
    ),
    "legacy_imports:course-mapping-decide": judged(
        "course-mapping/{course}", decision="no_equivalent", version="1"
    ),
    "legacy_imports:session-mapping": Address(f"{ROOT}/session-mapping?run={{run}}", ("map",)),
    "legacy_imports:session-mapping-all": Address(
        f"{ROOT}/session-mapping/confirm-all?run={{run}}", ("map",), {**PAGE, "POST": 409},
        {"expected": "77", "stamp": "of another time"},
    ),
    "legacy_imports:session-mapping-again": Address(
        f"{ROOT}/session-mapping/again?run={{run}}", ("map",), {"POST": 302}, writes=JUDGED
    ),
    "legacy_imports:session-mapping-one": Address(
        f"{ROOT}/session-mapping/{{session}}?run={{run}}", ("map",)
    ),
    "legacy_imports:session-mapping-decide": judged(
        "session-mapping/{session}", decision="waiting_placeholder", version="1", note="liste"
    ),
    "legacy_imports:conflict-mapping": Address(
        f"{ROOT}/course-mapping/conflicts?run={{run}}", ("map",)
    ),
    "legacy_imports:conflict-mapping-again": Address(
        f"{ROOT}/course-mapping/conflicts/again?run={{run}}", ("map",), {"POST": 302}, writes=JUDGED
    ),
    "legacy_imports:conflict-mapping-one": Address(
        f"{ROOT}/course-mapping/conflicts/{{conflict}}?run={{run}}", ("map",)
    ),
    "legacy_imports:conflict-mapping-decide": judged(
        "course-mapping/conflicts/{conflict}", decision="course_of_row", version="1", note="vu"
    ),
    "legacy_imports:status-mapping": Address(f"{ROOT}/status-mapping?run={{run}}", ("map",)),
    "legacy_imports:status-mapping-again": Address(
        f"{ROOT}/status-mapping/again?run={{run}}", ("map",), {"POST": 302}, writes=JUDGED
    ),
    "legacy_imports:status-mapping-one": Address(
        f"{ROOT}/status-mapping/{{status}}?run={{run}}", ("map",)
    ),
    "legacy_imports:status-mapping-decide": judged(
        "status-mapping/{status}", decision="lead_only", version="1", note="appel"
    ),
    "trainings:history": Address(f"{HISTORY}?q=fictive", READ_HISTORY),
    "trainings:history-search": Address(
        f"{HISTORY}/search", READ_HISTORY, {"POST": 200}, {"q": "0661 20 00 00"}
    ),
    "trainings:history-learner": Address(f"{HISTORY}/learner?key={{learner}}", READ_HISTORY),
    "trainings:history-print": Address(f"{HISTORY}/learner/print?key={{learner}}", READ_HISTORY),
    "trainings:history-reveal": Address(
        f"{HISTORY}/learner/reveal", (*READ_HISTORY, "reveal_history"), {"POST": 200},
        {"key": "{learner}", "reason": "attestation"}, frozenset({"trainings_history_access_log"}),
    ),
    "trainings:history-slash": Address(f"{HISTORY}/learner/", (), ELSEWHERE),
    "trainings:history-owners": Address(f"{HISTORY}/owners?row={{pair}}", MAY_ATTACH),
    "trainings:history-owner-decide": Address(
        f"{HISTORY}/owners/{{pair}}", MAY_ATTACH, {"POST": 302},
        {"decision": "later", "version": "0"}, ATTACHED,
    ),
    "trainings:history-attach": Address(
        f"{HISTORY}/attach?key={{learner}}", MAY_ATTACH, {**PAGE, "POST": 302},
        {"key": "{learner}", "record": "{learner}:training 0", "person": "lead:{owner}",
         "reason": "dossier papier", "action": "attach"},
        ATTACHED,
    ),
    "trainings:history-undo": Address(
        f"{HISTORY}/undo", MAY_ATTACH, {"POST": 302}, {"event": "{attachment}"},
        ATTACHED,
    ),
    "healthz": Address("/healthz", None),
    "readyz": Address("/readyz", None),
    "set_language": Address("/language", None, dict.fromkeys(METHODS, 302), {"language": "ar"}),
    # The front door leads into the admin.
    "": Address("/", (), dict.fromkeys(("GET", "HEAD", "OPTIONS", *UNSAFE), 302)),
}  # fmt: skip

# --- The stock admin ---------------------------------------------------------------------------------
# Its own rule: nobody without staff's sign-in passes, and of staff nobody without a permission of the
# model. These few are for all staff; the sign-in itself is for everybody.
ADMIN_FOR_STAFF = frozenset(
    {"admin:index", "admin:password_change", "admin:password_change_done", "admin:jsi18n"}
)
ADMIN_FOR_ALL = frozenset({"admin:login", "admin:logout"})
STAFF_REFUSED = frozenset({302, 403, 404, 405})
# What the groups of the import may look at, and a form that an Operator, like a Manager, may send.
RECORDS = (
    "crm_crmlead", "trainings_course", "trainings_legacycompletedtraining",
    "trainings_legacyimportedenrollment",
)  # fmt: skip
ADMIN_FOR_GROUPS = frozenset(
    {f"admin:{model}_{page}" for model in RECORDS for page in ("changelist", "change", "history")}
    | {"admin:app_list", "admin:trainings_course_add"}
)


def expected(address: Address, role: Role, method: str, *, token: bool) -> int:
    """The status that this role must get."""
    if method in UNSAFE and not token:
        return 403
    if address.needs is not None and not role.signed_in:
        return 302  # to the sign-in
    if not frozenset(address.needs or ()) <= role.may:
        return 403
    if only_forms(address) and method in ELSEWHERE:
        return 302
    return address.answers.get(method, 405)


def only_forms(address: Address) -> bool:
    """Whether the address has no page of its own."""
    return "GET" not in address.answers
