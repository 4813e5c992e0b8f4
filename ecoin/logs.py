"""Log exceptions with their class and traceback, never with their text.

The text of a database error repeats the offending value, which may be a phone number.
"""

import logging
import traceback
from types import TracebackType
from typing import Any

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class RedactedFormatter(logging.Formatter):
    """Format an exception as its frames, its class and the classes of its causes."""

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802
        lines: list[str] = []
        error: BaseException | None = ei[1]
        visited: set[int] = set()
        while error is not None and id(error) not in visited:
            visited.add(id(error))
            number = error.args[0] if error.args and isinstance(error.args[0], int) else ""
            lines.append(f"{type(error).__module__}.{type(error).__qualname__} {number}".rstrip())
            lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)

    def format(self, record: logging.LogRecord) -> str:
        copy: Any = logging.makeLogRecord(record.__dict__)
        copy.exc_text = None  # text that another handler formatted
        return super().format(copy)
