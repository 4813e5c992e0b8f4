"""Who might a staged row be? Every tier, blocker and guard on real rows of both databases."""

import datetime
import json
import re
from typing import Any

import pytest

from legacy_import.models import HotKey, LegacyImportRun, LegacyStudentImport, PersonEdge
from legacy_import.people.shared_keys import number_of_names
from tests.factories import (
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    StagedLearnerFactory,
    spelled,
)
from tests.stages.stages import run_validate

pytestmark = pytest.mark.django_db

PHONE, OTHER_PHONE = "0559446168", "0776845160"
BORN, SWAPPED = datetime.date(1999, 2, 3), datetime.date(1999, 3, 2)
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


def verdict(row: LegacyStudentImport) -> tuple[str, bool, str]:
    """(confidence, may it link, first blocker) of the row after a validation."""
    run_validate(row.legacy_import_run)
    row.refresh_from_db()
    return row.duplicate_confidence, row.auto_link_allowed, row.duplicate_blocker


# name → the lead that is there, the row that comes, (confidence, may link, blocker), an evidence item
TIERS = {
    "same-phone": (
        {"full_name": "Karim Haddad", "phone": "+213 559 44 61 68"}, KARIM,
        ("high", True, ""), "name_same"),
    "same-email": (
        {"full_name": "Karim Haddad", "email": "K.Haddad@Exemple.dz"},
        {**KARIM, "phone": "", "email": "k.haddad@exemple.dz"},
        ("high", True, ""), "same_email:k•••@exemple.dz"),
    "second-number-of-two": (
        {"full_name": "Karim Haddad", "phone": OTHER_PHONE},
        {**KARIM, "phone": f"{PHONE} / {OTHER_PHONE}"}, ("high", True, ""), "name_same"),
    "names-swapped": (
        {"full_name": "HADDAD Karim", "phone": PHONE}, KARIM,
        ("high", True, ""), "name_same_order_swapped"),
    "birth-date-swapped": (
        {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": SWAPPED}, KARIM,
        ("high", True, ""), "birth_date_swapped"),
    "shared-by-a-sister": (
        {"full_name": "Nadia Haddad", "phone": PHONE}, KARIM,
        ("high", False, "shared_contact_other_name"), "name_differs"),
    "birth-date-conflict": (
        {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": datetime.date(1985, 7, 20)},
        KARIM, ("high", False, "birth_date_conflict"), "birth_date_conflict"),
    "birth-date-conflict-but-phone-and-email-agree": (
        {"full_name": "Karim Haddad", "phone": PHONE, "email": "kh@exemple.dz",
         "birth_date": datetime.date(1985, 7, 20)},
        {**KARIM, "email": "kh@exemple.dz"}, ("high", True, ""), "birth_date_conflict"),
    "name-missing": (
        {"full_name": "-", "phone": PHONE}, KARIM, ("high", False, "name_missing"), "name_missing"),
    "role-mailbox": (
        {"full_name": "Karim Haddad", "email": "contact@exemple.dz"},
        {**KARIM, "phone": "", "email": "contact@exemple.dz"},
        ("high", False, "role_mailbox"), "name_same"),
    "name-and-date": (
        {"full_name": "Karim Hadad", "birth_date": BORN}, KARIM,
        ("medium", False, ""), "birth_date_equal"),
    "name-and-swapped-date": (
        {"full_name": "Karim Haddad", "birth_date": SWAPPED}, KARIM,
        ("medium", False, ""), "birth_date_swapped"),
    "name-and-raw-phone": (
        {"full_name": "Karim Haddad", "phone": "12 34 5"}, {**KARIM, "phone": "12345"},
        ("medium", False, ""), "same_raw_phone"),
    "name-and-foreign-phone": (
        {"full_name": "Karim Haddad", "phone": "+33 6 39 98 12 34"},
        {**KARIM, "phone": "0033639981234"}, ("medium", False, ""), "name_same"),
    "phone-of-before-2008": (
        {"full_name": "Karim Haddad", "phone": "059 44 61 68"},
        {**KARIM, "phone": "0559 44 61 68", "birth_date": ""},
        ("medium", False, ""), "same_old_phone:•••• 68"),
    "phone-of-before-2008-in-the-row": (
        {"full_name": "Karim Haddad", "phone": "0661223344"},
        {**KARIM, "phone": "+213 61 22 33 44", "birth_date": ""},
        ("medium", False, ""), "same_old_phone:•••• 44"),
    "phone-of-before-2008-of-another": (
        {"full_name": "Nadia Saadi", "phone": "0661223344"}, {**KARIM, "phone": "061223344"},
        ("none", False, ""), None),
    "similar-name-only": (
        {"full_name": "Karim Hadad"}, {**KARIM, "birth_date": ""},
        ("low", False, ""), "name_same"),
    "similar-name-but-another-date": (
        {"full_name": "Karim Haddad", "birth_date": datetime.date(1985, 7, 20)}, KARIM,
        ("none", False, ""), None),
    "placeholder-phone": (
        {"full_name": "Lina Saadi", "phone": "0555555555"}, {**KARIM, "phone": "0555555555"},
        ("none", False, ""), None),
    "placeholder-email": (
        {"full_name": "Lina Saadi", "email": "ecoin.hank@gmail.com"},
        {**KARIM, "email": "Ecoin.Hank@gmail.com"}, ("none", False, ""), None),
    "blank-never-matches-blank": (
        {"full_name": "", "phone": "", "email": ""},
        {"full_name": "Karim", "phone": "", "email": ""}, ("none", False, ""), None),
}  # fmt: skip


@pytest.mark.parametrize(("there", "comes", "expected", "item"), TIERS.values(), ids=TIERS)
def test_a_row_and_a_lead(
    run: LegacyImportRun,
    there: dict[str, Any],
    comes: dict[str, Any],
    expected: tuple[str, bool, str],
    item: str | None,
) -> None:
    lead = CrmLeadFactory(**there)
    row = StagedLearnerFactory(run=run, **comes)
    assert verdict(row) == expected
    if item is None:
        assert row.duplicate_evidence == {}
        assert (row.match_kind, row.match_id) == ("", None)
    else:
        assert (row.match_kind, row.match_id) == ("lead", lead.pk)
        assert item in row.duplicate_evidence["targets"][0]["evidence"]


def test_a_user_with_a_profile_is_an_existing_person_too(run: LegacyImportRun) -> None:
    profile = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", phone=PHONE, birth_date=BORN
    )
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row) == ("high", True, "")
    assert (row.match_kind, row.match_id) == ("user", profile.user_id)


def test_a_user_and_a_lead_who_both_match_are_several_targets_and_all_named(
    run: LegacyImportRun,
) -> None:
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", phone=PHONE
    ).user
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row) == ("high", False, "several_targets")
    named = [(found["kind"], found["id"]) for found in row.duplicate_evidence["targets"]]
    assert named == [("user", user.pk), ("lead", lead.pk)]


def test_a_sister_on_the_same_phone_is_no_rival(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Nadia Haddad", phone=PHONE)
    brother = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row) == ("high", True, "")
    assert row.match_id == brother.pk


@pytest.mark.parametrize("who", ["user", "lead"])
def test_a_hot_phone_stays_high_with_one_representative_and_its_blocker(
    run: LegacyImportRun, who: str
) -> None:
    if who == "user":
        there = LearnerProfileFactory(
            user__first_name="Karim", user__last_name="Haddad", phone=PHONE
        ).user
    else:
        there = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    CrmLeadFactory(full_name="Lina Saadi", phone=PHONE)
    for number in range(1, 5):
        StagedLearnerFactory(run=run, full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row) == ("high", False, "hot_key")
    assert [(t["kind"], t["id"]) for t in row.duplicate_evidence["targets"]] == [(who, there.pk)]
    strangers = LegacyStudentImport.objects.exclude(pk=row.pk)
    assert {other.duplicate_blocker for other in strangers} == {"hot_key"}
    assert "in_run" not in row.duplicate_evidence, "a hot key is never joined pairwise"
    assert row.contact_trusted is False


def test_a_hot_phone_beside_an_address_of_its_own_may_link(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, email="kh@exemple.dz")
    for number in range(1, 5):
        StagedLearnerFactory(run=run, full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)
    row = StagedLearnerFactory(run=run, email="kh@exemple.dz", **KARIM)
    assert verdict(row) == ("high", True, "")
    assert row.contact_trusted is True


@pytest.mark.parametrize(
    ("names", "hot"),
    [
        pytest.param([1, 2, 3, 4], False, id="four-names"),
        pytest.param([1, 2, 3, 4, 5], True, id="five-names"),
        pytest.param([1, 1, 1, 2, 2, 2], False, id="six-rows-two-names"),
        pytest.param([1, 1, 1, 1, 2, 2, 2], True, id="seven-rows-two-names"),
        pytest.param([1] * 9, False, id="nine-courses-of-one-person"),
    ],
)
def test_a_phone_is_hot_by_its_names_or_its_rows(
    run: LegacyImportRun, names: list[int], hot: bool
) -> None:
    for number in names:
        StagedLearnerFactory(run=run, full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)
    run_validate(run)
    found = HotKey.objects.filter(legacy_import_run=run, kind="P")
    assert [(key.people, key.names) for key in found] == (
        [(len(names), len(set(names)))] if hot else []
    )


def test_a_name_in_arabic_letters_is_one_name_and_one_person(run: LegacyImportRun) -> None:
    """It has a key for each way it may be spelled in Latin letters."""
    for name in ("نبيل زرفاوي", "زرفاوي نبيل", "Nabil Zerfaoui", "نبيل زرفاوي"):
        StagedLearnerFactory(run=run, full_name=name, phone=PHONE)
    run_validate(run)
    assert not HotKey.objects.filter(legacy_import_run=run, kind="P").exists()
    for name in ("كريم زموري", "رابح شرفاوي", "سامية بلقاسم", "يوسف مزيان"):
        StagedLearnerFactory(run=run, full_name=name, phone=PHONE)
    run_validate(run)
    found = HotKey.objects.get(legacy_import_run=run, kind="P")
    assert (found.people, found.names, found.hot) == (8, 5, True)


@pytest.mark.parametrize(
    ("skeletons", "names"),
    [
        pytest.param([], 0, id="nobody"),
        pytest.param([[], ["a"], ["a"]], 1, id="one"),
        pytest.param([["a"], ["b"], ["c"]], 3, id="three"),
        pytest.param([["a", "b"], ["c"], ["d", "c"], ["b", "e"]], 2, id="two-chains"),
        pytest.param([["a"], ["b"], ["c"], ["a", "b", "c"]], 1, id="connected-by-the-last"),
    ],
)
def test_people_who_share_a_skeleton_have_one_name(skeletons: list[list[str]], names: int) -> None:
    assert number_of_names(skeletons) == names


def test_users_and_leads_count_when_a_phone_becomes_hot(run: LegacyImportRun) -> None:
    for number in range(1, 5):
        CrmLeadFactory(full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)
    StagedLearnerFactory(run=run, **KARIM)
    run_validate(run)
    assert HotKey.objects.get(legacy_import_run=run, kind="P").names == 5


def test_the_rows_of_another_run_count_for_nothing(run: LegacyImportRun) -> None:
    other = RunFactory()
    for number in range(1, 6):
        StagedLearnerFactory(run=other, full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row) == ("none", False, "")
    assert row.duplicate_evidence == {}


def test_a_name_that_half_the_town_has_is_no_hint(run: LegacyImportRun) -> None:
    CrmLeadFactory.create_batch(51, full_name="Mohamed Benali")
    row = StagedLearnerFactory(run=run, full_name="Mohamed Benali")
    assert verdict(row) == ("none", False, "")


def test_matches_inside_the_run_stand_in_the_evidence_and_leave_the_confidence(
    run: LegacyImportRun,
) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    again = StagedLearnerFactory(
        run=run, table="archives", **{**KARIM, "full_name": "Haddad Karim"}
    )
    sister = StagedLearnerFactory(run=run, full_name="Nadia Haddad", phone=PHONE)
    assert verdict(row) == ("none", False, "")
    found = {item["id"]: item for item in row.duplicate_evidence["in_run"]}
    assert set(found) == {again.pk, sister.pk}
    assert found[again.pk]["row"] == f"archives:{again.legacy_id}"
    assert found[again.pk]["same_person"] is True
    assert found[sister.pk]["same_person"] is False
    assert found[sister.pk]["blockers"] == ["shared_contact_other_name"]


def test_of_several_targets_all_are_named(run: LegacyImportRun) -> None:
    CrmLeadFactory.create_batch(7, full_name="Karim Haddad", birth_date=BORN)
    row = StagedLearnerFactory(run=run, **KARIM)
    assert verdict(row)[0] == "medium"
    assert len(row.duplicate_evidence["targets"]) == 7
    assert row.duplicate_evidence["targets_total"] == 7


def test_a_row_typed_a_thousand_times_makes_no_million_pairs(run: LegacyImportRun) -> None:
    """Each is compared with the first one; ten are one person, the others wait for a reviewer."""
    many = 300
    rows = [StagedLearnerFactory(run=run, legacy_id=str(n), **KARIM) for n in range(1, many + 1)]
    run_validate(run)
    assert PersonEdge.objects.count() == many - 1
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run)
    assert staged.filter(group_first_id=rows[0].pk).count() == 10
    assert staged.filter(group_conflict=True).count() >= many - 10
    assert staged.filter(validation_status="valid").count() == many


@pytest.mark.parametrize(
    ("origin", "confidence"),
    [
        pytest.param("legacy:stagiaires:7:lead", "none", id="its-own"),
        pytest.param("legacy:stagiaires:77:lead", "high", id="another-id-that-begins-alike"),
        pytest.param("legacy:archives:7:lead", "high", id="another-table"),
        pytest.param("other:stagiaires:7:lead", "high", id="another-source"),
        pytest.param(None, "high", id="no-import-s"),
    ],
)
def test_a_record_of_the_row_s_own_origin_is_never_its_duplicate(
    run: LegacyImportRun, origin: str | None, confidence: str
) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, origin=origin)
    row = StagedLearnerFactory(run=run, legacy_id="7", **KARIM)
    assert verdict(row)[0] == confidence


def test_the_evidence_holds_no_contact(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, email="karim.haddad@exemple.dz")
    row = StagedLearnerFactory(run=run, email="karim.haddad@exemple.dz", **KARIM)
    StagedLearnerFactory(run=run, email="karim.haddad@exemple.dz", **KARIM)
    verdict(row)
    told = json.dumps(row.duplicate_evidence, ensure_ascii=False)
    assert "same_phone:" in told
    without_ids = re.sub(r'"id": \d+', "", told)  # our own row numbers may be long
    assert not re.search(r"\d{5}", without_ids)
    assert "karim.haddad@" not in told


def test_an_old_number_and_its_new_self_are_a_hint_inside_a_run_and_no_group(
    run: LegacyImportRun,
) -> None:
    old = StagedLearnerFactory(
        run=run, full_name="Karim Haddad", phone="061223344", table="archives"
    )
    new = StagedLearnerFactory(run=run, full_name="Karim Haddad", phone="0661223344")
    run_validate(run)
    for row, other in ((old, new), (new, old)):
        row.refresh_from_db()
        (match,) = row.duplicate_evidence["in_run"]
        assert (match["id"], match["same_person"]) == (other.pk, False)
        assert match["evidence"][0].startswith("same_old_phone:")
        assert row.group_first_id is None
