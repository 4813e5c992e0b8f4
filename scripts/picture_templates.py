"""Which templates each picture of docs/screens was taken from, by a digest in a file next to them.

`make screenshots` writes it; a test compares it with the templates, so that no picture is older than its
screen. Not by the time of a file: git does not keep it.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.screenshots import Picture

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
RECORD = ROOT / "docs" / "screens" / "templates.json"
NAMED = re.compile(r'{%-?\s*(?:extends|include)\s+"([^"]+)"')
FOLDERS = {"legacy_import": "admin/legacy_imports", "trainings": "admin/trainings"}


def templates_of(picture: "Picture", templates: Path = TEMPLATES) -> list[Path]:
    """The templates of the picture's screen, and all of ours that these extend or include."""
    waiting = sorted((templates / folder_of(picture)).glob("*.html"))
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():  # Django's own
            continue
        found.add(path)
        waiting += [templates / name for name in NAMED.findall(path.read_text("utf-8"))]
    return sorted(found)


def folder_of(picture: "Picture") -> str:
    """The folder of a screen's templates, which has the name of the folder of its views."""
    from django.urls import resolve

    from scripts.screenshots import address
    from scripts.screenshots_school import School

    view = resolve(address(picture, School(run=1)).partition("?")[0]).func
    app, *packages = view.__module__.split(".")[:-1]
    return f"{FOLDERS[app]}/{packages[-1]}"


def digest_of(picture: "Picture", templates: Path = TEMPLATES) -> str:
    digest = hashlib.sha256()
    for path in templates_of(picture, templates):
        digest.update(f"{path.relative_to(templates)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def recorded() -> dict[str, str]:
    """Picture → the digest of its templates when it was taken."""
    return dict(json.loads(RECORD.read_text("utf-8"))) if RECORD.exists() else {}


def record(taken: "list[Picture]", known: set[str]) -> None:
    """Record these pictures as taken now, and forget those that are not `known` any more."""
    digests = {name: digest for name, digest in recorded().items() if name in known}
    digests |= {picture.name: digest_of(picture) for picture in taken}
    RECORD.write_text(f"{json.dumps(digests, indent=2, sort_keys=True)}\n", "utf-8")
