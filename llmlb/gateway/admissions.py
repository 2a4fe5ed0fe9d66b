"""How many requests enter the queue before everybody else gets a turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from llmlb.clock import Clock

TURN_SECS = 0.004
"""What admissions may take of one turn of the event loop, as long as there are more to come."""


class Comer(Protocol):
    """A request that is ready to join the queue."""

    def let_in(self) -> None:
        """Join it now. Harmless when its client has left."""


class Admissions:
    """Lets requests in by order of arrival, and no more at once than may hold up everything else.

    A place in a long queue takes milliseconds to work out. Of a thousand requests that come in the same moment, the
    last would be let in seconds later in any case; but streams, other clients and health checks need not wait with it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._coming: deque[Comer] = deque()
        self._spent = 0.0
        """What admissions have taken of this turn."""
        self._turning = False

    def come(self, comer: Comer) -> None:
        """Let it in, before this returns where there is no crowd."""
        if self._coming or self._spent >= TURN_SECS:
            self._coming.append(comer)
        else:
            comer.let_in()

    def took(self, since: float) -> None:
        """One has been let in, which began then."""
        self._spent += self._clock.now() - since
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turning = False
        self._spent = 0.0
        while self._coming and self._spent < TURN_SECS:
            self._coming.popleft().let_in()
        if self._coming and not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._next_turn)
