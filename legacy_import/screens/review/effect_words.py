"""What a decision would lead to: "creates the completed training ‹Bureautique›, January 2019"."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language_bidi, gettext, gettext_lazy

from ecoin.identity.dates import parse_event_date
from ecoin.identity.masking import mask_date, mask_text
from legacy_import.choices import Classification, PlannedAction, ReviewDecision
from legacy_import.mapping.index import MappingIndex
from legacy_import.models import LegacyImportRun
from legacy_import.rules.commit_policy import Decision
from legacy_import.rules.decisions import InForce
from legacy_import.rules.reasons import REASONS
from legacy_import.stages.commit.dates import NO_DATES, RowDates, as_found, dates_of_rows
from legacy_import.stages.planning.effect_of_decision import EffectOnRow, RowEffects

A = PlannedAction
# Planned action → what a commit would do with one row.
ACTIONS: dict[PlannedAction, Promise] = {
    A.CREATE_COMPLETED_TRAINING: gettext_lazy("creates the completed training"),
    A.CREATE_ENROLLMENT: gettext_lazy("creates the imported enrolment"),
    A.CREATE_CRM_LEAD: gettext_lazy("creates a lead"),
    A.LINK_EXISTING: gettext_lazy("links the row to a person, and creates nothing else"),
    A.SKIP: gettext_lazy("creates nothing"),
}
WAITS = gettext_lazy("still waits for: %(missing)s")
POSTPONED = gettext_lazy("stays in the queue, as postponed")
FUTURE = datetime.timedelta(days=3 * 366)  # sessions are planned so far ahead at most
HISTORY = (A.CREATE_COMPLETED_TRAINING, A.CREATE_ENROLLMENT)


@dataclass(frozen=True, slots=True)
class EffectWords:
    """An effect for a template: `course` and `when` of a training, "" where there is none."""

    text: str
    course: str = ""
    when: str = ""
    suffices: bool = True

    def __str__(self) -> str:
        course = f" ‹{self.course}›" if self.course else ""
        when = f", {self.when}" if self.when else ""
        arrow = "←" if get_language_bidi() else "→"
        return f"{arrow} {self.text}{course}{when}"


def answer_words(answer: Decision) -> str:
    """What the plan's answer means, without the row it is about."""
    if answer.action != A.REVIEW:
        return str(ACTIONS[answer.action])
    if answer.reason == "reviewer_later":
        return str(POSTPONED)
    return WAITS % {"missing": missing_words(answer)}


def missing_words(answer: Decision) -> str:
    """The reason why the row still needs review."""
    return gettext(REASONS.get(answer.reason, answer.reason))


def effect_words(
    effect: EffectOnRow, mappings: MappingIndex, dates: RowDates = NO_DATES
) -> EffectWords:
    """The effect on one row. `dates`: of the row itself."""
    text, training = answer_words(effect.answer), effect.case.training
    if effect.answer.action not in HISTORY:
        return EffectWords(text, suffices=effect.suffices)
    course = mappings.platform_courses.get(training.course.course_id or 0, training.course.name)
    return EffectWords(text, mask_text(course), _when(effect, dates))


def dates_of(run: LegacyImportRun, row: RowEffects) -> RowDates:
    """The dates of the row itself, as a commit reads them."""
    return dates_of_rows(run, [(row.row.pk, row.row.source_table)]).get(row.row.pk, NO_DATES)


def _when(effect: EffectOnRow, dates: RowDates) -> str:
    """The month of the training, as its record would be dated; as found where no date can be read."""
    training = effect.case.training
    texts = [training.session_ends_on, training.session_starts_on]
    if effect.answer.action == A.CREATE_COMPLETED_TRAINING:
        texts = [dates.completed_at, dates.archived_at, *texts]
    texts = [text for text in map(as_found, texts) if text]
    latest = timezone.localdate() + FUTURE
    date = next(filter(None, (parse_event_date(text, latest=latest) for text in texts)), None)
    return date_format(date, "F Y") if date else mask_date(next(iter(texts), ""))


def kept_words(decisions: InForce, courses: Mapping[int, str]) -> list[str]:
    """The decisions in force about a row, in words: what is kept where they are not sufficient."""
    words = [str(decision.label) for name, decision in _FLAGS.items() if getattr(decisions, name)]
    if decisions.link_to:
        words.insert(0, str(ReviewDecision.LINK.label))
    elif decisions.not_same:
        words.insert(0, str(ReviewDecision.NOT_SAME.label))
    if decisions.treat_as:
        meaning = Classification(decisions.treat_as).label
        words.append(gettext("treat as: %(meaning)s") % {"meaning": meaning})
    if decisions.course:
        words.append(_course_words(decisions, courses))
    return words


D = ReviewDecision
_FLAGS = {
    "accept_data": D.ACCEPT_DATA,
    "release_without_session": D.RELEASE_WITHOUT_SESSION,
    "create_anyway": D.CREATE_ANYWAY,
    "add_history": D.ADD_HISTORY,
    "separate": D.SEPARATE,
}


def _course_words(decisions: InForce, courses: Mapping[int, str]) -> str:
    choice = decisions.course
    if choice is None or choice.of != "reviewer":
        of_row = choice is not None and choice.of == "row"
        return str((D.COURSE_OF_ROW if of_row else D.COURSE_OF_SESSION).label)
    if choice.course_id is None:
        return gettext("course: the old name is kept")
    name = courses.get(choice.course_id, "–")
    return gettext("course: %(name)s") % {"name": name}
