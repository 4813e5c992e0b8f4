"""The only Celery task: to work a chunk of a stage. This module connects the engine to the stages."""

from typing import Any

from celery.worker.control import inspect_command

from ecoin.celery import app
from legacy_import.engine.celery_engine import CHUNK_TASK, leave_queue, send
from legacy_import.engine.worker import OtherDatabase, work_chunk
from legacy_import.engine.worker_check import answer_of_worker
from legacy_import.stages import open_work


@app.task(name=CHUNK_TASK, bind=True)  # type: ignore[untyped-decorator]
def chunk(self: Any, job_message: dict[str, Any], chunk_message: dict[str, Any]) -> None:
    """Work one chunk. Never raises, because Celery would log the text of the error.

    A worker of another app database leaves the queue, and gives the chunk back to those of this one.
    """
    worker = str(self.request.hostname or "")
    try:
        work_chunk(job_message, chunk_message, open_work, worker)
    except OtherDatabase:
        leave_queue(worker)
        send(job_message, chunk_message)


@inspect_command(args=[("token", str)])  # type: ignore[untyped-decorator]
def import_environment(state: Any, token: str = "") -> dict[str, Any]:
    """What this worker has in common with the command that has this lease (engine.environment)."""
    return dict(answer_of_worker(token))
