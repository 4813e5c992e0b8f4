"""The reviewers' decisions on one row, folded into what is in force now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from legacy_import.choices import Classification, ReviewDecision

Person = tuple[str, int]  # (PersonKind value, id)


@dataclass(frozen=True, slots=True)
class Event:
    """One appended decision, oldest first."""

    decision: ReviewDecision
    treat_as: Classification | None = None
    person: Person | None = None
    knows_inactive: bool = (
        False  # of a link: the account was deactivated already, and that was shown
    )


@dataclass(frozen=True, slots=True)
class InForce:
    """What counts now. A reset takes back everything before it, "not the same person" excepted."""

    link_to: Person | None = None
    link_to_inactive: bool = False  # knowingly
    not_same: frozenset[Person] = field(default_factory=frozenset)
    accept_data: bool = False
    treat_as: Classification | None = None
    release_without_session: bool = False
    skip: bool = False
    later: bool = False


NOTHING = InForce()


def in_force(events: Iterable[Event]) -> InForce:
    """Fold the events, oldest first. skip, later and link replace each other: one row, one answer."""
    now = NOTHING
    for event in events:
        now = _APPLY[event.decision](now, event)
    return now


def _link(now: InForce, event: Event) -> InForce:
    not_same = now.not_same - {event.person} if event.person else now.not_same
    return replace(
        now,
        link_to=event.person,
        link_to_inactive=event.knows_inactive,
        not_same=not_same,
        skip=False,
        later=False,
    )


def _not_same(now: InForce, event: Event) -> InForce:
    if event.person is None:
        return now
    link_to = None if now.link_to == event.person else now.link_to
    return replace(now, not_same=now.not_same | {event.person}, link_to=link_to)


_APPLY: dict[ReviewDecision, Callable[[InForce, Event], InForce]] = {
    ReviewDecision.LINK: _link,
    ReviewDecision.NOT_SAME: _not_same,
    ReviewDecision.ACCEPT_DATA: lambda now, event: replace(now, accept_data=True, later=False),
    ReviewDecision.TREAT_AS: lambda now, event: replace(now, treat_as=event.treat_as, later=False),
    ReviewDecision.RELEASE_WITHOUT_SESSION: lambda now, event: replace(
        now, release_without_session=True, later=False
    ),
    ReviewDecision.SKIP: lambda now, event: replace(now, skip=True, later=False),
    ReviewDecision.LATER: lambda now, event: replace(now, later=True, skip=False),
    # Remembered for good: only a link to that very person takes it back.
    ReviewDecision.RESET: lambda now, event: InForce(not_same=now.not_same),
}
