"""Days and moments as pages write them, in each language."""

import datetime

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.formats import date_format

MOMENT = datetime.datetime(2026, 11, 30, 15, 4, tzinfo=datetime.UTC)  # 16:04 in Algiers


@pytest.mark.parametrize(("language", "written"), [("fr", "30/11/2026 16:04"),
                                                   ("ar", "30/11/2026 16:04")])  # fmt: skip
def test_a_moment_is_written_day_first(language: str, written: str) -> None:
    """Without marks: with them, a right-to-left page shows the year first."""
    page = Template('{{ moment|date:"SHORT_DATETIME_FORMAT" }}')
    with translation.override(language):
        assert page.render(Context({"moment": MOMENT})) == written


def test_lists_of_the_admin_write_arabic_moments_day_first() -> None:
    with translation.override("ar"):
        assert date_format(timezone.localtime(MOMENT), "DATETIME_FORMAT") == "30 نوفمبر 2026 16:04"
        assert date_format(MOMENT.date(), "SHORT_DATE_FORMAT") == "30/11/2026"
