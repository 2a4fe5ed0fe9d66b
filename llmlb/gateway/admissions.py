"""How many requests enter the queue before everybody else gets a turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from llmlb.clock import Clock

TURN_SECS = 0.004
"""What admissions may take of one turn of the event loop, as long as there are more to come."""
TURNS_BETWEEN = 8
"""Of the event loop, from one turn with admissions to the next: to answer a new connection takes about as many, each of
which would wait for admissions otherwise. Fewer where they take as long as admissions may; where nobody has anything to
do they are over in a tenth of a millisecond."""


class Comer(Protocol):
    """A request that is ready to join the queue."""

    def let_in(self, waited: float) -> None:
        """Join it now, after having waited for so many seconds. Harmless when its client has left."""


class Admissions:
    """Lets requests in by order of arrival, and no more at once than may hold up everything else.

    A place in a long queue takes milliseconds to work out. Of a thousand requests that come in the same moment, the
    last would be let in seconds later in any case; but streams, other clients and health checks need not wait with it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._coming: deque[tuple[Comer, float]] = deque()
        """Each with when it came."""
        self._begun = 0.0
        """When this turn began, as far as admissions are concerned."""
        self._spent = 0.0
        """What they have taken of it."""
        self._turning = False

    def come(self, comer: Comer) -> None:
        """Let it in, before this returns where there is no crowd."""
        if self._coming or self._spent >= TURN_SECS:
            self._coming.append((comer, self._clock.now()))
        else:
            comer.let_in(0.0)

    def took(self, since: float) -> None:
        """One has been let in, which began then."""
        if since - self._begun > TURN_SECS:  # there was time enough for everything else
            self._begun, self._spent = since, 0.0
        self._spent += self._clock.now() - since
        if self._spent >= TURN_SECS:
            self._see_to_next_turn()

    def _see_to_next_turn(self) -> None:
        if not self._turning:
            self._turning = True
            self._let_others(TURNS_BETWEEN, self._clock.now())

    def _let_others(self, turns: int, since: float) -> None:
        if turns and self._clock.now() - since < TURN_SECS:
            asyncio.get_running_loop().call_soon(self._let_others, turns - 1, since)
        else:
            self._next_turn()

    def _next_turn(self) -> None:
        self._turning = False
        self._begun, self._spent = self._clock.now(), 0.0
        while self._coming and self._spent < TURN_SECS:
            comer, came_at = self._coming.popleft()
            comer.let_in(self._clock.now() - came_at)
        if self._coming:
            self._see_to_next_turn()
