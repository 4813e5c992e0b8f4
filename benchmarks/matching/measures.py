"""Figures with their targets: each one a line that states whether it is met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.matching import known_names
from benchmarks.matching.attested_pairs import Spelling
from benchmarks.matching.labelled_sets import LabelledSet
from benchmarks.matching.outcomes import Figures, Share
from ecoin.identity.given_names import KnownName

CANDIDATES_ACROSS_SCRIPTS: Final = 0.95
LOW_F1: Final = 0.73
DOUBLED: Final = 0.5  # the most, of the share before
SECONDS: Final = 1.1  # the most, of the time before


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a set. `is_met` is None where there is no target."""

    of: str
    label: str
    value: str
    target: str = ""
    is_met: bool | None = None

    @property
    def line(self) -> str:
        text = f"{self.label:<54}{self.value:<40}"
        if self.is_met is not None:
            text += f"{self.target:<14}{'met' if self.is_met else 'NOT MET'}"
        return text.rstrip()


def measures_of_set(
    kind: LabelledSet, figures: Figures, before: Figures | None = None
) -> Iterator[Measure]:
    """The figures of a set, in the order of the page; `before`: of an earlier version."""
    targets, of = kind.targets, kind.name

    def share(label: str, share: Share, least: float | None = None) -> Measure:
        return at_least(of, label, share.value, least, f"{share.part:,} of {share.whole:,}")

    yield share("auto-link precision", figures.link_precision, targets.link_precision)
    yield share("auto-link recall", figures.link_recall, targets.link_recall)
    yield share(
        "same name and birth date, precision", figures.same_name_and_date_precision,
        targets.same_name_and_date_precision,
    )  # fmt: skip
    yield share(
        "unblocked HIGH or MEDIUM, precision", figures.joined_precision, targets.joined_precision
    )
    yield share("unblocked HIGH or MEDIUM, recall", figures.joined_recall, targets.joined_recall)
    yield share("groups of the run, precision (pairs)", figures.group_precision)
    yield share("groups of the run, recall (pairs)", figures.group_recall)
    yield at_most(of, "people doubled", figures.doubled, targets.doubled)
    if before:
        yield _compared(of, "people doubled", figures.doubled.value, before.doubled.value, DOUBLED)
    yield share("trained people who become a lead", figures.trained_as_lead)
    yield share("two people on one contact taken for one name", figures.one_name)
    if figures.other_script_shown.whole:
        yield share("record in the other script: shown", figures.other_script_shown)
        yield share("record in the other script: linked", figures.other_script_linked)
    yield share("queue: the true person comes first", figures.own_target_first)
    yield at_least(
        of,
        "queue: average precision",
        figures.queue_precision,
        targets.queue_precision,
        "",
        digits=4,
    )
    yield Measure(of, "queue: rows read until 80 % of true matches",
                  f"{figures.queue_read:,} of {figures.queue_rows:,}")  # fmt: skip
    if before:
        yield _compared(of, "processor seconds", figures.seconds, before.seconds, SECONDS)


def name_measures(
    names: Sequence[KnownName], spellings: list[Spelling], half: int
) -> Iterator[Measure]:
    """The figures of names by themselves."""
    of = "names"
    yield none_of(of, "known spellings that parse to nothing", known_names.without_a_token(names))
    yield none_of(of, "two known names taken for one", known_names.taken_for_one(names))
    yield none_of(of, "spellings of one name taken for two", known_names.taken_for_two(names))
    shared = known_names.found_across_scripts(spellings, half)
    yield at_least(of, "Arabic and Latin spellings: candidates", shared.value,
                   CANDIDATES_ACROSS_SCRIPTS, f"{shared.part:,} of {shared.whole:,}")  # fmt: skip
    whole = known_names.whole_names_found_across_scripts(spellings, half)
    yield at_least(of, "the same, of two such names each", whole.value, None,
                   f"{whole.part:,} of {whole.whole:,}")  # fmt: skip
    yield none_of(
        of, "unattested in Arabic, yet equal to a Latin one",
        known_names.equal_across_scripts_unattested(spellings, half),
    )  # fmt: skip
    precision, recall, f1 = known_names.low_on_attested_pairs(spellings, half)
    yield at_least(of, "LOW on attested spellings, F1", f1, LOW_F1,
                   f"precision {precision:.3f}, recall {recall:.3f}", digits=3)  # fmt: skip


def at_least(
    of: str, label: str, value: float, least: float | None, base: str, *, digits: int = 5
) -> Measure:
    """A figure that should be as large as possible; `base`: what it was computed from."""
    text = f"{value:.{digits}f}" + (f" ({base})" if base else "")
    if least is None:
        return Measure(of, label, text)
    return Measure(of, label, text, f"≥ {least:g}", value >= least)


def at_most(of: str, label: str, share: Share, most: float | None) -> Measure:
    """A share that should be as small as possible."""
    text = f"{share.value:.5f} ({share.part:,} of {share.whole:,})"
    if most is None:
        return Measure(of, label, text)
    return Measure(of, label, text, f"≤ {most:g}", share.value <= most)


def _compared(of: str, label: str, now: float, before: float, most: float) -> Measure:
    """A figure as a multiple of what it was in an earlier version."""
    text = f"{now / before:.2f} × {before:.4g}" if before else f"{now:.4g}, before 0"
    return Measure(of, f"{label}, of those before", text, f"≤ {most:g} ×", now <= before * most)


def none_of(of: str, label: str, share: Share) -> Measure:
    """Cases that must not occur."""
    return Measure(of, label, f"{share.part:,} of {share.whole:,}", "0", share.part == 0)
