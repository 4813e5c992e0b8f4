"""Add what the fictional school already has to the platform: courses, users and leads."""

from itertools import islice

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction

from crm.models import CrmLead
from trainings.models import Course, LearnerProfile

from .people import LegacyWorld
from .population import KnownPerson
from .tables import COURSES

BATCH = 1000


def seed_platform(world: LegacyWorld) -> dict[str, int]:
    """Create the courses and known people of the world; return how many of each were added.

    Idempotent: courses are identified by code, users by name, leads by their contents. Users get no
    usable password. Each batch of people is one transaction, so an interrupted run can be repeated.
    """
    counts = {"courses": _add_courses(), "users": 0, "profiles": 0, "leads": 0}
    known_people = world.known_people()
    while batch := list(islice(known_people, BATCH)):
        with transaction.atomic():
            users, profiles = _add_users(world.seed, [one for one in batch if one.kind == "user"])
            counts["users"] += users
            counts["profiles"] += profiles
            counts["leads"] += _add_leads([one for one in batch if one.kind == "lead"])
    return counts


def _add_courses() -> int:
    codes = [code for code, _ in COURSES]
    present = set(Course.objects.filter(code__in=codes).values_list("code", flat=True))
    missing = [Course(code=code, name=name) for code, name in COURSES if code not in present]
    Course.objects.bulk_create(missing)
    return len(missing)


def _add_users(seed: int, people: list[KnownPerson]) -> tuple[int, int]:
    """Add the missing users, then the missing profiles; return how many of each."""
    by_username = {f"demo-{seed}-{one.number}": one for one in people}
    users = User.objects.filter(username__in=by_username)
    present = set(users.values_list("username", flat=True))
    missing = [name for name in by_username if name not in present]
    User.objects.bulk_create([_user(name, by_username[name]) for name in missing])
    # A new query: MySQL's bulk_create returns no ids.
    existing = {user.username: user for user in users.all()}
    with_profile = set(
        LearnerProfile.objects.filter(user__in=existing.values()).values_list("user_id", flat=True)
    )
    profiles = [
        LearnerProfile(user=existing[name], phone=one.phone, birth_date=one.birth_date)
        for name, one in by_username.items()
        if existing[name].pk not in with_profile
    ]
    for profile in profiles:
        profile.normalize()
    LearnerProfile.objects.bulk_create(profiles)
    return len(missing), len(profiles)


def _user(username: str, person: KnownPerson) -> User:
    return User(
        username=username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        password=make_password(None),
    )


def _add_leads(people: list[KnownPerson]) -> int:
    leads = [
        CrmLead(
            full_name=f"{one.first_name} {one.last_name}".strip(),
            phone=one.phone,
            email=one.email,
            birth_date=one.birth_date,
        )
        for one in people
    ]
    leads_by_name = CrmLead.objects.filter(full_name__in={lead.full_name for lead in leads})
    present = set(leads_by_name.values_list("full_name", "phone", "email"))
    missing = [lead for lead in leads if (lead.full_name, lead.phone, lead.email) not in present]
    for lead in missing:
        lead.normalize()
    CrmLead.objects.bulk_create(missing)
    return len(missing)
