"""What the plan's own rule would answer to one more decision, evaluated before it is taken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from legacy_import.choices import PlannedAction, ReviewDecision
from legacy_import.mapping.index import RowReferences, load_mappings
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import contacts_of
from legacy_import.rules.commit_policy import FOLLOWS, WAITS, Decision, decide
from legacy_import.rules.decisions import NOTHING, Event, after
from legacy_import.stages.planning.cases import (
    NO_DECISIONS,
    Case,
    CaseLoader,
    ChunkContext,
    case_loader,
    matches_of,
    rows_with_ids,
)
from legacy_import.stages.planning.earlier_imports import EarlierImport
from legacy_import.stages.planning.effective_match import effective_match
from legacy_import.stages.planning.followers import followers_among
from legacy_import.stages.planning.plan_row import PlanRow

NOT_STORED = -1  # the number of a decision that is only tried


class EffectOnRow(NamedTuple):
    """The answer of the plan's rule for a row, and the case that it rests on."""

    answer: Decision
    case: Case

    @property
    def suffices(self) -> bool:
        """Whether the row needs no review any more."""
        return self.answer.action != PlannedAction.REVIEW

    @property
    def reason_behind(self) -> str:
        """The reason of the answer, or the one that is behind a postponement."""
        return decide(replace(self.case.facts, postponed=False)).reason

    def log_entry_of(self, decision: ReviewDecision) -> int | None:
        """The log entry whose record this decision creates again; None for any other decision."""
        creates_again = decision == ReviewDecision.CREATE_AGAIN
        return self.case.decisions.create_again or None if creates_again else None

    def changes(self, before: "EffectOnRow") -> bool:
        """Whether the row is another one than before: another answer, person or match."""
        mine, its = self.case.facts, before.case.facts
        return (
            self.answer != before.answer
            or self.case.target != before.case.target
            or (mine.confidence, mine.blocker) != (its.confidence, its.blocker)
            or self.case.decisions.not_same != before.case.decisions.not_same
        )


@dataclass(frozen=True, slots=True)
class RowEffects:
    """One row that is not committed: its answer now, and the answers that decisions would give."""

    loader: CaseLoader
    row: PlanRow
    context: ChunkContext
    evidence: Mapping[str, Any]
    now: EffectOnRow

    @property
    def is_decided(self) -> bool:
        """Whether any decision about the row is in force."""
        return self.context.decisions.get(self.row.pk, NO_DECISIONS).in_force != NOTHING

    def of(self, events: Sequence[Event]) -> list[EffectOnRow]:
        """The effect of each of these decisions, taken alone after the ones in force."""
        return effects_of_pairs(self.loader.run, [(self, event) for event in events])


def effects_of_pairs(
    run: LegacyImportRun, pairs: Sequence[tuple[RowEffects, Event]]
) -> list[EffectOnRow]:
    """The effect of each decision on its row, taken alone after the ones in force about that row."""
    tried = []
    for of_row, event in pairs:
        row, context = of_row.row, of_row.context
        before, earlier = context.decisions.get(row.pk, NO_DECISIONS), context.earlier.get(row.pk)
        decisions = after(before.in_force, about(event, earlier))
        match = effective_match(row, decisions, of_row.evidence, earlier)
        tried.append((of_row, before._replace(in_force=decisions, last=NOT_STORED), match))
    people = contacts_of({match.target for _row, _decisions, match in tried if match.target})
    cases = [
        of_row.loader.case(
            of_row.row,
            replace(
                of_row.context,
                decisions={of_row.row.pk: decisions},
                matches={of_row.row.pk: match},
                people=people,
            ),
            {},
        )
        for of_row, decisions, match in tried
    ]
    return list(_effects(run, cases))


def about(event: Event, earlier: EarlierImport | None) -> Event:
    """The decision with the deleted record that it is about, if it creates that again."""
    if event.decision != ReviewDecision.CREATE_AGAIN:
        return event
    return replace(event, log_entry=earlier.gone_entry if earlier else 0)


def row_effects(run: LegacyImportRun, row_id: int) -> RowEffects | None:
    """The row as it is now, under the decisions in force; None for a committed row."""
    references = LegacyStudentImport.objects.filter(pk=row_id).values_list(
        "legacy_formation_id", "legacy_session_id", "duplicate_evidence"
    )
    for formation, session, evidence in references:
        mappings = load_mappings(run.connection_name, RowReferences(formation, session))
        loader = case_loader(run, mappings)
        selection = rows_with_ids([row_id])
        rows = loader.rows(selection)
        if rows:
            context = loader.read_context(rows, selection)
            (now,) = _effects(run, [loader.case(rows[0], context, {})])
            return RowEffects(loader, rows[0], context, evidence, now)
    return None


def effects_of_rows(run: LegacyImportRun, ids: Sequence[int]) -> dict[int, RowEffects]:
    """The same for several rows: row id → its effects, in as many queries as for one."""
    loader = case_loader(run, load_mappings(run.connection_name))
    selection = rows_with_ids(ids)
    rows = loader.rows(selection)
    context = loader.read_context(rows, selection)
    staged = LegacyStudentImport.objects.filter(pk__in=[row.pk for row in rows])
    evidence = dict(staged.values_list("pk", "duplicate_evidence"))
    answers = _effects(run, _cases(loader, rows, context))
    return {
        row.pk: RowEffects(loader, row, context, evidence[row.pk], now)
        for row, now in zip(rows, answers, strict=True)
    }


def effects_on_rows(
    run: LegacyImportRun, events: Mapping[int, Sequence[Event]]
) -> dict[int, tuple[EffectOnRow, EffectOnRow]]:
    """Row id → its answer now and after these decisions about it; committed rows are absent.

    The same few queries however many rows there are.
    """
    loader = case_loader(run, load_mappings(run.connection_name))
    selection = rows_with_ids(list(events))
    rows = loader.rows(selection)
    context = loader.read_context(rows, selection)
    decisions = {}
    for row in rows:
        review, earlier = context.decisions.get(row.pk, NO_DECISIONS), context.earlier.get(row.pk)
        in_force = review.in_force
        for event in events[row.pk]:
            in_force = after(in_force, about(event, earlier))
        decisions[row.pk] = review._replace(in_force=in_force, last=NOT_STORED)
    matches = matches_of(rows, decisions, context.earlier)
    people = contacts_of({match.target for match in matches.values() if match.target})
    afterwards = replace(context, decisions=decisions, matches=matches, people=people)
    before, later = (
        list(_effects(run, _cases(loader, rows, one))) for one in (context, afterwards)
    )
    return {row.pk: (old, new) for row, old, new in zip(rows, before, later, strict=True)}


def _cases(loader: CaseLoader, rows: Iterable[PlanRow], context: ChunkContext) -> list[Case]:
    facts_by_key: dict[Any, Any] = {}
    return [loader.case(row, context, facts_by_key) for row in rows]


def _effects(run: LegacyImportRun, cases: Sequence[Case]) -> Iterator[EffectOnRow]:
    """The answers, followers of a first row that has a person included."""
    answers = [decide(case.facts) for case in cases]
    waiting = {case.row.pk for case, answer in zip(cases, answers, strict=True) if answer == WAITS}
    linked = followers_among(run, waiting) if waiting else set()
    for case, answer in zip(cases, answers, strict=True):
        follows = answer == WAITS and case.row.pk in linked
        yield EffectOnRow(FOLLOWS if follows else answer, case)
