"""The only place that reads the platform's courses, users and leads: who might a row be?"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from operator import or_

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q, Value
from django.db.models.functions import Concat, Length
from django.db.models.lookups import GreaterThanOrEqual

from crm.models import CourseInterest, CrmLead
from ecoin.bulk import Ids
from ecoin.database import as_ascii, force_index, join_in_order
from ecoin.fields import AsciiField
from ecoin.identity.keys import Key
from ecoin.identity.phones import parse_phones
from legacy_import.choices import PersonKind
from legacy_import.conf import ImportConf
from legacy_import.models import PLATFORM, IdentityKey, LegacyStudentImport
from legacy_import.people.contact import Contact, PlatformPerson, person_of
from legacy_import.people.contact import keys as keys_of
from legacy_import.rules.duplicates import Target
from trainings.models import (
    Course,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
)

PEOPLE_PER_PAGE = 2_000
# A phone may contain two numbers if it is so long (characters), or has one of these signs or words: the
# second may be written by its last two digits, as in 0661223344/45.
TWO_NUMBERS = 16
BEFORE_SECOND = ("/", "\\", "|", "ou", "et")
MOST_ADDRESSES = 2**62  # of the rows of a batch: all of them

# SQL: the birth date of a user or lead `t` (owner_kind, owner_id), and the joins that it takes.
BIRTH_DATE = "COALESCE(lead_of.birth_date, profile_of.birth_date)"
BIRTH_DATES = f"""
    LEFT JOIN {CrmLead._meta.db_table} lead_of
        ON t.owner_kind = '{PersonKind.LEAD.value}' AND lead_of.id = t.owner_id
    LEFT JOIN {LearnerProfile._meta.db_table} profile_of
        ON t.owner_kind = '{PersonKind.USER.value}' AND profile_of.user_id = t.owner_id
"""

# The last part of an origin → what carries it.
HISTORY: dict[str, type[Model]] = {
    "training": LegacyCompletedTraining,
    "enrollment": LegacyImportedEnrollment,
}
EFFECTS: dict[str, type[Model]] = {"lead": CrmLead, "interest": CourseInterest, **HISTORY}


def platform_courses() -> list[tuple[int, str]]:
    """(id, name) of every course of the platform."""
    return list(Course.objects.order_by("pk").values_list("pk", "name"))


def platform_catalogue() -> list[tuple[int, str, str]]:
    """(id, name, code) of every course of the platform, by name."""
    return list(Course.objects.order_by("name", "pk").values_list("pk", "name", "code"))


def platform_people(targets: Iterable[Target], conf: ImportConf) -> dict[Target, PlatformPerson]:
    """The users and leads with these ids, ready to be compared; the ones that are gone are absent."""
    return {
        target: PlatformPerson(
            person_of(contact.name, contact.email.strip().lower(), contact.birth_date, conf),
            contact.origin,
            contact.active,
        )
        for target, contact in contacts_of(targets).items()
    }


def fingerprints_of(targets: Iterable[Target]) -> dict[Target, str]:
    """The versions of these users and leads; the ones that are gone are absent."""
    return {target: contact.fingerprint for target, contact in contacts_of(targets).items()}


def contacts_of(targets: Iterable[Target]) -> dict[Target, Contact]:
    """The contacts of these users and leads on the platform; the ones that are gone are absent."""
    return {
        (kind, pk): contact
        for kind, ids in _by_kind(targets).items()
        for pk, contact in _contacts(kind, Q(pk__among=Ids(ids)))
    }


def people_with_phone(phone: str) -> list[Target]:
    """The users and leads who carry exactly this number, however it is typed."""
    numbers = parse_phones(phone).valid
    leads = CrmLead.objects.filter(phone_normalized__in=numbers).values_list("pk", flat=True)
    profiles = LearnerProfile.objects.filter(phone_normalized__in=numbers)
    keys = IdentityKey.objects.filter(scope=PLATFORM, kind="P", value__in=numbers)
    candidates = contacts_of(
        {
            *((PersonKind.LEAD.value, pk) for pk in leads),
            *((PersonKind.USER.value, pk) for pk in profiles.values_list("user_id", flat=True)),
            *keys.values_list("owner_kind", "owner_id"),  # of second phones, too
        }
    )
    return sorted(
        target
        for target, contact in candidates.items()
        if set(parse_phones(contact.phone).valid) & set(numbers)
    )


def page_of_people(kind: str, *, after: int) -> list[tuple[int, Contact]]:
    """(id, contact) of the next users or leads after an id; none: that was the last of them."""
    return list(_contacts(kind, Q(pk__gt=after), PEOPLE_PER_PAGE))


def page_of_changed_people(
    kind: str, *, after: int, since: datetime.datetime, run_id: int
) -> list[tuple[int, Contact]]:
    """As page_of_people, of those whom `carriers` would not find by the tables' own columns.

    Leads saved `since`, except those that this run created. When users change is not recorded: all
    whose phone may contain two numbers, of which the profile's column has the first.
    """
    condition = Q(pk__gt=after)
    if kind == PersonKind.USER.value:
        condition &= reduce(
            or_,
            (Q(learner_profile__phone__icontains=sign) for sign in BEFORE_SECOND),
            Q(GreaterThanOrEqual(Length("learner_profile__phone"), TWO_NUMBERS)),
        )
    else:
        condition &= Q(updated_at__gte=since) & ~Q(legacy_import_run_id=run_id)
    return list(_contacts(kind, condition, PEOPLE_PER_PAGE))


def imported_rows(connection_name: str, ids: Collection[int]) -> set[int]:
    """Those staged rows from whose source row any run created a record of the platform."""
    has_record = Q()
    for effect, model in EFFECTS.items():
        origin = Concat(
            Value(f"{connection_name}:"), OuterRef("source_table"), Value(":"),
            OuterRef("legacy_id"), Value(f":{effect}"), output_field=AsciiField(),
        )  # fmt: skip
        has_record |= Q(Exists(model._default_manager.filter(origin=origin)))
    rows = LegacyStudentImport.objects.filter(has_record, pk__among=Ids(ids))
    return set(rows.values_list("pk", flat=True))


def records_that_exist(records: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these records and people, as (model label, id), that are still on the platform."""
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for label, pk in records:
        ids[label].add(pk)
    return {
        (label, pk)
        for label, of_model in ids.items()
        for pk in apps.get_model(label)
        ._default_manager.filter(pk__among=Ids(of_model))
        .values_list("pk", flat=True)
    }


def leads_of_rows(rows: Sequence[str]) -> dict[str, int]:
    """Row (`<connection>:<table>:<id>`) → the lead that an import created from it."""
    leads = CrmLead.objects.filter(origin__in=[f"{row}:lead" for row in rows])
    return {
        origin.removesuffix(":lead"): pk
        for pk, origin in leads.values_list("pk", "origin")
        if origin
    }


def learner_keys_of(rows: Sequence[str]) -> dict[str, str]:
    """Row (`<connection>:<table>:<id>`) → the learner key of the history that was created from it."""
    keys: dict[str, str] = {}
    for effect, model in HISTORY.items():
        history = model._default_manager.filter(origin__in=[f"{row}:{effect}" for row in rows])
        for origin, key in history.values_list("origin", "learner_key"):
            keys[origin.removesuffix(f":{effect}")] = key
    return keys


def history_of_rows(rows: Sequence[str]) -> dict[str, Target | None]:
    """Origin of each completed training and imported enrolment of these rows → its person, if any."""
    people: dict[str, Target | None] = {}
    for effect in ("training", "enrollment"):
        records = EFFECTS[effect]._default_manager.filter(
            origin__in=[f"{row}:{effect}" for row in rows]
        )
        for origin, user, lead in records.values_list("origin", "user_id", "lead_id"):
            person = (PersonKind.USER.value, user) if user else (PersonKind.LEAD.value, lead)
            people[origin] = person if person[1] else None
    return people


def any_origin_of(connection_name: str) -> bool:
    """Whether any record of the platform came from this source (a cheap query, sent first)."""
    prefix = f"{connection_name}:"
    return any(
        model._default_manager.filter(origin__startswith=prefix).exists()
        for model in EFFECTS.values()
    )


def lock_people(targets: Iterable[Target]) -> None:
    """No one can edit or delete these users and leads until the caller's transaction ends."""
    for kind, ids in _by_kind(targets).items():
        model = get_user_model() if kind == PersonKind.USER else CrmLead
        people = model._default_manager.filter(pk__among=Ids(ids)).order_by("pk")
        if ids:
            list(people.select_for_update().values_list("pk", flat=True))


def carriers(run_id: int, rows: Collection[int]) -> Iterator[tuple[int, Target, Key]]:
    """(staged row, user or lead, key): who carries one of the rows' phones and addresses by now.

    Reads the tables as they are now, and the stored keys, which contain second phones too. Joined by
    the database, so that only matches are read.
    """
    if not rows:
        return
    which = (
        f"s.scope = {run_id:d} AND s.owner_kind = '{PersonKind.STAGED.value}' "
        f"AND {Ids(rows).within('s.owner_id', connection)}"
    )
    # From the rows to who carries their keys, in this order also while the tables grow:
    # left to itself, MariaDB compared everyone on the platform with every row of the run.
    join = join_in_order(connection)
    with connection.cursor() as cursor:
        for kind, pk, table, index, match in _CARRIERS:
            cursor.execute(
                f"SELECT s.owner_id, {kind}, {pk}, s.kind, s.value "
                f"FROM {IdentityKey._meta.db_table} s {force_index(connection, 'PRIMARY')} "
                f"{join} {table} t {force_index(connection, index)} ON {match} "
                f"WHERE {which} AND s.kind IN ('P', 'E')"
            )
            for row, owner_kind, owner, key, value in cursor.fetchall():
                yield row, (owner_kind, owner), Key(key, value)
        # Users have no normalized address and no index on the typed one: the server sets the rows'
        # addresses apart (by the LIMIT) and looks every user's up there. What is not ASCII becomes
        # "?", and so may meet another's address: the caller looks at the person again.
        typed = "LOWER(TRIM(t.email))"
        cursor.execute(
            f"SELECT k.owner_id, t.id, k.value FROM {get_user_model()._meta.db_table} t "
            f"{join} (SELECT s.owner_id, s.value FROM {IdentityKey._meta.db_table} s "
            f"WHERE {which} AND s.kind = 'E' LIMIT {MOST_ADDRESSES}) k "
            f"ON k.value = {as_ascii(connection, typed)} "
            f"WHERE t.email <> ''"
        )
        for row, user, address in cursor.fetchall():
            yield row, (PersonKind.USER.value, user), Key("E", address)


# Kind and id of the person, table, index, and how a staged row's key meets it.
_CARRIERS = (
    ("'lead'", "t.id", CrmLead._meta.db_table, "crm_lead_phone",
     "s.kind = 'P' AND t.phone_normalized = s.value"),
    ("'lead'", "t.id", CrmLead._meta.db_table, "crm_lead_email",
     "s.kind = 'E' AND t.email_normalized = s.value"),
    ("'user'", "t.user_id", LearnerProfile._meta.db_table, "trainings_profile_phone",
     "s.kind = 'P' AND t.phone_normalized = s.value"),
    ("t.owner_kind", "t.owner_id", IdentityKey._meta.db_table, "legacy_identity_by_value",
     f"t.scope = {PLATFORM} AND t.kind = s.kind AND t.value = s.value"),
)  # fmt: skip


def still_carry(
    people: Mapping[Target, AbstractSet[Key]], *, run_id: int, conf: ImportConf
) -> Iterator[tuple[Target, Key]]:
    """Which of these people carry which of these keys by now; without the leads of this run."""
    others = people.keys() - set(_leads_of_run(run_id, people))
    yield from who_carry({person: people[person] for person in others}, conf)


def who_carry(
    people: Mapping[Target, AbstractSet[Key]], conf: ImportConf
) -> Iterator[tuple[Target, Key]]:
    """Which of these people carry which of these keys by now."""
    for person, contact in contacts_of(people).items():
        for key in people[person] & set(keys_of(contact, conf)):
            yield person, key


def _leads_of_run(run_id: int, targets: Iterable[Target]) -> list[Target]:
    ids = _by_kind(targets)[PersonKind.LEAD.value]
    own = CrmLead.objects.filter(pk__among=Ids(ids), legacy_import_run_id=run_id)
    return [(PersonKind.LEAD.value, pk) for pk in own.values_list("pk", flat=True)]


def _by_kind(targets: Iterable[Target]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {PersonKind.USER.value: [], PersonKind.LEAD.value: []}
    for kind, pk in targets:
        ids[kind].append(pk)
    return ids


def _contacts(kind: str, which: Q, first: int | None = None) -> Iterator[tuple[int, Contact]]:
    """(id, contact) of those users or leads, in the order of their ids; the `first` so many."""
    if kind == PersonKind.USER.value:
        users = get_user_model()._default_manager.filter(which).order_by("pk")
        columns = users.values_list(
            "pk", "first_name", "last_name", "learner_profile__phone", "email",
            "learner_profile__birth_date", "is_active",
        )  # fmt: skip
        for pk, first_name, last_name, phone, email, born, active in columns[:first]:
            name = f"{first_name} {last_name}".strip()
            yield pk, Contact(name, phone or "", email or "", born, active=active)
        return
    leads = CrmLead.objects.filter(which).order_by("pk")
    of_leads = leads.values_list("pk", "full_name", "phone", "email", "birth_date", "origin")
    for pk, name, phone, email, born, origin in of_leads[:first]:
        yield pk, Contact(name, phone, email, born, origin or "")
