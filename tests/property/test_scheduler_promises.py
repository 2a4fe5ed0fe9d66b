"""`Retry-After` over any queue and any refusals."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from llmlb.scheduler.promises import Promises
from tests.property.histories import WEIGHTS, Event, histories, played

MOMENTS = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 7.0, 100.0]), min_size=1, max_size=40)
DEPARTURES = st.lists(st.floats(0.0, 500.0) | st.just(float("inf")), max_size=12).map(sorted)


@given(leaving=DEPARTURES, free=st.integers(0, 3), moments=MOMENTS)
def test_it_is_one_to_sixty_and_never_less_for_who_is_refused_later_in_one_instant(
    leaving: list[float], free: int, moments: list[float]
) -> None:
    """39."""
    promises = Promises()
    now, told = 1000.0, 0
    for moment in moments:
        seconds = promises.make([now + at for at in leaving], free, now + moment)
        now += moment
        assert 1 <= seconds <= 60
        assert moment or seconds >= told
        told = seconds


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), moments=MOMENTS)
def test_so_it_is_for_a_real_queue(
    events: list[Event], weights: dict[str, float], nodes: int, moments: list[float]
) -> None:
    desk = played(events, weights, nodes=nodes)
    told = 0
    for moment in moments:
        desk.now += moment
        seconds = desk.scheduler.retry_after(0, desk.now)
        if desk.scheduler._times.known:
            assert 1 <= seconds <= 60
            assert moment or seconds >= told
        else:
            assert seconds == 5
        told = seconds
