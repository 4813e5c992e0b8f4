"""Work done in a thread while the result before it is used."""

import threading
from collections.abc import Iterator

import pytest

from ecoin.bulk import work_ahead


@pytest.mark.parametrize("items", [0, 1, 2, 5])
def test_results_come_in_the_order_of_the_items(items: int) -> None:
    assert list(work_ahead(lambda item: item * 10, range(items))) == [
        item * 10 for item in range(items)
    ]


def test_the_next_item_is_worked_while_a_result_is_used_and_no_further_one_is_read() -> None:
    read: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for item in range(5):
            read.append(item)
            yield item

    def work(item: int) -> int:
        if item == 1:
            second.set()
        return item

    results = work_ahead(work, items())
    assert next(results) == 0
    assert second.wait(10)
    assert read == [0, 1]
    assert list(results) == [1, 2, 3, 4]


def test_an_error_of_the_work_reaches_the_caller() -> None:
    results = work_ahead(lambda item: 1 // item, [1, 0])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
