"""The identity keys of users and leads: of all of them anew, or of those who changed since.

All are read when a run is validated and planned. A commit looks its rows' contacts up in the
platform's own tables and believes no key without a look at its person; what those tables cannot be
asked for are second phone numbers, so it brings these keys up to date, at the cost of who changed.
"""

import datetime
from collections import defaultdict

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ecoin.among import Ids
from ecoin.bulk import insert_rows
from ecoin.identity.keys import Key
from legacy_import.choices import PersonKind
from legacy_import.conf import ImportConf
from legacy_import.models import KEY_COLUMNS, PLATFORM, IdentityKey, LegacyImportRun
from legacy_import.people import contact as contacts
from legacy_import.people.contact import Contact
from legacy_import.people.platform import page_of_changed_people, page_of_people
from legacy_import.runs.lifecycle import one_at_a_time
from legacy_import.runs.progress import Progress

# In a run's summary: when everybody, or everybody changed, was read for it last.
READ = "people_read"
# A lead saved before that moment may appear after it: another host's clock is behind, or its
# transaction took long. Reading somebody twice costs little and changes nothing.
OVERLAP = datetime.timedelta(minutes=15)
JUST_NOW = datetime.timedelta(minutes=1)

Page = list[tuple[int, Contact]]


def refresh_platform_keys(conf: ImportConf, progress: Progress) -> int:
    """Bring the keys of all users and leads up to date; returns how many people there are.

    Page by page, each in a transaction of its own; where nothing changed, nothing is written.
    """
    people = 0
    for kind in (PersonKind.USER.value, PersonKind.LEAD.value):
        progress.begin(f"keys of every {kind}", None)
        last = 0
        while page := page_of_people(kind, after=last):
            until = page[-1][0]
            owners = _keys_of(kind).filter(owner_id__gt=last, owner_id__lte=until)
            _refresh(kind, page, owners, conf)
            last, people = until, people + len(page)
            progress.advance(len(page))
        _keys_of(kind).filter(owner_id__gt=last).delete()
    return people


def refresh_all(conf: ImportConf, progress: Progress) -> dict[str, str]:
    """The same for a run; returns what its summary keeps."""
    now = timezone.now()
    refresh_platform_keys(conf, progress)
    return {READ: now.isoformat()}


def refresh_again(run: LegacyImportRun, conf: ImportConf, progress: Progress) -> dict[str, str]:
    """As refresh_all, for a run for which it may have been done a moment ago."""
    now, read = timezone.now(), _read_at(run)
    if read is not None and read <= now <= read + JUST_NOW:
        return {}
    return refresh_all(conf, progress)


def refresh_changed(run: LegacyImportRun, conf: ImportConf, progress: Progress) -> dict[str, str]:
    """The keys of whom a commit of this run could miss otherwise; returns what its summary keeps.

    Keys of people who are gone stay until all are read again.
    """
    now, read = timezone.now(), _read_at(run)
    if read is None:
        return refresh_all(conf, progress)
    since = min(now, read) - OVERLAP
    progress.begin("keys of changed people", None)
    for kind in (PersonKind.USER.value, PersonKind.LEAD.value):
        last = 0
        while page := page_of_changed_people(kind, after=last, since=since, run_id=run.pk):
            owners = _keys_of(kind).filter(owner_id__among=Ids(pk for pk, _ in page))
            _refresh(kind, page, owners, conf)
            last = page[-1][0]
            progress.advance(len(page))
    return {READ: now.isoformat()}


def _read_at(run: LegacyImportRun) -> datetime.datetime | None:
    told = run.summary.get(READ)
    return datetime.datetime.fromisoformat(told) if told else None


def _refresh(kind: str, page: Page, owners: QuerySet[IdentityKey], conf: ImportConf) -> None:
    """Rewrite the keys of these owners where they differ from what the page makes of them."""
    with transaction.atomic():
        one_at_a_time()  # two commands that find the same key missing would both write it
        stored: defaultdict[int, set[Key]] = defaultdict(set)
        for pk, key_kind, value in owners.values_list("owner_id", "kind", "value"):
            stored[pk].add(Key(key_kind, value))
        current = {pk: set(contacts.keys(contact, conf)) for pk, contact in page}
        owned = {*stored, *current}
        changed = [pk for pk in owned if stored.get(pk, set()) != current.get(pk, set())]
        owners.filter(owner_id__among=Ids(changed)).delete()
        insert_rows(
            IdentityKey,
            KEY_COLUMNS,
            (
                (PLATFORM, kind, pk, key.kind, key.value)
                for pk in sorted(changed)
                for key in sorted(current.get(pk, set()))
            ),
        )


def _keys_of(kind: str) -> QuerySet[IdentityKey]:
    return IdentityKey.objects.filter(scope=PLATFORM, owner_kind=kind)
