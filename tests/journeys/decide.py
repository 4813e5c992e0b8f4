"""Reviewers' decisions from outside: `python -m tests.journeys.decide RUN JSON`.

JSON: a list of {"row": "stagiaires:1", "decision": …} with `treat_as` or `person` where it has one;
the decision `repeat` says again what was decided about an earlier version. The services and their checks
are those of the screens.
"""

import json
import os
import sys
from typing import Any

from tests.forked import forked


def decide_all(env: dict[str, str], run: int, *decisions: dict[str, Any]) -> None:
    """Decide in a process of its own, as a reviewer's browser does through the server."""
    ended = forked(str(run), json.dumps(decisions), env=env, module=__name__)
    assert ended.code == 0, ended.err


def main(run: int, decisions: list[dict[str, Any]]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.utils import timezone

    from legacy_import.choices import Classification, ReviewDecision
    from legacy_import.models import LegacyStudentImport
    from legacy_import.review.decisions import decide
    from legacy_import.review.earlier import repeat

    actor, _ = User.objects.get_or_create(username="nadia", defaults={"is_superuser": True})
    for one in decisions:
        table, legacy_id = one["row"].split(":")
        row = LegacyStudentImport.objects.get(
            legacy_import_run=run, source_table=table, legacy_id=legacy_id
        )
        about: dict[str, Any] = {"row_id": row.pk, "version": row.version, "actor": actor,
                                 "now": timezone.now()}  # fmt: skip
        if one["decision"] == "repeat":
            repeat(**about)
            continue
        decide(
            **about,
            decision=ReviewDecision(one["decision"]),
            treat_as=Classification(one["treat_as"]) if "treat_as" in one else None,
            person=tuple(one["person"]) if "person" in one else None,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
