"""The tables of docs/ that repeat what the code says, made from the code.

`python -m tests.docs.tables` writes them into their places, between `<!-- table: NAME -->` and
`<!-- end -->`; tests/test_docs.py fails when a page says anything else than the code.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from tests.docs import rules
from tests.docs.rules import markdown
from tests.docs.screen_words import screen_words

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PLACE = re.compile(r"(<!-- table: ([a-z_]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def permissions() -> str:
    from django.apps import apps
    from django.contrib.auth.management import _get_all_permissions

    from legacy_import.permissions import APP_LABEL, GROUPS, PERMISSIONS, PLATFORM_PERMISSIONS

    rows = [
        (f"`{APP_LABEL}.{codename}`", words,
         ", ".join(group for group, granted in GROUPS.items() if codename in granted))
        for codename, words in PERMISSIONS.items()
    ]  # fmt: skip
    declared = {
        f"{model._meta.app_label}.{codename}": words
        for model in apps.get_models()
        for codename, words in _get_all_permissions(model._meta)
    }
    rows += [
        (f"`{code}`", declared[code],
         ", ".join(group for group, granted in PLATFORM_PERMISSIONS.items() if code in granted))
        for code in dict.fromkeys(sum(PLATFORM_PERMISSIONS.values(), ()))
    ]  # fmt: skip
    return markdown(("permission", "what a person with it can do", "groups"), rows)


def options() -> str:
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import BaseCommand

    plain = {option for action in BaseCommand().create_parser("", "")._actions
             for option in action.option_strings}  # fmt: skip
    rows = []
    for name, app in sorted(get_commands().items()):
        if app != "legacy_import":
            continue
        parser = load_command_class(app, name).create_parser("manage.py", name)
        formatter = parser._get_formatter()
        for action in parser._actions:
            own = [option for option in action.option_strings if option not in plain]
            if own:
                value = f" {action.metavar}" if action.metavar else ""
                words = formatter._expand_help(action)
                rows.append((f"`{name}`", f"`{own[0]}{value}`", words))
    return markdown(("command", "option", "what it does"), rows)


def drift() -> str:
    from legacy_import.rules.drift import CAUSE_OF_VERSION, Drift
    from legacy_import.rules.reasons import REASONS

    version_of = {cause: f"`{version}=`" for version, cause in CAUSE_OF_VERSION.items()}
    version_of[Drift.TARGET_EDITED] = "`person=`"  # compared where the plan has a person
    asked = [
        *CAUSE_OF_VERSION.values(),
        *(one for one in Drift if one not in CAUSE_OF_VERSION.values()),
    ]
    return markdown(
        ("cause", "version that differs", "in words"),
        [(f"`{one.value}`", version_of.get(one, "–"), REASONS[one.value]) for one in asked],
    )


TABLES = {
    table.__name__: table
    for table in (
        rules.statuses,
        rules.sessions,
        rules.courses,
        rules.import_action,
        rules.issues,
        rules.decisions,
        rules.resolutions,
        rules.commit_policy,
        rules.reasons,
        rules.key_kinds,
        rules.blockers,
        rules.evidence,
        rules.reliability,
        rules.numbers,
        drift,
        permissions,
        options,
        screen_words,
    )
}


def written(page: Path) -> Mapping[str, str]:
    """Table name → what the page says."""
    return {name: body for _, name, body, _ in PLACE.findall(page.read_text("utf-8"))}


def write() -> None:
    """Write every table into the pages that have a place for it."""
    for page in DOCS.rglob("*.md"):
        old = page.read_text("utf-8")
        new = PLACE.sub(lambda match: match[1] + TABLES[match[2]]() + match[4], old)
        if new != old:
            page.write_text(new, "utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    write()
