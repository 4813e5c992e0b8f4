"""The two guards of a shared contact, cell by cell: siblings, scripts, generations, dates."""

from datetime import date

import pytest

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import Key
from ecoin.identity.names import parse_name
from legacy_import.rules.duplicates import Person, compare, compare_names
from legacy_import.rules.guards import BirthDates, Names, birth_date_guard

PHONE, MAIL = Key("P", "213559446168"), Key("E", "ali@gmail.com")
BORN = date(1999, 5, 12)


def person(name: str, born: date | None = BORN) -> Person:
    parsed = parse_name(name)
    return Person(parsed.fold, parsed.skeleton, born, script=parsed.script)


def names_of(one: str, other: str) -> Names:
    there, back = (
        compare_names(person(one), person(other)),
        compare_names(person(other), person(one)),
    )
    assert there is back
    return there


SIBLINGS = """
    Salem/Sellam Leila/Lylia Mourad/Mouad Zohra/Zahira Said/Ziad Djamel/Djallal Amira/Amara
    Imane/Aymen Malek/Malak Amina/Yamina Amine/Amina Hassan/Hocine Salim/Salem Samir/Samia
    Nadia/Nadjia Karim/Karima Rania/Rayane Amel/Aymen Farid/Fouad Sofiane/Safouane Wahid/Walid
    أمين/أمينة سمير/سميرة كريم/كريمة نبيل/نبيلة فريد/فريدة سعيد/سعيدة رشيد/رشيدة جميل/جميلة
    وحيد/وحيدة حبيب/حبيبة شريف/شريفة حليم/حليمة لطيف/لطيفة عزيز/عزيزة مليك/مليكة نصير/نصيرة
    نسيم/نسيمة زهير/زهيرة سامي/سامية عمر/عمار عمر/عامر عمار/عامر سالم/سلام أمل/آمال
    ملهم/ملهمة زموري/زمورية
"""


@pytest.mark.parametrize("pair", SIBLINGS.split())
def test_brothers_and_sisters_are_two_people(pair: str) -> None:
    one, other = pair.split("/")
    family = "Benali" if one.isascii() else "بن علي"
    assert names_of(f"{one} {family}", f"{other} {family}") is Names.OTHER
    match = compare(
        person(f"{one} {family}"), person(f"{family} {other}"),
        shared=frozenset({PHONE}), hot=frozenset(),
    )  # fmt: skip
    assert match is not None
    assert match.blockers == ("shared_contact_other_name",)  # twins on one phone


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        pytest.param("Hamid Hamidi", "Hamida Hamidi", Names.OTHER, id="crosswise"),
        pytest.param("Omar Amari", "Amar Omari", Names.OTHER, id="crosswise-both"),
        pytest.param("Nabil Kaci", "Mohamed Nabil Kaci", Names.SIMILAR, id="a-name-left-out"),
        pytest.param("Karim Tebbakh", "Karim Tebbak", Names.SIMILAR, id="a-slip-in-the-family-name"),
        pytest.param("Karim Haddad", "Karim Haddad fils", Names.OTHER, id="fils"),
        pytest.param("Karim Haddad Jr.", "Karim Haddad", Names.OTHER, id="jr"),
        pytest.param("Karim Haddad Jr", "Karim Haddad fils", Names.EQUAL, id="both-are-the-son"),
        pytest.param("Karim Haddad", "Karim ben Karim Haddad", Names.OTHER, id="son-of-his-own-name"),
        pytest.param("كريم حداد", "كريم بن كريم حداد", Names.OTHER, id="and-in-arabic"),
        pytest.param("Nabil Haddad", "Nabil ben Nabil Haddad", Names.OTHER, id="son-of-n"),
        pytest.param("Nadir Haddad", "Nadir Bennadir Haddad", Names.OTHER, id="son-of-n-in-one-word"),
        pytest.param("Obeid Haddad", "Obeid ben Obeid Haddad", Names.OTHER, id="son-of-a-spelling"),
        pytest.param("Nour Haddad", "Nour bent Nour Haddad", Names.OTHER, id="daughter-of"),
        pytest.param("Taous Haddad", "Taous bent Taous Haddad", Names.OTHER, id="daughter-of-t"),
        pytest.param("Sidi Haddad", "Sidi ould Sidi Haddad", Names.OTHER, id="ould"),
        pytest.param("Karim Haddad", "Karim ould Karim Haddad", Names.OTHER, id="ould-karim"),
        pytest.param("زموري حداد", "زموري بنت زموري حداد", Names.OTHER, id="daughter-in-arabic"),
        pytest.param("زموري حداد", "زموري ولد زموري حداد", Names.OTHER, id="ould-in-arabic"),
        pytest.param("كريم حداد", "كريم حداد الابن", Names.OTHER, id="the-son"),
        pytest.param("Ali Benali", "Benali Ali", Names.EQUAL, id="a-family-name-like-that"),
        pytest.param("كريم حداد", "Karim Haddad", Names.EQUAL, id="every-word-attested"),
        pytest.param("كريم زموري", "Karim Zemmouri", Names.OTHER_SCRIPT, id="one-word-is-not"),
        pytest.param("كريم زموري", "Karima Zemmouri", Names.OTHER, id="sister-in-another-script"),
        pytest.param("كريم زموري", "Karim Haddad", Names.OTHER, id="another-family"),
        pytest.param("كريم زموري", "كريم زمولي", Names.OTHER, id="a-letter-in-a-short-word"),
        pytest.param("كريم بوزموريت", "كريم بوزمورت", Names.SIMILAR, id="a-slip-in-a-long-word"),
        pytest.param("محمد كريم زموري", "كريم زموري", Names.SIMILAR, id="a-name-left-out-in-arabic"),
        pytest.param("12 Haddad", "12 Haddad", Names.UNREADABLE, id="lost-given-name"),
        pytest.param("12 Haddad", "Haddad", Names.UNREADABLE, id="lost-and-left-out"),
        pytest.param("Am?na Haddad", "Am?na Haddad", Names.UNREADABLE, id="damaged"),
        pytest.param("- Haddad", "Haddad", Names.ONE_WORD, id="one-word-is-half-a-name"),
        pytest.param("K. Haddad", "K Haddad", Names.ONE_WORD, id="an-initial"),
        pytest.param("K. Haddad", "Karim Haddad", Names.ONE_WORD, id="an-initial-and-a-name"),
        pytest.param("م. حداد", "م حداد", Names.ONE_WORD, id="an-initial-in-arabic"),
        pytest.param("Karim H.", "Karim H", Names.ONE_WORD, id="an-initial-of-the-family"),
        pytest.param("K. B. Haddad", "K B Haddad", Names.ONE_WORD, id="two-initials"),
        pytest.param("Haddad Haddad", "Haddad Haddad", Names.ONE_WORD, id="one-word-twice"),
        pytest.param("Haddad Haddad", "Karim Haddad", Names.ONE_WORD, id="one-word-twice-and-a-name"),
        pytest.param("Abdelaziz Haddad", "Abdelazim Haddad", Names.OTHER, id="servants"),
        pytest.param("Abdelhassib Haddad", "Abdelhabib Haddad", Names.OTHER, id="seldom-servants"),
        pytest.param("عبد المتين حداد", "عبد المبين حداد", Names.OTHER, id="servants-in-arabic"),
        pytest.param("Djamel Eddine Haddad", "Kamel Eddine Haddad", Names.OTHER, id="of-the-faith"),
        pytest.param("Charaf Eddine Haddad", "Achraf Eddine Haddad", Names.OTHER, id="seldom-faith"),
        pytest.param("Abdelkader Haddad", "Abdelkadr Haddad", Names.EQUAL, id="a-known-servant"),
        pytest.param("Abdessabour Haddad", "Abdessabur Haddad", Names.EQUAL, id="a-spelling-of-one"),
        pytest.param("Ali Ali", "Ali Ali", Names.EQUAL, id="a-given-name-twice"),
        pytest.param("x Haddad", "xx Haddad", Names.ONE_WORD, id="a-cross"),
        pytest.param("Haddad sans", "Haddad vide", Names.ONE_WORD, id="nothing-beside-a-name"),
        pytest.param("حداد مجهول", "حداد بدون", Names.ONE_WORD, id="nothing-in-arabic"),
        pytest.param("Karim B. Haddad", "Karim B Haddad", Names.EQUAL, id="an-initial-between"),
        pytest.param(
            "&#1605;&#1585;&#1610;&#1605; Haddad", "&#1603;&#1585;&#1610;&#1605; Haddad",
            Names.OTHER, id="entities",
        ),
    ],
)  # fmt: skip
def test_the_name_guard(one: str, other: str, verdict: Names) -> None:
    assert names_of(one, other) is verdict


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        pytest.param(BORN, date(1999, 8, 12), BirthDates.ONE_DIGIT_OFF, id="a-digit-of-the-month"),
        pytest.param(BORN, date(1999, 5, 28), BirthDates.ONE_PART_OFF, id="another-day"),
        pytest.param(BORN, date(1999, 11, 12), BirthDates.ONE_PART_OFF, id="another-month"),
        pytest.param(BORN, date(1986, 5, 12), BirthDates.ONE_PART_OFF, id="13-years"),
        pytest.param(BORN, date(1984, 5, 13), BirthDates.CONFLICT, id="nearly-15-and-another-day"),
        pytest.param(BORN, date(1984, 5, 12), BirthDates.CONFLICT, id="15-years"),
        pytest.param(BORN, date(1969, 5, 12), BirthDates.CONFLICT, id="30-years-and-one-digit"),
        pytest.param(date(2000, 2, 29), date(1985, 2, 28), BirthDates.CONFLICT, id="leap-day"),
        pytest.param(
            BORN, date(1989, 5, 12), BirthDates.ONE_DIGIT_OFF, id="10-years-and-one-digit"
        ),
    ],
)
def test_dates_a_generation_apart_are_two_people(
    one: date, other: date, verdict: BirthDates
) -> None:
    assert birth_date_guard(one, other) is verdict
    assert birth_date_guard(other, one) is verdict


BOTH = frozenset({PHONE, MAIL})
ONE_PHONE = frozenset({PHONE})
SLIP = ("Karim Tebbakh", "Karim Tebbak")


@pytest.mark.parametrize(
    ("names", "dates", "shared", "blockers"),
    [
        pytest.param(SLIP, (BORN, BORN), ONE_PHONE, (), id="similar-and-one-date"),
        pytest.param(SLIP, (BORN, None), ONE_PHONE, ("name_only_similar",), id="no-date"),
        pytest.param(SLIP, (BORN, None), BOTH, (), id="no-date-but-both-contacts"),
        pytest.param(("Haddad", "Haddad"), (None, None), ONE_PHONE, ("name_incomplete",),
                     id="half-a-name"),
        pytest.param(("- Haddad", "- Haddad"), (BORN, BORN), ONE_PHONE, ("name_incomplete",),
                     id="half-a-name-and-one-date"),
        pytest.param(("Haddad", "Ali Haddad"), (BORN, BORN), BOTH, ("name_incomplete",),
                     id="half-a-name-and-both-contacts"),
        pytest.param(("Ali Haddad", "Ali Haddad"), (BORN, None), ONE_PHONE, (), id="same-no-date"),
        pytest.param(("Ali Haddad", "Ali Haddad"), (BORN, date(1999, 5, 28)), ONE_PHONE, (),
                     id="same-and-two-parts-of-the-date"),
        pytest.param(SLIP, (BORN, date(1999, 5, 28)), ONE_PHONE, ("birth_date_conflict",),
                     id="similar-and-two-parts"),
        pytest.param(("Ali Haddad", "Ali Haddad"), (BORN, date(1984, 5, 12)), BOTH,
                     ("birth_date_conflict",), id="father-and-son-with-both-contacts"),
        pytest.param(("Ali Haddad", "Ali Haddad"), (BORN, date(1998, 9, 3)), BOTH, (),
                     id="both-contacts-outweigh-a-date"),
        pytest.param(("كريم زموري", "Karim Zemmouri"), (BORN, BORN), BOTH, ("name_in_other_script",),
                     id="not-attested-in-both-scripts"),
        pytest.param(("كريم حداد", "Karim Haddad"), (BORN, BORN), ONE_PHONE, (),
                     id="attested-in-both-scripts"),
        pytest.param(("12 Haddad", "12 Haddad"), (BORN, BORN), BOTH, ("name_missing",),
                     id="unreadable"),
        pytest.param(("Karim Tebbakh", "Karim Tabakki"), (BORN, BORN), BOTH, (), id="partly-the-same"),
        pytest.param(("Karim Tebbakh", "Karim Zemmouri"), (BORN, BORN), BOTH,
                     ("shared_contact_other_name",), id="too-far"),
        pytest.param(("Karim Haddad", "Karima Haddad"), (BORN, BORN), BOTH,
                     ("shared_contact_other_name",), id="twins"),
    ],
)  # fmt: skip
def test_what_may_not_link(
    names: tuple[str, str],
    dates: tuple[date | None, date | None],
    shared: frozenset[Key],
    blockers: tuple[str, ...],
) -> None:
    left, right = person(names[0], dates[0]), person(names[1], dates[1])
    for one, other in ((left, right), (right, left)):
        match = compare(one, other, shared=shared, hot=frozenset())
        assert match is not None
        assert match.blockers == blockers


def test_names_in_two_scripts_are_a_low_match_by_their_consonants() -> None:
    match = compare(
        person("كريم زموري", None), person("Karim Zemmouri", None),
        shared=frozenset({Key("S", "krm smri")}), hot=frozenset(),
    )  # fmt: skip
    assert match is not None
    assert (match.tier, match.evidence) == (
        "low", ("name_similar_other_script", "birth_date_missing"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "sans@gmail.com",
        "non@gmail.com",
        "nom.prenom@gmail.com",
        "Nom_Prenom@yahoo.fr",
        "sans2@live.fr",
    ],
)
def test_an_address_that_says_there_is_none_is_nobodys(address: str) -> None:
    assert parse_email(address).problem == "placeholder"


@pytest.mark.parametrize(
    "other_date",
    [
        pytest.param(date(1999, 1, 1), id="year-only"),
        pytest.param(date(1999, 5, 13), id="one-digit-off"),
        pytest.param(None, id="missing"),
    ],
)
def test_a_similar_name_links_by_phone_only_with_the_same_birth_date(
    other_date: date | None,
) -> None:
    def blockers(*shared: Key, born: date | None) -> tuple[str, ...]:
        match = compare(
            person("Dania Cherfaoui"), person("Ranya Cherfaoui", born),
            shared=frozenset(shared), hot=frozenset(),
        )  # fmt: skip
        assert match is not None
        return match.blockers

    assert blockers(PHONE, born=other_date) == ("name_only_similar",)
    assert blockers(PHONE, MAIL, born=other_date) == ()
    assert blockers(PHONE, born=BORN) == ()
