"""The plan of a run and its risks."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    PLAN_WORDS,
    Classification,
    Outcome,
    PlannedAction,
    SessionType,
    ValidationStatus,
)
from legacy_import.rules.commit_policy import DELETIONS
from legacy_import.rules.validation import DELETED
from legacy_import.screens.runs.counts import RunCounts, in_force, queue_of
from legacy_import.stages.planning.summary import BUCKETS

PRIORITIES = (
    ("completed_history", _("completed history")),
    ("registered_pending", _("pending registrations")),
    ("lead_only", _("leads only")),
    ("other", _("other")),
)
ALL_BUT_LEADS = tuple(value for value in Classification.values if value != "lead_only")

# What to check before a commit: words, facets of the rows, and the queue's filter if it is another.
RISKS: tuple[tuple[Promise, dict[str, Any], dict[str, str]], ...] = (
    (
        _("learners with a structural doubt"),
        {"validation_status": ValidationStatus.NEEDS_REVIEW.value},
        {},
    ),
    (
        _("learners with a high-confidence match"),
        {"validation_status": ValidationStatus.DUPLICATE.value},
        {},
    ),
    (
        _("trainings in a waiting or placeholder session"),
        {"session_type": SessionType.WAITING_PLACEHOLDER.value},
        {},
    ),
    (
        _("trainings (not of leads) without a mapped course"),
        {"without_course": (True,), "classification": ALL_BUT_LEADS},
        {"planned_reason": "course_unmapped"},
    ),
    (
        _("registrations that need review"),
        {
            "classification": Classification.REGISTERED.value,
            "planned_action": PlannedAction.REVIEW.value,
        },
        {"classification": Classification.REGISTERED.value},
    ),
    (
        _("rows deleted on the old platform, or of a deleted course or session"),
        {"planned_reason": DELETIONS},
        {"planned_reason": DELETED},
    ),
)


def plan_lines(counts: RunCounts) -> list[dict[str, Any]]:
    """Each planned action: rows planned, committed and pending."""
    return [
        {
            "action": action.value,
            "sign": sign,
            "verb": verb,
            "what": what,
            "rows": counts.where(planned_action=action.value),
            "committed": counts.where(planned_action=action.value, outcome=COMMITTED_OUTCOMES),
            "pending": counts.where(planned_action=action.value, outcome=Outcome.PENDING.value),
        }
        for action, (sign, verb, what) in PLAN_WORDS.items()
    ]


def priorities(counts: RunCounts) -> Iterator[dict[str, Any]]:
    """Each bucket of the priorities with its rows."""
    for bucket, words in PRIORITIES:
        values = [value.value for value, name in BUCKETS.items() if name == bucket]
        committed = counts.where(classification=values, outcome=COMMITTED_OUTCOMES)
        yield {"words": words, "rows": counts.where(classification=values), "committed": committed}


def risks(counts: RunCounts) -> Iterator[dict[str, Any]]:
    """Each risk: rows of the run, and how many are `queued` behind the queue's filter `query`."""
    queue = queue_of(counts)
    for words, facets, query in RISKS:
        query = query or facets
        yield {
            "words": words,
            "rows": counts.where(**facets),
            "queued": queue.where(**query),
            "query": urlencode(query),
        }


def committed_rows(counts: RunCounts) -> dict[str, int]:
    """Rows with effects in force, and those of them with records (a skip has none)."""
    rows = in_force(counts)
    return {"rows": rows, "records": rows - counts.where(outcome=Outcome.SKIP.value)}
