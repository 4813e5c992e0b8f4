"""What the text columns of the source contain: scripts, entities, damage. Counts only, no values."""

import html
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ecoin.identity.text import is_damaged, repair_double_encoding
from legacy_import.source.columns import Column
from legacy_import.source.reader import LegacySource

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_OTHER = re.compile(
    "[^\\W\\d_A-Za-z\u00aa\u00ba\u00c0-\u024f\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"
)


@dataclass(slots=True)
class ColumnTexts:
    """How many values of a column have letters of a script, entities, or damage of some kind.

    `double_encoded` can be repaired; of `lost_letters` a part is gone. `unreadable` is not text in the
    column's own charset.
    """

    charset: str
    values: int = 0
    latin: int = 0
    arabic: int = 0
    other_scripts: int = 0
    entities: int = 0
    double_encoded: int = 0
    lost_letters: int = 0
    unreadable: int = 0

    def add(self, value: str) -> None:
        self.values += 1
        self.latin += _LATIN.search(value) is not None
        self.entities += "&" in value and _has_entity(value)
        repaired = None
        if not value.isascii():
            self.arabic += _ARABIC.search(value) is not None
            self.other_scripts += _OTHER.search(value) is not None
            repaired = repair_double_encoding(value)
        self.double_encoded += repaired is not None
        self.lost_letters += repaired is None and is_damaged(value)


def survey_texts(source: LegacySource) -> dict[str, dict[str, dict[str, Any]]]:
    """Table → column → counts, for every text column that has letters or damage.

    Reads every row once. Raises as `LegacySource.pages`.
    """
    return {name: _survey_table(source, name, columns)
            for name, columns in source.text_columns().items()}  # fmt: skip


def _survey_table(
    source: LegacySource, table: str, columns: Mapping[str, Column]
) -> dict[str, dict[str, Any]]:
    counts = {name: ColumnTexts(column.charset) for name, column in columns.items()}
    for page in source.pages(table):
        for row in page:
            for name, of_column in counts.items():
                value = row.payload[name]
                if isinstance(value, str):
                    if value:
                        of_column.add(value)
                elif value is not None:
                    of_column.unreadable += "hex" in value
    with_text = {name: one for name, one in counts.items() if one.values or one.unreadable}
    return {name: asdict(one) for name, one in with_text.items() if one.latin or _is_odd(one)}


def _is_odd(texts: ColumnTexts) -> bool:
    return any((texts.arabic, texts.other_scripts, texts.entities, texts.double_encoded,
                texts.lost_letters, texts.unreadable))  # fmt: skip


def _has_entity(value: str) -> bool:
    return any(html.unescape(entity) != entity for entity in _ENTITY.findall(value))
