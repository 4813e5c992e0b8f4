"""The learners list: what a filter and a search find, what a page costs, what stays masked."""

import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import LogAction, Outcome
from legacy_import.models import (
    FACETS,
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review import search as row_search
from legacy_import.review.filter import RowFilter, UnknownFilter
from legacy_import.review.search import BY_ID, BY_NAME, BY_PARTS
from legacy_import.runs import counts
from legacy_import.screens.learners import page_rows
from legacy_import.screens.learners.listing import learners_with_phone, list_learners
from tests.factories import NOW, RunFactory, legacy_row, spelled, stage_rows
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446482", "karim.haddad@exemple.dz"


def run_of(number: int) -> LegacyImportRun:
    """A planned run of so many rows: leads, history without a course, and riddles."""
    run = RunFactory()
    statuses = ("nouveau", "Formée", "mystère")
    stage_rows(
        run,
        [
            legacy_row(
                table="stagiaires" if place < number * 3 // 4 else "archives",
                legacy_id=str(place + 1),
                full_name=f"Fictif {spelled(place)}",
                phone=f"0661{300_000 + place}",
                status=statuses[place % 3],
            )
            for place in range(number)
        ],
    )
    run_stages(run)
    return run


def people(*names: str, **fields) -> LegacyImportRun:
    """A planned run with a row per name."""
    run = RunFactory()
    rows = [
        legacy_row(table="stagiaires", legacy_id=str(place + 1), full_name=name,
                   status="nouveau", **fields)
        for place, name in enumerate(names)
    ]  # fmt: skip
    stage_rows(run, rows)
    run_stages(run)
    return run


def asked(**query: str) -> RowFilter:
    return RowFilter.parse(query)


def ids(lines) -> list[str]:
    return [f"{line['source_table']}:{line['legacy_id']}" for line in lines]


def names(listing) -> list[str]:
    return [line["full_name"] for line in listing.lines]


def queries_of(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work()
    return len(captured)


# --- Pages -------------------------------------------------------------------------------------------


def walk(run, query, back=False):
    """Every row of the list, page by page."""
    listing = list_learners(run, query)
    found = [listing.lines]
    while listing.page.next:
        listing = list_learners(run, query, after=listing.page.next)
        found.append(listing.lines)
    if not back:
        return [line["pk"] for lines in found for line in lines]
    backwards = [listing.lines]
    while listing.page.previous:
        listing = list_learners(run, query, before=listing.page.previous)
        backwards.append(listing.lines)
    return [line["pk"] for lines in reversed(backwards) for line in lines]


@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize(
    "query",
    [{}, {"classification": "unknown"}, {"source_table": "archives"}, {"q": "fictif", "parts": "1"},
     {"classification": "lead_only", "source_table": "stagiaires"}],
    ids=str,
)  # fmt: skip
def test_pages_hold_every_row_once_and_in_order(query, back):
    run = run_of(240)
    wanted = asked(**query).rows(run).order_by("pk").values_list("pk", flat=True)
    assert walk(run, asked(**query), back) == list(wanted)
    assert len(wanted) > 50 or query == {"source_table": "archives"}


def test_the_first_page_has_no_previous_and_the_last_no_next():
    run = run_of(120)
    first = list_learners(run, asked())
    second = list_learners(run, asked(), after=first.page.next)
    last = list_learners(run, asked(), after=second.page.next)
    assert [len(page.lines) for page in (first, second, last)] == [50, 50, 20]
    assert (first.page.previous, last.page.next) == (None, None)
    assert list_learners(run, asked(), before=second.page.previous).lines == first.lines


QUESTIONS = [
    {}, {"classification": "lead_only"}, {"outcome": "pending"}, {"session_type": "none"},
    {"q": "1"}, {"q": f"Fictif {spelled(1)}"}, {"q": "fictif", "parts": "1"},
    {"q": "fictif", "classification": "unknown"},
]  # fmt: skip


@pytest.mark.parametrize("query", QUESTIONS, ids=str)
def test_a_page_costs_as_many_queries_at_500_rows_as_at_50(query):
    counted = []
    for number in (50, 500):
        run = run_of(number)
        counted.append(queries_of(lambda run=run: list_learners(run, asked(**query))))
    assert counted[0] == counted[1] <= 6


def test_a_page_of_committed_rows_costs_one_query_more():
    counted = []
    for number in (60, 300):
        run = run_of(number)
        run_commit(run)
        counted.append(queries_of(lambda run=run: list_learners(run, asked())))
    assert counted == [3, 3]


def test_what_the_counts_say_is_not_there_is_not_looked_for():
    run = run_of(50)
    assert queries_of(lambda: list_learners(run, asked(outcome="skip"))) == 1


def test_no_page_counts_or_skips_rows():
    run = run_of(120)
    with CaptureQueriesContext(connection) as captured:
        list_learners(run, asked(classification="lead_only"), after=1)
    assert not [q["sql"] for q in captured if "COUNT(" in q["sql"] or "OFFSET" in q["sql"]]


def test_a_filter_names_the_cells_of_the_index():
    """(action, reason, classification) of the rows that the filter leaves, and of no others."""
    run = run_of(30)
    with CaptureQueriesContext(connection) as captured:
        list_learners(run, asked(validation_status="valid", classification="unknown"))
    sql = captured[1]["sql"]
    assert re.findall(r"planned_reason. = '(\w+)'", sql) == ["status_unknown"]


# Facet → rows of the run in which it is looked for; the archives are the last quarter.
RARE = [
    {"outcome": "failed"}, {"validation_status": "failed"}, {"session_type": "unknown"},
    {"source_table": "archives"}, {"source_table": "archives", "outcome": "failed"},
]  # fmt: skip


@pytest.mark.parametrize("few", [0, 2_000], ids=["by-number", "by-cell"])
@pytest.mark.parametrize("query", RARE, ids=str)
def test_rare_rows_are_all_found_in_both_directions(query, few, monkeypatch):
    """However few rows a page looks at, going on finds every row once and in order."""
    run = run_of(120)
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    rare = list(rows.order_by("pk").values_list("pk", flat=True))[2::29]
    rows.filter(pk__in=rare).update(outcome="failed", validation_status="failed")
    LegacyTrainingImport.objects.filter(student_import__in=rare).update(session_type="unknown")
    counts.rebuild(run)
    monkeypatch.setattr(page_rows, "FEW", few)
    monkeypatch.setattr(page_rows, "READ_LIMIT", 21)
    wanted = list(asked(**query).rows(run).order_by("pk").values_list("pk", flat=True))
    assert wanted
    assert looked_through(run, asked(**query)) == wanted
    assert looked_through(run, asked(**query), before=10**9) == wanted


def looked_through(run, query, before=None) -> list[int]:
    """Every row of the list, continued where a page stopped before it was full."""
    listing, found = list_learners(run, query, before=before), []
    while True:
        rows = [line["pk"] for line in listing.lines]
        found = rows + found if before else found + rows
        step = {"before": listing.page.previous or listing.earlier} if before else {
            "after": listing.page.next or listing.further}  # fmt: skip
        if not any(step.values()):
            return found
        listing = list_learners(run, query, **step)


def test_a_page_reads_so_many_rows_and_no_row_of_the_other_table(monkeypatch):
    run = run_of(120)
    monkeypatch.setattr(page_rows, "FEW", 0)
    first = asked(source_table="archives").rows(run).order_by("pk").values_list("pk", flat=True)[0]
    for looked_at, query, start in (
        (1_000, {"source_table": "archives"}, first), (30, {"source_table": "archives"}, first),
    ):  # fmt: skip
        monkeypatch.setattr(page_rows, "READ_LIMIT", looked_at)
        with CaptureQueriesContext(connection) as captured:
            list_learners(run, asked(**query))
        low, high = re.findall(r"id.? [<>]= (\d+)", captured[-1]["sql"])
        assert int(low) == start
        assert int(high) - int(low) < min(looked_at, 30)


def test_rows_that_no_receipt_tells_of_are_read_all_the_same(monkeypatch):
    run = run_of(60)
    ChunkReceipt.objects.filter(legacy_import_run=run, stage="import").delete()
    monkeypatch.setattr(page_rows, "FEW", 0)
    assert len(list_learners(run, asked(source_table="archives")).lines) == 15


def test_while_a_stage_is_at_work_the_rows_themselves_are_asked():
    run = run_of(6)
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(outcome="failed")
    assert list_learners(run, asked(outcome="failed")).lines == ()
    run.lease_token = "somebody"
    assert len(list_learners(run, asked(outcome="failed")).lines) == 6


# --- Facets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", ["", "fictif"])
@pytest.mark.parametrize("facet", FACETS)
def test_a_facet_is_counted_under_the_other_active_filters(facet, search):
    run = run_of(24)
    query = asked(classification="lead_only", source_table="stagiaires", q=search)
    listing = list_learners(run, query)
    others = replace(query, facets={k: v for k, v in query.facets.items() if k != facet})
    told = counts.spread(counts.count(others.rows(run)), facet)
    expected = {str(int(v)) if isinstance(v, bool) else str(v): rows for v, rows in told.items()}
    found = {value.value: value.rows for value in listing.counts.facet(facet) if value.rows}
    assert found == expected
    assert listing.total == query.rows(run).count()


def test_a_value_that_no_row_is_left_for_is_told_with_zero():
    run = run_of(24)
    values = list_learners(run, asked(classification="unknown")).counts.facet("planned_action")
    assert ("create_crm_lead", 0) in [(value.value, value.rows) for value in values]


@pytest.mark.parametrize(
    "query",
    [{"classification": "x"}, {"outcome": "review; DROP"}, {"planned_reason": "A b"},
     {"without_course": "yes"}, {"source_table": "users"}],
    ids=str,
)  # fmt: skip
def test_an_unknown_value_is_no_filter(query):
    with pytest.raises(UnknownFilter):
        asked(**query)


# --- Search ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [("7", ["stagiaires:7", "archives:7"]), ("stagiaires:7", ["stagiaires:7"]),
     ("archives:7", ["archives:7"]), ("07", []), ("stagiaires:70", []), ("users:7", [])],
)  # fmt: skip
def test_an_id_is_found_exactly(typed, found):
    run = RunFactory()
    rows = [
        legacy_row(table=table, legacy_id=legacy_id, full_name="Fictif", status="nouveau")
        for table, legacy_id in (("stagiaires", "7"), ("archives", "7"), ("archives", "17"))
    ]
    stage_rows(run, rows)
    run_stages(run)
    assert ids(list_learners(run, asked(q=typed)).lines) == found


def test_the_rows_of_other_runs_are_never_found():
    other, run = people("Karim Haddad", phone=PHONE), people("Amina Zerrouki")
    for typed in ("Karim Haddad", "karim", "1"):
        found = list_learners(run, asked(q=typed))
        assert "Karim Haddad" not in names(found)
    assert learners_with_phone(run, PHONE) == []
    assert names(list_learners(other, asked(q="karim"))) == ["Karim Haddad"]


@pytest.mark.parametrize(
    "typed",
    ["Mohamed Benali", "benali mohamed", "MOHAMMED  BEN ALI", "Muhammad Benaly", "محمد بنعلي",
     "Mohamed Bénali"],
)  # fmt: skip
def test_a_name_is_found_in_any_order_and_spelling(typed):
    run = people("Mohamed Benali", "Benali Mohamed", "Amina Benali", "Samira Haddad")
    listing = list_learners(run, asked(q=typed))
    assert names(listing) == ["Mohamed Benali", "Benali Mohamed"]
    assert listing.matches.how == BY_NAME


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("benali", ["Mohamed Benali", "Amina Benali"]),
        ("bena", ["Mohamed Benali", "Amina Benali"]),
        ("nali mina", ["Amina Benali"]),
        ("Haddad Zerrouki", []),
        ("%", []),
        ("_", []),
        ("12 rue", []),
    ],
)
def test_parts_of_a_name_are_found_where_no_whole_name_is(typed, found):
    run = people("Mohamed Benali", "Amina Benali", "Samira Haddad")
    listing = list_learners(run, asked(q=typed))
    assert names(listing) == found
    assert listing.matches.how == BY_PARTS


def test_parts_may_be_asked_for_although_the_whole_name_is_found():
    run = people("Ali Haddad", "Ali Haddadi", "Haddad Alia")
    assert names(list_learners(run, asked(q="Ali Haddad"))) == ["Ali Haddad"]
    assert len(list_learners(run, asked(q="Ali Haddad", parts="1")).lines) == 3


def test_a_search_for_parts_looks_at_so_many_rows_and_says_where_it_stopped(monkeypatch):
    monkeypatch.setattr(row_search, "READ_LIMIT", 20)
    run = run_of(50)
    seen, beyond = [], 0
    for _ in range(3):
        listing = list_learners(run, replace(asked(q="fictif"), beyond=beyond))
        seen += [line["pk"] for line in listing.lines]
        beyond = listing.matches.beyond
    assert beyond is None
    assert seen == list(asked().rows(run).order_by("pk").values_list("pk", flat=True))


def test_more_matches_than_are_looked_at_are_said_to_be_more(monkeypatch):
    monkeypatch.setattr(row_search, "MATCH_LIMIT", 10)
    run = run_of(25)
    seen, beyond = [], 0
    for _ in range(3):
        listing = list_learners(run, replace(asked(q="fictif"), beyond=beyond))
        assert listing.counts.cut == (listing.matches.beyond is not None)
        seen += listing.lines
        beyond = listing.matches.beyond
    assert len(seen) == 25


def test_an_id_says_that_it_was_found_by_id():
    assert list_learners(run_of(3), asked(q="2")).matches.how == BY_ID


CONTACTS = [
    PHONE, "0559 44 64 82", "+213559446482", "٠٥٥٩٤٤٦٤٨٢", EMAIL, f"Karim {PHONE}", "karim＠exemple.dz",
    f"stagiaires:{PHONE}", "0559-446-4", "Karim 055944648",
]  # fmt: skip


@pytest.mark.parametrize("typed", CONTACTS)
def test_a_contact_is_no_search_for_an_address(typed):
    with pytest.raises(ContainsContact) as refused:
        asked(q=typed)
    assert typed not in refused.value.message


# Columns of a staged row, each with a contact in it.
CANARY_FIELDS = {
    "full_name": f"Karim {PHONE}", "first_name": PHONE, "last_name": EMAIL, "phone_raw": PHONE,
    "email_raw": EMAIL, "raw_status": f"{EMAIL} 0559 44 64 82", "phone_normalized": "213559446482",
    "email_normalized": EMAIL, "raw_payload": {"tel": PHONE, "note": EMAIL},
    "duplicate_evidence": {"phone": PHONE, "email": EMAIL},
}  # fmt: skip


# --- By phone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0559446482", ["stagiaires:1", "stagiaires:2"]),
        ("+213 559 44 64 82", ["stagiaires:1", "stagiaires:2"]),
        ("00213559446482", ["stagiaires:1", "stagiaires:2"]),
        ("0776845160", ["stagiaires:2"]),
        ("+33 6 12 39 87 45", ["stagiaires:3"]),
        ("055944648", []),
        ("559446", []),
        ("", []),
        ("1", ["stagiaires:1"]),
    ],
)
def test_a_phone_is_found_by_its_full_number_in_any_spelling(typed, found):
    run = RunFactory()
    phones = ["0559446482", "0559 44 64 82 / 0776845160", "+33612398745", "0661555444"]
    rows = [legacy_row(table="stagiaires", legacy_id=str(n + 1), phone=phone, status="nouveau",
                       full_name=f"Fictif {spelled(n)}") for n, phone in enumerate(phones)]  # fmt: skip
    stage_rows(run, rows)
    assert ids(learners_with_phone(run, typed)) == found


# --- Masks and links ---------------------------------------------------------------------------------


def test_contacts_leave_masked_wherever_they_were_typed():
    run = people(f"Karim {PHONE} Haddad", phone=PHONE, email=EMAIL)
    LegacyStudentImport.objects.update(raw_status=f"rappeler {PHONE} ou {EMAIL}")
    for line in (*list_learners(run, asked()).lines, *learners_with_phone(run, PHONE)):
        assert line["full_name"] == "Karim 05•• ••• 482 Haddad"
        assert (line["phone_masked"], line["email_masked"]) == ("05•• ••• 482", "k•••@exemple.dz")
        assert line["raw_status"] == "rappeler 05•• ••• 482 ou k•••@exemple.dz"
        assert PHONE[1:] not in repr(line)


def test_a_row_that_made_a_record_has_its_origin():
    run = people("Karim Haddad", "Amina Zerrouki", phone=PHONE)
    run_commit(run)
    lines = list_learners(run, asked()).lines
    made = {
        line["legacy_id"]: line["origin"]
        for line in lines
        if line["outcome"] == Outcome.CREATE_CRM_LEAD
    }
    assert made
    assert all(origin == f"legacy:stagiaires:{i}:lead" for i, origin in made.items())
    assert all(not line["origin"] for line in lines if line["outcome"] == Outcome.PENDING)


def test_a_record_that_was_taken_back_has_no_origin():
    run = people("Karim Haddad", phone=PHONE)
    run_commit(run)
    LegacyImportCommitLog.objects.filter(action=LogAction.CREATE_CRM_LEAD).update(reversed_at=NOW)
    assert [line["origin"] for line in list_learners(run, asked()).lines] == [""]


def test_looking_changes_nothing():
    run = run_of(5)
    list_learners(run, asked(q="fictif"))
    learners_with_phone(run, PHONE)
    assert not LegacyReviewDecision.objects.exists()


def test_a_run_without_rows_has_an_empty_list():
    listing = list_learners(RunFactory(), asked())
    assert (listing.lines, listing.total) == ((), 0)
