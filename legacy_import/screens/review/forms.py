"""What reviewers send: read and typed here, judged by the services."""

from typing import Any

from django import forms

from legacy_import.choices import Classification, PersonKind, ReviewDecision
from legacy_import.privacy.free_text import MAX_NOTE
from legacy_import.review.bulk import IN_BULK
from legacy_import.review.decisions import TREATABLE
from legacy_import.rules.duplicates import Target

MOST = 2**62  # ids and versions; every database can compare it with its keys
PEOPLE = (PersonKind.USER.value, PersonKind.LEAD.value)


def person_of(text: str) -> Target | None:
    """'lead:7' → ('lead', 7); None for anything else."""
    kind, _colon, digits = text.partition(":")
    if kind in PEOPLE and digits.isascii() and digits.isdigit() and 0 < len(digits) < 19:
        return kind, int(digits)
    return None


class DecisionForm(forms.Form):
    """One decision about the row as the reviewer saw it."""

    version = forms.IntegerField(min_value=1, max_value=MOST)
    decision = forms.ChoiceField(choices=ReviewDecision.choices)
    treat_as = forms.ChoiceField(
        choices=[("", ""), *((value.value, value.label) for value in TREATABLE)], required=False
    )
    person = forms.CharField(max_length=40, required=False)
    proof = forms.CharField(max_length=400, required=False)
    note = forms.CharField(max_length=2_000, required=False, strip=True)

    def told(self) -> dict[str, Any]:
        """The arguments of review.decisions.decide that the form holds."""
        data = self.cleaned_data
        return {
            "version": data["version"],
            "decision": ReviewDecision(data["decision"]),
            "treat_as": Classification(data["treat_as"]) if data["treat_as"] else None,
            "person": person_of(data["person"]),
            "proof": data["proof"],
            "note": data["note"],
        }


class UndoForm(forms.Form):
    event = forms.IntegerField(min_value=1, max_value=MOST)


class ReasonForm(forms.Form):
    """Why somebody looks at what is masked. Length and content are the service's to judge."""

    reason = forms.CharField(max_length=2_000, required=False)


class PhoneForm(forms.Form):
    phone = forms.CharField(max_length=MAX_NOTE, required=False)


class BulkForm(forms.Form):
    """A decision about the chosen rows, or about all that the filter matches.

    `expected` is what the confirm page said; it comes back only from there.
    """

    decision = forms.ChoiceField(choices=[(value.value, value.label) for value in IN_BULK])
    scope = forms.ChoiceField(choices=[("chosen", ""), ("all", "")])
    expected = forms.IntegerField(min_value=0, max_value=MOST, required=False)


class FilterForm(forms.Form):
    """A filter to keep under a name, or the number of one to forget."""

    name = forms.CharField(max_length=80, required=False)
    forget = forms.IntegerField(min_value=1, max_value=MOST, required=False)
