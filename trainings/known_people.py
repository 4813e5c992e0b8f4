"""Keeps stored what users and leads are compared by, whenever one is saved or deleted.

The name of a learner is the user's, the birth date the profile's. People whom an import creates in bulk
send no signal: its effects call the same functions.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_delete, post_save

from crm.models import CrmLead
from trainings.models import ImportedHistory, LearnerProfile, PersonKind
from trainings.owners import HISTORY, propose_for_person, withdraw_learners, withdraw_people

NAME_FIELDS = frozenset({"first_name", "last_name"})


def connect() -> None:
    user = get_user_model()
    post_save.connect(user_saved, sender=user, dispatch_uid="trainings.user_saved")
    post_save.connect(profile_saved, sender=LearnerProfile, dispatch_uid="trainings.profile_saved")
    post_save.connect(lead_saved, sender=CrmLead, dispatch_uid="trainings.lead_saved")
    post_delete.connect(user_deleted, sender=user, dispatch_uid="trainings.user_deleted")
    post_delete.connect(lead_deleted, sender=CrmLead, dispatch_uid="trainings.lead_deleted")
    for model in HISTORY:
        uid = f"trainings.{model._meta.model_name}_deleted"
        post_delete.connect(history_deleted, sender=model, dispatch_uid=uid)


def user_saved(
    *, instance: Any, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    """Store the key of the user's profile again. A sign-in saves the user too, but not the name."""
    if created or (update_fields is not None and NAME_FIELDS.isdisjoint(update_fields)):
        return
    for profile in LearnerProfile.objects.filter(user=instance):
        profile.user = instance
        profile.save(update_fields=["phone_normalized", "name_date_key"])


def profile_saved(*, instance: LearnerProfile, raw: bool = False, **_: Any) -> None:
    if not raw:
        propose_for_person((PersonKind.USER.value, instance.user_id), instance.name_date_key)


def lead_saved(*, instance: CrmLead, raw: bool = False, **_: Any) -> None:
    if not raw:
        propose_for_person((PersonKind.LEAD.value, instance.pk), instance.name_date_key)


def user_deleted(*, instance: Any, **_: Any) -> None:
    withdraw_people(PersonKind.USER.value, [instance.pk])


def lead_deleted(*, instance: CrmLead, **_: Any) -> None:
    withdraw_people(PersonKind.LEAD.value, [instance.pk])


def history_deleted(*, instance: ImportedHistory, **_: Any) -> None:
    withdraw_learners([instance.learner_key])
