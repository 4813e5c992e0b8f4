"""Erasures and readings of contacts that are killed before any of their statements, and called again."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.planning import KeptApp
from tests.forked import forked
from tests.legacy_database import SQLiteLegacy, learner, sqlite_legacy, tables
from tests.privacy.erasing import CANARIES, CANARY, NAMES, PHONE
from tests.processes import AppDatabase, Ended, environment

EVERYTHING = (*CANARIES, *NAMES)
STEP = 9  # statements between two deaths; every one of them in the exhaustive tests
CANARY_ROW = {
    **learner(1), "nom": "Canaridza", "prenom": "Serindane", "telephone": PHONE,
    "email": CANARY["email"], "date_naissance": CANARY["birth_date"], "statut": f"rappeler {PHONE}",
}  # fmt: skip
STAGES = ("legacy_validate", "legacy_classify", "legacy_dry_run")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the old database is, in every test: the app database is that of one source."""
    return tmp_path_factory.mktemp("source") / "legacy.sqlite3"


def old_rows(source: Path) -> SQLiteLegacy:
    """The canary in two rows, and others, one of whom has the canary's phone."""
    rows = [CANARY_ROW, {**CANARY_ROW, "id": 2}, learner(3, telephone=PHONE), learner(4)]
    return sqlite_legacy(source, tables(rows, [learner(5)]))


def settings_of(app: AppDatabase, legacy: SQLiteLegacy) -> dict[str, str]:
    return environment(app, **legacy.environment(), LEGACY_IMPORT_RETENTION_DAYS="1")


@pytest.fixture(scope="module")
def two_runs(
    migrated_app: AppDatabase, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KeptApp]:
    """An app database with two planned runs of the source, to be copied for each test."""
    kept = KeptApp(migrated_app, tmp_path_factory.mktemp("kept"), "two_runs")
    app = kept.begin()
    env = settings_of(app, old_rows(source))
    for command in ("legacy_import", *STAGES, "legacy_import", *STAGES):
        ended = forked(command, env=env)
        assert ended.code == 0, ended.err
    kept.keep(app)
    yield kept
    kept.drop()


@pytest.fixture
def legacy(source: Path) -> SQLiteLegacy:
    return old_rows(source)


@pytest.fixture
def app(two_runs: KeptApp, app_folder: Path) -> AppDatabase:
    """Both runs of this source are planned."""
    return two_runs.copy(app_folder)


@pytest.fixture
def env(app: AppDatabase, legacy: SQLiteLegacy) -> dict[str, str]:
    return settings_of(app, legacy)


def dying(statement: int, command: str, env: dict[str, str]) -> Ended:
    """The command in a process that kills itself right before that statement."""
    ended = forked(str(statement), *command.split(), env=env, module="tests.faults.mortal")
    assert ended.code in (0, -signal.SIGKILL), ended.err
    return ended


def database_of(app: AppDatabase) -> str:
    return app.name or str(app.path and app.path.name)


def texts(app: AppDatabase) -> str:
    """Everything in every table of the import, as text."""
    if app.server:
        names = [name for (name,) in app.rows("SHOW TABLES")]
    else:
        names = [
            name for (name,) in app.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
    mine = [name for name in names if name.startswith("legacy_")]
    return "\n".join(str(app.rows(f"SELECT * FROM `{name}`")) for name in mine).casefold()


def in_the_file(app: AppDatabase) -> set[str]:
    """The words that are in the file of the database or its log, in pages in use or free."""
    assert app.path
    files = [app.path, app.path.with_name(f"{app.path.name}-wal")]
    content = b"".join(file.read_bytes() for file in files if file.exists()).lower()
    return {word for word in EVERYTHING if word.encode() in content}


def is_erased(app: AppDatabase) -> tuple[int, int]:
    """(rows of the canary that are erased, entries in the erasure log)."""
    return (
        app.one("SELECT COUNT(*) FROM legacy_student_imports WHERE full_name = ''"),
        app.one("SELECT COUNT(*) FROM legacy_erasure_log"),
    )


def erase_dying_every(step: int, app: AppDatabase, env: dict[str, str]) -> None:
    database = database_of(app)
    subjects = [
        f"legacy_purge --subject stagiaires:{pk} --no-input --confirm-database {database}"
        for pk in (1, 2)
    ]
    deaths, statement = 0, 1
    while dying(statement, subjects[0], env).code:
        # All of it or nothing, in both runs.
        assert is_erased(app) in ((0, 0), (2, 2))
        deaths, statement = deaths + 1, statement + step
    assert deaths > 30 / step
    assert is_erased(app) == (2, 2)
    assert forked(*subjects[1].split(), env=env).code == 0
    assert is_erased(app) == (4, 4)
    found = texts(app)
    # The third row has the same phone; it is another person.
    assert [word for word in EVERYTHING if word in found] == [CANARIES[0]]


def purge_dying_every(step: int, app: AppDatabase, env: dict[str, str]) -> None:
    confirm = f"--no-input --confirm-database {database_of(app)}"
    for run in (1, 2):
        assert forked(*f"legacy_close --run {run} {confirm}".split(), env=env).code == 0
    app.execute("UPDATE legacy_import_runs SET finished_at = '2026-01-01 00:00:00'")
    deaths, statement = 0, 1
    while dying(statement, f"legacy_purge {confirm}", env).code:
        logged = app.one("SELECT COUNT(*) FROM legacy_erasure_log")
        marked = app.rows("SELECT id FROM legacy_import_runs WHERE purged_at IS NOT NULL")
        assert len(marked) == logged
        for (run,) in marked:
            contacts = (
                f"SELECT COUNT(*) FROM legacy_student_imports WHERE legacy_import_run_id = {run} "
                "AND (phone_raw <> '' OR email_raw <> '')"
            )
            assert app.one(contacts) == 0
        deaths, statement = deaths + 1, statement + step
    assert deaths > 20 / step
    assert app.one("SELECT COUNT(*) FROM legacy_erasure_log") == 2
    found = texts(app)
    assert not [word for word in CANARIES if word in found]
    if app.path:
        assert not in_the_file(app) & set(CANARIES)


def test_an_erasure_that_is_killed_on_its_way_is_finished_by_the_next_call(
    app: AppDatabase, env: dict[str, str]
) -> None:
    erase_dying_every(STEP, app, env)


def test_a_purge_that_is_killed_on_its_way_is_finished_by_the_next_call(
    app: AppDatabase, env: dict[str, str]
) -> None:
    purge_dying_every(STEP, app, env)


@pytest.mark.exhaustive
def test_an_erasure_killed_before_each_statement_in_turn(
    app: AppDatabase, env: dict[str, str]
) -> None:
    erase_dying_every(1, app, env)


@pytest.mark.exhaustive
def test_a_purge_killed_before_each_statement_in_turn(
    app: AppDatabase, env: dict[str, str]
) -> None:
    purge_dying_every(1, app, env)


def test_nothing_of_an_erased_person_is_left_in_the_file(
    app: AppDatabase, env: dict[str, str], legacy: SQLiteLegacy
) -> None:
    """Free pages, half-filled pages and the log included; nor after the next import."""
    legacy.execute(f"UPDATE stagiaires SET telephone = '0661000003' WHERE telephone = '{PHONE}' "
                   "AND id = 3", "DELETE FROM stagiaires WHERE id = 2")  # fmt: skip
    confirm = f"--no-input --confirm-database {database_of(app)}"
    for pk in (1, 2):
        ended = forked(*f"legacy_purge --subject stagiaires:{pk} {confirm}".split(), env=env)
        assert ended.code == 0, ended.err
    for command in ("legacy_import", *STAGES):
        assert forked(command, env=env).code == 0
    # The third row had the phone in the first two runs, and is another person.
    left = [word for word in EVERYTHING if word in texts(app)]
    assert left == [CANARIES[0]]
    ended = forked(*f"legacy_purge --subject stagiaires:3 {confirm}".split(), env=env)
    assert ended.code == 0, ended.err
    assert not [word for word in EVERYTHING if word in texts(app)]
    if app.path:
        assert in_the_file(app) == set()


def test_another_process_may_read_a_server_and_must_leave_a_file_alone(
    app: AppDatabase, env: dict[str, str]
) -> None:
    confirm = f"--no-input --confirm-database {database_of(app)}"
    command = f"legacy_purge --subject stagiaires:1 {confirm}".split()
    reader = app.connect()
    cursor = reader.cursor()
    cursor.execute("BEGIN")
    cursor.execute("SELECT COUNT(*) FROM legacy_student_imports")
    cursor.fetchall()
    try:
        ended = forked(*command, env=env)
    finally:
        reader.close()
    assert is_erased(app) == (2, 2)
    if app.path:
        assert ended.code == 1
        told = " ".join(ended.err.split())
        assert "another process uses the database" in told
        assert "run the same command again" in told
        assert "serindane" in in_the_file(app)  # in the log, which the reader needs
        ended = forked(*command, env=env)
    assert ended.code == 0, ended.err


def test_e_mails_read_again_by_a_validation_that_is_killed_end_as_if_it_had_not_been(
    app: AppDatabase, env: dict[str, str]
) -> None:
    lists = {"LEGACY_IMPORT_PLACEHOLDER_EMAILS": "amel3@exemple.dz",
             "LEGACY_IMPORT_ROLE_MAILBOXES": "amel4"}  # fmt: skip
    changed = {**env, **lists}
    statement = 1
    while dying(statement, "legacy_validate --run 2", changed).code:
        statement += STEP
    for command in STAGES[1:]:
        assert forked(command, "--run", "2", env=changed).code == 0
    for command in ("legacy_import", *STAGES):
        assert forked(command, env=changed).code == 0
    columns = (
        "source_table, legacy_id, email_normalized, validation_issues, validation_status, "
        "contact_trusted, planned_action, planned_reason"
    )
    read_again, imported = (
        app.rows(f"SELECT {columns} FROM legacy_student_imports WHERE legacy_import_run_id = {run} "
                 "ORDER BY source_table, legacy_id")
        for run in (2, 3)
    )  # fmt: skip
    assert read_again == imported
    assert ("stagiaires", "3", None) in [row[:3] for row in read_again]
    keys = "SELECT COUNT(*) FROM legacy_identity_keys WHERE kind = 'E' AND scope = "
    assert app.one(f"{keys}2") == app.one(f"{keys}3") > 0
