"""The words of the mapping screens for codes that are stored."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from legacy_import.rules.reasons import REASONS

# What a list can be filtered by → its words, and the colour of the pill.
COURSE_STATES: dict[str, tuple[Promise, str]] = {
    "unmapped": (_("no course yet"), "li-pill-warn"),
    "suggested": (_("suggested"), "li-pill-info"),
    "confirmed": (_("confirmed"), "li-pill-ok"),
    "no_equivalent": (_("no equivalent"), ""),
    "kept_by_name": (_("kept by its old name"), "li-pill-ok"),
    "gone": (_("no longer in the old catalogue"), ""),
}
SESSION_STATES: dict[str, tuple[Promise, str]] = {
    "to_confirm": (_("real, to be confirmed"), "li-pill-info"),
    "real_session": (_("confirmed real"), "li-pill-ok"),
    "waiting_placeholder": (_("waiting list"), "li-pill-warn"),
    "released": (_("waiting list, history released"), "li-pill-ok"),
    "unknown": (_("unknown"), ""),
    "gone": (_("no longer in the old platform"), ""),
}
STATUS_STATES: dict[str, tuple[Promise, str]] = {
    "to_define": (_("meaning not defined yet"), "li-pill-warn"),
    "completed": (_("completed training"), "li-pill-ok"),
    "archived_training": (_("archived training"), "li-pill-ok"),
    "registered": (_("registered"), "li-pill-ok"),
    "lead_only": (_("lead only"), "li-pill-ok"),
}
CONFLICT_STATES: dict[str, tuple[Promise, str]] = {
    "to_settle": (_("to be settled"), "li-pill-warn"),
    "course_of_row": (_("course of the row"), "li-pill-ok"),
    "course_of_session": (_("course of the session"), "li-pill-ok"),
}
EMPTY_STATUS = _("(no status)")

RULES: dict[str, Promise] = {
    "course:exact_name": _("same name on the platform"),
    "course:exact_name:decoded_entities": _("same name, once its HTML entities are decoded"),
    "course:exact_name:repaired_encoding": _("same name, once its damaged accents are repaired"),
    "course:several_equal_names": _("several courses of the platform have this name"),
    "course:no_exact_name": _("no course of the platform has this name"),
    "course:renamed": _("renamed since the decision: the earlier answer is now only a suggestion"),
    "course:deleted_since": _(
        "deleted on the old platform since the decision, which is now only a suggestion"
    ),
    "course:chosen_by_reviewer": _("chosen by a reviewer"),
    "course:set_aside_by_reviewer": _("the suggestion was refused; the course is not known yet"),
    "session:real": _("has its own course and code"),
    "session:real_without_code": _("has its own course, but no code"),
    "session:waiting_words": _("its code is about waiting, in other words than Session-Attente"),
    "session:placeholder_id": _("one of the three ids that were used as waiting lists: never real"),
    "session:not_in_source": _("rows refer to it, and the old platform does not have it"),
    "session:waiting_code": _("its code contains Session-Attente"),
    "session:no_formation": _("it refers to no course"),
    "session:formation_not_in_source": _(
        "it refers to a course that the old catalogue does not have"
    ),
}
# The rules behind the meaning of one row, where they are not those of a mapping.
ROW_RULES: dict[str, Promise] = {
    "status:defined_by_reviewer": _("its meaning was defined by a reviewer"),
    "status:empty": _("no status"),
    "status:other": _("the rules do not know this status"),
    "status:reporter:real_session": _("postponed, with a place in a real session"),
    "status:reporter:no_real_session": _("postponed, without a real session"),
    "session:none_named": _("the row refers to no session"),
    "session:confirmed_by_reviewer": _("chosen by a reviewer"),
    "course:own_formation": _("course of the row"),
    "course:session_formation": _("course of the session"),
    "course:of_released_session": _("course of the waiting list"),
}
KNOWN_STATUS = _("the rules know this status")
REPAIRED: dict[str, Promise] = {
    ":repaired_encoding": _("once its damaged accents are repaired"),
    ":decoded_entities": _("once its HTML entities are decoded"),
}


def rule_words(rule: str | None) -> str:
    """The rule behind a status, a session or a course, in the reader's language; "" for none.

    A code that has no words yet is never shown.
    """
    code, repaired = rule or "", ""
    words = RULES.get(code) or ROW_RULES.get(code) or REASONS.get(code)
    for suffix, repair in REPAIRED.items():
        if words is None and code.endswith(suffix):
            code, repaired = code.removesuffix(suffix), str(repair)
            words = ROW_RULES.get(code)
    if words is None and code.startswith("status:"):
        words = KNOWN_STATUS
    return ", ".join(filter(None, (gettext(str(words)) if words else "", repaired)))


# Why a session is not ticked beforehand (rules.sessions.Doubt) → its words.
DOUBTS: dict[str, Promise] = {
    "waiting_words": _("its code reads like a waiting list"),
    "code_blank": _("no code"),
    "no_dates": _("no dates"),
    "dates_to_come": _("dates to come"),
    "nobody_trained": _("no one was trained in it"),
}

DELETED = _("deleted on the old platform: its rows need review until it is confirmed")

DECISIONS: dict[str, Promise] = {
    "confirmed": _("confirmed"),
    "no_equivalent": _("no equivalent"),
    "kept_by_name": _("kept by its old name"),
    "unmapped": _("suggestion refused"),
    "undone": _("decision undone"),
    "real_session": _("confirmed real"),
    "waiting_placeholder": _("waiting list"),
    "released": _("history released"),
    "unknown": _("unknown"),
    "course_of_row": _("course of the row"),
    "course_of_session": _("course of the session"),
    "completed": _("completed training"),
    "archived_training": _("archived training"),
    "registered": _("registered"),
    "lead_only": _("lead only"),
}

# Code of a refusal by a service → its words.
REFUSALS: dict[str, Promise] = {
    "being_classified": _(
        "This source is being classified right now. Try again when that is done."
    ),
    "no_such_course": _("Choose one of the courses of the platform first."),
    "nothing_suggested": _("No course is suggested here, so there is none to confirm."),
    "nothing_chosen": _("Nothing is ticked, so nothing was confirmed."),
    "nameless": _("This old course has no name to keep its history by."),
    "not_in_source": _(
        "The old platform does not have this session: it can never become a real one."
    ),
    "session_is_real": _(
        "History of a real session is recorded with it: there is nothing to release."
    ),
    "not_decided": _("This is not decided yet, so there is nothing to undo."),
    "placeholder_id": _(
        "The old platform used 1, 2 and 235 as waiting lists: these three never become real sessions."
    ),
    "reason_missing": _(
        "This answer contradicts the rule. Give the reason: it is kept with the answer."
    ),
    "too_many_rows": _(
        "This run is too large to be evaluated while you wait. An operator runs these three commands:"
    ),
    "held": _("A command is working on this run right now. Try again when it ends."),
    "being_committed": _(
        "This run is partly committed. Let the commit end, or let an operator run:"
    ),
    "not_open": _("This run is not open: it cannot be evaluated again from here."),
}
