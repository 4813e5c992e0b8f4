"""No phone and no e-mail of the data comes out anywhere unmasked, but in a permitted, logged reveal."""

import base64
import html
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from crm.models import CrmLead
from ecoin.identity.masking import mask_email, mask_phone
from legacy_import.models import LegacyAccessLog, LegacyStudentImport
from tests.canaries import email, found, phone
from tests.factories import (
    CompletedTrainingFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    EnrollmentFactory,
    ReviewDecisionFactory,
    UserFactory,
)
from tests.legacy_database import as_legacy
from tests.privacy.canary_school import ARABIC_DIGITS, CanarySchool, listening, old_school
from trainings.models import (
    HistoryAccessLog,
    HistoryAttachment,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    ProbableOwner,
)

pytestmark = pytest.mark.django_db

ROOT = "/admin/legacy-imports"
MOST_PAGES = {"superuser": 220, "Operator": 60, "Manager": 60, "Reviewer": 60, "Reader": 40}
LANGUAGES = {"superuser": "fr", "Operator": "ar", "Manager": "en"}
LINK = re.compile(r'(?:href|action|formaction)="([^"#]+)')
# Tables that hold the data itself; in any other a canary is a leak. Columns: what of them is data.
DATA = frozenset(
    {"legacy_identity_keys", "legacy_hot_keys", "crm_leads", "crm_course_interests", "auth_user",
     "trainings_learner_profiles", "legacy_completed_trainings", "legacy_imported_enrollments",
     "legacy_course_mappings", "legacy_session_mappings"}
)  # fmt: skip
STAGED = frozenset(
    {"first_name", "last_name", "full_name", "name_key", "phone_raw", "phone_normalized",
     "email_raw", "email_normalized", "raw_status", "legacy_formation_id", "legacy_session_id",
     "raw_payload"}
)  # fmt: skip


@pytest.fixture(scope="module")
def school(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CanarySchool]:
    old = old_school(tmp_path_factory.mktemp("old") / "legacy.sqlite3")
    with django_db_blocker.unblock(), transaction.atomic():
        yield CanarySchool(old)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def old_database(school: CanarySchool) -> Iterator[None]:
    with as_legacy(school.old):
        yield


@pytest.fixture(autouse=True)
def logs(school: CanarySchool) -> Iterator[list[tuple[str, str]]]:
    """Whatever a test makes the platform say, its log says without a canary."""
    spoken: list[tuple[str, str]] = []
    with listening(spoken):
        yield spoken
    assert leaks(spoken) == {}


def leaks(told: list[tuple[str, str]]) -> dict[str, set[str]]:
    """Place → the canaries that can be read there."""
    heard: dict[str, set[str]] = {}
    for place, text in told:
        if canaries := found(text):
            heard.setdefault(place, set()).update(canaries)
    return heard


def browser(school: CanarySchool, role: str) -> Client:
    client = Client(
        raise_request_exception=False, headers={"accept-language": LANGUAGES.get(role, "fr")}
    )
    if role in school.staff:
        client.force_login(school.staff[role])
    return client


def body(answer: Any) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    return f"{content.decode('utf-8', 'replace')}\n{answer.headers}"


def assert_silent(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, body(answer)[:500]
    assert found(body(answer)) == set()


# --- The detector ------------------------------------------------------------------------------------

SPELLINGS = [phone(7, s) for s in ("0{a} {b} {c} {d}", "0{n}", "+213{n}", "00213{n}", "{n}",
                                   "+213 (0){a}.{b}.{c}.{d}", "0{a}-{b}-{c}-{d}")]  # fmt: skip
SPELLINGS += [phone(7, "0{n}").translate(ARABIC_DIGITS), email(7), email(7).upper()]
SPELLINGS += [email(7).swapcase(), email(7).replace("@", " @ ")]
WAYS = {
    "as it is": str,
    "in an address": quote,
    "in HTML": html.escape,
    "letter by letter": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "in JSON": json.dumps,
    "in JSON, escaped": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "twice escaped": lambda text: quote(quote(text)),
    "between tags": lambda text: f"<b>{text[:6]}</b><i>{text[6:]}</i>",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("text", SPELLINGS)
def test_the_detector_hears_every_spelling(text: str, way: Any) -> None:
    assert found(f"x {way(text)} y") in ({"phone 7"}, {"e-mail 7"})


@pytest.mark.parametrize("text", [phone(7), phone(7, "+213{n}"), phone(7, "0{a}.{b}.{c}.{d}"),
                                  email(7), email(7).upper()])  # fmt: skip
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_the_detector_hears_what_is_encoded(text: str, before: str) -> None:
    told = f"{before}{text}".encode()
    assert found(base64.b64encode(told).decode()) == found(told.hex()) == {"encoded"}


def test_the_detector_takes_a_mask_for_a_mask() -> None:
    assert found(mask_phone(phone(7)) + mask_email(email(7))) == set()


# --- What commands, logs and tables say --------------------------------------------------------------


def test_no_command_and_no_log_says_a_contact(school: CanarySchool) -> None:
    assert {place.split()[0] for place, _ in school.spoken} >= {
        "legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run", "legacy_commit",
        "legacy_rollback", "legacy_reconcile", "legacy_status",
    }  # fmt: skip
    assert leaks(school.spoken) == {}


def test_closing_and_purging_say_none_and_leave_none(school: CanarySchool, settings: Any) -> None:
    settings.LEGACY_IMPORT_RETENTION_DAYS = "1"
    first = len(school.spoken)
    school._confirmed("legacy_close", "--run", str(school.third.pk))
    for json_or_not in ((), ("--json",)):
        school._confirmed("legacy_purge", "--subject", "stagiaires:2", *json_or_not)
    school.run("legacy_purge", "--json")
    told = school.spoken[first:]
    del school.spoken[first:]
    assert leaks(told) == {}


def test_what_the_import_keeps_beside_the_data_holds_no_contact(school: CanarySchool) -> None:
    for role in school.staff:
        assert list(walk(school, role, 12))
    kept = []
    for label in ("legacy_imports", "crm", "trainings", "auth", "admin", "axes"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            table = model._meta.db_table
            if table in DATA:
                continue
            data = STAGED if model is LegacyStudentImport or "training_imports" in table else ()
            names = [f.attname for f in model._meta.concrete_fields if f.attname not in data]
            for name in names:
                for value in model._default_manager.values_list(name, flat=True).distinct():
                    kept.append((f"{table}.{name}", repr(value)))
    for session in Session.objects.all():
        kept.append(("session", f"{session.session_data} {session.get_decoded()!r}"))
    assert len(kept) > 1_000
    assert leaks(kept) == {}
    assert mail.outbox == []


# --- Pages -------------------------------------------------------------------------------------------


def starts(school: CanarySchool) -> list[str]:
    """Every page that is looked at: each screen of each run, each row of the queue in it."""
    pages = [ROOT, *(f"{ROOT}/{run.pk}" for run in (school.first, school.second, school.third))]
    for run in (school.third, school.first, school.second):
        pages += [
            f"{ROOT}/{screen}?run={run.pk}"
            for screen in (
                "students",
                "review",
                "course-mapping",
                "session-mapping",
                "status-mapping",
            )
        ]
        pages += [f"{ROOT}/{run.pk}/{page}" for page in
                  ("export.csv", "export.json", "sign-off", "sign-off.csv", "commit", "rollback",
                   "progress")]  # fmt: skip
    rows = LegacyStudentImport.objects.filter(legacy_import_run=school.third)
    told = rows.exclude(last_name__startswith="Volée").values_list("pk", "planned_action")
    pages += [f"{ROOT}/review?run={school.third.pk}&focus=all&state=all&row={pk}"
              for pk, action in told if action == "review"]  # fmt: skip
    for table, number in rows.values_list("source_table", "legacy_id")[:25]:
        pages += [f"{ROOT}/lineage?origin=legacy:{table}:{number}:{effect}"
                  for effect in ("lead", "interest", "training", "enrollment")]  # fmt: skip
    return pages


def shape(address: str) -> str:
    """Addresses of one shape show the same page with other rows: a few of each are enough."""
    return re.sub(r"\d+", "N", address)


def walk(school: CanarySchool, role: str, most: int) -> Iterator[tuple[str, Any]]:
    """(address, answer) of the pages of this role, found by following links."""
    client = browser(school, role)
    waiting, seen, shapes = starts(school), set(), dict[str, int]()
    first = len(waiting)
    while waiting and len(seen) < most:
        address = waiting.pop(0)
        first -= 1
        known = shapes.get(shape(address), 0)
        if address in seen or (first < 0 and known >= 2):
            continue
        seen.add(address)
        shapes[shape(address)] = known + 1
        answer = client.get(address)
        yield address, answer
        assert answer.status_code < 500, address
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            links = (urljoin(address, html.unescape(link)) for link in LINK.findall(body(answer)))
            waiting += [link for link in links if urlsplit(link).path.startswith(ROOT)]
        elif answer.status_code in (301, 302) and answer.url.startswith(ROOT):
            waiting.append(answer.url)


@pytest.mark.parametrize("role", MOST_PAGES)
def test_no_page_shows_a_contact(school: CanarySchool, role: str) -> None:
    told, opened = {}, 0
    for address, answer in walk(school, role, MOST_PAGES[role]):
        opened += answer.status_code == 200
        if heard := found(body(answer)):
            told[address] = heard
    assert told == {}
    assert opened >= {"Reader": 8}.get(role, 20)


@pytest.mark.parametrize("role", ["anonymous", "Reader"])
def test_refusals_show_none(school: CanarySchool, role: str) -> None:
    for address in (*starts(school)[:20], "/nothing", f"{ROOT}/77", f"{ROOT}/review/7/raw"):
        assert_silent(browser(school, role).get(address), 200, 302, 403, 404, 405)


CHANGELISTS = ("crm_crmlead", "trainings_learnerprofile", "trainings_legacycompletedtraining",
               "trainings_legacyimportedenrollment", "trainings_course")  # fmt: skip


@pytest.mark.parametrize("model", CHANGELISTS)
def test_lists_of_the_stock_admin_mask_contacts(school: CanarySchool, model: str) -> None:
    client = browser(school, "superuser")
    objects = apps.get_model(model.replace("_", "."))._default_manager
    everything = list(objects.values_list("pk", flat=True))
    changelist = reverse(f"admin:{model}_changelist")
    pages = [changelist, f"{changelist}?q=moineau", f"{changelist}?o=2"]
    for page, pk in itertools.product(("history", "delete"), everything[:4]):
        pages.append(reverse(f"admin:{model}_{page}", args=[pk]))
    answers = [(page, client.get(page)) for page in pages]
    chosen = {"action": "delete_selected", "_selected_action": everything}
    if everything:
        answers.append(("delete_selected", client.post(changelist, chosen)))
    assert [answer.status_code for _, answer in answers if answer.status_code != 200] == []
    assert leaks([(page, body(answer)) for page, answer in answers]) == {}


@pytest.mark.parametrize("role", ["Reader", "Operator"])
@pytest.mark.parametrize("model", ["crm_crmlead", "trainings_legacycompletedtraining",
                                   "trainings_legacyimportedenrollment"])  # fmt: skip
def test_records_that_a_group_may_only_view_show_none(
    school: CanarySchool, role: str, model: str
) -> None:
    client = browser(school, role)
    records = list(apps.get_model(model.replace("_", "."))._default_manager.all()[:20])
    assert records or "enrollment" in model
    told = [(model, body(client.get(reverse(f"admin:{model}_changelist"))))]
    for record, page in itertools.product(records, ("change", "history")):
        answer = client.get(reverse(f"admin:{model}_{page}", args=[record.pk]))
        assert answer.status_code == 200
        told.append((f"{page} {record.pk}", body(answer)))
    assert leaks(told) == {}


HISTORY = "/admin/trainings/history"


@pytest.mark.parametrize("role", ["Reader", "Operator", "superuser"])
def test_pages_of_former_learners_show_none(school: CanarySchool, role: str) -> None:
    in_every_column()
    client, learners = browser(school, role), learner_keys()
    assert len(learners) > 2
    told = []
    for key, page in itertools.product(learners, ("learner", "learner/print")):
        answer = client.get(f"{HISTORY}/{page}", {"key": key})
        assert answer.status_code == 200
        told.append((f"{page} {key}", body(answer)))
    names = ("Moineau", "moineau", "Serin Amel")
    told += [(name, body(client.get(HISTORY, {"q": name}))) for name in names]
    assert leaks(told) == {}
    assert any("<tbody>" in text for _, text in told[-len(names) :])
    for model in ("crm_crmlead", "trainings_legacycompletedtraining"):
        page = client.get(reverse(f"admin:{model}_changelist"))
        assert_silent(page, 200)


@pytest.mark.parametrize("number", [1, 2, 6, 18, 24, 25, 26])
def test_a_search_by_contact_shows_none(school: CanarySchool, number: int) -> None:
    client = browser(school, "Operator")
    for contact in (phone(number), email(number), phone(number, "0{n}").translate(ARABIC_DIGITS)):
        assert_silent(client.post(f"{HISTORY}/search", {"q": contact}), 200)
        assert_silent(client.get(HISTORY, {"q": contact}), 400)
        for model in ("legacycompletedtraining", "legacyimportedenrollment"):
            page = reverse(f"admin:trainings_{model}_changelist")
            assert_silent(client.get(page, {"q": contact}), 302)
        assert_silent(client.get(HISTORY), 200)  # with its message


def test_a_permitted_reveal_of_a_former_learner_is_logged(school: CanarySchool) -> None:
    client = browser(school, "Reviewer")
    record = LegacyCompletedTraining.objects.exclude(learner_email="")[0]
    sent = {"key": record.learner_key, "reason": "attestation demandée"}
    shown = found(body(client.post(f"{HISTORY}/learner/reveal", sent)))
    assert shown >= found(f"{record.learner_phone} {record.learner_email}") > set()
    assert HistoryAccessLog.objects.filter(learner_key=record.learner_key).count() == 1
    assert_silent(client.get(f"{HISTORY}/learner", {"key": record.learner_key}), 200)
    for reason in ("", f"pour {phone(61)}"):
        sent = {"key": record.learner_key, "reason": reason}
        assert_silent(client.post(f"{HISTORY}/learner/reveal", sent), 400)
    kept = [("cookie", cookie.OutputString()) for cookie in client.cookies.values()]
    kept += [("session", repr(session.get_decoded())) for session in Session.objects.all()]
    assert leaks(kept) == {}


def test_a_lead_with_the_contact_of_a_former_learner_is_warned_of_without_it(
    school: CanarySchool,
) -> None:
    client = browser(school, "superuser")
    record = LegacyCompletedTraining.objects.exclude(phone_normalized=None)[0]
    sent = {"full_name": "Nouvelle Venue", "phone": record.learner_phone, "email": "",
            "birth_date": "", "interests-TOTAL_FORMS": "0", "interests-INITIAL_FORMS": "0"}  # fmt: skip
    assert_silent(client.post(reverse("admin:crm_crmlead_add"), sent), 302)
    kept = [("cookie", cookie.OutputString()) for cookie in client.cookies.values()]
    assert leaks(kept) == {}
    answer = client.get(reverse("admin:crm_crmlead_changelist"))
    assert f"{HISTORY}/learner?key=" in body(answer)
    assert_silent(answer, 200)


def in_every_column() -> None:
    """Imported history of which every column holds a canary that a hand may have typed there."""
    told: dict[str, Any] = {
        "learner_name": f"Moineau {phone(40)}", "learner_phone": phone(41),
        "learner_email": email(42), "legacy_course_name": f"Voir {phone(43)}",
        "session_code": f"PAO {phone(44, '0{n}')}", "session_starts_raw": phone(45),
        "session_ends_raw": email(46),
    }  # fmt: skip
    user = UserFactory(username=email(47), first_name=phone(48, "0{n}"), email=email(49))
    lead = CrmLeadFactory(full_name=f"Moineau {email(50)}", phone=phone(51))
    CourseInterestFactory(lead=lead, legacy_course_name=phone(52))
    CompletedTrainingFactory(
        origin="autre:stagiaires:1:training", course=None, lead=lead, user=user,
        completed_date_raw=f"vers 2019 {phone(53)}", **told,
    )  # fmt: skip
    EnrollmentFactory(
        origin="autre:stagiaires:2:enrollment",
        user=UserFactory(first_name="", last_name="", username=email(54)),
        **told,
    )


def learner_keys() -> list[str]:
    models = (LegacyCompletedTraining, LegacyImportedEnrollment)
    return sorted({key for model in models
                   for key in model._default_manager.values_list("learner_key", flat=True)})  # fmt: skip


def test_the_index_of_the_admin_and_its_choices_show_none(school: CanarySchool) -> None:
    client = browser(school, "superuser")
    assert_silent(client.get("/admin/"), 200)
    told = {"app_label": "crm", "model_name": "courseinterest", "field_name": "course", "term": "a"}
    assert_silent(client.get(reverse("admin:autocomplete"), told), 200)


# --- Forms -------------------------------------------------------------------------------------------


@pytest.fixture
def row(school: CanarySchool) -> LegacyStudentImport:
    """A row of the queue whose contact, name and status are all canaries."""
    return LegacyStudentImport.objects.get(
        legacy_import_run=school.third, source_table="stagiaires", legacy_id="6"
    )


def send(client: Client, row: LegacyStudentImport, what: str, **fields: Any) -> Any:
    told = {"filter": "focus=all&state=all", **fields}
    return client.post(f"{ROOT}/review/{row.pk}/{what}", told)


def test_forms_show_none_whatever_becomes_of_them(school: CanarySchool, row: Any) -> None:
    client = browser(school, "Operator")
    run, stale = school.third.pk, row.version + 5
    for what, told in (
        ("decide", {"version": stale, "decision": "skip"}),
        ("decide", {"version": "x"}),
        ("undo", {"event": 10**9}),
        ("person", {"phone": phone(22)}),
        ("person", {"phone": email(22)}),
        ("reveal", {"reason": ""}),
        ("reveal", {"reason": f"pour {phone(61)}"}),
        ("raw", {"reason": f"pour {email(61)}"}),
        ("claim", {}),
        ("decide", {"version": row.version, "decision": "later", "note": "vu"}),
    ):
        assert_silent(send(client, row, what, **told), 200, 302, 400, 409)
    for where, told in (
        ("review/bulk", {"run": run, "decision": "skip", "scope": "all", "filter": "focus=all"}),
        ("review/bulk", {"run": run, "decision": "skip", "scope": "all", "expected": 1}),
        ("review/bulk/undo", {"run": run, "event": 10**9, "filter": "focus=all"}),
        ("review/filters", {"run": run, "name": f"les {phone(62)}", "filter": "focus=all"}),
        ("review/filters", {"run": run, "name": "les miens", "filter": f"q={quote(phone(62))}"}),
        ("students/search", {"run": run, "q": phone(3)}),
        ("students/search", {"run": run, "q": email(3)}),
        ("review/search", {"run": run, "q": phone(3)}),
        ("review/search", {"run": run, "q": email(3)}),
        ("search", {"q": phone(3)}), ("search", {"q": email(3)}),
        (f"{run}/commit", {}), (f"{school.first.pk}/rollback", {}), (f"{run}/plan", {}),
        (f"{run}/reconcile", {}), (f"course-mapping/again?run={run}", {}),
        (f"course-mapping/confirm-all?run={run}", {"expected": 77, "stamp": "x"}),
    ):  # fmt: skip
        assert_silent(client.post(f"{ROOT}/{where}", told), 200, 302, 303, 400, 409)
    for kind, address in mappings_of(school):
        for told in ({"decision": "undo", "version": 99}, {"decision": "confirm", "version": 1},
                     {"decision": "no_equivalent", "version": 1},
                     {"decision": "lead_only", "version": 1},
                     {"decision": "unknown", "version": 1, "note": "liste"}):  # fmt: skip
            assert_silent(client.post(f"{address}/decide?run={run}", told), 200, 302, 400, 409)
            assert_silent(client.get(f"{ROOT}/{kind}-mapping?run={run}"), 200)  # its message


def test_causes_and_old_statuses_show_none(school: CanarySchool) -> None:
    client = browser(school, "Operator")
    assert_silent(client.get(f"{ROOT}/review?run={school.third.pk}"), 200)
    queue = client.get(f"{ROOT}/review?run={school.third.pk}&focus=all&state=all")
    assert_silent(queue, 200)
    links = re.findall(r'href="([^"]*;status=[^"]*)"', body(queue))
    statuses = {html.unescape(link) for link in links}
    assert statuses
    for url in statuses:
        assert_silent(client.get(url), 200)


def test_old_and_new_values_of_a_changed_row_show_none(school: CanarySchool, row: Any) -> None:
    before = LegacyStudentImport.objects.get(
        legacy_import_run=school.second, source_table="stagiaires", legacy_id="6"
    )
    LegacyStudentImport.objects.filter(pk=before.pk).update(
        full_name=f"Moineau {phone(60)}", phone_raw=phone(61), email_raw=email(62),
        raw_status=f"rappeler {phone(63)} ou {email(64)}", raw_payload={f"col {phone(65)}": 1},
    )  # fmt: skip
    ReviewDecisionFactory(
        student_import=before, decision="treat_as", treat_as="lead_only", payload_hash="0" * 64,
        subject="0" * 6,
    )  # fmt: skip
    client = browser(school, "Operator")
    address = f"{ROOT}/review?run={school.third.pk}&row={row.pk}&state=all"
    page = client.get(address)
    assert 'id="li-repeat"' in body(page)
    assert_silent(page, 200)
    for version in (row.version + 5, row.version):
        assert_silent(send(client, row, "repeat", version=version), 302, 409)
    assert_silent(client.get(address), 200)


def test_a_refused_note_comes_back_to_its_writer_alone(school: CanarySchool, row: Any) -> None:
    client = browser(school, "Operator")
    typed = {"version": row.version, "decision": "skip", "note": f"tél {phone(60)}"}
    assert found(body(send(client, row, "decide", **typed))) == {"phone 60"}  # to be corrected
    assert_silent(client.get(f"{ROOT}/review?run={school.third.pk}&row={row.pk}&state=all"), 200)
    for kind, address in mappings_of(school):
        typed = {"decision": "unknown", "version": 1, "note": phone(63)}
        told = client.post(f"{address}/decide?run={school.third.pk}", typed)
        assert found(body(told)) <= {"phone 63"}
        assert_silent(client.get(f"{ROOT}/{kind}-mapping?run={school.third.pk}"), 200)


def mappings_of(school: CanarySchool) -> list[tuple[str, str]]:
    return [
        (kind, f"{ROOT}/{kind}-mapping/{pk}")
        for kind in ("course", "session", "status")
        for pk in apps.get_model(
            "legacy_imports", f"legacy{kind}mapping"
        )._default_manager.values_list("pk", flat=True)
    ]


def test_a_contact_in_an_address_does_not_stay_there(school: CanarySchool) -> None:
    client = browser(school, "superuser")
    run = school.third.pk
    for contact in (phone(3), email(3), phone(3, "0{n}").translate(ARABIC_DIGITS)):
        for where in (f"{ROOT}/review?run={run}&focus=all&q=", f"{ROOT}/students?run={run}&q=",
                      f"{ROOT}/course-mapping?run={run}&q=", f"{ROOT}/session-mapping?run={run}&q=",
                      f"{ROOT}/status-mapping?run={run}&q=",
                      f"{ROOT}/{run}/export.csv?q=", f"{ROOT}?source=", f"{ROOT}?q=",
                      f"{ROOT}/lineage?origin=", *(f"{reverse(f'admin:{model}_changelist')}?q="
                      for model in ("crm_crmlead", "trainings_learnerprofile"))):  # fmt: skip
            answer = client.get(where + quote(contact))
            assert found(body(answer)) == set(), where
            assert answer.status_code in (200, 302, 400, 404), where


def test_a_permitted_reveal_shows_the_one_contact_and_is_logged(
    school: CanarySchool, row: Any
) -> None:
    client = browser(school, "Manager")
    shown = send(client, row, "reveal", reason="dossier illisible")
    assert {"phone 6", "e-mail 6"} <= found(body(shown))
    assert found(body(shown)) == found(" ".join((row.phone_raw, row.email_raw)))
    raw = send(client, row, "raw", reason="colonne inconnue")
    assert "phone 6" in found(body(raw))
    kinds = list(LegacyAccessLog.objects.order_by("pk").values_list("kind", "student_import"))
    assert kinds == [("reveal", row.pk), ("raw_view", row.pk)]
    assert_silent(client.get(f"{ROOT}/review?run={school.third.pk}&row={row.pk}&state=all"), 200)
    kept = [("cookie", cookie.OutputString()) for cookie in client.cookies.values()]
    kept += [("session", repr(session.get_decoded())) for session in Session.objects.all()]
    assert leaks(kept) == {}


def test_one_reveal_too_many_shows_nothing(school: CanarySchool, row: Any) -> None:
    client = browser(school, "Reviewer")
    statuses = [send(client, row, "reveal", reason="dossier").status_code for _ in range(30)]
    assert set(statuses) == {200}
    assert_silent(send(client, row, "reveal", reason="dossier"), 429)
    assert_silent(send(client, row, "raw"), 403)


# --- Whose history it is -----------------------------------------------------------------------------


def test_no_page_about_owners_shows_a_contact(school: CanarySchool) -> None:
    """Neither the list, nor the form that attaches, nor what either answers."""
    client, history = browser(school, "Manager"), "/admin/trainings/history"
    records = list(LegacyCompletedTraining.objects.all())
    assert found(" ".join(record.learner_phone for record in records)) != set()
    lead = CrmLead.objects.filter(full_name__startswith="Serin Lina").get()
    for key in {record.learner_key for record in records}:
        ProbableOwner.objects.create(
            learner_key=key, person_kind="lead", person_id=lead.pk,
            reason="blocked_match", blocker="hot_key",
        )  # fmt: skip
    for state in ("open", "later", "not_same"):
        assert_silent(client.get(f"{history}/owners?state={state}"), 200)
    for pair in ProbableOwner.objects.all():
        record = next(one for one in records if one.learner_key == pair.learner_key)
        assert_silent(client.get(f"{history}/owners?row={pair.pk}"), 200)
        assert_silent(client.get(f"{history}/attach?key={pair.learner_key}"), 200)
        form = {"key": pair.learner_key, "record": f"{record.origin} 0", "version": 0,
                "person": f"lead:{lead.pk}", "reason": "dossier papier"}  # fmt: skip
        for text in (phone(42), email(23), phone(22, "0{n}"), "Serin", str(lead.pk)):
            sent = {**form, "action": "search", "q": text}
            assert_silent(client.post(f"{history}/attach", sent), 200)
        assert_silent(client.post(f"{history}/attach", {**form, "action": "detach"}), 400)
        done = {**form, "decision": "attach"}
        assert_silent(client.post(f"{history}/owners/{pair.pk}", done), 302)
        assert_silent(client.post(f"{history}/owners/{pair.pk}", done), 409)
        assert_silent(client.get(f"{history}/learner?key={pair.learner_key}"), 200)
        event = HistoryAttachment.objects.latest("pk")
        assert_silent(client.post(f"{history}/undo", {"event": event.pk}), 302)
        assert_silent(client.post(f"{history}/undo", {"event": event.pk}), 409)
    refused = {"key": record.learner_key, "record": f"{record.origin} 2", "person": f"lead:{lead.pk}",
               "action": "attach", "reason": f"tél {phone(60)}"}  # fmt: skip
    assert found(body(client.post(f"{history}/attach", refused))) == {"phone 60"}  # to be corrected
    assert_silent(client.get(f"{history}/attach?key={record.learner_key}"), 200)


# --- Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_an_error_page_shows_none(
    school: CanarySchool, row: Any, settings: Any, debug: bool
) -> None:
    """A payload that is no object, which nothing writes, breaks the page that shows it."""
    settings.DEBUG = debug
    broken = [row.phone_raw, row.email_raw]
    LegacyStudentImport.objects.filter(pk=row.pk).update(raw_payload=broken)
    answer = send(browser(school, "superuser"), row, "raw", reason="dossier")
    assert_silent(answer, 500)


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_a_page_that_is_not_found_shows_none(
    school: CanarySchool, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    for address in ("/nothing", f"{ROOT}/77", f"{ROOT}/review?row=999999999", f"{ROOT}/lineage"):
        assert_silent(browser(school, "superuser").get(address), 404)
