"""In Arabic, "7 / 480" and "37 %" are read from the left: each stands in an element that says so."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from legacy_import.models import (
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
)
from tests.factories import CourseMappingFactory, SessionMappingFactory, UserFactory
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.screens.runs.run_screens import ROOT, ask, planned_run, send, signed_in
from tests.stages.stages import run_commit

pytestmark = pytest.mark.django_db

OF = re.compile(r"\d[\d\s,.\u00a0\u202f]*\s/\s\d|\d\s?%|\d/\d(?!\d?/)")
DATES = re.compile(r"\d+\u200f?/\d+\u200f?/\d+")
VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "rect", "wbr"})
SILENT = frozenset({"script", "style", "title"})


class Fractions(HTMLParser):
    """`found`: every "n / m" and "n %" of a page that nothing keeps from being turned around."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        for name in ("aria-label", "title", "placeholder", "data-announce", "data-label"):
            self._judge(told.get(name) or "")
        if tag not in VOID:
            keeps = tag in SILENT or (told.get("dir") == "ltr" and tag != "html")
            self._open.append((tag, keeps))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(keeps for _tag, keeps in self._open):
            self._judge(data)

    def _judge(self, text: str) -> None:
        self.found += OF.findall(DATES.sub("", text))


@pytest.mark.parametrize(
    ("page", "found"),
    [("<p>7 / 480</p>", 1), ("<p><bdi dir=ltr>7 / 480</bdi></p>", 0), ("<p>1\u00a0234 / 2 500</p>", 1),
     ("<p dir=rtl>7/480</p>", 1), ("<p>23\u200f/11\u200f/2026</p>", 0), ("<p>37 %</p>", 1),
     ("<p><bdi>7 / 480</bdi></p>", 1), ("<br><p title='7 / 8'></p>", 1)],
)  # fmt: skip
def test_the_parser_sees_what_would_be_turned(page: str, found: int) -> None:
    assert len(Fractions(page).found) == found


@pytest.fixture
def addresses() -> list[str]:
    """Every screen with something on it: plans, doubts, mappings, batches, decisions."""
    CourseMappingFactory(legacy_formation_id="5", course=None, status="unmapped")
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7")
    run = planned_run(leads=12, unknown=12)
    for row in LegacyStudentImport.objects.filter(legacy_import_run=run)[:6]:
        LegacyStudentImport.objects.filter(pk=row.pk).update(
            duplicate_evidence={**row.duplicate_evidence, "targets_total": 40}
        )
    run_commit(run, batch=2, limit=4)
    waiting = LegacyStudentImport.objects.filter(planned_action="review").values_list(
        "pk", flat=True
    )
    found = [ROOT, f"{ROOT}/{run.pk}", f"{ROOT}/{run.pk}/commit", f"{ROOT}/{run.pk}/rollback"]
    found += [
        f"{ROOT}/students",
        f"{ROOT}/students?q=karim",
        f"{ROOT}/students?source_table=archives",
    ]
    found += [
        f"{ROOT}/review",
        f"{ROOT}/review?focus=all",
        f"{ROOT}/review?focus=all&row={waiting[0]}",
        f"{ROOT}/review?state=all",
    ]
    for name, model in (("course", LegacyCourseMapping), ("session", LegacySessionMapping)):
        found += [f"{ROOT}/{name}-mapping", f"{ROOT}/{name}-mapping/confirm-all"]
        found += [
            f"{ROOT}/{name}-mapping/{pk}" for pk in model.objects.values_list("pk", flat=True)
        ]
    found += [f"{ROOT}/status-mapping"]
    found += [
        f"{ROOT}/status-mapping/{pk}"
        for pk in LegacyStatusMapping.objects.values_list("pk", flat=True)
    ]
    return found


def test_every_fraction_and_share_is_read_from_the_left(addresses: list[str]) -> None:
    client = signed_in(UserFactory(is_staff=True, is_superuser=True), language="ar")
    turned, shown = {}, 0
    for address in addresses:
        page = client.get(address, secure=True)
        assert page.status_code == 200, address
        text = page.content.decode()
        shown += text.count(" / ")
        if found := Fractions(text).found:
            turned[address] = found
    assert turned == {}
    assert shown > 5


def test_what_a_commit_and_a_proof_say_is_read_from_the_left(tmp_path: Path) -> None:
    run: Any = planned_run()
    client = signed_in(UserFactory(is_staff=True, is_superuser=True), language="ar")
    done = client.get(send(client, run, **{**ask(client, run), "batch": "2"}).url)
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        proof = client.post(f"{ROOT}/{run.pk}/reconcile")
    for page in (done, proof):
        assert page.status_code == 200
        assert Fractions(page.content.decode()).found == []
