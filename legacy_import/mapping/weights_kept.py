"""The lists of the mapping screens, stored per run: what a page reads instead of counting rows.

Kept by every plan, and by every judgement in its own transaction. An import and a classification
forget them, and another run of the source may have changed a mapping since: the next look keeps them
anew. No decision, commit or rollback changes them: a row that waits for a mapping is planned
`review`, and stays so until the next plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum

from ecoin.bulk import insert_rows
from ecoin.identity.masking import mask_text
from ecoin.identity.text import fold
from legacy_import.mapping.weights import NO_ROWS, Weight, weigh
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    MappingTotals,
    MappingWeight,
)
from legacy_import.runs.lifecycle import UNFINISHED

COURSE, SESSION = "course", "session"  # kinds of MappingWeight
COLUMNS = (
    "legacy_import_run_id", "kind", "mapping_id", "position", "rows", "waiting", "frees", "state",
    "searched",
)  # fmt: skip
LONGEST_SEARCHED = 500

# (mapping, its legacy id, what it and its course are called)
Listed = tuple[LegacyCourseMapping | LegacySessionMapping, str, str]


def kept(run: LegacyImportRun) -> MappingTotals:
    """What is stored of the run; MappingWeight stands beside it. Weighed anew where that is old."""
    totals = MappingTotals.objects.filter(legacy_import_run=run).first()
    if totals is None or run.status in UNFINISHED:
        return keep(run)
    return totals if totals.mappings == _mappings_of(run.connection_name) else keep(run)


def keep(run: LegacyImportRun) -> MappingTotals:
    """Weigh every mapping of the run's source by the run's rows, and store the two lists."""
    with transaction.atomic():
        # A judgement locks the run first, too: none is lost between the steps.
        LegacyImportRun.objects.select_for_update().filter(pk=run.pk).values_list("pk").first()
        stamp = _mappings_of(run.connection_name)  # before they are read: never newer than they are
        weights = weigh(run)
        MappingWeight.objects.filter(legacy_import_run=run).delete()
        for kind, listed, weight_of in (
            (COURSE, _courses(run.connection_name), weights.courses),
            (SESSION, _sessions(run.connection_name), weights.sessions),
        ):
            lines = ((run.pk, kind, *line) for line in _in_order(listed, weight_of))
            insert_rows(MappingWeight, COLUMNS, lines)
        totals, _ = MappingTotals.objects.update_or_create(
            legacy_import_run=run, defaults={"mappings": stamp, "causes": weights.causes}
        )
    return totals


def forget(run: LegacyImportRun) -> None:
    """The run's rows read otherwise from now on: whoever looks next has the lists kept anew."""
    MappingTotals.objects.filter(legacy_import_run=run).delete()


def _mappings_of(connection_name: str) -> str:
    """Another text after every change of a mapping of the source: their versions only grow."""
    told = [
        model._default_manager.filter(connection_name=connection_name).aggregate(
            rows=Count("pk"), versions=Sum("version")
        )
        for model in (LegacyCourseMapping, LegacySessionMapping)
    ]
    return " ".join(f"{found['rows']}:{found['versions'] or 0}" for found in told)


def _courses(connection_name: str) -> Iterator[Listed]:
    for mapping in LegacyCourseMapping.objects.filter(connection_name=connection_name):
        yield mapping, mapping.legacy_formation_id, ""


def _sessions(connection_name: str) -> Iterator[Listed]:
    courses = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    names = {
        formation: fold(mask_text(name))
        for formation, name in courses.values_list("legacy_formation_id", "legacy_name")
    }
    for mapping in LegacySessionMapping.objects.filter(connection_name=connection_name):
        course = names.get(mapping.legacy_formation_id or "", "")
        yield mapping, mapping.legacy_session_id, course


def _in_order(
    listed: Iterable[Listed], weight_of: Mapping[str, Weight]
) -> Iterator[tuple[Any, ...]]:
    """The columns after `kind`: by the rows a mapping would free, then by those that wait, …"""
    lines = []
    for mapping, legacy_id, course in listed:
        weight = weight_of.get(legacy_id, NO_ROWS)
        name = fold(mask_text(mapping.called))
        heaviest = (-weight.frees, -weight.waiting, -weight.rows, name, mapping.pk)
        searched = f"{legacy_id} {name} {course}".strip()[:LONGEST_SEARCHED]
        lines.append((heaviest, mapping.pk, weight, mapping.state, searched))
    lines.sort(key=lambda line: line[0])
    for position, (_, pk, weight, state, searched) in enumerate(lines):
        yield pk, position, weight.rows, weight.waiting, weight.frees, state, searched
