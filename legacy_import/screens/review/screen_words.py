"""What the facets, states and decisions of the queue are called, in the reader's language."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    ReviewDecision,
    SessionType,
    SourceTable,
    ValidationStatus,
)
from legacy_import.review.bulk import IN_BULK, OF_ONE_CAUSE
from legacy_import.review.filter import ALL, DECIDED, LATER, PENDING, ReviewFilter
from legacy_import.review.offer import TREATABLE
from legacy_import.rules.reasons import REASONS

STATE_NAMES: dict[str, Promise] = {
    PENDING: gettext_lazy("to decide"),
    LATER: gettext_lazy("postponed"),
    DECIDED: gettext_lazy("decided"),
    ALL: gettext_lazy("all"),
}
FACET_NAMES: dict[str, Promise] = {
    "planned_reason": gettext_lazy("why it waits"),
    "classification": gettext_lazy("meaning of the row"),
    "validation_status": gettext_lazy("validation"),
    "duplicate_confidence": gettext_lazy("match with a known person"),
    "session_type": gettext_lazy("session"),
    "import_action": gettext_lazy("training record asked for"),
    "without_course": gettext_lazy("course"),
    "source_table": gettext_lazy("source table"),
    "to_classify": gettext_lazy("mapping"),
    "decision": gettext_lazy("decision"),
}
VOCABULARIES: dict[str, type[TextChoices]] = {
    "classification": Classification,
    "validation_status": ValidationStatus,
    "duplicate_confidence": DuplicateConfidence,
    "session_type": SessionType,
    "import_action": ImportAction,
    "source_table": SourceTable,
    "decision": ReviewDecision,
}
YES_NO: dict[str, tuple[Promise, Promise]] = {
    "without_course": (
        gettext_lazy("without a mapped course"),
        gettext_lazy("with a mapped course"),
    ),
    "to_classify": (gettext_lazy("changed since the plan"), gettext_lazy("as in the plan")),
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


def value_name(facet: str, value: str) -> str:
    """One value of one facet, never raw where there are words for it."""
    if facet in YES_NO:
        return str(YES_NO[facet][value != "1"])
    if facet == "planned_reason":
        return gettext(REASONS[value]) if value in REASONS else value.replace("_", " ")
    vocabulary = VOCABULARIES[facet]
    return str(vocabulary(value).label) if value in vocabulary.values else gettext("none")


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
