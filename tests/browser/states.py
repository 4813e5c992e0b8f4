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
WIDTHS = (1280, 390, 320)
# A user's name as long as names in the wild, with nothing to break it at.
LONG_NAME = (
    "prenom.nomdefamillecompose.serviceinformatique@ecoledeformationprofessionnelle.exemple.dz"
)

TAKEN = ("!", "taken")  # what the scripts in hostile names would make of the page's title

Reach = Callable[[Page], Any]


@dataclass(frozen=True)
class State:
    """A screen in one state.

    `reach` brings a page there, whatever page it showed before and however wide it is.
    `shows` is what can be seen there and on no other state of this screen; `hides` is what its
    source never contains. `axe_width` is the window in which axe looks at it; 0: axe need not, since
    only the data differs from that of another state of this screen.
    """

    name: str
    reach: Reach
    shows: str = "#content"
    hides: str = ""
    role: str = "Operator"
    axe_width: int = WIDTHS[0]


def at(address: str, status: int = 200) -> Reach:
    """A reach: go to this address, which answers so."""

    def go(page: Page) -> None:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status, f"{address}: {answer.status}"

    return go


class Walk:
    """Visits states in one language; `faults` is what was wrong, a line each.

    Each state is seen at every width with both font sets, light and dark by axe. `screens` are the
    names of the import's addresses that were visited.
    """

    def __init__(
        self, page_as: Callable[..., Page], axe: Callable[..., list[str]], language: str
    ) -> None:
        self._page_as, self._axe, self._language = page_as, axe, language
        self._pages: dict[str, Page] = {}
        self.faults: list[str] = []
        self.screens: set[str] = set()

    def see(self, states: Iterable[State]) -> None:
        for state in states:
            page = self._page(state.role)
            state.reach(page)
            page.locator(state.shows).first.wait_for()
            self._note_screen(page)
            assert page.locator("html").get_attribute("dir") == LANGUAGES[self._language]
            assert page.title() not in TAKEN, state.name
            assert not state.hides or state.hides not in page.content(), state.name
            found = [
                fault for width in self._widths(page) for fault in self._look(page, state, width)
            ]
            self.faults += [f"{state.name}, {self._language}, {fault}" for fault in found]

    def _page(self, role: str) -> Page:
        """One signed-in page for each role."""
        if role not in self._pages:
            self._pages[role] = self._page_as(
                role, language=self._language, width=WIDTHS[0], username=f"{role}.{LONG_NAME}"
            )
        return self._pages[role]

    def _note_screen(self, page: Page) -> None:
        if "legacy-imports" in page.url:
            self.screens.add(str(resolve(urlsplit(page.url).path).url_name))

    def _widths(self, page: Page) -> Iterator[int]:
        """Every width, beginning with the page's own: a change of the window costs more than a look."""
        size = page.viewport_size
        narrow = size is not None and size["width"] == WIDTHS[-1]
        for width in reversed(WIDTHS) if narrow else WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            yield width

    def _look(self, page: Page, state: State, width: int) -> Iterator[str]:
        if width == state.axe_width:
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                # The two schemes differ in nothing but colours (tested).
                found = self._axe(page, colours_only=scheme == "light")
                yield from (f"{scheme}: {violation}" for violation in found)
        for fonts in FONT_SETS:
            fonts.put_on(page)
            yield from (f"{fonts.name}, {width} px: {fault}" for fault in layout_faults(page))
        DEJAVU.put_on(page)
