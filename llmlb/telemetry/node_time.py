"""Whose the nodes' time of the past five minutes was, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterable

from llmlb.clock import Clock
from llmlb.telemetry.usage import MOST_NAMES, OTHERS

BUCKET_SECS = 10
WINDOW_SECS = 300
_BUCKETS = WINDOW_SECS // BUCKET_SECS + 1  # the current one is not full yet, so the oldest still counts


class NodeTime:
    """Node seconds by key over the past five minutes, and at most ten seconds more.

    A service counts when it happened: of one that took an hour, its last five minutes. Holds a ring of sums, of ten
    seconds each, so that adding costs the same however much happened. `most`: keys told apart in ten seconds; those
    beyond are counted under `OTHERS`.
    """

    def __init__(self, clock: Clock, most: int = MOST_NAMES) -> None:
        self._clock = clock
        self._most = most
        self._ring: list[dict[str, float]] = [{} for _ in range(_BUCKETS)]
        self._current = int(clock.now() // BUCKET_SECS)
        self._present = self._ring[self._current % _BUCKETS]

    def add(self, key: str, seconds: float) -> None:
        """A service of the key is over now and took so long."""
        now = self._move_on()
        began = now - seconds
        if began >= self._current * BUCKET_SECS:
            self._put(self._present, key, seconds)
            return
        began = max(began, self._oldest)
        for number in range(int(began // BUCKET_SECS), self._current + 1):
            part = min(now, (number + 1) * BUCKET_SECS) - max(began, number * BUCKET_SECS)
            self._put(self._ring[number % _BUCKETS], key, part)

    def shares(self, going_on: Iterable[tuple[str, float]] = ()) -> dict[str, float]:
        """The part of the time that each key had, from 0 to 1, as of this moment; empty while nobody had any.

        `going_on`: the key of each service that is not over, and when it began.
        """
        now = self._move_on()
        had: dict[str, float] = {}
        for bucket in self._ring:
            for key, seconds in bucket.items():
                had[key] = had.get(key, 0.0) + seconds
        for key, since in going_on:
            had[key] = had.get(key, 0.0) + now - max(since, self._oldest)
        total = sum(had.values())
        return {key: seconds / total for key, seconds in had.items()} if total else {}

    @property
    def _oldest(self) -> float:
        """When the window begins."""
        return (self._current - _BUCKETS + 1) * BUCKET_SECS

    def _put(self, bucket: dict[str, float], key: str, seconds: float) -> None:
        name = key if key in bucket or len(bucket) < self._most else OTHERS
        bucket[name] = bucket.get(name, 0.0) + seconds

    def _move_on(self) -> float:
        now = self._clock.now()
        current = int(now // BUCKET_SECS)
        if current > self._current:
            for number in range(self._current + 1, min(current, self._current + _BUCKETS) + 1):
                self._ring[number % _BUCKETS] = {}
            self._current = current
            self._present = self._ring[current % _BUCKETS]
        return now
