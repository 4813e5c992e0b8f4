"""Probable owners and the form that attaches history: decided, refused, overtaken; hostile names."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.browser.states import LONG_NAME, Reach, State, at
from tests.factories import CourseFactory, CrmLeadFactory, LearnerProfileFactory, UserFactory
from tests.trainings.histories import BORN, NOW, history, seen
from trainings.attachments import attach
from trainings.models import ProbableOwner

ROOT = "/admin/trainings/history"
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
HOSTILE = "<script>document.title='!'</script> \u202e" + "W" * 150


def owners() -> None:
    """Three lines: with all its evidence, in Arabic letters, and with a name that is an attack."""
    course = CourseFactory(name="<b>Infographie</b> " + "W" * 90)
    shared = {"course": course, "learner_phone": PHONE, "learner_email": EMAIL}
    first = history(1, **shared, session_code="PAO-2019")
    history(2, key=first.learner_key, enrollment=True)
    CrmLeadFactory(full_name="Haddad Karim", birth_date=BORN, phone=PHONE, email="k@exemple.dz")
    arabic = {"user__first_name": "سميرة", "user__last_name": "بن علي", "user__is_active": False}
    born = BORN.replace(year=1991)
    history(3, learner_name="سميرة بن علي", learner_birth_date=born)
    LearnerProfileFactory(**arabic, birth_date=born)
    hostile = history(4, learner_name=HOSTILE, learner_phone="123", learner_birth_date=None)
    lead = CrmLeadFactory(full_name=HOSTILE)
    ProbableOwner.objects.create(
        learner_key=hostile.learner_key, person_kind="lead", person_id=lead.pk,
        reason="blocked_match", blocker="hot_key",
    )  # fmt: skip


def states(language: str) -> Iterator[State]:
    yield State("no owners", at(f"{ROOT}/owners"), shows=".li-empty")
    owners()
    pairs = list(ProbableOwner.objects.order_by("pk"))
    for pair in pairs:
        yield State(f"owner of {pair.learner_key}", at(f"{ROOT}/owners?row={pair.pk}"),
                    shows="#li-decide button", hides=PHONE)  # fmt: skip
    yield State("keys of the owners", _helped, shows=".li-help")
    yield State("reason with a contact", _refused, shows="[role=alert]", hides=EMAIL)
    key = pairs[0].learner_key
    yield State("attach", at(f"{ROOT}/attach?key={key}"), shows="#li-attach", hides=PHONE)
    yield State("person found", _found(key), shows="#li-attach table", hides=EMAIL)
    yield State("overtaken", _overtaken, shows="[role=alert]")
    record = history(9)
    attach(
        records=seen(record), person=("lead", pairs[0].person_id), reason="dossier" * 36,
        actor=UserFactory(username=LONG_NAME), now=NOW,
    )  # fmt: skip
    yield State("attached", at(f"{ROOT}/learner?key={record.learner_key}"))
    yield State("move", at(f"{ROOT}/attach?key={record.learner_key}"), shows="[value=detach]")
    yield State("put aside", _put_aside, shows="form[data-undo]")


def _helped(page: Page) -> None:
    page.goto(f"{ROOT}/owners")
    page.locator("#li-help-open").click()


def _refused(page: Page) -> None:
    page.goto(f"{ROOT}/owners")
    page.locator("#li-note").fill("appeler le 0661 22 33 44")
    with page.expect_navigation():
        page.locator("button[value=attach]").click()


def _found(key: str) -> Reach:
    def find(page: Page) -> None:
        page.goto(f"{ROOT}/attach?key={key}")
        page.locator("#li-q").fill(PHONE)
        with page.expect_navigation():
            page.locator("#li-find").click()

    return find


def _overtaken(page: Page) -> None:
    """Another user decides while the page is open."""
    page.goto(f"{ROOT}/owners")
    ProbableOwner.objects.update(version=99)
    page.keyboard.press("n")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _put_aside(page: Page) -> None:
    page.goto(f"{ROOT}/owners")
    page.keyboard.press("z")
    with page.expect_navigation():
        page.keyboard.press("Enter")
