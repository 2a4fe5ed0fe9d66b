from __future__ import annotations

import pytest

from llmlb.nodes.rolling_mean import WINDOW, RollingMean


def test_there_is_none_before_the_first_value() -> None:
    assert RollingMean().value is None


def test_it_is_the_mean_of_the_last_values_only() -> None:
    mean = RollingMean()
    for value in (5.0, 7.0):
        mean.add(value)
    assert mean.value == 6.0
    for _ in range(WINDOW):
        mean.add(1.0)
    assert mean.value == pytest.approx(1.0)


def test_what_rounding_leaves_is_never_a_time_below_zero() -> None:
    mean = RollingMean()
    for value in (0.1, 0.2, 0.3, *[0.0] * WINDOW):
        mean.add(value)
    assert mean.value == pytest.approx(0.0)
    assert mean.value is not None
    assert mean.value >= 0.0
