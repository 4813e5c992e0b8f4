"""The people in the evidence of a row, users and leads, and the other rows of the run in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecoin.identity.masking import mask_text
from legacy_import.people.contact import Contact
from legacy_import.rules.duplicates import Target
from legacy_import.screens.review.words import evidence_phrases


@dataclass(frozen=True, slots=True)
class TargetView:
    """A user or lead in the evidence. `on_platform`: the person still exists there."""

    kind: str
    id: int
    name: str
    on_platform: bool
    tier: str
    blockers: tuple[str, ...]
    phrases: Sequence[tuple[str, str]]
    ruled_out: bool
    selected: bool

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class InRun:
    """Another row of the run that shares something with this one."""

    row: int
    name: str  # source_table:legacy_id
    same_person: bool
    blockers: tuple[str, ...]
    phrases: Sequence[tuple[str, str]]


def targets_of(
    evidence: Sequence[Mapping[str, Any]],
    contacts: Mapping[Target, Contact],
    requested: Target | None,
    ruled_out: Collection[Target],
) -> list[TargetView]:
    """The people of the evidence; selected: the requested one, or the first who is not ruled out."""
    targets = [(item["kind"], item["id"]) for item in evidence]
    first = next((target for target in targets if target not in ruled_out), None)
    selected = requested if requested in targets else first or next(iter(targets), None)
    return [
        TargetView(
            kind=target[0],
            id=target[1],
            name=mask_text(contacts[target].name) if target in contacts else "",
            on_platform=target in contacts,
            tier=item["tier"],
            blockers=tuple(item["blockers"]),
            phrases=evidence_phrases(item["evidence"]),
            ruled_out=target in ruled_out,
            selected=target == selected,
        )
        for target, item in zip(targets, evidence, strict=True)
    ]


def rows_in_run(evidence: Mapping[str, Any]) -> list[InRun]:
    """The other rows of the run in the evidence."""
    return [
        InRun(
            row=item["id"],
            name=item["row"],
            same_person=item["same_person"],
            blockers=tuple(item["blockers"]),
            phrases=evidence_phrases(item["evidence"]),
        )
        for item in evidence.get("in_run", [])
    ]
