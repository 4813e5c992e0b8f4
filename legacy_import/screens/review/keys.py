"""The keys of the review queue: one table for buttons, help and script.

A key is a letter, the same for its decision on every row, so that a hand that knows one never confirms
another. Not given to anything: q, w and m, which French keyboards have in other places.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from legacy_import.choices import ReviewDecision

D = ReviewDecision
# Decision → its key, and in the comment the word that it reminds of.
DECISION_KEYS: Mapping[ReviewDecision, str] = {
    D.LINK: "l",  # link
    D.NOT_SAME: "n",  # not the same
    D.ACCEPT_DATA: "a",  # accept
    D.TREAT_AS: "t",  # treat as
    D.RELEASE_WITHOUT_SESSION: "r",  # release
    D.CREATE_ANYWAY: "c",  # create
    D.SKIP: "s",  # skip
    D.LATER: "z",  # the last letter, for what comes last
    D.COURSE_OF_ROW: "o",  # its own course
    D.COURSE_OF_SESSION: "i",  # the course it is in
    D.SET_COURSE: "d",  # define
    D.ACKNOWLEDGE: "g",  # got it
    D.ADD_HISTORY: "h",  # history
    D.ANOTHER_PERSON: "p",  # person
    D.CREATE_AGAIN: "b",  # bring back
    D.SEPARATE: "v",  # divide
    D.RESET: "f",  # forget
}
NOTE, REPEAT, UNDO, SELECT = "e", "y", "u", "x"  # y: yes, again
NEXT, PREVIOUS = "j", "k"
SEARCH, HELP, CONFIRM = "/", "?", "Enter"

# In the order of the help: keys → what they do.
OTHER_KEYS: tuple[tuple[tuple[str, ...], Promise], ...] = (
    ((CONFIRM,), gettext_lazy("confirm it")),
    ((NOTE,), gettext_lazy("write a note")),
    ((NEXT, PREVIOUS), gettext_lazy("next row, previous row")),
    ((SELECT,), gettext_lazy("select the row")),
    ((REPEAT,), gettext_lazy("repeat what was decided about an earlier version")),
    ((UNDO,), gettext_lazy("undo your last decision")),
    ((SEARCH,), gettext_lazy("search")),
    ((HELP,), gettext_lazy("this help")),
)


def keys_for_templates() -> dict[str, object]:
    """The keys that are printed on buttons, and those of the help."""
    return {
        "note": NOTE,
        "repeat": REPEAT,
        "undo": UNDO,
        "search": SEARCH,
        "help": HELP,
        "others": OTHER_KEYS,
        "decisions": [(key, decision.label) for decision, key in DECISION_KEYS.items()],
    }
