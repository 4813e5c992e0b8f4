"""Who may import whom, what names and folders may hold: the rules hold, and catch their violations."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ecoin", "crm", "trainings", "legacy_import")
NOT_COPIED = shutil.ignore_patterns("__pycache__")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]
MOST_MODULES = 20  # in one folder
MOST_LINES = 400  # of one module
MOST_REACHED = 70  # modules of the project, by the imports of one stage
MOST_PARTICIPLES = 40  # names that are nothing but one of these words
PARTICIPLES = re.compile(
    r"_*(?:answered|asked|became|brought|called|changed|chosen|counted|decided|done|"
    r"ended|found|given|gone|got|heard|held|judged|kept|known|left|looked|made|"
    r"met|named|put|read|said|seen|sent|shown|spoken|started|stored|taken|told|"
    r"wanted|worked|written)_*",
    re.IGNORECASE,
)
# Django and its commands look these up by their names.
NAMED_BY_DJANGO = {"Command", "DatabaseWrapper", "Meta"}

# Contract id → (importing module, imported module): one import that the contract must refuse.
# A line is added to a copy of the code, never to the code.
VIOLATIONS = [
    ("layers", "legacy_import.engine.worker", "legacy_import.stages"),
    ("layers", "legacy_import.runs.overview", "legacy_import.screens.lineage.trace"),
    ("layers", "legacy_import.runs.lifecycle", "legacy_import.engine.chunks"),
    ("layers", "legacy_import.people.groups", "legacy_import.mapping.index"),
    ("layers", "legacy_import.people.matching", "legacy_import.privacy.free_text"),
    ("layers", "legacy_import.mapping.meaning", "legacy_import.stages.planning.facts"),
    ("layers", "legacy_import.stages.staging.import_source", "legacy_import.management.terminal"),
    ("layers", "legacy_import.stages.validation.validate", "legacy_import.review.filter"),
    ("layers", "legacy_import.review.decisions", "legacy_import.screens.review.detail"),
    ("layers", "legacy_import.tasks", "legacy_import.screens.page"),
    ("layers", "legacy_import.management.base", "legacy_import.screens.page"),
    ("layers", "legacy_import.models.run", "legacy_import.runs.lease"),
    ("layers", "legacy_import.models.staging", "legacy_import.rules.reasons"),
    ("layers", "legacy_import.choices", "legacy_import.conf"),
    ("layers", "legacy_import.rules.sessions", "legacy_import.source.schema"),
    ("stages", "legacy_import.stages.planning.dry_run", "legacy_import.stages.commit.waves"),
    ("stages", "legacy_import.stages.validation.validate", "legacy_import.stages.planning.facts"),
    ("stages", "legacy_import.stages.commit.log", "legacy_import.stages.rollback.order"),
    ("screens", "legacy_import.screens.learners.views", "legacy_import.screens.review.listing"),
    ("screens", "legacy_import.screens.page", "legacy_import.screens.exports.files"),
    ("circles", "legacy_import.runs.lease", "legacy_import.runs.lifecycle"),
    ("identity", "ecoin.identity.text", "legacy_import.errors"),
    ("identity", "ecoin.identity.phones", "django.conf"),
    ("platform", "crm.models", "legacy_import.choices"),
    ("platform", "trainings.models", "legacy_import.models"),
    ("platform", "ecoin.bulk.insert", "legacy_import.models"),
    ("platform", "ecoin.lineage", "legacy_import.permissions"),
    ("rules", "legacy_import.rules.statuses", "legacy_import.models.run"),
    ("rules", "legacy_import.rules.validation", "legacy_import.conf"),
    ("rules_django", "legacy_import.rules.guards", "django.db"),
    ("source", "legacy_import.source.reader", "legacy_import.models.run"),
    ("source", "legacy_import.source.rows", "legacy_import.rules.statuses"),
    ("people", "legacy_import.stages.planning.dry_run", "crm.models"),
    ("people", "legacy_import.stages.reconciliation.reconcile", "crm.services"),
    ("people", "legacy_import.management.commands.legacy_status", "trainings.models"),
    ("driver", "legacy_import.runs.lifecycle", "MySQLdb"),
]


# --- The contracts of import-linter ------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken_report(tmp_path_factory):
    """What the linter reports of a copy of the code with every violation in it at once."""
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
    entry = next(entry for entry in CONTRACTS if entry["id"] == contract)
    section = _section(broken_report.stdout, entry["name"])
    if entry["type"] == "acyclic_siblings":  # it tells a circle by the last parts of the names
        importer, imported = (f".{name.rpartition('.')[2]} " for name in (importer, imported))
    elif not imported.startswith(PACKAGES):  # external packages are known by their first name only
        imported = imported.partition(".")[0]
    assert any(importer in line and imported in line for line in section.splitlines()), section


def test_every_contract_is_broken_by_some_violation():
    assert {entry["id"] for entry in CONTRACTS} == {contract for contract, _, _ in VIOLATIONS}


def test_a_module_without_a_layer_is_refused(broken_report):
    assert "helpers" in _section(broken_report.stdout, CONTRACTS[0]["name"])


def test_the_layers_are_those_of_the_architecture_page():
    layers = [{name.strip(" ()") for name in layer.split("|")} for layer in CONTRACTS[0]["layers"]]
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    line = next(line for line in page.splitlines() if line.startswith("`screens | management → "))
    shown = [set(layer.split(" | ")) for layer in line.strip("`").split(" → ")]
    assert [layer for layer in layers if not layer & {"apps", "admin"}] == shown


def test_every_screen_is_in_the_contract_that_keeps_them_apart():
    folders = {path.parent.name for path in (ROOT / "legacy_import/screens").glob("*/__init__.py")}
    (contract,) = [entry for entry in CONTRACTS if entry["id"] == "screens"]
    assert {name.rpartition(".")[2] for name in contract["modules"]} == folders


# --- Which database it is ----------------------------------------------------------------------------

ASKS_FOR_VENDOR = re.compile(r"\bvendor\b|\bmysql_is_mariadb\b")
MAY_ASK = ("ecoin/bulk/", "ecoin/database.py")


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


# --- Circles -----------------------------------------------------------------------------------------


@pytest.fixture
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def test_no_modules_import_each_other_in_a_circle(graph):
    assert circles(imports_of(graph)) == []


def test_no_packages_import_each_other_in_a_circle(graph):
    assert {package: found for package in packages_of(graph)
            if (found := circles(siblings_of(graph, package)))} == {}  # fmt: skip


def test_a_circle_through_three_modules_is_found(graph):
    # chunks → lifecycle → lease is there already.
    graph.add_import(importer="legacy_import.runs.lease", imported="legacy_import.engine.chunks")
    assert circles(imports_of(graph)) == [
        ["legacy_import.engine.chunks", "legacy_import.runs.lease", "legacy_import.runs.lifecycle"]
    ]


def test_a_package_that_a_child_imports_is_a_circle(graph):
    graph.add_import(importer="legacy_import.models.run", imported="legacy_import.models")
    assert circles(imports_of(graph)) == [["legacy_import.models", "legacy_import.models.run"]]


def test_packages_in_a_circle_are_found_without_a_circle_of_modules(graph):
    graph.add_import(
        importer="legacy_import.stages.planning.facts",
        imported="legacy_import.stages.commit.effects.effect",
    )
    assert circles(imports_of(graph)) == []
    assert circles(siblings_of(graph, "legacy_import.stages")) == [
        ["legacy_import.stages.commit", "legacy_import.stages.planning"]
    ]


def test_validate_can_be_understood_without_most_of_the_code(graph):
    reached = _reached(imports_of(graph), "legacy_import.stages.validation.validate")
    assert len(reached) <= MOST_REACHED, sorted(reached)


def imports_of(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """Module → the modules that it imports."""
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def packages_of(graph: grimp.ImportGraph) -> list[str]:
    return sorted(module for module in graph.modules if graph.find_children(module))


def siblings_of(graph: grimp.ImportGraph, package: str) -> dict[str, set[str]]:
    """Child of the package → those of its siblings that anything in it imports."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for importer, imported in imports_of(graph).items():
        for name in imported:
            ours, theirs = _child(package, importer), _child(package, name)
            if ours and theirs and ours != theirs:
                found[ours].add(theirs)
    return found


def _child(package: str, module: str) -> str:
    """The child of the package in which the module is; "" where it is elsewhere."""
    if not module.startswith(f"{package}."):
        return ""
    return f"{package}.{module.removeprefix(f'{package}.').partition('.')[0]}"


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules of which each reaches all the others."""
    reached = {module: _reached(imports, module) for module in imports}
    groups = {
        frozenset(other for other in reached[module] if module in reached.get(other, ()))
        for module in imports
        if module in reached[module]
    }
    return sorted(map(sorted, groups))


def _reached(imports: Mapping[str, set[str]], module: str) -> set[str]:
    found: set[str] = set()
    to_visit = [module]
    while to_visit:
        new = imports.get(to_visit.pop(), set()) - found
        found |= new
        to_visit += new
    return found


# --- Names and folders -------------------------------------------------------------------------------


def test_a_class_name_means_one_thing():
    assert repeated_class_names(ROOT / "legacy_import") == {}


def test_a_class_name_that_means_two_things_is_found(tmp_path):
    (tmp_path / "screens").mkdir()
    (tmp_path / "menu.py").write_text("class Entry:\n    class Meta: ...\n")
    (tmp_path / "screens" / "log.py").write_text(
        "def f():\n    class Entry:\n        class Meta: ...\n"
    )
    assert repeated_class_names(tmp_path) == {"Entry": ["menu.py", "screens/log.py"]}


def test_no_folder_holds_more_modules_than_a_reader_can_survey():
    crowded = {}
    for package in (*PACKAGES, "benchmarks", "scripts", "tests"):
        crowded |= crowded_folders(ROOT / package)
    assert crowded == {}


def test_no_module_is_longer_than_a_reader_s_patience():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for package in PACKAGES
        for path in _modules(ROOT / package)
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_hardly_a_name_is_a_bare_participle():
    names = [name for package in PACKAGES for name in bare_participles(ROOT / package)]
    assert len(names) <= MOST_PARTICIPLES, names


def test_a_bare_participle_is_found(tmp_path):
    (tmp_path / "m.py").write_text(
        "class Asked:\n    told: int = 0\n\n\n"
        "def _said(known, found_rows):\n    kept = found_rows\n    return kept.decided\n"
    )
    assert bare_participles(tmp_path) == [
        f"m.py: {name}" for name in ("Asked", "_said", "told", "known", "kept")
    ]


def test_a_crowded_folder_is_found(tmp_path):
    for number in range(MOST_MODULES + 1):
        (tmp_path / f"m{number}.py").touch()
    assert crowded_folders(tmp_path) == {tmp_path: MOST_MODULES + 1}


def repeated_class_names(folder: Path) -> dict[str, list[str]]:
    """Class name → the modules of which each has a class of this name, where there are several."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, name in sorted(_classes(folder)):
        found[name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def _classes(folder: Path) -> Iterator[tuple[str, str]]:
    for path in _modules(folder):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                yield str(path.relative_to(folder)), node.name


def bare_participles(folder: Path) -> list[str]:
    """`module: name` of each assignment, parameter, function and class with such a name."""
    return [
        f"{path.relative_to(folder)}: {name}"
        for path in sorted(_modules(folder))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (name := _name_given(node))
        and PARTICIPLES.fullmatch(name)
        and (isinstance(node, ast.ClassDef) or not name.isupper())
    ]


def _name_given(node: ast.AST) -> str:
    """The name that this piece of code introduces; "" for any other."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    return node.arg if isinstance(node, ast.arg) else ""


def crowded_folders(folder: Path) -> dict[Path, int]:
    """Folder → its modules, where there are more than MOST_MODULES."""
    counted = Counter(path.parent for path in _modules(folder) if path.name != "__init__.py")
    return {path: modules for path, modules in counted.items() if modules > MOST_MODULES}


def _modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "migrations" not in path.parts)
