"""One sign-in per role for `make demo`. Refuses to exist outside DEBUG."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from legacy_import.permissions import GROUPS

PASSWORD = "ecoin-demo-2026"
ADMIN = "Admin"
# Who signs in → what they see more than the one before.
SHOWS = {
    "Reader": "runs and learners, masked",
    "Reviewer": "and the review queue",
    "Manager": "and courses, sessions, exports, raw payloads",
    "Operator": "and commit and rollback",
    ADMIN: "and the accounts and their groups",
}


def create() -> None:
    """Create (or reset) a staff account per group and one administrator."""
    if not settings.DEBUG:
        raise SystemExit("Demo accounts are for DEBUG=true only.")
    users = get_user_model()._default_manager
    for name in (*GROUPS, ADMIN):
        user, _ = users.get_or_create(username=name.lower())
        user.is_staff = True
        user.is_superuser = name == ADMIN
        if not user.check_password(PASSWORD):  # a new hash would sign people out
            user.set_password(PASSWORD)
        user.save()
        if name in GROUPS:
            user.groups.set([Group.objects.get(name=name)])


def show() -> None:
    """Print who can sign in, and what each of them is for."""
    for name, shows in SHOWS.items():
        print(f"  {name.lower():<10} {PASSWORD:<16} {shows}")
