"""The broker as the command that sends chunks sees it: send one, and how many wait. No personal data."""

from collections.abc import Callable
from typing import TypeVar

from kombu.exceptions import ChannelError, OperationalError
from redis.exceptions import RedisError

from ecoin.celery import app
from legacy_import.engine.agreement import agreement
from legacy_import.engine.chunks import Chunk, Job

CHUNK_TASK = "legacy_import.chunk"

Answer = TypeVar("Answer")


class BrokerAway(Exception):
    """The broker does not answer, or not yet again."""


def address() -> str:
    """Where the broker is, without its password."""
    return str(app.connection_for_write().as_uri())


def send(job: Job, chunk: Chunk) -> None:
    """Hand a chunk to whichever worker takes it. Raises BrokerAway."""
    message = job.as_message() | {"agreement": agreement()}
    arguments = [message, chunk.as_message()]
    _asked(lambda: app.send_task(CHUNK_TASK, args=arguments, retry_policy={"max_retries": 0}))


def waiting() -> int:
    """How many messages no worker has taken yet. Raises BrokerAway."""
    return _asked(_waiting)


def _waiting() -> int:
    with app.connection_for_write() as connection:
        try:
            channel = connection.channel()
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except ChannelError:  # nothing was ever sent, or everything was taken
            return 0
        return int(queue.message_count)


def _asked(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerAway from error
