"""The counting itself: a guard that counts nothing would agree to everything."""

from __future__ import annotations

import statistics

from tests.performance.tally import Tally


def counted(values: list[float], times: int = 1) -> dict[str, int]:
    """The calls of some code that is no test, by the function alone."""
    tally = Tally()
    tally.start()
    for _ in range(times):
        statistics.median(values)
    tally.stop()
    return {name.partition(" ")[2]: calls for name, calls in tally.by_function().items()}


def test_a_function_counts_for_itself_and_for_what_it_calls_in_c() -> None:
    assert counted([3.0, 1.0, 2.0]) == {"median": 3}  # itself, sorted and len


def test_each_time_counts_the_same() -> None:
    assert counted([3.0, 1.0, 2.0], times=50) == {"median": 150}


def test_the_measuring_does_not_count() -> None:
    tally = Tally()
    tally.start()
    sorted([2, 1])
    tally.stop()

    assert tally.by_function() == {}
