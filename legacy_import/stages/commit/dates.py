"""The dates of a row's history, as found: of the row itself, and of its session."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ecoin.bulk import Ids
from ecoin.identity.blanks import is_blank_or_test, is_zero_date
from legacy_import.models import LegacyImportRun, LegacyStudentImport

MAX_DATE_LENGTH: Final = 190  # of a date as found


class RowDates(NamedTuple):
    """The dates in the columns of a row, "" where there is none."""

    completed_at: str = ""
    archived_at: str = ""


NO_DATES: Final = RowDates()


def dates_of_rows(run: LegacyImportRun, rows: Iterable[tuple[int, str]]) -> dict[int, RowDates]:
    """Row id → its dates, for rows (id, source table) whose table has any such column."""
    dates: dict[int, RowDates] = {}
    tables: defaultdict[str, list[int]] = defaultdict(list)
    for pk, table in rows:
        tables[table].append(pk)
    columns: Mapping[str, Any] = run.certificate.get("columns", {})
    for table, ids in tables.items():
        names = [columns.get(table, {}).get(field) for field in RowDates._fields]
        if any(names):
            students = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
            payloads = students.values_list("pk", "raw_payload").iterator(chunk_size=500)
            for pk, payload in payloads:
                texts = (as_found(payload.get(name)) if name else "" for name in names)
                dates[pk] = RowDates(*texts)
    return dates


def as_found(value: Any) -> str:
    """A date of the source as text; "" for NULL, what means nothing, and undecodable bytes."""
    if isinstance(value, dict):
        value = value.get("cut")
    date = "" if value is None else str(value)[:MAX_DATE_LENGTH].rstrip("\x00")
    return "" if is_blank_or_test(date) or is_zero_date(date) else date.strip()
