"""The date of imported history, and where it comes from."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from ecoin.identity.dates import parse_event_date

FUTURE = datetime.timedelta(days=3 * 366)  # sessions are planned so far ahead at most


class FoundDate(NamedTuple):
    """`raw`: as found; `date`: of the first text that is a date; `source`: of that text, or of `raw`."""

    raw: str
    date: datetime.date | None
    source: str


NO_DATE = FoundDate("", None, "")


def first_date(texts: Iterable[tuple[str, str]], *, today: datetime.date) -> FoundDate:
    """The first of these (source, text as found) that is not blank, and the first that is a date."""
    dates = [(source, text) for source, text in texts if text]
    if not dates:
        return NO_DATE
    first_source, raw = dates[0]
    for source, text in dates:
        date = parse_event_date(text, latest=today + FUTURE)
        if date:
            return FoundDate(raw, date, source)
    return FoundDate(raw, None, first_source)
