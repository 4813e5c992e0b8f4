"""What terminal and screens print in English is in the field's plain words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("legacy_import", "ecoin", "crm", "trainings")
# Phrasing → what to write.
PHRASINGS = {
    r"\bwhat (?:it|they|this run) (?:created|made|left)\b": "the noun: records, rows, changes",
    r"\bwhat is left\b": "the noun: rows, changes",
    r"\b(?:page|file|columns?|log|server) (?:says?|said)\b|\bsays so\b": "shows, states",
    r"\b[Ss]ay (?:why|--)": "give",
    r"\b(?:some|no|any|every)body\b": "another user, no one; or the passive",
    r"\b(?:makes?|made|making) (?:a|an|another) (?:run|record|row|lead|session)\b": "create, start",
    r"\b(?:holds?|held|holding)\b": "contain, locked by, block",
    r"\b(?:asks?|asked|asking)\b": "query; a command prompts",
    r"\b(?:stands?|stood) (?:in|on|at|there|below|above|beside|next)\b": "is, appears, is shown",
    r"\bjudg(?:e|es|ed|ing|ement|ment)\b": "evaluate; people decide",
    r"(?<![Tt]here )\bis no (?:number|date|name|phone|run|file|course|session)\b": "is not a …",
    r"\bnames (?:a|an|the|no|it|its|them|up|unknown)\b": "lists, refers to, states",
    r"\b(?:whatever|whoever|whichever)\b": "any",
    r"\b(?:takes?|took|taken|taking) (?:\w+ )?back\b": "undo",
    r"\b(?:goes|go|going|went) on\b": "continue",
    r"\banew\b": "again",
    r"\bbeside\b": "next to, with",
    r"\bof (?:its|their) own\b": "separate",
    r"\bdrift(?:s|ed|ing)?\b|\bleft out\b": "changed since the plan",
    r"\b(?:a person|people) decides?\b|\bneeds? (?:a )?(?:person|people)\b": "needs review",
    r"\bcounts? as\b": "is treated as",
    r"\b(?:tells|told)\b": "reports",
    r"\bat hand\b": "current",
    r"\bsome (?:\d+|ten|twenty|hundred)\b": "about",
    r"\b(?:comes?|came) of\b": "result from",
    r"\bfor good\b": "permanently",
}
TEMPLATE_TEXT = re.compile(
    r'{% translate "([^"]+)"|{% blocktranslate[^%]*%}(.*?){% endblocktranslate', re.DOTALL
)


def docstrings(tree: ast.AST) -> set[int]:
    """Strings that are statements of their own: docstrings, also those below an attribute."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def printed_strings() -> Iterator[tuple[str, str]]:
    """(place, text) of every string of more than one word in code and templates."""
    for path in sorted(path for name in PRODUCT for path in (ROOT / name).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = docstrings(tree)
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and " " in text and id(node) not in skipped:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", text
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for match in TEMPLATE_TEXT.finditer(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), match[1] or match[2]


def phrasings(text: str) -> list[str]:
    return [why for pattern, why in PHRASINGS.items() if re.search(pattern, text)]


def test_the_screens_and_the_terminal_print_plain_words() -> None:
    strings = list(printed_strings())
    assert len(strings) > 1_500
    left = [f"{place}: {text!r}: {why}" for place, text in strings for why in phrasings(text)]
    assert left == []


@pytest.mark.parametrize(
    "text",
    [
        "what they created is deleted", "its log says what it dropped: the log says so",
        "Stopped as asked.", "held by another process", "LEGACY_SCHEMA_FILE names the table",
        "by whatever grant", "load a dump anew", "in a table of its own", "3 rows drifted",
        "1900 counts as a date", "a column says so", "This stands in the log", "Nobody decided",
    ],
)  # fmt: skip
def test_each_phrasing_would_be_seen(text: str) -> None:
    assert phrasings(text.replace("Nobody", "nobody"))
