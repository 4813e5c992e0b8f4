"""An import refreshes the course and session mappings: suggestions, types, and a person's word."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from tests.legacy_database import MakeLegacy, learner, tables
from tests.stages.importing import import_from
from trainings.models import Course

pytestmark = pytest.mark.django_db

Rows = Sequence[dict[str, Any]]


@pytest.fixture(autouse=True)
def courses() -> dict[str, int]:
    """The platform's courses: two of them carry one name."""
    names = {"CPT": "Comptabilité", "ANG": "Anglais", "INF": "Infographie", "IN2": "INFOGRAPHIE"}
    return {code: Course.objects.create(code=code, name=name).pk for code, name in names.items()}


def formation(name: str | None, legacy_id: int = 1) -> dict[str, Any]:
    return {"id": legacy_id, "nom": name}


def course_mapping(legacy_id: int = 1) -> LegacyCourseMapping:
    return LegacyCourseMapping.objects.get(
        connection_name="legacy", legacy_formation_id=str(legacy_id)
    )


def session_mapping(legacy_id: int = 10) -> LegacySessionMapping:
    return LegacySessionMapping.objects.get(
        connection_name="legacy", legacy_session_id=str(legacy_id)
    )


def confirm(mapping: LegacyCourseMapping | LegacySessionMapping, **values: Any) -> None:
    """What a reviewer's screen will do."""
    user, _ = User.objects.get_or_create(username="reviewer")
    for name, value in values.items():
        setattr(mapping, name, value)
    mapping.confirmed_by, mapping.confirmed_at = user, timezone.now()
    mapping.save()


class TestCourses:
    @pytest.mark.parametrize(
        ("name", "code", "rule"),
        [
            ("Comptabilité", "CPT", "course:exact_name"),
            ("  COMPTABILITE ", "CPT", "course:exact_name"),
            ("ComptabilitÃ©", "CPT", "course:exact_name:repaired_encoding"),
            ("Comptabilité avancée", None, "course:no_exact_name"),
            ("Infographie", None, "course:several_equal_names"),
            ("", None, "course:no_exact_name"),
            (None, None, "course:no_exact_name"),
        ],
        ids=["same", "folded", "repaired", "longer", "two_courses", "empty", "null"],
    )
    def test_only_one_exact_name_is_a_suggestion(
        self, name: str | None, code: str | None, rule: str, courses: dict[str, int],
        make_legacy: MakeLegacy,
    ) -> None:  # fmt: skip
        import_from(make_legacy(tables(formations=[formation(name)])))
        mapping = course_mapping()
        assert (mapping.course_id, mapping.rule) == (courses[code] if code else None, rule)
        assert mapping.status == ("suggested" if code else "unmapped")
        assert mapping.legacy_name == (name or "")

    def test_no_course_is_ever_created(self, make_legacy: MakeLegacy) -> None:
        before = Course.objects.count()
        import_from(make_legacy(tables(formations=[formation("Poterie"), formation(None, 2)])))
        assert Course.objects.count() == before

    def test_a_second_import_of_the_same_catalogue_changes_no_mapping(
        self, make_legacy: MakeLegacy
    ) -> None:
        database = make_legacy(tables(formations=[formation("Anglais"), formation("Poterie", 2)]))
        seen = []
        for _ in range(2):
            import_from(database)
            seen.append(
                [*LegacyCourseMapping.objects.values(), *LegacySessionMapping.objects.values()]
            )
        assert seen[0] == seen[1]

    @pytest.mark.parametrize("status", ["confirmed", "no_equivalent"])
    def test_a_persons_answer_survives_the_next_import(
        self, status: str, courses: dict[str, int], make_legacy: MakeLegacy
    ) -> None:
        database = make_legacy(tables(formations=[formation("Poterie")]))
        import_from(database)
        chosen = courses["ANG"] if status == "confirmed" else None
        confirm(course_mapping(), status=status, course_id=chosen)
        before = LegacyCourseMapping.objects.values().get()
        import_from(database)
        assert LegacyCourseMapping.objects.values().get() == before

    @pytest.mark.parametrize("renamed", ["Anglais avancé", "Comptabilité"])
    def test_a_renamed_formation_asks_again_and_keeps_the_answer_as_a_guess(
        self, renamed: str, courses: dict[str, int], make_legacy: MakeLegacy
    ) -> None:
        import_from(make_legacy(tables(formations=[formation("Langues")])))
        confirm(course_mapping(), status="confirmed", course_id=courses["ANG"])
        version = course_mapping().version
        for _ in range(2):  # and goes on asking
            import_from(make_legacy(tables(formations=[formation(renamed)])))
            mapping = course_mapping()
            assert (mapping.status, mapping.rule) == ("unmapped", "course:renamed")
            assert (mapping.legacy_name, mapping.course_id) == (renamed, courses["ANG"])
            assert (mapping.confirmed_by_id, mapping.confirmed_at) == (None, None)
            assert mapping.version == version + 1

    def test_a_renamed_formation_nobody_decided_on_gets_its_new_suggestion(
        self, courses: dict[str, int], make_legacy: MakeLegacy
    ) -> None:
        import_from(make_legacy(tables(formations=[formation("Anglais")])))
        import_from(make_legacy(tables(formations=[formation("Comptabilité")])))
        mapping = course_mapping()
        assert (mapping.status, mapping.course_id) == ("suggested", courses["CPT"])

    def test_a_course_added_later_is_suggested_by_the_next_import(
        self, make_legacy: MakeLegacy
    ) -> None:
        database = make_legacy(tables(formations=[formation("Poterie")]))
        import_from(database)
        course = Course.objects.create(code="POT", name="Poterie")
        import_from(database)
        assert (course_mapping().status, course_mapping().course_id) == ("suggested", course.pk)


SESSIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "real": ({"id": 10, "code": "CPT-2019", "formation_id": "1"}, "real_session", "session:real"),
    **{
        f"placeholder_{number}": ({"id": number, "code": "CPT", "formation_id": "1"},
                                  "waiting_placeholder", "session:placeholder_id")
        for number in (1, 2, 235)
    },
    "waiting_code": ({"id": 10, "code": "x SESSION-attente 3", "formation_id": "1"},
                     "waiting_placeholder", "session:waiting_code"),
    **{
        f"formation_{value!r}": ({"id": 10, "code": "CPT", "formation_id": value},
                                 "waiting_placeholder", "session:no_formation")
        for value in (None, "0", "", "abc")
    },
    "formation_gone": ({"id": 10, "code": "CPT", "formation_id": "99"}, "waiting_placeholder",
                       "session:formation_not_in_source"),
    "no_code": ({"id": 10, "code": None, "formation_id": "1"}, "real_session",
                "session:real_without_code"),
}  # fmt: skip


class TestSessions:
    @pytest.mark.parametrize("name", SESSIONS)
    def test_a_session_gets_its_type_and_the_rule(self, name: str, make_legacy: MakeLegacy) -> None:
        row, session_type, rule = SESSIONS[name]
        import_from(make_legacy(tables(session_ecoins=[row])))
        mapping = session_mapping(row["id"])
        assert (mapping.session_type, mapping.rule) == (session_type, rule)
        assert (mapping.legacy_code, mapping.confirmed_at) == (row["code"] or "", None)

    def test_the_dates_are_kept_as_found(self, make_legacy: MakeLegacy) -> None:
        row = {"id": 10, "code": "C", "formation_id": "1", "date_debut": "2019-01-07",
               "date_fin": "0000-00-00"}  # fmt: skip
        import_from(make_legacy(tables(session_ecoins=[row])))
        mapping = session_mapping()
        assert (mapping.starts_on_raw, mapping.ends_on_raw) == ("2019-01-07", "0000-00-00")

    def test_a_confirmed_session_stays_until_it_is_renamed(self, make_legacy: MakeLegacy) -> None:
        row = {"id": 10, "code": "CPT-2019", "formation_id": None}
        import_from(make_legacy(tables(session_ecoins=[row])))
        confirm(session_mapping(), session_type="real_session")
        before = LegacySessionMapping.objects.values().get()
        import_from(make_legacy(tables([learner(1)], session_ecoins=[row])))
        assert LegacySessionMapping.objects.values().get() == before
        import_from(make_legacy(tables(session_ecoins=[{**row, "code": "Session-Attente"}])))
        mapping = session_mapping()
        assert (mapping.session_type, mapping.confirmed_at, mapping.version) == (
            "waiting_placeholder", None, before["version"] + 1,
        )  # fmt: skip
