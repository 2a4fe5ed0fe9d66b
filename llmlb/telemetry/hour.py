"""The past hour in a few numbers, in memory that does not grow."""

from __future__ import annotations

import attrs

from llmlb.clock import Clock
from llmlb.telemetry.record import REJECTED, SERVED, TIMED_OUT, Record

BUCKET_SECS = 10
HOUR_SECS = 3600
_BUCKETS = HOUR_SECS // BUCKET_SECS + 1  # the current one is not full yet, so the oldest still counts
_MICROSECONDS = 1_000_000


@attrs.frozen(kw_only=True)
class HourTotals:
    """What happened in the past hour. Means are 0 while there is nothing to average."""

    avg_wait_time_ms: float
    """Over every request that reached a node (0 if it did not wait), and every one that timed out waiting."""
    avg_process_time_ms: float
    """Time on the node, over requests that were served."""
    timeout_count: int
    """Requests that waited too long."""
    rejected_count: int
    """Requests refused because the queue was full."""


@attrs.define
class _Tally:
    """Counts and sums. In whole microseconds: what is added and taken away again must leave exactly nothing."""

    waits: int = 0
    wait_sum: int = 0
    services: int = 0
    service_sum: int = 0
    timeouts: int = 0
    rejections: int = 0

    def add(self, other: _Tally) -> None:
        self.waits += other.waits
        self.wait_sum += other.wait_sum
        self.services += other.services
        self.service_sum += other.service_sum
        self.timeouts += other.timeouts
        self.rejections += other.rejections

    def take_away(self, other: _Tally) -> None:
        self.waits -= other.waits
        self.wait_sum -= other.wait_sum
        self.services -= other.services
        self.service_sum -= other.service_sum
        self.timeouts -= other.timeouts
        self.rejections -= other.rejections


class PastHour:
    """Totals over the past hour, to ten seconds: a record counts for an hour and at most ten seconds more.

    Holds a ring of tallies of ten seconds each, and the sum of those that are over, so that a record is counted once.
    Both methods cost the same however much happened.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring = [_Tally() for _ in range(_BUCKETS)]
        self._past = _Tally()
        """The sum of all but the present one."""
        self._current = int(clock.now() // BUCKET_SECS)
        self._present = self._ring[self._current % _BUCKETS]

    def add(self, record: Record) -> None:
        """Count a request that is over now."""
        self._move_on()
        tally, outcome, service = self._present, record.outcome, record.service
        if record.tells_a_wait:
            tally.waits += 1
            tally.wait_sum += round(record.waited * _MICROSECONDS)
        if outcome is SERVED:
            if service is not None:
                tally.services += 1
                tally.service_sum += round(service * _MICROSECONDS)
        elif outcome is TIMED_OUT:
            tally.timeouts += 1
        elif outcome is REJECTED:
            tally.rejections += 1

    def totals(self) -> HourTotals:
        """The past hour, as of this moment."""
        self._move_on()
        total = attrs.evolve(self._past)
        total.add(self._present)
        return HourTotals(
            avg_wait_time_ms=_mean_ms(total.wait_sum, total.waits),
            avg_process_time_ms=_mean_ms(total.service_sum, total.services),
            timeout_count=total.timeouts,
            rejected_count=total.rejections,
        )

    def _move_on(self) -> None:
        now = int(self._clock.now() // BUCKET_SECS)
        if now <= self._current:
            return
        self._past.add(self._present)
        for bucket in range(self._current + 1, min(now, self._current + _BUCKETS) + 1):
            self._past.take_away(self._ring[bucket % _BUCKETS])
            self._ring[bucket % _BUCKETS] = _Tally()
        self._current = now
        self._present = self._ring[now % _BUCKETS]


def _mean_ms(microseconds: int, count: int) -> float:
    return microseconds / count / 1000 if count else 0.0
