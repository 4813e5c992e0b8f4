"""A chunk on a worker: retried after errors of the database; a chunk that fails is recorded and logged.

No text of an error leaves this module, since drivers put values into theirs.
"""

import hashlib
import logging
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from django.db import Error as AnyDatabaseError
from django.utils import timezone

from ecoin import bulk
from ecoin.identity.keys import NORM_VERSION
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import Chunk, Job, OpenWork, Work, do_chunk, place_of
from legacy_import.engine.poison_rows import name_of
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt
from legacy_import.rules import RULES_VERSION
from legacy_import.runs.lease import Lease, LeaseLost
from legacy_import.source.engine import SourceLost

logger = logging.getLogger(__name__)

TRIES = 8  # with the pauses between them, about half a minute: a server has restarted by then
FIRST_PAUSE = 0.25  # seconds; each is twice as long as the last, and random, so that workers differ
TRANSIENT = (OperationalError, InterfaceError, SourceLost)

# The work of the last job, with what it loaded for all its chunks. A process works one job at a time.
_current: list[tuple[Job, Work]] = []


class OtherSettings(LegacyImportError):
    """The worker has other rules or settings than the command that sent the chunk."""


def work_chunk(
    job_message: Mapping[str, Any], chunk_message: Mapping[str, Any], open_work: OpenWork
) -> None:
    """Work the chunk of a message and write its receipt or a ChunkFailure. Raises nothing.

    `open_work` finds the stage of the job.
    """
    try:
        job = Job.of_message({k: v for k, v in job_message.items() if k != "settings_digest"})
        chunk = Chunk.of_message(chunk_message)
    except (TypeError, ValueError, KeyError) as error:
        logger.error("A message that is not a chunk (%s) was dropped.", name_of(error))
        return
    try:
        _require_same_settings(job_message.get("settings_digest", ""))
        _retry(job, chunk, open_work)
    except LeaseLost:
        _log(logging.INFO, job, chunk, "is void: another command, or none, has the run's lease")
    except Exception as error:
        _current.clear()
        _give_up(job, chunk, error)


def settings_digest() -> str:
    """One SHA-256 over everything outside the databases that the outcome of a chunk depends on.

    A digest, because some settings are addresses.
    """
    conf = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(import_conf()).items()
    }
    columns = settings.LEGACY_SCHEMA_FILE and Path(settings.LEGACY_SCHEMA_FILE).read_text("utf-8")
    source = (
        settings.LEGACY_DB_CHARSET,
        settings.LEGACY_DB_COLLATION,
        settings.LEGACY_DB_TIME_ZONE,
        columns,
    )
    text = repr((RULES_VERSION, NORM_VERSION, settings.TIME_ZONE, sorted(conf.items()), source))
    return hashlib.sha256(text.encode()).hexdigest()


def _retry(job: Job, chunk: Chunk, open_work: OpenWork) -> None:
    """Try until the chunk is done. Raises LeaseLost if it is void, and permanent errors."""
    for pause in (*(FIRST_PAUSE * 2**n for n in range(TRIES - 1)), None):
        try:
            _once(job, chunk, open_work)
            return
        except IntegrityError:
            _disconnect()
            if not _is_done(job, chunk):
                raise
            return  # another worker was first, and this one was rolled back
        except TRANSIENT as error:
            _disconnect()
            if pause is None:
                raise
            _log(logging.WARNING, job, chunk, f"is tried again ({name_of(error)})")
        time.sleep(pause * random.uniform(0.5, 1.5))


def _once(job: Job, chunk: Chunk, open_work: OpenWork) -> None:
    lease = Lease(job.run_id, job.token)
    lease.check()
    if _is_done(job, chunk):
        return
    do_chunk(job, chunk, _work_of(job, open_work), lease.check)
    ChunkFailure.objects.filter(**place_of(job, chunk)).delete()


def _work_of(job: Job, open_work: OpenWork) -> Work:
    """The work of the job, opened once per job in this process."""
    if not _current or _current[0][0] != job:
        _current.clear()
        bulk.allow_files()
        _current.append((job, open_work(job)))
    return _current[0][1]


def _require_same_settings(digest: str) -> None:
    if digest != settings_digest():
        raise OtherSettings(
            "A worker has other rules or other LEGACY_* settings than this command.",
            hint="Give all workers the command's code and settings, restart them, and run it again.",
        )


def _give_up(job: Job, chunk: Chunk, error: Exception) -> None:
    _log(logging.ERROR, job, chunk, f"failed and is not tried again ({name_of(error)})")
    explanation = {}
    if isinstance(error, LegacyImportError):
        explanation = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    _disconnect()
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


def _disconnect() -> None:
    """Close the connection: one that failed is not used again."""
    with suppress(AnyDatabaseError):
        connections[DEFAULT_DB_ALIAS].close()


def _log(level: int, job: Job, chunk: Chunk, what: str) -> None:
    table = f" of {chunk.table}" if chunk.table else ""
    place = f"chunk {chunk.position}{table}"
    logger.log(level, "run %d, %s, %s %s", job.run_id, job.stage.value, place, what)
