"""Quantiles of durations: what comes out at the edges. That they are right in between: tests/property."""

from __future__ import annotations

import tracemalloc

import pytest

from llmlb.telemetry.quantiles import LONGEST_SECS, RELATIVE_ERROR, SHORTEST_SECS, Quantiles


def of(*seconds: float) -> Quantiles:
    quantiles = Quantiles()
    for value in seconds:
        quantiles.add(value)
    return quantiles


def test_of_nothing_there_is_none() -> None:
    assert Quantiles().quantile(0.5) is None
    assert Quantiles().quantiles((0.5, 0.9)) == (None, None)


def test_the_error_that_is_promised_is_small() -> None:
    assert RELATIVE_ERROR < 0.05


def test_no_time_at_all_is_exactly_none() -> None:
    assert of(0.0, 0.0, 60.0).quantile(0.5) == 0.0


def test_what_is_below_a_millisecond_counts_as_no_time() -> None:
    assert of(SHORTEST_SECS / 2).quantile(1.0) == 0.0
    assert of(SHORTEST_SECS).quantile(1.0) == pytest.approx(SHORTEST_SECS, rel=0.05)


@pytest.mark.parametrize("seconds", [LONGEST_SECS, 2 * LONGEST_SECS, 1e300, float("inf")])
def test_what_takes_more_than_a_day_counts_as_a_day(seconds: float) -> None:
    assert of(seconds).quantile(0.5) == pytest.approx(LONGEST_SECS, rel=0.1)


def test_half_of_an_odd_number_is_the_one_in_the_middle() -> None:
    assert of(1.0, 10.0, 100.0).quantile(0.5) == pytest.approx(10.0, rel=0.05)


def test_half_of_an_even_number_is_the_one_before_the_middle() -> None:
    assert of(1.0, 10.0, 100.0, 1000.0).quantile(0.5) == pytest.approx(10.0, rel=0.05)


def test_the_ends_are_the_shortest_and_the_longest() -> None:
    quantiles = of(3.0, 1.0, 20.0)
    assert quantiles.quantiles((0.0, 1.0)) == pytest.approx((1.0, 20.0), rel=0.05)


def test_nine_of_ten() -> None:
    assert of(*[1.0] * 9, 50.0).quantile(0.9) == pytest.approx(1.0, rel=0.05)
    assert of(*[1.0] * 8, 50.0, 50.0).quantile(0.9) == pytest.approx(50.0, rel=0.05)


@pytest.mark.parametrize("others", [of(1.0, 1.0), of(5.0)], ids=["more than there were", "never there"])
def test_what_was_not_counted_cannot_be_taken_away(others: Quantiles) -> None:
    with pytest.raises((KeyError, ValueError)):
        of(1.0).take_away(others)


def test_memory_does_not_grow_with_their_number() -> None:
    quantiles = of(*(SHORTEST_SECS * 1.03**n for n in range(700)))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for n in range(20_000):
            quantiles.add(SHORTEST_SECS * 1.03 ** (n % 700))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000
