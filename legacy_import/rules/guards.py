"""The two guards of a shared contact: is it the same name, can it be the same birth date?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from ecoin.identity.arabic import code, is_code
from ecoin.identity.given_names import OWN, given_names_of
from ecoin.identity.keys import is_first_of_january, is_missing_date, swapped_date
from ecoin.identity.name_tables import GENERATIONS
from ecoin.identity.names import (
    ARABIC_SCRIPT,
    UNREADABLE,
    fold_token,
    is_whole,
    skeleton_of_token,
    skeletons_of_token,
)

TOKEN_SIMILARITY: Final = 0.75
"""OSA of two tokens: one slip in four letters."""
JOINED_SIMILARITY: Final = 0.85
"""OSA of the folds written together: particles and halves of names glued or not.
Only where the two have different numbers of tokens: with as many, each must find its partner."""
PARTLY_SIMILARITY: Final = 0.5
"""OSA of the rest next to an equal token, where phone, e-mail and birth date agree as well."""
ARABIC_SLIP: Final = 6
"""Letters of a word in Arabic script in which one wrong letter is a slip: short ones are another name
(عمر, عمار, عامر)."""
OWN_PART_SLIP: Final = 6
"""Letters from which on what follows "abd", or precedes "eddine", may have a slip in a consonant."""
GENERATION: Final = 15
"""Years between two birth dates from which on they are parent and child."""

_SERVANT: Final = "abd"
_SERVANT_CODE: Final = code("عبدال")
_OF_FAITH: Final = "adin"
_OF_FAITH_CODE: Final = code("الدين")
_CHILD_OF: Final = ("ban", "bant", "uld")
_CHILD_OF_CODES: Final = (code("بن"), code("بنت"), code("ولد"))
_FEMININE_CODE: Final = code("ة")
_GENERATIONS: Final = frozenset(GENERATIONS.values())


class Names(Enum):
    """The answer of the name guard; the value is the evidence item."""

    EQUAL = "name_same"
    SIMILAR = "name_similar"
    OTHER_SCRIPT = "name_similar_other_script"  # and not every word is attested in both
    PARTLY = "name_partly_same"  # a word is the same, the others are not far; see `partly_same`
    ONE_WORD = "name_one_word"  # all that one of the names has, and the other has it, too
    OTHER = "name_differs"
    MISSING = "name_missing"
    UNREADABLE = "name_unreadable"

    @property
    def is_same(self) -> bool:
        return self in _SAME


_SAME: Final = frozenset(
    {Names.EQUAL, Names.SIMILAR, Names.OTHER_SCRIPT, Names.PARTLY, Names.ONE_WORD}
)


class BirthDates(Enum):
    """The answer of the birth-date guard; the value is the evidence item."""

    EQUAL = "birth_date_equal"
    SWAPPED = "birth_date_swapped"
    YEAR_ONLY = "birth_date_year_only"
    ONE_DIGIT_OFF = "birth_date_one_digit_off"
    ONE_PART_OFF = "birth_date_one_part_off"  # two of day, month and year agree
    MISSING = "birth_date_missing"
    CONFLICT = "birth_date_conflict"

    @property
    def is_same_day(self) -> bool:
        return self in (BirthDates.EQUAL, BirthDates.SWAPPED)


def name_guard(
    left_fold: str,
    left_skeleton: str,
    right_fold: str,
    right_skeleton: str,
    *,
    left_script: str = "",
    right_script: str = "",
) -> Names:
    """EQUAL and SIMILAR let a shared contact speak for one person; the others do not."""
    if not left_fold or not right_fold:
        return Names.MISSING
    if UNREADABLE in left_fold or UNREADABLE in right_fold:
        return Names.UNREADABLE
    if left_fold == right_fold:
        # One word is half a name: a family's, or a given name that many have.
        return Names.EQUAL if is_whole(left_fold) else Names.ONE_WORD
    if left_fold > right_fold:  # one cache entry for both directions
        left_fold, right_fold = right_fold, left_fold
    if not (is_whole(left_fold) and is_whole(right_fold)):
        return _compare_with_one_word(left_fold, right_fold)
    if left_script == right_script == ARABIC_SCRIPT:
        return Names.SIMILAR if _similar_in_arabic(left_fold, right_fold) else Names.OTHER
    if not _similar(left_fold, right_fold, left_skeleton == right_skeleton):
        return Names.OTHER
    return Names.OTHER_SCRIPT if left_script or right_script else Names.SIMILAR


@lru_cache(maxsize=4_096)
def _compare_with_one_word(left_fold: str, right_fold: str) -> Names:
    """Two different names, of which one or both are a single word, initials aside."""
    one, other = sorted((_long_words(left_fold), _long_words(right_fold)), key=len)
    is_whole = len(other) > 1 and _joined_similarity(left_fold, right_fold) >= JOINED_SIMILARITY
    if is_whole and not _are_two_people(one, other, one, other):
        return Names.SIMILAR  # all words of a name, written together
    alike = any(_token_similarity(one[0], word) >= TOKEN_SIMILARITY for word in other)
    return Names.ONE_WORD if alike else Names.OTHER


def _long_words(fold: str) -> list[str]:
    tokens = list(dict.fromkeys(fold.split()))
    return [token for token in tokens if len(token) > 1] or tokens


@lru_cache(maxsize=16_384)  # about 5 MB; two rows are compared both ways within a chunk or two
def _similar(left_fold: str, right_fold: str, same_skeleton: bool) -> bool:
    left_tokens, right_tokens = left_fold.split(), right_fold.split()
    ours, theirs = _without_equal_tokens(left_tokens, right_tokens)
    if _are_two_people(ours, theirs, left_tokens, right_tokens):
        return False
    if same_skeleton:
        return True
    fewest = min(len(left_tokens), len(right_tokens))
    if fewest >= 2 and _all_have_partners(ours, theirs, TOKEN_SIMILARITY, _token_similarity):
        return True
    if len(left_tokens) == len(right_tokens) > 1:
        return False  # a long family name must not outweigh another given name
    return _joined_similarity(left_fold, right_fold) >= JOINED_SIMILARITY


def _joined_similarity(left_fold: str, right_fold: str) -> float:
    return OSA.normalized_similarity(left_fold.replace(" ", ""), right_fold.replace(" ", ""))


@lru_cache(maxsize=4_096)
def _similar_in_arabic(left_fold: str, right_fold: str) -> bool:
    """Both in Arabic letters: no spellings to forgive, only missing words and slips."""
    left_tokens, right_tokens = left_fold.split(), right_fold.split()
    ours, theirs = _without_equal_tokens(left_tokens, right_tokens)
    if min(len(left_tokens), len(right_tokens)) < 2:
        return False
    if _are_two_people(ours, theirs, left_tokens, right_tokens):
        return False
    return _all_have_partners(ours, theirs, TOKEN_SIMILARITY, _arabic_similarity)


def partly_same(left_fold: str, right_fold: str) -> bool:
    """Is a word the same, are the others not far from each other, and none a sibling's?

    Too little for anything but two people of one phone, one e-mail and one birth date.
    """
    left_tokens, right_tokens = left_fold.split(), right_fold.split()
    ours, theirs = _without_equal_tokens(left_tokens, right_tokens)
    if len(ours) == len(left_tokens) or UNREADABLE in left_tokens or UNREADABLE in right_tokens:
        return False
    return not _are_two_people(ours, theirs, left_tokens, right_tokens) and _all_have_partners(
        ours, theirs, PARTLY_SIMILARITY, _token_similarity
    )


def _without_equal_tokens(
    left_tokens: list[str], right_tokens: list[str]
) -> tuple[list[str], list[str]]:
    """The rest of both without equal tokens, each with its equal."""
    ours = [token for token in left_tokens if token not in right_tokens]
    theirs = [token for token in right_tokens if token not in left_tokens]
    if len(left_tokens) - len(ours) == len(right_tokens) - len(theirs):
        return ours, theirs
    more, fewer = Counter(left_tokens), Counter(right_tokens)  # one of them has a token twice
    return list((more - fewer).elements()), list((fewer - more).elements())


def _are_two_people(
    ours: list[str], theirs: list[str], left_tokens: list[str], right_tokens: list[str]
) -> bool:
    """Do the names differ by what distinguishes two people of one family?

    Two known given names (Amine, Amir); a name and its feminine (Lounis, Lounisa); a word that
    makes one of them the other's child (fils, "ben" before the own given name).
    """
    our_names = [names for token in ours if (names := given_names_of(token))]
    if our_names:
        their_names = [names for token in theirs if (names := given_names_of(token))]
        if their_names and all(a.isdisjoint(b) for a in our_names for b in their_names):
            return True
    if not _GENERATIONS.isdisjoint(ours) or not _GENERATIONS.isdisjoint(theirs):
        return True
    for one in ours:
        for other in theirs:
            if one[0] == other[0] and _is_feminine(one, other):
                return True
    return _has_namesake_for_father(ours, left_tokens) or _has_namesake_for_father(
        theirs, right_tokens
    )


def _is_feminine(one: str, other: str) -> bool:
    """Is one of two tokens the feminine of the other, by its letters alone?"""
    ending = _FEMININE_CODE if is_code(one) else "a"
    one, other = one.partition(OWN)[0], other.partition(OWN)[0]
    return one + ending == other or other + ending == one


def _has_namesake_for_father(rest: list[str], whole: list[str]) -> bool:
    """Karim ben Karim: one of the words that the other name lacks is "ben" and an own name."""
    for token in rest:
        fathers = _fathers_in(token)
        given_names = frozenset[int]().union(*map(given_names_of, fathers))
        for name in whole if fathers else ():
            is_father = name.partition(OWN)[0] in fathers or not given_names.isdisjoint(
                given_names_of(name)
            )
            if name is not token and is_father:
                return True
    return False


def _fathers_in(token: str) -> set[str]:
    """What may be the father's name in a token: karim in bankarim, nabil in banabil."""
    fathers = set()
    for child_of in _CHILD_OF:
        if token.startswith(child_of):
            father = token[len(child_of) :]
            # A fold writes a doubled letter once: "ben Nabil" is "banabil".
            for name in (father, child_of[-1] + father):
                fathers |= {name, fold_token(name).partition(OWN)[0]} if father else set()
    for child_of in _CHILD_OF_CODES:
        if token.startswith(child_of):
            fathers.add(token[len(child_of) :])
    return fathers - {""}


def _all_have_partners(
    ours: list[str],
    theirs: list[str],
    least: float,
    measure: Callable[[str, str], float],
) -> bool:
    """Has every token of the shorter rest a separate token in the longer one? Best pairs first."""
    shorter, longer = (ours, theirs) if len(ours) <= len(theirs) else (theirs, ours)
    pairs = []
    for one in range(len(shorter)):
        alike = [
            (similarity, one, other)
            for other in range(len(longer))
            if (similarity := measure(shorter[one], longer[other])) >= least
        ]
        if not alike:
            return False
        pairs += alike
    paired, partners = set[int](), set[int]()
    for _, one, other in sorted(pairs, key=lambda pair: -pair[0]):
        if one not in paired and other not in partners:
            paired.add(one)
            partners.add(other)
    return len(paired) == len(shorter)


def _token_similarity(one: str, other: str) -> float:
    if one < "a" or other < "a":  # a code, see `is_code`
        return TOKEN_SIMILARITY if _may_be_one_word(one, other) else 0.0
    names = given_names_of(one)
    if names:
        other_names = given_names_of(other)
        if other_names and names.isdisjoint(other_names):
            return 0.0
        one = one.partition(OWN)[0]
    other = other.partition(OWN)[0]
    own, other_own = _without_common_part(one, other, _SERVANT, _OF_FAITH)
    if own != one:
        return _own_part_similarity(own, other_own)
    if skeleton_of_token(one) == skeleton_of_token(other):
        return max(TOKEN_SIMILARITY, OSA.normalized_similarity(one, other))
    return OSA.normalized_similarity(one, other)


def _without_common_part(one: str, other: str, before: str, after: str) -> tuple[str, str]:
    """What is the name in Abdelbaki and Abdelhakim, in Noureddine and Kheireddine."""
    if one.startswith(before) and other.startswith(before):
        one, other = one[len(before) :], other[len(before) :]
    if one.endswith(after) and other.endswith(after):
        one, other = one[: -len(after)], other[: -len(after)]
    return one, other


def _own_part_similarity(one: str, other: str) -> float:
    """Of the rest of two names of one kind. It is short: another consonant is another name."""
    if not one or not other:
        return 0.0
    names, other_names = given_names_of(one), given_names_of(other)
    if names and other_names and names.isdisjoint(other_names):
        return 0.0
    similarity = OSA.normalized_similarity(one, other)
    if skeleton_of_token(one) == skeleton_of_token(other):
        return max(TOKEN_SIMILARITY, similarity)
    return similarity if min(len(one), len(other)) >= OWN_PART_SLIP else 0.0


def _may_be_one_word(one: str, other: str) -> bool:
    """A word that no table attests in Arabic letters, and another: written or heard alike."""
    if is_code(one) and is_code(other):
        return _arabic_similarity(one, other) > 0
    return not set(skeletons_of_token(one)).isdisjoint(skeletons_of_token(other))


def _arabic_similarity(one: str, other: str) -> float:
    """One slip in a long word that no table knows; otherwise another letter is another word."""
    if not (is_code(one) and is_code(other)):
        return 0.0
    one, other = _without_common_part(one, other, _SERVANT_CODE, _OF_FAITH_CODE)
    if not one or not other or min(len(one), len(other)) < ARABIC_SLIP or one[-1] != other[-1]:
        return 0.0
    return TOKEN_SIMILARITY if OSA.distance(one, other, score_cutoff=1) <= 1 else 0.0


def birth_date_guard(left_date: date | None, right_date: date | None) -> BirthDates:
    """How two birth dates compare; the first of January means "some day that year"."""
    if (
        left_date is None
        or right_date is None
        or is_missing_date(left_date)
        or is_missing_date(right_date)
    ):
        return BirthDates.MISSING
    if left_date == right_date:
        return BirthDates.YEAR_ONLY if is_first_of_january(left_date) else BirthDates.EQUAL
    if swapped_date(left_date) == right_date:
        return BirthDates.SWAPPED
    if is_a_generation_apart(left_date, right_date):
        return BirthDates.CONFLICT
    if is_first_of_january(left_date) or is_first_of_january(right_date):
        return BirthDates.YEAR_ONLY if left_date.year == right_date.year else BirthDates.CONFLICT
    digits = zip(left_date.isoformat(), right_date.isoformat(), strict=True)
    if sum(a != b for a, b in digits) == 1:
        return BirthDates.ONE_DIGIT_OFF
    parts = zip(left_date.timetuple()[:3], right_date.timetuple()[:3], strict=True)
    if sum(a == b for a, b in parts) == 2:
        return BirthDates.ONE_PART_OFF
    return BirthDates.CONFLICT


def is_a_generation_apart(left_date: date | None, right_date: date | None) -> bool:
    """Are two dates so far apart that no slip explains it? A father's phone is often his son's."""
    if (
        left_date is None
        or right_date is None
        or is_missing_date(left_date)
        or is_missing_date(right_date)
    ):
        return False
    earlier, later = sorted((left_date, right_date))
    years = later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))
    return years >= GENERATION
