"""The cases of staged rows: all that a plan or a commit decides on, read chunk by chunk.

`CaseLoader.load` reads in this order, with the same few queries however many rows there are:

1. the staged rows that are not committed yet;
2. the reviewers' decisions on them;
3. the records that earlier runs created from them, whether the source still has them, and the groups in
   which anyone has history;
4. whom each row matches once the decisions are applied, and those people as they are now.

From this it builds the facts of each row (`facts_of`), once for rows that agree in everything the
facts depend on, and the versions that the answer rests on.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from ecoin.bulk import Ids
from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    Outcome,
)
from legacy_import.mapping.index import MappingIndex, Training, TwoCourses
from legacy_import.models import (
    ISSUES_AS_TEXT,
    LegacyImportRun,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.people.contact import Contact
from legacy_import.people.platform import any_origin_of, contacts_of
from legacy_import.people.source_decisions import any_decisions, decisions_on
from legacy_import.rules.commit_policy import Facts
from legacy_import.rules.decisions import NOTHING, InForce, in_force
from legacy_import.rules.duplicates import Target
from legacy_import.rules.in_run import NAMESAKES
from legacy_import.runs import lifecycle
from legacy_import.stages.planning.decided_training import decided_training
from legacy_import.stages.planning.earlier_imports import (
    NOT_IMPORTED,
    EarlierImport,
    any_import_of,
    earlier_imports,
    identity_of,
    runs_rolled_back,
)
from legacy_import.stages.planning.effective_match import (
    INACTIVE,
    NO_MATCH,
    PERSON_GONE,
    EffectiveMatch,
    effective_match,
)
from legacy_import.stages.planning.facts import Surroundings, facts_of
from legacy_import.stages.planning.plan_row import PlanRow, columns_of_facts

MOST_TRAININGS = 100_000  # pairs of formation and session that are remembered
HAS_HISTORY = frozenset(
    {Classification.COMPLETED, Classification.ARCHIVED_TRAINING, Classification.REGISTERED}
)
# History on the platform stays history, under any later classification of the row.
CREATED_HISTORY = (Outcome.CREATE_COMPLETED_TRAINING, Outcome.CREATE_ENROLLMENT)


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
    decisions: InForce
    person_number: int = 1  # of the origins of its records


class RowReview(NamedTuple):
    """What the reviewers' decisions on one row amount to, and the id of the last one."""

    in_force: InForce
    last: int


NO_DECISIONS = RowReview(NOTHING, 0)


class _TrainingCase(NamedTuple):
    """A training, the part of it that facts depend on, and its versions."""

    training: Training
    key: tuple[object, ...]
    versions: str


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """What was read for the rows of one chunk, by row id, group or person."""

    decisions: Mapping[int, RowReview]
    earlier: Mapping[int, EarlierImport]
    groups_with_history: AbstractSet[int]
    namesakes_of_history: AbstractSet[int]
    gone_rows: AbstractSet[int]  # from the source
    matches: Mapping[int, EffectiveMatch]
    people: Mapping[Target, Contact]  # whom rows match, and who are still there


def rows_between(first: int, last: int) -> Q:
    """Selects the rows with first <= id <= last."""
    return Q(pk__range=(first, last))


def rows_with_ids(ids: Sequence[int]) -> Q:
    """Selects the rows with these ids."""
    return Q(pk__among=Ids(ids))


@dataclass(frozen=True, slots=True)
class CaseLoader:
    """Loads the cases of one run's rows, under the mappings as they were when it was created."""

    run: LegacyImportRun
    mappings: MappingIndex
    imported_before: bool  # there may be records of this source on the platform
    any_decisions: bool  # there may be decisions about rows of this source
    rolled_back: Sequence[int] = ()  # runs of the source
    _trainings: dict[tuple[str | None, str | None], _TrainingCase] = field(default_factory=dict)

    def load(self, selection: Q) -> Iterator[Case]:
        """The case of every selected row that is not committed yet, by id."""
        rows = self.rows(selection)
        context = self.read_context(rows, selection)
        if len(self._trainings) > MOST_TRAININGS:
            self._trainings.clear()
        facts_by_key: dict[tuple[object, ...], tuple[int, Facts]] = {}
        for row in rows:
            yield self.case(row, context, facts_by_key)

    def rows(self, selection: Q) -> list[PlanRow]:
        rows = LegacyStudentImport.objects.filter(selection, legacy_import_run=self.run)
        rows = rows.exclude(outcome__in=COMMITTED_OUTCOMES).order_by("pk")
        columns = rows.annotate(issues_text=ISSUES_AS_TEXT).values_list(*PlanRow._fields)
        return [self._classified(row) for row in map(PlanRow._make, columns)]

    def _classified(self, row: PlanRow) -> PlanRow:
        """The row under the current meaning of its status, where people define that."""
        if row.status_key is None:
            return row
        meaning = self.mappings.status(row.status_key).classification or Classification.UNKNOWN
        return row._replace(classification=meaning.value)

    def read_context(self, rows: Sequence[PlanRow], selection: Q) -> ChunkContext:
        selected = LegacyStudentImport.objects.filter(selection, legacy_import_run=self.run)
        decisions = self._decisions(selected)
        earlier = {}
        if self.imported_before:
            identities = [identity_of(row) for row in rows]
            earlier = earlier_imports(self.run, identities, rolled_back=self.rolled_back)
        matches = matches_of(rows, decisions, earlier)
        targets = {match.target for match in matches.values() if match.target}
        return ChunkContext(
            decisions=decisions,
            earlier=earlier,
            groups_with_history=self._groups_with_history(
                {row.group_first_id for row in rows if row.group_first_id}
            ),
            namesakes_of_history=self._namesakes_of_history(
                {row.pk for row in rows if row.group_conflict}
            ),
            gone_rows=self._gone_rows(rows),
            matches=matches,
            people=contacts_of(targets),
        )

    def case(
        self,
        row: PlanRow,
        context: ChunkContext,
        facts_by_key: dict[tuple[object, ...], tuple[int, Facts]],
    ) -> Case:
        review, match = context.decisions.get(row.pk, NO_DECISIONS), context.matches[row.pk]
        person = context.people.get(match.target) if match.target else None
        if match.target and not person:
            match = PERSON_GONE
        elif person and not (person.active or review.in_force.link_to_inactive):
            match = INACTIVE
        decisions, earlier = review.in_force, context.earlier.get(row.pk, NOT_IMPORTED)
        origin = earlier.origin_under(decisions)
        has_history = (
            row.group_first_id in context.groups_with_history
            or row.pk in context.namesakes_of_history
        )
        is_gone = row.pk in context.gone_rows
        training, training_key, versions = self._training(row)
        # Plain values only: hashing an enum member costs more than the rest of this function.
        key = (
            columns_of_facts(row), row.place.value, training_key, origin.value, has_history, is_gone,
            match is PERSON_GONE, match is INACTIVE,
            review.last and (decisions, match, earlier.effects),
        )  # fmt: skip
        if review.last:
            training = decided_training(row, decisions, self.mappings)
        if key not in facts_by_key:
            around = Surroundings(
                decisions, match, training, origin, has_history, is_gone,
                earlier.effects,
            )  # fmt: skip
            facts_by_key[key] = (len(facts_by_key), facts_of(row, around))
        number, facts = facts_by_key[key]
        basis = f"row={row.version} {versions}"
        if row.status_key is not None:
            basis += f" status={self.mappings.status(row.status_key).version}"
        basis += f" said={review.last}" if review.last else ""
        basis += f" person={person.fingerprint}" if person else ""
        return Case(
            row, number, facts, match.target, basis, training, decisions, earlier.person_number
        )

    def _training(self, row: PlanRow) -> _TrainingCase:
        pair = (row.legacy_formation_id, row.legacy_session_id)
        if pair not in self._trainings:
            training = self.mappings.training(*pair)
            session_type, state = training.session.session_type, training.course.state
            key = (
                session_type.value, state.value, training.session_confirmed,
                training.session_deleted, training.course.deleted, training.history_released,
                _states(training.two_courses),
            )  # fmt: skip
            self._trainings[pair] = _TrainingCase(training, key, training.versions)
        return self._trainings[pair]

    def _decisions(self, rows: QuerySet[LegacyStudentImport]) -> dict[int, RowReview]:
        """Row id → what applies to it; only rows about which anything was decided, in any run."""
        if not self.any_decisions:
            return {}
        return {
            pk: RowReview(in_force(one.event for one in of_row.applying), of_row.applying[-1].pk)
            for pk, of_row in decisions_on(rows, self.run.connection_name).items()
            if of_row.applying
        }

    def _groups_with_history(self, groups: set[int]) -> set[int]:
        """The groups in which anyone was trained or registered, by reviewers' decisions too."""
        if not groups:
            return set()
        return {
            group
            for _, group in self._rows_with_history("group_first_id", groups)
            if group is not None
        }

    def _namesakes_of_history(self, rows: set[int]) -> set[int]:
        """Those of these rows that have name and contact of someone trained, but were not joined."""
        if not rows:
            return set()
        edges = PersonEdge.objects.filter(legacy_import_run=self.run, relation__in=NAMESAKES)
        pairs = {
            *edges.filter(left_id__among=Ids(rows)).values_list("left_id", "right_id"),
            *edges.filter(right_id__among=Ids(rows)).values_list("right_id", "left_id"),
        }
        namesakes = {other for _, other in pairs}
        trained = {pk for pk, _ in self._rows_with_history("pk", namesakes)} if namesakes else set()
        return {row for row, other in pairs if other in trained}

    def _rows_with_history(self, column: str, values: set[int]) -> Iterator[tuple[int, int | None]]:
        """(row, its group) of the rows with these values that were trained or registered."""
        rows = LegacyStudentImport.objects.filter(
            legacy_import_run=self.run, **{f"{column}__among": Ids(values)}
        )
        decisions = self._decisions(rows)
        for pk, group, classification, outcome in rows.values_list(
            "pk", "group_first_id", "classification", "outcome"
        ):
            in_force_now = decisions.get(pk, NO_DECISIONS).in_force
            if in_force_now.separate:  # another person than its group
                continue
            treat_as = in_force_now.treat_as
            if outcome in CREATED_HISTORY or (treat_as or classification) in HAS_HISTORY:
                yield pk, group

    def _gone_rows(self, rows: Sequence[PlanRow]) -> set[int]:
        """The rows that the newest whole import of the source did not find any more, nor a later one."""
        newer = lifecycle.newer_imports(self.run)
        newest = newer.filter(row_limit=None).last()
        if newest is None:
            return set()
        same = LegacyStudentImport.objects.filter(
            legacy_import_run__in=list(
                newer.filter(pk__gte=newest.pk).values_list("pk", flat=True)
            ),
            source_table=OuterRef("source_table"),
            legacy_id=OuterRef("legacy_id"),
        )
        ours = LegacyStudentImport.objects.filter(pk__among=Ids([row.pk for row in rows]))
        return set(ours.filter(~Exists(same)).values_list("pk", flat=True))


def matches_of(
    rows: Sequence[PlanRow],
    decisions: Mapping[int, RowReview],
    earlier: Mapping[int, EarlierImport],
) -> dict[int, EffectiveMatch]:
    """Row id → its match. The evidence is read only where a reviewer ruled a match out."""
    ruled_out = [pk for pk, of_row in decisions.items() if of_row.in_force.not_same]
    with_evidence = LegacyStudentImport.objects.filter(pk__among=Ids(ruled_out))
    evidence: dict[int, Any] = dict(with_evidence.values_list("pk", "duplicate_evidence"))
    matches = {}
    for row in rows:
        if row.pk not in decisions and row.duplicate_confidence == NO_MATCH.confidence:
            matches[row.pk] = NO_MATCH
        else:
            review = decisions.get(row.pk, NO_DECISIONS).in_force
            matches[row.pk] = effective_match(
                row, review, evidence.get(row.pk), earlier.get(row.pk)
            )
    return matches


def _states(two: TwoCourses | None) -> tuple[object, ...]:
    """The part of two contradicting courses that facts depend on."""
    return (two.of_row.state.value, two.of_session.state.value) if two else ()


def case_loader(run: LegacyImportRun, mappings: MappingIndex) -> CaseLoader:
    """For one pass over a run."""
    connection = run.connection_name
    rolled_back = runs_rolled_back(run)
    imported_before = bool(rolled_back) or any_origin_of(connection) or any_import_of(run)
    return CaseLoader(run, mappings, imported_before, any_decisions(connection), rolled_back)


def case_loader_under_lock(run: LegacyImportRun, mappings: MappingIndex) -> CaseLoader:
    """For the batches of a commit, during which records and decisions may appear at any time."""
    rolled_back = runs_rolled_back(run)
    return CaseLoader(
        run, mappings, imported_before=True, any_decisions=True, rolled_back=rolled_back
    )
