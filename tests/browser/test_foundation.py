"""The frame of every page: readable by everybody, in three languages, light and dark, and quiet."""

import re

import pytest


def test_the_language_is_chosen_in_the_header_and_the_page_stays(page_as):
    page = page_as("Reader", language="fr")
    page.goto("/admin/?seen=1")
    for code, direction in (("ar", "rtl"), ("en", "ltr"), ("fr", "ltr")):
        page.locator(f".li-languages button[value={code}]").click()
        assert page.locator("html").get_attribute("lang") == code
        assert page.locator("html").get_attribute("dir") == direction
        assert page.locator(".li-languages [aria-current]").get_attribute("value") == code
        assert page.url.endswith("/admin/?seen=1")


def test_the_language_can_be_chosen_before_signing_in_and_without_script(page_as):
    page = page_as("", language="fr", script=False)
    page.goto("/admin/login/")
    page.locator(".li-languages button[value=ar]").click()
    assert page.locator("html").get_attribute("lang") == "ar"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_whatever_has_the_focus_shows_it(page_as, dark):
    page = page_as("Operator", dark=dark)
    page.goto("/admin/")
    seen = 0
    for _ in range(12):
        page.keyboard.press("Tab")
        outline, shadow, name = page.evaluate(
            """() => {
                const one = document.activeElement, style = getComputedStyle(one);
                const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
                return [width, style.boxShadow, one.tagName];
            }"""
        )
        if name == "BODY":
            break
        seen += 1
        assert outline >= 2, (name, shadow)
    assert seen > 5


def test_those_without_permission_find_no_way_to_the_import(page_as):
    page = page_as("staff")
    page.goto("/admin/")
    assert page.locator("a[href*=legacy-imports]").count() == 0


def test_dark_and_light_are_different_and_the_switch_works(page_as):
    page = page_as("Operator")
    page.goto("/admin/")
    colours = set()
    for _ in range(3):
        page.locator(".theme-toggle").click()
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_a_form_with_an_old_token_is_refused_in_words(page_as, axe):
    page = page_as("Operator", language="en")
    page.goto("/admin/")
    page.context.clear_cookies(name="csrftoken")
    page.locator("#logout-form button").click()
    assert re.search("expired", page.locator("h1").inner_text())
    assert axe(page) == []
