"""The instructions that each stage executes, here and in another checkout of the project.

    python -m benchmarks.instructions ../earlier
    python -m benchmarks.instructions ../earlier --rows 5000 --stages legacy_validate,legacy_dry_run

On a busy machine the seconds of two versions say little. Instructions, counted by valgrind's cachegrind,
are the same in every run to a part in a thousand. Both versions take turns and read the same old
database, each command in a new process with a new app database; the database server is not counted.
Only the counted command runs under valgrind, which takes about thirty times as long. The other checkout
needs its `.venv`.
"""

import argparse
import re
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import STAGES
from benchmarks.processes import ROOT, run_measured
from benchmarks.report import table
from benchmarks.servers import Workplace, load_legacy, start_server
from tests.servers import MARIADB

STARTING = "legacy_status"  # a command that does next to nothing
TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")


def count(place: Workplace, rows: int, stage: str) -> int:
    """Millions of instructions of one command, after the stages before it."""
    place.create(platform_of=rows)
    for earlier in STAGES[: STAGES.index(stage)] if stage in STAGES else ():
        place.python("manage.py", earlier, "--json")
    place.python("manage.py", STARTING, "--json")  # so that all modules are compiled
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={log}",
                    "--cachegrind-out-file=/dev/null"]  # fmt: skip
        command = [*valgrind, place.interpreter, "manage.py", stage, "--json"]
        # Without random hashes, sets have one order and a run repeats the last one.
        run_measured(command, place.environment() | {"PYTHONHASHSEED": "0"}, place.checkout)
        match = TOTAL.search(log.read_text())
    place.drop()
    if match is None:
        raise RuntimeError(f"valgrind printed no total for {stage}")
    return int(match[1].replace(",", "")) // 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="another checkout of the project")
    parser.add_argument("--rows", type=int, default=20_000, metavar="N", help="learners")
    parser.add_argument("--stages", default=",".join((STARTING, *STAGES)), metavar="NAME,…")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # stops the server
    lines = []
    with start_server(MARIADB) as server:
        legacy = load_legacy(server, options.rows)
        for stage in options.stages.split(","):
            there, here = (
                count(Workplace(server, legacy, f"app_{name}", checkout), options.rows, stage)
                for name, checkout in (("there", options.other.resolve()), ("here", ROOT))
            )
            print(f"{stage}: {there:,} → {here:,}", flush=True)
            lines.append((stage, f"{there:,}", f"{here:,}", f"{here / there:.3f}"))
    head = ("command", "there", "here", "ratio")
    print(f"\nMillions of instructions, {options.rows:,} learners\n\n{table(head, lines)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
