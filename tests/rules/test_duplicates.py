"""Who is the same person: tiers, guards, blockers, verdicts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import identity_keys, swapped_date
from ecoin.identity.names import fold_as_written, parse_name
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import.rules.duplicates import (
    Match,
    Person,
    compare,
    evidence_in_words,
    is_hot,
    judge,
    of_inactive_person,
)
from legacy_import.rules.guards import BirthDates, Names, birth_date_guard, name_guard
from legacy_import.rules.in_run import Relation, relation_of

PHONE, MAIL = "0559446168", "ali@gmail.com"
BORN = date(1999, 5, 12)
OTHER_DAY = date(2003, 8, 27)


def row(name="", phone="", email="", born=None):
    """(person, keys) of a fictional row."""
    parsed, phones, address = parse_name(name), parse_phones(phone), parse_email(email)
    keys = identity_keys(
        name=parsed, phones=phones, email=address, birth_date=born, phone_digits=raw_digits(phone)
    )
    person = Person(
        parsed.fold,
        parsed.skeleton,
        born,
        address.role_mailbox,
        fold_as_written(name),
    )
    return person, frozenset(keys)


def match_of(one, other, hot=frozenset()):
    (left, left_keys), (right, right_keys) = row(*one), row(*other)
    shared = left_keys & right_keys
    return compare(left, right, shared=shared, hot=frozenset(k for k in shared if k.kind in hot))


ALI = ("Ali Haddad", PHONE, MAIL, BORN)


@pytest.mark.parametrize(
    ("one", "other", "tier", "blockers"),
    [
        pytest.param(ALI, ("Ali Haddad", PHONE), "high", (), id="same-phone-same-name"),
        pytest.param(ALI, ("HADDAD Ali", "", MAIL), "high", (), id="same-address-name-swapped"),
        pytest.param(ALI, ("Ali Hadad", "+213559446168"), "high", (), id="spelling"),
        pytest.param(ALI, ("Ali Haddad", "0776845160/" + PHONE), "high", (), id="second-number"),
        pytest.param(
            ALI,
            ("Amina Haddad", PHONE),
            "high",
            ("shared_contact_other_name",),
            id="sister-on-one-phone",
        ),
        pytest.param(
            ("Amine Haddad", PHONE),
            ("Amir Haddad", PHONE),
            "high",
            ("shared_contact_other_name",),
            id="brothers-one-letter-apart",
        ),
        pytest.param(
            ("Samir Haddad", PHONE),
            ("Samira Haddad", PHONE),
            "high",
            ("shared_contact_other_name",),
            id="brother-and-sister",
        ),
        pytest.param(
            ("Mohamed Haddad", PHONE),
            ("Mahmoud Haddad", PHONE),
            "high",
            ("shared_contact_other_name",),
            id="two-names-of-one-skeleton",
        ),
        pytest.param(ALI, ("", PHONE), "high", ("name_missing",), id="name-missing"),
        pytest.param(
            ALI,
            ("Ali Haddad", PHONE, "", OTHER_DAY),
            "high",
            ("birth_date_conflict",),
            id="date-conflict",
        ),
        pytest.param(
            ALI, ("Ali Haddad", PHONE, MAIL, OTHER_DAY), "high", (), id="both-contacts-agree"
        ),
        pytest.param(
            ("Yacine Belkacem", PHONE, MAIL, BORN),
            ("Yacine Belgacem", PHONE, MAIL, OTHER_DAY),
            "high",
            ("birth_date_conflict",),
            id="both-contacts-agree-name-only-similar",
        ),
        pytest.param(
            ALI, ("Ali Haddad", PHONE, "", date(1999, 12, 5)), "high", (), id="date-swapped"
        ),
        pytest.param(
            ALI, ("Ali Haddad", PHONE, "", date(1999, 1, 1)), "high", (), id="first-of-january"
        ),
        pytest.param(
            ALI, ("Ali Haddad", PHONE, "", date(1998, 5, 12)), "high", (), id="one-digit-off"
        ),
        pytest.param(
            ALI, ("Ali Haddad", PHONE, "", date(1900, 1, 1)), "high", (), id="1900-is-missing"
        ),
        pytest.param(
            ("Ali Haddad", "", "contact@ecole.dz"),
            ("Ali Haddad", "", "contact@ecole.dz"),
            "high",
            ("role_mailbox",),
            id="role-mailbox",
        ),
        pytest.param(
            ("Ali Haddad", PHONE, "contact@ecole.dz"),
            ("Ali Haddad", PHONE, "contact@ecole.dz"),
            "high",
            (),
            id="role-mailbox-beside-an-own-phone",
        ),
        pytest.param(ALI, ("Haddad Ali", "", "", BORN), "medium", (), id="name-and-date"),
        pytest.param(
            ALI, ("Ali Haddad", "", "", date(1999, 12, 5)), "medium", (), id="name-and-swapped-date"
        ),
        pytest.param(
            ("Ali Haddad", "", "", date(1999, 1, 1)),
            ("Ali Haddad", "", "", date(1999, 1, 1)),
            "medium",
            (),
            id="name-and-first-of-january",
        ),
        pytest.param(
            ("Ali Haddad", "123456"),
            ("Ali Haddad", "12 34 56"),
            "medium",
            (),
            id="name-and-raw-phone",
        ),
        pytest.param(
            ("Ali Haddad", "0531239876"),
            ("Ali Hadid", "+213531239876"),
            "medium",
            (),
            id="similar-name-and-invalid-phone",
        ),
        pytest.param(
            ("Yacine Belkacem", "", "", BORN),
            ("Yacine Belgacem", "", "", BORN),
            "medium",
            (),
            id="similar-name-and-date",
        ),
        pytest.param(ALI, ("Ali Haddad",), "low", (), id="name-only"),
        pytest.param(("Yacine Belkacem",), ("Yacine Belgacem",), "low", (), id="similar-name-only"),
    ],
)
def test_tier_and_blockers(one, other, tier, blockers):
    match = match_of(one, other)
    assert (match.tier, match.blockers) == (tier, blockers)
    assert match.auto_link_allowed is (tier == "high" and not blockers)
    assert match_of(other, one) == match or match.evidence != match_of(other, one).evidence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("", "", ""), ("", "", ""), id="blank-and-blank"),
        pytest.param(("/", "/", "/"), ("/", "/", "/"), id="slash-and-slash"),
        pytest.param(("Amina", "", "", BORN), ("Amina", "", "", BORN), id="one-name"),
        pytest.param(ALI, ("Ali Haddad", "", "", OTHER_DAY), id="name-with-another-date"),
        pytest.param(
            ("Ali Haddad", "0555555555"), ("Omar Kaci", "0555555555"), id="placeholder-phone"
        ),
        pytest.param(
            ("Ali Haddad", "", "Ecoin.hank@gmail.com"),
            ("Omar Kaci", "", "ecoin.hank@gmail.com"),
            id="placeholder-address",
        ),
        pytest.param(
            ("Ali Haddad", "0531239876"), ("Omar Kaci", "0531239876"), id="invalid-phone-other-name"
        ),
    ],
)
def test_no_match(one, other):
    assert match_of(one, other) is None


def test_a_hot_phone_stays_high_and_blocks():
    match = match_of(("Ali Haddad", PHONE), ("Ali Haddad", PHONE), hot={"P"})
    assert (match.tier, match.blockers) == ("high", ("hot_key",))


def test_an_own_address_beside_a_hot_phone_links():
    assert match_of(ALI, ("Ali Haddad", PHONE, MAIL), hot={"P"}).auto_link_allowed


def test_name_and_date_join_a_group_even_over_a_hot_phone():
    (left, left_keys), (right, right_keys) = row(*ALI), row("Haddad Ali", PHONE, "", BORN)
    shared = left_keys & right_keys
    hot = frozenset(key for key in shared if key.kind == "P")
    match = compare(left, right, shared=shared, hot=hot)
    assert not match.auto_link_allowed
    assert relation_of(match, shared=shared, births=(BORN, BORN)) is Relation.ONE_PERSON


def test_evidence_is_masked_and_readable():
    match = match_of(ALI, ("Haddad Ali", PHONE, MAIL, date(1999, 12, 5)))
    assert match.evidence == (
        "same_email:a•••@gmail.com",
        "same_phone:2135•••168",
        "name_same_order_swapped",
        "birth_date_swapped",
    )
    assert evidence_in_words(match.evidence[1:]) == (
        "same phone 2135•••168; name same, order swapped; birth date day/month swapped"
    )


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("Ali Haddad", "Haddad Ali", Names.EQUAL),
        ("Mohamed Kaci", "Mohammed Kassi", Names.EQUAL),
        ("Mohamed Amine Kaci", "Amine Kaci", Names.SIMILAR),
        ("Yacine Belkacem", "Yacine Belgacem", Names.SIMILAR),
        ("Fatima Zohra Kaci", "Fatma Kaci", Names.SIMILAR),
        ("Nour Houda Kaci", "Nourhouda Kaci", Names.EQUAL),
        ("Amine Kaci", "Amir Kaci", Names.OTHER),
        ("Nadia Kaci", "Nadir Kaci", Names.OTHER),
        ("Abdelbaki Belhadi", "Abdelhakim Belhadi", Names.OTHER),
        ("Ali Benabderrahmane", "Adel Benabderrahmane", Names.OTHER),
        ("Lounis Kaci", "Lounisa Kaci", Names.OTHER),
        ("Said Kaci", "Saad Kaci", Names.OTHER),
        ("Ali Haddad", "Omar Kaci", Names.OTHER),
        ("Haddad", "Ali Haddad", Names.ONE_WORD),
        ("Hadad", "Haddad", Names.ONE_WORD),
        ("Haddad", "Ali Kaci", Names.OTHER),
        ("Abdelkaderhaddad", "Haddad Abdelkader", Names.SIMILAR),
        ("", "Ali Haddad", Names.MISSING),
    ],
)
def test_the_name_guard_forgives_spellings_and_not_siblings(one, other, verdict):
    left, right = parse_name(one), parse_name(other)
    assert name_guard(left.fold, left.skeleton, right.fold, right.skeleton) is verdict
    assert name_guard(right.fold, right.skeleton, left.fold, left.skeleton) is verdict


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (BORN, BORN, BirthDates.EQUAL),
        (BORN, date(1999, 12, 5), BirthDates.SWAPPED),
        (BORN, date(1999, 1, 1), BirthDates.YEAR_ONLY),
        (date(1998, 1, 1), date(1999, 1, 1), BirthDates.CONFLICT),
        (BORN, date(1989, 5, 12), BirthDates.ONE_DIGIT_OFF),
        (BORN, date(1999, 5, 13), BirthDates.ONE_DIGIT_OFF),
        (BORN, OTHER_DAY, BirthDates.CONFLICT),
        (BORN, None, BirthDates.MISSING),
        (None, None, BirthDates.MISSING),
        (BORN, date(1900, 7, 7), BirthDates.MISSING),
        (BORN, date(1970, 1, 1), BirthDates.MISSING),
    ],
)
def test_the_birth_date_guard(one, other, verdict):
    assert birth_date_guard(one, other) is verdict
    assert birth_date_guard(other, one) is verdict


@given(st.dates(date(1901, 1, 1)), st.dates(date(1901, 1, 1)))
def test_dates_with_one_canonical_form_never_conflict(one, other):
    if swapped_date(one) == other:
        assert birth_date_guard(one, other) is not BirthDates.CONFLICT


WORDS = st.lists(st.text("abdhiklmnrsu", min_size=1, max_size=8), max_size=4).map(" ".join)


@given(WORDS, WORDS)
def test_the_comparison_is_symmetric(one, other):
    left, right = parse_name(one), parse_name(other)
    there = name_guard(left.fold, left.skeleton, right.fold, right.skeleton)
    assert there is name_guard(right.fold, right.skeleton, left.fold, left.skeleton)


def high(*blockers):
    return Match("high", blockers, ("same_phone:2135•••168", "name_same"))


MEDIUM = Match("medium", (), ("name_same", "birth_date_equal"))
LOW = Match("low", (), ("name_similar",))
SISTER = high("shared_contact_other_name")


@pytest.mark.parametrize(
    ("matches", "confidence", "allowed", "blockers"),
    [
        pytest.param([], "none", False, (), id="nobody"),
        pytest.param([(("lead", 1), high())], "high", True, (), id="one-high"),
        pytest.param([(("lead", 1), high("hot_key"))], "high", False, ("hot_key",), id="blocked"),
        pytest.param(
            [(("lead", 1), high()), (("lead", 2), high())],
            "high",
            False,
            ("several_targets",),
            id="two-highs",
        ),
        pytest.param(
            [(("lead", 1), high()), (("user", 1), high())],
            "high",
            False,
            ("several_targets",),
            id="a-lead-and-a-user",
        ),
        pytest.param(
            [(("lead", 1), high()), (("lead", 2), MEDIUM)],
            "high",
            False,
            ("several_targets",),
            id="another-with-the-same-name-and-date",
        ),
        pytest.param(
            [(("lead", 1), high()), (("lead", 2), high("birth_date_conflict"))],
            "high",
            False,
            ("several_targets",),
            id="another-with-a-conflicting-date",
        ),
        pytest.param(
            [(("lead", 1), high()), (("lead", 2), SISTER)], "high", True, (), id="and-his-sister"
        ),
        pytest.param(
            [(("lead", 1), high()), (("lead", 2), LOW)], "high", True, (), id="and-a-namesake"
        ),
        pytest.param(
            [(("lead", 1), SISTER), (("lead", 2), SISTER)],
            "high",
            False,
            ("shared_contact_other_name", "several_targets"),
            id="two-others-on-the-phone",
        ),
        pytest.param([(("lead", 1), MEDIUM), (("lead", 2), LOW)], "medium", False, (), id="medium"),
        pytest.param([(("lead", 1), LOW)], "low", False, (), id="low"),
    ],
)
def test_only_one_unblocked_high_target_may_link(matches, confidence, allowed, blockers):
    verdict = judge(matches)
    assert (verdict.confidence, verdict.auto_link_allowed) == (confidence, allowed)
    assert verdict.blockers == blockers
    assert sorted(verdict.targets, key=str) == sorted(matches, key=str)
    assert judge(matches[::-1]) == verdict


def of(tier, *evidence, blockers=()):
    return Match(tier, blockers, evidence)


HOT = ("hot_key", "shared_contact_other_name")
STRANGER = of("high", "same_phone:2135•••168", "name_differs", "birth_date_conflict", blockers=HOT)
NO_DATE = of("high", "same_phone:2135•••168", "name_same", "birth_date_missing")
BROTHER = of(
    "high", "same_phone:2135•••168", "name_differs", "birth_date_conflict",
    blockers=("shared_contact_other_name", "birth_date_conflict"),
)  # fmt: skip
OTHER_DATE = of(
    "high", "same_phone:2135•••168", "name_same", "birth_date_conflict",
    blockers=("birth_date_conflict",),
)  # fmt: skip
ITSELF = of("high", "same_phone:2135•••168", "name_same", "birth_date_equal")
NAMESAKE = of("low", "name_same", "birth_date_missing")


@pytest.mark.parametrize(
    ("matches", "order"),
    [
        pytest.param([BROTHER, NO_DATE, NAMESAKE], [2, 1, 3], id="unblocked-by-tier"),
        pytest.param([STRANGER, MEDIUM], [2, 1], id="a-hot-key-hides-no-one"),
        pytest.param([STRANGER, NAMESAKE], [2, 1], id="nor-a-namesake"),
        pytest.param([BROTHER, OTHER_DATE, NAMESAKE], [3, 2, 1], id="by-name-then-date"),
        pytest.param([OTHER_DATE, MEDIUM], [2, 1], id="the-same-date-before-another"),
        pytest.param([NO_DATE, MEDIUM, NO_DATE], [2, 1, 3], id="several"),
        pytest.param([MEDIUM, NAMESAKE, MEDIUM], [1, 3, 2], id="medium-by-tier"),
    ],
)
def test_where_the_high_is_blocked_targets_are_ordered_by_name_and_date(matches, order):
    verdict = judge([(("lead", number), match) for number, match in enumerate(matches, 1)])
    assert [number for (_, number), _ in verdict.targets] == order


@pytest.mark.parametrize(
    ("matches", "first"),
    [
        pytest.param([STRANGER, MEDIUM], "likely_same_person", id="behind-a-hot-key"),
        pytest.param([BROTHER], "likely_other_person", id="a-brother"),
        pytest.param([STRANGER], "hot_key", id="a-hot-key-only"),
        pytest.param([BROTHER, BROTHER], "shared_contact_other_name", id="two-brothers"),
        pytest.param([OTHER_DATE], "birth_date_conflict", id="another-date"),
        pytest.param([BROTHER, MEDIUM], "likely_same_person", id="a-brother-and-the-person"),
        pytest.param([STRANGER, MEDIUM, MEDIUM], "hot_key", id="two-who-may-be-the-person"),
        pytest.param([NO_DATE, MEDIUM], "several_targets", id="a-high-and-a-medium"),
        pytest.param([MEDIUM], "", id="medium-is-a-cause-of-its-own"),
        pytest.param([of_inactive_person(ITSELF)], "person_inactive", id="deactivated"),
        pytest.param(
            [of_inactive_person(NO_DATE)], "person_inactive", id="deactivated-and-in-doubt"
        ),
        pytest.param(
            [of_inactive_person(BROTHER)], "likely_other_person", id="a-deactivated-brother"
        ),
        pytest.param(
            [of_inactive_person(ITSELF), BROTHER], "person_inactive", id="deactivated-and-a-brother"
        ),
        pytest.param(
            [of_inactive_person(ITSELF), ITSELF], "several_targets", id="two-accounts-of-one"
        ),
    ],
)
def test_nearly_certain_rows_are_causes_of_their_own(matches, first):
    verdict = judge([(("lead", number), match) for number, match in enumerate(matches, 1)])
    assert (verdict.blockers[0] if verdict.blockers else "") == first
    assert not verdict.auto_link_allowed


@pytest.mark.parametrize(
    ("rows", "skeletons", "hot"),
    [(5, 5, True), (4, 4, False), (7, 2, True), (7, 1, False), (6, 2, False), (1000, 1, False)],
)
def test_a_key_is_hot_when_many_different_people_carry_it(rows, skeletons, hot):
    assert is_hot(rows=rows, skeletons=skeletons) is hot


def test_the_limits_of_a_hot_key_can_be_set():
    assert is_hot(rows=3, skeletons=3, max_rows=9, max_names=2)
    assert not is_hot(rows=7, skeletons=2, max_rows=9)
