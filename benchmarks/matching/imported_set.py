"""One labelled set, imported and planned by the product's own commands, in a process of its own.

    python -m benchmarks.matching.imported_set SET --rows N --seed S --half H [--wheel]

prints its figures as JSON. The environment states an empty, migrated app database and the SQLite file of
the old one, which is replaced: `benchmarks.matching.quality` provides both.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, cast

import django

from benchmarks.matching.build_labelled_set import Row, build
from benchmarks.matching.labelled_sets import SETS
from benchmarks.matching.outcomes import Candidate, Figures, RowOutcome, figures_of

TODAY: Final = date(2026, 1, 1)
COURSE: Final = "Bureautique"
SESSION: Final = 10
STAGES: Final = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")
BATCH: Final = 1_000


@dataclass(frozen=True)
class OldSchool:
    """The rows of a set as an old database; their ids are their places, from 1 on."""

    rows: list[Row]

    formations = ({"id": 1, "nom": COURSE, "duree": None, "prix": None, "created_at": None},)
    sessions = (
        {"id": SESSION, "code": "BUR-2019-05", "formation_id": 1, "date_debut": "2019-05-01",
         "date_fin": "2019-07-01"},
    )  # fmt: skip

    def learners(self) -> Iterator[tuple[Literal["stagiaires"], dict[str, Any]]]:
        for place, row in enumerate(self.rows, start=1):
            yield "stagiaires", {
                "id": place, "nom": row.last_name, "prenom": row.first_name,
                "date_naissance": row.birth_date, "telephone": row.phone, "email": row.email,
                "statut": "Formée" if row.is_trained else "Informer", "formation_id": 1,
                "session_ecoin_id": SESSION if row.is_trained else None, "adresse": None,
                "wilaya": None, "niveau": None, "remarque": None,
                "created_at": "2019-05-12 09:00:00", "updated_at": "2019-05-12 09:00:00",
            }  # fmt: skip


def measure(rows: list[Row]) -> Figures:
    """Import the rows next to the people's records, plan, and count."""
    old_rows = [row for row in rows if not row.on_platform]
    people_of_records = _add_records([row for row in rows if row.on_platform])
    _write_old_database(old_rows)
    seconds = _run_stages()
    scripts = {row.person: row.script for row in rows if row.on_platform}
    return figures_of(list(_outcomes(old_rows, people_of_records)), scripts, seconds)


def _add_records(rows: list[Row]) -> dict[int, int]:
    """Create the course and a lead for each row; returns lead id → person."""
    from crm.models import CrmLead
    from ecoin.identity.dates import parse_birth_date
    from trainings.models import Course

    Course.objects.create(code="BUR", name=COURSE)
    leads = [
        CrmLead(
            full_name=f"{row.first_name} {row.last_name}",
            phone=row.phone,
            email=row.email,
            birth_date=parse_birth_date(row.birth_date, today=TODAY).value,
        )
        for row in rows
    ]
    for lead in leads:
        lead.normalize()
    CrmLead.objects.bulk_create(leads, batch_size=BATCH)
    return {lead.pk: row.person for lead, row in zip(leads, rows, strict=True)}


def _write_old_database(rows: list[Row]) -> None:
    from django.db import connections

    from legacy_import.demo.people import LegacyWorld
    from legacy_import.demo.sqlite_writer import write_sqlite

    write_sqlite(cast(LegacyWorld, OldSchool(rows)), Path(connections.databases["legacy"]["NAME"]))


def _run_stages() -> float:
    """Import to dry run; returns the processor's seconds, which other programs do not change."""
    from django.core.management import call_command

    start = time.process_time()
    for command in STAGES:
        with contextlib.redirect_stdout(io.StringIO()):
            call_command(command, "--json", "--verbosity", "0")
    return time.process_time() - start


def _outcomes(rows: list[Row], people_of_records: dict[int, int]) -> Iterator[RowOutcome]:
    from legacy_import.models import LegacyStudentImport
    from legacy_import.screens.review.listing import ORDER

    staged = LegacyStudentImport.objects
    queue = staged.filter(planned_action="review").order_by(*ORDER).values_list("pk", flat=True)
    places = {pk: place for place, pk in enumerate(queue)}
    row_of = {pk: rows[int(old_id) - 1] for pk, old_id in staged.values_list("pk", "legacy_id")}
    columns = ("pk", "duplicate_evidence", "auto_link_allowed", "match_id", "group_first_id",
               "planned_action")  # fmt: skip
    for pk, evidence, may_link, match_id, group, action in staged.order_by("pk").values_list(
        *columns
    ):
        row = row_of[pk]
        yield RowOutcome(
            person=row.person,
            script=row.script,
            is_trained=row.is_trained,
            targets=tuple(
                _candidate(target, people_of_records[target["id"]], target["tier"])
                for target in evidence.get("targets", [])
            ),
            in_run=tuple(
                _candidate(other, row_of[other["id"]].person, "")
                for other in evidence.get("in_run", [])
            ),
            linked_person=people_of_records[match_id] if may_link else None,
            group=group,
            action=action,
            queue_place=places.get(pk),
        )


def _candidate(match: dict[str, Any], person: int, tier: str) -> Candidate:
    codes = frozenset(item.partition(":")[0] for item in match["evidence"])
    return Candidate(person, tier, bool(match["blockers"]), codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=[kind.name for kind in SETS])
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--half", type=int, required=True)
    parser.add_argument("--wheel", action="store_true")
    options = parser.parse_args()
    kind = next(kind for kind in SETS if kind.name == options.set)
    rows = build(kind, options.rows, options.seed, half=options.half, wheel=options.wheel)
    django.setup()
    json.dump(measure(rows).as_json(), sys.stdout)


if __name__ == "__main__":
    main()
