"""The words of the mapping screens for codes that are stored."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a list can be filtered by → its words, and the colour of the pill.
COURSE_STATES: dict[str, tuple[Promise, str]] = {
    "unmapped": (_("no course yet"), "li-pill-warn"),
    "suggested": (_("suggested"), "li-pill-info"),
    "confirmed": (_("confirmed"), "li-pill-ok"),
    "no_equivalent": (_("no equivalent"), ""),
    "gone": (_("no longer in the old catalogue"), ""),
}
SESSION_STATES: dict[str, tuple[Promise, str]] = {
    "to_confirm": (_("real, to be confirmed"), "li-pill-info"),
    "real_session": (_("confirmed real"), "li-pill-ok"),
    "waiting_placeholder": (_("waiting list"), "li-pill-warn"),
    "unknown": (_("unknown"), ""),
    "gone": (_("no longer in the old platform"), ""),
}

RULES: dict[str, Promise] = {
    "course:exact_name": _("same name on the platform"),
    "course:exact_name:decoded_entities": _("same name, once its HTML entities are decoded"),
    "course:exact_name:repaired_encoding": _("same name, once its damaged accents are repaired"),
    "course:several_equal_names": _("several courses of the platform have this name"),
    "course:no_exact_name": _("no course of the platform has this name"),
    "course:renamed": _("renamed since somebody judged it: what was said is a guess only"),
    "course:deleted_since": _(
        "deleted on the old platform since it was decided: the decision is a guess only"
    ),
    "course:chosen_by_reviewer": _("chosen by a person"),
    "course:set_aside_by_reviewer": _("the suggestion was refused; the course is not known yet"),
    "session:real": _("has a course and a code of its own"),
    "session:real_without_code": _("has a course of its own, but no code"),
    "session:waiting_words": _("its code is about waiting, in other words than Session-Attente"),
    "session:placeholder_id": _("one of the three ids that only park people: never real"),
    "session:waiting_code": _("its code says Session-Attente"),
    "session:no_formation": _("it names no course"),
    "session:formation_not_in_source": _("it names a course that the old catalogue does not have"),
}

DELETED = _("deleted on the old platform: its rows need review until it is confirmed")

DECISIONS: dict[str, Promise] = {
    "confirmed": _("confirmed"),
    "no_equivalent": _("no equivalent"),
    "unmapped": _("suggestion refused"),
    "taken_back": _("judgement taken back"),
    "real_session": _("confirmed real"),
    "waiting_placeholder": _("waiting list"),
    "unknown": _("unknown"),
}

# Code of a refusal by a service → its words.
REFUSALS: dict[str, Promise] = {
    "being_classified": _(
        "This source is being classified right now. Try again when that is done."
    ),
    "no_such_course": _("Choose one of the courses of the platform first."),
    "nothing_suggested": _("No course is suggested here, so there is none to confirm."),
    "not_decided": _("Nobody has judged this yet, so there is nothing to take back."),
    "placeholder_id": _(
        "The old platform parked people under 1, 2 and 235: these three never become real sessions."
    ),
    "reason_missing": _("This answer contradicts the rule. Say why: the reason is kept with it."),
    "too_many_rows": _(
        "This run is too large to be judged while you wait. An operator runs these three commands:"
    ),
    "held": _("A command is working on this run right now. Try again when it ends."),
    "being_committed": _(
        "This run is partly committed. Let the commit end, or let an operator run:"
    ),
    "not_open": _("This run is not open: it cannot be judged again from here."),
}
