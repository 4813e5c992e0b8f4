"""Hostile text in every column, on every screen: it stays text, is cut, and breaks nothing."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client

from legacy_import.choices import ReviewDecision
from legacy_import.models import (
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
)
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    SessionMappingFactory,
    UserFactory,
    legacy_row,
    stage_rows,
)
from tests.review.reviewing import say
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db

ROOT = "/admin/legacy-imports"
LARGEST_PAGE = 250_000
MEGABYTE = "é<b>" * 250_000
MARKS = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
BIDI = frozenset(map(chr, MARKS))
# What would run, hide, end or turn something if it were more than text.
HOSTILE = {
    "script": "<script>alert('zz')</script>",
    "handler": "\"><img src=x onerror=alert('zz')>",
    "attribute": "' onmouseover='alert(1)' x='",
    "end of page": "</title></table></form></body></html><!--",
    "address": "javascript:alert('zz')",
    "template": "{{ 7|add:7 }}{% now 'Y' %}{{ settings.SECRET_KEY }}",
    "override": "‮live‬ ⁦x⁩ ‏y‎",
    "format": "%s %(rows)s {0} {name} %n\\x00\\u202e",
    "control": "a\x00b\x1b[2J\r\nSet-Cookie: a=b",
    "sql": "'; DROP TABLE legacy_import_runs; --",
    "zalgo": "z" + "̧̖́" * 60,
    "joined": "👩‍👩‍👧‍👦" * 20,
    "long": "W" * 5_000,
    "no letters": "\t \u200b\u3000",
}


VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


class Elements(HTMLParser):
    """What a browser would build of a page, and the text that its marks can turn around."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.turned: list[str] = []  # text with bidi marks that no element keeps in
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.found.append((tag, attributes))
        shown = [value for name, value in attrs if name != "value" and value]
        self.turned += [value for value in shown if set(value) & BIDI]
        if tag not in VOID:
            keeps_in = tag in ("bdi", "option", "textarea", "code") or "dir" in attributes
            self._open.append((tag, keeps_in and tag != "html"))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if set(data) & BIDI and not any(kept_in for _, kept_in in self._open):
            self.turned.append(data)


class Hostile:
    """A planned and a committed run, their people, their mappings: all of it hostile."""

    def __init__(self) -> None:
        self.run, self.done = RunFactory(), RunFactory()
        texts = {kind: text.replace("\x00", "\ufffd") for kind, text in HOSTILE.items()}
        for number, text in enumerate(texts.values(), 3):
            at = str(number)
            course = {"course": None, "status": "unmapped"} if number % 2 else {}
            CourseMappingFactory(legacy_formation_id=at, legacy_name=text[:255], **course)
            SessionMappingFactory(legacy_session_id=at, legacy_code=text[:190], legacy_formation_id=at,
                                  starts_on_raw=text[:40])  # fmt: skip
            CrmLeadFactory(
                full_name=text[:300], phone=f"0770{number:06}", email=f"{text[:100]}@x.dz"
            )
            user = UserFactory(username=f"{number} {text[:140]}", last_name=text[:150])
            LearnerProfileFactory(user=user, phone=f"0771{number:06}")
        rows = list(self._rows(0, "mystère"))
        stage_rows(self.run, rows)
        stage_rows(self.done, list(self._rows(500, "Formée")) + list(self._rows(900, "Informer")))
        run_stages(self.done)
        run_commit(self.done)
        run_stages(self.run)
        self.queue = list(
            LegacyStudentImport.objects.filter(legacy_import_run=self.run).order_by("pk")
        )
        author = UserFactory(first_name=HOSTILE["script"], last_name=HOSTILE["override"][:150])
        for row, text in zip(self.queue, texts.values(), strict=False):
            say(row, ReviewDecision.LATER, author, note=text[:200])
        self.me = UserFactory(username="<i>x</i>", is_staff=True, is_superuser=True,
                              first_name="<script>alert('zz')</script>")  # fmt: skip

    def _rows(self, first: int, status: str) -> Iterator[Any]:
        for number, (kind, text) in enumerate(HOSTILE.items(), 3):
            mine = status if status != "mystère" else text
            for place, name in enumerate((text, f"{text} Haddad")):
                yield legacy_row(
                    table="stagiaires" if place else "archives", legacy_id=str(first + number),
                    full_name=name, first_name=text, last_name=text, status=mine, email=text,
                    phone=f"0770{number:06} {text}", formation_id=str(number),
                    session_id=str(number), remarque=MEGABYTE if kind == "long" else text,
                    **{f"<b>{text[:50]}": text},
                )  # fmt: skip

    def pages(self) -> list[str]:
        mappings = [
            (f"{ROOT}/{kind}-mapping", pk)
            for kind, model in (
                ("course", LegacyCourseMapping),
                ("session", LegacySessionMapping),
                ("status", LegacyStatusMapping),
            )
            for pk in model._default_manager.values_list("pk", flat=True)
        ]
        pages = [ROOT, f"{ROOT}?source={quote(HOSTILE['script'])}&status=<b>"]
        for run in (self.run, self.done):
            pages += [f"{ROOT}/{run.pk}"]
            pages += [f"{ROOT}/{run.pk}/{page}" for page in ("commit", "rollback", "progress")]
            pages += [f"{ROOT}/{screen}?run={run.pk}" for screen in
                      ("students", "review", "course-mapping", "session-mapping",
                       "status-mapping")]  # fmt: skip
            pages += [
                f"{ROOT}/{kind}-mapping/confirm-all?run={run.pk}" for kind in ("course", "session")
            ]
        pages += [f"{where}/{pk}?run={self.run.pk}" for where, pk in mappings]
        pages += [self.opened(row) for row in self.queue]
        done = LegacyStudentImport.objects.filter(legacy_import_run=self.done)
        pages += [f"{ROOT}/lineage?origin=legacy:{table}:{number}:{effect}"
                  for table, number in done.values_list("source_table", "legacy_id")[::3]
                  for effect in ("training", "lead")]  # fmt: skip
        pages += [f"{ROOT}/{screen}?q={quote(text[:90])}"
                  for text in HOSTILE.values()
                  for screen in ("students", "review", "course-mapping", "lineage")]  # fmt: skip
        for text in HOSTILE.values():  # in places where a code or a number is meant
            for place in ("?source=", "?status=", "?before=", "/students?run=",
                          "/review?planned_reason=",
                          "/review?focus=", "/review?person=", "/review?row=", "/students?after=",
                          "/students?classification=", "/session-mapping?state=", "/status-mapping?q=",
                          "/course-mapping?page=", "/lineage?origin=",
                          f"/{self.run.pk}/commit?focus=", f"/{self.run.pk}/commit?done="):  # fmt: skip
                pages.append(f"{ROOT}{place}{quote(text[:60])}")
        return pages

    def opened(self, row: LegacyStudentImport) -> str:
        return f"{ROOT}/review?run={self.run.pk}&focus=all&state=all&row={row.pk}"


@pytest.fixture(scope="module")
def hostile(django_db_setup: None, django_db_blocker: Any) -> Iterator[Hostile]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Hostile()
        transaction.set_rollback(True)


@pytest.fixture
def client(hostile: Hostile) -> Client:
    client = Client(headers={"accept-language": "ar"}, raise_request_exception=False)
    client.force_login(hostile.me)
    return client


def test_the_parser_sees_what_would_run_or_turn() -> None:
    built = Elements(f"<p onclick='x'>a{HOSTILE['script']}<b title='\u202e'>\u2066x</b></p>"
                     f"<td><bdi>{HOSTILE['override']}</bdi> 23/11/2026")  # fmt: skip
    assert [tag for tag, _ in built.found] == ["p", "script", "b", "td", "bdi"]
    assert built.turned == ["\u202e", "\u2066x"]


def assert_harmless(address: str, answer: Any) -> None:
    """Nothing of the text became an element, an attribute, a header, a mark that turns the line.

    (A NUL is replaced by every parser of HTML.)
    """
    assert answer.status_code < 500, address
    assert "a" not in answer.cookies
    page = (answer.getvalue() if answer.streaming else answer.content).decode()
    assert len(page) < LARGEST_PAGE, (address, len(page))
    if "html" not in answer.get("Content-Type", ""):
        return
    built = Elements(page)
    assert built.turned == [], address
    for tag, attributes in built.found:
        assert tag not in ("img", "iframe", "object", "embed", "style", "base"), (address, tag)
        assert tag != "script" or (attributes.get("src") or "").startswith("/static/"), address
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (
            address
        )
        for name in ("href", "src", "action", "formaction"):
            assert not (attributes.get(name) or "").strip().lower().startswith("javascript:"), (
                address
            )
    assert "{{ 7|add:7 }}" in page or "7|add:7" not in page, address


def test_every_screen_shows_hostile_text_as_text(hostile: Hostile, client: Client) -> None:
    pages = hostile.pages()
    shown = {address: client.get(address) for address in pages}
    for address, answer in shown.items():
        assert_harmless(address, answer)
    assert sum(answer.status_code == 200 for answer in shown.values()) > 60
    whole = "".join(answer.content.decode() for answer in shown.values() if not answer.streaming)
    assert "&lt;script&gt;" in whole
    assert "{{ 7|add:7 }}" in whole


def test_forms_that_repeat_hostile_text_are_harmless(hostile: Hostile, client: Client) -> None:
    row, run = hostile.queue[0], hostile.run.pk
    for kind, text in HOSTILE.items():
        for what, told in (
            ("decide", {"version": row.version, "decision": "skip", "note": text}),
            ("decide", {"version": "1", "decision": text, "treat_as": text, "person": text}),
            ("person", {"phone": text}), ("reveal", {"reason": text}), ("undo", {"event": text}),
        ):  # fmt: skip
            with transaction.atomic():
                told = {"filter": f"focus=all&q={text}", **told}
                assert_harmless(kind, client.post(f"{ROOT}/review/{row.pk}/{what}", told))
                transaction.set_rollback(True)
        for where, told in (
            ("review/filters", {"run": run, "name": text, "filter": f"focus=all&{text}"}),
            ("review/bulk", {"run": run, "decision": "skip", "scope": "all", "filter": f"q={text}"}),
            ("students/search", {"run": run, "q": text}),
            ("review/search", {"run": run, "q": text, "filter": f"focus=all&q={text}"}),
            (f"{run}/commit", {"token": text, "batch": text, "focus": text, "database": text}),
            (f"course-mapping/confirm-all?run={run}", {"expected": 1, "stamp": text}),
        ):  # fmt: skip
            assert_harmless(kind, client.post(f"{ROOT}/{where}", told))
    assert_harmless("saved filters", client.get(hostile.opened(row)))


def test_a_judged_mapping_with_a_hostile_name_is_told_as_text(
    hostile: Hostile, client: Client
) -> None:
    for mapping in LegacyCourseMapping.objects.all():
        where = f"{ROOT}/course-mapping/{mapping.pk}/decide?run={hostile.run.pk}"
        told = {"decision": "no_equivalent", "version": mapping.version, "note": HOSTILE["script"],
                "back": f"q={HOSTILE['script']}&state=x"}  # fmt: skip
        answer = client.post(where, told, follow=True)
        assert_harmless(where, answer)
        assert answer.status_code == 200


@pytest.mark.parametrize("what", ["raw", "reveal"])
def test_payloads_and_contacts_are_shown_as_text_and_cut(
    hostile: Hostile, client: Client, what: str
) -> None:
    for row in hostile.queue[:20]:
        answer = client.post(f"{ROOT}/review/{row.pk}/{what}", {"reason": "dossier illisible"})
        assert answer.status_code == 200
        assert_harmless(f"{what} {row.pk}", answer)


def test_exports_hold_hostile_text_in_their_cells(hostile: Hostile, client: Client) -> None:
    for run in (hostile.run, hostile.done):
        for kind in ("csv", "json"):
            answer = client.get(f"{ROOT}/{run.pk}/export.{kind}")
            assert answer.status_code == 200
            assert_harmless(kind, answer)
            assert "attachment" in answer["Content-Disposition"]
            if kind == "json":
                json.loads(answer.getvalue() if answer.streaming else answer.content)


def test_the_stock_admin_shows_hostile_text_as_text(hostile: Hostile, client: Client) -> None:
    for model in ("crm/crmlead", "trainings/learnerprofile", "trainings/legacycompletedtraining"):
        for text in HOSTILE.values():
            asked = client.get(f"/admin/{model}/", {"q": text, "course__id__exact": text})
            assert asked.status_code < 500, (model, text)
            assert client.get(f"/admin/{model}/", {"q": text}).status_code == 200, (model, text)
        page = client.get(f"/admin/{model}/")
        assert page.status_code == 200
        for tag, attributes in Elements(page.content.decode()).found:
            assert tag != "script" or attributes.get("src")
            assert not [name for name in attributes if name.startswith("on")]
