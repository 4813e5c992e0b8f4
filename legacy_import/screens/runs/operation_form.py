"""The form of an operation, parsed and checked."""

from dataclasses import dataclass

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from legacy_import.choices import FocusMode
from legacy_import.conf import database_name
from legacy_import.stages.rollback.part import RunPart, row_names

LARGEST_BATCH, USUAL_BATCH = 1_000, 100


@dataclass(frozen=True, slots=True)
class OperationForm:
    """The fields of the form; `errors` are (field, message). Other fields are ignored.

    `rows`: of a rollback of these rows only, `table:legacy id` with commas between them.
    """

    token: str = ""
    focus: FocusMode | None = None
    batch: int = USUAL_BATCH
    database: str = ""
    rows: str = ""
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def part(self) -> RunPart | None:
        """What is rolled back; None: the whole run."""
        return RunPart(rows=row_names(self.rows)) if self.rows else None


def parse(data: QueryDict, *, confirmed: bool = False) -> OperationForm:
    """The fields of a form (or of an address, which contains no confirmation).

    Raises Http404 for rows that are none: only links of our own pages contain them.
    """
    errors = []
    focus, batch = data.get("focus", ""), data.get("batch", str(USUAL_BATCH))
    if focus not in ("", *FocusMode.values):
        errors.append(("focus", _("Choose one of the waves.")))
        focus = ""
    if not (batch.isascii() and batch.isdigit() and 1 <= int(batch[:9]) <= LARGEST_BATCH):
        words = _("Give a whole number from 1 to %(most)d.") % {"most": LARGEST_BATCH}
        errors.append(("batch", words))
        batch = str(USUAL_BATCH)
    database = data.get("database", "").strip() if confirmed else ""
    if confirmed and database != database_name():
        errors.append(("database", _("That is not the name of the database. Nothing was done.")))
        database = ""
    return OperationForm(
        data.get("token", ""), FocusMode(focus) if focus else None, int(batch), database,
        _rows(data.get("rows", "")), tuple(errors) if confirmed else (),
    )  # fmt: skip


def _rows(text: str) -> str:
    try:
        return ",".join(row_names(text)) if text else ""
    except ValueError:
        raise Http404 from None
