"""Tables of `names.py`: particles, short forms and spellings of Algerian names, and why.

Spellings come from the Latin forms that Algerians give for one and the same Arabic name.
"""

from __future__ import annotations

from typing import Final

_NO_NAME_WORDS = """
    null inconnu inconnue unknown undefined neant none nan aucun aucune rien vide sans non no na ras
    renseigne renseignee void empty anonyme nom prenom email mail telephone tel indisponible
"""
NO_NAME_WORDS: Final = frozenset(
    # Nothing, next to a name: "NULL Haddad" is what an empty first name leaves.
    _NO_NAME_WORDS.split()
)

_TITLES = """
    mr mrs ms mme mlle melle mle monsieur madame mademoiselle dr pr prof ing
    epouse ep epse nee veuve vve
"""
TITLES: Final = frozenset(
    # Not part of a name, nor is the marker before a married or maiden name. 'hadj' stays: it is
    # also a given name (Hadj Ahmed).
    _TITLES.split()
)

SHORT_FORMS: Final = {
    # What registry clerks abbreviate, and the Arabic spelling transliterated letter by letter.
    **dict.fromkeys(
        ("med", "mohd", "mhd", "mohmed", "mohamd", "mohammd", "mhmd", "moh"), "mohamed"
    ),
    "abdlkader": "abdelkader",
    "aek": "abdelkader",  # the usual Algerian abbreviation
    "abdelk": "abdelkader",
    "fz": "fatima zohra",
}

PREFIXES: Final = {
    # Particles written apart or glued, as the clerk liked: always glued, in one spelling.
    **dict.fromkeys(("ben", "bin", "ibn"), "ben"),
    "bent": "bent",
    "bel": "bel",
    "beni": "beni",
    "bou": "bou",
    **dict.fromkeys(("abou", "abu", "abo"), "abou"),
    **dict.fromkeys(("oum", "om", "umm", "oumm"), "oum"),
    **dict.fromkeys(("ait", "aith", "ath"), "ait"),
    **dict.fromkeys(("ould", "wald", "weld", "oueld"), "ould"),
    **dict.fromkeys(("ouled", "oulad", "awlad", "ouel"), "ouled"),
    **dict.fromkeys(("sid", "sidi", "sidy"), "sid"),
    "si": "si",
    **dict.fromkeys(("abd", "abde", "abdel", "abdal", "abdul", "abdoul", "abdl"), "abd"),
    **dict.fromkeys(
        ("abder", "abdes", "abden", "abded", "abdez", "abdech", "abdeb", "abdeh"), "abd"
    ),
}

ARTICLES: Final = {
    # The article: el, al before any letter; its assimilated forms only before their own letter.
    "el": "",
    "al": "",
    "ell": "l",
    "ul": "",
    **{f"e{letter}": letter for letter in "zsrndt"},
    "ech": "ch",
    "ess": "s",
    "err": "r",
    "ezz": "z",
    "enn": "n",
    "edd": "d",
}

SUFFIXES: Final = {
    # Second halves of one name: Nour Eddine, Nour el Dine, Abd Allah.
    **dict.fromkeys(
        ("eddine", "edine", "eddin", "edin", "eddyne", "ddine", "dine", "din", "uddin", "oudine",
         "eldine", "eldin", "aldin", "aldine", "addine", "eddinne", "elddine", "eldyn"), "eddine",
    ),
    **dict.fromkeys(("allah", "ellah", "llah", "lah", "ullah", "illah", "alah", "elah"), "allah"),
    **dict.fromkeys(
        ("elhouda", "elhoda", "elhuda", "houda", "lhouda", "hoda", "alhouda"), "elhouda",
    ),
}  # fmt: skip

SUFFIX_NEEDS: Final = {
    # 'Houda' is a given name by itself: half a name only after Nour.
    "elhouda": frozenset({"nour", "nor", "nur", "noor", "nourr", "ennour"}),
}

_NO_ARTICLE = """
    elham elhem elhame elsa elma elias elies elyes elyas eliasse elisa elise elena ella eline
    ali alia alya aldo alima alim alla allal allali aliouane alem alam
"""
NO_ARTICLE: Final = frozenset(
    # Begin with el or al, and is not an article.
    _NO_ARTICLE.split()
)

# Letters, in this order, on a token without article: (spelling, fold).
LETTERS: Final = (
    ("tch", "x"),  # Tchikou, Chikou
    ("sch", "x"),
    ("ch", "x"),  # French ch = English sh; x itself becomes ks first
    ("sh", "x"),
    ("dj", "j"),
    ("dg", "j"),
    ("ph", "f"),
    ("gh", "g"),  # Ghezal, Guezal
    ("th", "t"),
    ("dh", "d"),
    ("ck", "k"),
    ("qu", "k"),
    ("q", "k"),
    ("gue", "ge"),
    ("gui", "gi"),
    ("guy", "gi"),
    ("ce", "se"),  # Youcef, Youssef; Hocine, Hossine
    ("ci", "si"),
    ("cy", "si"),
    ("c", "k"),
    ("kh", "q"),
    ("oua", "ua"),
    ("ou", "u"),
    ("oo", "u"),
    ("w", "u"),
    ("ai", "i"),
    ("ay", "i"),
    ("ei", "i"),
    ("ey", "i"),
    ("y", "i"),
    ("v", "b"),  # foreign letters, written either way
    ("p", "b"),
)

GENERATIONS: Final = {
    # Father and son of one name are two people: kept as a separate token.
    **dict.fromkeys(("jr", "junior", "fils"), "jr"),
    **dict.fromkeys(("sr", "senior", "pere"), "sr"),
    "الابن": "jr",
    "الاب": "sr",
}

# The same in Arabic letters, folded (أ إ آ → ا, ى → ي, a final ه → ة).

ARABIC_ARTICLE: Final = "ال"  # آل, a family's "house of", folds to it

_ARABIC_TITLES = """
    السيد السيدة الانسة سيدة انسة الدكتور الدكتورة دكتور دكتورة الاستاذ الاستاذة استاذ استاذة
    المهندس المهندسة د زوجة حرم ارملة المولودة مولودة
"""
ARABIC_TITLES: Final = frozenset(_ARABIC_TITLES.split())

_ARABIC_NO_NAME_WORDS = """
    مجهول مجهولة بدون فارغ لا يوجد توجد شي
"""
ARABIC_NO_NAME_WORDS: Final = frozenset(_ARABIC_NO_NAME_WORDS.split())

_ARABIC_UNKNOWN = """
    غير معروف, غير معروفة, غير متوفر, غير موجود
"""
ARABIC_UNKNOWN: Final = frozenset(
    # Two words, each of which is a family's name by itself.
    tuple(pair.split())
    for pair in _ARABIC_UNKNOWN.split(",")
)

ARABIC_PREFIXES: Final = {
    **dict.fromkeys(("بن", "ابن"), "ben"),
    "بنت": "bent",
    "بل": "bel",
    "بني": "beni",
    "بو": "bou",
    **dict.fromkeys(("ابو", "ابي"), "abou"),
    "ام": "oum",
    **dict.fromkeys(("ايت", "اث"), "ait"),
    "ولد": "ould",
    "اولاد": "ouled",
    **dict.fromkeys(("سيد", "سيدي"), "sid"),
    "سي": "si",
    "عبد": "abdel",
}

ARABIC_SUFFIXES: Final = {
    # Second half of one name → (as it is spelled, the first halves that it needs).
    "الدين": ("eddine", frozenset[str]()),
    "اللة": ("allah", frozenset[str]()),
    "الهدي": ("elhouda", frozenset({"نور"})),
}

ARABIC_CONSONANTS: Final = {
    # Letter → what a skeleton of its French spelling has for it, the usual one first.
    "ا": ("",), "ب": ("b",), "ت": ("t",), "ث": ("t", "s"), "ج": ("j", "k"), "ح": ("h",),
    "خ": ("q", "k"), "د": ("d",), "ذ": ("d", "s"), "ر": ("r",), "ز": ("s",), "س": ("s",),
    "ش": ("x",), "ص": ("s",), "ض": ("d",), "ط": ("t",), "ظ": ("d", "s"), "ع": ("",),
    "غ": ("k",), "ف": ("f", "b"), "ق": ("k",), "ك": ("k",), "ل": ("l",), "م": ("m",), "ن": ("n",),
    "ه": ("h",), "و": ("",), "ي": ("",), "ة": ("",), "پ": ("b",), "چ": ("x", "j"),
    "ڤ": ("b", "k"), "گ": ("k",), "ژ": ("j",),
}  # fmt: skip

ARABIC_FIRST: Final = {
    # A skeleton keeps the vowel that a word begins with.
    "ا": ("a", "i", "u", ""), "ع": ("a", "u", "i"), "و": ("u",), "ي": ("i",),
}  # fmt: skip

ARABIC_LAST: Final = {
    # And the one that it ends in, unless it is a silent e.
    "ة": ("a", "", "t"), "ا": ("a", ""), "ي": ("i", "a", ""), "و": ("u", ""), "ع": ("", "a"),
    "ح": ("a", "h"), "ه": ("a", ""),
}  # fmt: skip
