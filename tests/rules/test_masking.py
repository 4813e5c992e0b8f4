"""One mask for every contact that leaves the server."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.masking import contains_contact, mask_code, mask_date
from ecoin.identity.phones import parse_phones
from legacy_import.rules.masking import mask_email, mask_key, mask_phone, mask_text

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("amel&#64;yahoo.fr", "a•••@yahoo.fr"),
        ("Haddad &#48;559446168", "Haddad 05•• ••• 168"),
        ("Haddad 0559&nbsp;446&#160;168", "Haddad 05•• ••• 168"),
        ("B&eacute;chir", "B&eacute;chir"),
    ],
)
def test_an_entity_hides_no_contact(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("0559446482", "05•• ••• 482"),
        ("213559446482", "05•• ••• 482"),
        ("+213 559 44 64 82", "05•• ••• 482"),
        ("0559446482 / 0776845160", "05•• ••• 482 / 07•• ••• 160"),
        ("(père) 0559446482", "05•• ••• 482"),
        ("021456389", "•••• 89"),
        ("+33612398745", "•••• 45"),
        ("0559446", "•••• 46"),
        ("123", "••••"),
        ("0555555555", "•••• 55"),
        ("Ali Haddad", "••••"),
        ("/", "••••"),
        ("  ", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_phone_shows_its_kind_and_its_end(raw, masked):
    assert mask_phone(raw) == masked


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("ali@gmail.com", "a•••@gmail.com"),
        ("ALI@Gmail.com", "A•••@gmail.com"),
        ("a@gmail.com", "•••@gmail.com"),
        (".a@gmail.com", "•••@gmail.com"),
        ("ali", "•••"),
        ("ali@gmail", "•••"),
        ("0559446482", "•••"),
        ("ali@b.com c@d.com", "•••"),
        ("ali@0559446482", "•••"),
        ("@gmail.com", "•••"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_shows_its_first_letter_and_its_domain(raw, masked):
    assert mask_email(raw) == masked


@pytest.mark.parametrize(
    "code",
    ["BURE-2018-0358", "INF_20190106_20190630", "G12-20190106", "2019/2020 n° 12", "PAO", ""],
)
def test_the_code_of_a_session_is_never_masked_as_a_phone(code):
    assert mask_code(code) == code


@pytest.mark.parametrize(
    ("code", "masked"),
    [
        ("PAO-0559446168", "PAO-05•• ••• 168"),
        ("PAO 055 94 46 168", "PAO 05•• ••• 168"),
        ("+213559446168", "05•• ••• 168"),
        ("٠٥٥٩٤٤٦١٦٨", "05•• ••• 168"),
        ("PAO 021 23 45 67", "PAO •••• 67"),
        ("PAO a@exemple.dz", "PAO •••@exemple.dz"),
    ],
)
def test_a_contact_in_the_place_of_a_code_is_masked(code, masked):
    assert mask_code(code) == masked


def test_evidence_masks_keys():
    assert mask_key("P", "213559446168") == "2135•••168"
    assert mask_key("P", "21321456389") == "2132•••389"
    assert mask_key("E", "ali@gmail.com") == "a•••@gmail.com"
    assert mask_key("Q", "33612398745") == "•••• 45"


@given(ANY_TEXT | st.text("0123456789+ /-", max_size=40))
def test_no_mask_shows_more_than_three_digits_in_a_row(raw):
    assert not re.search(r"\d{4}", mask_phone(raw))
    for number in mask_phone(raw).split(" / "):
        assert sum(c.isdigit() for c in number) <= 5


@given(st.from_regex(r"[a-z0-9.]{2,20}@[a-z]{2,8}\.(com|dz)", fullmatch=True))
def test_no_mask_shows_more_than_one_letter_of_the_local_part(address):
    assert mask_email(address).partition("@")[0].strip("•") in ("", address[0])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Karim 0559446482", "Karim 05•• ••• 482"),
        ("Karim 0559 44 64 82 Haddad", "Karim 05•• ••• 482 Haddad"),
        ("+213 (0) 559.44.64.82", "05•• ••• 482"),
        ("00213-559-446-482", "05•• ••• 482"),
        ("0559_446_482", "05•• ••• 482"),
        ("٠٥٥٩٤٤٦٤٨٢ كريم", "05•• ••• 482 كريم"),
        ("Karim ０５５９４４６４８２", "Karim 05•• ••• 482"),
        ("05\u200b59\u200b44\u200b64\u200b82", "05•• ••• 482"),
        ("O559446482", "05•• ••• 482"),
        ("0559446482/0776845160", "05•• ••• 482 / 07•• ••• 160"),
        ("tel.0559446482!", "tel.05•• ••• 482!"),
        ("0559446", "•••• 46"),
        ("0559 (le soir) 446482", "•••• (le soir) ••••••"),
        ("021          456389", "•••          ••••••"),
        ("karim.h@exemple.dz", "k•••@exemple.dz"),
        ("Karim <karim.h@exemple.dz>", "Karim k•••@exemple.dz"),
        ("karim @ exemple.dz", "k•••@exemple.dz"),
        ("karim＠exemple.dz", "k•••@exemple.dz"),
        ("Ali karim@0559446482", "Ali •••"),
        ("0559446482 karim@exemple.dz", "05•• ••• 482 k•••@exemple.dz"),
    ],
)
def test_a_contact_in_free_text_is_masked_where_it_stands(text, masked):
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "", "Karim Haddad", "Formée", "كريم حداد", "Ali 2", "groupe 12 salle 5", "né le 12/05/1999",
        "2019-2020", "Session 2019/2020", "2021-03-04", "FormÃ©e", "me\u200cna", "ﻛﺮﻳﻢ", "Oo ooo o",
    ],
)  # fmt: skip
def test_text_without_a_contact_stays_as_it_was(text):
    assert mask_text(text) == text


def test_nothing_is_no_text():
    assert mask_text(None) == ""


SPELLED = st.sampled_from(
    ["0559446482", "0559 446 482", "+213559446482", "05.59.44.64.82", "٠٥٥٩٤٤٦٤٨٢", "0559446 482",
     "0559  /  446482", "213559446482", "0(559)446482", "0-5-5-9-4-4-6-4-8-2"]
)  # fmt: skip


@given(ANY_TEXT, SPELLED, ANY_TEXT)
def test_no_text_around_a_phone_keeps_it_from_being_masked(before, phone, after):
    masked = mask_text(f"{before} {phone} {after}")
    assert "559446482" not in "".join(c for c in masked if c.isalnum())
    assert "213559446482" not in parse_phones(masked).valid


@given(ANY_TEXT | st.text("0123456789+ /-@.aOo()٠٥•", max_size=60))
def test_masked_text_holds_no_phone(text):
    """Eight digits that begin with a year are a date: no number has the area code 19 or 20."""
    left = parse_phones(mask_text(text)).valid
    assert all(len(number) == 11 and number[3:5] in ("19", "20") for number in left)


# Text → whether it is shown whole: in free text, as a code, as a date.
WHOLE: dict[str, tuple[bool, bool, bool]] = {
    # Codes of sessions.
    "BURE-2016-06-35": (True, True, True),
    "BURE-2016-06-123": (True, True, True),
    "BURE-2016-06-1035": (True, True, True),
    "BURE-2016-06-35 (Bab Ezzouar)": (True, True, True),
    "BURE-2018-0358": (True, True, True),
    "INFO_2019_02": (True, True, True),
    "INF_20190106_20190630": (True, True, True),
    "SESS-20160630": (True, True, True),
    "BURE-٢٠١٦-٠٦-٣٥": (True, True, True),
    "Session 2016-06-35": (True, True, True),
    # Digits without a sign between them might be a number: whole only where a code is expected.
    "PAO2016063512": (False, True, False),
    "SESS-20160635": (False, True, False),
    "G12-20190106": (False, True, False),
    "2016-06-1035": (False, True, False),
    # Dates, periods and years, impossible ones too.
    "2016-06-35": (True, True, True),
    "12/03/1998": (True, True, True),
    "31/02/1998": (True, True, True),
    "12/25/1998": (True, True, True),
    "12.03.98": (True, True, True),
    "12-03-98": (True, True, True),
    "12 03 1998": (True, True, True),
    "١٢/٠٣/١٩٩٨": (True, True, True),
    "1998-03-12 00:00:00": (True, True, True),
    "1998-03-12T00:00:00.000Z": (True, True, True),
    "1998-03-12 05:44:12.123456": (True, True, True),
    "né le 12.03.98 à 05:44": (True, True, True),
    "19980312": (True, True, True),
    "0000-00-00 00:00:00": (True, True, True),
    "2015-2016": (True, True, True),
    "2015/2016": (True, True, True),
    "2019-02-01/2019-06-30": (True, True, True),
    "01/02/2019 - 30/06/2019": (True, True, True),
    "12.03.98 - 12.06.98": (True, True, True),
    "12031998": (False, True, True),
    "31021998": (False, True, True),
    # Ids and amounts.
    "stagiaires:2178": (True, True, True),
    "235": (True, True, True),
    "150000 DA": (True, True, True),
    "1 500 000 DA": (True, True, True),
    "1 500 000,00 DA": (True, True, True),
    "1 500 000": (False, True, False),
    # Phones: with each prefix, sign and script, alone and in the place of a code, a name or a date.
    "0559446168": (False, False, False),
    "BURE 0559446168": (False, False, False),
    "BURE-0559446168": (False, False, False),
    "BURE-2016-06-0559446168": (False, False, False),
    "BURE-2016-06-35 0559446168": (False, False, False),
    "BURE-2016-06-35/0559446168": (False, False, False),
    "BURE-2016-055944 (soir) 6168": (False, False, False),
    "12/03/1998 0559446168": (False, False, False),
    "1998-03-12 00:00:00_05.52.65.20.64": (False, False, False),
    "1998-03-12 00:00:00 021 23 95 38": (False, False, False),
    "0559/44/61/68/2019": (False, False, False),
    "BURE-2016-06-35, 21321456389": (False, False, False),
    "2016-06-35.+213 21 45 63 89": (False, False, False),
    "0559-44-61-68": (False, False, False),
    "05.59.44.61.68 père": (False, False, False),
    "05 59 44 61 68": (False, False, False),
    "05.06.07.08.09": (False, False, False),
    "05/06/07 08 09": (False, False, False),
    "05.06.07 08:09": (False, False, False),
    "05-06-07-0809": (False, False, False),
    "06 12 03 1998": (False, False, False),
    "0612-03-1998": (False, False, False),
    "0661/20/2019": (False, False, False),
    "07.70.20.20.20": (False, False, False),
    "021 45 63 89": (False, False, False),
    "031 20 16 06": (False, False, False),
    "043201606": (False, False, False),
    "+213 559 44 61 68": (False, False, False),
    "00213559446168": (False, False, False),
    "213.559.446.168": (False, False, False),
    "+33 6 39 98 12 34": (False, True, False),
    "559446168": (False, False, False),
    "559 446 168 DA": (False, False, False),
    "٠٥٥٩-٤٤-٦١-٦٨": (False, False, False),
    "٠٥٥٩ ٤٤ ٦١ ٦٨ BURE-2016-06-35": (False, False, False),
    "BURE-2016-06-35 a@exemple.dz": (False, False, False),
    "21456389": (False, True, False),
}


@pytest.mark.parametrize(("text", "whole"), WHOLE.items(), ids=WHOLE)
def test_a_phone_is_masked_and_a_code_or_a_date_is_not(text, whole):
    masks = (mask_text, mask_code, mask_date)
    assert tuple(mask(text) == text for mask in masks) == whole


@pytest.mark.parametrize("text", [text for text, whole in WHOLE.items() if whole[0]])
def test_a_note_may_name_a_session_or_a_day(text):
    assert not contains_contact(text)


PAIR = st.integers(0, 99).map("{:02}".format)


@given(st.sampled_from("567"), st.tuples(PAIR, PAIR, PAIR, PAIR), st.sampled_from(" .-/_"),
       st.sampled_from(["0", "+213 ", "00213", "213-"]))  # fmt: skip
def test_no_mobile_number_looks_like_a_date(kind, pairs, between, prefix):
    phone = prefix + kind + pairs[0][:1] + between + between.join(pairs)[1:]
    for mask in (mask_text, mask_code, mask_date):
        assert mask(phone) != phone


@pytest.mark.parametrize(
    "piece", ["0", "0 ", "@", "a@", "o", "0o", "(+", " @", "1-", "a", "1 2 a", "١"]
)
def test_a_megabyte_of_anything_is_read_in_one_pass(piece):
    mask_text(piece * (200_000 // len(piece)))
