"""A planned app database that is made once and copied for every test that something happens to."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.forked import forked
from tests.processes import AppDatabase, copy_of, empty_app, environment

ROWS = 400
NOW = "2026-03-01 09:00:00.000000"
# Reviewers confirm the real sessions and put two rows aside: then the plan has every action.
REVIEWED = (
    f"UPDATE legacy_session_mappings SET confirmed_at = '{NOW}', version = version + 1 "
    "WHERE session_type = 'real_session'",
    "INSERT INTO legacy_review_decisions "
    "(student_import_id, connection_name, source_table, legacy_id, row_digest, payload_hash, "
    "subject, decision, treat_as, target_kind, note, actor_id, created_at) "
    "SELECT id, 'legacy', source_table, legacy_id, '', payload_hash, '', 'skip', '', '', '', "
    f"(SELECT MIN(id) FROM auth_user), '{NOW}' "
    "FROM legacy_student_imports WHERE classification = 'completed' ORDER BY id LIMIT 2",
)
ACTIONS = "SELECT DISTINCT planned_action FROM legacy_student_imports"
FOLLOWERS = (
    "SELECT COUNT(*) FROM legacy_student_imports WHERE planned_reason = 'same_person_in_run'"
)


@dataclass
class KeptApp:
    """What is made once in an app database, and copied for every test.

    `base`: the migrated app database; of a file copies are made, a server's is filled anew.
    """

    base: AppDatabase
    folder: Path
    name: str

    def begin(self) -> AppDatabase:
        """The empty app database that the commands of `keep` have filled."""
        if self.base.path:
            return copy_of(self.base.path, self.folder / f"{self.name}.sqlite3")
        empty_app(self.base)
        return self.base

    def keep(self, app: AppDatabase) -> None:
        """What is in it now is what every copy has."""
        if not app.server:
            app.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        app.server.create_database(self._kept)
        names = [name for (name,) in app.rows("SHOW TABLES")]
        app.execute(
            *(f"CREATE TABLE `{self._kept}`.`{name}` AS SELECT * FROM `{name}`" for name in names)
        )

    def copy(self, folder: Path) -> AppDatabase:
        """The app database as it was kept, nobody else's."""
        if self.base.path:
            return copy_of(self.folder / f"{self.name}.sqlite3", folder / "app.sqlite3")
        empty_app(self.base)
        names = [name for (name,) in self.base.rows("SHOW TABLES")]
        filled = [name for name in names if self.base.one(f"SELECT COUNT(*) FROM `{name}`") == 0]
        self.base.execute(
            "SET foreign_key_checks = 0",
            *(f"INSERT INTO `{name}` SELECT * FROM `{self._kept}`.`{name}`" for name in filled),
        )
        return self.base

    def drop(self) -> None:
        if self.base.server:
            self.base.server.execute(f"DROP DATABASE `{self._kept}`")

    @property
    def _kept(self) -> str:
        return f"{self.name}_{os.getpid()}"


@dataclass
class PlannedApp(KeptApp):
    """A fictional school and its platform, imported and planned."""

    name: str = "planned"

    @property
    def source(self) -> dict[str, str]:
        """The fictional school's legacy database, for commands."""
        return {
            "LEGACY_DB_DRIVER": "sqlite",
            "LEGACY_DB_DATABASE": str(self.folder / "legacy_demo.sqlite3"),
        }

    def build(self) -> None:
        """Import the school and its platform, and plan it."""
        app = self.begin()
        self.manage(app, f"legacy_demo --rows {ROWS} --with-platform")
        self.plan(app)
        assert len(app.rows(ACTIONS)) == 6, "a plan with every action"
        assert app.one(FOLLOWERS) > 0
        self.keep(app)

    def plan(self, app: AppDatabase) -> None:
        """Import the school once more, as a run of its own, up to the plan."""
        for command in ("legacy_import --new", "legacy_validate", "legacy_classify"):
            self.manage(app, command)
        if not app.one("SELECT COUNT(*) FROM legacy_review_decisions"):
            app.execute(*REVIEWED)
        self.manage(app, "legacy_dry_run")

    def manage(self, app: AppDatabase, command: str) -> None:
        ended = forked(*command.split(), env=environment(app, **self.source))
        assert ended.code == 0, ended.err
