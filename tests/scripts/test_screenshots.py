"""The pictures of docs/ cover the screens; whoever adds one says whether it is pictured."""

import re
import shutil
from pathlib import Path

import pytest
from django.urls import URLPattern

from legacy_import import urls
from legacy_import.permissions import GROUPS
from legacy_import.screens.menu import SCREENS
from scripts import picture_templates
from scripts.demo_accounts import ADMIN, SHOWS
from scripts.screenshots import FOLDER, MOST_BYTES, PHONE, PICTURES, ROOT, WIDE, Picture
from tests.test_docs import PAGES, TEXT

# Addresses without a picture of their own.
ANSWERS_NO_PAGE = {
    "slash", "progress", "export-csv", "export-json", "sign-off-csv", "runs-search", "plan",
    "review-repeat", "review-row", "review-search", "review-filters", "review-decide", "review-undo",
    "review-bulk-undo", "review-claim",
    "course-mapping-decide", "course-mapping-again", "session-mapping-decide",
    "session-mapping-again", "status-mapping-decide", "status-mapping-again",
    "conflict-mapping-decide", "conflict-mapping-again",
}  # fmt: skip
LIKE_ANOTHER_PAGE = {
    "review-person", "review-reveal", "review-raw",  # the review queue, with something opened
    "students-search",  # the learners, searched
    "course-mapping-all", "session-mapping-all",
    "status-mapping-one", "conflict-mapping", "conflict-mapping-one",
    "reconcile",
}  # fmt: skip
SHOWN = re.compile(r"(?:!\[[^\]]+\]\(|<img src=\")([^)\"]+\.png)")


def shown() -> dict[str, set[str]]:
    """Page of the documentation → the pictures it shows, as paths in the repository."""
    return {
        str(page.relative_to(ROOT)): {
            str((page.parent / target).resolve().relative_to(ROOT))
            for target in SHOWN.findall(TEXT[page])
        }
        for page in PAGES
    }


TOURS = {"fr": "docs/tour.fr.md", "ar": "docs/tour.ar.md", "en": "docs/tour.md"}
OF_TOURS = [picture for picture in PICTURES if picture.name.startswith("tour-")]


def path(picture: Picture) -> str:
    return str(picture.file.relative_to(ROOT))


def test_every_screen_has_its_picture():
    pictured = {picture.screen for picture in PICTURES}
    names = {one.name for one in urls.urlpatterns if isinstance(one, URLPattern)}
    assert names - pictured - ANSWERS_NO_PAGE - LIKE_ANOTHER_PAGE == set()
    assert {screen.page for screen in SCREENS} | {
        "run",
        "commit",
        "rollback",
        "lineage",
    } <= pictured


def test_every_picture_of_the_docs_exists_and_is_shown_in_its_own_language():
    named = set().union(*shown().values())
    made = {path(picture) for picture in PICTURES}
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []
    in_tours = {language: shown()[page] for language, page in TOURS.items()}
    for language, pictures in in_tours.items():
        assert pictures == {path(one) for one in OF_TOURS if one.language == language}
    assert shown()["docs/screens.md"] == made - {path(one) for one in OF_TOURS}
    assert {str(path.relative_to(ROOT)) for path in FOLDER.glob("*.png")} == made


def test_the_readme_shows_the_queue_alone():
    assert shown()["README.md"] == {"docs/screens/review.png"}


def test_french_and_light_is_the_rule_and_every_language_width_and_theme_is_shown():
    plain = [one for one in PICTURES if (one.language, one.dark, one.width) == ("fr", False, WIDE)]
    assert {one.screen for one in plain} == {one.screen for one in PICTURES}
    assert any(one.language == "ar" for one in PICTURES)
    assert any(one.dark for one in PICTURES)
    assert any(one.width == PHONE for one in PICTURES)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_as_wide_as_its_window_and_is_a_picture(picture):
    head = picture.file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width = int.from_bytes(head[16:20], "big")
    assert width == picture.width or (picture.part and width < picture.width)


def test_together_they_stay_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.png")) <= MOST_BYTES


def test_the_demo_has_an_account_per_group_and_one_more():
    assert list(SHOWS) == [*GROUPS, ADMIN]
    assert {picture.role for picture in PICTURES} <= {name.lower() for name in SHOWS}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_not_older_than_the_templates_of_its_screen(picture: Picture) -> None:
    now = picture_templates.digest_of(picture)
    assert picture_templates.recorded().get(picture.name) == now, "make screenshots takes it again"


def test_only_pictures_that_exist_are_recorded() -> None:
    assert set(picture_templates.recorded()) == {picture.name for picture in PICTURES}


@pytest.mark.parametrize(
    ("name", "changed", "is_older"),
    [
        ("run", "admin/legacy_imports/runs/run.html", True),
        ("run", "admin/legacy_imports/base.html", True),
        ("former-learner", "admin/trainings/history/learner.html", True),
        ("run", "admin/legacy_imports/review/row.html", False),
    ],
)
def test_a_changed_template_makes_the_pictures_of_its_screen_older(
    name: str, changed: str, is_older: bool, tmp_path: Path
) -> None:
    (picture,) = (one for one in PICTURES if one.name == name)
    templates = tmp_path / "templates"
    shutil.copytree(picture_templates.TEMPLATES, templates)
    assert picture_templates.digest_of(picture, templates) == picture_templates.digest_of(picture)
    with (templates / changed).open("a", encoding="utf-8") as stream:
        stream.write("<p>")
    after = picture_templates.digest_of(picture, templates)
    assert (after != picture_templates.digest_of(picture)) is is_older
