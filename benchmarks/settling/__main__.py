"""Rows that need review, by cause: before and after statuses, sessions and courses were settled once.

    python -m benchmarks.settling                  60,000 rows, and the table of docs/settling.md
    python -m benchmarks.settling --rows 10000     another number, printed only

Runs the real commands on the fictional school, in a folder of its own on SQLite, and decides with
`legacy_map` what a school would: every unknown status, every waiting session, every course, every pair
of courses. No row is decided by itself.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, run_measured
from benchmarks.report import DOCS, table, write_block

PAGE, BLOCK = DOCS / "settling.md", "settled"
ROWS = 60_000  # of the table in docs/
# What the fictional school's statuses mean; the rest of its unknown ones are asked about, no more.
MEANINGS = {"forme": "completed"}
OTHERWISE = "lead_only"
# The courses that the platform has under several names or another one; the rest is kept by name.
COURSES = ("Marketing Digital",)
REASON = "registre de l'école"
LINKS = ("link_existing",)
PLANS = (
    "create_completed_training", "create_enrollment", "create_crm_lead", "link_existing", "skip",
    "review",
)  # fmt: skip

Counts = Mapping[str, Any]


class School:
    """The fictional school in a folder of its own, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("LEGACY_")},
            "ENV_FILE": os.devnull,
            "DEBUG": "true",
            "DATABASE_URL": f"sqlite:///{folder}/ecoin.sqlite3",
            "LEGACY_DB_DRIVER": "sqlite",
            "LEGACY_DB_DATABASE": f"{folder}/legacy.sqlite3",
        }

    def run(self, *arguments: str) -> str:
        line = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return run_measured(line, self.environment).output

    def counts(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))["counts"]

    def plan(self) -> Counts:
        for stage in ("legacy_validate", "legacy_classify"):
            self.run(stage, "--verbosity", "0")
        counts: Counts = self.counts("legacy_dry_run")
        return counts

    def settled_together(self) -> Counts:
        """Review reason → rows that one decision about their cause settles."""
        script = "from benchmarks.settling.decided_together import main; main()"
        counts: Counts = json.loads(self.run("shell", "--verbosity", "0", "-c", script))
        return counts

    def settle(self) -> dict[str, int]:
        """Decide everything on the mapping pages; returns page → decisions."""
        made = {"statuses": self._set("statuses", self._statuses())}
        made["sessions"] = self._set("sessions", self._sessions(), "--confirm-exact")
        made["courses"] = self._set("courses", self._courses(), "--confirm-exact")
        self.run("legacy_classify", "--verbosity", "0")
        made["pairs of courses"] = self._set("courses", self._pairs())
        return made

    def _undecided(self, subject: str) -> list[dict[str, Any]]:
        undecided: list[dict[str, Any]] = self.counts("legacy_map", subject)["undecided"]
        return undecided

    def _statuses(self) -> dict[str, str]:
        return {
            one["key"]: MEANINGS.get(one["key"], OTHERWISE) for one in self._undecided("statuses")
        }

    def _sessions(self) -> dict[str, str]:
        """Waiting lists are released; sessions in doubt are looked up, and took place."""
        without_course = self._without_course()
        answers = {}
        for one in self._undecided("sessions"):
            code = without_course.get(one["key"])
            answer = f"released:{code}" if code else "released"
            answers[one["key"]] = "real_session" if one["state"] == "to_confirm" else answer
        return answers

    def _without_course(self) -> dict[str, str]:
        """Session that has no course, or one that the catalogue lacks → the course that was taught."""
        script = (
            "from legacy_import.models import *; from trainings.models import Course; "
            "codes = list(Course.objects.order_by('pk').values_list('code', flat=True)); "
            "known = LegacyCourseMapping.objects.filter(in_source=True); "
            "ids = known.values('legacy_formation_id'); "
            "lacking = LegacySessionMapping.objects.exclude(legacy_formation_id__in=ids)"
            " | LegacySessionMapping.objects.filter(legacy_formation_id=None); "
            "print(*(f'{s.legacy_session_id}={codes[0]}' for s in lacking))"
        )
        lines = self.run("shell", "--verbosity", "0", "-c", script).split()
        return dict(line.split("=", 1) for line in lines)

    def _courses(self) -> dict[str, str]:
        """One course of several with the same name is chosen; the others have no equivalent."""
        code = self._code_of(COURSES[0])
        return {
            one["key"]: f"course:{code}" if one["name"] in COURSES else "kept_by_name"
            for one in self._undecided("courses")
            if one["kind"] == "course" and one["name"].strip()
        }

    def _pairs(self) -> dict[str, str]:
        """Learners followed the course of their session."""
        return {
            one["key"]: "course_of_session"
            for one in self._undecided("courses")
            if one["kind"] == "conflict"
        }

    def _code_of(self, name: str) -> str:
        script = (
            "from trainings.models import Course; "
            f"print(Course.objects.filter(name__iexact={name!r}).order_by('code')[0].code)"
        )
        return self.run("shell", "--verbosity", "0", "-c", script).strip()

    def _set(self, subject: str, answers: Mapping[str, str], *options: str) -> int:
        pairs = [f"{key}={answer}" for key, answer in answers.items()]
        values = ["--set", *pairs] if pairs else []
        if not (values or options):
            return 0
        counts = self.counts("legacy_map", subject, *values, *options, "--note", REASON)
        return int(counts["changed"])


def measure(rows: int) -> tuple[Counts, Counts, dict[str, int], Counts]:
    """The plan before, the plan after, the decisions between them, and what is settled together then."""
    with tempfile.TemporaryDirectory(prefix="settling-") as folder:
        school = School(Path(folder))
        school.run("migrate", "--verbosity", "0")
        school.run("legacy_demo", "--rows", str(rows), "--with-platform", "--verbosity", "0")
        school.run("legacy_import", "--verbosity", "0")
        before = school.plan()
        decisions = school.settle()
        return before, school.plan(), decisions, school.settled_together()


def render(
    rows: int, before: Counts, after: Counts, decisions: Mapping[str, int], together: Counts
) -> str:
    """Rows per cause and per planned action, before and after, as in docs/."""
    made = ", ".join(f"{page} {number:,}" for page, number in decisions.items())
    causes = {*before["review_reasons"], *after["review_reasons"]}
    numbers = [
        (cause, before["review_reasons"].get(cause, 0), after["review_reasons"].get(cause, 0))
        for cause in causes
    ]
    numbers.sort(key=lambda line: (-line[1], -line[2], line[0]))
    by_cause = [
        (f"`{cause}`", f"{was:,}", f"{now:,}", f"{now - together.get(cause, 0):,}")
        for cause, was, now in numbers
    ]
    totals = [sum(line[place] for line in numbers) for place in (1, 2)]
    one_by_one = totals[1] - sum(together.values())
    by_cause.append(("in all", *(f"{total:,}" for total in totals), f"{one_by_one:,}"))
    by_plan = [
        (f"`{action}`", f"{before['plan'][action]:,}", f"{after['plan'][action]:,}")
        for action in PLANS
    ]
    return "\n\n".join(
        [
            f"`legacy_demo --rows {rows}`; decisions: {made}.",
            table(("planned", "before", "after"), by_plan),
            table(("cause", "rows before", "rows after", "one by one"), by_cause),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    text = render(rows, *measure(rows))
    print(text)
    if rows == ROWS:
        write_block(PAGE, BLOCK, text)


if __name__ == "__main__":
    main()
