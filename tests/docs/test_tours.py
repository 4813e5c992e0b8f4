"""The tour is one tour in three languages: same order, examples, pictures and keys."""

import re

import pytest
from django.utils.translation import override

from legacy_import.choices import ReviewDecision
from tests.docs.tables import DOCS

TEXT = {
    language: (DOCS / page).read_text("utf-8")
    for language, page in {"fr": "tour.fr.md", "ar": "tour.ar.md", "en": "tour.md"}.items()
}
SETTLING = (DOCS / "settling.md").read_text("utf-8")
FIRST_SCREENS = 36  # lines
KEYS = ["l", "n", "a", "t", "r", "c", "s", "z"]


def comparable(text: str) -> str:
    """The words, whatever their blanks, apostrophes and first letter."""
    return " ".join(text.replace("’", "'").split()).strip("… :").casefold()


def test_all_three_have_the_same_order_pictures_and_keys() -> None:
    shapes = {
        language: (
            [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)],
            re.findall(r"\(screens/(tour-\w+)-\w\w\.png\)", text),
            re.findall(r"^\| `(\w)` \|", text, re.MULTILINE),
            text.count("\n| "),
        )
        for language, text in TEXT.items()
    }
    assert shapes["en"][2] == KEYS
    assert shapes["fr"] == shapes["en"] == shapes["ar"]


@pytest.mark.parametrize(("language", "words"), [
    ("fr", ("Ce que vous décidez", "Combien", "Une personne formée deux fois", "À qui le dire")),
    ("ar", ("ما الذي تقررونه", "كم من العمل", "الشخص الذي تكوّن مرتين", "من يجب إعلامه")),
    ("en", ("What you decide", "How much", "A person who was trained twice", "Who must be informed")),
])  # fmt: skip
def test_the_first_screens_answer_what_a_manager_asks(
    language: str, words: tuple[str, ...]
) -> None:
    first = "\n".join(TEXT[language].splitlines()[:FIRST_SCREENS])
    assert [word for word in words if f"**{word}" not in first] == []


def test_how_much_it_is_was_measured() -> None:
    rows = re.search(r"^`legacy_demo --rows (\d+)`", SETTLING, re.MULTILINE)
    total = re.search(
        r"^\| in all +\| +([\d,]+) \| +([\d,]+) \| +([\d,]+) \|", SETTLING, re.MULTILINE
    )
    made = re.search(
        r"statuses (\d+), sessions ([\d,]+), courses (\d+), pairs of courses (\d+)", SETTLING
    )
    assert rows
    assert total
    assert made
    numbers = [f"{int(rows[1]):,}", *total.groups(), *made.groups()]
    for language, mark in (("en", ","), ("fr", " "), ("ar", " ")):
        text = " ".join(TEXT[language].replace("\xa0", " ").split())
        assert [n for n in numbers if n.replace(",", mark) not in text] == [], language


def test_the_arabic_page_reads_from_right_to_left() -> None:
    assert TEXT["ar"].startswith('<div dir="rtl">\n\n')
    assert TEXT["ar"].endswith("\n\n</div>\n")


def test_french_has_its_apostrophe_and_no_break_spaces() -> None:
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)|^\|[-:|]+\|$", "", TEXT["fr"], flags=re.MULTILINE)
    assert re.findall(r"\w'\w+", text) == []
    assert re.findall(r"\w+ [;:?!»]|« \w+", text) == []
    assert text.count("\xa0") > 40


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_number_is_not_torn_apart(language: str) -> None:
    """In a text from right to left, an ordinary space shows its two halves in the wrong order."""
    assert re.findall(r"\d \d{3}\b", TEXT[language]) == []
    assert len(re.findall(r"\d\xa0\d{3}\b", TEXT[language])) > 5


def test_every_decision_is_explained_on_the_page_of_the_screens() -> None:
    page = (DOCS / "screens.md").read_text("utf-8")
    table = page.partition("### What you can decide\n")[2].partition("\n### ")[0]
    explained = comparable(table)
    with override("en"):
        labels = [str(decision.label) for decision in ReviewDecision]
    assert [label for label in labels if comparable(label) not in explained] == []
