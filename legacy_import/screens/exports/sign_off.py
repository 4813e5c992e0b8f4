"""The sign-off sheet: per course and year, the rows of the old platform and what became of them.

Rows are counted by the database, grouped by the columns that the sheet needs; a run of any size gives as
many groups as its catalogue has courses and sessions. Names of courses are masked like any other.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ecoin.identity.masking import mask_text
from ecoin.identity.text import unescaped
from legacy_import.choices import Classification, Outcome
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.stages.reconciliation.verdict import LastVerdict, verdict_of

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
HEADER = (
    "run", "course", "platform_course", "year", "kind", "old", "created", "linked", "skipped", "left",
)  # fmt: skip

# In the order of the priorities; the code of a kind is what the CSV contains.
KINDS: dict[str, tuple[str | Promise, tuple[Classification, ...]]] = {
    "trained": (_("trained"), (Classification.COMPLETED, Classification.ARCHIVED_TRAINING)),
    "registered": (_("registrations"), (Classification.REGISTERED,)),
    "leads": (_("leads"), (Classification.LEAD_ONLY,)),
    "unclear": (_("meaning not known"), (Classification.UNKNOWN,)),
}
KIND_OF = {
    classification.value: kind
    for kind, (_words, classifications) in KINDS.items()
    for classification in classifications
}
CREATED = (
    Outcome.CREATE_COMPLETED_TRAINING.value, Outcome.CREATE_ENROLLMENT.value,
    Outcome.CREATE_CRM_LEAD.value,
)  # fmt: skip


class Counts(NamedTuple):
    """Rows of the old platform, and what became of them: the last four add up to the first."""

    old: int = 0
    created: int = 0
    linked: int = 0
    skipped: int = 0
    left: int = 0

    def __add__(self, other: Any) -> "Counts":
        return Counts(*map(sum, zip(self, other, strict=True)))


class SheetLine(NamedTuple):
    """One kind of rows of one year. `year`: of the session's end, or its beginning; "": not known."""

    year: str
    kind: str
    counts: Counts

    @property
    def words(self) -> str | Promise:
        return KINDS[self.kind][0]


@dataclass(frozen=True, slots=True)
class CourseBlock:
    """The lines of one old course ("": rows that refer to none) and its course of the platform."""

    course: str
    platform_course: str
    lines: Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class SignOffSheet:
    """The whole sheet. `totals`: one line per kind, and `total` over all."""

    blocks: Sequence[CourseBlock]
    totals: Sequence[SheetLine]
    total: Counts
    verdict: LastVerdict | None


def sign_off_sheet(run: LegacyImportRun) -> SignOffSheet:
    """The sheet of the run as it is now: one grouped query, and two over the catalogue."""
    courses = _courses(run.connection_name)
    sessions = _sessions(run.connection_name)
    cells: defaultdict[tuple[tuple[str, str], str, str], Counts] = defaultdict(Counts)
    for formation, session, classification, outcome, rows in _groups(run):
        of_session, year = sessions.get(session or "", (None, ""))
        course = courses.get(formation or of_session or "", ("", ""))
        cells[course, year, KIND_OF[classification]] += _counts_of(outcome, rows)
    totals = {kind: Counts() for kind in KINDS}
    for (_course, _year, kind), counts in cells.items():
        totals[kind] += counts
    return SignOffSheet(
        list(_blocks(cells)),
        [SheetLine("", kind, counts) for kind, counts in totals.items() if counts.old],
        sum(totals.values(), Counts()),
        verdict_of(run),
    )


def sheet_rows(run: LegacyImportRun, sheet: SignOffSheet) -> Iterator[Sequence[Any]]:
    """The sheet as the rows of a CSV, totals not included."""
    for block in sheet.blocks:
        for line in block.lines:
            yield (
                run.pk,
                block.course,
                block.platform_course,
                line.year,
                line.kind,
                *line.counts,
            )


def _groups(run: LegacyImportRun) -> Iterator[tuple[Any, ...]]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by()
    groups = rows.values_list(
        "legacy_formation_id", "legacy_session_id", "classification", "outcome"
    )
    yield from groups.annotate(rows=Count("pk"))


def _counts_of(outcome: str, rows: int) -> Counts:
    if outcome in CREATED:
        return Counts(rows, created=rows)
    if outcome == Outcome.LINK_EXISTING:
        return Counts(rows, linked=rows)
    if outcome == Outcome.SKIP:
        return Counts(rows, skipped=rows)
    return Counts(rows, left=rows)


def _blocks(
    cells: Mapping[tuple[tuple[str, str], str, str], Counts],
) -> Iterator[CourseBlock]:
    """By name, rows without a course last; years ascending, unknown ones last; kinds in their order."""
    lines: defaultdict[tuple[str, str], list[SheetLine]] = defaultdict(list)
    for (course, year, kind), counts in cells.items():
        lines[course].append(SheetLine(year, kind, counts))
    kinds = list(KINDS)
    for course in sorted(lines, key=lambda names: (not names[0], names[0].casefold(), names[1])):
        of_course = sorted(
            lines[course], key=lambda line: (line.year or "9999", kinds.index(line.kind))
        )
        yield CourseBlock(*course, of_course)


def _courses(connection_name: str) -> dict[str, tuple[str, str]]:
    """Formation id → its masked old name, and the course of the platform that it is ("": none)."""
    mappings = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    columns = mappings.values_list("legacy_formation_id", "legacy_name", "course__name")
    return {
        formation: (mask_text(unescaped(name)) or formation, course or "")
        for formation, name, course in columns
    }


def _sessions(connection_name: str) -> dict[str, tuple[str | None, str]]:
    """Session id → its formation, and the year in which it ended, or began."""
    mappings = LegacySessionMapping.objects.filter(connection_name=connection_name)
    columns = mappings.values_list(
        "legacy_session_id", "legacy_formation_id", "ends_on_raw", "starts_on_raw"
    )
    return {
        session: (formation, _year(ends) or _year(starts))
        for session, formation, ends, starts in columns
    }


def _year(date: str) -> str:
    match = YEAR.search(date)
    return match[0] if match else ""
