"""Quantiles against sorted lists."""

from __future__ import annotations

from math import ceil

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from llmlb.telemetry.quantiles import GROWTH, LONGEST_SECS, RELATIVE_ERROR, SHORTEST_SECS, Quantiles

SECONDS = (
    st.just(0.0)
    | st.floats(SHORTEST_SECS, LONGEST_SECS)
    | st.floats(-6.9, 11.3).map(lambda power: max(SHORTEST_SECS, 2.718281828**power))
    | st.integers(0, 190).map(lambda number: SHORTEST_SECS * GROWTH**number)
)
LISTS = st.lists(SECONDS, max_size=60)
PARTS = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0])


def counted(seconds: list[float]) -> Quantiles:
    quantiles = Quantiles()
    for value in seconds:
        quantiles.add(value)
    return quantiles


def agrees(quantiles: Quantiles, seconds: list[float], q: float) -> None:
    """Within the promised error of the one of that rank."""
    assert quantiles.count == len(seconds)
    if not seconds:
        assert quantiles.quantile(q) is None
        return
    true = sorted(seconds)[max(1, ceil(q * len(seconds))) - 1]
    assert quantiles.quantile(q) == pytest.approx(true, rel=RELATIVE_ERROR + 1e-9, abs=0.0)


@given(LISTS, PARTS)
@example([LONGEST_SECS], 1.0)
@example([SHORTEST_SECS, 0.0], 0.5)
def test_a_quantile_is_near_the_one_of_its_rank(seconds: list[float], q: float) -> None:
    agrees(counted(seconds), seconds, q)


@given(LISTS, LISTS, PARTS)
def test_merged_is_as_if_all_had_been_counted_in_one_place(one: list[float], other: list[float], q: float) -> None:
    quantiles = counted(one)
    quantiles.merge(counted(other))
    agrees(quantiles, one + other, q)


@given(LISTS, LISTS, PARTS)
def test_taken_away_is_as_if_it_had_never_been(one: list[float], other: list[float], q: float) -> None:
    quantiles = counted(one + other)
    quantiles.take_away(counted(other))
    agrees(quantiles, one, q)
    quantiles.take_away(counted(one))
    assert quantiles.quantile(q) is None
    assert quantiles._counts == {}, "nothing is kept of what is gone"


@given(LISTS, st.lists(PARTS, max_size=5))
def test_several_at_once_are_the_same_as_one_by_one(seconds: list[float], qs: list[float]) -> None:
    quantiles = counted(seconds)
    assert quantiles.quantiles(iter(qs)) == tuple(quantiles.quantile(q) for q in qs)


@given(SECONDS, SECONDS)
def test_longer_is_never_in_a_lower_bucket(one: float, other: float) -> None:
    shorter, longer = [counted([seconds]).quantile(1.0) for seconds in sorted((one, other))]
    assert shorter is not None
    assert longer is not None
    assert shorter <= longer
