"""Status → classification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_import.choices import Classification, SessionType
from legacy_import.rules.statuses import LONGEST_KEY, STATUSES, classify, key_of

C, S = Classification, SessionType


def double_encoded(text: str, *, times: int = 1) -> str:
    """The text as a converter leaves it that took UTF-8 for cp1252."""
    for _ in range(times):
        text = text.encode().decode("cp1252")
    return text


# status as typed → classification, rule
MEANINGS = [
    ("Formée", C.COMPLETED, "status:formee"),
    ("formee", C.COMPLETED, "status:formee"),
    ("FORMÉE", C.COMPLETED, "status:formee"),
    ("  Formée\t", C.COMPLETED, "status:formee"),
    ("Forme\u0301e", C.COMPLETED, "status:formee"),  # the accent as a mark of its own
    ("Archivé", C.ARCHIVED_TRAINING, "status:archive"),
    ("archivé", C.ARCHIVED_TRAINING, "status:archive"),
    ("Archivè", C.ARCHIVED_TRAINING, "status:archive"),
    ("ARCHIVE", C.ARCHIVED_TRAINING, "status:archive"),
    ("Informer", C.LEAD_ONLY, "status:informer"),
    ("informer", C.LEAD_ONLY, "status:informer"),
    ("Ne répond pas", C.LEAD_ONLY, "status:ne_repond_pas"),
    ("ne  repond\u00a0pas ", C.LEAD_ONLY, "status:ne_repond_pas"),
    ("Confirmer", C.REGISTERED, "status:confirmer"),
    ("nouveau", C.LEAD_ONLY, "status:nouveau"),
    ("Nouveau", C.LEAD_ONLY, "status:nouveau"),
    ("", C.UNKNOWN, "status:empty"),
    (" \t ", C.UNKNOWN, "status:empty"),
    ("Formé", C.UNKNOWN, "status:other"),  # near a known word is not a known word
    ("Confirmé", C.UNKNOWN, "status:other"),
    ("Formée ?", C.UNKNOWN, "status:other"),
    ("Annulé", C.UNKNOWN, "status:other"),
    ("مسجل", C.UNKNOWN, "status:other"),
    ("?", C.UNKNOWN, "status:other"),
    ("N.A", C.UNKNOWN, "status:empty"),
    ("Form&eacute;e", C.COMPLETED, "status:formee:decoded_entities"),
    ("Form&#233;e", C.COMPLETED, "status:formee:decoded_entities"),
    ("Form&#xE9;e&nbsp;", C.COMPLETED, "status:formee:decoded_entities"),
    ("Ne r&eacute;pond&nbsp;pas", C.LEAD_ONLY, "status:ne_repond_pas:decoded_entities"),
    ("Form&Atilde;&copy;e", C.COMPLETED, "status:formee:repaired_encoding"),
    ("Form&amp;eacute;e", C.UNKNOWN, "status:other"),  # decoded once, never twice
]


@pytest.mark.parametrize("session_type", SessionType)
@pytest.mark.parametrize(
    ("status", "classification", "rule"), MEANINGS, ids=[repr(status) for status, *_ in MEANINGS]
)
def test_a_status_means_the_same_in_every_session_and_names_its_rule(
    status: str, classification: Classification, rule: str, session_type: SessionType
) -> None:
    assert classify(status, session_type) == (classification, rule)


@pytest.mark.parametrize(
    ("session_type", "classification", "rule"),
    [
        pytest.param(S.REAL_SESSION, C.REGISTERED, "status:reporter:real_session", id="real"),
        pytest.param(
            S.WAITING_PLACEHOLDER, C.LEAD_ONLY, "status:reporter:no_real_session", id="waiting"
        ),
        pytest.param(S.UNKNOWN, C.LEAD_ONLY, "status:reporter:no_real_session", id="unknown"),
        pytest.param(S.NONE, C.LEAD_ONLY, "status:reporter:no_real_session", id="none"),
    ],
)
@pytest.mark.parametrize("status", ["Reporter", " REPORTER ", "reportér"])
def test_reporter_is_decided_by_its_session(
    status: str, session_type: SessionType, classification: Classification, rule: str
) -> None:
    assert classify(status, session_type) == (classification, rule)


@pytest.mark.parametrize(
    ("status", "classification", "rule"),
    [
        ("FormÃ©e", C.COMPLETED, "status:formee:repaired_encoding"),
        (
            double_encoded("Formée", times=2),
            C.COMPLETED,
            "status:formee:repaired_encoding",
        ),
        (double_encoded("Archivé"), C.ARCHIVED_TRAINING, "status:archive:repaired_encoding"),
        (
            double_encoded("Ne répond pas"),
            C.LEAD_ONLY,
            "status:ne_repond_pas:repaired_encoding",
        ),
        (
            double_encoded("Reportér"),
            C.REGISTERED,
            "status:reporter:real_session:repaired_encoding",
        ),
    ],
    ids=["once", "twice", "archived", "lead", "reporter"],
)
def test_double_encoded_text_is_repaired_and_the_rule_says_so(
    status: str, classification: Classification, rule: str
) -> None:
    assert classify(status, S.REAL_SESSION) == (classification, rule)


@pytest.mark.parametrize(
    "status",
    ["Form?e", "Form\ufffde", "FormÃe", "FormÃ©e 中", "FormÃ©eÃ"],
    ids=["question-mark", "replacement", "half-a-character", "cannot-map", "rest-left-over"],
)
def test_text_beyond_an_unambiguous_repair_is_unknown(status: str) -> None:
    assert classify(status, S.REAL_SESSION) == (C.UNKNOWN, "status:other")


def test_the_table_holds_the_six_plain_statuses_of_the_source_and_nothing_else() -> None:
    assert set(STATUSES) == {
        "formee", "archive", "informer", "ne repond pas", "confirmer", "nouveau"
    }  # fmt: skip


KEYS: dict[str, tuple[str, str | None]] = {
    "folded": ("  À  RAPPELER ", "a rappeler"),
    "repaired": (double_encoded("À rappelér"), "a rappeler"),
    "an entity": ("Annul&eacute;", "annule"),
    "empty": ("", ""),
    "blank": (" / ", ""),
    "known": ("Formée", None),
    "known, once repaired": (double_encoded("Formée"), None),
    "decided by its session": ("reporter", None),
    "a phone": ("rappeler 0661 23 45 67", "rappeler (contact)"),
    "another phone": ("Rappeler 0559446168", "rappeler (contact)"),
    "an address": ("écrire à karim.h@exemple.dz", "ecrire a (contact)"),
    "years stay": ("en cours 2019/2020", "en cours 2019/2020"),
}


@pytest.mark.parametrize(("status", "key"), KEYS.values(), ids=KEYS)
def test_spellings_of_one_unknown_status_have_one_key_without_a_contact(
    status: str, key: str | None
) -> None:
    assert key_of(status) == key


def test_long_statuses_that_differ_at_their_end_have_two_keys() -> None:
    keys = {key_of(f"{'ш' * 150}{end}") for end in "ab"}
    assert len(keys) == 2
    assert all(key is not None and len(key) <= LONGEST_KEY for key in keys)


@given(st.text(max_size=190))
def test_a_status_has_a_key_where_the_rules_do_not_know_it(status: str) -> None:
    key = key_of(status)
    known = classify(status, S.REAL_SESSION).classification != C.UNKNOWN
    assert (key is None) == known
    assert key is None or (key.isascii() and len(key) <= LONGEST_KEY)


@given(st.text(max_size=40), st.sampled_from(SessionType))
def test_every_text_has_a_meaning_and_a_rule_that_fits_its_column(
    status: str, session_type: SessionType
) -> None:
    meaning = classify(status, session_type)
    assert meaning.classification in Classification
    assert meaning.rule.isascii()
    assert meaning.rule.startswith("status:")
    assert len(meaning.rule) <= 60
