"""Former learners: searched by name and contact, one page each, printed, revealed; on a lead's page."""

import datetime
from collections.abc import Iterator
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.states import LONG_NAME, Reach, State, at
from tests.factories import (
    CompletedTrainingFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    EnrollmentFactory,
    LearnerProfileFactory,
)

ROOT = "/admin/trainings/history"
KEY = "legacy:archives:12"
PHONE, EMAIL = "0559446482", "karim.haddad@exemple.dz"
HOSTILE = "<script>document.title='!'</script>\u202e\u2066" + "x" * 100
LEARNER = f"{ROOT}/learner?key={quote(KEY)}"


def states(language: str) -> Iterator[State]:
    yield State("history, empty", at(ROOT), shows="#li-q", role="Reader")
    lead, profile = learner_everywhere()
    yield State(
        "history, name", at(f"{ROOT}?q=haddad"), shows="#li-found", hides=PHONE, role="Reader"
    )
    yield State("history, similar", at(f"{ROOT}?q=Kirim+Houdad"), shows="#li-found", role="Reader")
    yield State("history, nobody", at(f"{ROOT}?q=zzyx+qwrtp"), shows=".li-empty", role="Reader")
    yield State(
        "history, contact in the address", at(f"{ROOT}?q=a@b.dz", 400), shows=".li-alert",
        hides="a@b.dz", role="Reader",
    )  # fmt: skip
    yield State("history, phone", _look_for(PHONE), shows="#li-found", hides=PHONE, role="Reader")
    yield State("history, part of a phone", _look_for("05594464"), shows=".li-empty", role="Reader")
    yield State("learner", at(LEARNER), shows="#li-lines", hides=PHONE, role="Manager")
    yield State("learner revealed", _reveal("attestation"), shows="#li-revealed", role="Manager")
    yield State("learner not revealed", _reveal(f"pour {PHONE}"), shows=".li-alert", role="Manager")
    yield State(
        "learner printed", at(LEARNER.replace("learner?", "learner/print?")),
        shows=".signature", hides=PHONE, role="Reader",
    )  # fmt: skip
    yield State(
        "lead with history", at(f"/admin/crm/crmlead/{lead}/change/"), shows="table.li-table",
        role="Reader",
    )  # fmt: skip
    yield State(
        "profile with history", at(f"/admin/trainings/learnerprofile/{profile}/change/"),
        shows="table.li-table", role="superuser",
    )  # fmt: skip
    yield State(
        "lead of a former learner", _new_lead, shows=".messagelist .warning", hides=PHONE,
        role="superuser",
    )  # fmt: skip
    for number in range(30):
        CompletedTrainingFactory(learner_key=f"legacy:archives:{100 + number}",
                                 learner_name="Lina Haddad", dated_on=datetime.date(2018, 5, 6),
                                 dated_from="session_end")  # fmt: skip
    yield State("history, second page", _next_page, shows=".li-pager", role="Reader")


def learner_everywhere() -> tuple[int, int]:
    """A learner of long and hostile words, with everything a page may show; the lead and the profile."""
    shared = {"learner_key": KEY, "learner_phone": PHONE, "learner_email": EMAIL,
              "learner_birth_date": datetime.date(1999, 2, 3)}  # fmt: skip
    profile = LearnerProfileFactory(user__username=LONG_NAME, phone=PHONE)
    lead = CrmLeadFactory(full_name=f"Karim {HOSTILE}")
    CourseInterestFactory(
        lead=lead, legacy_course_name=LONG_NAME, origin="legacy:archives:8:interest"
    )
    CompletedTrainingFactory(
        origin="legacy:archives:12:training", learner_name="Karim Haddad", course__name=LONG_NAME * 2,
        legacy_course_name=HOSTILE, session_code="PAO-" + "9" * 60, session_starts_raw="2019-01-06",
        session_ends_raw="été 2019", completed_date_raw="été 2019", user=profile.user,
        dated_on=datetime.date(2019, 6, 30), dated_from="archived", **shared,
    )  # fmt: skip
    CompletedTrainingFactory(course=None, legacy_course_name="Dactylo", learner_name="حداد كريم",
                             lead=lead, **shared)  # fmt: skip
    EnrollmentFactory(learner_name=f"Haddad {HOSTILE}", dated_on=datetime.date(2018, 1, 7),
                      dated_from="session_start", **shared)  # fmt: skip
    return lead.pk, profile.pk


def _look_for(text: str) -> Reach:
    def go(page: Page) -> None:
        page.goto(ROOT)
        page.locator("#li-q").fill(text)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    return go


def _reveal(reason: str) -> Reach:
    def go(page: Page) -> None:
        page.goto(LEARNER)
        page.locator("details > summary").last.press("Enter")
        page.locator("#li-reason").fill(reason)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    return go


def _new_lead(page: Page) -> None:
    page.goto("/admin/crm/crmlead/add/")
    page.locator("#id_full_name").fill("Karim H.")
    page.locator("#id_phone").fill(PHONE)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _next_page(page: Page) -> None:
    page.goto(f"{ROOT}?q=haddad")
    with page.expect_navigation():
        page.locator("[rel=next]").click()
