"""The description of a kind of mapping, used by the service, the weights and the screens.

A new kind is a model (a SourceMapping, listed in MAPPING_MODELS), a module like `courses.py` with its
MappingKind, its entry in `kinds.KINDS`, its part of the old catalogue (`catalogue.py`, `index.py`),
and a MappingScreen with a line and three templates (`screens/mapping/screens.py`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from ecoin.identity.masking import mask_text
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.index import MappingIndex
from legacy_import.mapping.row_groups import RowGroup
from legacy_import.models import SourceMapping

UNDO = "undo"  # the decision that undoes another

Fields = dict[str, Any]  # columns of a mapping and their new values
AnswerChanges = Mapping[str, tuple["Answer", "Answer"]]  # legacy id → before and after


class Answer(NamedTuple):
    """What rows get from a mapping: what is recorded by it, which plans rest on, and the rest."""

    recorded: Any
    rest: Any


class MappingRefused(LegacyImportError):
    """The decision is not possible; `code` is the reason, for the words of the screens."""

    exit_code = 2

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        if code == "being_classified":
            self.exit_code = 5


class DecisionInput(NamedTuple):
    """A person's input with a decision."""

    note: str = ""
    choice: int | None = None  # the id of the chosen object, if the decision needs one


def _always_possible(mappings: Sequence[Any], user_input: DecisionInput) -> None:
    """The check of a bulk that needs none."""


def _no_more_fields(mapping: Any, user_input: DecisionInput) -> Fields:
    return {}


@dataclass(frozen=True, slots=True)
class MappingDecision:
    """A possible decision about a mapping: the columns that it writes.

    `check` raises MappingRefused if it is impossible, and returns the columns that depend on the mapping
    or on the input. `assumed`: such columns, for a preview before there is any input.
    """

    fields: Fields
    check: Callable[[Any, DecisionInput], Fields] = _no_more_fields
    assumed: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingKind:
    """The differences between courses, sessions and other kinds."""

    name: str  # in addresses, and in MappingWeight.kind
    model: type[SourceMapping]
    answer_field: str  # what is decided; its new value is written to the log
    note_field: str = ""  # contains the note of the current decision; "": only the log does
    decisions: Mapping[str, MappingDecision]  # by the value of the button
    rule_answer: Callable[[Any], Fields]  # the columns to restore when a decision is undone
    # One click confirms these mappings of a source, and writes these columns; None: each by itself.
    bulk: Callable[[str], QuerySet[Any]] | None = None
    bulk_fields: Fields = field(default_factory=dict)
    exact: str = ""  # the decision that a bulk makes on each
    # Mappings that the bulk lists with a box each, in addition to those in `bulk`; None: no boxes.
    offered: Callable[[str], QuerySet[Any]] | None = None
    # Raises MappingRefused unless all of these mappings may be confirmed at once.
    bulk_check: Callable[[Sequence[Any], DecisionInput], None] = _always_possible
    mappings: Callable[[], QuerySet[Any]]  # all, with the attributes in `searched`
    mask: Callable[[str], str] = mask_text  # of its names and codes
    searched: tuple[str, ...] = ("display_name",)  # attributes to search in, besides the legacy id
    answer: Callable[[Any], Answer]  # of a mapping: what rows get from it
    # Source and changed answers → the staged rows that get another one.
    affected_rows: Callable[[str, AnswerChanges], Q]
    # Why rows wait: causes that such a decision removes, and causes of this kind that none does.
    causes: tuple[str, ...]
    other_causes: tuple[str, ...]
    legacy_id_of: Callable[[RowGroup, MappingIndex], str | None]  # the mapping the rows refer to
    frees: Callable[[RowGroup, MappingIndex], bool]  # would deciding it free these rows?
    # The index with the answers of these mappings, as their columns are, for previews.
    index_with: Callable[[MappingIndex, Collection[Any]], MappingIndex]
