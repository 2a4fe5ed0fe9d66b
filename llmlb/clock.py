"""The only reader of time.

Everything that needs to know the time, or to be called at one, takes a `Clock`; tests pass one they move by hand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """Take the call back. Harmless once it has happened."""


class Clock(Protocol):
    """Time, and calls at a time."""

    def now(self) -> float:
        """Seconds on a clock that never goes back. Only differences mean anything."""

    def wall(self) -> float:
        """Seconds since 1970, for people and logs, never for deadlines."""

    def call_at(self, when: float, do: Callable[[], None]) -> Timer:
        """Call `do` once, when `now()` has reached `when`."""


class LoopClock:
    """The running event loop's own time."""

    now: Callable[[], float]
    """The loop's own function, without one around it: it is asked many times a request."""
    wall = staticmethod(time.time)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        # asyncio's own loops tell this time, by a method around it; others may have a time of their own.
        self.now = time.monotonic if isinstance(self._loop, asyncio.BaseEventLoop) else self._loop.time

    def call_at(self, when: float, do: Callable[[], None]) -> Timer:
        return self._loop.call_at(when, do)
