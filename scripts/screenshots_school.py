"""The fictional school in the pictures of docs/: imported, mapped, partly reviewed and committed."""

import contextlib
import io
from dataclasses import dataclass
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from legacy_import.choices import FocusMode, ReviewDecision
from legacy_import.conf import database_name
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.decisions import bulk_stamp, confirm_mappings, decide_mapping
from legacy_import.mapping.kinds import KINDS
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.people.platform import platform_courses
from legacy_import.review.claims import claim
from legacy_import.review.decisions import decide
from legacy_import.review.filter import queue_of
from legacy_import.review.saved_filters import save_filter
from legacy_import.stages.replan import replan
from scripts import demo_accounts
from trainings.models import LegacyCompletedTraining

BATCH, COMMITTED = 100, 400  # rows
DOUBT = "birth_date_impossible"  # the cause that the pictured bulk is about
SHARED = "shared_contact_other_name"
MISSING_COURSE, WAITING_SESSION = "Permis cariste", 235
D = ReviewDecision
# Cause → what the reviewer said of its first rows.
SAID = {
    "name_missing": (D.SKIP, 2),
    "text_damaged": (D.ACCEPT_DATA, 2),
    "status_unknown": (D.LATER, 1),
    "medium_match": (D.LINK, 3),
}


@dataclass(frozen=True, slots=True)
class School:
    """What the addresses of the pictures name. Before the first commit: the run alone."""

    run: int
    matched: int = 0  # a row and a person who has its contact under another name
    compared: int = 0  # a row and a person of the same name and contact, born on another day
    twice: int = 0  # a row and a person of the same name and birth date
    impossible: int = 0  # a trained learner born on a day that does not exist
    course: int = 0  # the mapping of a course that the platform does not have
    session: int = 0  # the mapping of the waiting list with a code like a real session's
    origin: str = ""
    learner: str = ""  # the key of one who was trained more than once
    name: str = ""  # a name that several former learners have a part of


def build() -> None:
    """The demo of `make demo`: migrated, imported and planned, with an account per role."""
    _manage("migrate")
    _manage("legacy_demo", with_platform=True)
    demo_accounts.create()
    for stage in ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run"):
        _manage(stage, actor="operator")


def choose_one_course() -> LegacyImportRun:
    """A manager says which course an old one is, where two of ours have its name."""
    run, manager = LegacyImportRun.objects.get(), _account("manager")
    old = LegacyCourseMapping.objects.get(legacy_name="Marketing Digital")
    course = {name: number for number, name in platform_courses()}["Marketing digital"]
    decide_mapping(
        COURSES, "choose", choice=course, mapping_id=old.pk, version=old.version, actor=manager,
        now=timezone.now(),
    )  # fmt: skip
    return run


def confirm_what_is_sure(run: LegacyImportRun) -> None:
    """All exact suggestions and real sessions; then the run is validated and planned again."""
    source, manager, now = run.connection_name, _account("manager"), timezone.now()
    for kind in KINDS:
        expected, stamp = bulk_stamp(kind, source)
        confirm_mappings(
            kind, connection_name=source, expected=expected, stamp=stamp, actor=manager, now=now
        )
    replan(run_id=run.pk, actor="manager", now=timezone.now())


def commit_and_review(run: LegacyImportRun) -> School:
    """Confirm what is sure, commit the first rows of the first wave, decide a few others."""
    confirm_what_is_sure(run)
    _manage(
        "legacy_commit", run=run.pk, focus=FocusMode.HISTORICAL_COMPLETED.value, batch=BATCH,
        limit=COMMITTED, no_input=True, confirm_database=database_name(), actor="operator",
    )  # fmt: skip
    _manage("legacy_reconcile", run=run.pk, actor="operator")
    reviewer, manager = _account("reviewer"), _account("manager")
    for cause, (decision, number) in SAID.items():
        for row in _waiting(run, cause)[:number]:
            found = row.duplicate_evidence.get("targets", [{}])[0]
            decide(
                row_id=row.pk, version=row.version, decision=decision, actor=reviewer,
                now=timezone.now(),
                person=(found["kind"], found["id"]) if decision == D.LINK else None,
            )  # fmt: skip
    save_filter(actor=reviewer, name="Contacts partagés", query=f"planned_reason={SHARED}")
    shared = _waiting(run, SHARED)
    claim(row_id=shared[1].pk, actor=manager, now=timezone.now())
    trained = LegacyCompletedTraining.objects.values_list("learner_key")
    often, _times = trained.annotate(times=Count("pk")).order_by("-times", "learner_key")[0]
    name = LegacyCompletedTraining.objects.filter(learner_key=often)[0].learner_name
    return School(
        run=run.pk,
        matched=shared[0].pk,
        compared=_waiting(run, "birth_date_conflict")[0].pk,
        twice=_waiting(run, "medium_match")[0].pk,
        impossible=_waiting(run, DOUBT)[0].pk,
        course=LegacyCourseMapping.objects.get(legacy_name=MISSING_COURSE).pk,
        session=LegacySessionMapping.objects.get(legacy_session_id=WAITING_SESSION).pk,
        origin=LegacyCompletedTraining.objects.exclude(origin=None).order_by("pk")[0].origin or "",
        learner=quote(often),
        name=quote(name.split()[0]),
    )


def _waiting(run: LegacyImportRun, cause: str) -> list[LegacyStudentImport]:
    """The undecided rows of one cause, as the queue lists them."""
    rows = queue_of(run).filter(planned_reason=cause, decision="")
    return list(rows.order_by("classification", "pk"))


def _account(name: str) -> User:
    found: User = get_user_model()._default_manager.get_by_natural_key(name)
    return found


def _manage(command: str, **options: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        call_command(command, verbosity=0, **options)
