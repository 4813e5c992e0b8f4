"""Settings of the garbage collector while a command works."""

import gc

import pytest

from ecoin.bulk import fewer_collections


def test_the_collector_runs_seldom_and_is_as_before_afterwards() -> None:
    threshold = gc.get_threshold()
    with fewer_collections():
        assert gc.get_threshold()[0] > threshold[0]
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (threshold, 0)


def test_the_collector_is_as_before_after_an_error() -> None:
    threshold = gc.get_threshold()

    def fail() -> None:
        with fewer_collections():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (threshold, 0)
