"""The date of imported history: the first text that is a date, and where it comes from."""

import datetime

import pytest

from trainings.dates import NO_DATE, FoundDate, first_date

TODAY = datetime.date(2026, 11, 30)
JUNE = datetime.date(2019, 6, 30)


def test_without_texts_there_is_no_date():
    assert first_date([("completed", ""), ("session_end", "")], today=TODAY) == NO_DATE


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(
            [("completed", "2019-06-30"), ("archived", "2020-01-01")],
            FoundDate("2019-06-30", JUNE, "completed"),
            id="the_first_is_a_date",
        ),
        pytest.param(
            [("completed", ""), ("archived", "30/06/2019 10:12:00"), ("session_end", "2020-01-01")],
            FoundDate("30/06/2019 10:12:00", JUNE, "archived"),
            id="a_blank_one_is_passed_over",
        ),
        pytest.param(
            [("completed", "été 2019"), ("archived", ""), ("session_end", "30 juin 2019")],
            FoundDate("été 2019", JUNE, "session_end"),
            id="a_text_that_is_no_date_stays_as_found",
        ),
        pytest.param(
            [("completed", "été 2019"), ("session_end", "2019")],
            FoundDate("été 2019", None, "completed"),
            id="none_is_a_date",
        ),
    ],
)
def test_the_first_date_counts(texts, expected):
    assert first_date(texts, today=TODAY) == expected


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("12/03/21", datetime.date(2021, 3, 12)),  # not 1921, as a birth date would be
        ("12/03/98", datetime.date(1998, 3, 12)),
        ("2028-02-29", datetime.date(2028, 2, 29)),  # a session that is planned
        ("2040-01-01", None),
        ("1951-01-01", None),
        ("2019-02-31", None),
        ("2019-00-00", None),
        ("0000-00-00", None),
    ],
)
def test_a_date_of_history_is_a_day_on_which_the_school_existed(text, date):
    assert first_date([("completed", text)], today=TODAY).date == date
