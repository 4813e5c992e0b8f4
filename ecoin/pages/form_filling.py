"""Put the values that a user entered into a form of a rendered page again, whichever page it is."""

from collections.abc import Mapping, Sequence
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

Fields = Mapping[str, Sequence[str]]
Attributes = list[tuple[str, str | None]]
# What nobody typed or chose, or what nobody's page may show again.
NOT_FILLED = frozenset({"hidden", "submit", "button", "reset", "image", "file", "password"})
CHECKED = frozenset({"checkbox", "radio"})


def fill_form(page: str, action: str, fields: Fields) -> str | None:
    """The page with these values in its forms that are sent to `action` (a path); None without one.

    Hidden fields keep the values of the page: its version of a row is the current one. A closed part
    of the page in which text was entered is opened.
    """
    filler = _Filler(page, action, fields)
    filler.feed(page)
    filler.close()
    return filler.filled() if filler.forms else None


class _Filler(HTMLParser):
    """Finds the tags of the forms that are to be changed, and what replaces them."""

    def __init__(self, page: str, action: str, fields: Fields) -> None:
        super().__init__()
        self.page, self.action, self.fields = page, action, fields
        self.forms = 0
        self.edits: dict[tuple[int, int], str] = {}  # (from, to) in the page → its new text
        self.inside = False
        self.names = {name: iter(values) for name, values in fields.items()}
        self.chosen: Sequence[str] | None = None  # of the select that is open
        self.typed: tuple[int, str] | None = None  # where the text of the open textarea begins
        self.closed: list[tuple[tuple[int, int], Attributes]] = []  # the open <details> tags
        lines = page.split("\n")
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def filled(self) -> str:
        page, position = [], 0
        for (start, end), text in sorted(self.edits.items()):
            page += [self.page[position:start], text]
            position = end
        return "".join([*page, self.page[position:]])

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values, place = dict(attrs), self._place()
        name = values.get("name") or ""
        if tag == "form":
            self.inside = urlsplit(values.get("action") or "").path == self.action
            self.forms += self.inside
        elif tag == "details":
            self.closed.append((place, attrs))
        elif not self.inside:
            return
        elif tag == "input":
            self._fill_input(place, attrs, name)
        elif tag == "textarea" and (text := next(self.names.get(name, iter(())), None)) is not None:
            self.typed = (place[1], text)
        elif tag == "select":
            self.chosen = self.fields.get(name)
        elif tag == "option" and self.chosen is not None:
            self._mark(place, tag, attrs, "selected", values.get("value") in self.chosen)

    def handle_endtag(self, tag: str) -> None:
        start = self._offset()
        if tag == "form":
            self.inside = False
        elif tag == "details" and self.closed:
            self.closed.pop()
        elif tag == "select":
            self.chosen = None
        elif tag == "textarea" and self.typed:
            begin, text = self.typed
            # The first line break after the tag is not part of the text.
            self.edits[begin, start] = "\n" + escape(text)
            self._open(text)
            self.typed = None

    def _fill_input(self, place: tuple[int, int], attrs: Attributes, name: str) -> None:
        values = dict(attrs)
        kind = (values.get("type") or "text").lower()
        if kind in CHECKED:
            boxes = self.fields.get(name, ())
            if boxes or kind == "checkbox":
                self._mark(place, "input", attrs, "checked", (values.get("value") or "on") in boxes)
        elif kind not in NOT_FILLED and (text := next(self.names.get(name, iter(())), None)):
            others = [(key, value) for key, value in attrs if key != "value"]
            self.edits[place] = _tag("input", [*others, ("value", text)])
            self._open(text)

    def _mark(
        self, place: tuple[int, int], tag: str, attrs: Attributes, mark: str, is_set: bool
    ) -> None:
        others = [(key, value) for key, value in attrs if key != mark]
        self.edits[place] = _tag(tag, [*others, (mark, None)] if is_set else others)

    def _open(self, text: str) -> None:
        """Open the closed parts of the page around a text that was entered."""
        for place, attrs in self.closed if text else ():
            if "open" not in dict(attrs):
                self.edits[place] = _tag("details", [*attrs, ("open", None)])

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def _place(self) -> tuple[int, int]:
        start = self._offset()
        return start, start + len(self.get_starttag_text() or "")


def _tag(name: str, attrs: Attributes) -> str:
    words = [key if value is None else f'{key}="{escape(value)}"' for key, value in attrs]
    return f"<{' '.join([name, *words])}>"
