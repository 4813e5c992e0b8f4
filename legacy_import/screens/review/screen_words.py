"""What the states and decisions of the queue are called, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from legacy_import.choices import ReviewDecision
from legacy_import.review.bulk import IN_BULK, OF_ONE_CAUSE
from legacy_import.review.decisions import TREATABLE
from legacy_import.review.filter import ALL, DECIDED, LATER, PENDING, ReviewFilter

STATE_NAMES: dict[str, Promise] = {
    PENDING: gettext_lazy("to decide"),
    LATER: gettext_lazy("postponed"),
    DECIDED: gettext_lazy("decided"),
    ALL: gettext_lazy("all"),
}
# Decision → what it does, on the confirm page of a bulk.
EFFECTS: dict[ReviewDecision, Promise] = {
    ReviewDecision.SKIP: gettext_lazy("The next plan skips these rows: nothing is made of them."),
    ReviewDecision.LATER: gettext_lazy("These rows stay in the queue, as postponed."),
    ReviewDecision.RESET: gettext_lazy(
        "What was decided about these rows no longer counts, except who is not the same person."
    ),
    ReviewDecision.ACCEPT_DATA: gettext_lazy(
        "In the next plan, the doubtful data of these rows counts as valid."
    ),
    ReviewDecision.RELEASE_WITHOUT_SESSION: gettext_lazy(
        "In the next plan, no waiting list or unknown session holds these rows back."
    ),
}


def bulk_decisions(query: ReviewFilter) -> list[tuple[str, str]]:
    """(value, name) of what can be decided about many rows under this filter."""
    one_cause = "planned_reason" in query.facets
    return [
        (decision.value, str(decision.label))
        for decision in IN_BULK
        if one_cause or decision not in OF_ONE_CAUSE
    ]


def treat_as_choices() -> list[tuple[str, str]]:
    return [(value.value, str(value.label)) for value in TREATABLE]
