"""A crowd is let in by order of arrival, a little at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from llmlb.gateway.admissions import TURN_SECS, Admissions
from llmlb.testing import ManualClock, eventually
from llmlb.testing.waiting import pause


class Crowd:
    """Requests that take so long to be let in, each with a task; `entered` are those that were."""

    def __init__(self, secs: float) -> None:
        self.clock = ManualClock()
        self.admissions = Admissions(self.clock)
        self.entered: list[int] = []
        self.secs = secs

    async def enter(self, number: int) -> None:
        await self.admissions.turn()
        begin = self.clock.now()
        self.clock.advance(self.secs)
        self.entered.append(number)
        self.admissions.took(begin)

    def come(self, count: int) -> list[asyncio.Task[None]]:
        return [asyncio.get_running_loop().create_task(self.enter(number)) for number in range(count)]


async def test_a_crowd_is_let_in_by_order_of_arrival_and_only_a_few_in_one_turn_of_the_loop() -> None:
    crowd = Crowd(TURN_SECS / 2)
    tasks = crowd.come(50)
    most = before = 0
    while len(crowd.entered) < 50:
        await pause(0)
        most, before = max(most, len(crowd.entered) - before), len(crowd.entered)
    assert crowd.entered == list(range(50))
    assert 1 <= most <= 10
    await asyncio.gather(*tasks)


async def test_where_letting_in_costs_nothing_nobody_waits() -> None:
    crowd = Crowd(0.0)
    tasks = crowd.come(50)
    await pause(0)
    assert crowd.entered == list(range(50))
    await asyncio.gather(*tasks)


async def test_those_who_leave_before_they_are_let_in_hold_up_nobody() -> None:
    crowd = Crowd(TURN_SECS)
    tasks = crowd.come(20)
    await pause(0)
    for task in tasks[1:19]:
        task.cancel()
    await eventually(tasks[19].done, "the last is let in")
    assert crowd.entered in ([0, 19], [0, 1, 19])
    for task in tasks[:19]:
        with suppress(asyncio.CancelledError):
            await task
