"""The stored identity keys of users and leads, brought up to date with the platform.

Validation and plan read everyone. A commit looks its rows' contacts up in the platform's own tables
and trusts no key without reading its person; what those tables cannot find are second phone numbers.
Hence it refreshes keys, too, but only of people who changed.
"""

import datetime
from collections import defaultdict

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ecoin.bulk import Ids, insert_rows
from ecoin.identity.keys import Key
from legacy_import.choices import PersonKind
from legacy_import.conf import ImportConf
from legacy_import.models import KEY_COLUMNS, PLATFORM, IdentityKey, LegacyImportRun
from legacy_import.people import contact as contacts
from legacy_import.people.contact import Contact
from legacy_import.people.platform import page_of_changed_people, page_of_people
from legacy_import.runs.lifecycle import lock_business_writes
from legacy_import.runs.progress import Progress

LAST_REFRESH = "people_read"  # in a run's summary
# A lead saved before that moment may appear after it: another host's clock is behind, or its
# transaction took long. Reading someone twice costs little and changes nothing.
OVERLAP = datetime.timedelta(minutes=15)
KINDS = (PersonKind.USER.value, PersonKind.LEAD.value)

Page = list[tuple[int, Contact]]


def refresh_platform_keys(
    run: LegacyImportRun,
    conf: ImportConf,
    progress: Progress,
    *,
    changed_only: bool = False,
    max_age: datetime.timedelta | None = None,
) -> dict[str, str]:
    """Refresh the keys of all users and leads for the run; returns what its summary stores.

    `changed_only`: of the people that a commit of this run could miss otherwise; keys of people who
    are gone stay until all are read again. `max_age`: do nothing if the last refresh is not older.
    Page by page, each in its own transaction; nothing is written where nothing changed.
    """
    now, last = timezone.now(), _last_refresh(run)
    if last and max_age and last <= now <= last + max_age:
        return {}
    since = min(now, last) - OVERLAP if last and changed_only else None
    if since:
        progress.begin("keys of changed people", None)
    for kind in KINDS:
        if not since:
            progress.begin(f"keys of every {kind}", None)
        _refresh_kind(kind, run, conf, progress, since)
    return {LAST_REFRESH: now.isoformat()}


def _refresh_kind(
    kind: str,
    run: LegacyImportRun,
    conf: ImportConf,
    progress: Progress,
    since: datetime.datetime | None,
) -> None:
    keys = IdentityKey.objects.filter(scope=PLATFORM, owner_kind=kind)
    last = 0
    while page := _page(kind, last, since, run):
        first, last = last + 1, page[-1][0]
        if since:
            owners = keys.filter(owner_id__among=Ids(pk for pk, _ in page))
        else:  # people missing between two people of the page are gone
            owners = keys.filter(owner_id__range=(first, last))
        _rewrite(kind, page, owners, conf)
        progress.advance(len(page))
    if not since:
        keys.filter(owner_id__gt=last).delete()


def _page(kind: str, after: int, since: datetime.datetime | None, run: LegacyImportRun) -> Page:
    if since:
        return page_of_changed_people(kind, after=after, since=since, run_id=run.pk)
    return page_of_people(kind, after=after)


def _last_refresh(run: LegacyImportRun) -> datetime.datetime | None:
    moment = run.summary.get(LAST_REFRESH)
    return datetime.datetime.fromisoformat(moment) if moment else None


def _rewrite(kind: str, page: Page, owners: QuerySet[IdentityKey], conf: ImportConf) -> None:
    """Rewrite these owners' keys where they differ from those of the page's contacts."""
    with transaction.atomic():
        lock_business_writes()  # two commands that find the same key missing would both write it
        old_keys: defaultdict[int, set[Key]] = defaultdict(set)
        for pk, key_kind, value in owners.values_list("owner_id", "kind", "value"):
            old_keys[pk].add(Key(key_kind, value))
        current = {pk: set(contacts.keys(contact, conf)) for pk, contact in page}
        people = {*old_keys, *current}
        outdated = [pk for pk in people if old_keys.get(pk, set()) != current.get(pk, set())]
        owners.filter(owner_id__among=Ids(outdated)).delete()
        insert_rows(
            IdentityKey,
            KEY_COLUMNS,
            (
                (PLATFORM, kind, pk, key.kind, key.value)
                for pk in sorted(outdated)
                for key in sorted(current.get(pk, set()))
            ),
        )
