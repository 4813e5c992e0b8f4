"""What people do on the platform beside the import: between plan and commit, and after a commit.

A change picks its object by a number, modulo what there is at that moment; where there is nothing to
change, it does nothing.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import models
from hypothesis import strategies as st

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import COMMITTED_OUTCOMES, ReviewDecision
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportCommitLog,
    LegacySessionMapping,
    LegacyStudentImport,
)
from tests.factories import (
    NOW,
    CompletedTrainingFactory,
    CourseFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
)
from tests.properties.schools import EMAILS, NAMES, PHONES
from tests.stages.commit.invariants import BESIDES
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

HISTORY: tuple[type[models.Model], ...] = (LegacyCompletedTraining, LegacyImportedEnrollment)
RECORDS: tuple[type[models.Model], ...] = (CrmLead, CourseInterest, *HISTORY)


@dataclass(frozen=True)
class Change:
    """One thing somebody does; `number` picks to what."""

    what: str
    number: int

    def __call__(self) -> None:
        WHAT[self.what](self.number)

    def __repr__(self) -> str:
        return f"{self.what}({self.number})"


def pick(model: type[models.Model], number: int, **where: Any) -> Any:
    found = model._default_manager.filter(**where).order_by("pk")
    rows = found.count()
    return found[number % rows] if rows else None


def a_mapping_changes_its_course(number: int) -> None:
    mapping = pick(LegacyCourseMapping, number)
    mapping.course = CourseFactory()
    mapping.status = "confirmed"
    mapping.version += 1
    mapping.save()


def a_session_is_no_longer_confirmed(number: int) -> None:
    mapping = pick(LegacySessionMapping, number)
    mapping.confirmed_at = None if mapping.confirmed_at else NOW
    mapping.version += 1
    mapping.save()


def a_reviewer_decides(number: int) -> None:
    simple = (ReviewDecision.SKIP, ReviewDecision.LATER, ReviewDecision.RESET,
              ReviewDecision.ACCEPT_DATA)  # fmt: skip
    ReviewDecisionFactory(
        student_import=pick(LegacyStudentImport, number), decision=simple[number % len(simple)]
    )


def a_known_person_is_edited(number: int) -> None:
    lead = pick(CrmLead, number)
    if lead:
        lead.phone = PHONES[number % len(PHONES)]
        lead.save()


def a_known_lead_is_deleted(number: int) -> None:
    lead = pick(CrmLead, number)
    if lead:
        lead.delete()


def somebody_new_comes(number: int) -> None:
    CrmLeadFactory(
        full_name=NAMES[number % (len(NAMES) - 1)],
        phone=PHONES[number % len(PHONES)],
        email=EMAILS[number % len(EMAILS)],
    )


def a_record_is_edited(number: int) -> None:
    """Through save(), as the admin does."""
    record = pick(RECORDS[number % len(RECORDS)], number // len(RECORDS), origin__isnull=False)
    if record is None:
        return
    if isinstance(record, CrmLead):
        record.full_name += " bis"
    elif isinstance(record, CourseInterest):
        record.legacy_course_name += " bis"
    else:
        record.session_code += " bis"
    record.save()


def a_lead_gets_an_interest(number: int) -> None:
    lead = pick(CrmLead, number, origin__isnull=False)
    if lead:
        CourseInterestFactory(lead=lead)


def a_lead_gets_a_training(number: int) -> None:
    lead = pick(CrmLead, number, origin__isnull=False)
    if lead:
        # It has no origin of this source: staff's own, as far as an import can tell.
        last = LegacyCompletedTraining.objects.aggregate(last=models.Max("pk"))["last"] or 0
        CompletedTrainingFactory(origin=f"elsewhere:{last + 1}", lead=lead)


def an_interest_is_deleted(number: int) -> None:
    interest = pick(CourseInterest, number, origin__isnull=False)
    if interest:
        interest.delete()


def a_lead_is_deleted(number: int) -> None:
    """With its interests; history that hangs on it protects it."""
    lead = pick(CrmLead, number, origin__isnull=False)
    if lead and not any(model._default_manager.filter(lead=lead).exists() for model in HISTORY):
        lead.delete()


def a_training_is_deleted(number: int) -> None:
    record = pick(HISTORY[number % 2], number // 2, origin__startswith="legacy:")
    if record:
        record.delete()


ON_THE_WAY = (
    a_mapping_changes_its_course, a_session_is_no_longer_confirmed, a_reviewer_decides,
    a_known_person_is_edited, a_known_lead_is_deleted, somebody_new_comes,
)  # fmt: skip
AFTERWARDS = (
    a_record_is_edited, a_lead_gets_an_interest, a_lead_gets_a_training, an_interest_is_deleted,
    a_lead_is_deleted, a_training_is_deleted,
)  # fmt: skip
WHAT = {change.__name__: change for change in (*ON_THE_WAY, *AFTERWARDS)}
NUMBERS = st.integers(0, 40)
BEFORE_COMMIT = st.builds(Change, st.sampled_from([one.__name__ for one in ON_THE_WAY]), NUMBERS)
BY_STAFF = st.builds(Change, st.sampled_from([one.__name__ for one in AFTERWARDS]), NUMBERS)


def kept_rows() -> dict[int, str]:
    """Row → why it has to stay: what a rollback must come to, by the words of the design.

    A row stays as a whole if a record it created was edited, or is partly gone; or if its lead is
    referred to: by anything of the platform's own, or by a row that stays.
    """
    entries = LegacyImportCommitLog.objects.filter(
        reversed_at=None, action__in=(*COMMITTED_OUTCOMES, *BESIDES)
    ).order_by("pk")
    created: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    linked: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for entry in entries:
        if entry.target_id is not None:
            of = created if entry.created_target else linked
            of[entry.student_import_id].append((entry.target_model, entry.target_id))
    kept = {row: "kept_edited" for row, made in created.items() if _touched(made)}
    held = {
        ("crm.CrmLead", pk)
        for theirs in (
            CourseInterest.objects.filter(origin=None),
            LegacyCompletedTraining.objects.filter(origin__startswith="elsewhere"),
        )
        for pk in theirs.values_list("lead_id", flat=True)
    }
    while True:
        held |= {person for row in kept for person in linked[row]}
        more = {row for row, made in created.items() if row not in kept and held & {*made}}
        if not more:
            return kept
        kept |= dict.fromkeys(more, "kept_referenced")


def _touched(made: list[tuple[str, int]]) -> bool:
    by_label = {model._meta.label: model for model in RECORDS}
    there = [by_label[label]._default_manager.filter(pk=pk).first() for label, pk in made]
    present: list[Any] = [record for record in there if record is not None]
    return 0 < len(present) < len(made) or any(_is_edited(record) for record in present)


def _is_edited(record: Any) -> bool:
    text = {CrmLead: "full_name", CourseInterest: "legacy_course_name"}.get(
        type(record), "session_code"
    )
    return str(getattr(record, text)).endswith(" bis")
