"""What is installed: every package pinned, and all that the platform is built on in one file."""

import re

import pytest

from tests.docs.tables import ROOT

PINNED = re.compile(r"[A-Za-z0-9_.-]+(?:\[[a-z]+\])?==[0-9][0-9a-z.]*")
BUILT_ON = {
    "django", "mysqlclient", "django-environ", "phonenumbers", "email-validator",
    "django-import-export", "pytest-django", "factory-boy", "rapidfuzz", "rich", "whitenoise",
    "gunicorn", "django-axes", "django-csp", "celery[redis]",
}  # fmt: skip


def requirements(name: str) -> list[str]:
    """The lines of a requirement file without comments and blanks."""
    lines = (
        line.partition("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines()
    )
    return [line for line in lines if line]


def test_what_the_platform_is_built_on_is_in_one_file() -> None:
    names = {line.partition("==")[0].lower() for line in requirements("requirements.txt")}
    assert names >= BUILT_ON


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_once(name: str) -> None:
    lines = [line for line in requirements(name) if line != "-r requirements.txt"]
    assert [line for line in lines if not PINNED.fullmatch(line)] == []
    names = [line.partition("==")[0].lower() for line in lines]
    assert len(names) == len(set(names))


def test_no_package_is_pinned_in_both_files() -> None:
    first, second = (
        {line.partition("==")[0].lower() for line in requirements(name) if "==" in line}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert first & second == set()


def test_without_a_compiler_exactly_the_driver_is_left_out() -> None:
    (pattern,) = re.findall(
        r"grep -v '(.+)' requirements\.txt", (ROOT / "scripts/setup.sh").read_text()
    )
    left_out = [line for line in requirements("requirements.txt") if re.search(pattern, line)]
    assert [line.partition("==")[0] for line in left_out] == ["mysqlclient"]


def test_the_hooks_before_a_commit_are_our_own_programs_and_fetch_nothing() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"repo: (.+)", hooks) == ["local"]
    assert set(re.findall(r"language: (.+)", hooks)) == {"system"}
    programs = {entry.split()[0] for entry in re.findall(r"entry: (.+)", hooks)}
    assert programs == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/python"}
