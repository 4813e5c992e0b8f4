"""Exports: what they hold, what they never hold, and what they cost."""

import csv
import io
import json
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import AccessKind
from legacy_import.models import FACETS, LegacyAccessLog, LegacyImportRun, LegacyStudentImport
from legacy_import.review.filter import RowFilter
from legacy_import.screens.exports import files
from legacy_import.screens.exports.files import MaskedLearners, csv_of, log_export, summary_of
from legacy_import.screens.exports.spreadsheet_cells import STARTS, safe_cell
from tests.factories import NOW, RunFactory, UserFactory, legacy_row, spelled, stage_rows
from tests.screens.learners.test_listing import CANARY_FIELDS
from tests.stages.stages import run_stages

CONTRACT = (
    "run,source_table,legacy_id,full_name,phone_masked,email_masked,raw_status,classification,"
    "validation_status,duplicate_confidence,planned_action,planned_reason,outcome"
)
PHONE, EMAIL = "0559446482", "karim.haddad@exemple.dz"


def run_of(number: int, **fields) -> LegacyImportRun:
    run = RunFactory()
    rows = [
        legacy_row(table="stagiaires", legacy_id=str(place + 1),
                   **{"full_name": f"Fictif {spelled(place)}", "status": "nouveau", **fields})
        for place in range(number)
    ]  # fmt: skip
    stage_rows(run, rows)
    return run


def exported(run: LegacyImportRun, separator: str = "comma", **query: str) -> str:
    content = csv_of(run, RowFilter.parse(query), separator=separator)
    return b"".join(content).decode("utf-8")


def cells(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))


# --- Cells that are no formulas ----------------------------------------------------------------------

BEGINNINGS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁺", "⁻", "−"]
BEFORE = ["", " ", "\t", "\r", "\n", "\0", "\x1f", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e",
          "\x85", " \t\r\n\0 ", "\u2028", "'", "\u2066\u200f"]  # fmt: skip


@pytest.mark.parametrize("before", BEFORE, ids=ascii)
@pytest.mark.parametrize("start", BEGINNINGS)
def test_no_cell_begins_a_formula(start, before):
    cell = safe_cell(f'{before}{start}HYPERLINK("https://exemple.dz";"x")')
    assert cell.lstrip("'").startswith(start)
    assert cell.startswith("'")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", '"', "\r\n", ", ", ";'"], ids=ascii)
@pytest.mark.parametrize("start", BEGINNINGS)
def test_no_cell_begins_a_formula_for_who_splits_at_another_separator(start, separator):
    cell = safe_cell(f"Karim{separator}{start}1+1")
    for part in csv.reader(io.StringIO(cell), delimiter=";"):
        assert not any(piece.strip().startswith(tuple(STARTS)) for piece in part)
    for piece in cell.replace("|", ",").replace(";", ",").replace('"', ",").split(","):
        assert not piece.strip().startswith(tuple(STARTS))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Karim Haddad", "Karim Haddad"),
        ("كريم حداد", "كريم حداد"),
        ("me\u200cna", "me\u200cna"),
        ("Ben-Ali", "Ben-Ali"),
        ("a=b", "a=b"),
        ("k•••@exemple.dz", "k•••@exemple.dz"),
        ("05•• ••• 482", "05•• ••• 482"),
        ("two\r\nlines\tand more", "two lines and more"),
        ("a\0b\x07c", "abc"),
        ("  spaced   out ", "spaced out"),
        ("", ""),
        ("\0", ""),
        ("\ud800x", "x"),
    ],
    ids=ascii,
)
def test_other_text_stays_on_one_line(text, cell):
    assert safe_cell(text) == cell


# --- CSV ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_header_is_the_contract():
    assert exported(RunFactory()) == f"\ufeff{CONTRACT}\r\n"
    assert ",".join(MaskedLearners().get_export_headers()) == CONTRACT


def test_a_resource_without_a_list_of_columns_would_export_the_payload():
    """What the explicit list is for: every column that a model gets would be exported by itself."""
    listed = set(MaskedLearners().fields)
    assert listed == set(CONTRACT.split(","))
    assert not listed & {"phone_raw", "email_raw", "raw_payload", "duplicate_evidence", "name_key"}


@pytest.mark.django_db
def test_a_row_is_masked_and_tells_its_codes():
    run = run_of(1, full_name="Karim Haddad", phone=PHONE, email=EMAIL)
    run_stages(run)
    assert cells(exported(run)) == [
        {
            "run": str(run.pk), "source_table": "stagiaires", "legacy_id": "1",
            "full_name": "Karim Haddad", "phone_masked": "05•• ••• 482",
            "email_masked": "k•••@exemple.dz", "raw_status": "nouveau",
            "classification": "lead_only", "validation_status": "valid",
            "duplicate_confidence": "none", "planned_action": "create_crm_lead",
            "planned_reason": "new_lead", "outcome": "pending",
        }
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "delimiter"), [("comma", ","), ("semicolon", ";"), ("tab", "\t")])
def test_the_separator_can_be_chosen(name, delimiter):
    run = run_of(2, full_name="Haddad, Karim; dit\tKiki")
    found = cells(exported(run, name), delimiter)
    assert [row["full_name"] for row in found] == ["Haddad, Karim; dit Kiki"] * 2
    assert exported(run, name).splitlines()[0] == "\ufeff" + CONTRACT.replace(",", delimiter)


TEXT_COLUMNS = ["full_name", "phone_raw", "email_raw", "raw_status"]


@pytest.mark.django_db
@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_no_formula_in_any_column_survives(column):
    hostile = [before + start + "1+1" for start in BEGINNINGS for before in BEFORE]
    run = run_of(len(hostile))
    rows = list(LegacyStudentImport.objects.order_by("pk"))
    for row, text in zip(rows, hostile, strict=True):
        setattr(row, column, text)
    LegacyStudentImport.objects.bulk_update(rows, [column])
    for separator, delimiter in files.SEPARATORS.items():
        found = cells(exported(run, separator), delimiter)
        assert len(found) == len(hostile)
        for row in found:
            for cell in row.values():
                assert not cell.startswith((*STARTS, "\t", "\r", "\n", "\0", " "))
                assert not set(cell) & {"\t", "\r", "\n", "\0"}


@pytest.mark.django_db
def test_a_contact_in_any_column_is_in_no_byte():
    run = run_of(3, phone=PHONE, email=EMAIL)
    run_stages(run)
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(**CANARY_FIELDS)
    whole = exported(run) + json.dumps(summary_of(run), ensure_ascii=False)
    digits = "".join(c for c in whole if c.isdigit())
    assert "559446482" not in digits
    assert "karim.haddad" not in whole


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [{}, {"classification": "lead_only"}, {"outcome": "failed"}, {"q": "fictif"}, {"q": "3"},
     {"q": f"Fictif {spelled(2)}"}, {"source_table": "archives"}],
    ids=str,
)  # fmt: skip
def test_what_the_list_shows_is_what_is_exported(query):
    run = run_of(12)
    run_stages(run)
    wanted = RowFilter.parse(query).rows(run).order_by("pk")
    found = cells(exported(run, **query))
    assert [row["legacy_id"] for row in found] == [row.legacy_id for row in wanted]


@pytest.mark.django_db
def test_rows_come_in_pieces_one_query_each(monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 100)
    run = run_of(1_000)
    with CaptureQueriesContext(connection) as captured:
        pieces = csv_of(run, RowFilter())
        next(pieces)
        assert len(captured) == 0  # nothing is read before it is sent
        next(pieces)
        assert len(captured) == 1
        rest = list(pieces)
    assert (len(rest), len(captured)) == (9, 11)
    read = captured[-1]["sql"].partition("FROM")[0]
    assert "raw_payload" not in read


@pytest.mark.django_db
def test_2000_rows_take_three_queries():
    run = run_of(2_000)
    with CaptureQueriesContext(connection) as captured:
        assert len(cells(exported(run))) == 2_000
    assert len(captured) == 3


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_run(monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 100)
    peaks = []
    for number in (400, 2_000):
        run = run_of(number)
        for _ in csv_of(run, RowFilter()):
            pass  # what is cached for good is cached now
        tracemalloc.start()
        for _ in csv_of(run, RowFilter()):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


# --- JSON --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_summary_holds_numbers_and_nothing_of_a_row():
    run = run_of(9)
    run_stages(run)
    run.refresh_from_db()
    run.summary["failed"] = f"told {PHONE}"
    told = summary_of(run)
    assert list(told) == ["schema_version", "run", "status", "source", "counts", "facets"]
    assert told["counts"]["plan"]["create_crm_lead"] + told["counts"]["plan"]["review"] == 9
    assert (told["counts"]["rows"], told["counts"]["outcomes"]) == (9, {"pending": 9})
    assert set(told["facets"]) == {*FACETS} - {"review_order"}
    for facet in told["facets"].values():
        assert sum(facet.values()) == 9
    assert PHONE not in json.dumps(told)
    assert "Fictif" not in json.dumps(told)


@pytest.mark.django_db
def test_a_run_without_a_plan_has_a_summary_too():
    told = summary_of(run_of(2))
    assert "plan" not in told["counts"]
    json.dumps(told)


# --- The log -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({}, "csv"),
        (
            {"classification": "lead_only", "outcome": "failed"},
            "csv outcome=failed&classification=lead_only",
        ),
        ({"q": "Karim Haddad"}, "csv with a search"),
    ],
    ids=str,
)  # fmt: skip
def test_an_export_is_logged_without_the_name_that_was_searched(query, reason):
    run, actor = RunFactory(), UserFactory()
    log_export(run=run, what="csv", query=RowFilter.parse(query), actor=actor, now=NOW)
    entry = LegacyAccessLog.objects.get()
    assert (entry.kind, entry.reason, entry.actor) == (AccessKind.EXPORT, reason, actor)
    assert (entry.legacy_import_run, entry.created_at) == (run, NOW)
