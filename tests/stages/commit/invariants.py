"""What holds after every commit and rollback, however it ended.

`broken` takes a function that runs a query, so that it looks at an app database from outside as well
as at the test's own (`book.own_rows`).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from tests.stages.commit.book import LEAD, RECORDS, USER, Book, Logged, Query

EFFECTS = {
    "create_crm_lead", "link_existing", "create_completed_training", "create_enrollment", "skip",
}  # fmt: skip
LEFT_OUT = {"review", "drifted", "failed"}
BESIDES = {"create_course_interest", "attach_person"}
# Outcome → what the log may say beside it.
ALLOWED_BESIDE = {
    "create_crm_lead": {"create_course_interest"},
    "link_existing": {"create_course_interest"},
    "create_completed_training": {"attach_person"},
    "create_enrollment": {"attach_person"},
}
GIVES_PERSON = {"create_crm_lead", "link_existing", "attach_person"}


def broken(query: Query, *, staff_deleted: bool = False) -> list[str]:
    """Every invariant that does not hold, in words; none is as it must be.

    `staff_deleted`: people of the platform deleted records themselves, so some that the log names
    may be gone.
    """
    book = Book(query)
    checks = [check for check in CHECKS if not (staff_deleted and check in OF_EXISTENCE)]
    return [f"{check.__name__}: {found}" for check in checks for found in check(book)]


def every_record_has_exactly_one_entry(book: Book) -> Iterator[str]:
    entries: defaultdict[tuple[str, int | None], list[Logged]] = defaultdict(list)
    for entry in book.log:
        if entry.created and entry.in_force:
            entries[entry.model, entry.target].append(entry)
    for key, record in book.made.items():
        if len(entries[key]) != 1:
            yield f"{record.origin} has {len(entries[key])} entries in force"
            continue
        (entry,) = entries[key]
        row = book.staged[entry.row]
        if record.origin != f"{row.origin}:{RECORDS[record.model][1]}":
            yield f"{record.origin} is logged as made of {row.name}"
        if record.run is not None and record.run != entry.run:
            yield f"{record.origin} names run {record.run}, its entry run {entry.run}"


def every_entry_of_a_creation_has_its_record(book: Book) -> Iterator[str]:
    for entry in book.log:
        if entry.created and entry.in_force and (entry.model, entry.target) not in book.made:
            yield f"entry {entry.id} ({entry.action} of {book.staged[entry.row].name})"


def nothing_undone_is_still_there(book: Book) -> Iterator[str]:
    for entry in book.log:
        undone = entry.created and not entry.in_force
        if undone and (entry.model, entry.target) in book.made:
            yield f"entry {entry.id} ({entry.action} of {book.staged[entry.row].name})"


def origins_are_unique(book: Book) -> Iterator[str]:
    for origin, times in Counter(record.origin for record in book.made.values()).items():
        if times > 1:
            yield f"{origin} {times} times"


def the_log_says_the_outcome_of_each_row(book: Book) -> Iterator[str]:
    for row in book.staged.values():
        effects = [entry.action for entry in book.entries(row, EFFECTS)]
        expected = [row.outcome] if row.outcome in EFFECTS else []
        if effects != expected:
            yield f"{row.name} is {row.outcome}, the log has {effects}"
        main = book.entries(row, EFFECTS | LEFT_OUT)
        if row.outcome in EFFECTS | LEFT_OUT and (not main or main[-1].action != row.outcome):
            yield f"the newest entry of {row.name} does not say {row.outcome}"


def what_stands_beside_an_outcome_belongs_to_it(book: Book) -> Iterator[str]:
    for row in book.staged.values():
        beside = [entry.action for entry in book.entries(row, BESIDES)]
        if not set(beside) <= ALLOWED_BESIDE.get(row.outcome, set()) or len(beside) > 1:
            yield f"{row.name} is {row.outcome}, beside it {beside}"


def a_reversal_says_what_became_of_it(book: Book) -> Iterator[str]:
    stays = {
        (entry.run, entry.row) for entry in book.log if entry.in_force and "kept" in entry.reversal
    }
    for entry in book.log:
        kept = entry.reversal.startswith("kept")
        if entry.reversal == "gone" and (entry.run, entry.row) in stays:
            kept = True  # of a row of which something else stays
        if bool(entry.reversal and not kept) == entry.in_force:
            yield f"entry {entry.id} is {entry.reversal!r}, reversed at {entry.reversed_at}"
        if not entry.in_force and entry.action in LEFT_OUT:
            yield f"entry {entry.id} undoes what had no effect"


def imported_ids_are_those_of_the_log(book: Book) -> Iterator[str]:
    for row in book.staged.values():
        people = book.entries(row, GIVES_PERSON)
        users = [entry.target for entry in people if entry.model == USER]
        leads = [entry.target for entry in people if entry.model == LEAD]
        completed = [e.target for e in book.entries(row, {"create_completed_training"})]
        enrolled = [e.target for e in book.entries(row, {"create_enrollment"})]
        for name, value, logged in (
            ("user", row.user, users), ("lead", row.lead, leads),
            ("completed training", row.completed, completed),
            ("enrolment", row.enrolled, enrolled),
        ):  # fmt: skip
            if ([] if value is None else [value]) != logged:
                yield f"{row.name} names {name} {value}, the log {logged}"


def records_belong_to_the_person_of_their_row(book: Book) -> Iterator[str]:
    of_record = {
        (entry.model, entry.target): book.staged[entry.row]
        for entry in book.log
        if entry.created and entry.in_force
    }
    for key, record in book.made.items():
        row = of_record.get(key)
        if row and record.model != LEAD and (record.user, record.lead) != row.person:
            yield f"{record.origin} is of {record.user, record.lead}, its row of {row.person}"


def committed_is_what_was_planned(book: Book) -> Iterator[str]:
    for row in book.staged.values():
        if row.outcome not in EFFECTS:
            continue
        if row.outcome != row.planned_action:
            yield f"{row.name} was planned {row.planned_action} and is {row.outcome}"
        reasons = {entry.reason for entry in book.of_row.get(row.id, []) if entry.action in EFFECTS}
        if reasons != {row.planned_reason}:
            yield f"{row.name} was planned for {row.planned_reason}, logged for {reasons}"
        if row.target is not None and row.target_kind in ("user", "lead"):
            planned = (row.target, None) if row.target_kind == "user" else (None, row.target)
            if row.person != planned:
                yield f"{row.name} was planned for {planned} and given to {row.person}"


def followers_have_the_person_of_their_first_row(book: Book) -> Iterator[str]:
    made = {record.origin: record.id for record in book.made.values() if record.model == LEAD}
    for row in book.staged.values():
        if (row.outcome, row.planned_reason) != ("link_existing", "same_person_in_run"):
            continue
        first = book.staged[row.first or 0]
        person = first.person
        if first.outcome == "skip":  # imported by an earlier run
            person = (None, made.get(f"{first.source}:{first.name}:lead"))
        if row.person != person or person == (None, None):
            yield f"{row.name} is given to {row.person}, its first row {first.name} to {person}"


def nobody_trained_becomes_a_lead(book: Book) -> Iterator[str]:
    treated = {
        f"{table}:{legacy_id}"
        for table, legacy_id in book.query(
            "SELECT source_table, legacy_id FROM legacy_review_decisions"
            " WHERE decision = 'treat_as'"
        )
    }
    for row in book.staged.values():
        of_lead = row.outcome in ("create_crm_lead", "link_existing")
        if of_lead and row.classification != "lead_only" and row.name not in treated:
            yield f"{row.name} is {row.classification} and became {row.outcome}"


def people_who_are_linked_to_exist(book: Book) -> Iterator[str]:
    people = book.people()
    for entry in book.log:
        if entry.in_force and entry.model in people and entry.target not in people[entry.model]:
            yield f"entry {entry.id} links {book.staged[entry.row].name} to nobody"


def every_staged_row_has_one_training(book: Book) -> Iterator[str]:
    trained = Counter(
        row for (row,) in book.query("SELECT student_import_id FROM legacy_training_imports")
    )
    for row in book.staged.values():
        if trained[row.id] != 1:
            yield f"{row.name} has {trained[row.id]}"


def receipts_count_the_rows_of_the_log(book: Book) -> Iterator[str]:
    receipts = book.query(
        "SELECT legacy_import_run_id, stage, position, `rows` FROM legacy_chunk_receipts "
        "WHERE stage IN ('commit', 'rollback')"
    )
    logged = Counter((e.run, e.batch) for e in book.log if e.action not in BESIDES)
    received = {
        (run, position): rows for run, stage, position, rows in receipts if stage == "commit"
    }
    if dict(logged) != received:
        yield f"receipts {received}, log {dict(logged)}"
    positions: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for run, stage, position, _ in receipts:
        positions[run, stage].append(position)
    for (run, stage), found in positions.items():
        if sorted(found) != list(range(len(found))):
            yield f"{stage} of run {run}: batches {sorted(found)}"


Check = Callable[[Book], Iterable[str]]
OF_EXISTENCE: tuple[Check, ...] = (
    every_entry_of_a_creation_has_its_record,
    people_who_are_linked_to_exist,
)
CHECKS: tuple[Check, ...] = (
    every_record_has_exactly_one_entry,
    nothing_undone_is_still_there,
    origins_are_unique,
    the_log_says_the_outcome_of_each_row,
    what_stands_beside_an_outcome_belongs_to_it,
    a_reversal_says_what_became_of_it,
    imported_ids_are_those_of_the_log,
    records_belong_to_the_person_of_their_row,
    committed_is_what_was_planned,
    followers_have_the_person_of_their_first_row,
    nobody_trained_becomes_a_lead,
    every_staged_row_has_one_training,
    receipts_count_the_rows_of_the_log,
    *OF_EXISTENCE,
)
