"""Which decisions still apply to a row that changed: each has its subject, and all need the person."""

import datetime
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision
from legacy_import.rules.decision_subjects import (
    SUBJECTS,
    MadeFor,
    RowVersion,
    still_applies,
    subject_of,
)

ROW = RowVersion(
    name_key="amina benali",
    birth_date=datetime.date(1994, 3, 12),
    phone_raw="0559446168",
    phone_normalized="213559446168",
    email_raw="amina.benali@example.org",
    email_normalized="amina.benali@example.org",
    raw_status="Formée",
    legacy_formation_id="3",
    legacy_session_id="7",
    payload_hash="a" * 64,
)
SOMEONE_ELSE: dict[str, Any] = {
    "name_key": "karim saidi", "birth_date": datetime.date(1988, 11, 30),
    "phone_raw": "0776845160", "phone_normalized": "213776845160",
    "email_raw": "", "email_normalized": None,
}  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    "payload": {},
    "status": {"raw_status": "Reporter"},
    "session": {"legacy_session_id": "8"},
    "formation": {"legacy_formation_id": "4"},
    "contact": {"phone_raw": "0661000111", "phone_normalized": "213661000111"},
    "person": SOMEONE_ELSE,
}
# Decision → the changes after which it no longer applies, besides another person.
LOST = {
    "accept_data": {"payload", "status", "session", "formation", "contact"},
    "acknowledge": {"payload", "status", "session", "formation", "contact"},
    "add_history": {"payload", "status", "session", "formation", "contact"},
    "treat_as": {"status"},
    "release_without_session": {"session"},
    "course_of_row": {"session", "formation"},
    "course_of_session": {"session", "formation"},
    "set_course": {"session", "formation"},
    "create_anyway": {"contact"},
}


def made_for(decision: str, row: RowVersion = ROW) -> MadeFor:
    return MadeFor(row.digest, row.payload_hash, subject_of(decision, row))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("decision", SUBJECTS)
def test_a_decision_applies_while_its_subject_and_the_person_are_unchanged(
    decision: str, change: str
) -> None:
    now = ROW._replace(payload_hash="b" * 64, **CHANGES[change])
    lost = change == "person" or change in LOST.get(decision, set())
    assert still_applies(decision, made_for(decision), now) is not lost


@pytest.mark.parametrize("decision", SUBJECTS)
def test_every_decision_applies_to_the_unchanged_row(decision: str) -> None:
    assert still_applies(decision, made_for(decision), ROW)


def test_a_row_without_name_date_and_contact_is_known_by_its_payload() -> None:
    blank = ROW._replace(
        name_key="", birth_date=None, phone_raw="", phone_normalized=None, email_normalized=None
    )
    assert still_applies("skip", made_for("skip", blank), blank)
    assert not still_applies("skip", made_for("skip", blank), blank._replace(payload_hash="b" * 64))


def test_every_decision_has_its_subject() -> None:
    assert set(ReviewDecision.values) <= set(SUBJECTS)


def test_a_decision_that_is_not_in_the_table_is_about_the_payload() -> None:
    now = ROW._replace(payload_hash="b" * 64)
    assert not still_applies("not_invented_yet", made_for("not_invented_yet"), now)


def test_another_spelling_of_the_status_is_the_same_status() -> None:
    now = ROW._replace(payload_hash="b" * 64, raw_status=" FORMEE")
    assert still_applies("treat_as", made_for("treat_as"), now)


def test_no_session_and_a_blank_one_are_told_apart_from_a_session() -> None:
    without = ROW._replace(payload_hash="b" * 64, legacy_session_id=None)
    assert not still_applies(
        "release_without_session", made_for("release_without_session"), without
    )


@pytest.mark.parametrize("decision", ["treat_as", "create_anyway", "accept_data"])
def test_a_subject_contains_no_text_of_the_row(decision: str) -> None:
    row = ROW._replace(raw_status="rappeler 0661000111")
    subject = subject_of(decision, row)
    assert len(subject) == 6  # 24 bits: many numbers share it
    assert "0661" not in subject
