"""Fictional phones and e-mails that are recognised wherever they come out, however they are spelled.

There are a hundred: number N is the phone 0559 77 41 NN and an address whose local part ends in two
letters. `found` names the place where each canary was put in.
"""

import base64
import html
import re
import string
import unicodedata
from urllib.parse import unquote_plus

PREFIX = "5597741"  # the national number but for its last two digits
SPELLED = (PREFIX, "559 77 41", "559.77.41", "559-77-41")
STEM = "zqserin"  # the local part but for its last two letters
DOMAIN = "exemple.dz"

_BETWEEN_DIGITS = r"[^0-9A-Za-z]{0,4}"  # spaces, dots, dashes, brackets, marks that nobody sees
_BETWEEN_LETTERS = r"[^0-9A-Za-z@]{0,3}"
_PHONE = re.compile(_BETWEEN_DIGITS.join((*PREFIX, r"(\d)", r"(\d)")))
_EMAIL = re.compile(_BETWEEN_LETTERS.join((*STEM, "([a-j])", "([a-j])")), re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")


def phone(number: int, spelling: str = "0{a} {b} {c} {d}") -> str:
    """The phone of a canary: {a} three digits, then three pairs; {n} all nine together."""
    digits = f"{PREFIX}{number:02d}"
    parts = {"a": digits[:3], "b": digits[3:5], "c": digits[5:7], "d": digits[7:], "n": digits}
    return spelling.format(**parts)


def email(number: int, spelling: str = "{stem}.{tail}@{domain}") -> str:
    tail = "".join(string.ascii_lowercase[int(digit)] for digit in f"{number:02d}")
    return spelling.format(stem=STEM, tail=tail, domain=DOMAIN)


def _encoded() -> tuple[str, ...]:
    """What base64 and hexadecimal make of the beginnings, at every place in a group of three."""
    pieces = []
    for stem in (*SPELLED, STEM, STEM.upper()):
        pieces.append(stem.encode().hex())
        for shift in range(3):
            whole = base64.b64encode(b" " * shift + stem.encode()).decode()
            begin = (0, 2, 3)[shift]
            pieces.append(whole[begin : (shift + len(stem)) * 8 // 6])
    return tuple(pieces)


ENCODED = _encoded()


def _readings(text: str) -> list[str]:
    """The text as it stands, as it reads once every escape is undone, and that without its tags."""
    plain = text
    for _ in range(3):
        plain = html.unescape(unquote_plus(plain))
        plain = _ESCAPED.sub(lambda m: chr(int(m[1] or m[2], 16)), plain)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
        plain = "".join(c if not c.isdecimal() else str(unicodedata.decimal(c)) for c in plain)
    return [text, plain, _TAG.sub("", plain)]


def found(text: str | bytes) -> set[str]:
    """Which canaries can be read in the text: 'phone 7', 'e-mail 7', or 'encoded'."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    heard = {"encoded" for piece in ENCODED if piece in text}
    for reading in _readings(text):
        heard |= {f"phone {int(m[1] + m[2])}" for m in _PHONE.finditer(reading)}
        heard |= {
            f"e-mail {int(''.join(str(ord(c.lower()) - 97) for c in m.groups()))}"
            for m in _EMAIL.finditer(reading)
        }
    return heard
