"""Gathering, chunk by chunk, the facts of staged rows with a bounded number of queries."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Q

from ecoin.bulk import Ids
from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    Outcome,
    PersonKind,
    ReviewDecision,
    SourceTable,
)
from legacy_import.conf import ImportConf
from legacy_import.mapping.index import MappingIndex, Training
from legacy_import.models import (
    ISSUES_AS_TEXT,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.people.platform import any_origin_of, imported_rows, platform_people
from legacy_import.rules.commit_policy import Facts, Origin
from legacy_import.rules.decisions import NOTHING, Event, InForce, in_force
from legacy_import.rules.duplicates import Target
from legacy_import.stages.planning.facts import (
    NO_MATCH,
    OWN,
    PER_ROW,
    PERSON_GONE,
    Around,
    PlanRow,
    facts_of,
    matching_of,
    place_of,
)

MOST_PAIRS = 100_000  # of formation and session that are remembered
HAS_HISTORY = frozenset(
    {Classification.COMPLETED, Classification.ARCHIVED_TRAINING, Classification.REGISTERED}
)
# History on the platform stays history, whatever the row is called by now.
MADE_HISTORY = (Outcome.CREATE_COMPLETED_TRAINING, Outcome.CREATE_ENROLLMENT)


class Case(NamedTuple):
    """One row's facts, the person it would be given to, and the versions the answer rests on.

    `number`: rows of a chunk with the same number have the same facts, so one answer serves them.
    """

    row: PlanRow
    number: int
    facts: Facts
    target: Target | None
    basis: str
    training: Training
    said: InForce


class About(NamedTuple):
    """A training, what of it makes facts differ, and the versions it rests on."""

    training: Training
    alike: tuple[str, str, bool]
    versions: str


def _about(training: Training) -> About:
    return About(
        training,
        (
            training.session.session_type.value,
            training.course.state.value,
            training.session_confirmed,
        ),
        training.versions,
    )


# Which staged rows: given the path to them from the table that is asked ("" for themselves).
Which = Callable[[str], Q]


def between(first: int, last: int) -> Which:
    """The rows with first <= id <= last."""
    return lambda path: Q(**{f"{path}pk__range": (first, last)})


def these(ids: Sequence[int]) -> Which:
    """The rows with these ids."""
    return lambda path: Q(**{f"{path}pk__among": Ids(ids)})


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads facts chunk by chunk with a bounded number of queries."""

    run: LegacyImportRun
    mappings: MappingIndex
    conf: ImportConf
    imported_before: bool  # any record of the platform came from this source
    any_decisions: bool  # any reviewer said anything about this run
    # What is known of each formation and session that rows named so far.
    trainings: dict[tuple[str | None, str | None], "About"] = field(default_factory=dict)

    def cases(self, which: Which) -> Iterator[Case]:
        """The case of every such row that is not committed yet, by id."""
        chunk = LegacyStudentImport.objects.filter(which(""), legacy_import_run=self.run).exclude(
            outcome__in=COMMITTED_OUTCOMES
        )
        told = chunk.annotate(told_issues=ISSUES_AS_TEXT).order_by("pk")
        rows = list(map(PlanRow._make, told.values_list(*PlanRow._fields)))
        said_last, decisions = self._decisions(which("student_import__"))
        origins = self._origins(rows) if self.imported_before else {}
        with_history = self._groups_with_history(
            {row.group_first_id for row in rows if row.group_first_id}
        )
        evidence = _evidence(pk for pk, said in decisions.items() if said.not_same)
        matchings = {
            row.pk: NO_MATCH
            if row.duplicate_confidence == NO_MATCH.confidence and row.pk not in decisions
            else matching_of(row, decisions.get(row.pk, NOTHING), evidence)
            for row in rows
        }
        people = platform_people(
            {matching.target for matching in matchings.values() if matching.target}, self.conf
        )
        distinct: dict[tuple[object, ...], tuple[int, Facts]] = {}
        if len(self.trainings) > MOST_PAIRS:
            self.trainings.clear()
        for row in rows:
            said, matching = decisions.get(row.pk), matchings[row.pk]
            if matching.target and matching.target not in people:
                matching = PERSON_GONE
            named = (row.legacy_formation_id, row.legacy_session_id)
            if named not in self.trainings:
                self.trainings[named] = _about(self.mappings.training(*named))
            about = self.trainings[named]
            known = people.get(matching.target) if matching.target else None
            place, history = place_of(row), row.group_first_id in with_history
            # Many rows are one case: what their facts are made of is the same. Plain values only:
            # hashing an enum costs more than everything else here.
            alike = (
                row[PER_ROW:OWN], row.told_issues, about.alike, place.value, history,
                origins.get(row.pk), matching is PERSON_GONE, said and (said, matching),
            )  # fmt: skip
            if alike not in distinct:
                around = Around(origins.get(row.pk, Origin.NEW), place, history)
                facts = facts_of(row, said or NOTHING, matching, about.training, around)
                distinct[alike] = (len(distinct), facts)
            number, facts = distinct[alike]
            yield Case(
                row=row,
                number=number,
                facts=facts,
                target=matching.target,
                basis=f"row={row.version} {about.versions}"
                + (f" said={said_last[row.pk]}" if row.pk in said_last else "")
                + (f" person={known.fingerprint}" if known else ""),
                training=about.training,
                said=said or NOTHING,
            )

    def _decisions(self, which: Q) -> tuple[dict[int, int], dict[int, InForce]]:
        """Row id → its last decision's id, and what all of them come to; rows that have any."""
        if not self.any_decisions:
            return {}, {}
        last: dict[int, int] = {}
        events: defaultdict[int, list[Event]] = defaultdict(list)
        said = (
            LegacyReviewDecision.objects.standing()
            .filter(which, student_import__legacy_import_run=self.run)
            .order_by("pk")
        )
        for number, pk, decision, treat_as, kind, target in said.values_list(
            "pk", "student_import_id", "decision", "treat_as", "target_kind", "target_id"
        ):
            last[pk] = number
            events[pk].append(
                Event(
                    ReviewDecision(decision),
                    Classification(treat_as) if treat_as else None,
                    (PersonKind(kind).value, target) if target else None,
                )
            )
        return last, {pk: in_force(found) for pk, found in events.items()}

    def _groups_with_history(self, groups: set[int]) -> set[int]:
        """The groups in which anybody was trained or registered, reviewers' words included."""
        if not groups:
            return set()
        members = LegacyStudentImport.objects.filter(
            legacy_import_run=self.run, group_first_id__among=Ids(groups)
        )
        _, decisions = self._decisions(Q(student_import__group_first_id__among=Ids(groups)))
        return {
            group
            for pk, group, classification, outcome in members.values_list(
                "pk", "group_first_id", "classification", "outcome"
            )
            if group
            and (
                outcome in MADE_HISTORY
                or (decisions.get(pk, NOTHING).treat_as or classification) in HAS_HISTORY
            )
        }

    def _origins(self, rows: list[PlanRow]) -> dict[int, Origin]:
        """Which rows already have a record on the platform, and whether from the same payload."""
        found = imported_rows(self.run.connection_name, [row.pk for row in rows])
        imported = [row for row in rows if row.pk in found]
        hashes = _committed_hashes(self.run, imported)
        return {
            row.pk: Origin.IMPORTED
            if hashes.get((row.source_table, row.legacy_id)) == row.payload_hash
            else Origin.CHANGED
            for row in imported
        }


def _evidence(ids: Iterable[int]) -> dict[int, Any]:
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    return dict(rows.values_list("pk", "duplicate_evidence"))


def _committed_hashes(run: LegacyImportRun, rows: list[PlanRow]) -> dict[tuple[str, str], str]:
    """(table, legacy id) → payload hash that the latest run committed."""
    hashes: dict[tuple[str, str], str] = {}
    done = [outcome for outcome in COMMITTED_OUTCOMES if outcome != Outcome.SKIP]
    for table in SourceTable.values:
        committed = LegacyStudentImport.objects.filter(
            legacy_import_run__connection_name=run.connection_name,
            source_table=table,
            legacy_id__in=[row.legacy_id for row in rows if row.source_table == table],
            outcome__in=done,
        )
        for legacy_id, payload_hash in committed.order_by("legacy_import_run_id").values_list(
            "legacy_id", "payload_hash"
        ):
            hashes[table, legacy_id] = payload_hash
    return hashes


def gatherer(run: LegacyImportRun, mappings: MappingIndex, conf: ImportConf) -> Gatherer:
    """A Gatherer for one pass over a run."""
    said = LegacyReviewDecision.objects.filter(student_import__legacy_import_run=run)
    return Gatherer(run, mappings, conf, any_origin_of(run.connection_name), said.exists())


def gatherer_under_lock(run: LegacyImportRun, mappings: MappingIndex, conf: ImportConf) -> Gatherer:
    """A Gatherer for batches of a commit: nothing is taken for granted, everything is asked.

    It serves as long as the mappings stand.
    """
    return Gatherer(run, mappings, conf, imported_before=True, any_decisions=True)
