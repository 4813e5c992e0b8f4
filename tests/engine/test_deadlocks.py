"""A chunk that the server rolls back because of a deadlock is worked again, in this process, too."""

import threading
from contextlib import closing, nullcontext

import pytest
from django.db import OperationalError, connection

from ecoin import retries
from ecoin.database import DEADLOCK, waiting_for_restarts
from ecoin.retries import TRIES
from legacy_import.choices import Stage
from legacy_import.engine.chunks import Chunk, ChunkResult, Job
from legacy_import.engine.engines import Inline
from legacy_import.models import ChunkReceipt
from legacy_import.runs.lease import run_lease
from tests.database_server import DatabaseServer
from tests.factories import CourseFactory, RunFactory
from tests.stages.importing import Silent
from trainings.models import Course

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 30  # until a test that hangs fails


class Rival:
    """Another session, which locks the rows of a chunk in the other order. It has more to lose."""

    def __init__(self, server: DatabaseServer, first: int, second: int, weight: list[int]) -> None:
        self._server, self._first, self._second, self._weight = server, first, second, weight
        self._name = connection.settings_dict["NAME"]
        self.has_second, self.may_go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        update = f"UPDATE {Course._meta.db_table} SET code = CONCAT('r', id) WHERE id = %s"
        with closing(self._server.admin(self._name)) as session, session.cursor() as cursor:
            cursor.execute("BEGIN")
            for row in [*self._weight, self._second]:
                cursor.execute(update, [row])
            self.has_second.set()
            assert self.may_go_on.wait(SECONDS)
            cursor.execute(update, [self._first])
            cursor.execute("COMMIT")


def test_a_chunk_that_meets_a_deadlock_is_worked_again(db_server: DatabaseServer) -> None:
    run = RunFactory()
    first, second, *weight = [CourseFactory().pk for _ in range(40)]
    rival = Rival(db_server, first, second, weight)
    errors: list[int] = []

    def work(chunk: Chunk) -> ChunkResult:
        assert rival.has_second.wait(SECONDS)
        Course.objects.filter(pk=first).update(name="first")
        rival.may_go_on.set()
        try:
            Course.objects.filter(pk=second).update(name="second")
        except OperationalError as error:
            errors.append(error.args[0])
            raise
        return ChunkResult(1)

    with run_lease(run, "legacy_validate", Silent()) as lease:
        job = Job(run.pk, Stage.VALIDATE, lease.token)
        results = list(Inline().each(job, [Chunk(0, "1", "1")], lambda _: work, lease, Silent()))
    rival.join()
    assert errors == [DEADLOCK]
    assert [result.rows for _, result in results] == [1]
    assert set(Course.objects.filter(pk__in=[first, second]).values_list("name", "code")) == {
        ("first", f"r{first}"), ("second", f"r{second}"),
    }  # fmt: skip
    assert ChunkReceipt.objects.filter(legacy_import_run=run).count() == 1


@pytest.mark.parametrize(
    ("number", "in_command", "tries"),
    [
        (DEADLOCK, True, TRIES),
        (DEADLOCK, False, TRIES),
        (2013, True, TRIES),
        (2013, False, 1),  # a page answers at once
        (1205, True, 1),
        (1045, True, 1),
        (1114, True, 1),
    ],
)
def test_only_what_passes_is_tried_again_and_not_for_ever(
    number: int, in_command: bool, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries.time, "sleep", lambda seconds: None)
    run = RunFactory()
    calls: list[Chunk] = []

    def work(chunk: Chunk) -> ChunkResult:
        calls.append(chunk)
        raise OperationalError(number, "secret")

    waits = waiting_for_restarts(connection, lambda: None) if in_command else nullcontext()
    with waits, run_lease(run, "legacy_validate", Silent()) as lease:
        job = Job(run.pk, Stage.VALIDATE, lease.token)
        with pytest.raises(OperationalError):
            list(Inline().each(job, [Chunk(0, "1", "1")], lambda _: work, lease, Silent()))
    assert len(calls) == tries
    assert not ChunkReceipt.objects.exists()
