"""What counts as personal data in a note, a reason, a saved filter or the search of an address."""

import pytest

from legacy_import.privacy.free_text import ContainsContact, contact_free_text, contains_contact
from legacy_import.review.filter import RowFilter

CONTACTS = [
    "0559446168", "0559 44 61 68", "+213 559 44 61 68", "00213559446168", "٠٥٥٩٤٤٦١٦٨", "0559-44-61-68",
    "055944616", "05594461", "0559446", "0559 44 61", "appeler le 4461682", "021 23 45 67", "1234567x",
    "tel. 055 94 46 1", "+33 6 12 34 56", "ligne 12345678",
    "karim@exemple.dz", "karim.haddad@exemple.dz,", "<karim@exemple.dz>", "karim＠exemple.dz",
    "karim @exemple.dz", "karim@ exemple.dz", "karim@localhost", "stagiaires:0559446168",
]  # fmt: skip
ORDINARY = [
    "", "voir dossier 12 de 2019", "signé @accueil", "n° 4578", "né le 12/03/1998",
    "promotion 2018-2019",
    "session 2019-05-12", "3 @ 4", "123456", "stagiaires:1204", "rappelée deux fois",
    "لم ترد على الهاتف",
]  # fmt: skip
# A row's number and nothing else: a search for it stands in an address, a note has no need of it.
NUMBERS = ["1234567", "archives:12345678", "18446744073709551615"]


def refused(work) -> bool:
    try:
        work()
    except ContainsContact:
        return True
    return False


@pytest.mark.parametrize("text", CONTACTS)
def test_a_contact_is_refused_everywhere(text):
    assert contains_contact(text)
    assert contains_contact(text, old_number=True)
    assert refused(lambda: contact_free_text(text))
    assert refused(lambda: RowFilter.parse({"q": text}, queue=True))
    assert refused(lambda: RowFilter.parse({"q": text}))


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_allowed_everywhere(text):
    assert contact_free_text(f" {text} ") == text
    assert RowFilter.parse({"q": text}, queue=True).search == text
    assert RowFilter.parse({"q": text}).search == text


@pytest.mark.parametrize("text", NUMBERS)
def test_the_number_of_a_row_is_a_search_and_no_note(text):
    assert refused(lambda: contact_free_text(text))
    assert RowFilter.parse({"q": text}, queue=True).search == text
    assert RowFilter.parse({"q": text}).search == text
