"""An import in a process of its own, watched from outside through the receipts it leaves."""

import hashlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.forked import forked, start_forked
from tests.legacy_database import ServerLegacy
from tests.processes import AppDatabase, Ended, Process, environment, finish

STUDENT = (
    "source_table, legacy_id, first_name, last_name, full_name, name_key, birth_date, phone_raw, "
    "phone_normalized, email_raw, email_normalized, raw_status, legacy_formation_id, "
    "legacy_session_id, raw_payload, payload_hash, validation_issues, source_change, "
    "validation_status, outcome, version"
)
# Each row begins with the id of the staged row it is or belongs to.
OF_STUDENTS = (
    f"SELECT id, {STUDENT} FROM legacy_student_imports",
    "SELECT student_import_id, legacy_formation_id, legacy_session_id, session_type, import_action "
    "FROM legacy_training_imports",
    "SELECT owner_id, kind, value FROM legacy_identity_keys WHERE owner_kind = 'staged'",
)
OTHERS = (
    "SELECT legacy_formation_id, legacy_name, status, version FROM legacy_course_mappings",
    "SELECT legacy_session_id, legacy_code, session_type, version FROM legacy_session_mappings",
    "SELECT source_table, position, first_id, last_id, `rows`, digest FROM legacy_chunk_receipts",
)
PATIENCE = 60  # seconds


def content(app: AppDatabase) -> dict[str, str]:
    """A hash for each table of everything staged in it, surrogate ids and times aside."""
    students = app.rows("SELECT id, source_table, legacy_id FROM legacy_student_imports")
    names = {pk: name for pk, *name in students}
    lines = {
        query: sorted(repr((names[pk], *rest)) for pk, *rest in app.rows(query))
        for query in OF_STUDENTS
    }
    lines |= {query: sorted(map(repr, app.rows(query))) for query in OTHERS}
    return {
        query.partition(" FROM ")[2]: hashlib.sha256("\n".join(found).encode()).hexdigest()
        for query, found in lines.items()
    }


@dataclass
class ImportFault:
    """Starts imports of one legacy database into one app database, and checks what they leave."""

    app: AppDatabase
    legacy: ServerLegacy
    whole: dict[str, str]
    started: list[Process] = field(default_factory=list)

    def start(self, *arguments: str, how: Callable[..., Process] = start_forked) -> Process:
        env = environment(self.app, **self.legacy.environment())
        process = how("legacy_import", *arguments, env=env)
        self.started.append(process)
        return process

    def resume(self, run: int = 1) -> Ended:
        env = environment(self.app, **self.legacy.environment())
        return forked("legacy_import", "--resume", str(run), env=env)

    def end_all(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def wait_for_receipts(self, wanted: int, process: Process) -> None:
        """Return when the run and that many finished chunks can be seen."""
        deadline = time.monotonic() + PATIENCE
        seen = -1
        while seen < wanted:
            assert time.monotonic() < deadline, f"{seen} receipts only"
            assert process.poll() is None, finish(process).err
            time.sleep(0.02)
            if self.app.one("SELECT COUNT(*) FROM legacy_import_runs"):
                seen = self.app.one("SELECT COUNT(*) FROM legacy_chunk_receipts")

    def kill(self, receipts: int, *arguments: str, after: float = 0.0) -> None:
        """Start an import and `kill -9` it, `after` seconds behind that many receipts."""
        process = self.start(*arguments)
        self.wait_for_receipts(receipts, process)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        assert finish(process).code == -signal.SIGKILL
        self.assert_whole_chunks()

    def assert_whole_chunks(self) -> None:
        """Whatever happened: chunks are there with all their rows, or not at all."""
        deadline = time.monotonic() + PATIENCE  # for the server to notice that its client is gone
        while (counts := self._counts())[1] != counts[0] and time.monotonic() < deadline:
            time.sleep(0.1)
        received, staged, trained, lonely_keys = self._counts()
        assert received == staged == trained
        assert lonely_keys == 0

    def _counts(self) -> tuple[int, int, int, int]:
        return (
            self.app.one("SELECT COALESCE(SUM(`rows`), 0) FROM legacy_chunk_receipts"),
            self.app.one("SELECT COUNT(*) FROM legacy_student_imports"),
            self.app.one("SELECT COUNT(*) FROM legacy_training_imports"),
            self.app.one(
                "SELECT COUNT(*) FROM legacy_identity_keys WHERE owner_kind = 'staged' "
                "AND owner_id NOT IN (SELECT id FROM legacy_student_imports)"
            ),
        )

    def assert_finished(self) -> None:
        """The one run is imported, holds every source row once, and nobody holds it."""
        assert self.app.rows("SELECT id, status, lease_token FROM legacy_import_runs") == [
            (1, "imported", "")
        ]
        with_source = self.legacy.server.admin(self.legacy.name)
        try:
            for table in ("stagiaires", "archives"):
                with with_source.cursor() as cursor:
                    cursor.execute(f"SELECT CAST(id AS CHAR) FROM {table} ORDER BY 1")
                    ids = [row[0] for row in cursor.fetchall()]
                staged = self.app.rows(
                    f"SELECT legacy_id FROM legacy_student_imports WHERE source_table = '{table}'"
                )
                assert sorted(one for (one,) in staged) == sorted(ids)
        finally:
            with_source.close()
        self.assert_whole_chunks()
        assert content(self.app) == self.whole

    def snapshots(self) -> int:
        """What the certificate of the run says."""
        certificate = json.loads(self.app.one("SELECT certificate FROM legacy_import_runs"))
        return int(certificate["snapshots"])
