"""Random staged data: few names, phones and courses, so that rows meet each other and the platform."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from legacy_import.choices import (
    Classification,
    CourseMappingStatus,
    ReviewDecision,
    SessionType,
    SourceTable,
)
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    UserFactory,
    legacy_row,
    stage_rows,
)
from tests.stages.stages import run_classify, run_plan, run_validate

NAMES = (
    "Karim Haddad", "Haddad Karim", "Samira Belkacem", "Yacine Belkacem", "Nadia Mansouri",
    "Mansouri Nadya", "",
)  # fmt: skip
PHONES = ("0559446168", "0776845160", "0661223344", "0559446168 / 0776845160", "12", "")
EMAILS = ("karim@exemple.dz", "nadia@exemple.dz", "contact@exemple.dz", "/", "")
BIRTH_DATES = ("1999-02-03", "1999-03-02", "1985-11-20", "1900-01-01", "2019-02-31", "")
STATUSES = (
    "Formée", "Archivé", "informer", "nouveau", "Ne répond pas", "Reporter", "Confirmer", "???",
)  # fmt: skip
COURSES = (None, "1", "2", "3", "4", "77")  # see `_mappings`; 77 is no formation
SESSIONS = (None, "10", "11", "12", "99")  # 99 is no session
KINDS = ("user", "lead")
Person = dict[str, Any]


def often(*likely: str, of: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """One of `of`, the likely ones as often as all together."""
    return st.one_of(st.sampled_from(likely), st.sampled_from(of))


PEOPLE = st.fixed_dictionaries(
    {
        "full_name": st.sampled_from(NAMES[:-1]),
        "phone": often(*PHONES[:3], of=PHONES),
        "email": st.sampled_from(EMAILS),
        "birth_date": st.sampled_from((None, "1999-02-03", "1985-11-20")),
    }
)
ROWS = st.fixed_dictionaries(
    {
        "table": st.sampled_from(SourceTable.values),
        "full_name": often(*NAMES[:-1], of=NAMES),
        "phone": often(*PHONES[:3], of=PHONES),
        "email": often("", "/", of=EMAILS),
        "birth_date": often("", "1999-02-03", of=BIRTH_DATES),
        "status": often("Formée", "nouveau", "nouveau", "Confirmer", of=STATUSES),
        "formation_id": often("1", of=COURSES),
        "session_id": often("10", of=SESSIONS),
    }
)
DECISIONS = st.fixed_dictionaries(
    {
        "decision": st.sampled_from(ReviewDecision.values),
        "treat_as": st.sampled_from(Classification.values),
        "row": st.integers(0, 99),
        "person": st.integers(0, 99),
    }
)


@dataclass(frozen=True)
class School:
    """What a run is made of. Numbers of rows and people are taken modulo what there is."""

    rows: list[dict[str, Any]]
    known: list[tuple[str, Person]]  # ("user" or "lead", who)
    decisions: list[dict[str, Any]]

    def planned(self) -> LegacyImportRun:
        """Stage, judge and plan it, with the reviewers' decisions."""
        _mappings()
        people = [_existing(kind, who) for kind, who in self.known]
        run: LegacyImportRun = RunFactory()
        staged = stage_rows(
            run, [legacy_row(legacy_id=str(n), **row) for n, row in enumerate(self.rows, 1)]
        )
        run_validate(run)
        run_classify(run)
        for said in self.decisions:
            decide(said, staged, people)
        run_plan(run)
        run.refresh_from_db()
        return run


KARIM = {"full_name": "Karim Haddad", "phone": PHONES[0], "email": EMAILS[0]}
# A phone that so many rows carry that it says nothing of who they are, and Samira has it too.
CROWD = School(
    rows=[
        {**KARIM, "table": "stagiaires", "birth_date": "", "status": "Formée",
         "formation_id": "1", "session_id": "10"}
    ]
    * 9,
    known=[
        ("user", {**KARIM, "birth_date": None}),
        ("user", {**KARIM, "full_name": "Samira Belkacem", "email": EMAILS[1], "birth_date": None}),
    ],
    decisions=[],
)  # fmt: skip
SCHOOLS = st.builds(
    School,
    rows=st.lists(ROWS, min_size=1, max_size=9),
    known=st.lists(st.tuples(st.sampled_from(KINDS), PEOPLE), max_size=3),
    decisions=st.lists(DECISIONS, max_size=3),
)


def decide(
    said: dict[str, Any], staged: list[LegacyStudentImport], people: list[tuple[str, int]]
) -> None:
    """A reviewer says something about a row; what needs a person is left unsaid where nobody is."""
    decision = ReviewDecision(said["decision"])
    about_people = decision in (ReviewDecision.LINK, ReviewDecision.NOT_SAME)
    if about_people and not people:
        return
    ReviewDecisionFactory(
        student_import=staged[said["row"] % len(staged)],
        decision=decision,
        treat_as=said["treat_as"] if decision == ReviewDecision.TREAT_AS else "",
        person=people[said["person"] % len(people)] if about_people else None,
    )


def _mappings() -> None:
    """1 confirmed, 2 suggested, 3 unmapped, 4 without equivalent; 10 confirmed, 11 real, 12 waits."""
    course = CourseMappingFactory
    course(legacy_formation_id="1")
    course(legacy_formation_id="2", status=CourseMappingStatus.SUGGESTED)
    course(legacy_formation_id="3", status=CourseMappingStatus.UNMAPPED, course=None)
    course(legacy_formation_id="4", status=CourseMappingStatus.NO_EQUIVALENT, course=None)
    session = SessionMappingFactory
    session(legacy_session_id="10", legacy_formation_id="1", confirmed=True)
    session(legacy_session_id="11", legacy_formation_id="2")
    session(legacy_session_id="12", session_type=SessionType.WAITING_PLACEHOLDER)
    CourseFactory()  # nobody's


def _existing(kind: str, who: Person) -> tuple[str, int]:
    if kind == "lead":
        return kind, CrmLeadFactory(**who).pk
    first, _, last = who["full_name"].partition(" ")
    user = UserFactory(first_name=first, last_name=last, email=who["email"])
    LearnerProfileFactory(user=user, phone=who["phone"], birth_date=who["birth_date"])
    return kind, user.pk
