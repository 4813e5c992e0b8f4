"""What a page shows may be copied into a terminal: then no password is known to the world, and nothing
that cannot be undone happens without a question.
"""

import re
from pathlib import Path

import pytest

from tests.docs.tables import DOCS, ROOT

RUNBOOK = DOCS / "legacy_production_migration_runbook.md"
PAGES = (*sorted(ROOT.glob("*.md")), ROOT / ".env.example", *sorted(DOCS.rglob("*.md")))
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
CAPITALS = re.compile(r"\b(RUN|ID|ADDRESS|NAME)\b")

# Where a password can stand, and what may stand there: a variable, a word in capitals, a sentence.
PASSWORD_PLACES = (
    re.compile(r"IDENTIFIED BY '([^']*)'"),
    re.compile(r"\w+://[^:/\s`]*:([^@\s`]+)@"),
    re.compile(r"\b(?:\w*PASSWORD|SECRET_KEY)=(\S+)"),
    re.compile(r"--password=(\S+)|\s-p(\w\S*)"),
)
NO_PASSWORD = re.compile(r"\"?\$.*|PASSWORD|…")

NO_WAY_BACK = re.compile(r"legacy_(?:purge|close)\b")
ASKS = re.compile(r"legacy_(?:purge|close|rollback)\b")
A_REAL_ROW_OR_RUN = re.compile(r"--subject \w+:(?!ID\b)\S|--run (?!RUN\b)\S")
ANSWERED = re.compile(r"--no-input|--confirm-database|\byes\s*\|")
SQL = re.compile(r"\b(?:DROP\s+(?:DATABASE|TABLE|USER)|TRUNCATE|DELETE\s+FROM)\b|\brm -\w*r")


def passwords(text: str) -> list[str]:
    """Every literal password of a text."""
    values = ("".join(found.groups(default="")) for place in PASSWORD_PLACES
              for found in place.finditer(text))  # fmt: skip
    return [value for value in values if not NO_PASSWORD.fullmatch(value)]


def harmful(code: str) -> bool:
    """Whether a line of code, copied as it is, does what cannot be undone or is not asked about."""
    if ASKS.search(code) and ANSWERED.search(code):
        return True
    if NO_WAY_BACK.search(code) and A_REAL_ROW_OR_RUN.search(code):
        return True
    return bool(SQL.search(code)) and not CAPITALS.search(code)


def code_of(text: str) -> list[str]:
    """The lines of a page's blocks, and what stands between backticks."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    return [*lines, *(span for span in SPAN.findall(FENCE.sub("", text)) if "legacy_" in span)]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_page_publishes_a_password(page: Path) -> None:
    assert passwords(page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_nothing_that_cannot_be_undone_runs_as_a_page_shows_it(page: Path) -> None:
    assert [code for code in code_of(page.read_text("utf-8")) if harmful(code)] == []


def test_the_steps_of_the_runbook_do_nothing_that_cannot_be_undone() -> None:
    steps, mark, after = RUNBOOK.read_text("utf-8").partition("\n## What cannot be undone\n")
    assert mark
    assert [line for line in code_of(steps) if NO_WAY_BACK.match(line.rpartition("manage.py ")[2])
            and "manage.py" in line] == []  # fmt: skip
    assert "manage.py legacy_close --run RUN" in after
    assert not re.search(r"^## \d", after, re.MULTILINE)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER 'x'@'127.0.0.1' IDENTIFIED BY 'choose-a-password';",
        "DATABASE_URL=mysql://ecoin:another-password@127.0.0.1:3306/ecoin",
        "CELERY_BROKER_URL=redis://:secret@10.0.0.5:6379/0",
        "LEGACY_DB_PASSWORD=choose-a-password",
        "mariadb -u root -psecret",
    ],
)
def test_a_published_password_is_seen(text: str) -> None:
    assert passwords(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "IDENTIFIED BY '$READER_PASSWORD'",
        'echo "DATABASE_URL=mysql://ecoin:$APP_PASSWORD@127.0.0.1:3306/ecoin"',
        "`mysql://USER:PASSWORD@HOST:PORT/NAME`",
        "SECRET_KEY=\nDEBUG=false",
        "LEGACY_DB_PASSWORD=… the line of step 2",
        "mariadb -u root -p --binary-mode",
    ],
)
def test_a_placeholder_is_no_password(text: str) -> None:
    assert passwords(text) == []


@pytest.mark.parametrize(
    ("code", "harm"),
    [
        ("legacy_purge --subject stagiaires:4 --reason x", True),
        ("legacy_purge --run RUN --no-input --confirm-database ecoin", True),
        ("legacy_close --run $RUN", True),
        ("legacy_close --run 3", True),
        ("legacy_rollback --run 3 --no-input --confirm-database ecoin", True),
        ('mariadb -e "DROP DATABASE ecoin"', True),
        ("DROP USER 'ecoin_reader'@'127.0.0.1';", True),
        ("rm -rf /var/backups", True),
        ("legacy_purge --subject stagiaires:ID --reason x", False),
        ("legacy_close --run RUN", False),
        ("legacy_rollback --run 3", False),
        ("legacy_commit --run 3 --no-input --confirm-database ecoin", False),
        ("DROP USER 'ecoin_reader'@'ADDRESS';", False),
    ],
)
def test_what_does_harm_when_it_is_copied_is_seen(code: str, harm: bool) -> None:
    assert harmful(code) is harm
