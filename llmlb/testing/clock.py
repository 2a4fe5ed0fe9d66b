"""Time that moves only when a test says so."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

import attrs

from llmlb.testing.waiting import settle


@attrs.define(eq=False)
class ManualTimer:
    """A call that comes when the clock is moved past `when`."""

    when: float
    do: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Take the call back. Harmless once it has happened."""
        self.cancelled = True


class ManualClock:
    """An `llmlb.clock.Clock` moved by hand: `start` is its first `now()`, `wall` its first `wall()`."""

    def __init__(self, start: float = 1000.0, wall: float = 1_800_000_000.0) -> None:
        self._now = start
        self._to_wall = wall - start
        self._order = count()
        self._timers: list[tuple[float, int, ManualTimer]] = []

    def now(self) -> float:
        """Seconds; only differences mean anything. While a timer runs, the time it was due."""
        return self._now

    def wall(self) -> float:
        """Seconds since 1970, moving along with `now()`."""
        return self._now + self._to_wall

    def call_at(self, when: float, do: Callable[[], None]) -> ManualTimer:
        """Call `do` when the clock is moved to `when`; what is due already runs in the next `advance`."""
        timer = ManualTimer(when, do)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    @property
    def pending(self) -> int:
        """How many calls are still to come."""
        return sum(not timer.cancelled for _, _, timer in self._timers)

    @property
    def next_due(self) -> float | None:
        """When the next call is due; None when there is none."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` and run what falls due, and what that adds: by time, then as asked for."""
        target = self._target(seconds)
        while self._run_one(target):
            pass
        self._now = target

    async def run_for(self, seconds: float) -> None:
        """As `advance`, but after each call let the tasks it woke go on: they may ask for later calls."""
        target = self._target(seconds)
        await settle()
        while self._run_one(target):
            await settle()
        self._now = target
        await settle()

    def _target(self, seconds: float) -> float:
        if seconds < 0:
            raise ValueError(f"a clock never goes back: {seconds}")
        return self._now + seconds

    def _run_one(self, target: float) -> bool:
        due = self.next_due
        if due is None or due > target:
            return False
        timer = heapq.heappop(self._timers)[2]
        self._now = max(self._now, due)
        timer.do()
        return True
