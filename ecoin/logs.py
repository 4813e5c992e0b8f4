"""What an error leaves in the log: where it happened and of which kind, never what it says.

The words of a database error repeat the value it stumbled over, which may be somebody's phone.
"""

import logging
import traceback
from types import TracebackType
from typing import Any

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WithoutWords(logging.Formatter):
    """Formats an exception as its frames and the names of its class and of those behind it."""

    def formatException(self, ei: Raised) -> str:  # noqa: N802
        lines: list[str] = []
        error: BaseException | None = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            number = error.args[0] if error.args and isinstance(error.args[0], int) else ""
            lines.append(f"{type(error).__module__}.{type(error).__qualname__} {number}".rstrip())
            lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)

    def format(self, record: logging.LogRecord) -> str:
        copy: Any = logging.makeLogRecord(record.__dict__)
        copy.exc_text = None  # another handler's words are not repeated
        return super().format(copy)
