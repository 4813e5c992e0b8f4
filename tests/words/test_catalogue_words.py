"""The words of the screens in French, Arabic and English: none that misleads, one per thing."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

LOCALE = Path(__file__).resolve().parents[2] / "locale"
# Pattern → why no screen has it.
FRENCH = {
    r"\b[Ee]xam(?:en|ine|iner|inées?)\b": "an examen is an exam: vérification",
    r"\b[Rr]epris(?:e|es)?\b": "it had four meanings: import, importé, copié",
    r"\b[Rr]éviseurs?\b": "the person who checks is a vérificateur",
    r"\b[Pp]arcours\b": "a learner's path: provenance",
    r"\b[Ll]ib[éè]r(?:er|e|ent|ées?)\b": "prisoners are released: débloquer, enregistrer sans session",
    r"\b[Vv]agues?\b": "the sea has waves: priorité",
    r"calendrier": "an impossible birth date is impossible",
    r"octets": "text that cannot be read is illisible",
    r"laisse(?:rait|r)? (?:cette|la) ligne à": "it collides with « personne n’a »",
    r"(?:sera|seront|être) validée?s?\b": "valider is the stage: exécuter",
    r"\bbusiness|tables? métier": "staff know the platform's data, not its tables",
}
ARABIC = {
    "فرج": "prisoners are released: رفع التعطيل",
    "الإفراج": "prisoners are released: تدوين دون دورة",
    "تطهير": "data are deleted, not cleansed: حذف نهائي",
    r"(?<![ء-ي])ال?موجة|ال?موجات": "the sea has waves: الأولوية",
    "قال مراجع|قيل|يُقل": "a reviewer decides: قرر",
    r"ثبَّ?ت(?!ة حال)|مثبتة ولم|تثبيت": "what is committed: تنفيذ",
    "سطور|صفوف": "the plural of سطر is أسطر",
    "مسار سجل|مسار %": "lineage: منشأ",
    "إرفاق|مرفق": "history is attached: إلحاق",
}
ENGLISH = {
    r"\bsomebody|nobody|anybody\b": "another user, no one",
    r"\bwhatever|whoever\b": "any",
    r"\banew\b|\bof its own\b": "again, separate",
    r"\bdrift(?:ed|s)?\b": "changed since the plan",
    r"no calendar|no network has": "impossible, invalid",
}
NO_BREAK = "\u00a0"


def entries(language: str) -> Iterator[tuple[str, str]]:
    """(msgid, text) of every form of every entry."""
    for entry in polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po")):
        texts = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
        yield from ((entry.msgid, text) for text in texts)


def texts(language: str) -> list[str]:
    if language == "en":
        plurals = polib.pofile(str(LOCALE / "fr" / "LC_MESSAGES" / "django.po"))
        return [text for one in plurals for text in (one.msgid, one.msgid_plural) if text]
    return [text for _, text in entries(language)]


@pytest.mark.parametrize(
    ("language", "words"), [("fr", FRENCH), ("ar", ARABIC), ("en", ENGLISH)], ids=["fr", "ar", "en"]
)
def test_no_screen_has_a_word_that_misleads(language: str, words: dict[str, str]) -> None:
    shown = texts(language)
    assert len(shown) > 1_000
    misleading = [
        f"{text}: {why}"
        for pattern, why in words.items()
        for text in shown
        if re.search(pattern, text)
    ]
    assert misleading == []


def test_french_puts_a_no_break_space_before_double_signs() -> None:
    """“Session :” never breaks before its colon; an address, a time or a tag has no such space."""
    wrong = re.compile(
        rf"(?<=[\w»)>…])(?<!\d)[ ]*(?<!{NO_BREAK})[:;?!](?=\s|$)|«(?!{NO_BREAK})|(?<!{NO_BREAK})»"
    )
    plain = (re.sub(r"&\w+;|<[^>]+>", "x", text) for text in texts("fr"))
    assert [text for text in plain if wrong.search(text)] == []
    assert [text for text in texts("fr") if re.search(rf"[{NO_BREAK} ]{{2}}", text)] == []
    assert [text for text in texts("fr") if "'" in re.sub(r"<[^>]+>", "", text)] == []


def test_arabic_has_one_and_two_without_a_numeral() -> None:
    """«سطران» is two rows; «2 سطران» would be two twos. A numeral may still count something else."""
    catalogue = polib.pofile(str(LOCALE / "ar" / "LC_MESSAGES" / "django.po"))
    counted = [entry for entry in catalogue if entry.msgid_plural]
    assert len(counted) > 30
    for entry in counted:
        forms = entry.msgstr_plural
        assert len(forms) == 6, entry.msgid
        numbers = set(re.findall(r"%\(\w+\)[sd]", forms[5]))
        assert numbers - set(re.findall(r"%\(\w+\)[sd]", forms[1])), forms[1]
        assert numbers - set(re.findall(r"%\(\w+\)[sd]", forms[2])), forms[2]
        assert forms[2] != forms[3], forms[2]


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_number_of_an_import_is_introduced(language: str) -> None:
    """“Import n° 7”, not “import 7”: a bare number looks like a count."""
    before = {"fr": rf"n°{NO_BREAK}", "ar": "رقم "}[language]
    bare = [
        text for text in texts(language)
        for place in re.finditer(r"%\(run\)[sd]", text)
        if not text[: place.start()].endswith(before)
    ]  # fmt: skip
    assert bare == []
