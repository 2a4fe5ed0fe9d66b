from __future__ import annotations

import pytest

from llmlb.simulate.gaps import MOST_STEPS, gap_bound, largest_gap
from llmlb.simulate.watch import Service

ALWAYS = {"a": [(0.0, 100.0)], "b": [(0.0, 100.0)]}
PAIR = [["a", "b"]]


def turns(*keys: str, secs: float = 10.0) -> list[Service]:
    """Services of one node, one after another."""
    return [Service(key, at * secs, (at + 1) * secs) for at, key in enumerate(keys)]


def test_the_gap_is_the_most_that_one_got_ahead_and_fell_back_in_any_interval() -> None:
    assert largest_gap(turns(*"abababab"), ALWAYS, {}, PAIR, until=80.0) == pytest.approx(10.0)
    assert largest_gap(turns(*"aabbaabb"), ALWAYS, {}, PAIR, until=80.0) == pytest.approx(20.0)
    assert largest_gap(turns(*"abbbbaab"), ALWAYS, {}, PAIR, until=80.0) == pytest.approx(40.0)


def test_service_counts_while_it_runs() -> None:
    assert largest_gap([Service("a", 0.0, 90.0)], ALWAYS, {}, PAIR, until=50.0) == pytest.approx(50.0)
    assert largest_gap([Service("a", 3.0, 7.0)], ALWAYS, {}, PAIR, until=50.0) == pytest.approx(4.0)


def test_service_is_divided_by_the_weight() -> None:
    assert largest_gap(turns("a", "a", "b"), ALWAYS, {"a": 2.0}, PAIR, until=30.0) == pytest.approx(10.0)


def test_only_times_when_both_always_waited_count() -> None:
    services = turns(*"aaaaabbbbb")
    backlogs = {"a": [(0.0, 100.0)], "b": [(0.0, 20.0), (80.0, 100.0)]}
    assert largest_gap(services, backlogs, {}, PAIR, until=100.0) == pytest.approx(20.0)
    assert largest_gap(services, {"a": [(0.0, 100.0)]}, {}, PAIR, until=100.0) is None
    assert largest_gap(services, ALWAYS, {}, [["a"], ["b"]], until=100.0) is None
    assert largest_gap(services, ALWAYS, {}, PAIR, start=40.0, until=60.0) == pytest.approx(10.0)


def test_a_long_run_is_looked_at_less_often() -> None:
    long = 1e6
    services = [Service("a", n * 1000.0, n * 1000.0 + 500) for n in range(1000)]
    backlogs = {"a": [(0.0, long)], "b": [(0.0, long)]}
    assert largest_gap(services, backlogs, {}, PAIR, until=long) == pytest.approx(500_000, rel=0.001)
    assert long / 2 > MOST_STEPS


def test_the_bound_is_that_of_the_algorithm() -> None:
    services = [*turns("a", "b", secs=4.0), Service("a", 0.0, 12.0)]
    mean = (4 + 4 + 12) / 3
    assert gap_bound(services, {}, PAIR, 1, 0.0) == pytest.approx(mean + 24)
    assert gap_bound(services, {}, PAIR, 3, 0.0) == pytest.approx(mean + 24 + 2 * 2 * 12)
    assert gap_bound(services, {"a": 2.0, "b": 0.5}, PAIR, 2, 5.0) == pytest.approx(
        5 + 12 / 2 + 12 / 0.5 + 2 * 12 / 0.5
    )


def test_costs_of_less_than_a_second_count_as_one() -> None:
    assert gap_bound(turns("a", "b", secs=0.1), {}, PAIR, 1, 0.0) == pytest.approx(3.0)
    assert gap_bound([], {}, [], 1, 0.0) == pytest.approx(3.0)


def test_the_quantum_is_the_largest_mean_of_fifty() -> None:
    services = turns(*["a"] * 50, secs=2.0) + turns(*["b"] * 50, secs=6.0) + turns(*["a"] * 50, secs=2.0)
    assert gap_bound(services, {}, PAIR, 1, 0.0) == pytest.approx(6.0 + 12.0)
