"""What surrounds the screens: the admin's own pages, signing in, refusals, and screens without data."""

from collections.abc import Iterator

from django.conf import settings
from django.test import override_settings
from playwright.sync_api import Page

from tests.browser.states import LONG_NAME, State, at
from tests.factories import CompletedTrainingFactory, CrmLeadFactory, LearnerProfileFactory

IMPORTS = "/admin/legacy-imports"
LOGIN = "/admin/login/"
TOO_MANY_FIELDS = f"{IMPORTS}?" + "a&" * 1_300  # settings allow 1,200
LISTS = ("crm/crmlead", "trainings/course", "trainings/session", "trainings/learnerprofile",
         "trainings/legacycompletedtraining", "trainings/legacyimportedenrollment")  # fmt: skip


def states(language: str) -> Iterator[State]:
    yield from _without_a_run()
    yield from _refusals()
    yield State("index", at("/admin/"))
    yield State("login", at(LOGIN), shows="#login-form", role="")
    yield State("password", at("/admin/password_change/"), shows="form", role="superuser")
    yield from _records()


def _without_a_run() -> Iterator[State]:
    for name in ("", "/students", "/review", "/course-mapping", "/session-mapping"):
        yield State(f"no run{name}", at(f"{IMPORTS}{name}"), shows=".li-empty")


def _records() -> Iterator[State]:
    """The platform's own lists, whose names and codes are one long word each."""
    lead = CrmLeadFactory(
        full_name=LONG_NAME * 3, email=LONG_NAME, origin="stagiaires:" + "7" * 150
    )
    LearnerProfileFactory(user__username=LONG_NAME)
    history = CompletedTrainingFactory(learner_name=LONG_NAME * 3, course__name=LONG_NAME * 2)
    changed = (f"crm/crmlead/{lead.pk}/change",
               f"trainings/legacycompletedtraining/{history.pk}/change")  # fmt: skip
    for place in (*LISTS, *changed):
        yield State(place, at(f"/admin/{place}/"), role="superuser",
                    axe_width=0 if place in LISTS[1:] else 1280)  # fmt: skip


def _refusals() -> Iterator[State]:
    yield State("not permitted", at(f"{IMPORTS}/lineage", 403), role="staff")
    yield State("nothing here", at(f"{IMPORTS}/nothing", 404), role="Reader")
    yield State("nothing here for nobody", at("/nothing", 404), shows="h1", role="")
    yield State("unreadable", at(TOO_MANY_FIELDS, 400), shows="h1", role="Reader", axe_width=320)
    yield State("old token", _old_token, shows="h1")
    with override_settings(AXES_ENABLED=True):
        yield State("locked out", locked_out, shows="h1", role="", axe_width=320)
    with override_settings(AUTHENTICATION_BACKENDS=["nothing.Here"]):
        yield State("broken", at(LOGIN, 500), shows="h1", role="", axe_width=320)


def sign_in(page: Page) -> int:
    """Send a name and a password; the status of the answer."""
    page.goto(LOGIN)
    page.locator("#id_username").fill("personne")
    page.locator("#id_password").fill("rien")
    with page.expect_navigation() as answered:
        page.locator("#login-form [type=submit]").click()
    return answered.value.status if answered.value else 0


def locked_out(page: Page) -> None:
    statuses = [sign_in(page) for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert statuses[-1] == 429


def _old_token(page: Page) -> None:
    page.goto("/admin/")
    page.context.clear_cookies(name="csrftoken")
    with page.expect_navigation():
        page.locator("#logout-form button").click()
