"""How many requests enter the queue before everybody else gets a turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque

from llmlb.clock import Clock

TURN_SECS = 0.004
"""What admissions may take of one turn of the event loop, as long as there are more to come."""


class Admissions:
    """Lets requests in by order of arrival, and no more at once than may hold up everything else.

    A place in a long queue takes milliseconds to work out. Of a thousand requests that come in the same moment, the
    last would be let in seconds later in any case; but streams, other clients and health checks need not wait with it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._coming: deque[asyncio.Future[None]] = deque()
        self._spent = 0.0
        """What admissions have taken of this turn."""
        self._mean = 0.0
        self._turning = False

    async def turn(self) -> None:
        """Return when the caller may be let in. Does not wait while there is no crowd."""
        if self._coming or self._spent >= TURN_SECS:
            mine = asyncio.get_running_loop().create_future()
            self._coming.append(mine)
            await mine

    def took(self, since: float) -> None:
        """One has been let in, which began then."""
        secs = self._clock.now() - since
        self._spent += secs
        self._mean += (secs - self._mean) / 8
        self._see_to_next_turn()

    def _see_to_next_turn(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turning = False
        self._spent = expected = 0.0
        while self._coming and expected < TURN_SECS:
            mine = self._coming.popleft()
            if not mine.done():  # else its client has left
                mine.set_result(None)
                expected += self._mean
        if self._coming:
            self._see_to_next_turn()
