"""Decode the bytes of a column to text without loss: a Python decoder for each MySQL charset.

A value that is not valid in its column's charset is never guessed: it stays as bytes, in hexadecimal,
and its row gets an issue.
"""

import codecs
from collections.abc import Callable
from functools import partial

Decoder = Callable[[bytes], str]

# MySQL charset → Python codec. Others (armscii8, dec8, geostd8, keybcs2, swe7) are kept as bytes.
CODECS = {
    "latin1": "cp1252",
    "utf8": "utf-8",
    "utf8mb3": "utf-8",
    "utf8mb4": "utf-8",
    "ascii": "ascii",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "macce": "mac-latin2",
    "macroman": "mac-roman",
    "hp8": "hp-roman8",
    "tis620": "tis-620",
    "big5": "big5",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "euckr": "cp949",
    "ujis": "euc-jp",
    "eucjpms": "euc-jp",
    "sjis": "shift-jis",
    "cp932": "cp932",
    "binary": "utf-8",  # a text field in a binary column
}

# Where the server's table differs from Python's codec: byte → character (test_decode compares both).
CORRECTIONS: dict[str, dict[int, str]] = {
    # MySQL's latin1 is Windows-1252 with its five unassigned bytes kept.
    "latin1": {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)},
    "greek": {0xA1: "ʽ", 0xA2: "ʼ"},  # ISO 8859-7 of 1987
    "hebrew": {0xAF: "‾"},
    "cp866": {0xFC: "ⁿ", 0xFD: "²"},
    "koi8u": {0x95: "•"},
}
_NO_CHARACTER = "\ufffe"  # what charmap_decode takes for an unassigned byte


def decoder_for(charset: str) -> Decoder | None:
    """The strict decoder of a MySQL charset: raises UnicodeDecodeError. None if there is none."""
    if charset in CORRECTIONS:
        return _corrected(_table(charset))
    codec = CODECS.get(charset)
    if codec == "utf-8":
        return bytes.decode  # without a Python frame: most values of most tables
    return partial(_decode, codec=codec) if codec else None


def cut_decoder_for(charset: str) -> Decoder | None:
    """The same for the beginning of a value: a partial character at the end is dropped."""
    codec = CODECS.get(charset)
    if charset in CORRECTIONS or codec is None:
        return decoder_for(charset)
    make = codecs.getincrementaldecoder(codec)
    return lambda value: make().decode(value, final=False)


def _decode(value: bytes, *, codec: str) -> str:
    return value.decode(codec)


def _corrected(table: str) -> Decoder:
    charmap_decode = codecs.charmap_decode  # once per column, not once per value
    return lambda value: charmap_decode(value, "strict", table)[0]


def _table(charset: str) -> str:
    """The 256 characters of a single-byte charset as the server has them."""
    characters = (bytes([byte]).decode(CODECS[charset], "ignore") for byte in range(256))
    fixed = CORRECTIONS[charset]
    return "".join(fixed.get(byte, char or _NO_CHARACTER) for byte, char in enumerate(characters))
