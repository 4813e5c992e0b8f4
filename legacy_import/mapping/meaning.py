"""What a row's status, session and course mean under the rules: evaluated once per distinct case.

The import writes the meaning with each staged row, so that a row is written once; `classify` evaluates
it again under the current mappings and writes what differs.
"""

from collections import defaultdict
from typing import NamedTuple

from legacy_import.choices import Classification, SessionType
from legacy_import.mapping.index import MappingIndex
from legacy_import.rules import import_action, statuses
from legacy_import.rules.courses import CourseState

MAX_PAIRS = 100_000  # cached pairs of formation and session: about 20 MB
MAX_STATUSES = 1_000  # cached statuses of one combination of session and course


class MeaningColumns(NamedTuple):
    """Columns of LegacyStudentImport, under their own names: plain values, as stored."""

    classification: str
    classification_rule: str
    status_key: str | None


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
    history_released: bool
    versions: str


Meanings = dict[str, CaseMeaning]  # by status


class MeaningCache:
    """The meanings of the cases of one source under its mappings."""

    def __init__(self, mappings: MappingIndex) -> None:
        self._mappings = mappings
        self._pairs: dict[tuple[str | None, str | None], tuple[_TrainingKey, Meanings]] = {}
        self._meanings: defaultdict[_TrainingKey, Meanings] = defaultdict(dict)

    def meaning_of(
        self, raw_status: str, formation: str | None, session: str | None
    ) -> CaseMeaning:
        """The meaning of a row with this status that refers to this formation and this session."""
        pair = (formation, session)
        if pair not in self._pairs:
            if len(self._pairs) >= MAX_PAIRS:
                self._pairs.clear()
            key = self._key(formation, session)
            self._pairs[pair] = key, self._meanings[key]
        key, meanings = self._pairs[pair]
        if raw_status not in meanings:
            if len(meanings) >= MAX_STATUSES:
                meanings.clear()
            meanings[raw_status] = _evaluate(raw_status, key, self._mappings)
        return meanings[raw_status]

    def _key(self, formation: str | None, session: str | None) -> _TrainingKey:
        training = self._mappings.training(formation, session)
        return _TrainingKey(
            training.session.session_type,
            training.session.rule,
            training.session_confirmed,
            training.course.state,
            training.course.course_id,
            training.course_rule,
            training.history_released,
            training.versions,
        )


def _evaluate(raw_status: str, key: _TrainingKey, mappings: MappingIndex) -> CaseMeaning:
    meaning = statuses.classify(raw_status, key.session_type)
    status_key, versions = None, key.versions
    if meaning.classification == Classification.UNKNOWN:
        status_key = statuses.key_of(raw_status)
    if status_key is not None:
        answer = mappings.status(status_key)
        versions = f"{versions} status={answer.version}"
        if answer.classification is not None:
            meaning = statuses.Meaning(answer.classification, statuses.DEFINED)
    action = import_action.decide(
        meaning.classification,
        key.session_type,
        key.course_state,
        history_released=key.history_released,
    )
    return CaseMeaning(
        MeaningColumns(Classification(meaning.classification).value, meaning.rule, status_key),
        TrainingColumns(
            session_type=key.session_type.value,
            session_rule=key.session_rule,
            session_confirmed=key.session_confirmed,
            course_id=key.course_id,
            course_rule=key.course_rule,
            import_action=action.action.value,
            action_reason=action.reason,
        ),
        versions,
    )
