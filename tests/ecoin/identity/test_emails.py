"""E-mail fields, and the agreement with `email-validator`."""

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.emails import SPECIAL_LAST_LABELS, is_role_mailbox, parse_email

KEY = "ali.haddad@gmail.com"


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        pytest.param("ali.haddad@gmail.com", KEY, "", id="plain"),
        pytest.param("Ali.Haddad@GMail.com", KEY, "", id="capitals"),
        pytest.param("  ali.haddad@gmail.com\n", KEY, "", id="whitespace"),
        pytest.param("ali.haddad@gmail.com.", KEY, "", id="trailing-dot"),
        pytest.param("ali.haddad@gmail.com,", KEY, "", id="trailing-comma"),
        pytest.param("<ali.haddad@gmail.com>", KEY, "", id="angles"),
        pytest.param("mailto:ali.haddad@gmail.com", KEY, "", id="mailto"),
        pytest.param("Ali Haddad <ali.haddad@gmail.com>", KEY, "", id="display-name"),
        pytest.param("ali.haddad＠gmail.com", KEY, "", id="full-width"),
        pytest.param("\u200bali.haddad@gmail.com", KEY, "", id="zero-width"),
        pytest.param("ali.haddad@gmail.com / b@yahoo.fr", KEY, "", id="two-addresses"),
        pytest.param("ali.haddad@gmail.com b@yahoo.fr", KEY, "", id="two-with-a-space"),
        pytest.param("a.li+x@gmail.com", "a.li+x@gmail.com", "", id="dots-and-tags-stay"),
        pytest.param("ali@gmail.con", "ali@gmail.con", "", id="typo-is-not-applied"),
        pytest.param("", None, "missing", id="empty"),
        pytest.param("   ", None, "missing", id="blank"),
        pytest.param(None, None, "missing", id="none"),
        pytest.param("/", None, "placeholder", id="slash"),
        pytest.param("NULL", None, "placeholder", id="null"),
        pytest.param("néant", None, "placeholder", id="neant"),
        pytest.param("Pas d’email", None, "placeholder", id="no-mail-in-words"),
        pytest.param("Ecoin.hank@gmail.com", None, "placeholder", id="the-old-default"),
        pytest.param(
            "ECOIN.HANK@GMAIL.COM ", None, "placeholder", id="the-old-default-in-capitals"
        ),
        pytest.param("aaa@aaa.com", None, "placeholder", id="one-letter"),
        pytest.param("noemail@gmail.com", None, "placeholder", id="noemail"),
        pytest.param("ali", None, "invalid", id="no-at"),
        pytest.param("ali@gmail", None, "invalid", id="no-dot"),
        pytest.param("ali haddad@gmail.com", None, "invalid", id="space-inside"),
        pytest.param("ali@@gmail.com", None, "invalid", id="two-ats"),
        pytest.param("ali..h@gmail.com", None, "invalid", id="two-dots"),
        pytest.param("amélie@gmail.com", None, "invalid", id="accent"),
        pytest.param("a@b.invalid", None, "invalid", id="special-domain"),
        pytest.param("a" * 250 + "@gmail.com", None, "invalid", id="too-long"),
        pytest.param("a\x00@gmail.com", None, "invalid", id="nul"),
        pytest.param("amel@yahoo.fr\x00\x00", "amel@yahoo.fr", "", id="padded-with-nul"),
        pytest.param(".user@gmail.com", None, "invalid", id="leading-dot-is-another-address"),
        pytest.param("user@gmail.com.", "user@gmail.com", "", id="full-stop"),
        pytest.param("amel@yahoo.fr (père)", "amel@yahoo.fr", "", id="remark-in-brackets"),
        pytest.param("(mère) amel@yahoo.fr", "amel@yahoo.fr", "", id="remark-before"),
        pytest.param("père : amel@yahoo.fr", "amel@yahoo.fr", "", id="label"),
        pytest.param("amel@yahoo.fr | 0559446168", "amel@yahoo.fr", "", id="with-a-phone"),
        pytest.param("0559446168 / amel@yahoo.fr", "amel@yahoo.fr", "", id="after-a-phone"),
        pytest.param("amel@yahoo.fr père", "amel@yahoo.fr", "", id="word-after"),
        pytest.param("amel@yahoo.fr 📧", "amel@yahoo.fr", "", id="emoji"),
        pytest.param("a@yahoo.fr (père) / b@yahoo.fr", "a@yahoo.fr", "", id="the-first-of-two"),
        pytest.param("amel haddad@yahoo.fr", None, "invalid", id="blank-inside"),
        pytest.param("amel@yahoo.co m", None, "invalid", id="blank-in-the-domain"),
    ],
)
def test_an_address_is_a_key_or_says_why_not(raw, value, problem):
    email = parse_email(raw)
    assert (email.value, email.problem) == (value, problem)


def test_settings_add_placeholders_and_role_mailboxes():
    assert (
        parse_email("X@ecole.dz", placeholders=frozenset({"x@ecole.dz"})).problem == "placeholder"
    )
    assert parse_email("x@ecole.dz", role_mailboxes=frozenset({"x@ecole.dz"})).role_mailbox
    assert parse_email("x@ecole.dz", role_mailboxes=frozenset({"x"})).role_mailbox
    assert not parse_email("x@ecole.dz").role_mailbox


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("contact@ecole.dz", True),
        ("info@ecole.dz", True),
        ("admin@ecole.dz", True),
        ("formation@ecole.dz", True),
        ("formation-ecoin@gmail.com", True),
        ("contact2@gmail.com", True),
        ("cyber.amine@gmail.com", True),
        ("cybercafe16@gmail.com", True),
        ("ali.haddad@gmail.com", False),
        ("informatique.ali@gmail.com", False),
        ("administ@gmail.com", False),
    ],
)
def test_an_office_mailbox_is_nobody_s(value, role):
    assert is_role_mailbox(value) is role
    assert parse_email(value).role_mailbox is role


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("ali@gmail.con", "gmail.com"),
        ("ali@gmial.com", "gmail.com"),
        ("ali@gamil.com", "gmail.com"),
        ("ali@gmail", "gmail.com"),
        ("ali@yaho.fr", "yahoo.fr"),
        ("ali@hotmial.com", "hotmail.com"),
        ("ali@gmail.com", ""),
        ("ali@ymail.com", ""),
        ("ali@ecole.dz", ""),
    ],
)
def test_a_mistyped_domain_is_hinted_at(raw, hint):
    assert parse_email(raw).hint == hint


def _library(raw):
    try:
        checked = validate_email(raw, check_deliverability=False, allow_smtputf8=False)
    except (EmailNotValidError, ValueError):
        return None
    return checked.ascii_email.lower()


NEARLY = st.from_regex(r"[a-zA-Z0-9._+\-]{1,12}@[a-z0-9.\-]{1,14}\.[a-z]{1,6}", fullmatch=True)


@given(NEARLY | st.emails())
def test_addresses_are_valid_exactly_when_the_library_says_so(raw):
    email = parse_email(raw)
    if email.problem != "placeholder" and not raw.startswith(("'", ".")):
        assert email.value == _library(raw)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_no_text_makes_it_raise(raw):
    email = parse_email(raw)
    assert (email.value is None) == bool(email.problem)
    assert email.value is None or email.value.isascii()


@pytest.mark.parametrize("piece", ["a", "@", "a@b.com ", "<", "é", "-", "a."])
def test_a_megabyte_is_no_trouble(piece):
    parse_email(piece * (1_000_000 // len(piece)))


def test_the_last_labels_of_special_domains_are_those_of_the_library():
    assert {name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES} == SPECIAL_LAST_LABELS
