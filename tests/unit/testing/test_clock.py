"""The clock moved by hand."""

from __future__ import annotations

import asyncio

import pytest

from llmlb.clock import Clock
from llmlb.testing import ManualClock


def test_it_stands_still_until_moved_and_wall_time_moves_along() -> None:
    clock: Clock = ManualClock(start=5.0, wall=100.0)
    assert (clock.now(), clock.wall()) == (5.0, 100.0)
    assert isinstance(clock, ManualClock)
    clock.advance(2.5)
    assert (clock.now(), clock.wall()) == (7.5, 102.5)


def test_timers_run_by_time_then_in_the_order_they_were_asked_for() -> None:
    clock = ManualClock(0.0)
    ran: list[tuple[str, float]] = []
    for name, when in (("late", 3.0), ("tie 1", 2.0), ("tie 2", 2.0), ("early", 1.0), ("beyond", 3.5)):
        clock.call_at(when, lambda name=name: ran.append((name, clock.now())))  # type: ignore[misc]
    clock.advance(3.0)
    assert ran == [("early", 1.0), ("tie 1", 2.0), ("tie 2", 2.0), ("late", 3.0)]
    assert (clock.pending, clock.next_due) == (1, 3.5)


def test_a_timer_may_add_timers_that_fall_due_in_the_same_move() -> None:
    clock = ManualClock(0.0)
    ran: list[float] = []

    def again() -> None:
        ran.append(clock.now())
        clock.call_at(clock.now() + 1.0, again)

    clock.call_at(1.0, again)
    clock.advance(3.5)
    assert ran == [1.0, 2.0, 3.0]
    assert clock.now() == 3.5


def test_a_cancelled_timer_never_runs_even_when_an_earlier_one_cancels_it() -> None:
    clock = ManualClock(0.0)
    ran: list[str] = []
    late = clock.call_at(2.0, lambda: ran.append("late"))
    clock.call_at(2.0, lambda: ran.append("other"))
    clock.call_at(1.0, late.cancel)
    clock.advance(5.0)
    assert ran == ["other"]
    assert clock.next_due is None


def test_a_time_already_past_is_due_at_the_next_move_even_of_nothing() -> None:
    clock = ManualClock(10.0)
    ran: list[float] = []
    clock.call_at(3.0, lambda: ran.append(clock.now()))
    assert ran == []
    clock.advance(0.0)
    assert ran == [10.0]


def test_it_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        ManualClock().advance(-1.0)


async def test_run_for_lets_woken_tasks_ask_for_later_timers() -> None:
    clock = ManualClock(0.0)
    woken: list[float] = []

    async def sleeper() -> None:
        for _ in range(3):
            wake = asyncio.Event()
            clock.call_at(clock.now() + 1.0, wake.set)
            await wake.wait()
            woken.append(clock.now())

    task = asyncio.create_task(sleeper())
    await clock.run_for(2.5)
    assert woken == [1.0, 2.0]
    await clock.run_for(1.0)
    assert task.done()
    assert clock.now() == 3.5
