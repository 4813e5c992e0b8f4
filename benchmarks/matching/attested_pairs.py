"""Spellings that Algerians give for one and the same Arabic name, and the pairs they form.

Source: `names.sqlite3` in the wheel `arabic-name-romanizer` (CC0/MIT, development only), country
DZ, single names. Same Arabic script = same name. Half of the names, chosen by hash, is held out:
rules are tuned on half 0 and reported on half 1.

    python -m benchmarks.matching.attested_pairs      rewrites attested_spellings.csv and
                                                      attested_given_names.csv
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

SHIPPED: Final = Path(__file__).with_name("attested_spellings.csv")
SHIPPED_GIVEN: Final = Path(__file__).with_name("attested_given_names.csv")
"""The given names that the first file lacks: fictional siblings need more of them than it has."""
TUNED_ON: Final = 0
HELD_OUT: Final = 1
MAX_SPELLING: Final = 40


class Spelling(NamedTuple):
    """One Latin spelling of an Arabic name, and how often it is attested."""

    arabic: str
    latin: str
    role: str
    times: int


def half_of(arabic: str) -> int:
    """The half that a name belongs to: always the same, independent of the data around it."""
    return hashlib.sha256(arabic.encode()).digest()[0] % 2


def database() -> Path:
    """The names in the installed wheel."""
    return Path(str(files("arabic_name_romanizer") / "resources" / "names.sqlite3"))


def from_the_wheel() -> list[Spelling]:
    """All Algerian single-name spellings of the installed wheel, ordered."""
    connection = sqlite3.connect(f"file:{database()}?mode=ro&immutable=1", uri=True)
    query = """
        SELECT arabic_key, latin, max(role), sum(count) FROM units
        WHERE country = 'DZ' AND length(latin) BETWEEN 2 AND ?
        GROUP BY arabic_key, latin ORDER BY arabic_key, latin
    """
    try:
        return [Spelling(*row) for row in connection.execute(query, (MAX_SPELLING,))]
    finally:
        connection.close()


def shipped() -> list[Spelling]:
    """The spellings of attested_spellings.csv."""
    return _spellings_of(SHIPPED)


def shipped_names() -> list[Spelling]:
    """The same, and the other given names."""
    return [*_spellings_of(SHIPPED), *_spellings_of(SHIPPED_GIVEN)]


def _spellings_of(path: Path) -> list[Spelling]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [Spelling(arabic, latin, role, int(count)) for arabic, latin, role, count in rows]


def true_pairs(spellings: list[Spelling], half: int) -> tuple[list[str], set[tuple[str, str]]]:
    """Distinct lower-case spellings of a half, and the pairs of them that are one name."""
    by_name: dict[str, set[str]] = {}
    for spelling in spellings:
        if half_of(spelling.arabic) == half:
            by_name.setdefault(spelling.arabic, set()).add(spelling.latin.lower())
    pairs: set[tuple[str, str]] = set()
    for variants in by_name.values():
        pairs.update(itertools.combinations(sorted(variants), 2))
    return sorted(set().union(*by_name.values())), pairs


def main() -> None:
    """Rewrite the shipped files: a fixed quarter of all names, and the other given names."""
    by_name: dict[str, list[Spelling]] = {}
    for spelling in from_the_wheel():
        by_name.setdefault(spelling.arabic, []).append(spelling)
    quarter = {arabic for arabic in by_name if hashlib.sha256(arabic.encode()).digest()[1] % 4 == 0}
    given = {arabic for arabic in by_name if any(s.role == "given" for s in by_name[arabic])}
    for path, names in ((SHIPPED, quarter), (SHIPPED_GIVEN, given - quarter)):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(Spelling._fields)
            for arabic in by_name:
                if arabic in names:
                    writer.writerows(by_name[arabic])


if __name__ == "__main__":
    main()
