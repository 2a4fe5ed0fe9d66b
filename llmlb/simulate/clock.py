"""Time that jumps from one event to the next."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf


class Event:
    """A call that is still to come."""

    __slots__ = ("do",)

    def __init__(self, do: Callable[[], None]) -> None:
        self.do: Callable[[], None] | None = do

    def cancel(self) -> None:
        """Take the call back. Harmless once it has happened."""
        self.do = None


class EventClock:
    """An `llmlb.clock.Clock` that stands still while anything is done and then jumps to the next event.

    Events of one instant come in the order in which they were asked for, so a run is repeatable to the last bit.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._asked = 0
        self._heap: list[tuple[float, int, Event]] = []

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now

    def call_at(self, when: float, do: Callable[[], None]) -> Event:
        event = Event(do)
        self._asked += 1
        heappush(self._heap, (when, self._asked, event))
        return event

    def run(self, until: float = inf) -> None:
        """Do all that is due up to and at `until`, and what that brings; then it is `until`.

        Without an end: until nothing is left, and it is then the time of the last event.
        """
        heap = self._heap
        while heap and heap[0][0] <= until:
            when, _, event = heappop(heap)
            do, event.do = event.do, None
            if do is not None:
                self._now = max(self._now, when)
                do()
        if until != inf:
            self._now = max(self._now, until)
