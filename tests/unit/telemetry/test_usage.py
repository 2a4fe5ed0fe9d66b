"""Usage by name: what is counted, for how long, and under how many names."""

from __future__ import annotations

import pytest

from llmlb.telemetry.record import Outcome
from llmlb.telemetry.usage import BUCKET_SECS, HOUR_SECS, MOST_NAMES, NO_USAGE, OTHERS, HourByName
from llmlb.testing.clock import ManualClock
from tests.unit.telemetry.records import over

BEGIN = 100 * 3600.0
"""A bucket begins just then."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=BEGIN)


def test_a_name_under_which_nothing_happened_has_zeros_and_is_not_listed(clock: ManualClock) -> None:
    hour = HourByName(clock)
    assert hour.of("a") == NO_USAGE
    assert (hour.usage(), hour.names()) == ({}, ())
    assert NO_USAGE.outcomes == dict.fromkeys(Outcome, 0)
    assert (NO_USAGE.wait_p50, NO_USAGE.service_mean) == (None, None)


def test_everything_about_a_name(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over(service=2.0, tokens=100))
    hour.add("a", over(waited=10.0, service=4.0, tokens=50))
    hour.add("a", over(Outcome.FAILED, waited=1.0, service=30.0))
    hour.add("a", over(Outcome.CANCELLED, waited=99.0, reached_node=False))
    hour.add("b", over(Outcome.REJECTED, reached_node=False))
    usage = hour.of("a")
    assert usage.outcomes == {
        Outcome.SERVED: 2,
        Outcome.REJECTED: 0,
        Outcome.TIMED_OUT: 0,
        Outcome.CANCELLED: 1,
        Outcome.FAILED: 1,
    }
    assert (usage.tokens, usage.node_seconds) == (150, 36.0)
    assert (usage.wait_p50, usage.wait_p90) == pytest.approx((1.0, 10.0), rel=0.05)
    assert (usage.service_p50, usage.service_p90) == pytest.approx((2.0, 4.0), rel=0.05)
    assert usage.service_mean == 3.0, "of those that were served"
    assert hour.of("b").outcomes[Outcome.REJECTED] == 1
    assert hour.of("b").wait_p50 is None


def test_who_did_not_wait_counts_as_a_wait_of_zero(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over())
    assert (hour.of("a").wait_p50, hour.of("a").wait_p90) == (0.0, 0.0)


def test_what_was_told_before_is_told_anew_after_another_request(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over())
    before = hour.of("a")
    hour.add("a", over())
    assert before.outcomes[Outcome.SERVED] == 1
    assert hour.of("a").outcomes[Outcome.SERVED] == 2


def test_names_come_with_the_one_that_was_busy_last_first(clock: ManualClock) -> None:
    hour = HourByName(clock)
    for name in "abca":
        hour.add(name, over())
    assert hour.names() == ("a", "c", "b")
    assert list(hour.usage()) == ["a", "c", "b"]


def test_a_record_counts_for_an_hour_and_is_gone_five_minutes_later(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over(Outcome.TIMED_OUT, waited=60.0))
    clock.advance(HOUR_SECS)
    assert hour.of("a").outcomes[Outcome.TIMED_OUT] == 1
    clock.advance(BUCKET_SECS)
    assert hour.of("a") == NO_USAGE
    assert hour.usage() == {}


def test_of_a_name_that_goes_on_only_the_old_is_forgotten(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over(waited=0.1, service=0.2, tokens=7))
    clock.advance(HOUR_SECS)
    hour.add("a", over(waited=30.0, service=9.0, tokens=1))
    assert hour.of("a").tokens == 8
    clock.advance(BUCKET_SECS)
    fresh = HourByName(clock)
    fresh.add("a", over(waited=30.0, service=9.0, tokens=1))
    assert hour.of("a") == fresh.of("a"), "nothing is left of it, not even by rounding"


def test_beyond_the_most_names_they_are_counted_together(clock: ManualClock) -> None:
    hour = HourByName(clock)
    for number in range(MOST_NAMES + 5):
        hour.add(f"made-up-{number}", over())
    hour.add("made-up-0", over())
    assert len(hour.names()) == MOST_NAMES + 1
    assert hour.of(OTHERS).outcomes[Outcome.SERVED] == 5
    assert hour.of("made-up-0").outcomes[Outcome.SERVED] == 2, "who has a name of its own keeps it"
    assert sum(usage.outcomes[Outcome.SERVED] for usage in hour.usage().values()) == MOST_NAMES + 6


def test_a_name_that_lapses_makes_room_for_another(clock: ManualClock) -> None:
    hour = HourByName(clock)
    for number in range(MOST_NAMES):
        hour.add(f"made-up-{number}", over())
    clock.advance(HOUR_SECS + BUCKET_SECS)
    hour.add("new", over())
    assert hour.of("new").outcomes[Outcome.SERVED] == 1
    assert hour.names() == ("new",)


def test_names_lapse_as_others_come_though_nobody_asks(clock: ManualClock) -> None:
    hour = HourByName(clock)
    for number in range(MOST_NAMES):
        hour.add(f"old-{number}", over())
    clock.advance(HOUR_SECS + BUCKET_SECS)
    for _ in range(MOST_NAMES // 2):
        hour.add("new", over())
    assert hour.of("old-0") == NO_USAGE
    assert len(hour._names) == 1, "memory is given back, not only hidden"


def test_a_name_that_was_asked_for_after_it_had_lapsed_can_come_again(clock: ManualClock) -> None:
    hour = HourByName(clock)
    hour.add("a", over())
    clock.advance(HOUR_SECS + BUCKET_SECS)
    assert hour.of("a") == NO_USAGE
    hour.add("a", over())
    assert hour.of("a").outcomes[Outcome.SERVED] == 1
