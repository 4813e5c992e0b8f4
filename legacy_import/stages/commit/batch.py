"""One batch of a commit: rows recomputed under lock, their effects, log and outcomes together."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ecoin.among import Ids
from legacy_import.choices import LogAction, Outcome, PersonKind, PlannedAction, SessionType
from legacy_import.conf import ImportConf
from legacy_import.engine.poison_rows import isolate
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import leads_of_rows, lock_people, platform_people
from legacy_import.rules.commit_policy import FOLLOWS, IMPORTED_BEFORE
from legacy_import.rules.duplicates import Target
from legacy_import.stages.commit import log
from legacy_import.stages.commit.drift import Plan, drifted
from legacy_import.stages.commit.effects import EFFECTS
from legacy_import.stages.commit.effects.effect import CommitContext, Learner, LogEntry
from legacy_import.stages.planning.gather import Case, Gatherer, these

PLAN = Plan._fields
FOUND_LENGTH = 190  # of a date as found


class Found(NamedTuple):
    """The staged columns that a created record keeps, as found."""

    source_table: str
    legacy_id: str
    full_name: str
    phone_raw: str
    email_raw: str
    email_normalized: str | None
    birth_date: datetime.date | None
    legacy_session_id: str | None


FOUND = Found._fields


class First(NamedTuple):
    """What a group's first row came to: its person, and whether an import made that lead."""

    person: Target
    ours: bool
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one run. `number` is the position of its receipt."""

    run: LegacyImportRun
    number: int
    actor: str
    now: datetime.datetime
    conf: ImportConf
    gather: Gatherer
    entries: list[LogEntry] = field(default_factory=list)

    def commit(self, ids: Sequence[int]) -> list[LogEntry]:
        """Commit those of the rows that are still pending; returns what was logged.

        In the caller's transaction. A row that the database refuses fails alone.
        """
        pending = LegacyStudentImport.objects.filter(pk__among=Ids(ids), outcome=Outcome.PENDING)
        locked = pending.select_for_update().order_by("pk").values_list(*PLAN, *FOUND)
        rows = {
            values[0]: (Plan._make(values[: len(PLAN)]), Found._make(values[len(PLAN) :]))
            for values in locked
        }
        refused = isolate(lambda part: self._commit([rows[pk] for pk in part]), list(rows))
        failed = [LogEntry(poison.row, LogAction.FAILED, poison.error) for poison in refused]
        if failed:
            self._log(failed)
        return self.entries

    def _commit(self, rows: Sequence[tuple[Plan, Found]]) -> None:
        plans = [plan for plan, _ in rows]
        found = {plan.pk: told for plan, told in rows}
        lock_people({plan.target for plan in plans if plan.target})
        cases = {case.row.pk: case for case in self.gather.cases(these(list(found)))}
        firsts = self._firsts(plans, cases)
        people = {pk: first.fingerprint for pk, first in firsts.items()}
        causes = drifted(self.run, plans, cases, firsts=people, conf=self.conf)
        entries = [LogEntry(pk, LogAction.DRIFTED, cause.value) for pk, cause in causes.items()]
        entries += self._effects(
            [plan for plan in plans if plan.pk not in causes], cases, found, firsts
        )
        self._log(entries)

    def _log(self, entries: list[LogEntry]) -> None:
        log.write(self.run, entries, batch=self.number, actor=self.actor, now=self.now)
        self.entries.extend(entries)

    def _effects(
        self,
        plans: Sequence[Plan],
        cases: Mapping[int, Case],
        found: Mapping[int, Found],
        firsts: Mapping[int, First],
    ) -> list[LogEntry]:
        by_action: defaultdict[PlannedAction, list[Plan]] = defaultdict(list)
        for plan in plans:
            by_action[plan.decision.action].append(plan)
        dates = self._completion_dates(by_action[PlannedAction.CREATE_COMPLETED_TRAINING], found)
        context = CommitContext(self.run.pk, now=self.now)
        entries: list[LogEntry] = []
        for action, effect in EFFECTS.items():
            learners = [
                self._learner(
                    plan,
                    cases[plan.pk],
                    found[plan.pk],
                    firsts.get(plan.pk),
                    dates.get(plan.pk, ""),
                )
                for plan in by_action[action]
            ]
            if learners:
                entries += effect.do(learners, context)
        return entries

    def _learner(
        self, plan: Plan, case: Case, found: Found, first: First | None, completed_on: str
    ) -> Learner:
        training = case.training
        real = training.session.session_type == SessionType.REAL_SESSION
        real = real and not case.said.release_without_session
        asks = training.course.course_id is not None or bool(training.course.name)
        person = first.person if first and plan.decision == FOLLOWS else plan.target
        # Planned again since its first row was committed, a follower matches that row's new lead.
        makes_or_adds = plan.decision.action == PlannedAction.CREATE_CRM_LEAD or (
            first is not None and first.ours and first.person == person
        )
        return Learner(
            row=plan.pk,
            origin=f"{self.run.connection_name}:{found.source_table}:{found.legacy_id}",
            reason=plan.planned_reason,
            name=found.full_name,
            phone=found.phone_raw,
            # A placeholder or an address that cannot be one is nobody's; the payload keeps it.
            email=found.email_raw if found.email_normalized else "",
            birth_date=found.birth_date,
            course_id=training.course.course_id,
            course_name=training.course.name,
            legacy_session_id=found.legacy_session_id if real else None,
            session_code=training.session_code if real else "",
            completed_on=completed_on or (training.session_ends_on if real else ""),
            person=person,
            wants_course=asks and makes_or_adds,
        )

    def _completion_dates(
        self, plans: Sequence[Plan], found: Mapping[int, Found]
    ) -> dict[int, str]:
        """Row id → the completion date in its payload, as found; where the table has such a column."""
        dates: dict[int, str] = {}
        tables: defaultdict[str, list[int]] = defaultdict(list)
        for plan in plans:
            tables[found[plan.pk].source_table].append(plan.pk)
        columns = self.run.certificate.get("columns", {})
        for table, ids in tables.items():
            column = columns.get(table, {}).get("completed_at")
            if column:
                rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
                told = rows.values_list("pk", "raw_payload").iterator(chunk_size=500)
                dates |= {pk: _as_found(payload.get(column)) for pk, payload in told}
        return dates

    def _firsts(self, followers: Sequence[Plan], cases: Mapping[int, Case]) -> dict[int, First]:
        """Follower id → its group's first row, where that has its person by now."""
        first_of = {
            plan.pk: cases[plan.pk].row.group_first_id
            for plan in followers
            if plan.pk in cases
            and plan.decision.action == PlannedAction.LINK_EXISTING
            and cases[plan.pk].row.group_first_id != plan.pk
        }
        rows = LegacyStudentImport.objects.filter(pk__among=Ids(set(first_of.values())))
        firsts: dict[int, First] = {}
        before: dict[str, int] = {}
        for pk, table, legacy_id, outcome, reason, user, lead in rows.values_list(
            "pk", "source_table", "legacy_id", "outcome", "planned_reason", "imported_user_id",
            "imported_lead_id",
        ):  # fmt: skip
            if lead is not None:
                made = outcome == Outcome.CREATE_CRM_LEAD
                firsts[pk] = First((PersonKind.LEAD.value, lead), made)
            elif user is not None:
                firsts[pk] = First((PersonKind.USER.value, user), False)
            elif (outcome, reason) == (Outcome.SKIP.value, IMPORTED_BEFORE.reason):
                before[f"{self.run.connection_name}:{table}:{legacy_id}"] = pk
        for origin, lead in leads_of_rows(list(before)).items():
            firsts[before[origin]] = First((PersonKind.LEAD.value, lead), True)
        people = {pk: firsts[first] for pk, first in first_of.items() if first in firsts}
        lock_people({first.person for first in people.values()})
        there = platform_people({first.person for first in people.values()}, self.conf)
        return {
            pk: first._replace(fingerprint=there[first.person].fingerprint)
            for pk, first in people.items()
            if first.person in there and first.person not in cases[pk].said.not_same
        }


def _as_found(value: Any) -> str:
    """A payload's value as text: nothing for NULL and for bytes that are no text."""
    if isinstance(value, dict):
        value = value.get("cut")
    return "" if value is None else str(value)[:FOUND_LENGTH]
