"""Rows of every run by their old number or by name: which imports brought this person.

An old number uses the unique index of run, table and id; a name, in any order and spelling, the index of
identity keys. Both read only what they show.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import identity_keys
from ecoin.identity.masking import mask_text
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones
from legacy_import.choices import PersonKind, SourceTable
from legacy_import.models import IdentityKey, LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import OLD_NUMBER

MOST_ROWS = 50  # that are listed
COLUMNS = (
    "legacy_import_run_id", "source_table", "legacy_id", "full_name", "classification", "outcome",
)  # fmt: skip


class FoundRows(NamedTuple):
    """The first rows, newest run first. `more`: there are others."""

    rows: Sequence[dict[str, Any]]
    more: bool


def find_in_runs(text: str) -> FoundRows:
    """The rows of all runs with this old number, or with this name; names are masked."""
    rows = LegacyStudentImport.objects.all()
    runs = list(LegacyImportRun.objects.values_list("pk", flat=True))
    if OLD_NUMBER.fullmatch(text):
        table, _colon, number = text.rpartition(":")
        tables = [table] if table else SourceTable.values
        rows = rows.filter(legacy_import_run__in=runs, source_table__in=tables, legacy_id=number)
    else:
        rows = rows.filter(pk__in=_rows_named(runs, text))
    page = list(rows.order_by("-legacy_import_run", "pk").values(*COLUMNS)[: MOST_ROWS + 1])
    return FoundRows([_line(row) for row in page[:MOST_ROWS]], len(page) > MOST_ROWS)


def _rows_named(runs: Sequence[int], text: str) -> list[int]:
    """The ids of the newest rows with this name, in any order and spelling."""
    keys = identity_keys(
        name=parse_name(text), phones=parse_phones(""), email=parse_email(""), birth_date=None,
        phone_digits="",
    )  # fmt: skip
    values = [key.value for key in keys if key.kind == "S"]
    staged = IdentityKey.objects.filter(
        scope__in=runs, owner_kind=PersonKind.STAGED, kind="S", value__in=values
    )
    newest = staged.order_by("-scope", "owner_id").values_list("owner_id", flat=True)
    return list(newest[: MOST_ROWS + 1])


def _line(row: dict[str, Any]) -> dict[str, Any]:
    name = f"{row['source_table']}:{row['legacy_id']}"
    return {**row, "name": name, "full_name": mask_text(row["full_name"])}
