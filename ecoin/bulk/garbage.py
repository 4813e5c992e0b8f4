"""Fewer searches for reference cycles while rows come and go by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN_COLLECTIONS = 20_000  # 700 by default


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Python's garbage collector runs seldom, and skips what exists already (modules, mostly)."""
    threshold = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
