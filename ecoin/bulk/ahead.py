"""Work done in a thread while the database is busy with the result before it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def work_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work(item)` for each item, in order; the next one is computed while the last one is used.

    `work` must not use a database: a connection belongs to one thread.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        current: Future[Result] | None = None
        for item in items:
            following = thread.submit(work, item)
            if current:
                yield current.result()
            current = following
        if current:
            yield current.result()
