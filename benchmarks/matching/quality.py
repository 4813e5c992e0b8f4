"""How well people are told apart: figures of labelled sets of fictional learners, next to their targets.

    python -m benchmarks.matching.quality                              all sets, 20,000 rows each
    python -m benchmarks.matching.quality --rows 2000 --sets plain twins
    python -m benchmarks.matching.quality --json after.json --before before.json

Each set is imported and planned by the product's own commands, on SQLite databases that are deleted
afterwards. Equal arguments give equal figures, except for the seconds. Names, particles, placeholders
and kinds of damage are those of the held-out half, unless `--half 0` (the half that rules are tuned on).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.matching import known_names
from benchmarks.matching.attested_pairs import HELD_OUT, TUNED_ON, from_the_wheel, shipped
from benchmarks.matching.labelled_sets import SETS, LabelledSet
from benchmarks.matching.measures import Measure, measures_of_set, name_measures
from benchmarks.matching.outcomes import Figures

ROOT: Final = Path(__file__).resolve().parents[2]
NAMES: Final = "names"  # compared by themselves, without rows
SECTIONS: Final = (*(kind.name for kind in SETS), NAMES)
OWN_KEYS: Final = ("LEGACY_", "DATABASE_", "ENV_FILE", "SECRET_KEY", "DEBUG")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=int, default=20_000, help="of each set (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--half", type=int, choices=(TUNED_ON, HELD_OUT), default=HELD_OUT)
    parser.add_argument("--sets", nargs="+", choices=SECTIONS, metavar="SET", default=SECTIONS,
                        help=f"only these: {', '.join(SECTIONS)}")  # fmt: skip
    parser.add_argument("--wheel", action="store_true",
                        help="all names of arabic-name-romanizer, which must be installed")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--before", type=Path, metavar="FILE",
                        help="figures of an earlier --json to compare with")  # fmt: skip
    options = parser.parse_args()
    start = time.perf_counter()
    before = json.loads(options.before.read_text()) if options.before else {}
    figures: dict[str, Figures] = {}
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory() as folder:
        place = _Place(Path(folder))
        for kind in (kind for kind in SETS if kind.name in options.sets):
            figures[kind.name] = place.measure(kind, options)
            earlier = Figures.from_json(before[kind.name]) if kind.name in before else None
            measures += _print_set(kind, figures[kind.name], earlier)
    if NAMES in options.sets:
        measures += _print_names(options.half, wheel=options.wheel)
    _print_summary(measures, time.perf_counter() - start)
    if options.json:
        contents = {name: values.as_json() for name, values in figures.items()}
        options.json.write_text(json.dumps(contents, indent=1) + "\n")


class _Place:
    """A folder with an empty app database, which each set copies, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python("manage.py", "migrate", "--verbosity", "0", database="empty")

    def measure(self, kind: LabelledSet, options: argparse.Namespace) -> Figures:
        shutil.copyfile(self._folder / "empty.sqlite3", self._folder / "app.sqlite3")
        output = self._python(
            "-m", "benchmarks.matching.imported_set", kind.name, "--rows", str(options.rows),
            "--seed", str(options.seed), "--half", str(options.half),
            *(["--wheel"] if options.wheel else []), database="app",
        )  # fmt: skip
        return Figures.from_json(json.loads(output))

    def _python(self, *arguments: str, database: str) -> str:
        others = {key: value for key, value in os.environ.items() if not key.startswith(OWN_KEYS)}
        environment = {
            **others,
            "DJANGO_SETTINGS_MODULE": "ecoin.settings",
            "ENV_FILE": os.devnull,
            "DEBUG": "true",
            "DATABASE_URL": f"sqlite:///{self._folder}/{database}.sqlite3",
            "LEGACY_DB_DRIVER": "sqlite",
            "LEGACY_DB_DATABASE": f"{self._folder}/old.sqlite3",
        }
        process = subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=ROOT, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        if process.returncode:
            sys.exit(f"{' '.join(arguments)} ended with {process.returncode}.")
        return process.stdout


def _print_set(kind: LabelledSet, figures: Figures, before: Figures | None) -> list[Measure]:
    print(f"{kind.name}: {kind.content}")
    print(
        f"  {figures.rows:,} rows of {figures.people:,} people, {figures.records:,} of them on the "
        f"platform; import to plan in {figures.seconds:.1f} s of the processor"
    )
    return _print_measures(measures_of_set(kind, figures, before))


def _print_names(half: int, *, wheel: bool) -> list[Measure]:
    names = known_names.known_given_names()
    print(f"{NAMES}: {len(names):,} known given names, and attested spellings of the half")
    return _print_measures(name_measures(names, from_the_wheel() if wheel else shipped(), half))


def _print_measures(measures: Iterable[Measure]) -> list[Measure]:
    printed = list(measures)
    for measure in printed:
        print("  " + measure.line)
    print(flush=True)
    return printed


def _print_summary(measures: list[Measure], seconds: float) -> None:
    with_target = [measure for measure in measures if measure.is_met is not None]
    missed = [measure for measure in with_target if not measure.is_met]
    print(f"{len(with_target) - len(missed)} of {len(with_target)} targets met, in {seconds:.0f} s")
    for measure in missed:
        print(f"  not met: {measure.of}: {measure.line}")


if __name__ == "__main__":
    main()
