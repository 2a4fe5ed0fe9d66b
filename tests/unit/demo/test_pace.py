"""Taking one's time."""

from __future__ import annotations

import asyncio

from llmlb.demo.pace import pause_until
from llmlb.testing import ManualClock, settle


async def test_a_pause_ends_when_its_time_has_come() -> None:
    clock = ManualClock(0.0)
    task = asyncio.create_task(pause_until(clock, 2.0))
    await clock.run_for(1.9)
    assert not task.done()
    await clock.run_for(0.1)
    assert task.done()


async def test_a_time_that_has_passed_is_no_pause() -> None:
    clock = ManualClock(5.0)
    await pause_until(clock, 5.0)
    assert clock.pending == 0


async def test_a_pause_given_up_leaves_no_timer() -> None:
    clock = ManualClock(0.0)
    task = asyncio.create_task(pause_until(clock, 2.0))
    await settle()
    assert clock.pending == 1
    task.cancel()
    await settle()
    assert clock.pending == 0
