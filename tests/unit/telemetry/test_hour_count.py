"""A count over the past hour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmlb.telemetry.hour_count import BUCKET_SECS, HOUR_SECS, HourCount
from llmlb.testing.clock import ManualClock


def test_what_happened_counts_for_an_hour_and_is_gone_half_a_minute_later() -> None:
    clock = ManualClock()
    count = HourCount(clock)
    count.add()
    count.add()
    clock.advance(HOUR_SECS)
    assert count.total() == 2
    clock.advance(BUCKET_SECS)
    assert count.total() == 0


pauses = st.floats(0, 90) | st.sampled_from([30.0, 3570.0, 3600.0, 3630.0, 1e6])


@given(st.lists(pauses, max_size=200))
def test_it_says_what_a_list_of_everything_would_say(pauses: list[float]) -> None:
    clock = ManualClock()
    count = HourCount(clock)
    times: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        count.add()
        times.append(clock.now())
        oldest = (clock.now() // BUCKET_SECS - HOUR_SECS // BUCKET_SECS) * BUCKET_SECS
        assert count.total() == sum(time >= oldest for time in times)


def test_it_holds_no_more_than_an_hour_though_nobody_asks() -> None:
    clock = ManualClock()
    count = HourCount(clock)
    for _ in range(1000):
        count.add()
        clock.advance(BUCKET_SECS)
    assert len(count._buckets) == HOUR_SECS // BUCKET_SECS + 1
