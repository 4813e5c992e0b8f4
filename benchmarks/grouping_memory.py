"""`python -m benchmarks.grouping_memory ROWS`: bytes of memory a row takes while rows are grouped.

Grouping (`legacy_import/people/groups.py`) keeps every row that is in any pair in memory at once: the
one part of a stage that grows with the run. Pairs of made-up row ids go through it, without a database.
"""

import sys
import tracemalloc

import django

FIRST = 10_000_000  # ids like those of a large run


def bytes_a_row(rows: int) -> float:
    """Peak bytes per row, of so many rows in pairs of two."""
    from legacy_import.people import groups

    pairs = ((FIRST + row, FIRST + row + 1) for row in range(0, rows, 2))
    tracemalloc.start()
    try:
        for _ in groups._batches(*groups._components(pairs)):
            pass
        return tracemalloc.get_traced_memory()[1] / rows
    finally:
        tracemalloc.stop()


def main() -> None:
    django.setup()
    print(bytes_a_row(int(sys.argv[1])))


if __name__ == "__main__":
    main()
