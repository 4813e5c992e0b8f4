"""Numbers that are no settings are on the pages as they are in the code."""

import pytest
from django.conf import settings

from legacy_import.privacy.free_text import MAX_NOTE
from legacy_import.review import bulk, claims, decisions, reveal, saved_filters
from legacy_import.screens import obstacles
from legacy_import.screens.runs.operation_form import LARGEST_BATCH, USUAL_BATCH
from legacy_import.stages import replan
from tests.docs.tables import DOCS

WORDS = {5: "five", 10: "ten", 30: "thirty"}
LIMITS = " ".join((DOCS / "settings.md").read_text("utf-8").partition("\n## Limits\n")[2].split())


@pytest.mark.parametrize("words", [
    f"{reveal.PER_HOUR} reveals per person and hour",
    f"{bulk.MAX_ROWS:,} rows in one bulk decision",
    f"{saved_filters.MAX_FILTERS} saved filters",
    f"the last {WORDS[decisions.UNDO_LAST]} decisions per person",
    f"{WORDS[claims.CLAIM.seconds // 60]} minutes for a claim",
    f"{MAX_NOTE} characters for a note or a reason",
    f"{LARGEST_BATCH:,} rows in one batch from the browser (default: {USUAL_BATCH})",
    f"runs up to {obstacles.MOST_ROWS_PLANNED:,} rows are planned again from the browser",
    f"up to {obstacles.MOST_ROWS_RECONCILED:,} rows proved or previewed",
])  # fmt: skip
def test_a_limit_of_the_settings_page_is_the_one_of_the_code(words: str) -> None:
    assert words in LIMITS


def test_what_one_number_stands_for_is_limited_alike() -> None:
    assert replan.MAX_ROWS == obstacles.MOST_ROWS_PLANNED
    assert obstacles.MOST_ROWS_PREVIEWED == obstacles.MOST_ROWS_RECONCILED


def test_the_sign_in_locks_as_often_and_as_long_as_the_page_states() -> None:
    page = " ".join((DOCS / "production.md").read_text("utf-8").split()).lower()
    names, addresses = settings.AXES_FAILURE_LIMIT, settings.ADDRESS_FAILURE_LIMIT
    minutes = settings.AXES_COOLOFF_TIME.seconds // 60
    assert f"{WORDS[names]} wrong passwords for one name from one address" in page
    assert f"lock that pair for {minutes} minutes" in page
    assert f"{WORDS[addresses]} from one address, for any names" in page


@pytest.mark.parametrize(
    ("page", "mark"), [("tour.md", ","), ("tour.fr.md", "\xa0"), ("tour.ar.md", "\xa0")]
)
def test_a_tour_states_up_to_which_size_a_manager_plans_again(page: str, mark: str) -> None:
    size = f"{obstacles.MOST_ROWS_PLANNED:,}".replace(",", mark)
    assert size in (DOCS / page).read_text("utf-8")
