"""Keeps the name keys of learner profiles true: the name is the user's, the birth date the profile's."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_save

from trainings.models import LearnerProfile

NAME_FIELDS = frozenset({"first_name", "last_name"})


def connect() -> None:
    post_save.connect(user_saved, sender=get_user_model(), dispatch_uid="trainings.name_date_key")


def user_saved(
    *, instance: Any, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    """Store the key of the user's profile again. A sign-in saves the user too, but not the name."""
    if created or (update_fields is not None and NAME_FIELDS.isdisjoint(update_fields)):
        return
    for profile in LearnerProfile.objects.filter(user=instance):
        profile.user = instance
        profile.save(update_fields=["phone_normalized", "name_date_key"])
