"""The only Celery task: to work a chunk of a stage. This module connects the engine to the stages."""

from typing import Any

from ecoin.celery import app
from legacy_import.engine.celery_engine import CHUNK_TASK
from legacy_import.engine.worker import work_chunk
from legacy_import.stages import open_work


@app.task(name=CHUNK_TASK)  # type: ignore[untyped-decorator]
def chunk(job_message: dict[str, Any], chunk_message: dict[str, Any]) -> None:
    """Work one chunk. Never raises, because Celery would log the text of the error."""
    work_chunk(job_message, chunk_message, open_work)
