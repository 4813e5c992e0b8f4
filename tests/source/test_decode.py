"""Each charset is decoded in Python exactly as the server converts it to utf8mb4."""

import pytest

from legacy_import.source.decode import CODECS, cut_decoder_for, decoder_for
from tests.database_server import DatabaseServer

SINGLE_BYTE = ["latin1", "latin2", "latin5", "latin7", "greek", "hebrew", "cp1250", "cp1251",
               "cp1256", "cp1257", "cp850", "cp852", "cp866", "koi8r", "koi8u", "macce",
               "macroman", "hp8", "ascii"]  # fmt: skip


@pytest.mark.parametrize("charset", SINGLE_BYTE)
def test_every_byte_means_what_the_server_says(charset: str, db_server: DatabaseServer) -> None:
    decode = decoder_for(charset)
    assert decode is not None
    connection = db_server.admin()
    differing = {}
    with connection.cursor() as cursor:
        for byte in range(256):
            cursor.execute(f"SELECT CONVERT(_{charset} X'{byte:02X}' USING utf8mb4)")
            theirs = cursor.fetchone()[0]
            try:
                ours: str | None = decode(bytes([byte]))
            except UnicodeDecodeError:
                ours = None
            # '?' is the server's loss; where it loses we may know better, or keep the byte.
            if theirs not in (ours, "?", None):
                differing[byte] = (ours, theirs)
    connection.close()
    assert differing == {}


@pytest.mark.parametrize("charset", sorted(CODECS))
def test_every_charset_of_the_table_reads_arabic_or_french_or_fails(charset: str) -> None:
    decode, codec = decoder_for(charset), CODECS[charset]
    assert decode is not None
    for text in ("Formée", "متربص", "abc"):
        try:
            stored = text.encode(codec)
        except UnicodeEncodeError:
            continue
        assert decode(stored) == text


def test_the_servers_charsets_are_known_or_kept_as_bytes(db_server: DatabaseServer) -> None:
    connection = db_server.admin()
    with connection.cursor() as cursor:
        cursor.execute("SHOW CHARSET")
        names = {row[0] for row in cursor.fetchall()}
    connection.close()
    unknown = {name for name in names if decoder_for(name) is None}
    assert unknown == {"armscii8", "dec8", "geostd8", "keybcs2", "swe7"}


@pytest.mark.parametrize("charset", ["utf8mb4", "utf16", "latin1", "gbk"])
def test_a_character_cut_in_half_at_the_end_is_left_out(charset: str) -> None:
    decode = cut_decoder_for(charset)
    assert decode is not None
    codec = CODECS[charset]
    assert decode("aé".encode(codec)) == "aé"
    if charset != "latin1":
        assert decode("aé".encode(codec)[:-1]) == "a"


def test_what_is_not_valid_raises() -> None:
    for charset, value in (
        ("utf8mb4", b"\xed\xa0\x80"),
        ("ascii", b"\xe9"),
        ("utf16", b"\xd8\x00"),
    ):
        decode = decoder_for(charset)
        assert decode is not None
        with pytest.raises(UnicodeDecodeError):
            decode(value)
