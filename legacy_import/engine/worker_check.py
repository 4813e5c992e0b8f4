"""Which workers answer at the broker, and in what each differs from the command."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from kombu.exceptions import InconsistencyError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from ecoin.celery import app
from legacy_import.engine.environment import (
    Digests,
    app_database_address,
    differences,
    environment_digests,
    in_words,
)

ENVIRONMENT = "import_environment"  # the question that legacy_import/tasks.py answers
APP_DATABASE = "DATABASE_URL"
ANSWER_SECONDS = 4.0  # that workers are given to answer
OLDER_CODE = "the code (it does not know the question)"
MOST_WORKERS_NAMED = 8

Workers = Mapping[str, Sequence[str]]  # the name of each worker → what it has otherwise


def answer_of_worker(token: str) -> Digests:
    """What this process has; `token` is of the lease of the command."""
    return {**environment_digests(token), APP_DATABASE: app_database_address(token)}


def ask_workers(token: str) -> Workers:
    """Every worker that answers in ANSWER_SECONDS. A worker that is stopped does not.

    Raises what the broker's client raises.
    """
    try:
        replies = app.control.broadcast(
            ENVIRONMENT, arguments={"token": token}, reply=True, timeout=ANSWER_SECONDS
        )
    except (AttributeError, InconsistencyError) as error:
        # So the messaging library ends where its link breaks in the middle of an answer.
        raise BrokerError(f"The answers were lost ({type(error).__name__}).") from error
    own = answer_of_worker(token)
    return {
        worker: _differences(own, answer) for reply in replies for worker, answer in reply.items()
    }


def _differences(own: Digests, answer: Any) -> tuple[str, ...]:
    if not isinstance(answer, Mapping) or "error" in answer:
        return (OLDER_CODE,)
    return differences(own, answer)


class FirstLook:
    """Queries the workers in a thread, once, so that no one waits for their answers."""

    def __init__(self, token: str) -> None:
        self._answers: SimpleQueue[Workers] = SimpleQueue()
        # A daemon: a command that is done does not wait for workers that are slow to answer.
        self.thread = Thread(target=self._ask, args=(token,), name="worker-check", daemon=True)
        self.thread.start()

    def _ask(self, token: str) -> None:
        # Otherwise the engine itself waits for the broker, and reports it.
        with suppress(BrokerError, RedisError, OSError):
            self._answers.put(ask_workers(token))

    def warnings(self) -> list[str]:
        """Once they have answered: a sentence about each worker that is not like this command."""
        try:
            workers = self._answers.get_nowait()
        except Empty:
            return []
        return [_warning(name, names) for name, names in sorted(workers.items()) if names]


def described(workers: Workers) -> str:
    """Their names, each with what it has otherwise."""
    if not workers:
        return "no worker answers"
    descriptions = [
        f"{name} ({in_words(names)} differ)" if names else name
        for name, names in sorted(workers.items())[:MOST_WORKERS_NAMED]
    ]
    more = len(workers) - len(descriptions)
    return "workers that answer: " + ", ".join(descriptions) + (f" and {more} more" if more else "")


def _warning(worker: str, names: Sequence[str]) -> str:
    if APP_DATABASE in names:
        return (
            f"Worker {worker} has another DATABASE_URL: unless that is another address of the same "
            "database, it takes no chunk of this run."
        )
    return (
        f"Worker {worker} is not like this command: it has another {in_words(names)}. It is refused "
        "as soon as it takes a chunk."
    )
