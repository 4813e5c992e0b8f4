"""Blocking: the pairs of people who share a key at all, computed by the database once for a whole run.

The join starts from the values that several people share. Most keys of a run occur once; looking up
each of them, chunk by chunk, was a third of the database's work in `legacy_validate`.

Names alone make as many pairs as there are rows times people. Two whose birth dates contradict each
other never match, even with equal names (rules.duplicates), so of those only the others are written.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.db import connection, transaction

from ecoin.database import force_index
from ecoin.identity.keys import Key
from legacy_import.choices import PersonKind
from legacy_import.engine.chunks import id_ranges
from legacy_import.models import (
    PAIR_COLUMNS,
    PLATFORM,
    CandidatePair,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.people.platform import BIRTH_DATE, BIRTH_DATES
from legacy_import.people.same_day import find_pairs_of_days
from legacy_import.people.shared_keys import CROWD, HOT, KEYS, join_by_value
from legacy_import.rules.duplicates import Target
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

PAIRS = CandidatePair._meta.db_table
PLATFORM_KINDS = ("P", "E", "D", "R", "Q")
SIMILAR_NAME = "S"
IN_RUN_KINDS = ("P", "E", "D", "R")  # inside a run a similar name proves nothing without a date
STAGED = PersonKind.STAGED.value
NAMES_AT_ONCE = 50_000  # rows of a transaction

# Staged row id → person → the keys both carry.
Pairs = defaultdict[int, dict[Target, set[Key]]]


def find_pairs(run: LegacyImportRun, lease: Lease, progress: Progress) -> None:
    """Write the run's candidate pairs, kind by kind; its hot keys must be stored.

    Keys that too many share are skipped (shared_keys): matching compares those people one by one.
    """
    forget_pairs(run, lease)
    progress.begin("candidate pairs", None)
    for kind in PLATFORM_KINDS:
        with transaction.atomic():
            lease.confirm()
            pairs = _pair(_in_run(), run, kind) if kind in IN_RUN_KINDS else 0
            pairs += _pair(_with_platform(run, kind), run, kind)
        progress.advance(pairs)
    with transaction.atomic():
        lease.confirm()
        pairs = sum(_pair(_old_numbers(old, scope), run, "Q") for old, scope in OLD_NUMBERS)
    progress.advance(pairs)
    for first, last in id_ranges(run, NAMES_AT_ONCE):
        with transaction.atomic():
            lease.confirm()
            pairs = _pair(_similar_names(), run, SIMILAR_NAME, first=first, last=last)
        progress.advance(pairs)
    find_pairs_of_days(run, lease, progress, SIMILAR_NAME)


def forget_pairs(run: LegacyImportRun, lease: Lease) -> None:
    """They contain phones and addresses, and are of no use after the run is validated."""
    with transaction.atomic():
        lease.confirm()
        CandidatePair.objects.filter(legacy_import_run=run).delete()


def pairs_of(run: LegacyImportRun, first: int, last: int) -> tuple[Pairs, Pairs]:
    """The users and leads, and the rows of the run, who share keys with the rows first <= id <= last."""
    with_platform: Pairs = defaultdict(lambda: defaultdict(set))
    in_run: Pairs = defaultdict(lambda: defaultdict(set))
    for row, other_kind, other, kind, value in _between(run, first, last):
        pairs = in_run if other_kind == STAGED else with_platform
        pairs[row][other_kind, other].add(Key(kind, value))
    return with_platform, in_run


def _between(
    run: LegacyImportRun, first: int, last: int
) -> Iterator[tuple[int, str, int, str, str]]:
    pairs = CandidatePair.objects.filter(legacy_import_run=run, row_id__range=(first, last))
    yield from pairs.values_list(*PAIR_COLUMNS[1:])


_INSERT = f"""
    INSERT INTO {PAIRS} ({", ".join(PAIR_COLUMNS)})
    SELECT %(run)s, s.owner_id, t.owner_kind, t.owner_id, %(kind)s, s.value
"""
_STAGED_FIRST = "ORDER BY s.owner_id"  # in the order of the table
# Before the second join, or a value that thousands carry would make millions of pairs first.
_HOT = f"LEFT JOIN {HOT} h ON h.legacy_import_run_id = %(run)s AND h.kind = %(kind)s AND h.value ="


def near(one: str, other: str) -> str:
    """The condition that two birth dates (SQL) do not contradict each other, or do so only just.

    Never false where `rules.guards.birth_date_guard` says anything but CONFLICT: dates that differ by
    one digit, or by day and month swapped, agree in the year or in all the rest.
    """
    unknown = " OR ".join(
        f"{date} IS NULL OR SUBSTR({date}, 1, 4) <= '1900' OR {date} = '1970-01-01'"
        for date in (one, other)
    )
    return (
        f"({unknown} OR SUBSTR({one}, 1, 4) = SUBSTR({other}, 1, 4) "
        f"OR SUBSTR({one}, 5) = SUBSTR({other}, 5))"
    )


def _in_run() -> str:
    """Each carrier of a value with each other one; a crowd is not a block."""
    join, by_value = join_by_value()
    return f"""
    FROM (SELECT k.value FROM {KEYS} k {by_value} WHERE k.scope = %(run)s AND k.kind = %(kind)s
          GROUP BY k.value HAVING COUNT(*) BETWEEN 2 AND {CROWD}) several
    {_HOT} several.value
    {join} {KEYS} s {by_value}
        ON s.scope = %(run)s AND s.kind = %(kind)s AND s.value = several.value
    {join} {KEYS} t {by_value}
        ON t.scope = %(run)s AND t.kind = %(kind)s AND t.value = several.value
    WHERE h.id IS NULL AND t.owner_id <> s.owner_id
    """


def _with_platform(run: LegacyImportRun, kind: str) -> str:
    """Rows `s` and people `t`, from the side that has fewer keys of this kind.

    Many rows of one name may still be compared, one by one, with the few people who match them.
    """
    join, by_value = join_by_value()
    keys = IdentityKey.objects.filter(kind=kind)
    fewer = keys.filter(scope=PLATFORM).count() < keys.filter(scope=run.pk).count()
    one, other = ("t", "s") if fewer else ("s", "t")
    scope = {"s": "%(run)s", "t": PLATFORM}
    return f"""
    FROM {KEYS} {one} {by_value}
    {_HOT} {one}.value
    {join} {KEYS} {other} {by_value}
        ON {other}.scope = {scope[other]} AND {other}.kind = %(kind)s
        AND {other}.value = {one}.value
    WHERE {one}.scope = {scope[one]} AND {one}.kind = %(kind)s AND (h.id IS NULL OR NOT h.hot)
    """


def _old_numbers(old: str, scope: str) -> str:
    """Numbers of the plan before 2008 (keys Q of `old`, row `s` or person `t`) and their new selves."""
    join, by_value = join_by_value()
    new = "t" if old == "s" else "s"
    scopes = {"s": "%(run)s", "t": scope}
    return f"""
    FROM {KEYS} {old} {by_value}
    LEFT JOIN {HOT} h ON h.legacy_import_run_id = %(run)s AND h.kind = 'P' AND h.value = {old}.value
    {join} {KEYS} {new} {by_value}
        ON {new}.scope = {scopes[new]} AND {new}.kind = 'P' AND {new}.value = {old}.value
    WHERE {old}.scope = {scopes[old]} AND {old}.kind = %(kind)s AND {old}.value LIKE '213%%'
        AND h.id IS NULL AND NOT (t.owner_kind = s.owner_kind AND t.owner_id = s.owner_id)
    """


# Which side has the old number, and where the other side is.
OLD_NUMBERS = [(old, scope) for old in "st" for scope in ("%(run)s", str(PLATFORM))]


def _similar_names() -> str:
    """In the order of the rows, which are read with their names."""
    join, by_value = join_by_value()
    by_owner = force_index(connection, "PRIMARY")
    return f"""
    FROM {KEYS} s {by_owner}
    {_HOT} s.value
    {join} {LegacyStudentImport._meta.db_table} learner ON learner.id = s.owner_id
    {join} {KEYS} t {by_value}
        ON t.scope = {PLATFORM} AND t.kind = %(kind)s AND t.value = s.value
    {BIRTH_DATES}
    WHERE s.scope = %(run)s AND s.owner_kind = '{STAGED}' AND s.kind = %(kind)s
        AND s.owner_id BETWEEN %(first)s AND %(last)s AND h.id IS NULL
        AND {near("learner.birth_date", BIRTH_DATE)}
    """


def _pair(joined: str, run: LegacyImportRun, kind: str, **bounds: int) -> int:
    """Write the pairs of rows `s` and people `t` so joined; returns how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + joined + _STAGED_FIRST, {"run": run.pk, "kind": kind, **bounds})
        return int(cursor.rowcount)
