"""The frame of a screen: its menu, the run it is about, its words, its stylesheet."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.http import Http404
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation

from legacy_import.choices import PlannedAction
from legacy_import.permissions import GROUPS
from legacy_import.rules.reasons import REASONS
from legacy_import.screens import menu
from legacy_import.screens.address import requested_run
from legacy_import.screens.page import render_page
from tests.factories import RunFactory, UserFactory

pytestmark = pytest.mark.django_db

STATIC = Path(menu.__file__).parents[1] / "static" / "legacy_imports"
LOOK, FRAME = ((STATIC / f"{name}.css").read_text("utf-8") for name in ("screens", "admin"))
STYLES = f"{LOOK}\n{FRAME}"
PAGE = "admin/legacy_imports/base.html"


@pytest.fixture
def member():
    """member(group): a user of that group."""

    def of(group: str):
        user = UserFactory(is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        return user

    return of


def request_of(user, address="/admin/legacy-imports"):
    request = RequestFactory().get(address)
    request.user = user
    return request


# --- The menu ----------------------------------------------------------------------------------------

READS = ["runs", "students"]
OFFERED = {
    "Reader": READS,
    "Reviewer": [*READS, "review"],
    "Manager": [*READS, "review", "course_mapping", "session_mapping", "status_mapping"],
    "Operator": [*READS, "review", "course_mapping", "session_mapping", "status_mapping"],
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_menu_offers_what_its_reader_may_open(member, group):
    assert [entry.section for entry in menu.entries(member(group))] == OFFERED[group]


def test_nobody_and_the_unpermitted_are_offered_nothing():
    assert menu.entries(AnonymousUser()) == []
    assert menu.entries(UserFactory(is_staff=True)) == []


def test_with_a_run_every_entry_keeps_it(member):
    offered = {entry.section: entry.address for entry in menu.entries(member("Operator"), 7)}
    assert offered["run"] == reverse("legacy_imports:run", args=[7])
    assert offered["runs"] == reverse("legacy_imports:runs")
    kept = {
        section: address for section, address in offered.items() if section not in ("run", "runs")
    }
    assert kept
    assert all(address.endswith("?run=7") for address in kept.values())


def test_the_current_screen_is_marked(member):
    run = RunFactory()
    answer = render_page(request_of(member("Operator")), PAGE, section="review", title="X", run=run)
    text = answer.content.decode()
    marked = re.findall(
        r'<a class="li-tab li-tab-current" href="([^"]+)" aria-current="page"', text
    )
    assert marked == [f"{reverse('legacy_imports:review')}?run={run.pk}"]


def test_the_admin_leads_to_the_import(client, member):
    client.force_login(member("Reader"))
    text = client.get("/admin/").content.decode()
    assert 'class="app-legacy_imports module' in text
    assert f'href="{reverse("legacy_imports:runs")}"' in text
    client.force_login(UserFactory(is_staff=True))
    assert "legacy-imports" not in client.get("/admin/").content.decode()


# --- What is asked -----------------------------------------------------------------------------------


def asked(question: str):
    return requested_run(RequestFactory().get(f"/?{question}"))


def test_the_newest_run_is_shown_unless_another_is_asked_for():
    older, newer = RunFactory(), RunFactory()
    assert asked("") == newer
    assert asked("run=") == newer
    assert asked(f"run={older.pk}") == older


@pytest.mark.parametrize(
    "text", ["0", "99999", "9" * 30, "-1", "1.5", "x", "١", "1%00", "1 OR 1", "%F0%9F%98%80"]
)
def test_an_unknown_run_is_not_found(text):
    RunFactory()
    with pytest.raises(Http404):
        asked(f"run={text}")


def test_without_any_run_there_is_nothing_to_show():
    with pytest.raises(Http404):
        asked("")


SLASHES = {
    "known": ("/admin/legacy-imports/lineage/?origin=a%20b", 302),
    "unknown": ("/admin/legacy-imports/nothing/", 404),
    "two": ("/admin/legacy-imports/lineage//", 302),
}


@pytest.mark.parametrize(("address", "status"), SLASHES.values(), ids=SLASHES)
def test_a_slash_is_taken_off(admin_client, address, status):
    answer = admin_client.get(address)
    assert answer.status_code == status
    if status == 302:
        assert answer.url == address.replace("//", "").replace("/?", "?")
    assert admin_client.post(address).status_code == 405


# --- Words and numbers -------------------------------------------------------------------------------

# Template → what it says in French, Arabic and English ("" where only the others matter).
SHOWN = {
    "number": ("{{ n|thousands }}", "1\xa0234\xa0567", "1\xa0234\xa0567", "1,234,567"),
    "no number": ("{{ none|thousands }}", "—", "—", "—"),
    "all": ("{% share 5 5 %}", "", "", "100 %"),
    "nearly all": ("{% share 1999 2000 %}", "", "", "99 %"),
    "nearly none": ("{% share 1 2000 %}", "", "", "under 1 %"),
    "none": ("{% share 0 5 %}", "", "", "0 %"),
    "of nothing": ("{% share 0 0 %}", "—", "—", "—"),
    "code": ("{% ltr code %}", *['<bdi dir="ltr">a&lt;b</bdi>'] * 3),
    "no code": ('{% ltr "" %}', *['<bdi dir="ltr">—</bdi>'] * 3),
    "person": ("{% person name %}", *["<bdi>Haddadgnp.exe &lt;script&gt;</bdi>"] * 3),
    "long person": ("{% person long %}", *[f"<bdi>{'x' * 120}…</bdi>"] * 3),
    "phone": ("{{ phone|masked_phone }}", *["05•• ••• 168"] * 3),
    "address": ("{{ mail|masked_email }}", *["a•••@gmail.com"] * 3),
    "choice": ('{% choice_label "PlannedAction" action %}', "", "", "create a lead"),
    "no choice": ('{% choice_label "PlannedAction" "" %}', "—", "—", "—"),
    "strange choice": ('{% choice_label "PlannedAction" "<x>" %}', "", "", "unknown"),
    "reason": ('{{ "reviewer_skip"|reason_words }}', "", "", "a reviewer decided to skip it"),
    "no reason": ('{{ ""|reason_words }}', "—", "—", "—"),
    "strange reason": ("{{ code|reason_words }}", "inconnu", "غير معروف", "unknown"),
}


@pytest.mark.parametrize(("shown", "fr", "ar", "en"), SHOWN.values(), ids=SHOWN)
def test_what_a_tag_shows(shown, fr, ar, en):
    context = {
        "n": 1_234_567, "none": None, "name": "Haddad\u202egnp.exe\u2069 <script>", "long": "x" * 10**6,
        "code": "a<b", "phone": "0559446168", "mail": "ali@gmail.com",
        "action": PlannedAction.CREATE_CRM_LEAD,
    }  # fmt: skip
    for language, expected in (("fr", fr), ("ar", ar), ("en", en)):
        with translation.override(language):
            told = Template(f"{{% load legacy_imports %}}{shown}").render(Context(context))
        assert not expected or told == expected


def test_every_reason_has_words():
    for code, words in REASONS.items():
        with translation.override("en"):
            told = Template("{% load legacy_imports %}{{ code|reason_words }}")
            assert told.render(Context({"code": code, "words": words})) != code


@pytest.mark.parametrize(("part", "total", "width"), [(0, 0, "0"), (1, 3, "33.3"), (5, 5, "100.0")])
def test_a_bar_is_for_the_eye_only(part, total, width):
    shown = Template("{% load legacy_imports %}{% bar part total %}")
    told = shown.render(Context({"part": part, "total": total}))
    assert 'aria-hidden="true"' in told
    assert f'class="li-bar-part" width="{width}"' in told
    assert "style=" not in told


@pytest.mark.parametrize("text", ["legacy_classify --run 7", "manage.py legacy_classify --run 7"])
def test_a_command_is_a_line_to_copy(text):
    shown = Template("{% load legacy_imports %}{% command text %}")
    told = shown.render(Context({"text": text}))
    assert '<code dir="ltr">.venv/bin/python manage.py legacy_classify --run 7</code>' in told


# --- The stylesheet ----------------------------------------------------------------------------------


def test_the_stylesheet_is_small_and_mirrors_by_itself():
    assert len(LOOK.encode()) <= 16 * 1024
    assert len(FRAME.encode()) <= 4 * 1024
    physical = r"-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|text-align:\s*(?:left|right)"
    rules = re.sub(r"/\*.*?\*/", "", STYLES, flags=re.DOTALL)
    assert not re.findall(physical, rules)
    assert "url(" not in STYLES
    assert "@import" not in STYLES


def test_no_template_holds_a_style_or_a_script_of_its_own():
    for page in Path(STATIC, "../../../templates").resolve().rglob("*.html"):
        inline = r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:"
        assert not re.findall(inline, page.read_text("utf-8")), page
