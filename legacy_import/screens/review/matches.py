"""Whom the evidence of a row names: users and leads, and other rows of the run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecoin.identity.masking import mask_text
from legacy_import.people.contact import Contact
from legacy_import.rules.duplicates import Target
from legacy_import.screens.review.words import phrases


@dataclass(frozen=True, slots=True)
class TargetView:
    """A user or lead whom the evidence names. `known`: still on the platform."""

    kind: str
    id: int
    name: str
    known: bool
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
    shown: Sequence[Mapping[str, Any]],
    known: Mapping[Target, Contact],
    requested: Target | None,
    ruled_out: Collection[Target],
) -> list[TargetView]:
    """The people of the evidence; selected: the requested one, else the first not ruled out."""
    named = [(found["kind"], found["id"]) for found in shown]
    first = next((target for target in named if target not in ruled_out), None)
    selected = requested if requested in named else first or next(iter(named), None)
    return [
        TargetView(
            kind=target[0],
            id=target[1],
            name=mask_text(known[target].name) if target in known else "",
            known=target in known,
            tier=found["tier"],
            blockers=tuple(found["blockers"]),
            phrases=phrases(found["evidence"]),
            ruled_out=target in ruled_out,
            selected=target == selected,
        )
        for target, found in zip(named, shown, strict=True)
    ]


def rows_beside(evidence: Mapping[str, Any]) -> list[InRun]:
    """The rows of the run that the evidence names, as many as it kept."""
    return [
        InRun(
            row=found["id"],
            name=found["row"],
            same_person=found["same_person"],
            blockers=tuple(found["blockers"]),
            phrases=phrases(found["evidence"]),
        )
        for found in evidence.get("in_run", [])
    ]
