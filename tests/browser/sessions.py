"""Members of staff and their sessions, for browsers and for the tests' own clients."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client

from legacy_import.permissions import APP_LABEL, GROUPS, PLATFORM_PERMISSIONS


def user_as(role: str, username: str = "") -> Any:
    """A fictional member of staff with that role; the same name gives the same user."""
    name = username or f"essai.{role.lower()}"
    user, _ = get_user_model().objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": role == "superuser"}
    )
    if role in GROUPS:
        group, _ = Group.objects.get_or_create(name=role)
        granted = {*(f"{APP_LABEL}.{name}" for name in GROUPS[role]), *PLATFORM_PERMISSIONS[role]}
        known = Permission.objects.select_related("content_type")
        # A transactional test leaves no groups behind.
        group.permissions.set(
            one for one in known if f"{one.content_type.app_label}.{one.codename}" in granted
        )
        user.groups.add(group)
    return user


def session_of(user: Any) -> str:
    """The value of a session cookie for this user."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
