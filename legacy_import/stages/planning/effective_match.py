"""Whom a row matches once the reviewers' decisions on its matches are applied."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from legacy_import.choices import DuplicateConfidence
from legacy_import.rules.decisions import InForce
from legacy_import.rules.duplicates import (
    PERSON_INACTIVE,
    SEVERAL_TARGETS,
    Match,
    Target,
    judge,
)
from legacy_import.stages.planning.earlier_imports import EarlierImport
from legacy_import.stages.planning.plan_row import PlanRow


class EffectiveMatch(NamedTuple):
    """The confidence, whether and why not it may be linked, and the person that is linked."""

    confidence: DuplicateConfidence
    linkable: bool
    blocker: str
    target: Target | None


NO_MATCH = EffectiveMatch(DuplicateConfidence.NONE, False, "", None)

# The person a row would be given to was deleted since: no one else is created without a reviewer.
PERSON_GONE = EffectiveMatch(DuplicateConfidence.HIGH, False, "person_gone", None)


# The account of that person is deactivated, and no reviewer linked the row knowing that.
INACTIVE = EffectiveMatch(DuplicateConfidence.HIGH, False, PERSON_INACTIVE, None)


def effective_match(
    row: PlanRow,
    decisions: InForce,
    evidence: Mapping[str, Any] | None,
    earlier: EarlierImport | None = None,
) -> EffectiveMatch:
    """The validation's verdict, unless a reviewer linked the row or ruled some of its matches out.

    `evidence`: of the row's matches; needed only if some were ruled out. `earlier`: of a row that
    another run imported; what is added or made again belongs to the person that the row became.
    """
    confidence = DuplicateConfidence(row.duplicate_confidence)
    if decisions.link_to:
        return EffectiveMatch(confidence, True, "", decisions.link_to)
    if earlier and (person := earlier.person_under(decisions)):
        return EffectiveMatch(confidence, True, "", person)
    matches = evidence.get("targets", []) if evidence else []
    remaining = [
        (person, Match(match["tier"], tuple(match["blockers"]), tuple(match["evidence"])))
        for match in matches
        if (person := (match["kind"], match["id"])) not in decisions.not_same
    ]
    if len(remaining) == len(matches):
        target = (row.match_kind, row.match_id) if row.match_id else None
        linkable = row.auto_link_allowed and target is not None
        blocker = row.duplicate_blocker
        return EffectiveMatch(confidence, linkable, blocker, target if linkable else None)
    if evidence and len(matches) < evidence.get("targets_total", 0):
        # There are matches that are not in the evidence: the next validation evaluates them.
        return EffectiveMatch(confidence, False, row.duplicate_blocker or SEVERAL_TARGETS, None)
    verdict = judge(remaining)
    return EffectiveMatch(
        DuplicateConfidence(verdict.confidence),
        verdict.auto_link_allowed,
        verdict.blockers[0] if verdict.blockers else "",
        verdict.targets[0][0] if verdict.auto_link_allowed else None,
    )
