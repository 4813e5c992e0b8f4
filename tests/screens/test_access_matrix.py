"""Every address × every role × every method, with and without a CSRF token: `access.py` says what.

The data is made once; whatever a request changes is taken back before the next.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from legacy_import.choices import Outcome, ReviewDecision
from legacy_import.mapping.weights import store_weights
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
)
from legacy_import.review.decisions import decide
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import SQLiteLegacy, as_legacy, sqlite_legacy, tables
from tests.screens.access import (
    ADMIN_FOR_ALL,
    ADMIN_FOR_GROUPS,
    ADMIN_FOR_STAFF,
    LOGIN,
    METHODS,
    OF_THE_PLATFORM,
    ROLES,
    SCREENS,
    STAFF_REFUSED,
    UNSAFE,
    Address,
    Role,
    expected,
    only_forms,
)
from tests.stages.stages import content_hash, run_commit, run_stages
from tests.trainings.histories import BORN, history, seen
from trainings.attachments import attach
from trainings.models import ProbableOwner

pytestmark = pytest.mark.django_db

TOKEN = "a" * 32
UNKNOWN = ("0", "100000000000000000", "1" + "0" * 40)
HELD = ("legacy_imports", "crm", "trainings", "auth", "admin")  # apps whose tables must not change

# What nobody may decide by sending it along.
SMUGGLED = {
    "is_superuser": "on", "is_staff": "on", "groups": "4", "user_permissions": "1", "user": "1",
    "actor": "1", "actor_id": "1", "created_by": "root", "confirmed_by": "1", "outcome": "skip",
    "planned_action": "create_crm_lead", "classification": "completed", "status": "committed",
    "legacy_import_run": "1", "created_at": "2001-01-01", "undoes": "1", "id": "1", "pk": "1",
}  # fmt: skip


# --- What is asked -----------------------------------------------------------------------------------


def named_routes(
    resolver: Any = None, prefix: str = "", route: str = ""
) -> Iterator[tuple[str, str]]:
    """(name with its namespaces, the whole route) of every address of the project."""
    for found in (resolver or get_resolver()).url_patterns:
        whole = route + str(found.pattern)
        if isinstance(found, URLResolver):
            inner = f"{prefix}{found.namespace}:" if found.namespace else prefix
            yield from named_routes(found, inner, whole)
        elif isinstance(found, URLPattern):
            yield f"{prefix}{found.name or ''}", whole


ROUTES = sorted(set(named_routes()))
ADMIN_ROUTES = [(name, route) for name, route in ROUTES if name.startswith("admin:")]


def admin_address(route: str) -> str:
    """The address of a route of the stock admin, about the object with the number 1."""
    model = re.sub(r"\^\(\?P<app_label>.*?\)/\$", "crm/", route)
    anything = re.sub(r"\(\?P<url>.*", "no-such-page/", model)
    return "/" + re.sub(r"<[^>]+>", "1", anything)


CELLS = [
    (role, token, method)
    for role in ROLES
    for token, methods in ((True, METHODS), (False, UNSAFE))
    for method in methods
]
FORM = "application/x-www-form-urlencoded"
BODIES = [
    ("application/json", b'[1, {"version": '),
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"; '
     b'filename="b"\r\n\r\nc\r\n--x--\r\n'),
    (FORM, b"a=1&" * 1_300),
    (FORM, b"\xff=%00&run=x&ids=%00&decision=%00&version=%00&filter=%00&back=%ff&done=%00"),
]  # fmt: skip


# --- The world ---------------------------------------------------------------------------------------


class World:
    """A planned run, a committed one, one of another source, and somebody in every role."""

    def __init__(self, old: SQLiteLegacy) -> None:
        self.old = old
        self.users = {name: self._user(role) for name, role in ROLES.items()}
        self.run, self.row = self._planned("legacy")
        self.elsewhere, self.foreign_row = self._planned("another")
        self.undone = RunFactory()
        done = StagedLearnerFactory(run=self.undone, full_name="Lina Fictive", phone="0661777888")
        run_stages(self.undone)
        run_commit(self.undone)
        done.refresh_from_db()
        assert done.outcome == Outcome.CREATE_CRM_LEAD
        second = StagedLearnerFactory(run=self.elsewhere, status="mystère")
        self.event = decide(
            row_id=second.pk, version=1, decision=ReviewDecision.LATER, actor=UserFactory(),
            now=timezone.now(),
        ).pk  # fmt: skip
        CrmLeadFactory(full_name="Samir Fictif", phone="0770112233")
        self._history()
        self.ids = {
            "run": self.run.pk, "row": self.row.pk, "undone": self.undone.pk, "event": self.event,
            "origin": f"legacy:stagiaires:{done.legacy_id}:lead",
            "course": LegacyCourseMapping.objects.get(connection_name="legacy").pk,
            "session": LegacySessionMapping.objects.get(connection_name="legacy").pk,
            "status": LegacyStatusMapping.objects.get(connection_name="legacy").pk,
            "conflict": LegacyCourseConflict.objects.get(connection_name="legacy").pk,
            "pair": self.pair.pk, "learner": self.pair.learner_key, "owner": self.pair.person_id,
            "attachment": self.attachment,
        }  # fmt: skip
        self.foreign = {
            "course": LegacyCourseMapping.objects.get(connection_name="another").pk,
            "session": LegacySessionMapping.objects.get(connection_name="another").pk,
            "status": LegacyStatusMapping.objects.get(connection_name="another").pk,
            "conflict": LegacyCourseConflict.objects.get(connection_name="another").pk,
        }
        self.sessions = {name: self._session(name) for name in ROLES}
        # The lists rest on the names of all courses; the second source brought one.
        store_weights(self.run)
        self.before = table_hashes()

    def _history(self) -> None:
        """A former learner with a probable owner, and one whose history is attached."""
        owner = CrmLeadFactory(full_name="Nadir Fictif", birth_date=BORN)
        history(7_001, learner_name="Nadir Fictif")
        self.pair = ProbableOwner.objects.get()
        other = history(7_002, learner_name="Yanis Fictif")
        self.attachment = attach(
            records=seen(other), person=("lead", owner.pk), reason="dossier papier",
            actor=UserFactory(), now=timezone.now(),
        ).pk  # fmt: skip

    def _user(self, role: Role) -> User:
        user: User = UserFactory(
            is_staff=role.is_staff, is_superuser=role.is_superuser, is_active=role.is_active
        )
        user.groups.set(Group.objects.filter(name__in=role.groups))
        assert user.groups.count() == len(role.groups)
        return user

    def _planned(self, source: str) -> tuple[Any, Any]:
        run = RunFactory(connection_name=source)
        CourseMappingFactory(connection_name=source, legacy_formation_id="7")
        SessionMappingFactory(
            connection_name=source, legacy_session_id="42", legacy_formation_id="7"
        )
        at = {"formation_id": "7", "session_id": "42"}
        StagedLearnerFactory(run=run, status="Formée", **at)
        StagedLearnerFactory(run=run)
        row = StagedLearnerFactory(run=run, status="mystère", **at)
        StagedLearnerFactory(run=run, status="Formée", formation_id="8", session_id="42")
        run_stages(run)
        return run, row

    def _session(self, name: str) -> str:
        """The cookie of a browser in which this role signed in."""
        if ROLES[name].signed_in or not ROLES[name].is_active:
            client = Client()
            client.force_login(self.users[name])
            return str(client.cookies["sessionid"].value)
        return ""

    def client(self, role: str, *, token: bool = True) -> Client:
        """A browser of this role, with or without the token of our forms; no exception escapes."""
        client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if self.sessions[role]:
            client.cookies["sessionid"] = self.sessions[role]
        if token:
            client.cookies["csrftoken"] = TOKEN
            client.defaults["HTTP_X_CSRFTOKEN"] = TOKEN
        return client

    def ask(self, client: Client, method: str, address: Address, **ids: Any) -> Any:
        """Send the request that `address` describes; `ids` replace ids of the world."""
        known = {**self.ids, **ids}
        sent = {
            name: value.format(**known) if isinstance(value, str) else value
            for name, value in address.sends.items()
        }
        return send(client, method, address.where.format(**known), sent)


def send(client: Client, method: str, where: str, sent: dict[str, Any]) -> Any:
    if method == "POST":
        return client.post(where, sent)
    return getattr(client, method.lower())(where)


def held_tables() -> list[type[models.Model]]:
    return [
        model
        for label in HELD
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]


def table_hashes() -> dict[str, str]:
    """Table → a hash of its content."""
    return {model._meta.db_table: content_hash([model]) for model in held_tables()}


def changed(before: dict[str, str]) -> set[str]:
    return {table for table, was in table_hashes().items() if was != before[table]}


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    old = sqlite_legacy(tmp_path_factory.mktemp("old") / "legacy.sqlite3", tables())
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(old)
        transaction.set_rollback(True)


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever the block writes is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def may(name: str, role: str) -> bool:
    """Whether this role has what the address needs."""
    needs = SCREENS[name].needs
    return needs is None or (ROLES[role].signed_in and set(needs) <= ROLES[role].may)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of refusals are meant here; their records would be kept."""
    caplog.set_level("CRITICAL", "django")


@pytest.fixture(autouse=True)
def old_database(world: World) -> Iterator[None]:
    with as_legacy(world.old):
        yield


def is_for_forms(name: str) -> bool:
    return name.startswith(("legacy_imports:", "trainings:")) and only_forms(SCREENS[name])


every_address = pytest.mark.parametrize("name", SCREENS)


# --- The facts ---------------------------------------------------------------------------------------


def test_every_address_has_its_row_and_every_row_its_address():
    ours = {name for name, _ in ROUTES if not name.startswith("admin:")}
    assert ours - set(SCREENS) == set(), "new addresses: give each a row in tests/screens/access.py"
    assert set(SCREENS) - ours == set(), "rows without an address"


def test_the_groups_of_the_migration_have_exactly_the_permissions_of_the_table(world):
    for name, role in ROLES.items():
        if role.signed_in:
            codes = [code.split(".") for code in world.users[name].get_all_permissions()]
            has = {codename for app, codename in codes
                   if app == "legacy_imports" or codename in OF_THE_PLATFORM}  # fmt: skip
            assert has == role.may, name


@every_address
def test_each_role_and_method_is_answered_as_the_table_says(world, name):
    """And what is refused, or only looked at, changes nothing at all."""
    address = SCREENS[name]
    told, should = {}, {}
    for role, token, method in CELLS:
        if method == "POST" and token and may(name, role):
            continue  # the next test's
        answer = world.ask(world.client(role, token=token), method, address)
        told[role, method, token] = answer.status_code
        should[role, method, token] = expected(address, ROLES[role], method, token=token)
        if answer.status_code == 302 and not may(name, role):
            assert answer.url.startswith(LOGIN)
        if answer.status_code == 200 and name.startswith(("legacy_imports:", "trainings:")):
            assert "no-store" in answer["Cache-Control"]
    assert told == should
    assert changed(world.before) <= (address.writes if "GET" in address.answers else set())


@every_address
def test_every_view_answers_who_may_everything(world, name):
    """On the second database; every role and method is asked on the first."""
    address = SCREENS[name]
    for method in ("GET", "HEAD"):
        with taken_back():
            answer = world.ask(world.client("superuser"), method, address)
        should = expected(address, ROLES["superuser"], method, token=True)
        assert answer.status_code == should, method


@every_address
def test_a_post_writes_only_its_own_tables_whatever_is_sent_along(world, name):
    address = SCREENS[name]
    for role in ROLES:
        if not may(name, role):
            continue
        for sends in (address.sends, {**SMUGGLED, **address.sends}):
            with taken_back():
                answer = world.ask(world.client(role), "POST", replace(address, sends=sends))
                written = changed(world.before) if sends is not address.sends else set()
                assert written <= address.writes, role
                assert_done_by(world.users[role], written)
            assert answer.status_code == expected(address, ROLES[role], "POST", token=True), role


def assert_done_by(user: User, written: set[str]) -> None:
    """What was written names whoever asked, and nobody they named."""
    for model in held_tables():
        if model._meta.db_table in written and "actor" in {f.name for f in model._meta.fields}:
            newest: Any = model._default_manager.order_by("-pk").first()
            assert newest is None or newest.actor in (user, user.get_username())


@pytest.mark.parametrize("name", [name for name in SCREENS if is_for_forms(name)])
def test_an_address_that_only_receives_forms_leads_to_its_page(world, name):
    """A bookmark, a reload, a sign-in on the way: the page says that nothing was recorded."""
    with taken_back():
        client = world.client("superuser")
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        answer = client.get(SCREENS[name].where.format(**world.ids), follow=True)
        assert answer.status_code == 200
        assert "Nothing was recorded: the form was not sent." in answer.content.decode()


NUMBERED = [name for name, found in SCREENS.items() if "{" in found.where.partition("?")[0]]


@pytest.mark.parametrize("name", [name for name in NUMBERED if not name.endswith("slash")])
def test_unknown_numbers_are_refused_or_not_found(world, name):
    """Refused before anything is looked up: a 403 does not tell whether there is such a row."""
    address = SCREENS[name]
    told, should = {}, {}
    for role, number, method in itertools.product(ROLES, UNKNOWN, ("GET", "POST")):
        ids = dict.fromkeys(world.ids, number)
        cell = (role, number, method)
        told[cell] = world.ask(world.client(role), method, address, **ids).status_code
        known = expected(address, ROLES[role], method, token=True)
        looked_up = (
            known != 405 and may(name, role) and (method == "POST" or not only_forms(address))
        )
        should[cell] = 404 if looked_up else known
    assert told == should
    assert changed(world.before) == set()


@every_address
@pytest.mark.parametrize("role", ["anonymous", "staff without permission", "superuser"])
def test_a_body_that_is_no_form_is_no_way_in(world, name, role):
    where = SCREENS[name].where.format(**world.ids)
    for kind, body in BODIES:
        with taken_back():
            told = world.client(role).post(where, body, content_type=kind)
        assert told.status_code < 500, (kind, body[:9])
        if not may(name, role):
            assert told.status_code in (302, 400, 403)


@pytest.mark.parametrize("role", [name for name, role in ROLES.items() if role.may])
def test_the_rows_and_mappings_of_another_run_are_not_found_through_this_one(world, role):
    client, may = world.client(role), ROLES[role].may
    root = "/admin/legacy-imports"
    for where, needs in (
        (f"{root}/review?run={world.run.pk}&row={world.foreign_row.pk}", "review"),
        (f"{root}/course-mapping/{world.foreign['course']}?run={world.run.pk}", "map"),
        (f"{root}/session-mapping/{world.foreign['session']}?run={world.run.pk}", "map"),
        (f"{root}/status-mapping/{world.foreign['status']}?run={world.run.pk}", "map"),
        (f"{root}/course-mapping/conflicts/{world.foreign['conflict']}?run={world.run.pk}", "map"),
    ):
        assert client.get(where).status_code == (404 if needs in may else 403), where
    places = {
        "course": "course-mapping", "session": "session-mapping", "status": "status-mapping",
        "conflict": "course-mapping/conflicts",
    }  # fmt: skip
    for section, place in places.items():
        where = f"{root}/{place}/{world.foreign[section]}/decide?run={world.run.pk}"
        sent = {"decision": "undo", "version": 1}
        assert client.post(where, sent).status_code == (404 if "map" in may else 403)
    assert changed(world.before) == set()


# --- The stock admin ---------------------------------------------------------------------------------


STRONGEST = ("anonymous", "signed in, no staff", "staff without permission", "Operator")
every_page = pytest.mark.parametrize(
    ("name", "route"), ADMIN_ROUTES, ids=[r for _, r in ADMIN_ROUTES]
)


@every_page
def test_the_stock_admin_lets_nobody_in_without_a_permission_of_its_own(world, name, route):
    """The groups of the import may only look at records, and add a course; the Operator's are all of
    theirs. A POST without the fields of a course shows its form again.
    """
    where = admin_address(route)
    for role, method in itertools.product(STRONGEST, ("GET", "HEAD", "POST", "DELETE")):
        staff = ROLES[role].is_staff and ROLES[role].signed_in
        answer = send(world.client(role), method, where, {"is_superuser": "on"})
        cell = (role, method, answer.status_code)
        assert answer.status_code < 500, cell
        if name in ADMIN_FOR_ALL or (staff and name in ADMIN_FOR_STAFF):
            continue
        open_to_role = role == "Operator" and name in ADMIN_FOR_GROUPS
        allowed = STAFF_REFUSED | {200} if open_to_role else STAFF_REFUSED
        assert answer.status_code in (allowed if staff else {302}), cell
        assert staff or answer.url.startswith(LOGIN), cell
    for method in UNSAFE:
        told = send(world.client("anonymous", token=False), method, where, {})
        assert told.status_code == 403, method
    assert changed(world.before) == set()


@every_page
def test_the_stock_admin_has_no_errors_for_those_who_may_everything(world, name, route):
    for method in ("GET", "POST", "PUT"):
        with taken_back():
            answer = send(world.client("superuser"), method, admin_address(route), {})
        assert answer.status_code < 500, method
    refused = send(world.client("superuser", token=False), "POST", admin_address(route), {})
    assert refused.status_code == 403
