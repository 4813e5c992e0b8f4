"""What evidence and issues say, in the reader's language."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from legacy_import.rules.duplicates import EVIDENCE_WORDS
from legacy_import.rules.reasons import REASONS

# Issues that are noted without being a doubt; the doubts are reasons of the plan (rules.reasons).
NOTES: dict[str, str] = {
    "value_cut": _("a value of more than one megabyte was cut"),
    "column_cut": _("too long for its column; the payload holds all of it"),
    "text_repaired": _("wrongly encoded text, repaired for comparison only"),
    "birth_date_missing": _("no birth date"),
    "birth_date_placeholder": _("a placeholder instead of a birth date"),
    "birth_date_partial": _("a birth date that is not complete"),
    "phone_missing": _("no phone"),
    "phone_invalid": _("a phone that no network has"),
    "phone_placeholder": _("a placeholder instead of a phone"),
    "phone_several": _("several phones in one field"),
    "email_missing": _("no e-mail"),
    "email_invalid": _("an e-mail that cannot be one"),
    "email_placeholder": _("a placeholder instead of an e-mail"),
    "email_role_mailbox": _("a school's or shop's mailbox"),
    "email_typo": _("an e-mail that looks mistyped"),
}


def issue_words(issue: str) -> tuple[str, str]:
    """(words, column) of one validation issue; the column is "" where none is meant."""
    code, _colon, column = issue.partition(":")
    words = REASONS.get(code) or NOTES.get(code)
    return (gettext(words) if words else code.replace("_", " ")), column


def phrases(evidence: Iterable[str]) -> Sequence[tuple[str, str]]:
    """(words, masked value) of each item of evidence, in the reader's language."""
    found = []
    for item in evidence:
        code, _colon, value = item.partition(":")
        words = EVIDENCE_WORDS.get(code)
        found.append((gettext(words) if words else code.replace("_", " "), value))
    return found
