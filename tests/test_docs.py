"""The documentation says what the code does: nothing is missing from it, nothing in it is invented."""

import ast
import inspect
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db.models import TextChoices

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import identity_keys
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import import choices
from legacy_import.errors import (
    Interrupted,
    LegacyImportError,
    OutOfOrder,
    SafetyRefusal,
    UnknownRun,
)
from legacy_import.permissions import APP_LABEL, GROUPS, PERMISSIONS
from legacy_import.rules.commit_policy import LADDER
from legacy_import.source.accepted_names import ACCEPTED
from tests.docs.rules import KEY_KINDS, RUNGS
from tests.docs.tables import DOCS, ROOT, TABLES, written
from tests.lanes import Lane

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = (README, CONTRIBUTING, ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md")))
TEXT = {page: page.read_text("utf-8") for page in PAGES}
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
COMMANDS = sorted(name for name, app in get_commands().items() if app == "legacy_import")

VOCABULARIES = [
    kind
    for _, kind in inspect.getmembers(choices, inspect.isclass)
    if issubclass(kind, TextChoices) and kind is not TextChoices
]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = TEXT[page].splitlines()
    start = lines.index(heading)
    ends = (
        n
        for n, line in enumerate(lines[start + 1 :], start + 1)
        if re.match(rf"#{{1,{level}}} ", line)
    )
    return "\n".join(lines[start + 1 : next(ends, len(lines))])


def first_cells(text: str) -> list[str]:
    """The first column of the tables in a text, header and ruler left out."""
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    return [cell for n, cell in enumerate(rows) if n > 1 and set(cell) != {"-"}]


# --- Tables made from the code -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_says_what_the_code_says(name):
    places = [tables[name] for page in PAGES if name in (tables := written(page))]
    assert places == [TABLES[name]()], "python -m tests.docs.tables writes it"


def test_every_rung_of_the_ladder_has_words_and_no_words_are_left_over():
    assert list(RUNGS) == [rung.__name__ for rung in LADDER]


def test_every_rung_of_the_ladder_names_its_answers():
    assert "|  |" not in TABLES["commit_policy"]()


@pytest.mark.parametrize(
    ("phone", "email", "born"),
    [("0559446168", "nadia@example.dz", "2001-02-03"), ("055944616", "", "2001-02-03")],
    ids=["a-full-row", "a-number-too-short"],
)
def test_every_kind_of_key_is_explained(phone, email, born):
    from datetime import date

    keys = identity_keys(
        name=parse_name("Nadia Benali"),
        phones=parse_phones(phone),
        email=parse_email(email),
        birth_date=date.fromisoformat(born),
        phone_digits=raw_digits(phone),
    )
    kinds = {key.kind for key in keys}
    assert kinds <= set(KEY_KINDS)
    full_row, without_number = {"P", "E", "D", "S"}, {"Q", "D", "R", "S"}
    assert kinds == (full_row if email else without_number)
    assert full_row | without_number == set(KEY_KINDS)


# --- Nothing is missing ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", VOCABULARIES, ids=lambda kind: kind.__name__)
def test_every_stored_value_has_its_meaning_in_the_glossary(kind):
    cells = first_cells(section(DOCS / "glossary.md", f"### {kind.__name__}"))
    assert cells == [f"`{value}`" for value in kind.values]


def test_the_glossary_of_words_is_sorted_and_explains_each_once():
    words = first_cells(section(DOCS / "glossary.md", "## Words of the field"))
    assert words == sorted(set(words), key=str.lower)
    assert {"staging", "blocking", "record linkage", "lineage", "reconciliation"} <= set(words)


def test_the_commands_of_the_page_are_the_commands_there_are():
    cells = first_cells(section(DOCS / "commands.md", "## What each reads and writes"))
    listed = {cell.strip("`").split()[0] for cell in cells if cell.startswith("`legacy_")}
    assert listed == set(COMMANDS)


SETTING = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
KEY_OF_EXAMPLE = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=", re.MULTILINE)


def test_every_setting_is_in_the_example_and_in_the_docs():
    read = set(SETTING.findall((ROOT / "ecoin/settings.py").read_text("utf-8")))
    read |= set(
        re.findall(r'env\.db\("([A-Z_]+)"', (ROOT / "ecoin/settings.py").read_text("utf-8"))
    )
    read -= {"ENV_FILE"}
    example = set(KEY_OF_EXAMPLE.findall((ROOT / ".env.example").read_text("utf-8")))
    assert example == read
    explained = {
        cell.strip("`")
        for heading in ("## The platform", "## The old database", "## The import")
        for cell in first_cells(section(DOCS / "settings.md", heading))
    }
    assert explained == read


def test_every_permission_and_group_is_in_the_docs():
    page = TEXT[DOCS / "settings.md"]
    assert all(f"`{APP_LABEL}.{codename}`" in page for codename in PERMISSIONS)
    assert all(group in page for group in GROUPS)


@pytest.mark.parametrize(
    "error", [LegacyImportError, UnknownRun, SafetyRefusal, OutOfOrder, Interrupted],
    ids=lambda error: error.__name__,
)  # fmt: skip
def test_every_exit_code_is_in_the_docs(error):
    codes = first_cells(section(DOCS / "commands.md", "## Exit codes"))
    assert str(error.exit_code) in codes


def test_every_decision_has_its_page_and_its_place_in_the_list():
    pages = [page.name for page in sorted((DOCS / "decisions").glob("0*.md"))]
    numbers = [int(name[:4]) for name in pages]
    assert numbers == list(range(1, len(pages) + 1))
    index = TEXT[DOCS / "decisions/README.md"]
    assert sorted(LINK.findall(index)) == pages
    for page in pages:
        text = TEXT[DOCS / "decisions" / page]
        number, title = text.partition("\n")[0].removeprefix("# ").split(". ", 1)
        assert int(number) == int(page[:4])
        later = re.search(
            r"^\*\*(Superseded|Changed in part) by \[(\d+)\]\(0*\2-", text, re.MULTILINE
        )
        mark = f" ({later[1].lower()} by {later[2]})" if later else ""
        assert f"\n- {number}. [{title}]({page}){mark}\n" in index
        assert not later or int(number) < int(later[2]) <= len(pages)
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, page


def test_the_stages_carry_their_names_as_headings():
    headings = re.findall(r"^### (\d \w+)$", TEXT[DOCS / "architecture.md"], re.MULTILINE)
    assert headings == [
        "1 source", "2 normalize", "3 stage", "4 validate", "5 classify", "6 plan", "7 commit",
        "8 rollback",
    ]  # fmt: skip


def test_every_table_of_the_import_is_in_the_architecture():
    from django.apps import apps

    page = TEXT[DOCS / "architecture.md"]
    tables = [
        model._meta.db_table
        for label in ("legacy_imports", "crm", "trainings")
        for model in apps.get_app_config(label).get_models()
        if not model.__module__.startswith("tests.")  # a test of the source makes one
    ]
    assert len(tables) > 15
    assert [table for table in tables if f"`{table}`" not in page] == []


def test_the_layout_of_the_architecture_has_every_package_of_the_product():
    tree = tree_of(section(DOCS / "architecture.md", "## Layout"))
    packages = {
        path.parent
        for top in ("crm", "ecoin", "legacy_import", "trainings")
        for path in (ROOT / top).rglob("*/__init__.py")
        if path.parent.name != "migrations"
    }
    assert len(packages) > 30
    assert {str(path.relative_to(ROOT)) for path in packages} - set(tree) == set()
    assert [path for path in tree if not (ROOT / path).is_dir()] == []


# --- Nothing is invented -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page):
    for target in LINK.findall(TEXT[page]):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", TEXT[there], re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target


def test_every_test_that_holds_a_risk_exists():
    named = TEST_NAME.findall(TEXT[DOCS / "risks.md"])
    assert len(named) > 100
    missing = [f"{path}::{name}" for path, name in named if name not in _functions(path)]
    assert missing == []


def test_every_risk_has_its_tests_and_its_likelihood():
    register, _, tests = TEXT[DOCS / "risks.md"].partition("\n## The tests\n")
    risks = [line.split(" | ") for line in register.splitlines() if re.match(r"\| \d", line)]
    proofs = [line.split(" | ") for line in tests.splitlines() if re.match(r"\| \d", line)]
    assert [risk[0] for risk in risks] == [proof[0] for proof in proofs]
    assert [risk[0] for risk in risks] == [f"| {n}" for n in range(1, len(risks) + 1)]
    assert [proof for proof in proofs if not TEST_NAME.search(proof[1])] == []
    assert {risk[2] for risk in risks} == {"certain", "likely", "possible", "rare"}
    assert [risk for risk in risks if len(risk) != 6 or not all(risk)] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_and_option_named_exists(page):
    for command, rest in re.findall(r"\b(legacy_[a-z_]+)((?: [^`|\n]*)?)`", TEXT[page]):
        if command not in COMMANDS:
            continue
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in options(command), f"{command} {option}"
    for command, rest in re.findall(r"manage\.py (\w+)([^`\n]*)", TEXT[page]):
        assert command in get_commands(), command
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in options(command), f"{command} {option}"


def test_every_file_of_the_rule_table_exists_and_its_test_holds_tests():
    rows = [
        line.split("|")[2:4]
        for line in TEXT[DOCS / "change-a-rule.md"].splitlines()
        if line.startswith("| ") and "`" in line
    ]
    assert len(rows) > 10
    for edit, test in rows:
        assert [p for p in re.findall(r"`([^`]+)`", edit) if not (ROOT / p).is_file()] == []
        for path in re.findall(r"`([^`]+)`", test):
            assert any(name.startswith("test_") for name in _functions(path)), path


def test_every_file_that_contributing_sends_to_exists():
    where = section(CONTRIBUTING, "## Where something new goes")
    paths = {path for path in re.findall(r"`([^`\s]+)`", where) if "/" in path or "." in path[1:]}
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_path_of_the_architecture_exists():
    page = TEXT[DOCS / "architecture.md"]
    paths = set(re.findall(r"`([\w/]+(?:\.py|/))`", page))
    assert len(paths) > 60
    assert [path for path in sorted(paths) if not below_the_import(path).exists()] == []


def test_every_function_of_the_journeys_in_the_architecture_exists():
    page = TEXT[DOCS / "architecture.md"]
    steps = re.findall(r"`([\w/]+\.py)`((?: `\w+`)+)", page)
    assert len(steps) > 35
    missing = [
        f"{path} {name}"
        for path, names in steps
        for name in re.findall(r"\w+", names)
        if name not in _functions(str(below_the_import(path)))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_target_of_make_that_is_named_exists(page):
    there = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", TEXT[page], re.MULTILINE)
    assert [target for target in named if target not in there] == []


def test_contributing_lists_the_lanes_of_make_test():
    text = section(CONTRIBUTING, "## What `make test` checks").partition("Beyond it")[0]
    assert first_cells(text)[:1] == ["checks"]
    assert set(first_cells(text)[1:]) == set(Lane)


def test_contributing_says_where_everything_goes_that_has_a_place():
    new = set(first_cells(section(CONTRIBUTING, "## Where something new goes")))
    assert new >= {
        "rule",
        "reason to review a row",
        "decision of a reviewer",
        "screen",
        "command",
        "setting",
    }


CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_the_changelog_has_the_form_of_keep_a_changelog():
    page = DOCS / "changelog.md"
    versions = re.findall(r"^## (.+)$", TEXT[page], re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    released = [
        re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", name) for name in versions[1:]
    ]
    assert all(released)
    assert (released[-1][1], released[-1][2]) == ("0.1.0", "2026-11-30")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert released[0][1] == project["version"]
    for name in versions:
        kinds = re.findall(r"^### (.+)$", section(page, f"## {name}"), re.MULTILINE)
        assert kinds == sorted(kinds, key=CHANGES.index), name


def test_the_fields_of_the_schema_file_are_those_the_settings_list():
    text = section(DOCS / "settings.md", "## Column names: the schema file")
    fields = {
        table.strip("`"): set(re.findall(r"`(\w+)`", listed))
        for table, listed in re.findall(r"^\| (`.+`) \| (.+) \| .+ \|$", text, re.MULTILINE)
    }
    assert fields == {
        "stagiaires`, `archives": set(ACCEPTED["stagiaires"]),
        "formations": set(ACCEPTED["formations"]),
        "session_ecoins": set(ACCEPTED["session_ecoins"]),
    }


def options(command: str) -> set[str]:
    """Every option string of a manage.py command."""
    found = load_command_class(get_commands()[command], command)
    parser = found.create_parser("manage.py", command)
    return {text for action in parser._actions for text in action.option_strings}


def tree_of(text: str) -> list[str]:
    """The folders of an indented tree, each with the folders that it lies in."""
    folders: list[str] = []
    parents: list[str] = []
    for indent, name in re.findall(r"^( *)([\w]+)/ ", text, re.MULTILINE):
        parents = [*parents[: len(indent) // 2], name]
        folders.append("/".join(parents))
    return folders


def below_the_import(path: str) -> Path:
    """The place of a path that the architecture page gives from the root or from `legacy_import`."""
    return ROOT / path if (ROOT / path).exists() else ROOT / "legacy_import" / path


@cache
def _functions(path: str) -> set[str]:
    tree = (
        ast.parse((ROOT / path).read_text("utf-8")) if (ROOT / path).is_file() else ast.Module([])
    )
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _anchor(heading: str) -> str:
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
