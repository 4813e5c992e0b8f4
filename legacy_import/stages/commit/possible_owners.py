"""The people whom validation found for rows that become history attached to no one.

They go with the history, so that staff decide later whose it is (docs/decisions/0071).
"""

from collections.abc import Sequence

from ecoin.bulk import Ids
from legacy_import.choices import DuplicateConfidence
from legacy_import.models import LegacyStudentImport
from legacy_import.stages.commit.effects.effect import PossibleOwner
from legacy_import.stages.planning.cases import Case

# A similar name alone makes no one the probable owner of anything.
TIERS = (DuplicateConfidence.HIGH.value, DuplicateConfidence.MEDIUM.value)
NEVER_LINKS = "medium_match"  # why a match without its own blocker did not link


def possible_owners(cases: Sequence[Case]) -> dict[int, tuple[PossibleOwner, ...]]:
    """Row id → the matches that may not link, without those whom a reviewer ruled out."""
    matched = {
        case.row.pk: case
        for case in cases
        if case.target is None and case.row.duplicate_confidence in TIERS
    }
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(matched))
    return {
        pk: tuple(
            PossibleOwner(match["kind"], match["id"], [*match["blockers"], NEVER_LINKS][0])
            for match in evidence.get("targets", [])
            if match["tier"] in TIERS
            and (match["kind"], match["id"]) not in matched[pk].decisions.not_same
        )
        for pk, evidence in rows.values_list("pk", "duplicate_evidence")
    }
