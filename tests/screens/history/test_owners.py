"""`/admin/trainings/history/owners` and `…/attach`: who may, what they show, what a click does."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from crm.models import CrmLead
from legacy_import.rules import duplicates
from legacy_import.stages.commit.possible_owners import NEVER_LINKS
from tests.canaries import found
from tests.factories import CrmLeadFactory, LearnerProfileFactory, UserFactory
from tests.trainings.histories import BORN, NAME, NOW, again, history, secretary, seen
from trainings.attachments import SeenOwner, attach, decide_owner, person_of
from trainings.history.attach_shown import blocker_words
from trainings.history.owner_list import PAGE
from trainings.models import (
    AttachedRecord,
    AttachmentAction,
    HistoryAttachment,
    ImportedHistory,
    ProbableOwner,
)

pytestmark = pytest.mark.django_db

ROOT = "/admin/trainings/history"
OWNERS, ATTACH, UNDO = f"{ROOT}/owners", f"{ROOT}/attach", f"{ROOT}/undo"
VIEW_AND_ATTACH = ("view_legacycompletedtraining", "attach_history")


def signed_in(*permissions: str, **fields: Any) -> Client:
    user = UserFactory(is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert user.user_permissions.count() == len(permissions)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def manager() -> Client:
    return signed_in(*VIEW_AND_ATTACH, username="gerante")


def twin(**values: Any) -> CrmLead:
    lead: CrmLead = CrmLeadFactory(
        **{"full_name": "HADDAD Karim", "birth_date": BORN, "phone": "0559 44 61 68", **values}
    )
    return lead


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def decision(client: Client, of: ImportedHistory, **values: Any) -> Any:
    pair = ProbableOwner.objects.latest("pk")
    sent = {
        "version": pair.version, "person": f"{pair.person_kind}:{pair.person_id}",
        "record": f"{of.origin} {again(of).version}", "reason": "même dossier", **values,
    }  # fmt: skip
    return client.post(f"{OWNERS}/{pair.pk}", sent)


# --- Who ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permissions", [(), VIEW_AND_ATTACH[:1], VIEW_AND_ATTACH[1:]])
def test_both_permissions_are_needed(permissions):
    record = history()
    twin()
    client = signed_in(*permissions)
    pages = (client.get(OWNERS), client.get(ATTACH, {"key": record.learner_key}))
    posts = (decision(client, record, decision="attach"), client.post(UNDO, {"event": 1}))
    assert {answer.status_code for answer in (*pages, *posts)} == {403}
    assert person_of(again(record)) is None


# --- The list ----------------------------------------------------------------------------------------


def test_a_line_is_shown_with_its_evidence_side_by_side_and_masked(manager):
    record = history(learner_email="karim@exemple.dz", course__name="Infographie")
    twin(email="autre@exemple.dz")
    answer = manager.get(OWNERS)
    text = text_of(answer)
    assert "Karim Haddad" in text
    assert "HADDAD Karim" in text
    assert "Infographie" in text
    assert "05•• ••• 168" in text
    assert found(answer.content.decode()) == set()
    assert "0559" not in answer.content.decode()
    assert "karim@" not in answer.content.decode()
    likenesses = re.findall(r"li-pill-(?:ok|warn)\">(\w+)<", answer.content.decode())
    assert likenesses == ["same", "same", "same", "different"]
    assert f'value="{record.origin} 0"' in answer.content.decode()


@pytest.mark.parametrize("page", [OWNERS, f"{ATTACH}?key=legacy:stagiaires:1"])
def test_a_session_s_code_is_no_phone(manager, page):
    """Its digits may look like one; without the code nobody knows which record to attach."""
    history(1, session_code="BURE-2018-0358")
    history(2, key="legacy:stagiaires:1", session_code="0559446168")
    twin()
    text = text_of(manager.get(page))
    assert "BURE-2018-0358" in text
    assert "0559446168" not in text


def test_equal_masks_of_different_numbers_are_called_different(manager):
    history(learner_phone="0559446168")
    twin(phone="0551111168")  # the same mask
    answer = manager.get(OWNERS).content.decode()
    assert answer.count("05•• ••• 168") == 2
    assert "different" in answer


def test_a_blocked_match_says_why_the_import_did_not_link(manager):
    record, lead = history(), CrmLeadFactory(full_name="Amel Bouzid")
    ProbableOwner.objects.create(
        learner_key=record.learner_key, person_kind="lead", person_id=lead.pk,
        reason="blocked_match", blocker="hot_key",
    )  # fmt: skip
    text = text_of(manager.get(OWNERS))
    assert "a match that the import did not trust" in text
    assert "a phone or e-mail that many different people have" in text


@pytest.mark.parametrize(
    "blocker",
    [duplicates.SHARED_CONTACT_OTHER_NAME, duplicates.NAME_MISSING, duplicates.NAME_INCOMPLETE,
     duplicates.NAME_ONLY_SIMILAR, duplicates.NAME_IN_OTHER_SCRIPT, duplicates.BIRTH_DATE_CONFLICT,
     duplicates.HOT_KEY, duplicates.ROLE_MAILBOX, duplicates.SEVERAL_TARGETS,
     duplicates.PERSON_INACTIVE, NEVER_LINKS],
)  # fmt: skip
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_reason_not_to_link_has_words(blocker, language):
    with translation.override(language):
        words = blocker_words(blocker)
    with translation.override("en"):
        assert len(words) > 10
        assert words != blocker_words(blocker)


def test_an_empty_list_says_what_to_do(manager):
    text = text_of(manager.get(OWNERS))
    assert "No history waits for an owner." in text
    assert "Find a former learner" in text


def crowd(number: int, *, first: int = 1) -> list[ImportedHistory]:
    """So many learners, each with the one probable owner who was born in the same year."""
    records = []
    for place in range(first, first + number):
        born = BORN.replace(year=1930 + place)
        records.append(history(place, learner_birth_date=born))
        CrmLeadFactory(full_name=NAME, birth_date=born)
    return records


def test_pages_are_turned_by_key_and_nothing_is_shown_twice(manager):
    crowd(PAGE + 3)
    pairs = list(ProbableOwner.objects.order_by("pk").values_list("pk", flat=True))
    answer = manager.get(OWNERS)
    shown = [line["url"] for line in answer.context["lines"]]
    assert len(shown) == PAGE
    after = manager.get(answer.context["next_url"])
    assert [f"row={pk}" in line["url"] for pk, line in zip(
        pairs[PAGE:], after.context["lines"], strict=True)] == [True] * 3  # fmt: skip
    assert after.context["next_url"] == ""
    back = manager.get(after.context["previous_url"])
    assert len(back.context["lines"]) == PAGE


def test_a_page_sends_as_many_queries_for_many_lines_as_for_one(manager):
    crowd(1)
    manager.get(OWNERS)
    with CaptureQueriesContext(connection) as one:
        manager.get(OWNERS)
    crowd(PAGE - 5, first=2)
    assert ProbableOwner.objects.count() == PAGE - 4
    with CaptureQueriesContext(connection) as many:
        manager.get(OWNERS)
    assert len(many) == len(one)
    assert len(one) <= 16


def test_nothing_is_decided_in_bulk(manager):
    crowd(3)
    page = manager.get(OWNERS).content.decode()
    assert re.findall(r'<input type="(?:checkbox|radio)"[^>]*id="([^"]*)"', page) == ["li-keys-on"]
    assert len(re.findall(r'type="(?:checkbox|radio)"', page)) == 1


def test_the_log_is_not_in_the_admin():
    for model in (HistoryAttachment, AttachedRecord, ProbableOwner):
        assert not admin.site.is_registered(model)
        assert not Permission.objects.filter(content_type__model=model._meta.model_name).exists()


# --- Deciding ----------------------------------------------------------------------------------------


def test_attach_gives_all_waiting_records_to_the_person_and_opens_the_next_line(manager):
    crowd(2)
    first, second = ProbableOwner.objects.order_by("pk")
    record = history(1, key=first.learner_key, enrollment=True)
    page = manager.get(OWNERS)
    values = page.context["waiting"]
    assert len(values) == 2
    answer = manager.post(
        f"{OWNERS}/{first.pk}",
        {"decision": "attach", "version": page.context["pair"].version, "record": values,
         "person": f"lead:{first.person_id}", "reason": "dossier", "state": "open"},
        follow=True,
    )  # fmt: skip
    assert answer.context["pair"].pk == second.pk
    assert person_of(again(record)) == ("lead", first.person_id)
    event = HistoryAttachment.objects.get()
    assert (event.actor.username, event.reason) == ("gerante", "dossier")
    assert "attached" in text_of(answer).lower()


def test_not_the_same_and_later_leave_the_list(manager):
    crowd(2)
    first, second = ProbableOwner.objects.order_by("pk")
    for pair, choice in ((first, "not_same"), (second, "later")):
        sent = {"decision": choice, "version": pair.version}
        assert manager.post(f"{OWNERS}/{pair.pk}", sent).status_code == 302
    page = manager.get(OWNERS)
    assert page.context["lines"] == []
    assert [number for *_, number, _more in page.context["states"]] == [0, 1, 1]
    for pair, state in ((first, "not_same"), (second, "later")):
        lines = manager.get(OWNERS, {"state": state}).context["lines"]
        assert [line["number"] for line in lines] == [pair.person_id]


def test_an_undo_on_the_list_brings_the_line_back(manager):
    crowd(1)
    pair = ProbableOwner.objects.get()
    manager.post(f"{OWNERS}/{pair.pk}", {"decision": "not_same", "version": pair.version})
    event = HistoryAttachment.objects.get()
    answer = manager.post(UNDO, {"event": event.pk, "state": "open"}, follow=True)
    assert len(answer.context["lines"]) == 1
    assert HistoryAttachment.objects.count() == 2


def test_the_later_of_two_gets_a_page_that_shows_the_first_decision(manager):
    record = history()
    lead = twin()
    pair = ProbableOwner.objects.get()
    decide_owner(
        owner=SeenOwner(pair.pk, pair.version), action=AttachmentAction.NOT_SAME,
        actor=secretary("premiere"), reason="homonyme", now=NOW,
    )  # fmt: skip
    answer = decision(manager, record, decision="attach", version=pair.version)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "premiere decided: not the same person" in text
    assert f"lead {lead.pk}" in text
    assert "homonyme" in text
    assert person_of(again(record)) is None


def test_a_contact_in_the_reason_is_refused_and_comes_back_to_its_writer_alone(manager):
    record = history()
    twin()
    answer = decision(manager, record, decision="attach", reason="appeler le 0661 22 33 44")
    assert answer.status_code == 400
    assert "contains a phone number" in text_of(answer)
    assert person_of(again(record)) is None
    assert HistoryAttachment.objects.count() == 0
    assert "0661 22 33 44" in answer.content.decode()
    assert "0661 22 33 44" not in manager.get(OWNERS).content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {"decision": "seize"},
        {"decision": ""},
        {"version": "x"},
        {"version": "9" * 40},
        {"record": "legacy:stagiaires:1:training"},
        {"record": "légacy 0"},
        {"person": "lead:x"},
        {"person": "admin:1"},
    ],
)
def test_what_no_form_of_ours_sends_is_not_found(manager, values):
    record = history()
    twin()
    assert decision(manager, record, **{"decision": "attach", **values}).status_code == 404
    assert person_of(again(record)) is None


@pytest.mark.parametrize("number", ["0", "77", "9" * 18, "9" * 40, "x"])
def test_a_line_that_does_not_exist_is_not_found(manager, number):
    sent = {"decision": "later", "version": 0}
    assert manager.post(f"{OWNERS}/{number}", sent).status_code == 404


@pytest.mark.parametrize("query", [{"state": "x"}, {"from": "x", "row": "-1"}, {"from": "9" * 40}])
def test_an_address_that_says_nothing_shows_the_beginning(manager, query):
    crowd(1)
    assert len(manager.get(OWNERS, query).context["lines"]) == 1


# --- Attaching from the learner's page ----------------------------------------------------------------


def test_one_record_is_attached_to_a_person_found_by_phone(manager):
    one, other = history(1), history(2, key="legacy:stagiaires:1")
    user = LearnerProfileFactory(
        user__first_name="Kamel", user__last_name="Fictif", phone="0661 30 00 01"
    ).user
    page = manager.get(ATTACH, {"key": one.learner_key, "record": one.origin})
    assert [ticked for _, ticked in page.context["records"]] == [True, False]
    sent = {"key": one.learner_key, "record": f"{one.origin} 0", "reason": "dossier papier"}
    answer = manager.post(ATTACH, {**sent, "action": "search", "q": "0661300001"})
    assert answer.status_code == 200
    assert "Kamel Fictif" in text_of(answer)
    assert "0661" not in answer.content.decode()
    assert 'value="dossier papier"' in answer.content.decode()
    answer = manager.post(
        ATTACH, {**sent, "action": "attach", "person": f"user:{user.pk}"}, follow=True
    )
    assert answer.redirect_chain[0][0].startswith(f"{ROOT}/learner?key=")
    assert person_of(again(one)) == ("user", user.pk)
    assert person_of(again(other)) is None
    assert "dossier papier" in text_of(answer)


def test_all_of_a_learner_is_ticked_at_first_and_moved_or_detached(manager):
    lead, other = CrmLeadFactory(full_name="Un Fictif"), CrmLeadFactory(full_name="Deux Fictif")
    records = [history(1), history(2, key="legacy:stagiaires:1", enrollment=True)]
    attach(records=seen(*records), person=("lead", lead.pk), reason="x", actor=secretary(), now=NOW)
    page = manager.get(ATTACH, {"key": records[0].learner_key})
    assert [ticked for _, ticked in page.context["records"]] == [True, True]
    values = [shown.value for shown, _ in page.context["records"]]
    sent = {"key": records[0].learner_key, "record": values, "reason": "erreur"}
    manager.post(ATTACH, {**sent, "action": "attach", "person": f"lead:{other.pk}"})
    assert {person_of(again(one)) for one in records} == {("lead", other.pk)}
    late = manager.post(ATTACH, {**sent, "action": "detach"})
    assert late.status_code == 409
    fresh = [shown.value for shown, _ in manager.get(
        ATTACH, {"key": records[0].learner_key}).context["records"]]  # fmt: skip
    manager.post(ATTACH, {**sent, "record": fresh, "action": "detach"})
    assert {person_of(again(one)) for one in records} == {None}
    assert [event.action for event in HistoryAttachment.objects.order_by("pk")] == [
        "attach", "move", "detach",
    ]  # fmt: skip


def test_the_learner_s_page_shows_the_log_and_undoes(manager):
    record, lead = history(), CrmLeadFactory()
    event = attach(
        records=seen(record), person=("lead", lead.pk), reason="dossier papier",
        actor=secretary("premiere"), now=NOW,
    )  # fmt: skip
    page = manager.get(f"{ROOT}/learner", {"key": record.learner_key})
    text = text_of(page)
    assert "dossier papier" in text
    assert "premiere" in text
    assert "Attach, move or detach" in text
    answer = manager.post(UNDO, {"event": event.pk, "key": record.learner_key}, follow=True)
    assert answer.redirect_chain[0][0].startswith(f"{ROOT}/learner?key=")
    assert person_of(again(record)) is None
    reader = signed_in("view_legacycompletedtraining")
    page = reader.get(f"{ROOT}/learner", {"key": record.learner_key})
    assert "dossier papier" in text_of(page)
    assert UNDO not in page.content.decode()
    assert "Attach, move or detach" not in text_of(page)


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "attach", "reason": "x"},
        {"action": "attach", "person": "lead:1", "reason": ""},
        {"action": "attach", "person": "lead:987654", "reason": "x"},
        {"action": "detach", "reason": "x"},
        {"action": "attach", "person": "lead:1", "record": [], "reason": "x"},
    ],
)
def test_what_is_missing_is_said_and_nothing_changes(manager, sent):
    record = history()
    CrmLeadFactory(pk=1)
    form = {"key": record.learner_key, "record": f"{record.origin} 0", **sent}
    answer = manager.post(ATTACH, form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert person_of(again(record)) is None


@pytest.mark.parametrize("key", ["", "legacy:stagiaires:77", "é", "x" * 500, "a\x00b"])
def test_an_unknown_learner_is_not_found(manager, key):
    assert manager.get(ATTACH, {"key": key}).status_code == 404
    assert manager.post(ATTACH, {"key": key, "action": "search", "q": "Karim"}).status_code == 404


SEARCHES = {
    "name": "bouzid amel", "part of a name": "Amel", "phone": "+213 661 30 00 01",
    "e-mail": "AMEL@exemple.dz", "number": "{lead}",
}  # fmt: skip


@pytest.mark.parametrize("text", SEARCHES.values(), ids=SEARCHES)
def test_people_are_found_by_name_contact_and_number(manager, text):
    record = history()
    lead = CrmLeadFactory(full_name="Amel Bouzid", phone="0661300001", email="amel@exemple.dz")
    CrmLeadFactory(full_name="Karima Fictive")
    sent = {"key": record.learner_key, "action": "search", "q": text.format(lead=lead.pk)}
    answer = manager.post(ATTACH, sent)
    assert f"lead:{lead.pk}" in {one["value"] for one in answer.context["people"]}
    assert "300001" not in answer.content.decode().replace(text, "")
    assert "amel@" not in answer.content.decode()


@pytest.mark.parametrize("text", ["", "   ", "06613", "%", "\x00", "@", "9" * 40])
def test_nobody_is_found_by_less(manager, text):
    record = history()
    CrmLeadFactory(full_name="Amel Bouzid", phone="0661300001")
    sent = {"key": record.learner_key, "action": "search", "q": text}
    answer = manager.post(ATTACH, sent)
    assert answer.context["people"] == []
    assert "No user or lead was found." in text_of(answer)


def test_a_record_s_person_is_not_edited_in_the_admin():
    record = history()
    user = User.objects.create_superuser("tout", "", "x")
    client = Client()
    client.force_login(user)
    page = client.get(f"/admin/trainings/legacycompletedtraining/{record.pk}/change/")
    assert page.status_code == 200
    assert 'name="user"' not in page.content.decode()
    assert 'name="lead"' not in page.content.decode()
    assert NAME in page.content.decode()
