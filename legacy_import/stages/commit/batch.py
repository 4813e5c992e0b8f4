"""One batch of a commit: its rows are recomputed under lock, then effects, log and outcomes written."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ecoin.bulk import Ids, update_rows
from ecoin.identity.charsets import decoded_name
from ecoin.identity.text import unescaped
from legacy_import.choices import LogAction, Outcome, PersonKind, PlannedAction, SessionType
from legacy_import.conf import ImportConf
from legacy_import.engine.poison_rows import isolate
from legacy_import.models import LegacyImportRun, LegacyStudentImport, number_suffix
from legacy_import.people.platform import fingerprints_of, lock_people
from legacy_import.rules.commit_policy import FOLLOWS, IMPORTED_BEFORE, INTEREST_AGAIN
from legacy_import.rules.duplicates import Target
from legacy_import.rules.row_digest import DIGEST_COLUMNS, row_digest
from legacy_import.stages.commit import log
from legacy_import.stages.commit.dates import NO_DATES, RowDates, as_found, dates_of_rows
from legacy_import.stages.commit.drift import Plan, drift_causes
from legacy_import.stages.commit.effects import EFFECTS
from legacy_import.stages.commit.effects.effect import Learner, LogEntry, PossibleOwner
from legacy_import.stages.commit.learner_keys import learner_keys
from legacy_import.stages.commit.possible_owners import possible_owners
from legacy_import.stages.planning.cases import Case, CaseLoader, rows_with_ids
from legacy_import.stages.planning.earlier_imports import RowIdentity, earlier_imports

PLAN = Plan._fields
HISTORY = (PlannedAction.CREATE_COMPLETED_TRAINING, PlannedAction.CREATE_ENROLLMENT)


class SourceFields(NamedTuple):
    """The staged columns that a created record copies, as found."""

    source_table: str
    legacy_id: str
    full_name: str
    phone_raw: str
    email_raw: str
    email_normalized: str | None
    birth_date: datetime.date | None
    legacy_session_id: str | None
    person_number: int
    name_key: str
    phone_normalized: str | None

    @property
    def digest(self) -> str:
        """Who the row is, for the commit log."""
        return row_digest(*(getattr(self, column) for column in DIGEST_COLUMNS))


SOURCE_FIELDS = SourceFields._fields


class FirstRow(NamedTuple):
    """The person of a group's first row, and whether it is a lead that an import created."""

    person: Target
    is_imported_lead: bool
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one run. `number` is the position of its receipt."""

    run: LegacyImportRun
    number: int
    actor: str
    now: datetime.datetime
    conf: ImportConf
    loader: CaseLoader
    entries: list[LogEntry] = field(default_factory=list)

    def commit(self, ids: Sequence[int]) -> list[LogEntry]:
        """Commit those of the rows that are still pending; returns the log entries.

        Runs in the caller's transaction. A row that the database refuses fails alone.
        """
        pending = LegacyStudentImport.objects.filter(pk__among=Ids(ids), outcome=Outcome.PENDING)
        locked = pending.select_for_update().order_by("pk").values_list(*PLAN, *SOURCE_FIELDS)
        rows = {
            values[0]: (Plan._make(values[: len(PLAN)]), SourceFields._make(values[len(PLAN) :]))
            for values in locked
        }
        poison_rows = isolate(lambda part: self._commit([rows[pk] for pk in part]), list(rows))
        failed = [LogEntry(poison.row, LogAction.FAILED, poison.error) for poison in poison_rows]
        if failed:
            self._log(failed, {pk: source for pk, (_, source) in rows.items()})
        return self.entries

    def _commit(self, rows: Sequence[tuple[Plan, SourceFields]]) -> None:
        plans = [plan for plan, _ in rows]
        sources = {plan.pk: source for plan, source in rows}
        lock_people({plan.target for plan in plans if plan.target})
        cases = {case.row.pk: case for case in self.loader.load(rows_with_ids(list(sources)))}
        firsts = self._firsts(plans, cases)
        people = {pk: first.fingerprint for pk, first in firsts.items()}
        causes = drift_causes(self.run, plans, cases, firsts=people, conf=self.conf)
        entries = [LogEntry(pk, LogAction.DRIFTED, cause.value) for pk, cause in causes.items()]
        to_commit = [plan for plan in plans if plan.pk not in causes]
        entries += self._effects(to_commit, cases, sources, firsts)
        self._number_people(to_commit, cases, sources)
        self._log(entries, sources)

    def _number_people(
        self,
        plans: Sequence[Plan],
        cases: Mapping[int, Case],
        sources: Mapping[int, SourceFields],
    ) -> None:
        """Store whose records these are, where the source gave a number to several people."""
        numbers = {plan.pk: cases[plan.pk].person_number for plan in plans}
        other = {pk: (n,) for pk, n in numbers.items() if n != sources[pk].person_number}
        update_rows(LegacyStudentImport, ("person_number",), other)

    def _log(self, entries: list[LogEntry], sources: Mapping[int, SourceFields]) -> None:
        digests = {entry.row: sources[entry.row].digest for entry in entries}
        log.write(self.run, entries, digests, batch=self.number, actor=self.actor, now=self.now)
        self.entries.extend(entries)

    def _effects(
        self,
        plans: Sequence[Plan],
        cases: Mapping[int, Case],
        sources: Mapping[int, SourceFields],
        firsts: Mapping[int, FirstRow],
    ) -> list[LogEntry]:
        by_action: defaultdict[PlannedAction, list[Plan]] = defaultdict(list)
        for plan in plans:
            by_action[plan.decision.action].append(plan)
        history = [plan.pk for action in HISTORY for plan in by_action[action]]
        origins = {pk: self._origin(sources[pk], cases[pk].person_number) for pk in history}
        keys = learner_keys(self.run, [cases[pk].row for pk in history], origins)
        matches = possible_owners([cases[pk] for pk in history])
        dates = dates_of_rows(self.run, [(pk, sources[pk].source_table) for pk in history])
        entries: list[LogEntry] = []
        for action, effect in EFFECTS.items():
            learners = [
                self._learner(
                    plan, cases[plan.pk], sources[plan.pk], firsts.get(plan.pk),
                    keys.get(plan.pk, ""), dates.get(plan.pk, NO_DATES),
                    matches.get(plan.pk, ()),
                )
                for plan in by_action[action]
            ]  # fmt: skip
            if learners:
                entries += effect.do(learners, run_id=self.run.pk, now=self.now)
        return entries

    def _learner(
        self,
        plan: Plan,
        case: Case,
        source: SourceFields,
        first: FirstRow | None,
        learner_key: str,
        dates: RowDates,
        matches: tuple[PossibleOwner, ...],
    ) -> Learner:
        training = case.training
        real = training.session.session_type == SessionType.REAL_SESSION
        has_course = training.course.course_id is not None or bool(training.course.name)
        person = first.person if first and plan.decision == FOLLOWS else plan.target
        # A follower that is planned again after its first row was committed matches that row's lead.
        creates_or_adds = (
            plan.decision.action == PlannedAction.CREATE_CRM_LEAD
            or plan.decision == INTEREST_AGAIN
            or (first is not None and first.is_imported_lead and first.person == person)
        )
        return Learner(
            row=plan.pk,
            origin=self._origin(source, case.person_number),
            learner_key=learner_key,
            reason=plan.planned_reason,
            # Without blanks around it, which any form would drop: a save that changes nothing.
            name=decoded_name(source.full_name).strip(),
            phone=unescaped(source.phone_raw).strip(),
            # A placeholder or an invalid address is not copied; it stays in the payload.
            email=unescaped(source.email_raw).strip() if source.email_normalized else "",
            birth_date=source.birth_date,
            course_id=training.course.course_id,
            course_name=training.course.name.strip(),
            legacy_session_id=source.legacy_session_id if real else None,
            session_code=training.session_code.strip() if real else "",
            session_starts_on=as_found(training.session_starts_on) if real else "",
            session_ends_on=as_found(training.session_ends_on) if real else "",
            completed_at=dates.completed_at,
            archived_at=dates.archived_at,
            person=person,
            wants_course=has_course and creates_or_adds,
            possible_owners=matches,
            not_same=case.decisions.not_same,
        )

    def _origin(self, source: SourceFields, person_number: int) -> str:
        row = f"{self.run.connection_name}:{source.source_table}:{source.legacy_id}"
        return row + number_suffix(person_number)

    def _firsts(self, followers: Sequence[Plan], cases: Mapping[int, Case]) -> dict[int, FirstRow]:
        """Follower id → its group's first row, if that has a person by now."""
        first_of = {
            plan.pk: cases[plan.pk].row.group_first_id
            for plan in followers
            if plan.pk in cases
            and plan.decision.action == PlannedAction.LINK_EXISTING
            and cases[plan.pk].row.group_first_id != plan.pk
        }
        rows = LegacyStudentImport.objects.filter(pk__among=Ids(set(first_of.values())))
        firsts: dict[int, FirstRow] = {}
        imported_before: list[RowIdentity] = []
        for pk, table, legacy_id, payload_hash, outcome, reason, user, lead in rows.values_list(
            "pk", "source_table", "legacy_id", "payload_hash", "outcome", "planned_reason",
            "imported_user_id", "imported_lead_id",
        ):  # fmt: skip
            if lead is not None:
                is_created = outcome == Outcome.CREATE_CRM_LEAD
                firsts[pk] = FirstRow((PersonKind.LEAD.value, lead), is_created)
            elif user is not None:
                firsts[pk] = FirstRow((PersonKind.USER.value, user), False)
            elif (outcome, reason) == (Outcome.SKIP.value, IMPORTED_BEFORE.reason):
                imported_before.append(RowIdentity(pk, table, legacy_id, payload_hash))
        for pk, imported in earlier_imports(self.run, imported_before).items():
            if imported.person:
                firsts[pk] = FirstRow(imported.person, imported.is_own_lead)
        people = {pk: firsts[first] for pk, first in first_of.items() if first in firsts}
        lock_people({first.person for first in people.values()})
        existing = fingerprints_of({first.person for first in people.values()})
        return {
            pk: first._replace(fingerprint=existing[first.person])
            for pk, first in people.items()
            if first.person in existing and first.person not in cases[pk].decisions.not_same
        }
