"""The reviewers' decisions on one row, folded into what is in force."""

import pytest

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.rules.decisions import NOTHING, Event, InForce, in_force

R = ReviewDecision
AMEL, KARIM = ("user", 4), ("lead", 4)


def link(person: tuple[str, int]) -> Event:
    return Event(R.LINK, person=person)


def not_same(person: tuple[str, int]) -> Event:
    return Event(R.NOT_SAME, person=person)


SKIP, LATER, RESET = Event(R.SKIP), Event(R.LATER), Event(R.RESET)
ACCEPT, RELEASE = Event(R.ACCEPT_DATA), Event(R.RELEASE_WITHOUT_SESSION)
AS_LEAD = Event(R.TREAT_AS, treat_as=Classification.LEAD_ONLY)
AS_TRAINED = Event(R.TREAT_AS, treat_as=Classification.COMPLETED)


@pytest.mark.parametrize(
    ("events", "now"),
    [
        pytest.param([], NOTHING, id="nobody-said-anything"),
        pytest.param([link(AMEL)], InForce(link_to=AMEL), id="link"),
        pytest.param([link(AMEL), link(KARIM)], InForce(link_to=KARIM), id="the-last-link-counts"),
        pytest.param([not_same(AMEL)], InForce(not_same=frozenset({AMEL})), id="not-same"),
        pytest.param(
            [not_same(AMEL), not_same(KARIM)],
            InForce(not_same=frozenset({AMEL, KARIM})),
            id="not-same-adds-up",
        ),
        pytest.param(
            [link(AMEL), not_same(AMEL)],
            InForce(not_same=frozenset({AMEL})),
            id="not-same-unlinks-that-person",
        ),
        pytest.param(
            [link(AMEL), not_same(KARIM)],
            InForce(link_to=AMEL, not_same=frozenset({KARIM})),
            id="not-same-as-another-keeps-the-link",
        ),
        pytest.param(
            [not_same(AMEL), link(AMEL)], InForce(link_to=AMEL), id="a-link-takes-it-back"
        ),
        pytest.param([ACCEPT], InForce(accept_data=True), id="accept-data"),
        pytest.param([AS_LEAD], InForce(treat_as=Classification.LEAD_ONLY), id="treat-as"),
        pytest.param(
            [AS_LEAD, AS_TRAINED],
            InForce(treat_as=Classification.COMPLETED),
            id="the-last-meaning-counts",
        ),
        pytest.param([RELEASE], InForce(release_without_session=True), id="release"),
        pytest.param([SKIP], InForce(skip=True), id="skip"),
        pytest.param([LATER], InForce(later=True), id="later"),
        pytest.param([SKIP, LATER], InForce(later=True), id="later-replaces-skip"),
        pytest.param([LATER, SKIP], InForce(skip=True), id="skip-replaces-later"),
        pytest.param([SKIP, link(AMEL)], InForce(link_to=AMEL), id="link-replaces-skip"),
        pytest.param([LATER, ACCEPT], InForce(accept_data=True), id="a-decision-ends-later"),
        pytest.param(
            [LATER, RELEASE], InForce(release_without_session=True), id="a-release-ends-later"
        ),
        pytest.param(
            [LATER, AS_LEAD], InForce(treat_as=Classification.LEAD_ONLY), id="a-meaning-ends-later"
        ),
        pytest.param([link(AMEL), ACCEPT, SKIP, RESET], NOTHING, id="reset-takes-all-back"),
        pytest.param(
            [not_same(AMEL), SKIP, RESET],
            InForce(not_same=frozenset({AMEL})),
            id="reset-keeps-not-same-for-good",
        ),
        pytest.param(
            [RESET, AS_LEAD], InForce(treat_as=Classification.LEAD_ONLY), id="after-reset"
        ),
        pytest.param([Event(R.NOT_SAME)], NOTHING, id="not-same-as-nobody"),
    ],
)
def test_decisions_fold_oldest_first(events: list[Event], now: InForce) -> None:
    assert in_force(events) == now


@pytest.mark.parametrize("decision", ReviewDecision)
def test_every_decision_can_be_folded(decision: ReviewDecision) -> None:
    assert isinstance(in_force([Event(decision)]), InForce)
