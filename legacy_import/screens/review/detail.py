"""One row of the queue in full, masked: possible matches, the requested training, the decisions."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from legacy_import.choices import COMMITTED_OUTCOMES, Outcome
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.contact import Contact
from legacy_import.people.platform import contacts_of
from legacy_import.review.claims import other_viewers
from legacy_import.review.decisions import (
    CLOSED_TO_REVIEW,
)
from legacy_import.review.together import fellows_of
from legacy_import.rules.decisions import in_force
from legacy_import.rules.duplicates import Target
from legacy_import.rules.validation import ERASED
from legacy_import.screens.review.choices_of_row import RowChoices, choices_of
from legacy_import.screens.review.compare import compare_with
from legacy_import.screens.review.training import catalogue_entries
from legacy_import.screens.review.typed import typed_values
from legacy_import.screens.review.versions import (
    RowHistory,
    changes_since_import,
    earlier_version,
    history_of,
)
from legacy_import.screens.review.words import issue_words

MOST_TARGETS = 10


def detail_of(
    run: LegacyImportRun,
    row_id: int,
    *,
    actor: User,
    now: datetime.datetime,
    person: Target | None = None,
) -> dict[str, Any] | None:
    """The row of this run in full; `person`: whom to compare it with. None: no such row.

    `viewer`: another user who has the row open, "" for none.
    """
    rows = LegacyStudentImport.objects.filter(pk=row_id, legacy_import_run=run)
    row = rows.select_related("training").first()
    if row is None:
        return None
    history, evidence = history_of(row, run), row.duplicate_evidence
    first_targets = evidence.get("targets", [])[:MOST_TARGETS]
    contacts = contacts_of((target["kind"], target["id"]) for target in first_targets)
    targets = targets_of(first_targets, contacts, person, _ruled_out(history))
    selected = next((target for target in targets if target["selected"]), None)
    target = (selected["kind"], selected["id"]) if selected else None
    committed = Outcome(row.outcome) in COMMITTED_OUTCOMES
    open_to_review = not committed and run.status not in CLOSED_TO_REVIEW
    compared = compare_with(row, contacts[target]) if target in contacts else ()
    choices = (
        choices_of(run, row, person=target, may_link=target in contacts)
        if open_to_review
        else RowChoices()
    )
    return {
        "row": row,  # templates read neither its names, contacts nor payload
        "name": mask_text(row.full_name),
        "raw_status": mask_text(row.raw_status),
        "typed": typed_values(run, row),
        "phone": mask_phone(row.phone_raw),
        "email": mask_email(row.email_raw),
        "issues": [issue_words(issue) for issue in row.validation_issues],
        "catalogue": catalogue_entries(run, row),
        "targets": targets,
        "targets_total": evidence.get("targets_total", 0),
        "selected": selected,
        "compared": compared,
        "differences": sum(line.likeness.is_difference for line in compared),
        "in_run": evidence.get("in_run", []),  # other rows of the run
        "in_run_total": evidence.get("in_run_total", 0),
        "history": history.lines,
        "earlier": earlier_version(row, history),
        "since_import": changes_since_import(row, run),
        "choices": choices,
        "fellows": fellows_of(run, row, [one.decision for one in choices.choices], target),
        "open": open_to_review,
        "viewer": other_viewers(row_ids=[row.pk], actor=actor, now=now).get(row.pk, ""),
        "committed": committed,
        "erased": row.validation_issues == [ERASED],
        "purged": run.purged_at is not None,
    }


def targets_of(
    evidence: Sequence[Mapping[str, Any]],
    contacts: Mapping[Target, Contact],
    requested: Target | None,
    ruled_out: Collection[Target],
) -> list[dict[str, Any]]:
    """The people of the evidence; selected: the requested one, or the first who is not ruled out."""
    targets = [(item["kind"], item["id"]) for item in evidence]
    first = next((target for target in targets if target not in ruled_out), None)
    selected = requested if requested in targets else first or next(iter(targets), None)
    return [
        {
            **item,
            "name": mask_text(contacts[target].name) if target in contacts else "",
            "on_platform": target in contacts,
            "inactive": target in contacts and not contacts[target].active,
            "ruled_out": target in ruled_out,
            "selected": target == selected,
        }
        for target, item in zip(targets, evidence, strict=True)
    ]


def _ruled_out(history: RowHistory) -> frozenset[Target]:
    """The people the row is not, by the decisions in force."""
    return in_force(one.event for one in history.decisions.applying).not_same
