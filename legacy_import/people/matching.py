"""Matches of staged rows with the platform's people and with each other, chunk by chunk.

Candidates come from blocking; hot keys are never joined pairwise. What a match means is
decided by rules.duplicates; here is only who to compare with whom.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from ecoin.bulk import Ids
from ecoin.identity.keys import Key
from legacy_import.choices import PersonKind
from legacy_import.conf import ImportConf
from legacy_import.models import (
    NO_EVIDENCE,
    PLATFORM,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.people.contact import person_of
from legacy_import.people.pairs import Pairs, pairs_of
from legacy_import.people.platform import platform_people
from legacy_import.people.shared_keys import HOT, KEYS
from legacy_import.rules.duplicates import (
    Person,
    Target,
    Verdict,
    compare,
    judge,
    of_inactive_person,
)
from legacy_import.rules.in_run import Relation, relation_of
from legacy_import.rules.reliability import distance

MAX_SHOWN = 5  # rows of the run kept as evidence per row; the count is of all
MAX_TARGETS = 50  # users and leads kept: as many as any key can bring (hot_keys.CROWD)


@dataclass(slots=True)
class RowMatches:
    """What was found about one staged row."""

    verdict: Verdict
    in_run: list[dict[str, Any]] = field(default_factory=list)
    in_run_distance: int | None = None  # of the most likely of the rows in doubt
    in_run_total: int = 0

    @property
    def best_target(self) -> tuple[str, int | None]:
        """Kind and id of the best match; ("", None) where only rows of the run match."""
        return self.verdict.targets[0][0] if self.verdict.targets else ("", None)

    @property
    def review_order(self) -> int:
        """The place in the queue: by known people, else by rows of the run that are in doubt."""
        for number in (self.verdict.distance, self.in_run_distance):
            if number is not None:
                return number
        return NO_EVIDENCE

    def evidence(self) -> dict[str, Any]:
        """The JSON kept in `duplicate_evidence`: masked, in codes that every language has words for."""
        evidence: dict[str, Any] = {}
        if self.verdict.targets:
            evidence = {
                "auto_link_allowed": self.verdict.auto_link_allowed,
                "blockers": list(self.verdict.blockers),
                "targets": [
                    {"kind": kind, "id": pk, "tier": match.tier, "blockers": list(match.blockers),
                     "evidence": list(match.evidence)}
                    for (kind, pk), match in self.verdict.targets[:MAX_TARGETS]
                ],
                "targets_total": len(self.verdict.targets),
            }  # fmt: skip
        if self.in_run:
            evidence |= {"in_run": self.in_run, "in_run_total": self.in_run_total}
        return evidence


@dataclass(slots=True)
class ChunkMatches:
    """Matches of one chunk by staged row id, and how rows of the run are related."""

    rows: dict[int, RowMatches]
    hot: dict[int, frozenset[Key]]  # the hot phones and addresses that a row carries
    relations: dict[tuple[int, int], Relation]  # (row, row), the lower id first


def match_chunk(
    run: LegacyImportRun,
    first: int,
    last: int,
    conf: ImportConf,
    not_same: Mapping[int, frozenset[Target]],
) -> ChunkMatches:
    """Compare the staged rows first <= id <= last with everyone who shares a key with them.

    `not_same`: staged row → people who, as a reviewer decided, are not this row's.
    """
    hot = _hot_keys_of_chunk(run, first, last)
    targets, siblings = pairs_of(run, first, last)
    for owner, keys in hot.items():
        for key, representative in keys.items():
            if representative:
                targets[owner][representative].add(key)
    _add_pairs_with_first_row(run, first, last, siblings)
    rows = _staged(
        run, {*targets, *siblings, *(pk for o in siblings.values() for _, pk in o)}, conf
    )
    people = platform_people(set().union(*targets.values()), conf)
    chunk = ChunkMatches({}, {owner: frozenset(keys) for owner, keys in hot.items()}, {})
    for owner in sorted({*targets, *siblings}):
        row = rows[owner]
        refused = not_same.get(owner, frozenset())
        own_hot = chunk.hot.get(owner, frozenset())
        verdict = judge(
            [
                (target, match if people[target].active else of_inactive_person(match))
                for target, shared in targets.get(owner, {}).items()
                if target in people
                and target not in refused
                and not row.is_origin_of(people[target].origin, run)
                and (
                    match := compare(
                        row.person, people[target].person, shared=frozenset(shared), hot=own_hot
                    )
                )
            ]
        )
        matches = RowMatches(verdict)
        _match_in_run(owner, siblings.get(owner, {}), rows, matches, chunk)
        if verdict.targets or matches.in_run:
            chunk.rows[owner] = matches
    return chunk


@dataclass(frozen=True, slots=True)
class _Staged:
    table: str
    legacy_id: str
    person: Person

    def is_origin_of(self, origin: str, run: LegacyImportRun) -> bool:
        """Whether a record with this origin came from this row, no matter who had its number then."""
        row = f"{run.connection_name}:{self.table}:{self.legacy_id}"
        return origin.startswith((f"{row}:", f"{row}#"))


def _match_in_run(
    owner: int,
    others: Mapping[Target, set[Key]],
    rows: Mapping[int, _Staged],
    matches: RowMatches,
    chunk: ChunkMatches,
) -> None:
    """Note the rows of the same run that share a key, and how they are related."""
    row, hot = rows[owner], chunk.hot.get(owner, frozenset())
    unrelated: list[dict[str, Any]] = []
    distances: list[int] = []
    for (_, other), keys in sorted(others.items()):
        partner, shared = rows[other], frozenset(keys)
        match = compare(row.person, partner.person, shared=shared, hot=hot)
        if match is None:
            continue
        births = row.person.birth_date, partner.person.birth_date
        relation = relation_of(match, shared=shared, births=births)
        if relation:
            chunk.relations[min(owner, other), max(owner, other)] = relation
        may_be_one = relation not in (None, Relation.OTHER_PERSON)
        if may_be_one and relation != Relation.ONE_PERSON:
            distances.append(distance(match.evidence))
        evidence = {
            "row": f"{partner.table}:{partner.legacy_id}", "id": other,
            "same_person": relation == Relation.ONE_PERSON, "blockers": list(match.blockers),
            "evidence": list(match.evidence),
        }  # fmt: skip
        matches.in_run_total += 1
        (matches.in_run if may_be_one else unrelated).append(evidence)
    matches.in_run = (matches.in_run + unrelated)[:MAX_SHOWN]
    matches.in_run_distance = min(distances, default=None)


def _add_pairs_with_first_row(
    run: LegacyImportRun,
    first: int,
    last: int,
    pairs: Pairs,
) -> None:
    """Rows of a crowded key are compared with its first row only: a star instead of all pairs."""
    sql = f"""
        SELECT s.owner_id, h.first_row, s.kind, s.value
        FROM {KEYS} s
        JOIN {HOT} h ON h.legacy_import_run_id = %s AND h.kind = s.kind AND h.value = s.value
        WHERE s.scope = %s AND s.owner_kind = 'staged' AND s.owner_id BETWEEN %s AND %s
          AND NOT h.hot AND s.kind IN ('P', 'E', 'D', 'R') AND h.first_row <> s.owner_id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [run.pk, run.pk, first, last])
        for owner, first_row, kind, value in cursor.fetchall():
            pairs[owner][(PersonKind.STAGED.value, first_row)].add(Key(kind, value))


def _hot_keys_of_chunk(
    run: LegacyImportRun, first: int, last: int
) -> dict[int, dict[Key, Target | None]]:
    """Staged row id → its hot phones and addresses → one representative person who carries it too."""
    sql = f"""
        SELECT s.owner_id, s.kind, s.value,
               (SELECT MIN(t.owner_id) FROM {KEYS} t WHERE t.scope = %s AND t.kind = s.kind
                AND t.value = s.value AND t.owner_kind = 'user'),
               (SELECT MIN(t.owner_id) FROM {KEYS} t WHERE t.scope = %s AND t.kind = s.kind
                AND t.value = s.value AND t.owner_kind = 'lead')
        FROM {KEYS} s
        JOIN {HOT} h ON h.legacy_import_run_id = %s AND h.kind = s.kind AND h.value = s.value
        WHERE s.scope = %s AND s.owner_kind = 'staged' AND s.owner_id BETWEEN %s AND %s
          AND h.hot AND s.kind IN ('P', 'E', 'D', 'R', 'Q')
    """
    hot: defaultdict[int, dict[Key, Target | None]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(sql, [PLATFORM, PLATFORM, run.pk, run.pk, first, last])
        for owner, kind, value, user, lead in cursor.fetchall():
            representative = (PersonKind.USER.value, user) if user else None
            if representative is None and lead:
                representative = (PersonKind.LEAD.value, lead)
            hot[owner][Key(kind, value)] = representative
    return hot


def _staged(run: LegacyImportRun, ids: Iterable[int], conf: ImportConf) -> dict[int, _Staged]:
    """The staged rows with these ids, ready to be compared."""
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids)).values_list(
        "pk", "source_table", "legacy_id", "full_name", "email_normalized", "birth_date"
    )
    return {
        pk: _Staged(table, legacy_id, person_of(name, email, born, conf))
        for pk, table, legacy_id, name, email, born in rows
    }
