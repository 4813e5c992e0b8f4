"""Comments and pages cite what a reader of this repository can open, and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.tables import DOCS, ROOT

SUFFIXES = {".py", ".html", ".txt", ".sh", ".toml", ".md", ".css", ".js", ".yaml", ".svg"}
# Files without such a suffix, and those below a folder whose name begins with a dot.
OTHERS = ("Makefile", ".env.example", ".gitignore", ".ci/run")
MADE_HERE = ("var",)  # collectstatic's folder
PAGE = re.compile(r"(?<![\w/.-])(?:\.{1,2}/)*(?:[\w-]+/)*[\w-]+\.md\b")
DECISION = re.compile(r"\bdecisions?/(\d{4})")
# A document known by a name and numbered sections; [N], so that this line does not cite it.
ELSEWHERE = re.compile(r"\bDESIG[N]\b|[§]\s*\d")


def files() -> Iterator[Path]:
    """Every text file of the repository."""
    yield from (ROOT / name for name in OTHERS)
    for top in sorted(ROOT.iterdir()):
        if top.is_file() and top.suffix in SUFFIXES:
            yield top
        elif top.is_dir() and not top.name.startswith(".") and top.name not in MADE_HERE:
            yield from (path for path in sorted(top.rglob("*")) if path.suffix in SUFFIXES)


TEXTS = {path: path.read_text("utf-8") for path in files()}


def dangling(path: Path, text: str) -> list[str]:
    """What a text cites and the repository does not have."""
    places = (ROOT, path.parent, DOCS)
    pages = [page for page in PAGE.findall(text)
             if not any((place / page).is_file() for place in places)]  # fmt: skip
    decisions = [f"decision {number}" for number in DECISION.findall(text)
                 if not list((DOCS / "decisions").glob(f"{number}-*.md"))]  # fmt: skip
    return [*pages, *decisions, *ELSEWHERE.findall(text)]


def test_the_whole_repository_is_read() -> None:
    read = {str(path.relative_to(ROOT)) for path in TEXTS}
    assert len(read) > 400
    assert read >= {"README.md", "docs/rules.md", "ecoin/settings.py", "scripts/demo.sh", ".ci/run"}


def test_nothing_cites_a_document_that_the_repository_does_not_have() -> None:
    found = {str(path.relative_to(ROOT)): dangling(path, text) for path, text in TEXTS.items()}
    del found[str(Path(__file__).relative_to(ROOT))]  # its examples are below
    assert {path: cited for path, cited in found.items() if cited} == {}


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("a rule (DESIGN §5)", ["DESIGN", "§5"]),
        ("see UI.md, STYLE.md", ["UI.md", "STYLE.md"]),
        ("docs/never.md says why", ["docs/never.md"]),
        ("docs/decisions/9999", ["decision 9999"]),
        ("docs/decisions/0001, rules.md and ../README.md", []),
    ],
    ids=["sections", "names", "a-page", "a-decision", "what-there-is"],
)
def test_a_dangling_citation_is_seen(text: str, cited: list[str]) -> None:
    assert dangling(DOCS / "rules.md", text) == cited
