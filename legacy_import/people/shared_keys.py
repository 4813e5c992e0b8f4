"""Key values that too many different people carry to identify anyone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import connection

from ecoin.bulk import insert_rows
from ecoin.database import force_index, join_in_order
from legacy_import.conf import ImportConf
from legacy_import.models import PLATFORM, HotKey, IdentityKey, LegacyImportRun
from legacy_import.rules.duplicates import LOW_BLOCK_ROWS, is_hot

KEYS = IdentityKey._meta.db_table
HOT = HotKey._meta.db_table
VALUES_PER_PAGE = 500
HOT_COLUMNS = ("legacy_import_run_id", "kind", "value", "people", "names", "hot", "first_row")
# Carriers of one value that are compared pairwise: twice the largest group that one person makes
# (rules.person_groups.MAX_ROWS). Without a bound, a row typed a thousand times gives a million pairs.
CROWD = 20
COMPARED_KINDS = ("P", "E", "D", "R", "Q")

Carrier = tuple[str, int]  # owner kind, owner id
HotKeyRow = tuple[int, str, str, int, int, bool, int | None]


def find_hot_keys(run: LegacyImportRun, conf: ImportConf) -> None:
    """Replace the run's hot and crowded keys.

    A phone or an address counts the people who carry it, users and leads included, and their
    distinct name skeletons; a skeleton is hot when too many users and leads share it.
    """
    HotKey.objects.filter(legacy_import_run=run).delete()
    for kind in COMPARED_KINDS:
        by_value = {row[2]: row for row in _crowded(run, kind)}
        if kind in ("P", "E"):
            by_value |= {row[2]: row for row in _hot_contacts(run, kind, conf)}
        insert_rows(HotKey, HOT_COLUMNS, by_value.values())
    common = _often(PLATFORM, "S", LOW_BLOCK_ROWS)
    insert_rows(
        HotKey, HOT_COLUMNS, ((run.pk, "S", value, n, 1, True, None) for value, n, _ in common)
    )


def _crowded(run: LegacyImportRun, kind: str) -> Iterator[HotKeyRow]:
    """Values that too many rows of the run, or too many users and leads, carry."""
    for value, people, first in _often(run.pk, kind, CROWD):
        yield (run.pk, kind, value, people, 1, False, first)
    for value, people, _ in _often(PLATFORM, kind, CROWD):
        yield (run.pk, kind, value, people, 1, True, None)


def join_by_value() -> tuple[str, str]:
    """How to join on a key's value: always from the left, always through the covering index.

    MySQL and MariaDB plan by statistics, which are stale right after an import: measured, one chunk
    then took minutes instead of 50 ms.
    """
    return join_in_order(connection), force_index(connection, "legacy_identity_by_value")


def _hot_contacts(run: LegacyImportRun, kind: str, conf: ImportConf) -> Iterator[HotKeyRow]:
    """Column values of HotKey, in the order of HOT_COLUMNS."""
    # More people than the limit in all: more than half of them in one of the two scopes.
    limit = min(conf.hot_key_rows, conf.hot_key_names) // 2
    scopes = (PLATFORM, run.pk)
    often = {value for scope in scopes for value, _, _ in _often(scope, kind, limit)}
    values = iter(sorted(often))
    while page := list(islice(values, VALUES_PER_PAGE)):
        carriers: defaultdict[str, defaultdict[Carrier, list[str]]]
        carriers = defaultdict(lambda: defaultdict(list))
        for scope in scopes:
            for value, owner_kind, owner, skeleton in _carriers(scope, kind, page):
                carriers[value][owner_kind, owner] += [skeleton] if skeleton else []
        for value in page:
            rows, skeletons = len(carriers[value]), number_of_names(carriers[value].values())
            if is_hot(
                rows=rows,
                skeletons=skeletons,
                max_rows=conf.hot_key_rows,
                max_names=conf.hot_key_names,
            ):
                yield (run.pk, kind, value, rows, skeletons, True, None)


def _often(scope: int, kind: str, more_than: int) -> list[tuple[str, int, int]]:
    """(value, carriers, lowest id) of the values that more than so many of one scope carry."""
    _, by_value = join_by_value()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value, COUNT(*), MIN(owner_id) FROM {KEYS} {by_value} "
            "WHERE scope = %s AND kind = %s GROUP BY value HAVING COUNT(*) > %s",
            [scope, kind, more_than],
        )
        return list(cursor.fetchall())


def number_of_names(skeletons: Iterable[Sequence[str]]) -> int:
    """How many names people have, by the skeletons of each: more than one for a name in Arabic letters.

    Two people have one name if they share a skeleton, or if others connect them.
    """
    same: dict[str, str] = {}

    def first_of(skeleton: str) -> str:
        while same.setdefault(skeleton, skeleton) != skeleton:
            skeleton = same[skeleton]
        return skeleton

    for of_person in skeletons:
        for skeleton in of_person:
            same[first_of(skeleton)] = first_of(of_person[0])
    return len({first_of(skeleton) for skeleton in list(same)})


def _carriers(
    scope: int, kind: str, values: Sequence[str]
) -> Iterator[tuple[str, str, int, str | None]]:
    """(value, owner kind, owner id, skeleton or None) of these values: a line for each skeleton."""
    _, by_value = join_by_value()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.value, k.owner_kind, k.owner_id, s.value FROM {KEYS} k {by_value} "
            f"LEFT JOIN {KEYS} s ON s.scope = k.scope AND s.owner_kind = k.owner_kind "
            "AND s.owner_id = k.owner_id AND s.kind = 'S' "
            f"WHERE k.scope = %s AND k.kind = %s AND k.value IN ({_places(values)})",
            [scope, kind, *values],
        )
        yield from cursor.fetchall()


def _places(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
