"""Whose the nodes' time was: what counts, for how long, and in how much memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.telemetry.node_time import BUCKET_SECS, WINDOW_SECS, NodeTime
from llmlb.telemetry.usage import OTHERS
from llmlb.testing.clock import ManualClock


def test_nobody_has_a_share_while_nothing_was_served() -> None:
    assert NodeTime(ManualClock()).shares() == {}


def test_a_share_is_a_part_of_the_time_not_of_the_requests() -> None:
    time = NodeTime(ManualClock())
    time.add("a", 6.0)
    for _ in range(2):
        time.add("b", 1.0)
    assert time.shares() == {"a": pytest.approx(0.75), "b": pytest.approx(0.25)}


def test_a_request_in_service_counts_for_as_long_as_it_has_run() -> None:
    clock = ManualClock()
    time = NodeTime(clock)
    time.add("a", 5.0)
    clock.advance(15.0)
    assert time.shares([("b", clock.now() - 15.0)]) == {"a": pytest.approx(0.25), "b": pytest.approx(0.75)}
    assert time.shares() == {"a": 1.0}, "asking adds nothing"


def test_of_a_long_service_only_the_past_five_minutes_count() -> None:
    clock = ManualClock()
    time = NodeTime(clock)
    time.add("over", 3600.0)
    time.add("short", WINDOW_SECS)
    going_on = [("going on", clock.now() - 3600.0)]
    shares = time.shares(going_on)
    assert shares["over"] == shares["going on"] == pytest.approx(1 / 3)


def test_a_service_is_gone_when_its_end_is_past_the_window() -> None:
    clock = ManualClock(start=1005.0)
    time = NodeTime(clock)
    time.add("a", 2.0)
    clock.advance(WINDOW_SECS)
    assert time.shares() == {"a": 1.0}
    clock.advance(BUCKET_SECS)
    assert time.shares() == {}


def test_a_service_of_no_time_is_no_share() -> None:
    time = NodeTime(ManualClock())
    time.add("a", 0.0)
    assert time.shares() == {}


def test_keys_beyond_the_most_are_counted_together_for_as_long_as_there_are_so_many() -> None:
    clock = ManualClock()
    time = NodeTime(clock, most=2)
    for key in "abcda":
        time.add(key, 1.0)
    assert time.shares() == {"a": 0.4, "b": 0.2, OTHERS: 0.4}
    clock.advance(20)
    time.add("c", 5.0)
    assert time.shares() == {"a": 0.2, "b": 0.1, OTHERS: 0.2, "c": 0.5}


pauses = st.floats(0, 40) | st.sampled_from([10.0, 290.0, 300.0, 310.0, 1e6])
services = st.floats(0, 400) | st.sampled_from([10.0, 300.0, 310.0, 1e5])


@given(st.lists(st.tuples(pauses, st.sampled_from("abc"), services), max_size=30), pauses)
def test_it_says_what_a_list_of_everything_would_say(story: list[tuple[float, str, float]], pause: float) -> None:
    clock = ManualClock(start=1e6)
    time = NodeTime(clock)
    everything: list[tuple[str, float, float]] = []
    for before, key, seconds in story:
        clock.advance(before)
        time.add(key, seconds)
        everything.append((key, clock.now() - seconds, clock.now()))
    clock.advance(pause)

    begin = (clock.now() // BUCKET_SECS - WINDOW_SECS // BUCKET_SECS) * BUCKET_SECS
    had = {key: sum(max(0.0, till - max(since, begin)) for k, since, till in everything if k == key) for key in "abc"}
    total = sum(had.values())
    shares = time.shares()
    if total > 1e-6:
        assert {key: shares.get(key, 0.0) for key in "abc"} == {
            k: pytest.approx(h / total, abs=1e-6) for k, h in had.items()
        }
