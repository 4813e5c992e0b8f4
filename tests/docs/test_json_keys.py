"""docs/commands.md lists the keys of --json that each command prints."""

import re
from pathlib import Path

import pytest

from legacy_import.models import LegacyImportRun
from tests.docs.tables import DOCS
from tests.management.calling import done
from tests.management.committing import commit, confirmed, planned

__all__ = ["planned"]
PAGE = (DOCS / "commands.md").read_text("utf-8")


def cells_of(heading: str) -> list[list[str]]:
    """The rows of the tables below a heading, as cells."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def documented_keys(command: str) -> set[str]:
    """The keys of a command's counts: the words in backticks outside brackets, options excepted."""
    (text,) = [keys for name, keys in cells_of("`--json`") if name == f"`{command}`"]
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", text)))


@pytest.mark.django_db
def test_the_keys_of_every_command_are_those_that_it_prints(
    planned: LegacyImportRun, tmp_path: Path
) -> None:
    run = ("--run", str(planned.pk))
    printed = {
        "legacy_import --check": done("legacy_import", "--check", "--json"),
        "legacy_validate": done("legacy_validate", *run, "--json"),
        "legacy_classify": done("legacy_classify", *run, "--json"),
        "legacy_dry_run": done("legacy_dry_run", *run, "--diff", str(planned.pk), "--json"),
        "legacy_map": done("legacy_map", "courses", *run, "--json"),
        "legacy_commit": commit(planned, "--json"),
        "legacy_reconcile": done("legacy_reconcile", *run, "--json"),
        "legacy_rollback": done("legacy_rollback", *run, "--rows", "stagiaires:1", "--preview",
                                "--json"),
        "legacy_status": done("legacy_status", "--json"),
        "legacy_purge --subject": done("legacy_purge", "--subject", "stagiaires:1", "--reason",
                                       "on request", *confirmed(), "--json"),
        "legacy_close": done("legacy_close", *run, *confirmed(), "--json"),
        "legacy_purge": done("legacy_purge", "--json"),
        "legacy_import": done("legacy_import", "--json"),
        "legacy_demo": done("legacy_demo", "--rows", "20", "--sqlite", str(tmp_path / "demo"),
                            "--json"),
    }  # fmt: skip
    documents = {command: ended.told for command, ended in printed.items()}
    assert {name for name, _ in cells_of("`--json`") if "legacy_" in name} == {
        f"`{command}`" for command in documents
    }
    assert {name for name, _ in cells_of("`--json`") if "legacy_" not in name} == {
        f"`{key}`" for key in documents["legacy_status"]
    }
    for command, document in documents.items():
        counts = document["counts"]
        keys = counts["runs"][0] | {"runs": []} if command == "legacy_status" else counts
        assert documented_keys(command) == set(keys), command
