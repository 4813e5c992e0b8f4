"""The screens of the import as entries of a menu: their address, their name, who may open them."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.permissions import APP_LABEL, MAP, REVIEW, VIEW

RUNS, RUN = "runs", "run"


@dataclass(frozen=True, slots=True)
class MenuScreen:
    """A screen that a menu may offer. `permission` is a codename of the import."""

    section: str
    page: str
    name: str | Promise
    permission: str


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A screen for one reader: its address keeps the run, if any."""

    section: str
    name: str | Promise
    address: str


# In the order of work. The run itself is offered once one is open.
SCREENS = (
    MenuScreen(RUNS, "runs", _("Runs"), VIEW),
    MenuScreen("students", "students", _("Learners"), VIEW),
    MenuScreen("review", "review", _("Review queue"), REVIEW),
    MenuScreen("course_mapping", "course-mapping", _("Courses"), MAP),
    MenuScreen("session_mapping", "session-mapping", _("Sessions"), MAP),
    MenuScreen("status_mapping", "status-mapping", _("Statuses"), MAP),
)


def entries(user: AbstractBaseUser | AnonymousUser, run_id: int | None = None) -> list[MenuEntry]:
    """The screens that this user may open, in the order of work; with a run, about that run."""
    offered = []
    for screen in SCREENS:
        if not user.has_perm(f"{APP_LABEL}.{screen.permission}"):  # type: ignore[union-attr]
            continue
        query = f"?run={run_id}" if run_id and screen.section != RUNS else ""
        try:
            address = reverse(f"{APP_LABEL}:{screen.page}")
        except NoReverseMatch:
            continue
        offered.append(MenuEntry(screen.section, screen.name, address + query))
        if run_id and screen.section == RUNS:
            name = _("Run %(number)s") % {"number": run_id}
            offered.append(MenuEntry(RUN, name, reverse(f"{APP_LABEL}:run", args=[run_id])))
    return offered
