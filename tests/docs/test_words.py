"""The pages are in the plain words of the field: each phrase below has a plainer one."""

import re
from pathlib import Path

import pytest

from tests.docs.tables import DOCS, ROOT

QUOTES = "changelog.md"  # it quotes what screens and commands were called at the time
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks/README.md",
    *(page for page in sorted(DOCS.glob("*.md")) if page.name != QUOTES),
)
NO_PROSE = re.compile(
    r"^```.*?^```$|<!-- table: .*?<!-- end -->|``[^`]+``|`[^`\n]+`|\]\([^)\s]+\)"
    r"|^# [^\n]+$|^- \d+\. \[[^\n]+$"  # titles, and their list
    r"|\*\*[^*\n]+\*\*:",  # headings of a screen
    re.DOTALL | re.MULTILINE,
)
MADE = r"(?:records?|runs?|leads?|enrolments?|links?|plans?|decisions?|accounts?|databases?)"
PRONOUN = r"(?:its|their|his|her|our|your|one's)"
# Phrase → what to write instead.
PHRASES = {
    r"what (?:it|they|the run) (?:created|made|linked|wrote)|what is left|what was (?:found|done)":
        "the noun: records, rows, changes",
    r"sa(?:y|ys|id|ying)": "shows, prints, states; a person decides",
    r"(?:some|no|any)body": "another user, no one; or the passive",
    rf"ma(?:ke|kes|de|king) (?:an?|the|no|two|its|new|another) ?(?:new |own )?{MADE}": "create, start",
    r"hold|holds|held|holding": "contain, locked by, block",
    r"ask(?:s|ed|ing)? (?:the |a |its )?(?:databases?|servers?|platform|source)": "query",
    r"stands?|stood": "is, appears, is shown",
    r"judg\w+": "evaluate; people decide",
    r"(?<!here )(?:is|are|was|were) no (?!longer\b|one\b|more\b|need\b)\w+": "is not a …, is invalid",
    r"names (?:the|an?|every|each|no|it|both|what|which)": "lists, refers to",
    r"whatever|whoever": "any",
    r"tak(?:e|es|en|ing) (?:\w+ ){0,3}back|took (?:\w+ ){0,3}back": "undo",
    r"go(?:es|ing)? on|went on": "continue",
    r"anew": "again",
    r"beside": "next to, with",
    rf"of {PRONOUN} own": "separate",
    r"left out|drifted": "changed since the plan",
    r"a person decides|needs? a person": "needs review",
    r"(?<!the )counts? as": "is treated as",
    r"tells": "reports",
    r"at hand": "current",
    r"some \d+": "about 20",
    r"com(?:e|es|ing) of": "result from",
    r"for good": "permanently",
}  # fmt: skip


def prose(text: str) -> str:
    """A page without blocks, code, addresses, titles and tables made from the code."""
    return NO_PROSE.sub(lambda part: "\n" * part[0].count("\n"), text)


def phrases(text: str) -> list[str]:
    """Each phrase of a text as `line: words → what to write instead`."""
    return [
        f"{number}: {words[0]} → {instead}"
        for number, line in enumerate(prose(text).splitlines(), 1)
        for phrase, instead in PHRASES.items()
        for words in re.finditer(rf"\b(?:{phrase})\b", line, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_none_of_the_phrases(page: Path) -> None:
    assert phrases(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the page says why", ["1: says → shows, prints, states; a person decides"]),
        ("a number\nof its own", ["2: of its own → separate"]),
        ("some 20 rows", ["1: some 20 → about 20"]),
        (
            "it is no number, there is no row, no longer",
            ["1: is no number → is not a …, is invalid"],
        ),
        ("`it says`, [left](out-says.html)\n```\nsays\n```", []),
        ("withstands, understands, besides", []),
    ],
)
def test_a_phrase_is_seen_in_prose_alone(text: str, found: list[str]) -> None:
    assert phrases(text) == found
