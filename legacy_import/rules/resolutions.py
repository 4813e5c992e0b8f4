"""Which decision applies to which review reason, and what it changes (docs/rules.md).

Screens, bulk decisions, services and docs read this table. For one row, only the decisions are
offered that change its answer (stages.planning.effect_of_decision).
"""

from collections.abc import Callable

from legacy_import.choices import ImportAction, ReviewDecision
from legacy_import.rules.commit_policy import DELETIONS, Facts
from legacy_import.rules.decisions import Event
from legacy_import.rules.import_action import HISTORY

D = ReviewDecision

# Decision → what it changes about a row.
CHANGES: dict[ReviewDecision, str] = {
    D.LINK: "the row belongs to this person",
    D.NOT_SAME: "this person is not the row's; the pair is never proposed again",
    D.ACCEPT_DATA: "doubtful data is treated as valid, and a deletion no longer counts",
    D.TREAT_AS: "the row has this meaning instead of the one that its status gives",
    D.RELEASE_WITHOUT_SESSION: "the row's session no longer counts",
    D.CREATE_ANYWAY: "a lead is created although no contact is trustworthy",
    D.COURSE_OF_ROW: "the course is the one that the row refers to",
    D.COURSE_OF_SESSION: "the course is the one of the row's session",
    D.SET_COURSE: "the course is this one of the platform's, or the old name is kept",
    D.ACKNOWLEDGE: "the source row as it is now needs nothing more",
    D.ADD_HISTORY: "the training is added, attached to the record that the row became",
    D.ANOTHER_PERSON: "the row is imported as the person who has its number now",
    D.CREATE_AGAIN: "what was deleted on the platform is created again",
    D.SEPARATE: "the row is another person than the rows of its group",
    D.SKIP: "no record is created from the row",
    D.LATER: "the row stays in the queue, as postponed",
    D.RESET: "earlier decisions no longer apply, except on who is not the same person",
}

# Taken about every row, for any reason.
PUT_ASIDE = (D.SKIP, D.LATER)

_WHOSE = (D.LINK, D.NOT_SAME)
_WITHOUT_COURSE = (D.SET_COURSE, D.TREAT_AS)
_DOUBTS = (
    "name_test", "birth_date_impossible", "birth_date_future", "text_damaged", "name_unreadable",
    "names_contradict", "formation_id_invalid", "session_id_invalid",
)  # fmt: skip
_BLOCKED_MATCHES = (
    "shared_contact_other_name", "likely_same_person", "likely_other_person", "name_incomplete",
    "name_only_similar", "name_in_other_script", "birth_date_conflict", "several_targets",
    "person_gone", "person_inactive", "medium_match", "low_match",
)  # fmt: skip

# Review reason → the decisions that resolve it, or lead to what is still missing.
RESOLUTIONS: dict[str, tuple[ReviewDecision, ...]] = {
    "already_imported_changed": (D.ADD_HISTORY, D.ACKNOWLEDGE),
    "imported_deleted": (D.CREATE_AGAIN,),
    "row_is_another_person": (D.ANOTHER_PERSON,),
    **dict.fromkeys(DELETIONS, (D.ACCEPT_DATA,)),
    "session_deleted_at_source": (D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION),
    "status_unknown": (D.TREAT_AS, *_WHOSE),
    # A reason of a row without a name, and of a match with a person without one.
    "name_missing": (*_WHOSE, D.TREAT_AS),
    "unreadable": (D.ACCEPT_DATA, D.LINK),
    **dict.fromkeys(_DOUBTS, (D.ACCEPT_DATA, *_WHOSE)),
    # A registration needs a real session: without one it can only be treated as something else.
    "session_waiting": (D.RELEASE_WITHOUT_SESSION, D.TREAT_AS, *_WHOSE),
    "session_unknown": (D.RELEASE_WITHOUT_SESSION, D.TREAT_AS, *_WHOSE),
    "session_missing": (D.TREAT_AS, *_WHOSE),
    "session_not_confirmed": (D.TREAT_AS, *_WHOSE),
    "course_unmapped": (*_WITHOUT_COURSE, *_WHOSE),
    "course_no_equivalent": (*_WITHOUT_COURSE, *_WHOSE),
    "formation_not_in_source": (*_WITHOUT_COURSE, *_WHOSE),
    "formation_missing": (*_WITHOUT_COURSE, *_WHOSE),
    # Of a registration: an imported enrolment needs a course of the platform.
    "course_kept_by_name": (*_WITHOUT_COURSE, *_WHOSE),
    "formation_session_conflict": (
        D.COURSE_OF_ROW, D.COURSE_OF_SESSION, *_WITHOUT_COURSE, *_WHOSE,
    ),
    **dict.fromkeys(_BLOCKED_MATCHES, (*_WHOSE, D.TREAT_AS)),
    "hot_key": (*_WHOSE, D.CREATE_ANYWAY, D.TREAT_AS),
    "role_mailbox": (*_WHOSE, D.CREATE_ANYWAY, D.TREAT_AS),
    "person_has_history": (D.LINK, D.SEPARATE, D.TREAT_AS),
    "group_conflict": (*_WHOSE, D.SEPARATE, D.TREAT_AS),
    "first_of_group_waits": (*_WHOSE, D.SEPARATE, D.TREAT_AS),
    "contact_not_trustworthy": (D.CREATE_ANYWAY, *_WHOSE, D.TREAT_AS),
}  # fmt: skip

# Review reasons that only a mapping removes: a decision about one row makes it something else.
ONLY_BY_MAPPING = frozenset({"session_not_confirmed"})
# Decisions that can be right for all rows of a cause at once, whoever the rows are.
OF_A_CAUSE = (D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION, D.CREATE_ANYWAY)

# Review reasons that no decision about a row resolves, and why.
WITHOUT_DECISION = {
    "reviewer_later": "a postponement: the decisions of the reason behind it apply",
    "not_validated": "no plan exists before the run is validated",
    "erased": "nothing more is created from a person who was erased on request",
}


def candidates(*reasons: str) -> tuple[ReviewDecision, ...]:
    """The decisions that apply to any of these reasons, in the order of the table."""
    return tuple(dict.fromkeys(one for reason in reasons for one in RESOLUTIONS.get(reason, ())))


def is_possible(event: Event, facts: Facts) -> bool:
    """Whether the decision can be the right one for a row with these facts."""
    condition = _CONDITIONS.get(event.decision)
    return condition is None or condition(event, facts)


def _release(event: Event, facts: Facts) -> bool:
    """A registration without a session stays for review, so nothing is released for it."""
    return facts.classification in HISTORY


def _set_course(event: Event, facts: Facts) -> bool:
    """A lead needs no course, and an imported enrolment one of the platform's."""
    if event.course_id is None:
        return facts.classification in HISTORY
    return facts.import_action != ImportAction.CREATE_COURSE_INTEREST


_CONDITIONS: dict[ReviewDecision, Callable[[Event, Facts], bool]] = {
    D.RELEASE_WITHOUT_SESSION: _release,
    D.SET_COURSE: _set_course,
}
