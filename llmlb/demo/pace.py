"""Taking one's time, on a clock that tests can move."""

from __future__ import annotations

import asyncio

from llmlb.clock import Clock


async def pause_until(clock: Clock, when: float) -> None:
    """Return once `clock.now()` has reached `when`, at once if it has already."""
    if when <= clock.now():
        return
    reached = asyncio.Event()
    timer = clock.call_at(when, reached.set)
    try:
        await reached.wait()
    finally:
        timer.cancel()
