"""Who may import whom (DESIGN §3): the contracts hold, and each of them catches its violation."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ecoin", "crm", "trainings", "legacy_import")
NOT_COPIED = shutil.ignore_patterns("__pycache__")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]

# Contract id → (importing module, imported module): one import that the contract must refuse.
# Every line is a rule of DESIGN §3; a line is added to a copy of the code, never to the code.
VIOLATIONS = [
    ("layers", "legacy_import.services.validate", "legacy_import.queries"),
    ("layers", "legacy_import.services.stage", "legacy_import.management.terminal"),
    ("layers", "legacy_import.queries", "legacy_import.management.base"),
    ("layers", "legacy_import.models.run", "legacy_import.services.runs"),
    ("layers", "legacy_import.models.staging", "legacy_import.rules.reasons"),
    ("layers", "legacy_import.choices", "legacy_import.conf"),
    ("layers", "legacy_import.rules.sessions", "legacy_import.source.schema"),
    ("layers", "legacy_import.commit_actions.skip", "legacy_import.services.runs"),
    ("layers", "legacy_import.services.validate", "legacy_import.lineage.book"),
    ("identity", "ecoin.identity.text", "legacy_import.errors"),
    ("identity", "ecoin.identity.phones", "django.conf"),
    ("platform", "crm.models", "legacy_import.choices"),
    ("platform", "trainings.models", "legacy_import.models"),
    ("platform", "ecoin.bulk", "legacy_import.models"),
    ("platform", "ecoin.lineage", "legacy_import.permissions"),
    ("rules", "legacy_import.rules.statuses", "legacy_import.models.run"),
    ("rules", "legacy_import.rules.validation", "legacy_import.conf"),
    ("rules_django", "legacy_import.rules.guards", "django.db"),
    ("source", "legacy_import.source.reader", "legacy_import.models.run"),
    ("source", "legacy_import.source.rows", "legacy_import.rules.statuses"),
    ("people", "legacy_import.services.plan", "crm.models"),
    ("people", "legacy_import.services.reconcile", "crm.services"),
    ("people", "legacy_import.management.commands.legacy_status", "trainings.models"),
    ("driver", "legacy_import.services.runs", "MySQLdb"),
]


@pytest.fixture(scope="module")
def broken_report(tmp_path_factory):
    """What the linter says of a copy of the code with every violation in it at once."""
    copy = tmp_path_factory.mktemp("architecture")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=NOT_COPIED)
    for _, importer, imported in VIOLATIONS:
        path = copy.joinpath(*importer.split(".")).with_suffix(".py")
        path.write_text(f"import {imported}\n{path.read_text('utf-8')}", "utf-8")
    (copy / "legacy_import" / "helpers.py").write_text("")
    return lint(copy)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of `folder` on the packages in it."""
    program = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_contract_holds():
    report = lint(ROOT)
    assert report.returncode == 0, report.stdout + report.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in report.stdout


@pytest.mark.parametrize(
    ("contract", "importer", "imported"), VIOLATIONS, ids=[" → ".join(v[1:]) for v in VIOLATIONS]
)
def test_a_violation_is_caught(broken_report, contract, importer, imported):
    name = next(entry["name"] for entry in CONTRACTS if entry["id"] == contract)
    section = _section(broken_report.stdout, name)
    # External packages are known by their first name only.
    told = imported if imported.startswith(PACKAGES) else imported.partition(".")[0]
    assert any(importer in line and told in line for line in section.splitlines()), section


def test_every_contract_is_broken_by_some_violation():
    assert {entry["id"] for entry in CONTRACTS} == {contract for contract, _, _ in VIOLATIONS}


def test_a_module_without_a_layer_is_refused(broken_report):
    assert "helpers" in _section(broken_report.stdout, CONTRACTS[0]["name"])


def test_the_layers_are_those_of_the_design():
    rank = {
        name.strip(" ()"): place
        for place, layer in enumerate(CONTRACTS[0]["layers"])
        for name in layer.split("|")
    }
    for above, below in (
        ("management", "exports"),
        ("views", "queries"),
        ("admin", "exports"),
        ("tasks", "queries"),
        ("queries", "services"),
        ("services", "commit_actions"),
        ("commit_actions", "source"),
        ("commit_actions", "rules"),
        ("source", "models"),
        ("rules", "models"),
        ("models", "choices"),
        ("models", "errors"),
        ("models", "conf"),
    ):
        assert rank[above] < rank[below], f"{above} stands above {below}"


# --- Which database it is ----------------------------------------------------------------------------

ASKS_FOR_VENDOR = re.compile(r"\bvendor\b|\bmysql_is_mariadb\b")
MAY_ASK = ("ecoin/bulk", "ecoin/database.py")  # ecoin/bulk.py, or a package of that name


def modules_that_ask(root: Path) -> list[str]:
    """The product's modules in which a connection is asked which database it leads to."""
    paths = (path for package in PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [
        str(path.relative_to(root))
        for path in paths
        if ASKS_FOR_VENDOR.search(path.read_text("utf-8"))
    ]


def test_only_database_and_bulk_know_which_database_it_is():
    asking = modules_that_ask(ROOT)
    assert "ecoin/database.py" in asking
    assert [path for path in asking if not path.startswith(MAY_ASK)] == []


@pytest.mark.parametrize(
    "line",
    ['if connection.vendor == "sqlite":', "told = one.mysql_is_mariadb", 'getattr(one, "vendor")'],
)
def test_a_module_that_asks_for_itself_is_found(tmp_path, line):
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "models.py").write_text(f"{line}\n")
    (tmp_path / "crm" / "admin.py").write_text("vendors = 1\n")
    assert modules_that_ask(tmp_path) == ["crm/models.py"]


def _section(report: str, contract_name: str) -> str:
    """The part of the report that explains how one contract is broken."""
    details = report.partition("Broken contracts")[2]
    assert details, report
    lines = details.splitlines()
    starts = [n for n, line in enumerate(lines) if line and set(line) == {"-"}]
    for n in starts:
        if lines[n - 1].strip() == contract_name:
            end = next((m - 1 for m in starts if m > n), len(lines))
            return "\n".join(lines[n:end])
    raise AssertionError(f"not broken: {contract_name}\n{report}")
