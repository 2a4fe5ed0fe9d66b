"""The past hour by half minutes: what each tells, and when it is gone."""

from __future__ import annotations

import pytest

from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import NOT_SEEN, STEP_SECS, STEPS, Timeline
from llmlb.testing.clock import ManualClock
from tests.unit.telemetry.records import over

BEGIN = 100 * 3600.0
"""A step begins just then."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=BEGIN)


def test_an_hour_of_steps_that_nobody_saw_is_there_from_the_start(clock: ManualClock) -> None:
    assert STEPS * STEP_SECS == 3600
    assert Timeline(clock).steps() == (NOT_SEEN,) * STEPS


def test_the_present_step_is_the_last_and_can_be_read_before_it_is_over(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.sample(3, 1)
    *past, present = timeline.steps()
    assert (present.seen, present.waiting, present.in_service) == (True, 3.0, 1.0)
    assert past == [NOT_SEEN] * (STEPS - 1)


def test_a_step_tells_the_mean_of_the_looks_and_the_most_that_was_seen(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    for waiting, in_service in [(0, 1), (7, 2), (2, 2)]:
        timeline.sample(waiting, in_service)
    step = timeline.steps()[-1]
    assert (step.waiting, step.most_waiting, step.in_service) == pytest.approx((3.0, 7, 5 / 3))


def test_a_step_begins_anew_and_the_one_before_stays_as_it_was(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.sample(5, 1)
    timeline.add(over(waited=2.0))
    before = timeline.steps()[-1]
    clock.advance(STEP_SECS)
    timeline.sample(0, 0)
    former, present = timeline.steps()[-2:]
    assert former == before
    assert (present.waiting, present.most_waiting, present.wait_p50) == (0.0, 0, None)
    assert sum(present.outcomes.values()) == 0


def test_outcomes_are_counted_in_the_step_in_which_requests_are_over(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.add(over())
    timeline.add(over(Outcome.REJECTED, reached_node=False))
    clock.advance(STEP_SECS)
    timeline.add(over(service=STEP_SECS))
    before, present = timeline.steps()[-2:]
    assert before.outcomes == {**dict.fromkeys(Outcome, 0), Outcome.SERVED: 1, Outcome.REJECTED: 1}
    assert present.outcomes == {**dict.fromkeys(Outcome, 0), Outcome.SERVED: 1}
    assert before.seen, "requests were, though nobody had looked"


def test_waits_are_those_that_led_to_a_node_or_to_a_timeout(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.add(over(Outcome.CANCELLED, waited=500.0, reached_node=False))
    timeline.add(over(Outcome.REJECTED, reached_node=False))
    step = timeline.steps()[-1]
    assert (step.wait_p50, step.wait_p90) == (None, None)
    for _ in range(3):
        timeline.add(over())
    timeline.add(over(Outcome.FAILED, waited=2.0))
    timeline.add(over(Outcome.TIMED_OUT, waited=60.0, reached_node=False))
    step = timeline.steps()[-1]
    assert (step.wait_p50, step.wait_p90) == pytest.approx((0.0, 60.0), rel=0.05)


def test_what_was_read_does_not_change_any_more(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.add(over())
    read = timeline.steps()[-1]
    timeline.add(over())
    assert read.outcomes[Outcome.SERVED] == 1


def test_steps_in_which_nothing_happened_were_seen_all_the_same(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    for _ in range(3 * STEP_SECS):
        timeline.sample(0, 0)
        clock.advance(1)
    assert [step.seen for step in timeline.steps()[-4:]] == [True, True, True, False]


@pytest.mark.parametrize("gap", [2, STEPS - 1, STEPS, 10 * STEPS])
def test_a_time_in_which_nobody_looked_shows_as_such(clock: ManualClock, gap: int) -> None:
    timeline = Timeline(clock)
    timeline.sample(9, 9)
    clock.advance(gap * STEP_SECS)
    steps = timeline.steps()
    assert len(steps) == STEPS
    assert [number for number, step in enumerate(reversed(steps)) if step.seen] == ([gap] if gap < STEPS else [])


def test_a_step_is_gone_after_an_hour(clock: ManualClock) -> None:
    timeline = Timeline(clock)
    timeline.sample(9, 9)
    for _ in range(STEPS - 1):
        clock.advance(STEP_SECS)
        timeline.sample(0, 0)
    assert timeline.steps()[0].waiting == 9.0
    clock.advance(STEP_SECS)
    assert timeline.steps()[0].waiting == 0.0
