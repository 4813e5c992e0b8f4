"""What every answer carries, and what happens before any screen sees a request."""

import datetime
import gzip
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import IntegrityError
from django.test import Client, RequestFactory
from django.urls import reverse

from ecoin.logs import RedactedFormatter
from ecoin.pages.interrupted_forms import InterruptedFormsMiddleware
from ecoin.sign_in import client_address
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
LOGIN = "/admin/login/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
PASSWORD = "un-mot-de-passe-fictif"
# Written by hand, not read from the settings.
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "img-src 'self' data:", "base-uri 'none'",
    "frame-ancestors 'none'",
}  # fmt: skip
ANSWERS = {
    "login page": (LOGIN, 200),
    "redirect to the login": ("/admin/", 302),
    "nothing there": ("/nothing", 404),
    "health": ("/healthz", 200),
    "an import screen": ("/admin/legacy-imports/lineage", 302),
    "the front door": ("/", 302),
}


def policy(answer):
    """The directives of an answer's policy, in no order."""
    return set(answer["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize(("address", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_carries_the_policy(client, address, status):
    answer = client.get(address)
    assert answer.status_code == status
    assert policy(answer) == POLICY
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(client):
    allowed = dict(part.split(" ", 1) for part in policy(client.get(LOGIN)))
    assert allowed["default-src"] == "'none'"
    assert set(allowed.values()) == {"'none'", "'self'", "'self' data:"}


@pytest.mark.parametrize("crash", [False, True], ids=["refused-host", "error"])
def test_refusals_and_errors_carry_it_too(client, settings, crash):
    client.raise_request_exception = False
    if crash:
        settings.AUTHENTICATION_BACKENDS = ["nothing.Here"]
        answer = client.post(LOGIN, {"username": "x", "password": "y"})
        assert answer.status_code == 500
    else:
        answer = client.get(LOGIN, headers={"host": "evil.example"})
        assert answer.status_code == 400
    assert policy(answer) == POLICY
    assert "<style" not in answer.content.decode()


def test_cookies_are_out_of_reach_of_scripts(client):
    user_with_password("lamia")
    client.get(LOGIN)
    client.post(reverse("set_language"), {"language": "ar"})
    assert sign_in(client, "lamia", PASSWORD).status_code == 302
    assert {"csrftoken", "django_language", "sessionid"} <= set(client.cookies)
    for cookie in (client.cookies["csrftoken"], client.cookies["django_language"],
                   client.cookies["sessionid"]):  # fmt: skip
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_a_form_without_its_token_is_refused_in_words_and_nothing_is_kept():
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        LOGIN, {"username": "x", "password": "y"}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_no_file_is_ever_accepted(client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(UserFactory(is_staff=True))
    sent = client.post(
        reverse("set_language"), {"language": "fr", "file": SimpleUploadedFile("a", b"b")}
    )
    assert sent.status_code == 400


def test_the_language_switch_leads_to_no_other_site(client):
    sent = client.post(reverse("set_language"), {"language": "ar", "next": "https://evil.example/"})
    assert sent.status_code == 302
    assert sent.url == "/"


# --- Signing in --------------------------------------------------------------------------------------


@pytest.fixture
def lock_out(settings):
    settings.AXES_ENABLED = True


def user_with_password(name: str) -> None:
    user = UserFactory(username=name, is_staff=True)
    user.set_password(PASSWORD)
    user.save()


def sign_in(client: Client, username: str, password: str, address: str = "192.0.2.7"):
    form = {"username": username, "password": password}
    return client.post(LOGIN, form, headers={"accept-language": "en"}, REMOTE_ADDR=address)


@pytest.mark.parametrize("exists", [True, False], ids=["an-account", "no-such-account"])
def test_five_wrong_passwords_lock_the_name_and_address(lock_out, client, exists):
    name = "lamia"
    if exists:
        user_with_password(name)
    told = [sign_in(client, name, "wrong").status_code for _ in range(6)]
    assert told == [200, 200, 200, 200, 429, 429]
    refused = sign_in(client, name, PASSWORD)
    assert refused.status_code == 429
    assert "Try again in 15 minutes" in refused.content.decode()
    assert name not in refused.content.decode()
    assert "no-store" in refused["Cache-Control"]
    assert refused["Retry-After"] == "900"


def test_others_are_not_locked_out_and_success_forgets(lock_out, client):
    user_with_password("lamia")
    user_with_password("samir")
    for _ in range(5):
        sign_in(client, "lamia", "wrong")
    assert sign_in(Client(), "samir", PASSWORD).status_code == 302
    assert sign_in(Client(), "lamia", PASSWORD, address="192.0.2.8").status_code == 302
    for _ in range(3):
        for _ in range(4):
            sign_in(Client(), "samir", "wrong")
        assert sign_in(Client(), "samir", PASSWORD).status_code == 302


def test_many_names_from_one_address_lock_the_address(lock_out, client):
    """One wrong password each: no name is ever locked."""
    user_with_password("lamia")
    told = [sign_in(client, f"name{number}", "wrong").status_code for number in range(40)]
    assert told == [200] * 29 + [429] * 11
    assert sign_in(client, "lamia", PASSWORD).status_code == 429
    assert sign_in(client, "lamia", PASSWORD, address="192.0.2.8").status_code == 302


def test_fewer_wrong_passwords_lock_no_address_and_another_s_do_not_count(lock_out, client):
    user_with_password("lamia")
    for number in range(29):
        sign_in(client, f"name{number}", "wrong")
        sign_in(client, f"name{number}", "wrong", address="192.0.2.8")
    assert sign_in(client, "lamia", PASSWORD).status_code == 302


def test_the_lock_of_an_address_opens_by_itself(lock_out, client, settings):
    for number in range(30):
        sign_in(client, f"name{number}", "wrong")
    settings.AXES_COOLOFF_TIME = datetime.timedelta(0)
    assert sign_in(client, "lamia", "wrong").status_code == 200


def test_the_lock_opens_by_itself(lock_out, client, settings):
    for _ in range(5):
        sign_in(client, "lamia", "wrong")
    settings.AXES_COOLOFF_TIME = datetime.timedelta(0)
    assert sign_in(client, "lamia", "wrong").status_code == 200


ADDRESSES = {
    "no-proxy": (0, "203.0.113.9", "10.0.0.1"),
    "one-proxy": (1, "203.0.113.9", "203.0.113.9"),
    "a-visitor-who-lies": (1, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
    "two-proxies": (2, "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
    "too-few-named": (2, "203.0.113.9", "10.0.0.1"),
    "nonsense": (1, "<script>", "10.0.0.1"),
    "ipv6": (1, "2001:db8::7", "2001:db8::7"),
}


@pytest.mark.parametrize(("proxies", "said", "address"), ADDRESSES.values(), ids=ADDRESSES)
def test_whose_address_counts(settings, proxies, said, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=said)
    assert client_address(request) == address


# --- Logs --------------------------------------------------------------------------------------------


def test_the_log_says_where_and_what_kind_but_repeats_no_words():
    formatter = RedactedFormatter("%(message)s")
    try:
        try:
            raise IntegrityError(1062, "Duplicate entry '0559446168'")
        except IntegrityError as error:
            raise ValueError("karim@exemple.dz") from error
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "Failed", (), sys.exc_info())
        logging.Formatter().format(record)  # another handler was first, and kept its text
    told = formatter.format(record)
    assert "IntegrityError 1062" in told
    assert "builtins.ValueError" in told
    assert "test_security_headers.py" in told
    # The frames quote the lines of this test; no line of the log is the error's own.
    assert not re.search(r"^\S.*(Duplicate|0559446168|karim@)", told, re.MULTILINE)


# --- Production settings -----------------------------------------------------------------------------


def in_production(program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program under production settings, in a process of its own."""
    kept = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "ALLOWED_HOSTS": "school.example",
            "SECRET_KEY": "x7" * 20 + "-a-long-fictional-key-of-many-letters",
            "DJANGO_SETTINGS_MODULE": "ecoin.settings",
            "DATABASE_URL": "sqlite:///:memory:"}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{program}"],
        cwd=ROOT, env=kept, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_production_settings_have_no_warning():
    ended = in_production(
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')"
    )
    assert ended.returncode == 0, ended.stderr


def test_production_serves_its_own_files_compressed_and_cookies_over_https_only(tmp_path):
    ended = in_production(
        f"""
from django.conf import settings
settings.STATIC_ROOT = {str(tmp_path)!r}
from django.core.management import call_command
call_command('collectstatic', interactive=False, verbosity=0)
from django.templatetags.static import static
from django.test import Client
address = static('legacy_imports/screens.css')
headers = {{'host': 'school.example', 'accept-encoding': 'gzip'}}
answer = Client().get(address, secure=True, headers=headers)
assert answer.status_code == 200 and answer['Content-Encoding'] == 'gzip', answer.headers
assert 'immutable' in answer['Cache-Control'] and address.count('.') == 2, answer.headers
plain = Client().get('/admin/login/', headers={{'host': 'school.example'}})
assert plain.status_code == 301 and plain.url == 'https://school.example/admin/login/', plain
alive = Client().get('/healthz', headers={{'host': 'school.example'}})
assert alive.status_code == 200, alive
for cookie in ('SESSION', 'CSRF', 'LANGUAGE'):
    assert getattr(settings, f'{{cookie}}_COOKIE_SECURE') is True
"""
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.django_db
def test_a_compressed_page_gives_no_secret_away_by_its_length():
    """BREACH: the token is another text in each answer, and the length varies by chance."""
    answers = [
        Client().get(LOGIN, secure=True, headers={"accept-encoding": "gzip"}) for _ in range(10)
    ]
    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    pages = [gzip.decompress(answer.content).decode() for answer in answers]
    client = Client()
    of_one_session = [client.get(LOGIN, secure=True).content.decode() for _ in range(2)]
    tokens = [TOKEN.findall(page)[0] for page in (*pages, *of_one_session)]
    assert len(set(tokens)) == len(tokens)
    assert len({len(answer.content) for answer in answers}) > 1


def test_everybody_signs_in_unless_a_view_says_otherwise():
    assert "ecoin.pages.interrupted_forms.InterruptedFormsMiddleware" in configured.MIDDLEWARE
    assert issubclass(InterruptedFormsMiddleware, LoginRequiredMiddleware)
    assert configured.MIDDLEWARE[0] == "csp.middleware.CSPMiddleware"
