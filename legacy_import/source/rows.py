"""Convert the driver's tuples to LegacyRow, column by column, with decoders selected once per table."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from ecoin.identity.blanks import is_deletion_mark
from legacy_import.source.columns import Column, ValueKind
from legacy_import.source.decode import cut_decoder_for, decoder_for
from legacy_import.source.schema import TableMap

ONE_MEGABYTE = 1_048_576  # bytes of a single value that are stored

Json = str | None | dict[str, str | int]
ToJson = Callable[[Any], Json]
Issues = dict[int, list[str]]  # row number in the page → issue codes


class LegacyRow(NamedTuple):
    """One row of the source, unchanged.

    `fields`: canonical name → text (numbers in decimal digits, dates as text, None for NULL), only
    for fields the table has. `payload`: every column by its own name; bytes that are not text as
    {"hex": …}; a value over a megabyte as {"cut": its beginning, "length": bytes, "sha256": …} (with
    "hex" for "cut" if it is not text). `issues`: `unreadable:<column>` (a field there is None) and
    `value_cut:<column>` (a field there is the beginning).
    """

    table: str
    legacy_id: str
    fields: dict[str, str | None]
    payload: dict[str, Json]
    issues: tuple[str, ...]


class RowBuilder:
    """Builds the rows of one table. `cut` lists the columns that contain values over a megabyte.

    A tuple contains the value of every column, then length and SHA-256 (None unless too long) for each
    column of `cut`.
    """

    def __init__(self, table: TableMap, cut: Sequence[str] = ()) -> None:
        self._table = table.table
        columns = table.db_table.columns
        of_fields = {column.name for column in (*table.fields.values(), *table.deletions)}
        self._deletions = [column.name for column in table.deletions]
        self._names = [column.name for column in columns]
        self._decoders = [_decoder(column, column.name in of_fields) for column in columns]
        self._cut = {name: len(columns) + 2 * number for number, name in enumerate(cut)}
        self._cut_decoders = {
            column.name: _cut_decoder(column, column.name in of_fields)
            for column in columns
            if column.name in self._cut
        }
        self._field_names = list(table.fields)
        self._field_columns = [column.name for column in table.fields.values()]
        self._id = self._names.index(table.id_column.name)
        positions = [self._names.index(name) for name in self._field_columns]
        # Two fields at least (id and a name), so itemgetter returns a tuple.
        self._fields_of: Callable[[Sequence[Any]], tuple[Any, ...]] = itemgetter(*positions)

    def build(self, rows: Sequence[Sequence[Any]]) -> list[LegacyRow]:
        """LegacyRow for each tuple, in order. An invalid value becomes an issue, never an error."""
        if not rows:
            return []
        raw = list(zip(*rows, strict=True))
        issues: Issues = {}
        columns = [self._column(position, raw, issues) for position in range(len(self._names))]
        table, names, field_names = self._table, self._names, self._field_names
        fields_of, identity = self._fields_of, self._id
        legacy_rows = [
            LegacyRow(
                table,
                row[identity],
                dict(zip(field_names, fields_of(row))),  # noqa: B905 - one length, hot loop
                dict(zip(names, row)),  # noqa: B905
                (),
            )
            for row in zip(*columns)  # noqa: B905
        ]
        for number, codes in issues.items():
            legacy_rows[number] = self._with_issues(legacy_rows[number], codes)
        if len(self._deletions) > 1:
            for row in legacy_rows:
                self._take_any_deletion(row)
        return legacy_rows

    def _take_any_deletion(self, row: LegacyRow) -> None:
        """Where several columns show whether the row is deleted, the first that marks it counts."""
        marks = (_text(row.payload[column]) for column in self._deletions)
        mark = next((mark for mark in marks if is_deletion_mark(mark)), None)
        if mark is not None:
            row.fields["deleted_at"] = mark

    def _column(self, position: int, raw: list[Any], issues: Issues) -> Sequence[Json]:
        name, values = self._names[position], raw[position]
        decode = self._decoders[position]
        if name in self._cut:
            at = self._cut[name]
            return self._cut_column(name, decode, (values, raw[at], raw[at + 1]), issues)
        if decode is None:
            return values  # type: ignore[no-any-return]
        try:
            return [None if value is None else decode(value) for value in values]
        except UnicodeDecodeError:
            return [
                None if value is None else _one(name, decode, value, number, issues)
                for number, value in enumerate(values)
            ]

    def _cut_column(
        self, name: str, decode: ToJson | None, raw: tuple[Any, Any, Any], issues: Issues
    ) -> list[Json]:
        result: list[Json] = []
        for number, (value, length, sha256) in enumerate(zip(*raw, strict=True)):
            if value is None:
                result.append(None)
            elif sha256 is None:
                result.append(_one(name, decode or str, value, number, issues))
            else:
                issues.setdefault(number, []).append(f"value_cut:{name}")
                start = _one(name, self._cut_decoders[name], value, number, issues)
                prefix = start if isinstance(start, dict) else {"cut": start or ""}
                result.append({**prefix, "length": int(length), "sha256": sha256})
        return result

    def _with_issues(self, row: LegacyRow, codes: list[str]) -> LegacyRow:
        """The row with its issues; fields whose column is not plain text become text or None."""
        fields = dict(row.fields)
        for field, column in zip(self._field_names, self._field_columns, strict=True):
            value = row.payload[column]
            if isinstance(value, dict):
                fields[field] = _text(value)
        return row._replace(fields=fields, issues=tuple(codes))


def _text(value: Json) -> str | None:
    """A value of a payload as text: the beginning of a long one, None if it is not text."""
    if isinstance(value, dict):
        cut = value.get("cut")
        return cut if isinstance(cut, str) else None
    return value


def _one(name: str, decode: ToJson, value: Any, number: int, issues: Issues) -> Json:
    try:
        return decode(value)
    except UnicodeDecodeError:
        issues.setdefault(number, []).append(f"unreadable:{name}")
        return as_hex(value)


def as_hex(value: bytes) -> Json:
    """Bytes that are not text, JSON-ready and without loss."""
    return {"hex": value.hex()}


def start_of(column: Column, value: Any) -> str | None:
    """The beginning of a value of a field's column as text; None if it is NULL or not text."""
    decode = _decoder(column, is_field=True)
    if column.kind is ValueKind.BINARY:
        decode = _cut_decoder(column, is_field=True)
    try:
        text = value if value is None or decode is None else decode(value)
    except UnicodeDecodeError:
        return None
    return text if isinstance(text, str) else None


def _decoder(column: Column, is_field: bool) -> ToJson | None:
    """The function that makes a driver's value JSON-ready; None: it is text already."""
    if column.kind is ValueKind.EXACT:
        return None
    if column.kind is ValueKind.DYNAMIC:
        return _dynamic_field if is_field else _dynamic
    if column.kind is ValueKind.BINARY and not is_field:
        return as_hex
    return decoder_for(column.charset) or _no_decoder


def _cut_decoder(column: Column, is_field: bool) -> ToJson:
    if column.kind is ValueKind.BINARY and not is_field:
        return as_hex
    decode = cut_decoder_for("utf8" if column.kind is ValueKind.DYNAMIC else column.charset)
    if column.kind is ValueKind.DYNAMIC and decode:
        return lambda value: (
            value
            if isinstance(value, str)
            else as_hex(value)
            if type(value) is bytes and not is_field
            else decode(value)
        )
    return decode or _no_decoder


def _no_decoder(value: bytes) -> Json:
    raise UnicodeDecodeError("unknown", value, 0, len(value), "no decoder for this charset")


def _dynamic(value: Any) -> Json:
    """A value of SQLite, where each value has its own type (a blob is exactly `bytes`)."""
    if isinstance(value, str):
        return value
    if type(value) is bytes:
        return as_hex(value)
    return _dynamic_field(value)


def _dynamic_field(value: Any) -> Json:
    """The same for a column that should contain text: a blob there is read as UTF-8."""
    if isinstance(value, str):
        return value
    return value.decode() if isinstance(value, bytes) else str(value)
