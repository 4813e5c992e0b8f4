"""How similar two values of a person are."""

import pytest

from ecoin.identity.likeness import Likeness, likeness_of_emails, likeness_of_phones, presence

L = Likeness


@pytest.mark.parametrize(
    ("ours", "theirs", "likeness"),
    [
        ("0551 23 44 82", "+213 551 234 482", L.SAME),
        ("0551234482 / 0661234483", "0661234483", L.SIMILAR),
        ("0551234482", "0661234483", L.DIFFERENT),
        ("0551234482", "", L.ONE_SIDED),
        ("", "0551234482", L.ONE_SIDED),
        ("", "pas de téléphone", L.ABSENT),
        ("055123", "05.51.23", L.SAME),  # invalid, and the same digits
        ("055123", "055124", L.DIFFERENT),
    ],
)
def test_phones_are_compared_by_their_numbers(ours: str, theirs: str, likeness: Likeness) -> None:
    assert likeness_of_phones(ours, theirs) is likeness
    assert likeness_of_phones(theirs, ours) is likeness


@pytest.mark.parametrize(
    ("ours", "theirs", "likeness"),
    [
        ("Rim.Ferhat@Exemple.dz ", "rim.ferhat@exemple.dz", L.SAME),
        ("rim@exemple.dz", "rym@exemple.dz", L.DIFFERENT),
        ("sans adresse", "SANS ADRESSE", L.SAME),
        ("rim@exemple.dz", "", L.ONE_SIDED),
        ("", " ", L.ABSENT),
    ],
)
def test_emails_are_compared_by_their_addresses(ours: str, theirs: str, likeness: Likeness) -> None:
    assert likeness_of_emails(ours, theirs) is likeness
    assert likeness_of_emails(theirs, ours) is likeness


def test_what_both_have_is_left_to_the_comparison() -> None:
    assert presence("a", "b") is None
    assert (presence("a", ""), presence(None, "b"), presence("", None)) == (
        L.ONE_SIDED, L.ONE_SIDED, L.ABSENT,
    )  # fmt: skip


def test_a_difference_is_what_a_reader_has_to_look_at() -> None:
    assert {one for one in L if one.is_difference} == {L.SIMILAR, L.DIFFERENT, L.ONE_SIDED}
