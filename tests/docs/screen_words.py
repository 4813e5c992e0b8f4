"""The words of screens in three languages, next to those of commands, read from the catalogues."""

from collections.abc import Iterator

from django.utils.translation import gettext, override

from legacy_import import choices
from tests.docs.rules import markdown

LANGUAGES = ("en", "fr", "ar")
# Command → the stage whose name the screens show.
STAGES = {
    "legacy_import": choices.Stage.IMPORT,
    "legacy_validate": choices.Stage.VALIDATE,
    "legacy_classify": choices.Stage.CLASSIFY,
    "legacy_dry_run": choices.Stage.PLAN,
    "legacy_commit": choices.Stage.COMMIT,
    "legacy_rollback": choices.Stage.ROLLBACK,
}
# Word of the docs → the message of the catalogues, where the screens have one.
MESSAGES = {
    "run": "run",
    "lead": "lead",
    "learner": "Learner",
    "former learner": "Former learner",
    "probable owner": "probable owner",
    "course interest": "course interest",
    "imported enrolment": "imported enrolments",
    "mapping": "mapping",
    "to decide": "to decide",
    "decided": "decided",
    "postponed": "postponed",
    "undo": "Undo",
    "reveal": "Reveal the contact of this row",
    "raw payload": "Raw payload",
    "saved filter": "saved filter",
    "lineage": "lineage",
    "changed since the plan": "changed since the plan",
    "plan again": "Plan again",
    "reconciliation": "Reconcile now",
    "sign-off sheet": "Sign-off sheet",
    "deactivated account": "deactivated account",
}
VOCABULARIES = (
    choices.RunStatus,
    choices.Classification,
    choices.ValidationStatus,
    choices.DuplicateConfidence,
    choices.SessionType,
    choices.CourseMappingStatus,
    choices.PlannedAction,
    choices.ReviewDecision,
    choices.Outcome,
    choices.ReversalOutcome,
    choices.FocusMode,
)


def screen_words() -> str:
    """A row per word: as commands and docs have it, then as the screens show it."""
    return markdown(("commands and docs", "English", "French", "Arabic"), list(_rows()))


def _rows() -> Iterator[tuple[str, ...]]:
    from legacy_import.screens.menu import SCREENS  # needs the apps

    for screen in SCREENS:
        yield f"the page `{screen.page}`", *_in_every_language(screen.name)
    for command, stage in STAGES.items():
        yield f"`{command}`", *_in_every_language(stage.label)
    for word, message in MESSAGES.items():
        yield word, *_translations(message)
    for vocabulary in VOCABULARIES:
        for member in vocabulary:
            yield f"`{member.value}` ({vocabulary.__name__})", *_in_every_language(member.label)


def _in_every_language(text: object) -> Iterator[str]:
    for language in LANGUAGES:
        with override(language):
            yield str(text)


def _translations(message: str) -> Iterator[str]:
    """The message in every language. Raises LookupError where a catalogue does not have it."""
    for language in LANGUAGES:
        with override(language):
            text = gettext(message)
        if language != "en" and text == message:
            raise LookupError(f"{message!r} is not in the {language} catalogue")
        yield text
