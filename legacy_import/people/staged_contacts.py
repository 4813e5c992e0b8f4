"""The e-mails of staged rows, read again after a list of placeholders or role mailboxes changed.

Nothing else of a row depends on a setting: phones are read by their digits alone.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from ecoin.bulk import Ids, insert_rows, update_ids
from ecoin.identity.emails import Email
from ecoin.identity.keys import email_keys
from legacy_import.choices import PersonKind, Stage
from legacy_import.conf import ImportConf, import_conf
from legacy_import.engine.chunks import id_ranges
from legacy_import.models import (
    ISSUES_AS_TEXT,
    KEY_COLUMNS,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.rules.email_fields import parse_email_field, replace_email_issues
from legacy_import.rules.validation import issues_of
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress
from legacy_import.runs.settings_digests import changed_settings, remember_settings

# The staged text of a longer field is not the text that was read; no address is that long.
CUT = "column_cut:email_raw"


class _Contact(NamedTuple):
    """The columns of a staged row that follow from its e-mail, as they are written."""

    email_normalized: str | None
    validation_issues: str


def refresh_staged_contacts(run: LegacyImportRun, lease: Lease, progress: Progress) -> None:
    """Read the staged e-mails again if the settings are not those of the import.

    Chunk by chunk, each in its own transaction; only rows that change are written. The settings are
    noted after the last chunk, so that a killed process begins again.
    """
    if not changed_settings(run, Stage.IMPORT):
        return
    conf = import_conf()
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    progress.begin("reading e-mails under the changed settings", rows.count())
    for first, last in id_ranges(run):
        with transaction.atomic():
            lease.confirm()
            number = _refresh_range(run, first, last, conf)
        progress.advance(number)
    with transaction.atomic():
        lease.confirm()
        remember_settings(run, Stage.IMPORT)
        run.save(update_fields=["settings_digests"])


def _refresh_range(run: LegacyImportRun, first: int, last: int, conf: ImportConf) -> int:
    """One UPDATE per distinct result; returns the number of rows in the range."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    contacts: defaultdict[_Contact, list[int]] = defaultdict(list)
    emails: dict[int, Email] = {}
    columns = rows.annotate(issues_text=ISSUES_AS_TEXT).values_list(
        "pk", "email_raw", "email_normalized", "issues_text"
    )
    for pk, text, value, issues_text in columns:
        issues = issues_of(issues_text)
        if not text or CUT in issues:
            continue
        email = parse_email_field(
            text, placeholders=conf.placeholder_emails, role_mailboxes=conf.role_mailboxes
        )
        new_issues = replace_email_issues(issues, email)
        if (email.value, new_issues) != (value, issues):
            contacts[_Contact(email.value, json.dumps(new_issues))].append(pk)
            emails[pk] = email
    for contact, ids in contacts.items():
        update_ids(LegacyStudentImport, ids, contact._asdict())
    _rewrite_keys(run, emails.items())
    return rows.count()


def _rewrite_keys(run: LegacyImportRun, emails: Iterable[tuple[int, Email]]) -> None:
    """Replace the e-mail keys of these staged rows."""
    staged, new = PersonKind.STAGED.value, dict(emails)
    keys = IdentityKey.objects.filter(scope=run.pk, owner_kind=staged, owner_id__among=Ids(new))
    keys.filter(kind="E").delete()
    insert_rows(
        IdentityKey,
        KEY_COLUMNS,
        (
            (run.pk, staged, pk, *key)
            for pk, email in sorted(new.items())
            for key in email_keys(email)
        ),
    )
