"""The reviewers' decisions on one row, folded into what is in force now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from legacy_import.choices import Classification, ReviewDecision

Person = tuple[str, int]  # (PersonKind value, id)


class CourseOf(StrEnum):
    """Where the course of a row comes from, by a reviewer's decision."""

    ROW = "row"  # the formation that the row refers to
    SESSION = "session"  # the formation of its session
    REVIEWER = "reviewer"


class CourseChoice(NamedTuple):
    """The course that a reviewer chose; `course_id` None: the old name is kept."""

    of: CourseOf
    course_id: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One appended decision, oldest first. `course_id`: of set_course; None keeps the old name."""

    decision: ReviewDecision
    treat_as: Classification | None = None
    person: Person | None = None
    # Of a link: the account was deactivated already, and that was shown.
    knows_inactive: bool = False
    course_id: int | None = None
    log_entry: int = 0  # of create_again: the entry whose record is gone

    @property
    def columns(self) -> dict[str, Any]:
        """The decision and its arguments, as LegacyReviewDecision stores them."""
        kind, target = self.person or ("", None)
        return {
            "decision": self.decision.value,
            "treat_as": self.treat_as or "",
            "target_kind": kind,
            "target_id": target,
            "target_inactive": self.knows_inactive,
            "course_id": self.course_id,
        }


@dataclass(frozen=True, slots=True)
class InForce:
    """What counts now. A reset undoes everything before it, "not the same person" excepted."""

    link_to: Person | None = None
    link_to_inactive: bool = False  # knowingly
    not_same: frozenset[Person] = field(default_factory=frozenset)
    accept_data: bool = False
    treat_as: Classification | None = None
    release_without_session: bool = False
    create_anyway: bool = False
    course: CourseChoice | None = None
    acknowledge: bool = False
    add_history: bool = False
    another_person: bool = False
    create_again: int = 0  # the log entry whose record is gone; 0: none
    separate: bool = False
    skip: bool = False
    later: bool = False


NOTHING = InForce()


def in_force(events: Iterable[Event]) -> InForce:
    """Fold the events, oldest first. skip and later apply until any other decision is taken."""
    now = NOTHING
    for event in events:
        now = after(now, event)
    return now


def after(now: InForce, event: Event) -> InForce:
    """What is in force once one more decision is taken."""
    return _APPLY[event.decision](replace(now, skip=False, later=False), event)


def _link(now: InForce, event: Event) -> InForce:
    not_same = now.not_same - {event.person} if event.person else now.not_same
    return replace(
        now, link_to=event.person, link_to_inactive=event.knows_inactive, not_same=not_same
    )


def _not_same(now: InForce, event: Event) -> InForce:
    if event.person is None:
        return now
    link_to = None if now.link_to == event.person else now.link_to
    return replace(now, not_same=now.not_same | {event.person}, link_to=link_to)


def _course(of: CourseOf) -> Callable[[InForce, Event], InForce]:
    return lambda now, event: replace(now, course=CourseChoice(of, event.course_id))


def _set(**values: Any) -> Callable[[InForce, Event], InForce]:
    return lambda now, event: replace(now, **values)


_APPLY: dict[ReviewDecision, Callable[[InForce, Event], InForce]] = {
    ReviewDecision.LINK: _link,
    ReviewDecision.NOT_SAME: _not_same,
    ReviewDecision.ACCEPT_DATA: _set(accept_data=True),
    ReviewDecision.TREAT_AS: lambda now, event: replace(now, treat_as=event.treat_as),
    ReviewDecision.RELEASE_WITHOUT_SESSION: _set(release_without_session=True),
    ReviewDecision.CREATE_ANYWAY: _set(create_anyway=True),
    ReviewDecision.COURSE_OF_ROW: _course(CourseOf.ROW),
    ReviewDecision.COURSE_OF_SESSION: _course(CourseOf.SESSION),
    ReviewDecision.SET_COURSE: _course(CourseOf.REVIEWER),
    # The two answers to a source row that changed after its import replace each other.
    ReviewDecision.ACKNOWLEDGE: _set(acknowledge=True, add_history=False),
    ReviewDecision.ADD_HISTORY: _set(add_history=True, acknowledge=False),
    ReviewDecision.ANOTHER_PERSON: _set(another_person=True),
    ReviewDecision.CREATE_AGAIN: lambda now, event: replace(now, create_again=event.log_entry),
    ReviewDecision.SEPARATE: _set(separate=True),
    ReviewDecision.SKIP: _set(skip=True),
    ReviewDecision.LATER: _set(later=True),
    # Remembered permanently: only a link to that very person undoes it.
    ReviewDecision.RESET: lambda now, event: InForce(not_same=now.not_same),
}
