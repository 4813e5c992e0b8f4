"""Who is probably the owner of history that is attached to no one: proposed here, decided by people.

A pair is proposed when history or a person is added, by the key of name and birth date, or because the
import found a match that it did not trust. The work list reads stored pairs, so it never compares all
history with everyone (docs/decisions/0071-history-is-attached-by-people.md).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from crm.models import CrmLead
from trainings.models import (
    ImportedHistory,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    OwnerReason,
    OwnerState,
    PersonKind,
    ProbableOwner,
)

Person = tuple[str, int]  # (PersonKind value, id)
HISTORY: tuple[type[ImportedHistory], ...] = (LegacyCompletedTraining, LegacyImportedEnrollment)
ATTACHED_TO_NO_ONE = Q(user=None, lead=None)
UNDECIDED = (OwnerState.OPEN, OwnerState.LATER)


class Pair(NamedTuple):
    """A learner and a person who may be the same."""

    learner_key: str
    person: Person
    blocker: str = ""  # why the import did not link them


def propose_for_history(records: Iterable[tuple[str, str | None]]) -> None:
    """Propose the owners of history that is attached to no one: (learner key, key of name and date)."""
    learners: defaultdict[str, set[str]] = defaultdict(set)
    keys = set()
    for learner_key, name_date_key in records:
        keys.add(learner_key)
        if name_date_key:
            learners[name_date_key].add(learner_key)
    pairs = [
        Pair(learner_key, person)
        for name_date_key, person in _people_with(learners)
        for learner_key in sorted(learners[name_date_key])
    ]
    _add(OwnerReason.SAME_NAME_AND_DATE, pairs)
    settle(keys)


def propose_blocked(pairs: Collection[Pair]) -> None:
    """Propose people whom the import found, but did not trust to be the learner."""
    _add(OwnerReason.BLOCKED_MATCH, pairs)


def rule_out(pairs: Collection[Pair]) -> None:
    """Store that these are not the same person, permanently."""
    if not pairs:
        return
    _add(OwnerReason.BLOCKED_MATCH, pairs)
    which = Q()
    for learner_key, (kind, pk), _ in pairs:
        which |= Q(learner_key=learner_key, person_kind=kind, person_id=pk)
    undecided = ProbableOwner.objects.filter(which, state__in=UNDECIDED)
    undecided.update(state=OwnerState.NOT_SAME, version=F("version") + 1)


def propose_for_person(person: Person, name_date_key: str | None) -> None:
    """Propose this person for the history with the same name and birth date, and for no other.

    Runs when the person was saved, so that people who are added or corrected later are found, too.
    """
    kind, pk = person
    learners = _waiting_learners(Q(name_date_key=name_date_key)) if name_date_key else set()
    stale = ProbableOwner.objects.filter(
        person_kind=kind,
        person_id=pk,
        reason=OwnerReason.SAME_NAME_AND_DATE,
        state__in=UNDECIDED,
    )
    stale.exclude(learner_key__in=learners).delete()
    _add(OwnerReason.SAME_NAME_AND_DATE, [Pair(key, person) for key in sorted(learners)])


def propose_for_leads(ids: Collection[int]) -> None:
    """As propose_for_person, for leads that were created in bulk."""
    leads = CrmLead.objects.filter(pk__in=ids).exclude(name_date_key=None)
    people: defaultdict[str, list[Person]] = defaultdict(list)
    for pk, key in leads.values_list("pk", "name_date_key"):
        people[key or ""].append((PersonKind.LEAD.value, pk))
    pairs: set[Pair] = set()
    for model in HISTORY if people else ():
        waiting = model._default_manager.filter(ATTACHED_TO_NO_ONE, name_date_key__in=people)
        for learner_key, key in waiting.values_list("learner_key", "name_date_key"):
            pairs.update(Pair(learner_key, person) for person in people[key or ""])
    _add(OwnerReason.SAME_NAME_AND_DATE, sorted(pairs))


def withdraw_people(kind: str, ids: Collection[int]) -> None:
    """Forget what was proposed about people who were deleted."""
    ProbableOwner.objects.filter(
        person_kind=kind, person_id__in=ids, state__in=(*UNDECIDED, OwnerState.SETTLED)
    ).delete()


def withdraw_learners(learner_keys: Collection[str]) -> None:
    """Forget what was proposed about those learners of whom no history is left."""
    keys = set(learner_keys)
    for model in HISTORY:
        rest = model._default_manager.filter(learner_key__in=keys)
        keys -= set(rest.values_list("learner_key", flat=True))
    ProbableOwner.objects.filter(
        learner_key__in=keys, state__in=(*UNDECIDED, OwnerState.SETTLED)
    ).delete()


def settle(learner_keys: Collection[str]) -> None:
    """Take learners off the list whose history is attached, and put back those with some that is not."""
    pairs = ProbableOwner.objects.filter(learner_key__in=learner_keys)
    if not learner_keys or not pairs.exists():
        return
    waiting = _waiting_learners(Q(learner_key__in=learner_keys))
    settled = pairs.filter(state__in=UNDECIDED).exclude(learner_key__in=waiting)
    settled.update(state=OwnerState.SETTLED, version=F("version") + 1)
    reopened = pairs.filter(state=OwnerState.SETTLED, learner_key__in=waiting)
    reopened.update(state=OwnerState.OPEN, version=F("version") + 1)


def on_the_list(state: OwnerState) -> "QuerySet[ProbableOwner]":
    """The pairs in this state whose learner has history to attach."""
    has_history = Q()
    for model in HISTORY:
        waiting = model._default_manager.filter(
            ATTACHED_TO_NO_ONE, learner_key=OuterRef("learner_key")
        )
        has_history |= Q(Exists(waiting))
    return ProbableOwner.objects.filter(has_history, state=state).order_by("pk")


def _people_with(keys: Collection[str]) -> Iterator[tuple[str, Person]]:
    """(key of name and birth date, person) of the leads and users with these keys."""
    if not keys:
        return
    leads = CrmLead.objects.filter(name_date_key__in=keys).order_by("pk")
    for key, pk in leads.values_list("name_date_key", "pk"):
        yield key or "", (PersonKind.LEAD.value, pk)
    profiles = LearnerProfile.objects.filter(name_date_key__in=keys).order_by("user_id")
    for key, pk in profiles.values_list("name_date_key", "user_id"):
        yield key or "", (PersonKind.USER.value, pk)


def _waiting_learners(which: Q) -> set[str]:
    """The learners with history that is attached to no one."""
    return {
        key
        for model in HISTORY
        for key in model._default_manager.filter(which, ATTACHED_TO_NO_ONE).values_list(
            "learner_key", flat=True
        )
    }


def _add(reason: OwnerReason, pairs: Iterable[Pair]) -> None:
    """Store pairs that are not known yet. A pair that was decided stays decided."""
    ProbableOwner.objects.bulk_create(
        [
            ProbableOwner(
                learner_key=learner_key,
                person_kind=kind,
                person_id=pk,
                reason=reason,
                blocker=blocker,
            )
            for learner_key, (kind, pk), blocker in pairs
        ],
        ignore_conflicts=True,
    )
