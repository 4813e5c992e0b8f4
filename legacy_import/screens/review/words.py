"""The words of the queue, in the reader's language: states, effects, focuses, issues, evidence."""

from collections.abc import Iterable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from legacy_import.choices import FocusMode, ReviewDecision
from legacy_import.review.bulk import IN_BULK, OF_ONE_CAUSE, REPEAT, Choice
from legacy_import.review.filter import ALL, DECIDED, LATER, OTHER, PENDING, RowFilter
from legacy_import.review.offers import TREATABLE
from legacy_import.rules.duplicates import EVIDENCE_WORDS
from legacy_import.rules.reasons import REASONS

STATE_NAMES: dict[str, Promise] = {
    PENDING: gettext_lazy("to decide"),
    LATER: gettext_lazy("postponed"),
    DECIDED: gettext_lazy("decided"),
    ALL: gettext_lazy("all"),
}
# Decision → its effect, on the confirm page of a bulk.
EFFECTS: dict[Choice, Promise] = {
    REPEAT: gettext_lazy(
        "The decisions about the earlier version of each row apply to the row as it is now. Rows to"
        " which one of them does not apply stay as they are."
    ),
    ReviewDecision.SKIP: gettext_lazy(
        "The next plan skips these rows: no record is created from them."
    ),
    ReviewDecision.LATER: gettext_lazy("These rows stay in the queue, as postponed."),
    ReviewDecision.RESET: gettext_lazy(
        "The decisions about these rows no longer apply, except those on who is not the same person."
    ),
    ReviewDecision.ACCEPT_DATA: gettext_lazy(
        "In the next plan, the doubtful data of these rows is treated as valid, and what is deleted on"
        " the old platform counts all the same."
    ),
    ReviewDecision.TREAT_AS: gettext_lazy(
        "In the next plan, these rows have this meaning instead of the one that their old status gives."
    ),
    ReviewDecision.CREATE_ANYWAY: gettext_lazy(
        "In the next plan, a lead is created from each of these rows although no contact is trustworthy."
    ),
    ReviewDecision.ANOTHER_PERSON: gettext_lazy(
        "The next plan treats each of these rows as the person who has its number now; what was"
        " imported before stays with the person who had it then."
    ),
    ReviewDecision.CREATE_AGAIN: gettext_lazy(
        "The next plan creates again what was deleted on the platform."
    ),
    ReviewDecision.RELEASE_WITHOUT_SESSION: gettext_lazy(
        "In the next plan, no waiting list or unknown session blocks these rows."
    ),
}

# Decision → the message after it: what was done, and by whom.
DONE: dict[Choice, str] = {
    ReviewDecision.LINK: _("Linked by %(name)s"),
    ReviewDecision.NOT_SAME: _("Not the same person, decided by %(name)s"),
    ReviewDecision.ACCEPT_DATA: _("Data accepted by %(name)s"),
    ReviewDecision.TREAT_AS: _("Meaning chosen by %(name)s"),
    ReviewDecision.RELEASE_WITHOUT_SESSION: _("Recorded without a session by %(name)s"),
    ReviewDecision.CREATE_ANYWAY: _("Created anyway by %(name)s"),
    ReviewDecision.COURSE_OF_ROW: _("Course of the row chosen by %(name)s"),
    ReviewDecision.COURSE_OF_SESSION: _("Course of the session chosen by %(name)s"),
    ReviewDecision.SET_COURSE: _("Course set by %(name)s"),
    ReviewDecision.ACKNOWLEDGE: _("Change acknowledged by %(name)s"),
    ReviewDecision.ADD_HISTORY: _("History added by %(name)s"),
    ReviewDecision.ANOTHER_PERSON: _("Another person, decided by %(name)s"),
    ReviewDecision.CREATE_AGAIN: _("Created again by %(name)s"),
    ReviewDecision.SEPARATE: _("Separated from its group by %(name)s"),
    ReviewDecision.SKIP: _("Skipped by %(name)s"),
    ReviewDecision.LATER: _("Postponed by %(name)s"),
    ReviewDecision.RESET: _("Reset by %(name)s"),
    REPEAT: _("Earlier decision repeated by %(name)s"),
}

# Issues that are recorded without being a doubt; the doubts are reasons of the plan (rules.reasons).
NOTES: dict[str, str] = {
    "value_cut": _("a value of more than one megabyte was cut"),
    "column_cut": _("too long for its column; the payload contains all of it"),
    "text_repaired": _("wrongly encoded text, repaired for comparison only"),
    "birth_date_missing": _("no birth date"),
    "birth_date_placeholder": _("a placeholder instead of a birth date"),
    "birth_date_partial": _("a birth date that is not complete"),
    "phone_missing": _("no phone"),
    "phone_invalid": _("an invalid phone"),
    "phone_placeholder": _("a placeholder instead of a phone"),
    "phone_several": _("several phones in one field"),
    "email_missing": _("no e-mail"),
    "email_invalid": _("an invalid e-mail"),
    "email_placeholder": _("a placeholder instead of an e-mail"),
    "email_role_mailbox": _("a school's or shop's mailbox"),
    "email_typo": _("an e-mail that looks mistyped"),
}
UNKNOWN = _("unknown")  # a code of a newer version: codes are never shown


def issue_words(issue: str) -> tuple[str, str]:
    """(words, column) of one validation issue; the column is "" where none is meant."""
    code, _colon, column = issue.partition(":")
    words = REASONS.get(code) or NOTES.get(code)
    return gettext(words or UNKNOWN), column


def evidence_phrases(evidence: Iterable[str]) -> Sequence[tuple[str, str]]:
    """(words, masked value) of each item of evidence, in the reader's language."""
    phrases = []
    for item in evidence:
        code, _colon, value = item.partition(":")
        words = EVIDENCE_WORDS.get(code)
        phrases.append((gettext(words or UNKNOWN), value))
    return phrases


def done_words(decision: Choice, name: str) -> str:
    """What was decided, in the past tense, with the name of the reviewer."""
    return gettext(DONE[decision]) % {"name": name}


def focus_name(focus: str) -> str:
    """The name of a tab."""
    if focus == ALL:
        return gettext("all")
    return gettext("other") if focus == OTHER else str(FocusMode(focus).label)


def bulk_decisions(query: RowFilter) -> list[tuple[str, str]]:
    """(value, name) of the decisions about many rows that this filter allows."""
    one_cause = "planned_reason" in query.facets
    decisions: list[Choice] = [d for d in IN_BULK if one_cause or d not in OF_ONE_CAUSE]
    if one_cause and "earlier_decision" in query.facets:
        decisions = [REPEAT, *decisions]
    return [(decision.value, str(decision.label)) for decision in decisions]


def treat_as_choices() -> list[tuple[str, str]]:
    return [(value.value, str(value.label)) for value in TREATABLE]
