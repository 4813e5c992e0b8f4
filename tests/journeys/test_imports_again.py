"""Several imports of one source: what people decided, deleted and erased outlives a run.

On SQLite both databases are files; with MariaDB as the app database, the source is one of the server.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forked import forked
from tests.journeys.decide import decide_all
from tests.journeys.roads import business_counts
from tests.legacy_database import (
    LegacyDatabase,
    Tables,
    learner,
    server_legacy,
    sqlite_legacy,
    tables,
)
from tests.processes import ON_SERVER, AppDatabase, Ended, environment, manage

STAGES = ("legacy_validate", "legacy_classify", "legacy_dry_run")
NAMES = ("Ziani", "Haddad", "Brahimi", "Cherif", "Mansouri", "Belaid", "Saadi", "Toumi", "Kaci",
         "Rahal")  # fmt: skip
MakeCopy = Callable[[Tables, str], LegacyDatabase]


@pytest.fixture
def make_source(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeCopy]:
    """make_source(tables(…), name): an old database of that name."""
    if not ON_SERVER:
        yield lambda content, name: sqlite_legacy(tmp_path / f"{name}.sqlite3", content)
        return
    server = request.getfixturevalue("db_server")
    made: list[str] = []

    def on_server(content: Tables, name: str) -> LegacyDatabase:
        made.append(f"{name}_{os.getpid()}")
        return server_legacy(server, made[-1], content)

    yield on_server
    for name in made:
        server.execute(f"DROP DATABASE `{name}`", f"DROP USER 'reader_{name}'@'%'")


def person(number: int, **fields: Any) -> dict[str, Any]:
    """A learner who has nothing in common with the others; asked for information unless told."""
    own = {"nom": NAMES[number], "date_naissance": f"199{number}-0{number % 8 + 1}-15",
           "statut": "Informer"}  # fmt: skip
    return learner(number, **{**own, **fields})


def run_all(env: dict[str, str], *commands: str) -> list[Ended]:
    ends = []
    for command in commands:
        ended = forked(*command.split(), env=env)
        assert ended.code == 0, f"{command}\n{ended.out}\n{ended.err}"
        ends.append(ended)
    return ends


def import_and_plan(env: dict[str, str], *options: str) -> Ended:
    """Import, validate, classify, plan; returns the end of the import."""
    return run_all(env, " ".join(("legacy_import", *options)), *STAGES)[0]


def commit(
    env: dict[str, str], app: AppDatabase, run: int, *options: str, prove: bool = True
) -> dict[str, int]:
    """Commit the run's plan and prove it; returns its outcomes."""
    name = app.name or str(app.path and app.path.name)
    confirm = f"--no-input --confirm-database {name}"
    ended = run_all(env, f"legacy_commit --run {run} {' '.join(options)} {confirm} --json")[0]
    outcomes: dict[str, int] = ended.told["counts"]["outcomes"]
    if prove:
        (proof,) = run_all(env, f"legacy_reconcile --run {run}")
        assert "Balanced" in proof.out
    return {name: rows for name, rows in outcomes.items() if rows}


def plan(app: AppDatabase, run: int) -> dict[str, tuple[str, str]]:
    """Row → planned action and reason."""
    rows = app.rows(
        "SELECT source_table, legacy_id, planned_action, planned_reason FROM "
        f"legacy_student_imports WHERE legacy_import_run_id = {run}"
    )
    return {f"{table}:{legacy_id}": (action, reason) for table, legacy_id, action, reason in rows}


def outcomes(app: AppDatabase, run: int) -> dict[str, str]:
    rows = app.rows(
        "SELECT source_table, legacy_id, outcome FROM legacy_student_imports "
        f"WHERE legacy_import_run_id = {run}"
    )
    return {f"{table}:{legacy_id}": outcome for table, legacy_id, outcome in rows}


def leads(app: AppDatabase) -> list[str]:
    """The rows that leads were created from, each once."""
    origins = [
        origin for (origin,) in app.rows("SELECT origin FROM crm_leads WHERE origin IS NOT NULL")
    ]
    assert len(set(origins)) == len(origins)
    return sorted(origin.removeprefix("legacy:").removesuffix(":lead") for origin in origins)


def test_rehearsal_review_import_again_review_the_rest_commit(
    app: AppDatabase, make_source: MakeCopy
) -> None:
    school = tables(
        [
            person(1),  # asks not to be recorded
            person(2, statut="mystère"),
            person(3, date_naissance="2094-03-12"),
            person(4, statut="mystère"),  # by the next import another status
            person(5, date_naissance="2094-03-12"),  # by then another phone as well
            person(6),
        ]
    )
    source = make_source(school, "school")
    env = environment(app, **source.environment())
    import_and_plan(env)
    decide_all(
        env, 1,
        {"row": "stagiaires:1", "decision": "skip"},
        {"row": "stagiaires:2", "decision": "treat_as", "treat_as": "lead_only"},
        {"row": "stagiaires:3", "decision": "accept_data"},
        {"row": "stagiaires:4", "decision": "treat_as", "treat_as": "lead_only"},
        {"row": "stagiaires:5", "decision": "accept_data"},
    )  # fmt: skip
    # The rehearsal is never committed. The school works on:
    source.execute(
        "UPDATE stagiaires SET statut = 'énigme' WHERE id = 4",
        "UPDATE stagiaires SET telephone = '0770123456' WHERE id = 5",
        "INSERT INTO stagiaires (id, nom, prenom, telephone, statut) "
        "VALUES (7, 'Toumi', 'Sarah', '0661445566', 'énigme')",
    )
    import_and_plan(env)
    planned = plan(app, 2)
    assert planned["stagiaires:1"] == ("skip", "reviewer_skip")
    for row in ("stagiaires:2", "stagiaires:3", "stagiaires:6"):
        assert planned[row] == ("create_crm_lead", "new_lead"), row
    assert planned["stagiaires:4"] == planned["stagiaires:7"] == ("review", "status_unknown")
    assert planned["stagiaires:5"] == ("review", "birth_date_future")
    said = "SELECT legacy_id, decision, earlier_decision FROM legacy_student_imports WHERE " \
           "legacy_import_run_id = 2 AND legacy_id IN ('4', '5') ORDER BY legacy_id"  # fmt: skip
    assert app.rows(said) == [("4", "", "treat_as"), ("5", "", "accept_data")]
    # The rest: said again of the newer version, and of the new row for the first time.
    decide_all(
        env, 2,
        {"row": "stagiaires:4", "decision": "repeat"},
        {"row": "stagiaires:5", "decision": "repeat"},
        {"row": "stagiaires:7", "decision": "treat_as", "treat_as": "lead_only"},
    )  # fmt: skip
    run_all(env, "legacy_dry_run")
    assert commit(env, app, 2) == {"create_crm_lead": 6, "skip": 1}
    assert leads(app) == [f"stagiaires:{pk}" for pk in (2, 3, 4, 5, 6, 7)]
    # Once more, with nothing new: nothing is asked and nothing is made.
    before = business_counts(app)
    import_and_plan(env)
    assert {action for action, _ in plan(app, 3).values()} == {"skip"}
    assert commit(env, app, 3) == {"skip": 7}
    assert business_counts(app) == before


def test_two_waves_with_a_change_of_the_source_between(
    app: AppDatabase, make_source: MakeCopy
) -> None:
    app.execute(
        "INSERT INTO trainings_courses (name, code) VALUES ('Comptabilité', 'CPT')",
    )
    source = make_source(
        tables([person(1, statut="Formée"), person(2, statut="Formée"), person(3), person(4),
                person(5), person(6)]),
        "school",
    )  # fmt: skip
    env = environment(app, **source.environment())
    import_and_plan(env)
    first = commit(env, app, 1, "--focus", "historical_completed")
    assert first == {"create_completed_training": 2}
    source.execute(
        "UPDATE stagiaires SET telephone = '0770123456' WHERE id = 3",
        "DELETE FROM stagiaires WHERE id = 4",
        "INSERT INTO stagiaires (id, nom, prenom, telephone, statut) "
        "VALUES (7, 'Toumi', 'Sarah', '0661445566', 'Informer')",
    )
    ended = import_and_plan(env)
    assert "stagiaires 4" in " ".join(ended.out.split())  # named as gone
    # The older plan commits what is still as it was planned, and nothing else.
    second = commit(env, app, 1, "--focus", "lead_only", prove=False)
    assert second == {"create_crm_lead": 2, "drifted": 2}
    proof = manage("legacy_reconcile", "--run", "1", env=env)
    assert proof.code == 1  # the source is not what this run staged any more, and it says where
    assert {"stagiaires:4", "stagiaires:7"} <= set(proof.out.split())
    assert leads(app) == ["stagiaires:5", "stagiaires:6"]
    left = [row for row, outcome in outcomes(app, 1).items() if outcome == "drifted"]
    assert sorted(left) == ["stagiaires:3", "stagiaires:4"]
    run_all(env, "legacy_dry_run --run 2")
    assert commit(env, app, 2) == {"create_crm_lead": 2, "skip": 4}
    assert leads(app) == [f"stagiaires:{pk}" for pk in (3, 5, 6, 7)]
    assert app.one("SELECT COUNT(*) FROM legacy_completed_trainings") == 2
    # Planned again, the older run knows that the row is gone.
    run_all(env, "legacy_dry_run --run 1")
    assert plan(app, 1)["stagiaires:4"] == ("review", "source_row_gone")


def test_a_person_is_erased_between_two_imports(app: AppDatabase, make_source: MakeCopy) -> None:
    phone, note = "0559712345", "rappeler Serindane 0559712345"
    canary = person(1, nom="Canaridza", prenom="Serindane", telephone=phone, statut=note,
                    remarque=note, email="perchoir@exemple.dz")  # fmt: skip
    source = make_source(tables([canary, person(2), person(3)]), "school")
    env = environment(app, **source.environment())
    import_and_plan(env)
    assert commit(env, app, 1) == {"create_crm_lead": 2, "review": 1}
    name = app.name or str(app.path and app.path.name)
    run_all(env, "legacy_purge --subject stagiaires:1 --reason letter-12 --no-input "
                 f"--confirm-database {name}")  # fmt: skip
    import_and_plan(env)
    assert plan(app, 2) == {
        "stagiaires:1": ("skip", "erased_on_request"),
        "stagiaires:2": ("skip", "already_imported"),
        "stagiaires:3": ("skip", "already_imported"),
    }
    assert commit(env, app, 2) == {"skip": 3}
    everything = "\n".join(
        str(app.rows(f"SELECT * FROM {table}")).casefold()
        for (table,) in app.rows(
            "SHOW TABLES" if app.server else "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
    )
    for word in ("canaridza", "serindane", "559712345", "perchoir", str(canary["date_naissance"])):
        assert word not in everything, word
    # The number is given to another person: that one is imported like any other.
    source.execute(
        "UPDATE stagiaires SET nom = 'Voliere', prenom = 'Wassim', telephone = '0661445566', "
        "email = 'w@exemple.dz', date_naissance = '2001-12-30', statut = 'Informer', "
        "remarque = NULL WHERE id = 1"
    )
    import_and_plan(env)
    assert plan(app, 3)["stagiaires:1"] == ("create_crm_lead", "new_lead")
    assert commit(env, app, 3) == {"create_crm_lead": 1, "skip": 2}


def test_a_restored_copy_behind_the_alias(app: AppDatabase, make_source: MakeCopy) -> None:
    rows = [person(pk) for pk in range(1, 8)]
    env = environment(app, **make_source(tables(rows), "school").environment())
    import_and_plan(env)
    decide_all(env, 1, {"row": "stagiaires:7", "decision": "skip"})
    run_all(env, "legacy_dry_run")
    assert commit(env, app, 1) == {"create_crm_lead": 6, "skip": 1}
    # The old platform moves to another server: one row changed there, one is new.
    moved = [*rows[:1], person(2, telephone="0770123456"), *rows[2:], person(8)]
    env = environment(app, **make_source(tables(moved), "moved").environment())
    ended = import_and_plan(env)
    assert "another server or database" in app.one(
        "SELECT certificate FROM legacy_import_runs WHERE id = 2"
    )
    assert ended.code == 0
    planned = plan(app, 2)
    assert planned["stagiaires:2"] == ("review", "already_imported_changed")
    assert planned["stagiaires:7"] == ("skip", "reviewer_skip")
    assert planned["stagiaires:8"] == ("create_crm_lead", "new_lead")
    assert commit(env, app, 2) == {"create_crm_lead": 1, "skip": 6, "review": 1}
    assert leads(app) == [f"stagiaires:{pk}" for pk in (1, 2, 3, 4, 5, 6, 8)]
    # Another school is behind the alias: its row numbers are other people.
    others = [learner(pk, nom=f"Autre{NAMES[pk]}", prenom=f"Autre{chr(96 + pk)}",
                      telephone=f"066199{pk:04}", email=f"autre{pk}@exemple.dz",
                      date_naissance=f"1980-0{pk}-20", statut="Informer")
              for pk in range(1, 9)]  # fmt: skip
    env = environment(app, **make_source(tables(others), "other").environment())
    before = business_counts(app)
    refused = manage("legacy_import", env=env)
    assert refused.code == 3
    assert "Another database is behind the alias" in " ".join(refused.err.split())
    assert app.one("SELECT COUNT(*) FROM legacy_import_runs") == 2
    import_and_plan(env, "--another-source")
    planned = plan(app, 3)
    # The seventh person asked not to be recorded; whoever has the number now did not.
    assert planned.pop("stagiaires:7") == ("create_crm_lead", "new_lead")
    assert set(planned.values()) == {("review", "row_is_another_person")}
    assert business_counts(app) == before
    # Imported as who they are: their origin says that the number was somebody else's before.
    decide_all(env, 3, {"row": "stagiaires:1", "decision": "another_person"})
    run_all(env, "legacy_dry_run")
    assert commit(env, app, 3) == {"create_crm_lead": 2, "review": 6}
    created = [
        row for row in leads(app) if row in ("stagiaires:1", "stagiaires:1#2", "stagiaires:7")
    ]
    assert created == ["stagiaires:1", "stagiaires:1#2", "stagiaires:7"]
