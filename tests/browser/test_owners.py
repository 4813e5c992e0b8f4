"""The list of probable owners in a real browser: by keyboard alone, by two people, without scripts."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.screens.owners import ROOT
from tests.factories import CrmLeadFactory
from tests.trainings.histories import BORN, NAME, again, history
from trainings.attachments import person_of
from trainings.models import HistoryAttachment, ImportedHistory, ProbableOwner

PageAs = Callable[..., Page]


def crowd(number: int) -> list[ImportedHistory]:
    """So many learners with one probable owner each, in the order of the list."""
    records = []
    for place in range(1, number + 1):
        born = BORN.replace(year=1960 + place)
        records.append(history(place, learner_birth_date=born))
        CrmLeadFactory(full_name=NAME, birth_date=born)
    return records


def pairs() -> list[ProbableOwner]:
    return list(ProbableOwner.objects.order_by("pk"))


def events() -> list[str]:
    return list(HistoryAttachment.objects.order_by("pk").values_list("action", flat=True))


def expect_open(page: Page, pair: ProbableOwner) -> None:
    expect(page.locator("#li-decide")).to_have_attribute("action", f"{ROOT}/owners/{pair.pk}")


def decide(page: Page, key: str) -> None:
    """One decision by keyboard: its key, Enter, and the next page is there."""
    page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_list_is_emptied_with_the_keyboard_alone(page_as: PageAs) -> None:
    records = crowd(3)
    first, second, third = pairs()
    page = page_as("Manager", language="en")
    page.goto(f"{ROOT}/owners")
    expect_open(page, first)
    with page.expect_navigation():
        page.keyboard.press("j")
    expect_open(page, second)
    with page.expect_navigation():
        page.keyboard.press("k")
    expect_open(page, first)
    decide(page, "l")
    expect_open(page, second)
    decide(page, "n")
    expect_open(page, third)
    decide(page, "z")
    expect(page.get_by_text("No history waits for an owner.")).to_be_visible()
    assert events() == ["attach", "not_same", "later"]
    assert [person_of(again(record)) for record in records] == [
        ("lead", first.person_id),
        None,
        None,
    ]


def test_u_undoes_the_last_decision(page_as: PageAs) -> None:
    (record,) = crowd(1)
    page = page_as("Manager", language="en")
    page.goto(f"{ROOT}/owners")
    decide(page, "l")
    with page.expect_navigation():
        page.keyboard.press("u")
    expect_open(page, pairs()[0])
    assert events() == ["attach", "undo"]
    assert person_of(again(record)) is None


def test_keys_do_nothing_while_a_reason_is_typed_or_once_they_are_off(page_as: PageAs) -> None:
    crowd(2)
    page = page_as("Manager", language="en")
    page.goto(f"{ROOT}/owners")
    page.locator("#li-note").fill("")
    page.locator("#li-note").press_sequentially("jkln")
    expect(page.locator("#li-note")).to_have_value("jkln")
    expect_open(page, pairs()[0])
    page.locator("#li-help-open").click()
    page.locator("#li-keys-on").uncheck()
    page.locator(".li-help button").click()
    page.locator("body").press("n")
    expect(page.locator("button[value=not_same]")).not_to_be_focused()
    assert events() == []


def test_the_later_of_two_people_sees_the_first_decision(page_as: PageAs) -> None:
    crowd(2)
    _, second = pairs()
    one = page_as("Manager", language="en", username="premiere")
    other = page_as("Operator", language="en", username="deuxieme")
    one.goto(f"{ROOT}/owners")
    other.goto(f"{ROOT}/owners")
    decide(one, "n")
    decide(other, "l")
    expect(other.get_by_role("alert")).to_contain_text("premiere decided: not the same person")
    with other.expect_navigation():
        other.get_by_role("link", name="Keep theirs").click()
    expect_open(other, second)
    assert events() == ["not_same"]


def test_one_record_is_attached_by_keyboard_to_somebody_who_was_searched(page_as: PageAs) -> None:
    record = history(1)
    lead = CrmLeadFactory(full_name="Amel Bouzid", phone="0661300001")
    page = page_as("Manager", language="en")
    page.goto(f"{ROOT}/attach?key={record.learner_key}")
    page.locator("#li-q").fill("0661 30 00 01")
    with page.expect_navigation():
        page.locator("#li-q").press("Enter")
    assert "0661" not in page.url
    page.get_by_role("radio").press("Space")
    page.locator("#li-note").fill("dossier papier")
    with page.expect_navigation():
        page.locator("button[value=attach]").press("Enter")
    expect(page).to_have_url(re.compile(f"{ROOT}/learner"))
    expect(page.get_by_text("dossier papier")).to_be_visible()
    assert person_of(again(record)) == ("lead", lead.pk)


def test_without_scripts_every_key_has_its_button(page_as: PageAs) -> None:
    crowd(1)
    page = page_as("Manager", language="en", script=False)
    page.goto(f"{ROOT}/owners")
    expect(page.locator("#li-help-open")).to_be_hidden()
    with page.expect_navigation():
        page.locator("button[value=not_same]").click()
    with page.expect_navigation():
        page.locator("form[data-undo] button").click()
    expect_open(page, pairs()[0])
    assert events() == ["not_same", "undo"]
