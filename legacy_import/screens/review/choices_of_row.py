"""The decisions that the page offers about a row, each with its effect before the click."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import platform_courses
from legacy_import.review.offers import Offer, RowOffers, offers_of
from legacy_import.rules.duplicates import Target
from legacy_import.rules.resolutions import PUT_ASIDE
from legacy_import.screens.review.effect_words import (
    EffectWords,
    dates_of,
    effect_words,
    kept_words,
    missing_words,
)
from legacy_import.screens.review.forms import KEEP_NAME
from legacy_import.screens.review.keys import DECISION_KEYS

D = ReviewDecision
# Evidence that shows which of the two answers about a match is most likely right.
RECOMMENDED = {"likely_same_person": D.LINK, "likely_other_person": D.NOT_SAME}


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision as a button. `options`: (value, name, effect) of what has to be chosen with it."""

    decision: ReviewDecision
    effect: EffectWords | None = None
    recommended: bool = False
    options: Sequence[tuple[str, str, EffectWords | None]] = ()

    @property
    def key(self) -> str:
        return DECISION_KEYS[self.decision]


@dataclass(frozen=True, slots=True)
class RowChoices:
    """The choices about one row.

    `kept_decisions` and `missing`: where decisions were not sufficient; `next_plan`: where they were.
    """

    choices: Sequence[Choice] = field(default_factory=tuple)
    kept_decisions: Sequence[str] = ()
    missing: str = ""
    next_plan: EffectWords | None = None


def choices_of(
    run: LegacyImportRun, row: LegacyStudentImport, *, person: Target | None, may_link: bool
) -> RowChoices:
    """What the page offers about an uncommitted row; `may_link`: the person is still there."""
    courses = platform_courses()
    offered = offers_of(run, row, person=person, courses=[pk for pk, _ in courses])
    if offered is None:
        return RowChoices()
    offers = [one for one in offered.offers if may_link or one.decision != D.LINK]
    recommended = _recommended(offers, offered)
    choices = [
        _choice(decision, [one for one in offers if one.decision == decision], offered, courses)
        for decision in dict.fromkeys(one.decision for one in offers)
    ]
    choices = [replace(one, recommended=one.decision == recommended) for one in choices]
    choices += [Choice(decision) for decision in PUT_ASIDE]
    if row.decision:
        choices.append(Choice(D.RESET))
    if offered.is_insufficient:
        words_kept = kept_words(offered.now.case.decisions, dict(courses))
        return RowChoices(
            choices, words_kept, missing_words(offered.now.answer) if words_kept else ""
        )
    if row.settled:
        words = effect_words(offered.now, offered.row.loader.mappings, dates_of(run, offered.row))
        return RowChoices(choices, next_plan=words)
    return RowChoices(choices)


def _choice(
    decision: ReviewDecision,
    offers: Sequence[Offer],
    offered: RowOffers,
    courses: Sequence[tuple[int, str]],
) -> Choice:
    mappings = offered.row.loader.mappings
    dates = dates_of(offered.row.loader.run, offered.row)
    words = {one.event: effect_words(one.effect, mappings, dates) for one in offers}
    if decision == D.TREAT_AS:
        return Choice(
            decision,
            options=[
                (one.event.treat_as.value, str(one.event.treat_as.label), words[one.event])
                for one in offers
                if one.event.treat_as
            ],
        )
    if decision == D.SET_COURSE:
        by_name = [one for one in offers if one.event.course_id is None]
        by_course = [one for one in offers if one.event.course_id is not None]
        options: list[tuple[str, str, EffectWords | None]] = [
            (KEEP_NAME, "", words[one.event]) for one in by_name
        ]
        if by_course:
            options += [(str(pk), name, None) for pk, name in courses]
        effect = words[by_course[0].event] if by_course else None
        without_course = effect and EffectWords(effect.text, suffices=effect.suffices)
        return Choice(decision, without_course, options=options)
    return Choice(decision, words[offers[0].event])


def _recommended(offers: Sequence[Offer], offered: RowOffers) -> ReviewDecision | None:
    """The decision of the evidence; otherwise the first that needs no person and is sufficient."""
    by_evidence = RECOMMENDED.get(offered.now.case.facts.blocker)
    if any(one.decision == by_evidence for one in offers):
        return by_evidence
    about_people = (D.LINK, D.NOT_SAME, D.TREAT_AS)
    sufficient = (
        one.decision for one in offers if one.effect.suffices and one.decision not in about_people
    )
    return next(sufficient, None)
