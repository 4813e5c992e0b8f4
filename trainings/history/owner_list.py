"""The work list of probable owners, a page by key, and one line of it with its evidence. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trainings.attachments import person_of
from trainings.history.compare import ComparedLine, Side, compare
from trainings.history.people import KnownPerson, known_people
from trainings.models import HistoryAttachment, ImportedHistory, OwnerState, ProbableOwner
from trainings.owners import HISTORY, on_the_list

PAGE = 25
MOST_EVENTS = 10
MOST_RECORDS = 100
MOST_COUNTED = 9_999


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One line: the pair, the learner's name as found, and the person."""

    pair: ProbableOwner
    learner_name: str
    person: KnownPerson


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """Lines in order; the ids of the pairs with which the pages around this one begin."""

    lines: Sequence[OwnerLine] = ()
    previous: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class OwnerDetail:
    """An open line: the learner's records, and the learner and the person side by side."""

    pair: ProbableOwner
    learner: Side
    person: KnownPerson
    records: Sequence[ImportedHistory]
    compared: Sequence[ComparedLine]
    events: Sequence[HistoryAttachment]

    @property
    def waiting(self) -> list[ImportedHistory]:
        """The records that are attached to no one."""
        return [record for record in self.records if person_of(record) is None]

    @property
    def others(self) -> list[ImportedHistory]:
        return [record for record in self.records if person_of(record) is not None]


def owner_page(state: OwnerState, *, first: int = 0) -> OwnerPage:
    """The page of pairs in this state that begins with the pair `first`, or after it if it is gone.

    A person who was deleted without the services of this app has no line: MariaDB would read all users
    to leave them out of the query.
    """
    pairs = list(on_the_list(state).filter(pk__gte=first)[: PAGE + 1])
    if not pairs and first:
        return owner_page(state)
    names = _learner_names(pair.learner_key for pair in pairs)
    people = known_people((pair.person_kind, pair.person_id) for pair in pairs)
    lines = [
        OwnerLine(pair, names.get(pair.learner_key, ""), people[pair.person_kind, pair.person_id])
        for pair in pairs[:PAGE]
        if (pair.person_kind, pair.person_id) in people
    ]
    return OwnerPage(
        lines,
        previous=_previous(state, first) if first else None,
        next=pairs[PAGE].pk if len(pairs) > PAGE else None,
    )


def count_pairs(state: OwnerState) -> tuple[int, bool]:
    """The number of pairs in this state, and whether there are more that were not counted."""
    first = ProbableOwner.objects.filter(state=state).order_by("pk")[: MOST_COUNTED + 1]
    number = first.count()
    return min(number, MOST_COUNTED), number > MOST_COUNTED


def open_pair(page: OwnerPage, pair_id: int) -> ProbableOwner | None:
    """The pair to show: the wanted one, else the one after it, else the first of the page."""
    pairs = [line.pair for line in page.lines]
    later = [pair for pair in pairs if pair.pk >= pair_id]
    return next(iter(later or pairs), None)


def owner_detail(pair: ProbableOwner) -> OwnerDetail | None:
    """The evidence of a pair; None if its history or its person is gone."""
    person = known_people([(pair.person_kind, pair.person_id)])
    records = records_of_learner(pair.learner_key)
    if not person or not records:
        return None
    candidate = person[pair.person_kind, pair.person_id]
    newest = max(records, key=lambda record: (person_of(record) is None, record.pk))
    learner = Side(
        newest.learner_name, newest.learner_birth_date, newest.learner_phone, newest.learner_email
    )
    return OwnerDetail(
        pair,
        learner,
        candidate,
        records,
        compare(learner, candidate.side),
        events_of(pair.learner_key),
    )


def records_of_learner(learner_key: str) -> list[ImportedHistory]:
    """All history of one old learner, with courses and people."""
    records: list[ImportedHistory] = []
    for model in HISTORY:
        of_learner: Any = model._default_manager.filter(learner_key=learner_key)
        of_learner = of_learner.select_related("course", "user", "lead")
        records += of_learner.order_by("dated_on", "pk")[:MOST_RECORDS]
    return records


def events_of(learner_key: str) -> list[HistoryAttachment]:
    """The newest events about the history of a learner, newest first."""
    events = HistoryAttachment.objects.filter(learner_key=learner_key).order_by("-pk")
    return list(events.select_related("actor", "undone_by")[:MOST_EVENTS])


def _previous(state: OwnerState, first: int) -> int | None:
    """The pair with which the page before begins."""
    before = on_the_list(state).filter(pk__lt=first).order_by("-pk")
    ids = list(before.values_list("pk", flat=True)[:PAGE])
    return ids[-1] if ids else None


def _learner_names(keys: Iterable[str]) -> dict[str, str]:
    """Learner key → a name as found."""
    nameless = set(keys)
    return {
        key: name
        for model in HISTORY
        for key, name in model._default_manager.filter(learner_key__in=nameless)
        .order_by("pk")
        .values_list("learner_key", "learner_name")
    }
