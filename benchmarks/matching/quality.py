"""Precision and recall of each tier on fictional learners, beside the targets of the design.

    python -m benchmarks.matching.quality                        the shipped set
    python -m benchmarks.matching.quality --rows 100000 --seed 7

A pair is two rows; it is right when both are the same person, and recall counts all such pairs.
Built sets use the held-out half of the names unless `--half 0` (the half rules are tuned on).
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from benchmarks.matching.attested_pairs import HELD_OUT, from_the_wheel, shipped, true_pairs
from benchmarks.matching.build_labelled_set import Row, build, read
from ecoin.identity.dates import parse_birth_date
from ecoin.identity.emails import parse_email
from ecoin.identity.keys import Key, identity_keys
from ecoin.identity.names import fold_as_written, parse_name
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import.rules.duplicates import (
    LOW_BLOCK_ROWS,
    Match,
    Person,
    compare,
    is_hot,
    is_low,
)

TODAY: Final = date(2026, 1, 1)
Pair = tuple[int, int]

TARGETS: Final = {
    "auto-link (HIGH, unblocked)": (0.9995, 0.82),
    "MEDIUM (same name and birth date)": (0.999, None),
    "unblocked HIGH or MEDIUM": (0.999, 0.91),
}
LOW_F1_TARGET: Final = 0.72


@dataclass(slots=True)
class Indexed:
    """The rows as people, and who carries which key."""

    people: list[Person] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    carriers: dict[Key, list[int]] = field(default_factory=dict)


def index(rows: Iterable[Row]) -> Indexed:
    """Normalize every row through the platform's own functions."""
    indexed = Indexed()
    for number, row in enumerate(rows):
        name = parse_name(row.first_name, row.last_name)
        phones, email = parse_phones(row.phone), parse_email(row.email)
        born = parse_birth_date(row.birth_date, today=TODAY).value
        written = fold_as_written(row.first_name, row.last_name)
        indexed.people.append(
            Person(
                name.fold,
                name.skeleton,
                born,
                email.role_mailbox,
                written,
                name.script,
            )
        )
        indexed.truth.append(row.person)
        keys = identity_keys(
            name=name,
            phones=phones,
            email=email,
            birth_date=born,
            phone_digits=raw_digits(row.phone),
        )
        for key in set(keys):
            indexed.carriers.setdefault(key, []).append(number)
    return indexed


def hot_keys(indexed: Indexed) -> frozenset[Key]:
    """Contact keys that too many different people carry."""
    hot = set()
    for key, carriers in indexed.carriers.items():
        if key.kind in "PEQ" and len(carriers) > 4:
            names = {indexed.people[number].skeleton for number in carriers}
            if is_hot(rows=len(carriers), skeletons=len(names)):
                hot.add(key)
    return frozenset(hot)


def shared_keys(indexed: Indexed, hot: frozenset[Key]) -> dict[Pair, set[Key]]:
    """Pairs that meet on a key, hot keys and oversized name blocks left out."""
    shared: dict[Pair, set[Key]] = {}
    for key, carriers in indexed.carriers.items():
        if key in hot or len(carriers) < 2:
            continue
        if key.kind == "S" and len(carriers) > LOW_BLOCK_ROWS:
            continue
        for pair in itertools.combinations(carriers, 2):
            shared.setdefault(pair, set()).add(key)
    return shared


def matches(indexed: Indexed, hot: frozenset[Key]) -> dict[Pair, tuple[Match, set[Key]]]:
    """Every match of the set, by pair."""
    found = {}
    for pair, keys in shared_keys(indexed, hot).items():
        left, right = (indexed.people[number] for number in pair)
        match = compare(left, right, shared=frozenset(keys), hot=hot)
        if match is not None:
            found[pair] = match, keys
    return found


def literal_high(indexed: Indexed) -> tuple[int, int]:
    """(pairs, right pairs) when every shared phone or address is believed."""
    pairs: set[Pair] = set()
    for key, carriers in indexed.carriers.items():
        if key.kind in "PE":
            pairs.update(itertools.combinations(carriers, 2))
    return len(pairs), sum(indexed.truth[a] == indexed.truth[b] for a, b in pairs)


def low_on_attested_pairs(half: int, wheel: bool) -> tuple[float, float, float]:
    """(precision, recall, F1) of the LOW name rule over all pairs of attested spellings."""
    spellings, pairs = true_pairs(from_the_wheel() if wheel else shipped(), half)
    blocks: dict[str, list[tuple[str, str]]] = {}
    for spelling in spellings:
        name = parse_name(spelling)
        blocks.setdefault(name.skeleton, []).append((spelling, name.fold))
    predicted = right = 0
    for block in blocks.values():
        for (one, fold_one), (other, fold_other) in itertools.combinations(block, 2):
            if is_low(fold_one, fold_other):
                predicted += 1
                right += (one, other) in pairs
    precision, recall = right / predicted, right / len(pairs)
    return precision, recall, 2 * precision * recall / (precision + recall)


def report(rows: list[Row]) -> None:
    """Print the table for these rows."""
    started = time.perf_counter()
    indexed = index(rows)
    hot = hot_keys(indexed)
    found = matches(indexed, hot)
    seconds = time.perf_counter() - started
    same = Counter(indexed.truth)
    everything = sum(n * (n - 1) // 2 for n in same.values())
    tiers: dict[str, list[bool]] = {name: [] for name in TARGETS}
    tiers |= {"MEDIUM (all)": [], "LOW": [], "blocked HIGH": []}
    for (left, right), (match, keys) in found.items():
        is_same = indexed.truth[left] == indexed.truth[right]
        joined = match.auto_link_allowed or match.tier == "medium"
        for name, belongs in (
            ("auto-link (HIGH, unblocked)", match.auto_link_allowed),
            ("MEDIUM (same name and birth date)", any(key.kind == "D" for key in keys)),
            ("unblocked HIGH or MEDIUM", joined or any(key.kind == "D" for key in keys)),
            ("MEDIUM (all)", match.tier == "medium"),
            ("LOW", match.tier == "low"),
            ("blocked HIGH", match.tier == "high" and bool(match.blockers)),
        ):
            if belongs:
                tiers[name].append(is_same)
    print(
        f"{len(rows):,} rows, {len(same):,} people, {everything:,} true pairs, {len(hot)} hot keys"
    )
    print(f"{'tier':<36}{'pairs':>9}{'precision':>11}{'recall':>8}   target")
    pairs, right_pairs = literal_high(indexed)
    _line("HIGH taken literally", pairs, right_pairs, everything)
    for name, outcomes in tiers.items():
        _line(name, len(outcomes), sum(outcomes), everything)
    print(f"normalized and compared in {seconds:.1f} s ({len(rows) / seconds:,.0f} rows/s)")


def _line(name: str, pairs: int, right: int, everything: int) -> None:
    precision, recall = TARGETS.get(name, (None, None))
    wanted = [f"precision ≥ {precision}"] if precision else []
    wanted += [f"recall ≥ {recall}"] if recall else []
    figures = f"{right / max(pairs, 1):>11.5f}{right / max(everything, 1):>8.3f}"
    print(f"{name:<36}{pairs:>9,}{figures}   {', '.join(wanted)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="build that many; without it: the shipped set")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--half", type=int, choices=(0, 1), default=HELD_OUT)
    options = parser.parse_args()
    report(build(options.rows, options.seed, half=options.half) if options.rows else read())
    precision, recall, f1 = low_on_attested_pairs(options.half, wheel=bool(options.rows))
    print(
        f"LOW name rule on attested spellings: precision {precision:.3f}, recall {recall:.3f}, "
        f"F1 {f1:.3f} (target ≥ {LOW_F1_TARGET})"
    )


if __name__ == "__main__":
    main()
