"""Old courses and old sessions in every state, with names and codes that do not break."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from legacy_import.mapping.kinds import KINDS
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
)
from legacy_import.rules.statuses import key_of
from tests.browser.states import LONG_NAME, State, at
from tests.factories import (
    NOW,
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import run_stages

COURSES, SESSIONS = "/admin/legacy-imports/course-mapping", "/admin/legacy-imports/session-mapping"
STATUSES = "/admin/legacy-imports/status-mapping"
CONFLICTS = f"{COURSES}/conflicts"
HOSTILE = "<script>document.title='!'</script>\u202e\u2066 infographie"
UNBROKEN = "GESTIONCOMMERCIALEETCOMPTABILITE_" * 5
WITH_BULK = {kind.model: kind.bulk is not None for kind in KINDS}
WAITING = {"course": None, "status": "unmapped", "rule": "course:no_exact_name"}


def mapped_run() -> LegacyImportRun:
    """A planned run with courses and sessions in every state."""
    started = RunFactory()
    for number, name in enumerate(("Gestion", "Anglais", "Comptabilité"), start=8):
        course = CourseFactory(name=name, code=f"C-{number}")
        CourseMappingFactory(legacy_formation_id=str(number), legacy_name=name.upper(),
                             course=course, status="suggested", rule="course:exact_name")  # fmt: skip
    CourseFactory(name="Infographie et PAO", code="INF")
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie PAO", **WAITING)
    CourseMappingFactory(legacy_formation_id="6", legacy_name=HOSTILE, **WAITING)
    SessionMappingFactory(legacy_session_id="40", legacy_code="INF-2019", legacy_formation_id="8",
                          starts_on_raw="2019-01-06", ends_on_raw="0000-00-00")  # fmt: skip
    SessionMappingFactory(legacy_session_id="41", legacy_code="INF-2020", legacy_formation_id="8",
                          confirmed=True)  # fmt: skip
    SessionMappingFactory(legacy_session_id="235", legacy_code=HOSTILE, legacy_formation_id="8",
                          session_type="waiting_placeholder", rule="session:placeholder_id")  # fmt: skip
    rows = [("Formée", "7", None), ("Formée", "7", None), ("Confirmer", "8", "40"),
            ("Formée", "9", None), ("Formée", "8", "235")]  # fmt: skip
    rows += [("Abandon", "8", None), ("abandon ", "9", None), (UNBROKEN[:190], "8", None)]
    rows.append(("Formée", "9", "40"))  # the session of another course
    for legacy_id, (status, formation, session) in enumerate(rows, start=1):
        StagedLearnerFactory(run=started, legacy_id=str(legacy_id), status=status,
                             formation_id=formation, session_id=session)  # fmt: skip
    run_stages(started)
    return started


KEYS: dict[Any, str] = {
    LegacyCourseMapping: "legacy_formation_id",
    LegacySessionMapping: "legacy_session_id",
    LegacyStatusMapping: "status_key",
    LegacyCourseConflict: "legacy_formation_id",
}


def mapping_of(model: Any, legacy_id: str) -> Any:
    return model.objects.get(**{KEYS[model]: legacy_id})


def _add_unbroken() -> None:
    """A course and a session whose names, codes and judges are one long word each."""
    judge = UserFactory(username=LONG_NAME)
    course = CourseFactory(name=UNBROKEN, code="W" * 40)
    CourseMappingFactory(legacy_formation_id="5" * 20, legacy_name=UNBROKEN, course=course,
                         status="confirmed", confirmed_by=judge, confirmed_at=NOW)  # fmt: skip
    SessionMappingFactory(legacy_session_id="6" * 20, legacy_code=UNBROKEN, confirmed=True,
                          legacy_formation_id="5" * 20, starts_on_raw=UNBROKEN[:40],
                          ends_on_raw=UNBROKEN[:40], confirmed_by=judge, confirmed_at=NOW,
                          reason=UNBROKEN)  # fmt: skip


def states(language: str) -> Iterator[State]:
    mapped_run()
    _add_unbroken()
    for place, model, one, others in (
        (COURSES, LegacyCourseMapping, "7", ("6", "5" * 20)),
        (SESSIONS, LegacySessionMapping, "40", ("235", "41", "6" * 20)),
        (STATUSES, LegacyStatusMapping, "abandon", (key_of(UNBROKEN[:190]),)),
        (CONFLICTS, LegacyCourseConflict, "9", ()),
    ):
        kind = place.rpartition("/")[2]
        page = f"{place}/{mapping_of(model, one).pk}"
        yield State(kind, at(place), shows="table", role="Manager")
        yield State(f"{kind}, none found", at(f"{place}?q=zzz"), shows=".li-empty", role="Manager")
        if WITH_BULK[model]:
            yield State(f"{kind}, confirm all", at(f"{place}/confirm-all"), role="Manager")
        yield State(f"{kind} {one}", at(page), role="Manager")
        for other in others:
            address = f"{place}/{mapping_of(model, other).pk}"
            yield State(f"{kind} {other}", at(address), role="Manager", axe_width=0)
        yield State(f"{kind}, lost a race", _overtaken(page, model, one), shows=".li-alert",
                    role="Manager")  # fmt: skip
    yield State("courses, searched", at(f"{COURSES}/{mapping_of(LegacyCourseMapping, '7').pk}"
                f"?course_q={UNBROKEN[:30]}"), shows="fieldset", role="Manager")  # fmt: skip
    no_reason = f"{SESSIONS}/{mapping_of(LegacySessionMapping, '40').pk}"
    yield State("no reason given", _decide(no_reason, "waiting_placeholder"), shows=".li-alert",
                role="Manager")  # fmt: skip
    yield State("some confirmed", _confirm_all, shows=".messagelist", role="Manager")


def _decide(address: str, decision: str) -> Any:
    def decide(page: Page) -> None:
        page.goto(address)
        with page.expect_navigation():
            page.locator(f"button[value={decision}]").click()

    return decide


def _overtaken(address: str, model: Any, legacy_id: str) -> Any:
    """Somebody else decides while the page is open: the answer is a conflict."""

    def lose(page: Page) -> None:
        page.goto(address)
        mapping = mapping_of(model, legacy_id)
        page.locator("input[name=version]").first.evaluate(
            "(field, version) => { field.value = version; }", str(mapping.version + 7)
        )
        page.locator("#note").fill("relu")
        with page.expect_navigation():
            page.locator("button[name=decision]:not(.li-button-primary)").first.click()

    return lose


def _confirm_all(page: Page) -> None:
    page.goto(f"{COURSES}/confirm-all")
    with page.expect_navigation():
        page.locator("#content form[method=post] .li-button-primary").click()
