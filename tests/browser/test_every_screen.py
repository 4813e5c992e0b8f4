"""Every screen in every state, French, Arabic and English: axe finds nothing, and the layout holds."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.contrib.staticfiles import finders
from django.urls import URLPattern
from playwright.sync_api import Page

from legacy_import import urls
from tests.browser.screens import frame, history, learners, mappings, owners, review, runs
from tests.browser.states import LANGUAGES, State, Walk
from tests.scripts.test_screenshots import ANSWERS_NO_PAGE


class Group(NamedTuple):
    states: Callable[[str], Iterator[State]]
    screens: set[str]  # the names of the addresses that its walk visits, at least


GROUPS = {
    "frame": Group(frame.states, set()),
    "history": Group(history.states, set()),
    "runs": Group(runs.states, {"runs", "run", "commit", "rollback", "reconcile", "sign-off"}),
    "learners": Group(learners.states, {"students", "students-search", "lineage"}),
    "review": Group(
        review.states, {"review", "review-bulk", "review-person", "review-reveal", "review-raw"}
    ),
    "owners": Group(owners.states, set()),
    "mappings": Group(
        mappings.states,
        {f"{kind}-mapping{part}" for kind in ("course", "session") for part in ("", "-one", "-all")}
        | {f"{kind}-mapping{part}" for kind in ("status", "conflict") for part in ("", "-one")},
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", GROUPS)
def test_axe_and_layout_find_nothing(
    page_as: Callable[..., Page], axe: Callable[..., list[str]], group: str, language: str
) -> None:
    walk = Walk(page_as, axe, language)
    walk.see(GROUPS[group].states(language))
    assert not walk.faults, "\n".join(walk.faults)
    assert walk.screens >= GROUPS[group].screens


def test_every_screen_is_in_a_group():
    names = {one.name for one in urls.urlpatterns if isinstance(one, URLPattern)}
    assert set().union(*(group.screens for group in GROUPS.values())) == names - ANSWERS_NO_PAGE


DARK = re.compile(r"@media \(prefers-color-scheme: dark\)\s*\{\s*:root\s*\{(?P<body>[^{}]*)\}\s*\}")


@pytest.mark.parametrize("sheet", ["admin/css/dark_mode.css", "legacy_imports/screens.css"])
def test_light_and_dark_differ_in_colours_only(sheet):
    """So the walk applies every rule in the dark, and in the light the rules about colours."""
    styles = Path(str(finders.find(sheet))).read_text("utf-8")
    blocks = DARK.findall(styles)
    assert len(blocks) == styles.count("prefers-color-scheme") == 1
    names = {line.partition(":")[0].strip() for line in blocks[0].split(";") if line.strip()}
    assert names
    assert {name for name in names if not name.startswith("--")} <= {"color-scheme"}
