"""What the stages stored about a labelled set, and the figures that result from it.

Nothing here decides who is who: matches, groups and actions are the product's, identities the set's.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

CONTACT_CODES: Final = frozenset({"same_phone", "same_email"})
SAME_NAME_CODES: Final = frozenset({"name_same", "name_same_order_swapped"})
TWO_NAMES_CODES: Final = frozenset({"name_differs", "name_missing", "name_unreadable"})
SAME_DATE_CODES: Final = frozenset({"birth_date_equal", "birth_date_swapped"})
READ_UNTIL: Final = 0.80  # of the true matches


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record, or another row, that a row was matched with; `person` is who it truly is."""

    person: int
    tier: str
    is_blocked: bool
    codes: frozenset[str]  # of the evidence, without their values

    @property
    def is_joined(self) -> bool:
        """Unblocked HIGH, or MEDIUM."""
        return self.tier == "medium" or (self.tier == "high" and not self.is_blocked)

    @property
    def has_same_name_and_date(self) -> bool:
        return not (
            self.codes.isdisjoint(SAME_NAME_CODES) or self.codes.isdisjoint(SAME_DATE_CODES)
        )

    @property
    def shares_contact(self) -> bool:
        return not self.codes.isdisjoint(CONTACT_CODES)

    @property
    def has_one_name(self) -> bool:
        return self.codes.isdisjoint(TWO_NAMES_CODES)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """One row of the old database after the dry run; `targets` are records, the best one first."""

    person: int
    script: str
    is_trained: bool
    targets: tuple[Candidate, ...]
    in_run: tuple[Candidate, ...]
    linked_person: int | None
    group: int | None
    action: str
    queue_place: int | None = None  # among the rows that wait for a reviewer

    @property
    def has_own_target(self) -> bool:
        return any(target.person == self.person for target in self.targets)


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`; 1 of nothing."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 1.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set."""

    rows: int
    people: int
    records: int
    link_precision: Share  # of rows that are linked
    link_recall: Share  # of rows whose person has a record
    same_name_and_date_precision: Share  # of (row, record)
    joined_precision: Share  # of (row, record)
    joined_recall: Share  # of rows whose person has a record
    group_precision: Share  # of pairs of rows
    group_recall: Share  # of pairs of rows
    doubled: Share  # of people
    trained_as_lead: Share  # of people with a trained row
    one_name: Share  # of matches of two people on one contact
    other_script_shown: Share  # of rows whose record is in the other script
    other_script_linked: Share  # of the same
    own_target_first: Share  # of rows in the queue with the person's record among their matches
    queue_rows: int
    queue_precision: float
    queue_read: int  # rows, until READ_UNTIL of the true matches
    seconds: float  # of the processor, from the import to the plan

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Figures:
        fields: dict[str, Any] = {
            name: Share(**value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
        return cls(**fields)


def figures_of(
    rows: Sequence[RowOutcome], record_scripts: Mapping[int, str], seconds: float
) -> Figures:
    """The figures of a set. `record_scripts`: each person with a record → the script it is in."""
    recorded = [row for row in rows if row.person in record_scripts]
    linked = [row for row in rows if row.linked_person is not None]
    right_links = sum(row.linked_person == row.person for row in linked)
    foreign = [row for row in recorded if row.script != record_scripts[row.person]]
    queue = sorted(
        (row for row in rows if row.queue_place is not None and row.targets),
        key=lambda row: row.queue_place or 0,
    )
    own = [row for row in queue if row.has_own_target]
    queue_precision, queue_read = queue_order([row.has_own_target for row in queue])
    group_precision, group_recall = _groups(rows)
    return Figures(
        rows=len(rows),
        people=len({row.person for row in rows} | record_scripts.keys()),
        records=len(record_scripts),
        link_precision=Share(right_links, len(linked)),
        link_recall=Share(right_links, len(recorded)),
        same_name_and_date_precision=_precision(rows, "has_same_name_and_date"),
        joined_precision=_precision(rows, "is_joined"),
        joined_recall=Share(sum(map(_is_joined_to_own, recorded)), len(recorded)),
        group_precision=group_precision,
        group_recall=group_recall,
        doubled=_doubled(rows, record_scripts.keys()),
        trained_as_lead=_trained_as_lead(rows),
        one_name=_one_name(rows),
        other_script_shown=Share(sum(row.has_own_target for row in foreign), len(foreign)),
        other_script_linked=Share(
            sum(row.linked_person == row.person for row in foreign), len(foreign)
        ),
        own_target_first=Share(sum(row.targets[0].person == row.person for row in own), len(own)),
        queue_rows=len(queue),
        queue_precision=queue_precision,
        queue_read=queue_read,
        seconds=seconds,
    )


def queue_order(is_true: Sequence[bool]) -> tuple[float, int]:
    """The average precision of rows in this order, and how many are read until most true ones are."""
    true_rows = sum(is_true)
    hits, total, rows_read = 0, 0.0, 0
    for place, true in enumerate(is_true, start=1):
        if not true:
            continue
        hits += 1
        total += hits / place
        if not rows_read and hits >= READ_UNTIL * true_rows:
            rows_read = place
    return (total / true_rows if true_rows else 1.0), rows_read


def _precision(rows: Iterable[RowOutcome], belongs: str) -> Share:
    pairs = [
        target.person == row.person
        for row in rows
        for target in row.targets
        if getattr(target, belongs)
    ]
    return Share(sum(pairs), len(pairs))


def _is_joined_to_own(row: RowOutcome) -> bool:
    return any(target.is_joined and target.person == row.person for target in row.targets)


def _groups(rows: Iterable[RowOutcome]) -> tuple[Share, Share]:
    """Precision and recall of the pairs of rows that the run's groups join."""
    by_group: defaultdict[int, list[int]] = defaultdict(list)
    by_person: defaultdict[int, list[int | None]] = defaultdict(list)
    for row in rows:
        by_person[row.person].append(row.group)
        if row.group is not None:
            by_group[row.group].append(row.person)
    joined = [
        one == other
        for people in by_group.values()
        for one, other in itertools.combinations(people, 2)
    ]
    right = sum(joined)
    pairs = sum(len(groups) * (len(groups) - 1) // 2 for groups in by_person.values())
    return Share(right, len(joined)), Share(right, pairs)


def _doubled(rows: Iterable[RowOutcome], recorded: Collection[int]) -> Share:
    """People who will have more than one record or lead, of all people."""
    records = defaultdict(int, dict.fromkeys(recorded, 1))
    for row in rows:
        records[row.person] += row.action == "create_crm_lead"
    return Share(sum(count > 1 for count in records.values()), len(records))


def _trained_as_lead(rows: Sequence[RowOutcome]) -> Share:
    """People of whom one row is history and another becomes a new lead."""
    trained = {row.person for row in rows if row.is_trained}
    leads = {row.person for row in rows if row.action == "create_crm_lead"}
    return Share(len(trained & leads), len(trained))


def _one_name(rows: Iterable[RowOutcome]) -> Share:
    matches = [
        candidate.has_one_name
        for row in rows
        for candidate in (*row.targets, *row.in_run)
        if candidate.person != row.person and candidate.shares_contact
    ]
    return Share(sum(matches), len(matches))
