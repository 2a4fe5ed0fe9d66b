"""What `/metrics` counts, made from one Record a visit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

import attrs

from llmlb.telemetry.record import SERVED, TIMED_OUT, Outcome, Record

BOUNDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of the buckets of every histogram, in seconds; one more takes what is above."""
UNCONFIGURED = ""
"""The name under which all without a configured key are counted together: anyone can make up new keys."""


@attrs.define
class Histogram:
    """How many values fell into each bucket, and their sum."""

    counts: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count a value; one that is just a bound belongs below it."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[int]:
        """For each bound, and for infinity, how many values were not above it."""
        return list(accumulate(self.counts))


def _foretold(record: Record, estimate: int) -> bool:
    """Whether the wait is the one that was told: of one that went to several nodes, only the first of its waits was.

    Who timed out would have waited on. If that was after what it had been told, the forecast was off by as much at
    least; if before, nothing is known.
    """
    if record.outcome is TIMED_OUT:
        return record.attempts == 0 and record.waited > estimate
    return record.outcome is SERVED and record.attempts == 1


def _no_outcomes() -> dict[Outcome, int]:
    return dict.fromkeys(Outcome, 0)


@attrs.define
class KeyTally:
    """The requests of one key so far."""

    outcomes: dict[Outcome, int] = attrs.field(factory=_no_outcomes)
    node_seconds: float = 0.0
    tokens: int = 0


class Metrics:
    """Counters and histograms since the start, in memory that does not grow.

    `keys`: the names of the configured keys. Each has a tally from the beginning; all others share the one of
    `UNCONFIGURED`, which is there while no keys are configured, once one is no more, or such a request has been.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self.outcomes = _no_outcomes()
        self.wait = Histogram()
        """Of every request that reached a node (0 if it did not wait), and every one that timed out waiting."""
        self.service = Histogram()
        """On the node, of requests that were served."""
        self.forecast_error = Histogram()
        """Between the wait and the one that was told, as far as the wait shows it; see `_foretold`."""
        self.keys = {name: KeyTally() for name in keys} or {UNCONFIGURED: KeyTally()}

    def know(self, keys: Iterable[str]) -> None:
        """These are the configured keys from now on. The counts of those that stay go on; others are forgotten."""
        names = tuple(keys) or (UNCONFIGURED,)
        kept = {*names, UNCONFIGURED}
        if not kept.issuperset(self.keys):  # whoever is gone may have something waiting still
            names = (*names, UNCONFIGURED)
        self.keys = {name: tally for name, tally in self.keys.items() if name in kept}
        for name in names:
            self.keys.setdefault(name, KeyTally())

    def add(self, record: Record) -> None:
        """Count a request that is over now."""
        outcome, service = record.outcome, record.service
        self.outcomes[outcome] += 1
        if record.tells_a_wait:
            self.wait.observe(record.waited)
        if outcome is SERVED and service is not None:
            self.service.observe(service)
        if record.estimate is not None and _foretold(record, record.estimate):
            self.forecast_error.observe(abs(record.waited - record.estimate))
        tally = self.keys.get(record.key_name)
        if tally is None:  # nobody that is configured
            tally = self.keys.setdefault(UNCONFIGURED, KeyTally())
        tally.outcomes[outcome] += 1
        tally.tokens += record.tokens or 0
        if service is not None:
            tally.node_seconds += service + record.earlier

    def name_of(self, key_name: str) -> str:
        """The name the key is counted under."""
        return key_name if key_name in self.keys else UNCONFIGURED
