"""A chunk on a worker: worked once, tried again where the database was in the way, given up aloud.

Whatever goes wrong, no text of an error leaves this module: drivers put values into theirs.
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

from ecoin import load_data
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

TRIES = 8  # with the rests between them, about half a minute: a server has restarted by then
FIRST_REST = 0.25  # seconds; each is twice as long as the last one, and no two workers' are alike
TRANSIENT = (OperationalError, InterfaceError, SourceLost)

# The work of the last job, with what it read for all its chunks. A process works one at a time.
_opened: list[tuple[Job, Work]] = []


class OtherSettings(LegacyImportError):
    """The worker would judge rows by other rules or settings than the command that asks it to."""


def work_chunk(
    job_message: Mapping[str, Any],
    chunk_message: Mapping[str, Any],
    open_work: OpenWork,
) -> None:
    """Work the chunk of a message, leave its receipt or a ChunkFailure, and raise nothing.

    `open_work`: of whichever stage the job is of.
    """
    try:
        job = Job.of_message({k: v for k, v in job_message.items() if k != "settings_digest"})
        chunk = Chunk.of_message(chunk_message)
    except (TypeError, ValueError, KeyError) as error:
        logger.error("A message that is no chunk (%s) was dropped.", name_of(error))
        return
    try:
        _require_same_settings(job_message.get("settings_digest", ""))
        _until_done(job, chunk, open_work)
    except LeaseLost:
        _say(logging.INFO, job, chunk, "is void: another command holds the run, or none")
    except Exception as error:
        _opened.clear()
        _give_up(job, chunk, error)


def settings_digest() -> str:
    """One SHA-256 over everything outside the databases that decides what a chunk comes to.

    A digest only: some settings are addresses.
    """
    conf = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(import_conf()).items()
    }
    columns = settings.LEGACY_SCHEMA_FILE and Path(settings.LEGACY_SCHEMA_FILE).read_text("utf-8")
    reading = (settings.LEGACY_DB_CHARSET, settings.LEGACY_DB_COLLATION, columns)
    said = repr((RULES_VERSION, NORM_VERSION, settings.TIME_ZONE, sorted(conf.items()), reading))
    return hashlib.sha256(said.encode()).hexdigest()


def _until_done(job: Job, chunk: Chunk, open_work: OpenWork) -> None:
    """Try until it is done. Raises LeaseLost when it is void, and what cannot be helped."""
    for rest in (*(FIRST_REST * 2**n for n in range(TRIES - 1)), None):
        try:
            _once(job, chunk, open_work)
            return
        except IntegrityError:
            _disconnect()
            if not _is_done(job, chunk):
                raise
            return  # another worker was first, and nothing of this one is left
        except TRANSIENT as error:
            _disconnect()
            if rest is None:
                raise
            _say(logging.WARNING, job, chunk, f"is tried again ({name_of(error)})")
        time.sleep(rest * random.uniform(0.5, 1.5))


def _once(job: Job, chunk: Chunk, open_work: OpenWork) -> None:
    lease = Lease(job.run_id, job.token)
    lease.check()
    if _is_done(job, chunk):
        return
    do_chunk(job, chunk, _work_of(job, open_work), lease.check)
    ChunkFailure.objects.filter(**place_of(job, chunk)).delete()


def _work_of(job: Job, open_work: OpenWork) -> Work:
    """What the job's other chunks were worked with in this process, or opened now."""
    if not _opened or _opened[0][0] != job:
        _opened.clear()
        load_data.allow()
        _opened.append((job, open_work(job)))
    return _opened[0][1]


def _require_same_settings(agreed: str) -> None:
    if agreed != settings_digest():
        raise OtherSettings(
            "A worker has other rules or other LEGACY_* settings than this command.",
            hint="Give all workers the command's code and settings, restart them, and run it again.",
        )


def _give_up(job: Job, chunk: Chunk, error: Exception) -> None:
    _say(logging.ERROR, job, chunk, f"is given up ({name_of(error)})")
    words = {}
    if isinstance(error, LegacyImportError):
        words = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    _disconnect()
    try:
        with transaction.atomic():
            Lease(job.run_id, job.token).check()
            ChunkFailure.objects.update_or_create(
                **place_of(job, chunk),
                defaults={"error": name_of(error), "at": timezone.now(), **words},
            )
    except LeaseLost:
        pass  # nobody waits for it any more
    except AnyDatabaseError as unwritten:
        # The command sends the chunk again when it has not heard of it for a while.
        _say(logging.ERROR, job, chunk, f"cannot be reported ({name_of(unwritten)})")


def _is_done(job: Job, chunk: Chunk) -> bool:
    return ChunkReceipt.objects.filter(**place_of(job, chunk)).exists()


def _disconnect() -> None:
    """A connection that failed is not used again."""
    with suppress(AnyDatabaseError):
        connections[DEFAULT_DB_ALIAS].close()


def _say(level: int, job: Job, chunk: Chunk, what: str) -> None:
    table = f" of {chunk.table}" if chunk.table else ""
    place = f"chunk {chunk.position}{table}"
    logger.log(level, "run %d, %s, %s %s", job.run_id, job.stage.value, place, what)
