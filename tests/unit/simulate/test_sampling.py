from __future__ import annotations

from collections import Counter

import pytest

from llmlb.simulate.flaws import InputError
from llmlb.simulate.job import Job, NodeSpec
from llmlb.simulate.sampling import load_of, pace_of, thinned, with_keys
from llmlb.simulate.workload import Arrival, Workload

ARRIVALS = tuple(Arrival(float(at), Job("", "m", 4.0)) for at in range(2000))
WORKLOAD = Workload(ARRIVALS, 2000.0)


def test_keys_are_drawn_in_proportion_to_one_over_their_rank() -> None:
    counts = Counter(arrival.job.key for arrival in with_keys(ARRIVALS * 10, 3, 1.0, 1))
    assert {key: round(count / 20_000, 2) for key, count in counts.items()} == {
        "key-1": pytest.approx(6 / 11, abs=0.02),
        "key-2": pytest.approx(3 / 11, abs=0.02),
        "key-3": pytest.approx(2 / 11, abs=0.02),
    }
    even = Counter(arrival.job.key for arrival in with_keys(ARRIVALS * 10, 4, 0.0, 1))
    assert max(even.values()) < 1.1 * min(even.values())
    assert with_keys(ARRIVALS, 5, 1.1, 3) == with_keys(ARRIVALS, 5, 1.1, 3) != with_keys(ARRIVALS, 5, 1.1, 4)


def test_load_is_the_time_asked_of_the_time_there() -> None:
    nodes = [NodeSpec("a", ("m",)), NodeSpec("b", ("m",), speed=3.0)]
    assert pace_of(nodes, "m") == 2.0
    assert pace_of(nodes, "") == 2.0
    assert pace_of(nodes, "other") is None
    assert load_of(WORKLOAD, nodes) == pytest.approx(2000 * 4 / 2 / (2 * 2000))
    assert load_of(WORKLOAD, [NodeSpec("a", ("x",))]) == 0.0


def test_thinning_leaves_about_the_load_asked_for() -> None:
    nodes = [NodeSpec(f"n{n}", ("m",)) for n in range(2)]
    assert load_of(thinned(WORKLOAD, nodes, 0.9, 1), nodes) == pytest.approx(0.9, rel=0.06)
    assert thinned(WORKLOAD, nodes, 0.9, 1) == thinned(WORKLOAD, nodes, 0.9, 1) != thinned(WORKLOAD, nodes, 0.9, 2)
    assert thinned(WORKLOAD, nodes, 2.0, 1) == WORKLOAD


def test_a_load_that_is_not_there_or_leaves_nothing_is_refused() -> None:
    nodes = [NodeSpec("n", ("m",))]
    with pytest.raises(InputError) as caught:
        thinned(WORKLOAD, nodes, 5.0, 1)
    assert caught.value.flaws[0].text("en") == (
        '--load: "5": all of it makes a load of 4.00 (nodes: 1); take fewer nodes, or a lower load.'
    )
    with pytest.raises(InputError) as caught:
        thinned(Workload(ARRIVALS[:1], 1.0), nodes, 0.001, 1)
    assert caught.value.flaws[0].text("en") == '--load: "0.001": nothing is left; give a higher load.'
