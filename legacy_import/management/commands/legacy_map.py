"""legacy_map: decide on statuses, courses and sessions of the old platform, each once for the source."""

import shlex
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.pages import MAPPING_PAGES
from legacy_import.management.printer import Block, CommandResult, Summary, Table
from legacy_import.management.wording import count_of
from legacy_import.mapping.settle import SUBJECTS, SettleReport, answers_of, settle
from legacy_import.runs.lifecycle import find_run

LISTED = 200  # undecided mappings that --verbosity 2 prints


class Command(LegacyCommand):
    notifies = False  # a person sits at it, and its words repeat statuses as they were typed
    help = (
        "Decide what old statuses, courses and sessions are, once for the source; without --set, "
        "list those that rows wait for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("subject", choices=tuple(SUBJECTS), help="what to decide on")
        parser.add_argument(
            "--set", nargs="+", action="extend", default=[], metavar="KEY=ANSWER",
            help="a decision: a status as typed, an old number, or COURSE:SESSION, and what it is; "
            "'undo' undoes one",
        )  # fmt: skip
        parser.add_argument(
            "--confirm-exact", action="store_true",
            help="confirm what the rules are sure of: courses of exactly the same name, real sessions "
            "without a doubt",
        )  # fmt: skip
        parser.add_argument(
            "--preview", action="store_true", help="show what would be freed and decide nothing"
        )
        parser.add_argument("--note", default="", metavar="TEXT", help="kept with each decision")

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        run = find_run(options["run"])
        self.progress.opened(run.source_label)
        report = settle(
            run,
            options["subject"],
            answers=options["set"],
            confirm_exact=options["confirm_exact"],
            only_preview=options["preview"],
            actor=lambda: _user_of(actor),
            now=timezone.now(),
            note=options["note"],
        )
        return map_result(report, options["subject"], preview=options["preview"])


def _user_of(actor: str) -> User:
    """The account that decisions are signed with: of a person, or one for `cli:` that cannot sign in."""
    user, created = User.objects.get_or_create(username=actor[:150], defaults={"is_active": False})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


# --- What it prints ---------------------------------------------------------------------------------


def map_result(report: SettleReport, subject: str, *, preview: bool) -> CommandResult:
    """What was decided or would be, and what is undecided."""
    run = find_run(report.run)
    counts = {"subject": subject, "preview": preview, **asdict(report)}
    counts.pop("run")
    fields = {}
    if report.to_classify:
        fields["next_command"] = f"legacy_classify --run {run.pk}"
    elif report.undecided:
        key = shlex.quote(f"{report.undecided[0].key}=ANSWER")
        fields["next_command"] = f"legacy_map {subject} --run {run.pk} --set {key}"
    return CommandResult.of_run(run, counts, _blocks(report, subject, preview), **fields)


def _blocks(report: SettleReport, subject: str, preview: bool) -> Iterator[Block]:
    rows = [
        (one.key, one.name, one.state, one.rows, one.waiting, one.frees, one.trained,
         ", ".join(one.doubts))
        for one in report.undecided
    ]  # fmt: skip
    yield Table(
        f"Undecided {subject} that rows of run {report.run} wait for",
        ("key", "on the old platform", "state", "rows", "waiting", "would be freed", "trained",
         "doubts"),
        rows[:LISTED], total=len(rows), limit=LISTED,
    )  # fmt: skip
    verb = "would free" if preview else "frees"
    if report.actions:
        yield Table(f"What it {verb}", ("training action", "rows"), report.actions.items())
    if report.blocked:
        again = "would need" if preview else "need"
        yield f"{count_of(report.blocked, 'row')} {again} review again."
    if report.to_classify:
        yield f"{count_of(report.to_classify, 'row')} of run {report.run} must be evaluated again."
    word = "would change" if preview else "changed"
    yield Summary(
        f"Done. run={report.run} {word}={report.changed:,} unchanged={report.unchanged:,} "
        f"freed={report.freed:,} undecided={len(report.undecided):,}"
    )
    yield "Nothing was changed." if preview else "No business table was changed."
    if report.undecided:
        answers = ", ".join(answers_of(subject))
        yield f"Answers: {answers}. On the screen: {MAPPING_PAGES[subject]}?run={report.run}"
