"""Split one SQL statement into tokens as the server would, for the guard.

Strings, quoted names and comments become opaque here, so that a column called `update` or the text
'delete' has no special meaning, and none of them can hide a second statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache


class Unreadable(ValueError):
    """The statement cannot be split into tokens with certainty, so it is not sent."""


class TokenKind(Enum):
    WORD = "word"
    QUOTED_NAME = "quoted name"
    STRING = "string"
    NUMBER = "number"
    VARIABLE = "variable"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class SqlToken:
    """`text` is upper case for words; `spaced`: a blank or comment precedes it."""

    kind: TokenKind
    text: str
    spaced: bool


# A name never starts with a digit here, and a number ends at a blank or a symbol: the servers read
# `1.INTO` and `1e1INTO` as a number and a keyword. Lone surrogates (invalid UTF-8) are not letters.
_LETTER = r"A-Za-z_$\x80-\ud7ff\ue000-\U0010ffff"
_WORD = rf"(?P<word>[{_LETTER}][0-9{_LETTER}]*+)"
_NUMBER = (
    r"(?P<number>(?:0[xX][0-9A-Fa-f]++|0[bB][01]++|(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)"
    rf"(?:[eE][-+]?[0-9]++)?)(?![0-9.{_LETTER}]))"
)
# The first match wins. Every alternative is possessive: a megabyte of quotes costs linear time.
_BLANK = r"(?P<blank>[ \t\r\n\f\v]++)"
_ALTERNATIVES = {
    "mysql": (
        _BLANK,
        # /*! and /*M! run on the server, /*+ may set variables: never just a comment.
        r"(?P<refused>/\*(?:!|M!|m!|\+))",
        r"(?P<comment>/\*(?:[^*]|\*(?!/))*+\*/|--(?=[\x00-\x20]|\Z)[^\n]*+|\#[^\n]*+)",
        r"""(?P<string>'(?:[^'\\]|\\.|'')*+'|"(?:[^"\\]|\\.|"")*+")""",
        r"(?P<name>`(?:[^`]|``)*+`)",
        r"(?P<variable>@@?[0-9A-Za-z_$.]*+)",
        _NUMBER,
        _WORD,
        # A comment without an end is not a comment.
        # `:` alone is missing on purpose: `:=` writes a variable. So is `{` (ODBC escapes).
        r"(?P<symbol>/(?!\*)|[-+*%<>=!.,;()&|^~?])",
    ),
    "sqlite": (
        _BLANK,
        r"(?P<comment>/\*(?:[^*]|\*(?!/))*+\*/|--[^\n]*+)",
        r"""(?P<string>'(?:[^']|'')*+')""",
        r"""(?P<name>`(?:[^`]|``)*+`|"(?:[^"]|"")*+"|\[[^\]]*+\])""",
        r"(?P<variable>[@:$][0-9A-Za-z_]++|\?[0-9]*+)",
        _NUMBER,
        _WORD,
        r"(?P<symbol>/(?!\*)|[-+*%<>=!.,;()&|~])",
    ),
}
_KINDS = {
    "word": TokenKind.WORD,
    "name": TokenKind.QUOTED_NAME,
    "string": TokenKind.STRING,
    "number": TokenKind.NUMBER,
    "variable": TokenKind.VARIABLE,
    "symbol": TokenKind.SYMBOL,
}


@cache
def _grammar(dialect: str) -> re.Pattern[str]:
    """Compiled when it is first needed: one takes as long as starting a command may."""
    return re.compile("|".join(_ALTERNATIVES[dialect]), re.DOTALL)


def tokens(sql: str, dialect: str) -> Iterator[SqlToken]:
    """The tokens of `sql`. Raises Unreadable at the first character that fits no token.

    MySQL is read with backslash escapes and without ANSI_QUOTES: the backend fixes the session's
    sql_mode accordingly when it opens the connection.
    """
    if "\x00" in sql:  # it ends a line comment on the server, but not here
        raise Unreadable("it contains a null byte")
    grammar = _grammar(dialect)
    position, spaced = 0, False
    while position < len(sql):
        match = grammar.match(sql, position)
        if match is None or match.lastgroup is None:
            raise Unreadable("it contains a character or an open quote that cannot be parsed")
        position, group = match.end(), match.lastgroup
        if group == "refused":
            raise Unreadable("it contains an executable comment or a hint")
        if group in ("blank", "comment"):
            spaced = True
            continue
        text = match.group()
        yield SqlToken(_KINDS[group], text.upper() if group == "word" else text, spaced)
        spaced = False
