"""Every code that is stored about a row has words; every decision says what was done, and by whom."""

import re
from pathlib import Path

import pytest
from django.utils import translation

import legacy_import
from legacy_import.choices import ReviewDecision, SessionType
from legacy_import.review.bulk import REPEAT
from legacy_import.rules.statuses import DEFINED, STATUSES, classify
from legacy_import.screens.facets import value_name
from legacy_import.screens.mapping.words import rule_words
from legacy_import.screens.review.words import DONE, done_words, evidence_phrases, issue_words
from legacy_import.templatetags.legacy_imports import reason_words

ROOT = Path(legacy_import.__file__).parent
CODE = re.compile(r'"((?:status|session|course):[a-z_:]+[a-z])"')
CODES = sorted(
    {code for folder in ("rules", "mapping") for path in (ROOT / folder).glob("*.py")
     for code in CODE.findall(path.read_text())}
    | {classify(status, kind).rule for status in STATUSES for kind in SessionType}
    | {classify("FormÃ©e", SessionType.NONE).rule, DEFINED}
)  # fmt: skip


def test_there_are_rules_of_each_kind() -> None:
    assert len(CODES) > 25
    assert {code.partition(":")[0] for code in CODES} == {"status", "session", "course"}


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("code", CODES)
def test_every_rule_has_words(code: str, language: str) -> None:
    with translation.override(language):
        words = rule_words(code)
    assert words
    assert not re.search(r"\w[:_]\w", words)


def test_a_code_without_words_is_never_shown() -> None:
    code = "session:of_a_newer_version"
    with translation.override("en"):
        assert rule_words(code) == ""
        assert reason_words("of_a_newer_version") == "unknown"
        assert value_name("planned_reason", "of_a_newer_version") == "unknown"
        assert issue_words("of_a_newer_version:phone") == ("unknown", "phone")
        assert evidence_phrases(["of_a_newer_version:x"]) == [("unknown", "x")]


def test_every_decision_has_a_message_in_the_past_tense() -> None:
    assert set(DONE) == {*ReviewDecision, REPEAT}
    for language, words in (
        ("en", "Skipped by Amel"),
        ("fr", "Ignorée par Amel"),
        ("ar", "تجاوزه Amel"),
    ):
        with translation.override(language):
            assert done_words(ReviewDecision.SKIP, "Amel") == words
            assert all("Amel" in done_words(decision, "Amel") for decision in DONE)
