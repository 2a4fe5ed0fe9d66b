"""`Retry-After`: when the k-th place comes free, k counting the promises already made."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import ceil, isqrt

CAP_SECS = 60
"""Clients give up, or sleep for ever, above a minute."""
UNKNOWN_SECS = 5
"""The answer while no request has finished yet."""
GRACE_SECS = 2.0
"""A promise that was not taken up this long after it was due has lapsed."""


class Promises:
    """The moments at which refused clients were told to come back."""

    def __init__(self) -> None:
        self._due: deque[float] = deque()

    def make(self, leaving: Sequence[float], free: int, now: float) -> int:
        """Whole seconds after which a newcomer may expect a place, 1 to 60.

        `leaving`: when those waiting will leave, soonest first; `free`: places free now, below 0 where more
        wait than may. Refusals of one instant are given ever later places, so that they do not all come back
        at once; the square root is for those who come without having been told.
        """
        while self._due and self._due[0] + GRACE_SECS < now:
            self._due.popleft()
        k = max(0, len(self._due) - free)
        k += isqrt(k)
        if not leaving:
            wait = 0.0
        elif k < len(leaving):
            wait = leaving[k] - now
        else:
            wait = (leaving[-1] - now) * (k + 1) / len(leaving)
        seconds = max(1, ceil(min(CAP_SECS, wait)))
        if seconds < CAP_SECS:
            due = now + seconds
            # Nearly always the latest yet; where the queue has moved faster than told, keep the order.
            self._due.append(max(due, self._due[-1]) if self._due else due)
        return seconds
