"""What the rules read from a row's status, session and course: once per distinct case.

The import writes this reading beside what it stages, so that a row is written once; `classify` reads
again, under the mappings of its own time, and writes what differs.
"""

from typing import NamedTuple

from legacy_import.choices import Classification, SessionType
from legacy_import.mapping.index import MappingIndex
from legacy_import.rules import import_action, statuses
from legacy_import.rules.courses import CourseState

MOST_PAIRS = 100_000  # pairs of formation and session that are remembered: some 20 MB


class MeaningColumns(NamedTuple):
    """Columns of LegacyStudentImport, under their own names: plain values, as stored."""

    classification: str
    classification_rule: str


class TrainingColumns(NamedTuple):
    """Columns of LegacyTrainingImport, under their own names: plain values, as stored."""

    session_type: str
    session_rule: str
    session_confirmed: bool
    course_id: int | None
    course_rule: str
    import_action: str
    action_reason: str


class CaseMeaning(NamedTuple):
    """What one distinct case comes to, and the versions of the mappings that said so."""

    meaning: MeaningColumns
    training: TrainingColumns
    versions: str


class _Kind(NamedTuple):
    """All that matters of a formation and a session; a few hundred of them stand for all pairs."""

    session_type: SessionType
    session_rule: str
    session_confirmed: bool
    course_state: CourseState
    course_id: int | None
    course_rule: str
    versions: str


class Readings:
    """The readings of one source under its mappings, remembered."""

    def __init__(self, mappings: MappingIndex) -> None:
        self._mappings = mappings
        self._numbers: dict[_Kind, int] = {}
        self._kinds: list[_Kind] = []
        self._pairs: dict[tuple[str | None, str | None], int] = {}
        self._found: dict[tuple[str, int], CaseMeaning] = {}

    def of(self, raw_status: str, formation: str | None, session: str | None) -> CaseMeaning:
        """What a row with this status means that names this formation and this session."""
        pair = (formation, session)
        number = self._pairs.get(pair)
        if number is None:
            number = self._number(formation, session)
            if len(self._pairs) >= MOST_PAIRS:
                self._pairs.clear()
            self._pairs[pair] = number
        case = (raw_status, number)
        if case not in self._found:
            if len(self._found) >= MOST_PAIRS:
                self._found.clear()
            self._found[case] = _read(raw_status, self._kinds[number])
        return self._found[case]

    def _number(self, formation: str | None, session: str | None) -> int:
        training = self._mappings.training(formation, session)
        kind = _Kind(
            training.session.session_type,
            training.session.rule,
            training.session_confirmed,
            training.course.state,
            training.course.course_id,
            training.course_rule,
            training.versions,
        )
        number = self._numbers.setdefault(kind, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append(kind)
        return number


def _read(raw_status: str, kind: _Kind) -> CaseMeaning:
    meaning = statuses.classify(raw_status, kind.session_type)
    action = import_action.decide(meaning.classification, kind.session_type, kind.course_state)
    return CaseMeaning(
        MeaningColumns(Classification(meaning.classification).value, meaning.rule),
        TrainingColumns(
            session_type=kind.session_type.value,
            session_rule=kind.session_rule,
            session_confirmed=kind.session_confirmed,
            course_id=kind.course_id,
            course_rule=kind.course_rule,
            import_action=action.action.value,
            action_reason=action.reason,
        ),
        kind.versions,
    )
