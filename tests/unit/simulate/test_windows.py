from __future__ import annotations

import pytest

from llmlb.simulate.watch import Service
from llmlb.simulate.windows import by_window, jain_indices

HOUR = {key: [(0.0, 900.0)] for key in "abc"}


def test_service_counts_in_the_windows_in_which_it_ran() -> None:
    services = [Service("a", 5.0, 25.0), Service("b", 12.0, 13.0), Service("a", 28.0, 50.0)]
    assert [dict(window) for window in by_window(services, 10.0, 30.0)] == [
        {"a": 5.0},
        {"a": 10.0, "b": 1.0},
        {"a": 7.0},
    ]


def test_equal_service_is_one_and_all_to_one_of_two_is_a_half() -> None:
    services = [Service("a", 0.0, 100.0), Service("b", 100.0, 200.0), Service("a", 300.0, 600.0)]
    assert jain_indices(services, HOUR, {}, [["a", "b"]], 600.0) == [pytest.approx(1.0), pytest.approx(0.5)]


def test_by_weight_twice_the_service_is_equal() -> None:
    services = [Service("a", 0.0, 200.0), Service("b", 200.0, 300.0)]
    assert jain_indices(services, HOUR, {"a": 2.0}, [["a", "b"]], 300.0) == [pytest.approx(1.0)]
    (unweighted,) = jain_indices(services, HOUR, {}, [["a", "b"]], 300.0)
    assert unweighted == pytest.approx(300**2 / (2 * (200**2 + 100**2)))


def test_only_keys_that_waited_all_the_window_and_ask_for_the_same_nodes_count() -> None:
    services = [Service("a", 0.0, 300.0), Service("b", 0.0, 1.0)]
    short = HOUR | {"b": [(0.0, 299.0)]}
    assert jain_indices(services, short, {}, [["a", "b"]], 300.0) == []
    assert jain_indices(services, HOUR, {}, [["a"], ["b"]], 300.0) == []
    (three,) = jain_indices(services, short, {}, [["a", "b", "c"]], 300.0)
    assert three == pytest.approx(0.5)


def test_a_window_that_is_not_whole_or_comes_too_early_does_not_count() -> None:
    services = [Service(key, at, at + 10.0) for at in (0.0, 300.0, 600.0) for key in "ab"]
    assert len(jain_indices(services, HOUR, {}, [["a", "b"]], 899.0)) == 2
    assert len(jain_indices(services, HOUR, {}, [["a", "b"]], 900.0, start=300.0)) == 2
