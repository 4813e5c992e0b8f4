"""The order of the queue: most likely matches first, whatever their reason, in pages by key."""

import datetime
from typing import Any

import pytest
from django.db import connection

from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.review.counts import count_rows
from legacy_import.review.filter import ALL, PENDING, RowFilter
from legacy_import.screens.pages import Anchor
from legacy_import.screens.review.listing import next_row, page_of
from tests.factories import CrmLeadFactory, RunFactory, StagedLearnerFactory, spelled
from tests.review.reviewing import assert_facets_hold
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db

BORN = datetime.date(1999, 2, 3)
QUEUE = RowFilter(focus=ALL, state=PENDING)

# What is on the platform and what comes, from surely the same person to surely another.
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "same-name-and-date": (
        {"full_name": "Karim Haddad", "birth_date": BORN},
        {"full_name": "Karim Haddad", "birth_date": "1999-02-03"}),
    "similar-name-same-date": (
        {"full_name": "Sofiane Belkacem", "birth_date": BORN},
        {"full_name": "Sofkane Belkacem", "birth_date": "1999-02-03"}),
    "same-phone-and-name-another-date": (
        {"full_name": "Nabil Cherfaoui", "phone": "0559446169", "birth_date": BORN},
        {"full_name": "Nabil Cherfaoui", "phone": "0559446169", "birth_date": "2001-07-20"}),
    "same-phone-similar-name-no-date": (
        {"full_name": "Lamine Zerfaoui", "phone": "0559446168"},
        {"full_name": "Amine Zerfaoui", "phone": "0559446168"}),
    "same-phone-only": (
        {"full_name": "Lina Saadi", "phone": "0559446170"},
        {"full_name": "Yacine Mansouri", "phone": "0559446170"}),
    "same-phone-another-name-and-date": (
        {"full_name": "Amel Kaci", "phone": "0559446171", "birth_date": BORN},
        {"full_name": "Omar Meziane", "phone": "0559446171", "birth_date": "2001-07-20"}),
}  # fmt: skip
REASONS = [
    "medium_match", "medium_match", "birth_date_conflict", "name_only_similar",
    "shared_contact_other_name", "likely_other_person",
]  # fmt: skip


@pytest.fixture
def run() -> LegacyImportRun:
    """The pairs above, staged backwards, after rows that wait for another reason."""
    run = RunFactory()
    for number in range(3):
        StagedLearnerFactory(run=run, full_name=f"Fictif {spelled(number)}", status="mystère")
    for lead, row in reversed(PAIRS.values()):
        CrmLeadFactory(**lead)
        StagedLearnerFactory(run=run, **row)
    run_stages(run)
    return run


def rows(run: LegacyImportRun, anchor: Anchor = Anchor(), size: int = 25) -> list[int]:  # noqa: B008
    return [line["pk"] for line in page_of(run, count_rows(run, QUEUE), anchor, size=size).lines]


def test_the_most_likely_matches_come_first(run: LegacyImportRun) -> None:
    staged = LegacyStudentImport.objects.in_bulk()
    queue = [staged[pk] for pk in rows(run)]
    names = [row["full_name"] for _, row in PAIRS.values()]
    assert [row.full_name for row in queue[: len(PAIRS)]] == names
    assert [row.planned_reason for row in queue] == [*REASONS, *["status_unknown"] * 3]
    assert_facets_hold(run)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_follow_each_other_in_that_order(run: LegacyImportRun, size: int) -> None:
    everyone = rows(run)
    forwards = rows(run, size=size)
    while page := rows(run, Anchor(after=forwards[-1]), size):
        forwards += page
    assert forwards == everyone
    backwards = [everyone[-1]]
    while page := rows(run, Anchor(before=backwards[0]), size):
        backwards = page + backwards
    assert backwards == everyone
    assert rows(run, Anchor(at=everyone[3]), size)[0] == everyone[3]


def test_a_cause_is_a_part_of_the_queue(run: LegacyImportRun) -> None:
    query = RowFilter({"planned_reason": "medium_match"}, focus=ALL, state=PENDING)
    lines = page_of(run, count_rows(run, query), Anchor()).lines
    assert [line["pk"] for line in lines] == rows(run)[:2]


def test_after_a_row_comes_the_next_one_of_the_order(run: LegacyImportRun) -> None:
    everyone = rows(run)
    counts = count_rows(run, QUEUE)
    for row, following in zip(everyone, [*everyone[1:], everyone[0]], strict=True):
        assert next_row(run, counts, row) == following


def test_a_search_keeps_the_order(run: LegacyImportRun) -> None:
    query = RowFilter(search="erfaoui", parts=True, focus=ALL, state=PENDING)
    lines = page_of(run, count_rows(run, query), Anchor()).lines
    assert [line["planned_reason"] for line in lines] == [
        "birth_date_conflict",
        "name_only_similar",
    ]
    after = page_of(run, count_rows(run, query), Anchor(after=lines[0]["pk"])).lines
    assert [line["pk"] for line in after] == [lines[1]["pk"]]


def test_rows_in_doubt_inside_the_run_have_their_place(run: LegacyImportRun) -> None:
    fresh = RunFactory()
    unknown = StagedLearnerFactory(run=fresh, status="mystère")
    pair = [
        StagedLearnerFactory(
            run=fresh, full_name="Karim Haddad", phone="0661700123", birth_date=born
        )
        for born in ("1999-02-03", "2001-07-20")
    ]
    run_stages(fresh)
    assert rows(fresh) == [*(row.pk for row in pair), unknown.pk]


def test_the_page_is_read_through_the_index_of_the_queue(run: LegacyImportRun) -> None:
    """Rows of other cells are not read, and nothing is sorted on disk."""
    queue = page_of(run, count_rows(run, QUEUE), Anchor(), size=2)
    assert len(queue.lines) == 2
    indexes = {
        index.name: index.fields for index in LegacyStudentImport._meta.indexes if index.name
    }
    assert indexes["legacy_student_queue"] == [
        "legacy_import_run", "planned_action", "review_order", "planned_reason", "classification",
    ]  # fmt: skip
    if connection.vendor == "sqlite":
        ordered = LegacyStudentImport.objects.filter(
            legacy_import_run=run, planned_action="review"
        ).order_by("review_order", "planned_reason", "classification", "pk")
        plan = ordered.values_list("pk").explain()
        assert "legacy_student_queue" in plan
        assert "TEMP B-TREE" not in plan
