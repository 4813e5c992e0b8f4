"""Names in the docs are those of the code: commands, certificate fields, and what screens show."""

import ast
import re
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from legacy_import.management.certificate import certificate_table
from legacy_import.source.certificate import Certificate
from tests.docs.tables import DOCS, ROOT

PAGES = (*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")))
# Pages that send their readers to controls and buttons, in English.
OF_CONTROLS = [DOCS / f"{name}.md" for name in (
    "first-migration", "legacy_production_migration_runbook", "production", "screens",
)]  # fmt: skip
TOURS = {"fr": DOCS / "tour.fr.md", "ar": DOCS / "tour.ar.md", "en": DOCS / "tour.md"}
STRONG = re.compile(r"\*\*([^*\n]+)\*\*")
EMPHASIS = re.compile(r"(?<![*\w])\*([^*\n][^*]*?)\*(?![*\w])")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%s|\{\w*\}|…")
OF_DJANGO = {"add user", "staff status"}
OF_SERVERS = {
    "got a packet bigger than max_allowed_packet", "unknown collation", "gtid_purged",
    r"unknown command '\-'",
}  # fmt: skip
OF_SECTIONS = {
    "A person who was trained twice", "Une personne formée deux fois", "الشخص الذي تكوّن مرتين",
}  # fmt: skip
NO_NAMES = {"measured", "extrapolated", "rows for people", "'closed'", "'rolling_back'"}


def folded(text: str) -> str:
    """Case, blanks, tags and final marks do not matter."""
    text = PLACEHOLDER.sub("…", re.sub(r"<[^>]+>", "", text))
    return " ".join(text.lower().split()).strip(" .:")


@cache
def shown_texts(language: str = "en") -> frozenset[str]:
    """What the product can show: the strings of its code in English, and its catalogue."""
    entry = "msgstr(?:\\[\\d\\])?" if language != "en" else "(?:msgid|msgid_plural)"
    source = re.compile(rf'^{entry} ((?:"[^\n]*"\n)+)', re.MULTILINE)
    folder = language if language != "en" else "fr"
    catalogue = (ROOT / f"locale/{folder}/LC_MESSAGES/django.po").read_text("utf-8")
    texts = {
        "".join(map(ast.literal_eval, found.splitlines())) for found in source.findall(catalogue)
    }
    if language == "en":
        texts |= strings_of_the_code()
    return frozenset(folded(text) for text in texts)


def strings_of_the_code() -> set[str]:
    texts: set[str] = set()
    for path in sorted((ROOT / "legacy_import").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(one.value) if isinstance(one, ast.Constant) else "…"
                         for one in node.values]  # fmt: skip
                texts.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


def is_shown(name: str, language: str = "en") -> bool:
    """Whether a text of the product contains the name, or becomes it when it is filled in."""
    text = re.sub(r"\bn (?=\w)", "25 ", folded(name))  # "n rows": any number
    if text in OF_DJANGO | OF_SERVERS | NO_NAMES or any(
        text in one for one in shown_texts(language)
    ):
        return True
    filled = (one for one in shown_texts(language) if "…" in one and len(one.replace("…", "")) > 3)
    patterns = (".+".join(map(re.escape, one.split("…"))) for one in filled)
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def names_of(page: Path) -> list[str]:
    """What a page emphasizes: controls, buttons, titles and messages."""
    return EMPHASIS.findall(CODE.sub("", page.read_text("utf-8")))


@pytest.mark.parametrize("page", OF_CONTROLS, ids=lambda page: page.name)
def test_what_a_page_emphasizes_is_shown_by_the_product(page: Path) -> None:
    names = names_of(page)
    assert len(names) > 2
    assert [name for name in names if not is_shown(name)] == []


@pytest.mark.parametrize("language", TOURS)
def test_the_controls_of_a_tour_are_those_of_the_screens_in_its_language(language: str) -> None:
    """In bold, unless it is a sentence or the name of a section."""
    strong = STRONG.findall(TOURS[language].read_text("utf-8"))
    names = [name for name in strong if name[-1] not in ".:?؟" and name not in OF_SECTIONS]
    assert len(names) > 10
    assert [name for name in names if not is_shown(name, language)] == []


def test_a_name_that_nothing_shows_is_seen() -> None:
    assert is_shown("Not the same person")
    assert is_shown("Balanced")
    assert not is_shown("Not the same persons")
    assert not is_shown("Balance the run now")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_is_spelled_as_it_works_without_an_activated_environment(page: Path) -> None:
    text = page.read_text("utf-8")
    if page.name != "changelog.md":  # of versions before
        spelled = re.findall(r"(\S*\s?)\bmanage\.py \w", text)
        assert [one for one in spelled if not one.endswith(".venv/bin/python ")] == []


def certificate_lines() -> set[Any]:
    """The names of the certificate's lines on the terminal."""
    empty: dict[str, Any] = {field.name: {} for field in fields(Certificate)}
    texts = dict.fromkeys(
        ("server", "version", "database", "account", "isolation", "time_zone"), "x"
    )
    tls = {"state": "plain", "cipher": ""}
    found = {**empty, **texts, "notes": [], "snapshots": 1, "tls": tls}
    return {row[0] for row in certificate_table(found).rows}


def test_the_certificate_has_the_keys_and_lines_of_the_reference() -> None:
    page = (DOCS / "commands.md").read_text("utf-8")
    section = page.partition("## The certificate\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    keys = {key for cell, _ in rows for key in re.findall(r"`(\w+)`", cell)}
    assert keys == {field.name for field in fields(Certificate)}
    assert {line.strip() for _, line in rows} - {"–", "Source"} == certificate_lines()


def test_the_preflight_of_the_runbook_goes_by_the_lines_of_the_certificate() -> None:
    page = (DOCS / "legacy_production_migration_runbook.md").read_text("utf-8")
    section = page.partition("## 4. Preflight\n")[2].partition("\n## ")[0]
    names = set(re.findall(r"`([^`]+)`", CODE_BLOCK.sub("", section)))
    lines = certificate_lines()
    assert names - {"Source:", "Target:"} <= lines
    assert {"account", "session", "snapshot", "link", "columns", "absent", "notes"} <= names


CODE_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
