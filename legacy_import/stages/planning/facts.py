"""The facts that rules.commit_policy decides on, made of one staged row and what surrounds it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    SessionType,
    ValidationStatus,
)
from legacy_import.mapping.index import Training
from legacy_import.rules import import_action
from legacy_import.rules.commit_policy import Facts, Origin, Place
from legacy_import.rules.decisions import InForce
from legacy_import.rules.duplicates import SEVERAL_TARGETS, Match, Target, judge
from legacy_import.rules.validation import issues_of, status_of, worst_issue


class PlanRow(NamedTuple):
    """The staged columns that facts are made of, under their own names."""

    # each row's own
    pk: int
    source_table: str
    legacy_id: str
    payload_hash: str
    match_id: int | None
    group_first_id: int | None
    planned_basis: str  # of the last plan, or what the import read the row by
    told_issues: str  # JSON: reading it is for the few distinct ones
    # what many rows share
    version: int
    validation_status: str
    classification: str
    duplicate_confidence: str
    auto_link_allowed: bool
    duplicate_blocker: str
    match_kind: str
    contact_trusted: bool
    group_conflict: bool
    legacy_formation_id: str | None
    legacy_session_id: str | None


PER_ROW = PlanRow._fields.index("version")  # from here on, columns that many rows share,
OWN = PlanRow._fields.index("legacy_formation_id")  # up to those that only say which training it is


class Matching(NamedTuple):
    """What the matches of a row come to once the reviewers' words are applied."""

    confidence: DuplicateConfidence
    linkable: bool
    blocker: str
    target: Target | None


NO_MATCH = Matching(DuplicateConfidence.NONE, False, "", None)

# The person a row would be given to was deleted since: nobody is created in their place unasked.
PERSON_GONE = Matching(DuplicateConfidence.HIGH, False, "person_gone", None)


class Around(NamedTuple):
    """What is known of a row beyond its own columns and matches."""

    origin: Origin
    place: Place
    group_has_history: bool


def facts_of(
    row: PlanRow, said: InForce, matching: Matching, training: Training, around: Around
) -> Facts:
    classification = said.treat_as or Classification(row.classification)
    session_type = training.session.session_type
    if said.release_without_session:
        session_type = SessionType.NONE
    action = import_action.decide(classification, session_type, training.course.state)
    issues = issues_of(row.told_issues)
    status = ValidationStatus(row.validation_status)
    if matching.confidence != row.duplicate_confidence:
        status = status_of(issues, matching.confidence)
    if said.accept_data and status == ValidationStatus.NEEDS_REVIEW:
        status = ValidationStatus.VALID
    return Facts(
        classification=classification,
        validation_status=status,
        doubt=worst_issue(issues),
        import_action=ImportAction(action.action),
        action_reason=action.reason,
        origin=around.origin,
        session_confirmed=training.session_confirmed and session_type == SessionType.REAL_SESSION,
        confidence=matching.confidence,
        linkable=matching.linkable,
        blocker=matching.blocker,
        contact_trusted=row.contact_trusted,
        place=around.place,
        group_has_history=around.group_has_history,
        group_conflict=row.group_conflict and said.link_to is None,
        skipped=said.skip,
        postponed=said.later,
    )


def place_of(row: PlanRow) -> Place:
    if row.group_first_id is None:
        return Place.ALONE
    return Place.FIRST if row.group_first_id == row.pk else Place.FOLLOWER


def matching_of(row: PlanRow, said: InForce, evidence: Mapping[int, Any]) -> Matching:
    """The rule's verdict, unless a reviewer linked the row or ruled some of its matches out."""
    confidence = DuplicateConfidence(row.duplicate_confidence)
    if said.link_to:
        return Matching(confidence, True, "", said.link_to)
    shown = evidence[row.pk].get("targets", []) if row.pk in evidence else []
    if not any((found["kind"], found["id"]) in said.not_same for found in shown):
        target = (row.match_kind, row.match_id) if row.match_id else None
        linkable = row.auto_link_allowed and target is not None
        return Matching(confidence, linkable, row.duplicate_blocker, target if linkable else None)
    if len(shown) < evidence[row.pk].get("targets_total", 0):
        # Matches nobody has seen are left: the next validation looks at them without these.
        return Matching(confidence, False, row.duplicate_blocker or SEVERAL_TARGETS, None)
    verdict = judge(
        [
            (target, Match(found["tier"], tuple(found["blockers"]), tuple(found["evidence"])))
            for found in shown
            if (target := (found["kind"], found["id"])) not in said.not_same
        ]
    )
    target = verdict.targets[0][0] if verdict.auto_link_allowed else None
    return Matching(
        DuplicateConfidence(verdict.confidence),
        verdict.auto_link_allowed,
        verdict.blockers[0] if verdict.blockers else "",
        target,
    )
