"""A raw payload as lines to read: every value as text, long ones cut and said so."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

LONGEST = 2_000  # characters of one value that the page shows


class PayloadLine(NamedTuple):
    """One column as read. `cut`: how many characters are not shown."""

    column: str
    text: str
    cut: int
    missing: bool  # NULL in the old database


def payload_lines(payload: Mapping[str, Any]) -> list[PayloadLine]:
    return [
        PayloadLine(str(column)[:200], text[:LONGEST], max(0, len(text) - LONGEST), value is None)
        for column, value in payload.items()
        for text in [_text(value)]
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A lone surrogate cannot be sent as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
