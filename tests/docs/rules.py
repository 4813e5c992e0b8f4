"""The tables of docs/rules.md, made by asking the rules themselves (see tests/docs/tables.py)."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_type_hints

# What makes a row stop at a rung, in words. A rung without words here is an error.
RUNGS = {
    "_erased_on_request": "the person was erased on request, and no record of this payload exists",
    "_reviewer_put_aside": "a reviewer skipped or postponed it",
    "_already_imported": "imported before: a record with its `origin`, or a link in the commit log",
    "_deleted_at_source": "deleted on the old platform: itself, its course or its session",
    "_not_trustworthy": "status unknown, never validated, failed, or a structural doubt",
    "_history": "completed or archived training: the record, attached where HIGH is unblocked",
    "_registration": "registered: the same, and only in a session that is confirmed as real",
    "_interest_again": "lead: only the course interest that was deleted is created again",
    "_lead_in_doubtful_group": "lead: an edge between this row and another was refused, or is in doubt",
    "_lead_of_known_person": "lead: HIGH without blocker and one target, or a reviewer's link",
    "_lead_with_history": "lead: a row of its group was trained or registered",
    "_lead_again": "lead: not the first row of its group",
    "_new_lead": "lead: valid, a trustworthy contact, no match at any tier",
    "_otherwise": "every other lead",
}
KEY_KINDS = {
    "P": ("valid phone, one key for each number in the field", "high"),
    "E": ("valid e-mail, lower case, no placeholder", "high"),
    "D": ("birth date (the earlier of the date and its day/month twin) and full name (fold)",
          "medium; also joins rows of one run, except on 1 January"),
    "R": ("full name (fold) and the digits of the phone as typed, where no number is valid",
          "medium"),
    "Q": ("digits of an invalid or foreign phone, 7 or more", "medium at most, if the names agree"),
    "S": ("skeleton of the full name",
          "medium if the names agree and the dates are equal or swapped, else low"),
}  # fmt: skip


def statuses() -> str:
    from legacy_import.choices import SessionType
    from legacy_import.rules.statuses import POSTPONED, STATUSES, classify

    rows = [(f"`{text}`", meaning.value, f"`{classify(text, SessionType.NONE).rule}`")
            for text, meaning in STATUSES.items()]  # fmt: skip
    for text, session, said in (
        (POSTPONED, SessionType.REAL_SESSION, f"`{POSTPONED}`, session is a real_session"),
        (POSTPONED, SessionType.NONE, f"`{POSTPONED}`, any other session"),
        ("", SessionType.NONE, "empty"),
        ("?", SessionType.NONE, "anything else"),
    ):
        meaning = classify(text, session)
        rows.append((said, meaning.classification.value, f"`{meaning.rule}`"))
    return markdown(("status, folded", "classification", "rule"), rows)


def sessions() -> str:
    from legacy_import.rules.sessions import (
        PLACEHOLDER_IDS,
        WAITING_CODE,
        classify_session,
        session_of_row,
    )

    ids = sorted(PLACEHOLDER_IDS, key=int)
    plain = {"legacy_id": "7", "code": "X-1", "formation_id": "5", "formations": {"5"}}
    real = classify_session(**plain)  # type: ignore[arg-type]
    cases = [
        (f"id {', '.join(ids)}: not even a reviewer makes them real",
         classify_session(**{**plain, "legacy_id": ids[0]})),  # type: ignore[arg-type]
        (f"code contains `{WAITING_CODE}`, without case, accents, blanks, `_` and dashes",
         classify_session(**{**plain, "code": WAITING_CODE.upper()})),  # type: ignore[arg-type]
        ("no formation (null, blank, 0, or not a number)",
         classify_session(**{**plain, "formation_id": None})),  # type: ignore[arg-type]
        ("a formation that `formations` does not have",
         classify_session(**{**plain, "formations": set()})),  # type: ignore[arg-type]
        ("code is about waiting in other words: *Liste d'attente*, *Attente BUR*",
         classify_session(**{**plain, "code": "Liste d'attente"})),  # type: ignore[arg-type]
        ("otherwise, without a code", classify_session(**{**plain, "code": ""})),  # type: ignore[arg-type]
        ("otherwise", real),
        ("a reviewer decided what it is", session_of_row("7", real, reviewed=True)),
        ("the row refers to a session that `session_ecoins` does not have", session_of_row("7", None)),
        ("the row refers to no session (null, blank, 0)", session_of_row(None, None)),
    ]  # fmt: skip
    return markdown(
        ("session", "session_type", "rule"),
        [(said, kind.session_type.value, f"`{kind.rule}`") for said, kind in cases],
    )


def courses() -> str:
    from legacy_import.choices import SessionType
    from legacy_import.rules.courses import CourseState, formation_of_row, suggest

    real = SessionType.REAL_SESSION
    index, double = {"bureautique": [1], "ete": [2]}, {"bureautique": [1, 2]}
    suggestions = [
        ("one course has the same name after folding", suggest("BUREAUTIQUE ", index)),
        ("the same after an unambiguous repair of double encoding", suggest("Ã‰tÃ©", index)),
        ("the same after HTML entities are decoded once", suggest("&Eacute;t&eacute;", index)),
        ("two courses match equally", suggest("Bureautique", double)),
        ("no course has that name", suggest("Autre", index)),
    ]
    rows = [(said, found.status.value, f"`{found.rule}`") for said, found in suggestions]
    named = [
        ("the row's own formation", formation_of_row("5", real, "5")),
        ("blank: its real session's formation", formation_of_row(None, real, "5")),
        ("both, and they differ", formation_of_row("5", real, "6")),
        ("neither", formation_of_row(None, real, None)),
    ]
    states = {state.value: state for state in CourseState}
    rows += [(said, "needs_review" if found.rule in states else "that one", f"`{found.rule}`")
             for said, found in named]  # fmt: skip
    return markdown(("course", "answer", "rule"), rows)


def import_action() -> str:
    from legacy_import.choices import Classification, SessionType
    from legacy_import.rules.courses import CourseState
    from legacy_import.rules.import_action import decide
    from legacy_import.rules.reasons import REASONS

    seen: dict[tuple[str, str], set[str]] = {}
    for classification, session, course in itertools.product(
        Classification, SessionType, CourseState
    ):
        answer = decide(classification, session, course)
        seen.setdefault((answer.action.value, answer.reason), set()).add(classification.value)
    order = [value.value for value in Classification]
    words = {**REASONS, "lead": "a lead asks about a course; a waiting session does not block it",
             "registration": "registered in a real session, with a mapped course"}  # fmt: skip
    return markdown(
        ("import_action", "reason", "in words", "of rows classified"),
        [
            (action, f"`{reason}`", words[reason],
             ", ".join(sorted(of, key=order.index)))
            for (action, reason), of in sorted(seen.items(), key=lambda item: item[0])
        ],
    )  # fmt: skip


def decisions() -> str:
    from legacy_import.rules.resolutions import CHANGES, RESOLUTIONS

    rows = [
        (f"`{decision.value}`", words,
         ", ".join(f"`{reason}`" for reason, ways in RESOLUTIONS.items() if decision in ways)
         or "every reason")
        for decision, words in CHANGES.items()
    ]  # fmt: skip
    return markdown(("decision", "what it changes", "offered for"), rows)


def resolutions() -> str:
    from legacy_import.rules.resolutions import RESOLUTIONS, WITHOUT_DECISION

    rows = [
        (f"`{reason}`", ", ".join(f"`{decision.value}`" for decision in ways))
        for reason, ways in RESOLUTIONS.items()
    ]
    rows += [(f"`{reason}`", f"none: {words}") for reason, words in WITHOUT_DECISION.items()]
    return markdown(("review reason", "decisions that resolve it"), rows)


def issues() -> str:
    from legacy_import.rules.validation import ISSUES, Severity

    effect = {
        Severity.FATAL: "failed",
        Severity.DOUBT: "needs_review",
        Severity.NOTE: "none: a note",
    }
    return markdown(
        ("issue", "severity", "validation_status"),
        [(f"`{code}`", severity.name.lower(), effect[severity])
         for code, severity in ISSUES.items()],
    )  # fmt: skip


def commit_policy() -> str:
    from legacy_import.rules.commit_policy import LADDER

    answers: dict[str, dict[str, set[str]]] = {rung.__name__: {} for rung in LADDER}
    for rung_name, decision in _every_answer():
        answers[rung_name].setdefault(decision.action.value, set()).add(decision.reason)
    rows = [
        (str(place), RUNGS[rung],
         "<br>".join(f"{action}: {', '.join(f'`{why}`' for why in sorted(reasons))}"
                     for action, reasons in sorted(said.items())))
        for place, (rung, said) in enumerate(answers.items(), start=1)
    ]  # fmt: skip
    return markdown(("rung", "row", "planned_action: reasons"), rows)


class _Unknown(Exception):
    """A rung reads a fact that has no value yet."""


class _KnownFacts:
    """Facts of which only some have a value."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def __getattr__(self, name: str) -> Any:
        if name not in self._known:
            raise _Unknown(name)
        return self._known[name]


def _every_answer() -> Iterator[tuple[str, Any]]:
    """(rung, its decision) for every combination of facts that the ladder can tell apart.

    A fact gets its values, one after the other, when a rung first reads it: what no rung reads on the
    way to an answer cannot change it. So all combinations are covered, millions of them, in a second.
    """
    from legacy_import.rules.commit_policy import LADDER

    domains = _domains()
    open_ends: list[dict[str, Any]] = [{}]
    while open_ends:
        known = open_ends.pop()
        facts: Any = _KnownFacts(known)
        try:
            name, decision = next(
                (rung.__name__, answer) for rung in LADDER if (answer := rung(facts))
            )
        except _Unknown as unread:
            (fact,) = unread.args
            open_ends += [{**known, fact: value} for value in domains[fact]]
        else:
            yield name, decision


def _domains() -> dict[str, Sequence[Any]]:
    """The values of every fact, texts reduced to those that show where they come from."""
    from enum import Enum

    from legacy_import.rules.commit_policy import DELETIONS, Facts

    texts = {"deletion": ("", *DELETIONS), "doubt": ("the worst issue",),
             "action_reason": ("the training's reason",), "blocker": ("the blocker",)}  # fmt: skip
    hints = get_type_hints(Facts)
    domains: dict[str, Sequence[Any]] = {}
    for field in fields(Facts):
        kind = hints[field.name]
        if field.name in texts:
            domains[field.name] = texts[field.name]
        elif kind is bool:
            domains[field.name] = (False, True)
        else:
            assert issubclass(kind, Enum), field.name
            domains[field.name] = list(kind)
    return domains


def reasons() -> str:
    from legacy_import.rules.reasons import REASONS

    return markdown(("reason", "in words"), [(f"`{k}`", words) for k, words in REASONS.items()])


def key_kinds() -> str:
    rows = [(kind, value, tier) for kind, (value, tier) in KEY_KINDS.items()]
    return markdown(("kind", "value", "tier of a match"), rows)


def blockers() -> str:
    from legacy_import.rules import duplicates
    from legacy_import.rules.reasons import REASONS

    codes = [value for name, value in vars(duplicates).items()
             if name.isupper() and isinstance(value, str) and value in REASONS]  # fmt: skip
    return markdown(("blocker", "in words"), [(f"`{code}`", REASONS[code]) for code in codes])


def evidence() -> str:
    from legacy_import.rules.guards import GENERATION, BirthDates, Names

    special = {
        Names.SIMILAR: "blocks unless the birth dates are equal or swapped, or phone and e-mail agree",
        Names.OTHER_SCRIPT: "blocks",
        Names.ONE_WORD: "blocks",
        Names.PARTLY: "no blocker: phone, e-mail and birth date agree",
        BirthDates.ONE_PART_OFF: "blocks, unless the name is the same",
        BirthDates.MISSING: "no blocker for the same name",
        BirthDates.CONFLICT: "blocks, unless phone, e-mail and name agree and the dates are less "
        f"than {GENERATION} years apart",
    }  # fmt: skip
    usual = [(member, "no blocker" if member.is_same else "blocks") for member in Names]
    usual += [(member, "no blocker") for member in BirthDates]
    rows = [
        ("name" if isinstance(member, Names) else "birth date", f"`{member.value}`",
         special.get(member, effect))
        for member, effect in usual
    ]  # fmt: skip
    return markdown(("guard", "evidence", "effect on HIGH"), rows)


def reliability() -> str:
    from legacy_import.rules.reliability import CONTACT, CONTACTS, DATE, NAME, NAME_ALONE

    rows = [(f"`{code}`", f"{halves / 2:g}") for code, halves in (NAME | DATE).items()]
    rows += [(f"`{code}`", f"−{CONTACT / 2:g}") for code in CONTACTS]
    rows.append(("neither a contact nor a birth date", f"{NAME_ALONE / 2:g}"))
    return markdown(("evidence", "steps from surely one person"), rows)


def numbers() -> str:
    from ecoin.identity import keys, names, phones
    from legacy_import.conf import import_conf
    from legacy_import.rules import duplicates, guards, person_groups

    conf = import_conf()
    rows = [
        ("hot key: more distinct skeletons than", str(conf.hot_key_names),
         "`LEGACY_IMPORT_HOT_KEY_NAMES`"),
        ("hot key: more rows than, under 2 skeletons or more", str(conf.hot_key_rows),
         "`LEGACY_IMPORT_HOT_KEY_ROWS`"),
        ("two tokens are partners from OSA", str(guards.TOKEN_SIMILARITY),
         "`guards.TOKEN_SIMILARITY`"),
        ("two tokens are partners where phone, e-mail and birth date agree, from OSA",
         str(guards.PARTLY_SIMILARITY), "`guards.PARTLY_SIMILARITY`"),
        ("letters of an Arabic word in which one may be a slip, at least", str(guards.ARABIC_SLIP),
         "`guards.ARABIC_SLIP`"),
        ("years between the birth dates of two generations, at least", str(guards.GENERATION),
         "`guards.GENERATION`"),
        ("skeletons of a name in Arabic letters, at most", str(names.MAX_SKELETONS),
         "`names.MAX_SKELETONS`"),
        ("two joined folds are one name from OSA", str(guards.JOINED_SIMILARITY),
         "`guards.JOINED_SIMILARITY`"),
        ("LOW from OSA of the folds", str(duplicates.LOW_SIMILARITY),
         "`duplicates.LOW_SIMILARITY`"),
        ("LOW: users and leads of one skeleton, at most", str(duplicates.LOW_BLOCK_ROWS),
         "`duplicates.LOW_BLOCK_ROWS`"),
        ("rows of one person in a run, at most", str(person_groups.MAX_ROWS),
         "`person_groups.MAX_ROWS`"),
        ("digits of a key Q, at least", str(phones.MIN_INVALID_DIGITS),
         "`phones.MIN_INVALID_DIGITS`"),
        ("digits of a key R, at least", str(keys.MIN_RAW_DIGITS), "`keys.MIN_RAW_DIGITS`"),
    ]  # fmt: skip
    return markdown(("limit", "value", "where"), rows)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
