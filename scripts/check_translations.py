"""Are the French and Arabic translations complete and current?

    check_translations.py            exit 1 and say what is wrong; the tree stays as it is
    check_translations.py --write    take the new strings into the .po files, compile the .mo files

The compiled .mo files are committed, because Django reads only those and the machine that runs the
platform need not have gettext. This check, and nothing else, needs it.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("fr", "ar")
SOURCES = ("ecoin", "crm", "trainings", "legacy_import", "templates")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")

GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"})
Identity = tuple[str | None, str, str]  # context, singular, plural


def main(arguments: list[str]) -> int:
    """Check, or write with --write; returns the exit code."""
    if arguments not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    for program in ("xgettext", "msgmerge", "msgfmt"):
        if not shutil.which(program):
            print(f"{program} is not installed: apt-get install gettext", file=sys.stderr)
            return 1
    if arguments == ["--write"]:
        write(ROOT)
    found = check(ROOT)
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"Translations are complete and current: {', '.join(LANGUAGES)}.")
    return 1 if found else 0


def check(root: Path) -> list[str]:
    """Sentences about everything that is wrong with the translations of a checkout."""
    with tempfile.TemporaryDirectory(prefix="translations-") as folder:
        copy = Path(folder)
        extract(root, copy)
        return [*hidden_strings(copy), *problems(root, copy)]


def write(root: Path) -> None:
    """Take the strings of the code into the .po files and compile them."""
    with tempfile.TemporaryDirectory(prefix="translations-") as folder:
        copy = Path(folder)
        extract(root, copy)
        for language in LANGUAGES:
            target = po_file(root, language)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(po_file(copy, language), target)
            compile_po(target, target.with_suffix(".mo"))


def extract(root: Path, copy: Path) -> None:
    """Copy sources and translations of `root` to `copy` and run makemessages there."""
    for name in SOURCES:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=NOT_COPIED)
    if (root / "locale").is_dir():
        shutil.copytree(root / "locale", copy / "locale")
    (copy / "locale").mkdir(exist_ok=True)
    languages = [part for language in LANGUAGES for part in ("--locale", language)]
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *languages, "--no-location", "--no-wrap",
         "--no-obsolete", "--verbosity", "0"],
        cwd=copy, check=True, timeout=120,
        env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},  # needs none
    )  # fmt: skip


def hidden_strings(folder: Path) -> Iterator[str]:
    """Strings translated inside an f-string: most versions of xgettext do not see them."""
    for path in sorted(folder.glob("*/**/*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.FormattedValue):
                continue
            names = {getattr(call.func, "id", "") for call in ast.walk(node)
                     if isinstance(call, ast.Call)}  # fmt: skip
            if names & GETTEXT:
                where = f"{path.relative_to(folder)}:{node.lineno}"
                yield f'{where} translates inside an f-string; write _("… %(name)s") % {{…}}'


def problems(root: Path, copy: Path) -> Iterator[str]:
    """A sentence for everything that is missing, left over, unfinished or out of date."""
    for language in LANGUAGES:
        path = po_file(root, language)
        name = path.relative_to(root)
        if not path.is_file():
            yield f"{name} is missing: scripts/check_translations.py --write"
            continue
        ours, extracted = polib.pofile(str(path)), polib.pofile(str(po_file(copy, language)))
        yield from _differences(str(name), identities(ours), identities(extracted))
        yield from _unfinished(str(name), ours)
        yield from _stale(str(name), path, copy)


def _differences(name: str, ours: set[Identity], extracted: set[Identity]) -> Iterator[str]:
    for _, text, _ in sorted(extracted - ours, key=str):
        yield f"{name} lacks “{text}”: scripts/check_translations.py --write, then translate it"
    for _, text, _ in sorted(ours - extracted, key=str):
        yield f"{name} still has “{text}”, which no code says any more"


def _unfinished(name: str, catalogue: polib.POFile) -> Iterator[str]:
    for entry in catalogue:
        if entry.fuzzy:
            yield f"{name}: “{entry.msgid}” is marked fuzzy; check it and remove the mark"
        elif not entry.obsolete and not entry.translated():
            yield f"{name}: “{entry.msgid}” is not translated"


def _stale(name: str, path: Path, copy: Path) -> Iterator[str]:
    """Compared entry by entry: other versions of msgfmt write other bytes."""
    compiled, fresh = path.with_suffix(".mo"), copy / "fresh.mo"
    why = compile_po(path, fresh)
    if why:
        yield f"{name} cannot be compiled: {why}"
    elif not compiled.is_file() or _entries(compiled) != _entries(fresh):
        yield f"{name} is newer than its .mo file: scripts/check_translations.py --write"


def compile_po(source: Path, target: Path) -> str:
    """Compile a .po file, its placeholders checked; returns what msgfmt complains about."""
    done = subprocess.run(
        ["msgfmt", "--check", "-o", str(target), str(source)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stderr.strip() if done.returncode else ""


def _entries(compiled: Path) -> list[tuple[str | None, str, str, tuple[str, ...]]]:
    return sorted(
        (entry.msgctxt or "", entry.msgid, entry.msgstr, tuple(entry.msgstr_plural.values()))
        for entry in polib.mofile(str(compiled))
    )


def po_file(folder: Path, language: str) -> Path:
    """The catalogue of a language."""
    return folder / "locale" / language / "LC_MESSAGES" / "django.po"


def identities(catalogue: polib.POFile) -> set[Identity]:
    """What the entries in use translate."""
    return {
        (entry.msgctxt, entry.msgid, entry.msgid_plural)
        for entry in catalogue
        if not entry.obsolete
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
