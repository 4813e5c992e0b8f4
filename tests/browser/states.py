"""The screens and their states, and one walk that looks at each of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import resolve
from playwright.sync_api import Page

from tests.browser.fonts import DEJAVU, FONT_SETS
from tests.browser.layout import layout_faults

LANGUAGES = {"fr": "ltr", "ar": "rtl", "en": "ltr"}
HEIGHT = 900
WIDTHS = (1280, 768, 390, 320)
# A user's name as long as names in the wild, with nothing to break it at.
LONG_NAME = (
    "prenom.nomdefamillecompose.serviceinformatique@ecoledeformationprofessionnelle.exemple.dz"
)

TAKEN = ("!", "taken")  # what the scripts in hostile names would make of the page's title

Reach = Callable[[Page], Any]


@dataclass(frozen=True)
class State:
    """A screen in one state.

    `reach` brings a page there, whatever page it showed before, and as often as it is called.
    `shows` is what can be seen there and on no other state of this screen; `hides` is what its
    source never contains. `axe_width` is the window in which axe looks at it.
    """

    name: str
    reach: Reach
    shows: str = "#content"
    hides: str = ""
    role: str = "Operator"
    axe_width: int = 1280


def at(address: str, status: int = 200) -> Reach:
    """A reach: go to this address, which answers so."""

    def go(page: Page) -> None:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status, f"{address}: {answer.status}"

    return go


class Walk:
    """Visits states in one language; `faults` is what was wrong, a line each.

    Each state is seen with both font sets at every width. axe sees it light and dark. `screens` are
    the names of the import's addresses that were visited.
    """

    def __init__(self, page_as: Callable[..., Page], axe: Callable[[Page], list[str]],
                 language: str) -> None:  # fmt: skip
        self._page_as, self._axe, self._language = page_as, axe, language
        self._pages: dict[tuple[str, str], Page] = {}
        self.faults: list[str] = []
        self.screens: set[str] = set()

    def see(self, states: Iterable[State]) -> None:
        for state in states:
            for fonts in FONT_SETS:
                page = self._page(state.role, fonts.name)
                page.set_viewport_size({"width": state.axe_width, "height": HEIGHT})
                state.reach(page)
                self._look(page, state, fonts.name)

    def _page(self, role: str, fonts: str) -> Page:
        key = (role, fonts)
        if key not in self._pages:
            self._pages[key] = self._page_as(
                role, language=self._language, fonts=fonts, username=f"{role}.{LONG_NAME}"
            )
        return self._pages[key]

    def _look(self, page: Page, state: State, fonts: str) -> None:
        page.locator(state.shows).first.wait_for()
        assert page.locator("html").get_attribute("dir") == LANGUAGES[self._language]
        place = resolve(urlsplit(page.url).path) if "legacy-imports" in page.url else None
        self.screens |= {str(place.url_name)} if place else set()
        assert page.title() not in TAKEN, state.name
        assert not state.hides or state.hides not in page.content(), state.name
        found = list(self._of_axe(page, state)) if fonts == DEJAVU.name else []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            found += [f"{fonts}, {width} px: {fault}" for fault in layout_faults(page)]
        self.faults += [f"{state.name}, {self._language}, {fault}" for fault in found]

    def _of_axe(self, page: Page, state: State) -> Iterator[str]:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            yield from (f"{scheme}: {violation}" for violation in self._axe(page))
        page.emulate_media(color_scheme="light")
