"""The tutorial, run as it is written: an unknown dump to a reconciled commit, with what is shown."""

import html
import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.database_server import DatabaseServer
from tests.journeys.pages import (
    Line,
    Shell,
    lines_of,
    running_server,
    server_fills,
    shell_variables,
    unique,
)
from tests.processes import ROOT

PAGE = (ROOT / "docs/first-migration.md").read_text("utf-8")
ON_THE_SCREENS = 9  # the step
OWN = {"WORK", "ENV_FILE", "READER_PASSWORD", "APP_PASSWORD", "DJANGO_SUPERUSER_PASSWORD"}


@pytest.fixture
def reader(db_server: DatabaseServer, tmp_path: Path) -> Iterator[Shell]:
    """Who reads the page. The databases and accounts that it creates are dropped at the end."""
    old, new = unique("first_old"), unique("first_new")
    options = db_server.client_options()
    fills = {**server_fills(db_server.host, db_server.port, options, "SERVER"),
             "OLD": old, "NEW": new}  # fmt: skip
    assert {*fills, *OWN} == shell_variables(PAGE)
    yield Shell(tmp_path, fills, answer=new)
    db_server.execute(
        *(f"DROP DATABASE IF EXISTS `{name}`" for name in (old, new)),
        *(f"DROP USER IF EXISTS '{name}'@'127.0.0.1'" for name in (f"{old}_reader", new)),
    )


def test_the_page_runs_from_its_first_line_to_its_last(
    reader: Shell, db_server: DatabaseServer
) -> None:
    lines = lines_of(PAGE)
    assert len([line for line in lines if line.kind == "output"]) > 12
    for line in lines:
        if line.kind == "output":
            reader.assert_shown(line)
        elif line.kind == "text":
            fill_in(reader, line)
        elif "runserver" in line.text:
            look_at_the_screens(reader, line)
        else:
            reader.run(line)
    questions = [line.text for line, ended in reader.ended if "Type the name of the" in ended.err]
    assert len(questions) == len([one for one in lines if one.kind == "console" and asks(one)])
    with db_server.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        left = {name for (name,) in cursor.fetchall()}
    assert left.isdisjoint({reader.fills["OLD"], reader.fills["NEW"]})


def asks(line: Line) -> bool:
    return "--preview" not in line.text and bool(
        re.search(r"legacy_(commit|rollback)\b", line.text)
    )


def fill_in(reader: Shell, line: Line) -> None:
    """A form: it ends with an error as it is written, and does its work for each of the names."""
    assert reader.bash(line.text).code != 0
    old, new = reader.fills["OLD"], reader.fills["NEW"]
    for name in (old, new) if "DATABASE" in line.text else (f"{old}_reader", new):
        ended = reader.bash(re.sub(r"\bNAME\b", name, line.text))
        assert ended.code == 0, ended.err


def look_at_the_screens(reader: Shell, line: Line) -> None:
    """Every address of the step, as the account of the page sees it; nothing leads to HTTPS."""
    step = PAGE[PAGE.index(f"## {ON_THE_SCREENS}. ") : PAGE.index(f"## {ON_THE_SCREENS + 1}. ")]
    addresses = re.findall(r"`(/admin/[^`]+)`", step)
    assert len(addresses) == 3
    with running_server(reader, line) as host:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        form = browser.open(f"{host}/admin/login/").read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        fields = {"csrfmiddlewaretoken": token[1], "username": "first",
                  "password": reader.env["DJANGO_SUPERUSER_PASSWORD"],
                  "next": "/admin/"}  # fmt: skip
        signed_in = browser.open(f"{host}/admin/login/", urlencode(fields).encode())
        assert signed_in.url == f"{host}/admin/"
        pages = [browser.open(f"{host}{address}") for address in addresses]
        texts = [page.read().decode() for page in pages]
        row = re.search(r'<a href="([^"]+)">\s*<span[^>]*><bdi>Wafa Madani</bdi>', texts[0])
        assert row
        english = Request(f"{host}{html.unescape(row[1])}", headers={"Accept-Language": "en"})
        decisions = browser.open(english).read().decode()
    assert [page.url for page in pages] == [f"{host}{address}" for address in addresses]
    assert re.search(r'id="li-effect-not_same">→ creates a lead\s*<', decisions)
