"""The forms of reviewers: parsed and typed here, validated by the services."""

from collections.abc import Sequence

from django import forms
from django.http import Http404

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.privacy.free_text import MAX_NOTE
from legacy_import.review.bulk import IN_BULK, REPEAT
from legacy_import.review.decisions import CourseArgument
from legacy_import.review.filter import is_number
from legacy_import.review.offers import TREATABLE
from legacy_import.review.together import MOST_FELLOWS, OtherRow
from legacy_import.rules.duplicates import Target
from legacy_import.screens.address import parse_person

KEEP_NAME = "name"  # instead of a course: the old name is kept
MOST = 2**62  # of ids and versions; every database can compare it with its keys


class DecisionForm(forms.Form):
    """One decision about the row as the reviewer saw it: the arguments of review.decisions.decide."""

    version = forms.IntegerField(min_value=1, max_value=MOST)
    decision = forms.TypedChoiceField(choices=ReviewDecision.choices, coerce=ReviewDecision)
    treat_as = forms.TypedChoiceField(
        choices=[(value.value, value.label) for value in TREATABLE],
        coerce=Classification, empty_value=None, required=False,
    )  # fmt: skip
    person = forms.CharField(max_length=40, required=False)
    proof = forms.CharField(max_length=400, required=False)
    inactive = forms.BooleanField(required=False)
    course = forms.CharField(max_length=20, required=False)
    note = forms.CharField(max_length=2_000, required=False)

    def clean_person(self) -> Target | None:
        return parse_person(self.cleaned_data["person"])

    def clean_course(self) -> CourseArgument | None:
        """A course's id, or KEEP_NAME; None for anything else."""
        text = self.cleaned_data["course"]
        if text == KEEP_NAME:
            return CourseArgument(None)
        return CourseArgument(int(text)) if text and is_number(text) else None


def parse_others(values: Sequence[str]) -> list[OtherRow]:
    """The ticked rows of the same person, as `row:version`. Raises Http404 for anything else."""
    others = []
    for value in values:
        row, _colon, version = value.partition(":")
        if not (is_number(row) and is_number(version)) or len(values) > MOST_FELLOWS:
            raise Http404
        others.append(OtherRow(int(row), int(version)))
    return others


class VersionForm(forms.Form):
    """The version of the row that the reviewer saw."""

    version = forms.IntegerField(min_value=1, max_value=MOST)


class UndoForm(forms.Form):
    """The decision to undo; for several rows, their bulk."""

    event = forms.IntegerField(min_value=1, max_value=MOST)


class ReasonForm(forms.Form):
    """The reason for a reveal. The service validates its length and content."""

    reason = forms.CharField(max_length=2_000, required=False)


class PhoneForm(forms.Form):
    phone = forms.CharField(max_length=MAX_NOTE, required=False)


class BulkForm(forms.Form):
    """A decision about the selected rows, or about all that the filter matches.

    `expected` is the number on the confirm page; only that page sends it.
    """

    decision = forms.TypedChoiceField(
        choices=[(value.value, value.label) for value in (*IN_BULK, REPEAT)],
        coerce=lambda value: REPEAT if value == REPEAT else ReviewDecision(value),
    )
    treat_as = forms.TypedChoiceField(
        choices=[(value.value, value.label) for value in TREATABLE],
        coerce=Classification, empty_value=None, required=False,
    )  # fmt: skip
    scope = forms.ChoiceField(choices=[("chosen", ""), ("all", "")])
    expected = forms.IntegerField(min_value=0, max_value=MOST, required=False)


class FilterForm(forms.Form):
    """A filter to save under a name, or the id of one to delete."""

    name = forms.CharField(max_length=80, required=False)
    forget = forms.IntegerField(min_value=1, max_value=MOST, required=False)
