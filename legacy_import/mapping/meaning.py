"""What a row's status, session and course mean under the rules: evaluated once per distinct case.

The import writes the meaning with each staged row, so that a row is written once; `classify` evaluates
it again under the current mappings and writes what differs.
"""

from typing import NamedTuple

from legacy_import.choices import Classification, SessionType
from legacy_import.mapping.index import MappingIndex
from legacy_import.rules import import_action, statuses
from legacy_import.rules.courses import CourseState

MAX_PAIRS = 100_000  # cached pairs of formation and session: about 20 MB


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
    """What one distinct case means, and the versions of the mappings it depends on."""

    meaning: MeaningColumns
    training: TrainingColumns
    versions: str


class _TrainingKey(NamedTuple):
    """What the meaning depends on, for a formation and a session: a few hundred for all pairs."""

    session_type: SessionType
    session_rule: str
    session_confirmed: bool
    course_state: CourseState
    course_id: int | None
    course_rule: str
    versions: str


class MeaningCache:
    """The meanings of the cases of one source under its mappings."""

    def __init__(self, mappings: MappingIndex) -> None:
        self._mappings = mappings
        self._numbers: dict[_TrainingKey, int] = {}
        self._training_keys: list[_TrainingKey] = []
        self._pairs: dict[tuple[str | None, str | None], int] = {}
        self._meanings: dict[tuple[str, int], CaseMeaning] = {}

    def meaning_of(
        self, raw_status: str, formation: str | None, session: str | None
    ) -> CaseMeaning:
        """The meaning of a row with this status that refers to this formation and this session."""
        pair = (formation, session)
        number = self._pairs.get(pair)
        if number is None:
            number = self._number(formation, session)
            if len(self._pairs) >= MAX_PAIRS:
                self._pairs.clear()
            self._pairs[pair] = number
        case = (raw_status, number)
        if case not in self._meanings:
            if len(self._meanings) >= MAX_PAIRS:
                self._meanings.clear()
            self._meanings[case] = _evaluate(raw_status, self._training_keys[number])
        return self._meanings[case]

    def _number(self, formation: str | None, session: str | None) -> int:
        training = self._mappings.training(formation, session)
        key = _TrainingKey(
            training.session.session_type,
            training.session.rule,
            training.session_confirmed,
            training.course.state,
            training.course.course_id,
            training.course_rule,
            training.versions,
        )
        number = self._numbers.setdefault(key, len(self._training_keys))
        if number == len(self._training_keys):
            self._training_keys.append(key)
        return number


def _evaluate(raw_status: str, key: _TrainingKey) -> CaseMeaning:
    meaning = statuses.classify(raw_status, key.session_type)
    action = import_action.decide(meaning.classification, key.session_type, key.course_state)
    return CaseMeaning(
        MeaningColumns(Classification(meaning.classification).value, meaning.rule),
        TrainingColumns(
            session_type=key.session_type.value,
            session_rule=key.session_rule,
            session_confirmed=key.session_confirmed,
            course_id=key.course_id,
            course_rule=key.course_rule,
            import_action=action.action.value,
            action_reason=action.reason,
        ),
        key.versions,
    )
