"""What the facets of staged rows and their values are called, in the reader's language."""

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
from legacy_import.rules.reasons import REASONS

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


def value_name(facet: str, value: str) -> str:
    """One value of one facet, never raw where there are words for it."""
    if facet in YES_NO:
        return str(YES_NO[facet][value != "1"])
    if facet == "planned_reason":
        return gettext(REASONS[value]) if value in REASONS else value.replace("_", " ")
    vocabulary = VOCABULARIES[facet]
    return str(vocabulary(value).label) if value in vocabulary.values else gettext("none")
