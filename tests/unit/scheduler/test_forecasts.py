"""The factor that estimates learn from how they came out."""

from __future__ import annotations

import pytest

from llmlb.scheduler.forecasts import ENOUGH, LEAST, MOST, Forecasts


def test_it_counts_what_was_longer_and_what_was_shorter() -> None:
    forecasts = Forecasts()
    for waited in (3.0, 5.0, 9.0):
        forecasts.ended(waited, 5.0, 5.0)
    assert (forecasts.told, forecasts.shorter, forecasts.longer) == (3, 1, 1)


def test_the_factor_is_used_once_enough_is_known() -> None:
    forecasts = Forecasts()
    for _ in range(ENOUGH - 1):
        forecasts.ended(9.0, 5.0, 5.0)
    assert forecasts.factor == 1.0
    forecasts.ended(9.0, 5.0, 5.0)
    assert forecasts.factor > 1.2


def test_waits_that_come_out_as_drawn_teach_nothing() -> None:
    forecasts = Forecasts()
    for _ in range(100):
        forecasts.ended(5.0, 5.0, 5.0)
    assert forecasts.factor == 1.0


@pytest.mark.parametrize(("waited", "factor"), [(1000.0, MOST), (0.0, LEAST)])
def test_the_factor_has_limits(waited: float, factor: float) -> None:
    forecasts = Forecasts()
    for _ in range(1000):
        forecasts.ended(waited, 5.0, 5.0)
    assert forecasts.factor == factor


def test_it_settles_where_half_are_longer() -> None:
    forecasts = Forecasts()
    for number in range(2000):
        forecasts.ended(5.0 + number % 11, 5.0, 5.0 * forecasts.factor)
    assert forecasts.factor == pytest.approx(2.0, rel=0.15)
