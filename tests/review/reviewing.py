"""Queues, reviewers and their words, for tests of the review."""

import datetime

from django.contrib.auth.models import Permission, User

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import (
    FacetCount,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.review.decisions import decide
from legacy_import.runs import counts
from tests.factories import NOW, RunFactory, UserFactory, legacy_row, spelled, stage_rows
from tests.stages.stages import run_stages

LATER_ON = NOW + datetime.timedelta(minutes=1)


def reviewer(*codenames: str, **fields) -> User:
    """A member of staff who may review; `codenames`: what else they may."""
    user = UserFactory(is_staff=True, **fields)
    for codename in ("view", "review", *codenames):
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label="legacy_imports", codename=codename)
        )
    return user


def queue_of_unknown(number: int, *, status: str = "mystère", first: int = 0) -> LegacyImportRun:
    """A planned run of rows that wait for a person because their status says nothing.

    `first`: another one gives other people, about whom nothing was decided.
    """
    run = RunFactory()
    stage_rows(
        run,
        [
            legacy_row(
                table="stagiaires",
                legacy_id=str(place + 1),
                full_name=f"Fictif {spelled(place)}",
                phone=f"0661{300_000 + place}",
                status=status,
            )
            for place in range(first, first + number)
        ],
    )
    run_stages(run)
    return run


def rows_of(run: LegacyImportRun) -> list[LegacyStudentImport]:
    return list(
        LegacyStudentImport.objects.filter(legacy_import_run=run)
        .select_related("training")
        .order_by("pk")
    )


def say(
    row: LegacyStudentImport,
    decision: ReviewDecision,
    actor: User,
    *,
    treat_as: Classification | None = None,
    now: datetime.datetime = LATER_ON,
    **told,
) -> LegacyReviewDecision:
    """Decide about the row as it stands now."""
    row.refresh_from_db()
    return decide(
        row_id=row.pk,
        version=row.version,
        decision=decision,
        actor=actor,
        now=now,
        treat_as=treat_as,
        **told,
    )


def assert_facets_hold(run: LegacyImportRun) -> None:
    """The adjusted counts are what counting anew would give."""
    adjusted = {}
    for count in FacetCount.objects.filter(legacy_import_run=run):
        key = tuple(getattr(count, name) for name in counts.FACETS)
        adjusted[key] = adjusted.get(key, 0) + count.rows
    assert {key: rows for key, rows in adjusted.items() if rows} == dict(counts.rebuild(run))
