"""A chunk on a worker: retried after errors of the database; a chunk that fails is recorded and logged.

No text of an error leaves this module, since drivers put values into theirs.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ecoin import bulk
from ecoin.database import end_idle_transactions, passes
from ecoin.retries import again, close_connection
from legacy_import.choices import Stage
from legacy_import.engine.attempts import attempt
from legacy_import.engine.chunks import Chunk, Job, OpenWork, Work, do_chunk, place_of
from legacy_import.engine.environment import (
    app_database,
    differences,
    environment_digests,
    in_words,
)
from legacy_import.engine.poison_rows import name_of
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt
from legacy_import.runs.lease import Lease, LeaseLost
from legacy_import.source.errors import SourceLost

logger = logging.getLogger(__name__)

# After so long, the server releases the locks of a chunk whose worker lost its session.
IDLE_TRANSACTION_SECONDS = 120

# The work of the last job, with what it loaded for all its chunks. A process works one job at a time.
_current: list[tuple[Job, Work]] = []


class OtherWorker(LegacyImportError):
    """The worker has other code, libraries or settings than the command that sent the chunk."""


class OtherDatabase(LegacyImportError):
    """The worker's app database is not that of the command that sent the chunk: it must not take any."""


def message_of(job: Job, chunk: Chunk) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two arguments of the task that works the chunk. Raises django.db.Error."""
    common = {
        "environment": dict(environment_digests(job.token)),
        "app_database": app_database(job.token),
    }
    return job.as_message() | common, chunk.as_message()


def work_chunk(
    job_message: Mapping[str, Any],
    chunk_message: Mapping[str, Any],
    open_work: OpenWork,
    worker: str = "",
) -> None:
    """Work the chunk of a message and write its receipt or a ChunkFailure.

    `open_work` finds the stage of the job; `worker` is this worker's name. Raises only OtherDatabase.
    """
    try:
        common = {name: job_message[name] for name in ("environment", "app_database")}
        job = Job.of_message({k: v for k, v in job_message.items() if k not in common})
        chunk = Chunk.of_message(chunk_message)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        _refuse_message(job_message, chunk_message, error, worker)
        return
    try:
        _retry(job, chunk, open_work, common, worker)
    except OtherDatabase:
        logger.error("run %d is not in this worker's app database (DATABASE_URL)", job.run_id)
        raise
    except LeaseLost:
        _log(logging.INFO, job, chunk, "is void: another command, or none, has the run's lease")
    except Exception as error:
        _current.clear()
        _give_up(job, chunk, error)


def _retry(
    job: Job, chunk: Chunk, open_work: OpenWork, common: Mapping[str, Any], worker: str
) -> None:
    """Try until the chunk is done. Raises LeaseLost if it is void, and permanent errors."""

    def once() -> None:
        try:
            _once(job, chunk, open_work, common, worker)
        except IntegrityError:
            close_connection()
            if not _is_done(job, chunk):
                raise  # else another worker was first, and this one was rolled back

    again(
        once,
        passing=lambda error: isinstance(error, SourceLost) or passes(error),
        notify=lambda error: _log(
            logging.WARNING, job, chunk, f"is tried again ({name_of(error)})"
        ),
    )


def _once(
    job: Job, chunk: Chunk, open_work: OpenWork, common: Mapping[str, Any], worker: str
) -> None:
    lease = Lease(job.run_id, job.token)
    try:
        lease.check()
    except LeaseLost:
        if common["app_database"] != app_database(job.token):
            raise OtherDatabase("This worker has another app database.") from None
        raise
    if _is_done(job, chunk):
        return
    require_same_environment(common["environment"], job.token, worker)
    end_idle_transactions(connection, IDLE_TRANSACTION_SECONDS)
    with attempt(job, chunk, worker):
        _log(logging.INFO, job, chunk, "is begun")
        result = do_chunk(job, chunk, _work_of(job, open_work), lease.check)
        _log(logging.INFO, job, chunk, f"is done ({result.rows} rows)")
    ChunkFailure.objects.filter(**place_of(job, chunk)).delete()


def _work_of(job: Job, open_work: OpenWork) -> Work:
    """The work of the job, opened once per job in this process."""
    if not _current or _current[0][0] != job:
        _current.clear()
        bulk.allow_files()
        _current.append((job, open_work(job)))
    return _current[0][1]


def require_same_environment(theirs: Any, token: str, worker: str) -> None:
    """Raise OtherWorker, naming what differs, if this worker is not like the command."""
    names = differences(environment_digests(token), theirs)
    if names:
        raise OtherWorker(
            f"Worker {worker} is not like this command: it has other values of {in_words(names)}.",
            hint="Give every worker the command's code and settings and restart it; then run the "
            "command again.",
        )


def _refuse_message(job_message: Any, chunk_message: Any, error: Exception, worker: str) -> None:
    """Tell the command about a message that this code cannot read, if its command is known."""
    logger.error("A message that is not a chunk (%s) was dropped.", name_of(error))
    refusal = OtherWorker(
        f"Worker {worker} cannot read this program's messages: it has another version of its code.",
        hint="Give every worker the command's code and restart it; then run the command again.",
    )
    try:
        job = Job(
            int(job_message["run_id"]), Stage(job_message["stage"]), str(job_message["token"])
        )
        chunk = Chunk(int(chunk_message["position"]), "", "", str(chunk_message.get("table", "")))
    except (TypeError, ValueError, KeyError, AttributeError):
        return  # the command finds that nothing comes back, and lists its workers
    _give_up(job, chunk, refusal)


def _give_up(job: Job, chunk: Chunk, error: Exception) -> None:
    """Record the failure for the command that waits for the chunk."""
    _log(logging.ERROR, job, chunk, f"failed and is not tried again ({name_of(error)})")
    explanation = {}
    if isinstance(error, LegacyImportError):
        explanation = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    close_connection()
    try:
        with transaction.atomic():
            Lease(job.run_id, job.token).check()
            ChunkFailure.objects.update_or_create(
                **place_of(job, chunk),
                defaults={"error": name_of(error), "at": timezone.now(), **explanation},
            )
    except LeaseLost:
        pass  # no command waits for it any more
    except AnyDatabaseError as report_error:
        # The command sends the chunk again when no receipt arrives for a while.
        _log(logging.ERROR, job, chunk, f"cannot be reported ({name_of(report_error)})")


def _is_done(job: Job, chunk: Chunk) -> bool:
    return ChunkReceipt.objects.filter(**place_of(job, chunk)).exists()


def _log(level: int, job: Job, chunk: Chunk, what: str) -> None:
    table = f" of {chunk.table}" if chunk.table else ""
    place = f"chunk {chunk.position}{table}"
    logger.log(level, "run %d, %s, %s %s", job.run_id, job.stage.value, place, what)
