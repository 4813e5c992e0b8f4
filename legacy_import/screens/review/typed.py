"""The values of a row as they were typed on the old platform; only a contact in them is masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecoin.identity.masking import mask_date, mask_text
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import masked_number

LONGEST = 120  # characters of a value that the page shows
READ = 500  # characters of it that are searched for contacts
NAMES = ("last_name", "first_name", "full_name")


@dataclass(frozen=True, slots=True)
class TypedValues:
    """What the old platform contains, "" where the column is empty or is not in the source."""

    name: str = ""
    birth_date: str = ""
    status: str = ""
    course: str = ""  # the reference, usually a number
    session: str = ""


def typed_values(run: LegacyImportRun, row: LegacyStudentImport) -> TypedValues:
    """The typed values of a row, from its payload: none after a purge or an erasure."""
    columns: Mapping[str, str] = run.certificate.get("columns", {}).get(row.source_table, {})

    def typed(*fields: str) -> str:
        return " ".join(
            filter(None, (_text(row.raw_payload.get(columns.get(f, ""))) for f in fields))
        )

    return TypedValues(
        name=_cut(mask_text(typed(*NAMES))),
        birth_date=_cut(mask_date(typed("birth_date"))),
        status=_cut(mask_text(typed("status"))),
        course=_cut(masked_number(typed("formation_id"))),
        session=_cut(masked_number(typed("session_id"))),
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):  # more than a megabyte, or not text
        value = value.get("cut")
    return "" if value is None else str(value)[:READ].replace("\x00", "").strip()


def _cut(masked: str) -> str:
    return f"{masked[:LONGEST]}…" if len(masked) > LONGEST else masked
