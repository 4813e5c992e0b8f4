"""The check of the translations finds what it is there to find, and changes nothing."""

import hashlib
import shutil
from pathlib import Path

import pytest
from django.utils import translation

from legacy_import.choices import Classification, PlannedAction
from scripts import check_translations

ROOT = Path(__file__).resolve().parents[2]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


# Each harm, and the sentence that tells of it.
HARMS = {
    "a new string": (
        lambda copy: replace(copy / "crm/models.py", '_("full name")', '_("whole name")'),
        "fr/LC_MESSAGES/django.po lacks “whole name”",
    ),
    "a string that is gone": (
        lambda copy: replace(copy / "crm/models.py", '_("course interests")', '"course interests"'),
        "ar/LC_MESSAGES/django.po still has “course interests”",
    ),
    "fuzzy": (
        lambda copy: replace(
            check_translations.po_file(copy, "ar"),
            'msgid "lead only"',
            '#, fuzzy\nmsgid "lead only"',
        ),
        "“lead only” is marked fuzzy",
    ),
    "untranslated": (
        lambda copy: replace(check_translations.po_file(copy, "fr"), '"inscrit"', '""'),
        "“registered” is not translated",
    ),
    "inside an f-string": (
        lambda copy: replace(
            copy / "crm/models.py",
            'str(_("lead %(number)s") % {"number": self.pk})',
            "f\"{_('lead')} {self.pk}\"",
        ),
        "crm/models.py",
    ),
}
NOT_COMPILED = {
    "not compiled": (
        lambda copy: replace(check_translations.po_file(copy, "fr"), '"inscrit"', '"inscrite"'),
        "fr/LC_MESSAGES/django.po is newer than its .mo file",
    ),
    "never compiled": (
        lambda copy: check_translations.po_file(copy, "ar").with_suffix(".mo").unlink(),
        "ar/LC_MESSAGES/django.po is newer than its .mo file",
    ),
}


@pytest.fixture
def copy(tmp_path):
    """A copy of what the check looks at."""
    for name in (*check_translations.SOURCES, "locale"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=check_translations.NOT_COPIED)
    return tmp_path


def test_the_translations_are_complete_and_the_tree_stays_as_it_is(copy):
    before = contents(copy)
    assert check_translations.check(copy) == []
    assert contents(copy) == before


@pytest.mark.parametrize("harms", [HARMS, NOT_COMPILED], ids=["in-the-texts", "not-compiled"])
def test_the_check_finds_every_harm(copy, harms):
    """One check for several harms: it reads the strings of all the code each time."""
    for harm, _ in harms.values():
        harm(copy)
    found = check_translations.check(copy)
    told = {name: [one for one in found if said in one] for name, (_, said) in harms.items()}
    assert all(told.values()), (told, found)


@pytest.mark.parametrize(
    ("language", "registered", "skip"),
    [("fr", "inscrit", "ignorer"), ("ar", "مسجَّل", "تجاوز"), ("en", "registered", "skip")],
)
def test_labels_speak_the_language_of_the_reader(language, registered, skip):
    with translation.override(language):
        assert str(Classification.REGISTERED.label) == registered
        assert str(PlannedAction.SKIP.label) == skip


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
