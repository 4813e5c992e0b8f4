"""Every kind of mapping has its screen, its templates, and words for all that is stored of it."""

import pytest
from django.template.loader import get_template

from legacy_import.mapping.kinds import KINDS
from legacy_import.mapping.preview import with_fields
from legacy_import.models import MAPPING_MODELS
from legacy_import.screens.mapping.screens import SCREENS
from legacy_import.screens.mapping.words import DECISIONS

BY_NAME = {screen.kind.name: screen for screen in SCREENS}


def test_every_kind_has_one_model_and_one_screen():
    assert [screen.kind for screen in SCREENS] == list(KINDS)
    assert len(BY_NAME) == len(KINDS)
    assert [kind.model for kind in KINDS] == list(MAPPING_MODELS)


PAGES = [
    (screen, page)
    for screen in SCREENS
    for page in ("list", "page", *(["bulk"] if screen.kind.bulk else []))
]


@pytest.mark.parametrize(
    ("screen", "page"), PAGES, ids=[f"{page}-{screen.kind.name}" for screen, page in PAGES]
)
def test_every_page_of_a_screen_has_a_template_of_its_kind(screen, page):
    assert get_template(screen.template(page)).template.source.startswith(
        f'{{% extends "admin/legacy_imports/mapping/{page}.html" %}}'
    )


@pytest.mark.parametrize("screen", SCREENS, ids=BY_NAME)
def test_every_decision_has_words_in_the_log(screen):
    for decision in screen.kind.decisions.values():
        decided = with_fields(screen.kind.model(), decision.fields)
        assert str(getattr(decided, screen.kind.answer_field)) in DECISIONS


def test_no_cause_belongs_to_two_kinds():
    causes = [cause for kind in KINDS for cause in (*kind.causes, *kind.other_causes)]
    assert len(causes) == len(set(causes))
