"""Who is the same person: two people compared, and what a row may do with its matches.

Two questions with two answers. The *tier* is what two records share and keeps the source's
meaning: high = a phone or an address, medium = full name and birth date (or raw phone), low = a
similar full name. *Blockers* are why that must not link: families share phones, numbers are
recycled, cyber cafés lend theirs. Only a HIGH without any blocker may link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rapidfuzz.distance import OSA

from ecoin.identity.keys import Key
from ecoin.identity.phones import parse_phones
from legacy_import.rules.guards import (
    BirthDates,
    Names,
    birth_date_guard,
    is_a_generation_apart,
    name_guard,
    partly_same,
)
from legacy_import.rules.masking import mask_key
from legacy_import.rules.reliability import (
    distance,
    is_likely_other,
    is_likely_same,
    name_and_date,
)

HIGH: Final = "high"
MEDIUM: Final = "medium"
LOW: Final = "low"
NONE: Final = "none"
_RANK: Final = {HIGH: 0, MEDIUM: 1, LOW: 2}

SHARED_CONTACT_OTHER_NAME: Final = "shared_contact_other_name"
NAME_MISSING: Final = "name_missing"
NAME_INCOMPLETE: Final = "name_incomplete"
NAME_ONLY_SIMILAR: Final = "name_only_similar"
NAME_IN_OTHER_SCRIPT: Final = "name_in_other_script"
BIRTH_DATE_CONFLICT: Final = "birth_date_conflict"
HOT_KEY: Final = "hot_key"
ROLE_MAILBOX: Final = "role_mailbox"
SEVERAL_TARGETS: Final = "several_targets"
PERSON_INACTIVE: Final = "person_inactive"
# Of a row whose HIGH is blocked: separate causes, so that such rows are decided one after another.
LIKELY_SAME_PERSON: Final = "likely_same_person"
LIKELY_OTHER_PERSON: Final = "likely_other_person"

LOW_BLOCK_ROWS: Final = 50
"""Rows of one skeleton that are compared for LOW: a larger block is a name half the town has, and
a hint that points at fifty people helps no one."""
LOW_SIMILARITY: Final = 0.82
"""OSA of the folds. On attested spellings F1 peaks here: at .80 a five-letter name may differ by a
letter, and more than half of such pairs are two names."""

Target = tuple[str, int]
"""What a row may link to: ('user' | 'lead', its id)."""


@dataclass(frozen=True, slots=True)
class Person:
    """What the comparison needs of a row, a lead or a user.

    `fold_in_order` (optional) is `names.fold_as_written`: only for telling that the order was swapped.
    `script` is `Name.script`.
    """

    fold: str
    skeleton: str
    birth_date: date | None
    email_is_role: bool = False
    fold_in_order: str = ""
    script: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """How two people match: 'high' | 'medium' | 'low', why it may not link, what it rests on."""

    tier: str
    blockers: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def auto_link_allowed(self) -> bool:
        return self.tier == HIGH and not self.blockers

    @property
    def has_own_contact(self) -> bool:
        """A phone or an address in common that not everyone has."""
        return self.tier == HIGH and _EVERYBODYS.isdisjoint(self.blockers)


_EVERYBODYS: Final = frozenset({HOT_KEY, ROLE_MAILBOX})


def compare(
    one: Person, other: Person, *, shared: frozenset[Key], hot: frozenset[Key]
) -> Match | None:
    """The match of two people who share these keys (some of them `hot`), or None."""
    dates = birth_date_guard(one.birth_date, other.birth_date)
    contacts = sorted(key for key in shared if key.kind in "PE")
    own = _own_kinds(one, other, contacts, hot)
    names = _names(one, other, own, dates)
    if contacts:
        blockers = _blockers(one, other, contacts, own, hot, names, dates)
        tier: str | None = HIGH
    else:
        blockers = ()
        tier = _tier_without_contact(one, other, shared, names, dates)
    if tier is None:
        return None
    evidence = (
        *map(_contact_evidence, contacts),
        *_other_evidence(one, other, shared, names, dates),
    )
    return Match(tier, blockers, evidence)


def of_inactive_person(match: Match) -> Match:
    """The match with a deactivated account: nothing is given to it without a person's knowledge."""
    if match.tier != HIGH:
        return match
    return Match(HIGH, (PERSON_INACTIVE, *match.blockers), match.evidence)


def compare_names(one: Person, other: Person) -> Names:
    """The name guard on two people."""
    return name_guard(
        one.fold,
        one.skeleton,
        other.fold,
        other.skeleton,
        left_script=one.script,
        right_script=other.script,
    )


def _own_kinds(
    one: Person, other: Person, contacts: Sequence[Key], hot: frozenset[Key]
) -> frozenset[str]:
    """Kinds of the contacts that not everyone has."""
    role = one.email_is_role or other.email_is_role
    return frozenset(
        key.kind for key in contacts if key not in hot and not (role and key.kind == "E")
    )


_BOTH_CONTACTS: Final = frozenset("PE")


def _names(one: Person, other: Person, own: frozenset[str], dates: BirthDates) -> Names:
    names = compare_names(one, other)
    one_script = one.script == other.script
    if names is Names.OTHER and own == _BOTH_CONTACTS and dates is BirthDates.EQUAL and one_script:
        return Names.PARTLY if partly_same(one.fold, other.fold) else names
    return names


def _blockers(
    one: Person,
    other: Person,
    contacts: Sequence[Key],
    own: frozenset[str],
    hot: frozenset[Key],
    names: Names,
    dates: BirthDates,
) -> tuple[str, ...]:
    blockers = []
    if not own:
        # What everyone carries proves nothing; one contact of their own as well does. It comes
        # first, being the reason shown: of course the names differ there.
        if any(key in hot for key in contacts):
            blockers.append(HOT_KEY)
        if (one.email_is_role or other.email_is_role) and any(key.kind == "E" for key in contacts):
            blockers.append(ROLE_MAILBOX)
    if names in _NAME_BLOCKERS:
        blockers.append(_NAME_BLOCKERS[names])
    elif names is Names.SIMILAR and dates in _WEAK_DATES and own != _BOTH_CONTACTS:
        # The weakest cells: a brother whose name rhymes and whose date no one typed, or a twin's.
        blockers.append(NAME_ONLY_SIMILAR)
    if _contradict(one, other, own, names, dates):
        blockers.append(BIRTH_DATE_CONFLICT)
    return tuple(blockers)


_WEAK_DATES: Final = frozenset({BirthDates.MISSING, BirthDates.YEAR_ONLY, BirthDates.ONE_DIGIT_OFF})
_NAME_BLOCKERS: Final = {
    Names.MISSING: NAME_MISSING,
    Names.UNREADABLE: NAME_MISSING,
    Names.OTHER: SHARED_CONTACT_OTHER_NAME,
    Names.OTHER_SCRIPT: NAME_IN_OTHER_SCRIPT,
    Names.ONE_WORD: NAME_INCOMPLETE,
}


def _contradict(
    one: Person, other: Person, own: frozenset[str], names: Names, dates: BirthDates
) -> bool:
    """Do the birth dates show two people, even if all else agrees?

    A mistyped date is outweighed by phone and e-mail, or where two of its three parts agree; not
    with a name that is only similar (a sister), and never across a generation (a father).
    """
    if dates is BirthDates.ONE_PART_OFF:
        return names is not Names.EQUAL
    if dates is not BirthDates.CONFLICT:
        return False
    if is_a_generation_apart(one.birth_date, other.birth_date):
        return True
    return not (own == _BOTH_CONTACTS and names is Names.EQUAL)


def _tier_without_contact(
    one: Person, other: Person, shared: frozenset[Key], names: Names, dates: BirthDates
) -> str | None:
    kinds = {key.kind for key in shared}
    if "D" in kinds or "R" in kinds:
        return MEDIUM
    one_day = dates.is_same_day or (
        dates is BirthDates.YEAR_ONLY and one.birth_date == other.birth_date
    )
    if names.is_same and ("Q" in kinds or ("S" in kinds and one_day)):
        return MEDIUM
    if "S" in kinds and dates not in (BirthDates.CONFLICT, BirthDates.ONE_PART_OFF):
        if names is Names.OTHER_SCRIPT:
            return LOW
        return LOW if names is not Names.OTHER and is_low(one.fold, other.fold) else None
    return None


def is_low(left_fold: str, right_fold: str) -> bool:
    """The LOW name rule for two names of one skeleton."""
    return OSA.normalized_similarity(left_fold, right_fold) >= LOW_SIMILARITY


def _contact_evidence(key: Key) -> str:
    return f"{'same_phone' if key.kind == 'P' else 'same_email'}:{mask_key(key.kind, key.value)}"


def _other_evidence(
    one: Person, other: Person, shared: frozenset[Key], names: Names, dates: BirthDates
) -> Iterable[str]:
    for key in sorted(shared):
        if key.kind == "Q":
            # A valid number there is the new spelling of one from before the plan of 2008.
            code = "same_old_phone" if parse_phones(key.value).valid else "same_invalid_phone"
            yield f"{code}:{mask_key(key.kind, key.value)}"
        elif key.kind == "R":
            yield "same_raw_phone"
    swapped = one.fold_in_order and other.fold_in_order and one.fold_in_order != other.fold_in_order
    yield "name_same_order_swapped" if names is Names.EQUAL and swapped else names.value
    yield dates.value


def _(words: str) -> str:
    """Marks words for the catalogues; they are translated where they are shown."""
    return words


EVIDENCE_WORDS: Final = {
    "same_phone": _("same phone"),
    "same_email": _("same e-mail"),
    "same_invalid_phone": _("same invalid phone"),
    "same_old_phone": _("same phone, one as it was written before 2008"),
    "same_raw_phone": _("same phone as typed"),
    "name_same": _("name same"),
    "name_same_order_swapped": _("name same, order swapped"),
    "name_similar": _("name similar"),
    "name_similar_other_script": _("name similar, in another script"),
    "name_partly_same": _("name partly the same"),
    "name_one_word": _("only one word of the name to compare"),
    "name_differs": _("name differs"),
    "name_missing": _("name missing"),
    "name_unreadable": _("name cannot be read"),
    "birth_date_equal": _("birth date equal"),
    "birth_date_swapped": _("birth date day/month swapped"),
    "birth_date_year_only": _("birth date: same year, day unknown"),
    "birth_date_one_digit_off": _("birth date one digit off"),
    "birth_date_one_part_off": _("birth date: two of day, month and year agree"),
    "birth_date_missing": _("birth date missing"),
    "birth_date_conflict": _("birth date conflict"),
}


def evidence_in_words(evidence: Iterable[str]) -> str:
    """'same phone 2135•••168; name same, order swapped; birth date day/month swapped'."""
    phrases = []
    for item in evidence:
        code, _, value = item.partition(":")
        phrases.append(f"{EVIDENCE_WORDS.get(code, code.replace('_', ' '))} {value}".rstrip())
    return "; ".join(phrases)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row's matches with users and leads come to; `targets` best first.

    `blockers`: why the row may not be linked, the reason to be shown first.
    """

    confidence: str
    auto_link_allowed: bool
    blockers: tuple[str, ...]
    targets: tuple[tuple[Target, Match], ...]

    @property
    def distance(self) -> int | None:
        """How far the most likely target is from being the person; None without targets."""
        return min((distance(match.evidence) for _, match in self.targets), default=None)


NO_MATCH: Final = Verdict(NONE, False, (), ())


def judge(matches: Sequence[tuple[Target, Match]]) -> Verdict:
    """The verdict over all targets of a row: the best tier, and whether it may link by itself.

    A second target that might be the person as well blocks: any other HIGH or MEDIUM, unless its
    name shows that it is another person (the sister on the same phone). A user and a lead who are
    evidently one person still are two records: needs review.
    """
    if not matches:
        return NO_MATCH
    targets = tuple(sorted(matches, key=_best_first))
    best = targets[0][1]
    blockers = best.blockers
    rivals = [
        m for _, m in targets if m.tier != LOW and SHARED_CONTACT_OTHER_NAME not in m.blockers
    ]
    others = [m for _, m in targets[1:] if m.tier == HIGH]
    if best.tier == HIGH and (len(rivals) > 1 or (best.blockers and others)):
        blockers = (*blockers, SEVERAL_TARGETS)
    if best.tier != HIGH or not blockers:
        return Verdict(best.tier, best.tier == HIGH, blockers, targets)
    # The true person may match by name and date only, behind the one who shares a school's phone.
    targets = tuple(sorted(targets, key=_most_likely_first))
    if len(rivals) == 1 and PERSON_INACTIVE in rivals[0].blockers:
        # What must be known before the row is linked, however likely the person is.
        blockers = (PERSON_INACTIVE, *(b for b in blockers if b != PERSON_INACTIVE))
    elif len(rivals) == 1 and is_likely_same(rivals[0].evidence):
        blockers = (LIKELY_SAME_PERSON, *blockers)
    elif len(targets) == 1 and is_likely_other(best.evidence) and best.has_own_contact:
        blockers = (LIKELY_OTHER_PERSON, *blockers)
    return Verdict(HIGH, False, blockers, targets)


def _most_likely_first(item: tuple[Target, Match]) -> tuple[tuple[int, int], _Order]:
    return name_and_date(item[1].evidence), _best_first(item)


_Order = tuple[int, int, int, str, int]


def _best_first(item: tuple[Target, Match]) -> _Order:
    (kind, target_id), match = item
    contacts = sum(code.startswith(("same_phone", "same_email")) for code in match.evidence)
    # Users before leads: they are the platform's own people. Then the older record.
    return (
        _RANK[match.tier],
        len(match.blockers),
        -contacts,
        {"user": "0"}.get(kind, kind),
        target_id,
    )


def is_hot(*, rows: int, skeletons: int, max_rows: int = 6, max_names: int = 4) -> bool:
    """Is a key carried by so many different people that it identifies none of them?"""
    return skeletons > max_names or (rows > max_rows and skeletons >= 2)
