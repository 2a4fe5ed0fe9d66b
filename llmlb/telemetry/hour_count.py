"""How often something happened in the past hour."""

from __future__ import annotations

from collections import deque

from llmlb.clock import Clock

BUCKET_SECS = 30
HOUR_SECS = 3600
_BUCKETS = HOUR_SECS // BUCKET_SECS + 1  # the current one is not full yet, so the oldest still counts


class HourCount:
    """A count over the past hour: what happened counts for an hour and at most thirty seconds more.

    Holds at most 121 small pairs, and none where nothing happens.
    """

    __slots__ = ("_buckets", "_clock", "ever")

    def __init__(self, clock: Clock) -> None:
        self.ever = 0
        """How often it happened in all."""
        self._clock = clock
        self._buckets: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        """The numbers of the buckets in which it happened, oldest first, and how often."""

    def add(self) -> None:
        """It happened now."""
        self.ever += 1
        number, before = int(self._clock.now() // BUCKET_SECS), 0
        if self._buckets and self._buckets[-1][0] == number:
            _, before = self._buckets.pop()
        self._buckets.append((number, before + 1))

    def total(self) -> int:
        """How often it happened in the past hour."""
        oldest = int(self._clock.now() // BUCKET_SECS) - _BUCKETS + 1
        while self._buckets and self._buckets[0][0] < oldest:
            self._buckets.popleft()
        return sum(count for _, count in self._buckets)
