"""What each key had, and each node did, in the past hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import attrs

from llmlb.clock import Clock
from llmlb.telemetry.quantiles import Quantiles, bucket_of
from llmlb.telemetry.record import Outcome, Record

BUCKET_SECS = 120
HOUR_SECS = 3600
_BUCKETS = HOUR_SECS // BUCKET_SECS + 1  # the current one is not full yet, so the oldest still counts
MOST_NAMES = 1000
"""Names that are told apart at once: anyone can make up new ones where no keys are configured."""
OTHERS = ""
"""The name under which those beyond `MOST_NAMES` are counted together."""
_MICROSECONDS = 1_000_000


@attrs.frozen(kw_only=True)
class Usage:
    """What happened under one name in the past hour. Times in seconds."""

    outcomes: Mapping[Outcome, int] = attrs.field(factory=lambda: dict.fromkeys(Outcome, 0))
    """How requests ended that are over."""
    tokens: int = 0
    """What replies cost, prompt and output, where that could be told."""
    node_seconds: float = 0.0
    """Time on nodes, however the requests ended."""
    wait_p50: float | None = None
    """Of requests that reached a node (0 if they did not wait) or timed out waiting; None without any."""
    wait_p90: float | None = None
    service_p50: float | None = None
    """Time on the node of requests that were served; None without any."""
    service_p90: float | None = None
    service_mean: float | None = None


NO_USAGE = Usage()
"""That of a name under which nothing happened."""


@attrs.define
class _Tally:
    """Counts and sums. In whole microseconds: what is added and taken away again must leave exactly nothing."""

    outcomes: dict[Outcome, int] = attrs.field(factory=dict)
    """None that is 0."""
    tokens: int = 0
    node_time: int = 0
    served_time: int = 0
    waits: Quantiles = attrs.field(factory=Quantiles)
    services: Quantiles = attrs.field(factory=Quantiles)

    def take_away(self, other: _Tally) -> None:
        for outcome, count in other.outcomes.items():
            left = self.outcomes.pop(outcome) - count
            if left:
                self.outcomes[outcome] = left
        self.tokens -= other.tokens
        self.node_time -= other.node_time
        self.served_time -= other.served_time
        self.waits.take_away(other.waits)
        self.services.take_away(other.services)

    def usage(self) -> Usage:
        wait_p50, wait_p90 = self.waits.quantiles((0.5, 0.9))
        service_p50, service_p90 = self.services.quantiles((0.5, 0.9))
        services = self.services.count
        return Usage(
            outcomes={outcome: self.outcomes.get(outcome, 0) for outcome in Outcome},
            tokens=self.tokens,
            node_seconds=self.node_time / _MICROSECONDS,
            wait_p50=wait_p50,
            wait_p90=wait_p90,
            service_p50=service_p50,
            service_p90=service_p90,
            service_mean=self.served_time / services / _MICROSECONDS if services else None,
        )


class HourByName:
    """Usage by name over the past hour: a record counts for an hour and at most two minutes more.

    Holds tallies of two minutes by name, and their sums. A name under which nothing has happened for so long is
    forgotten; while there are `MOST_NAMES`, new ones are counted under `OTHERS`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: deque[tuple[int, dict[str, _Tally]]] = deque()
        """Those in which something happened, oldest first."""
        self._sums: dict[str, _Tally] = {}
        self._known: dict[str, Usage] = {}
        """What the sums come to, as far as somebody has asked since they changed."""

    def add(self, name: str, record: Record) -> None:
        """Count a request that is over now."""
        bucket = self._bucket_now()
        if name not in self._sums and len(self._sums) - (OTHERS in self._sums) >= MOST_NAMES:
            name = OTHERS
        self._known.pop(name, None)
        outcome, service, tokens = record.outcome, record.service, record.tokens
        waited = record.reached_node or outcome is Outcome.TIMED_OUT
        wait_bucket = bucket_of(record.waited)
        service_time = 0 if service is None else round(service * _MICROSECONDS)
        served = outcome is Outcome.SERVED and service is not None
        service_bucket = 0 if service is None else bucket_of(service)
        for tallies in (bucket, self._sums):
            tally = tallies.get(name)
            if tally is None:
                tally = tallies[name] = _Tally()
            tally.outcomes[outcome] = tally.outcomes.get(outcome, 0) + 1
            tally.tokens += tokens or 0
            tally.node_time += service_time
            if waited:
                tally.waits.add_to(wait_bucket)
            if served:
                tally.served_time += service_time
                tally.services.add_to(service_bucket)

    def of(self, name: str) -> Usage:
        """What happened under this name; all zeros where nothing did."""
        self._forget_the_old()
        usage = self._known.get(name)
        if usage is None:
            tally = self._sums.get(name)
            if tally is None:
                return NO_USAGE
            usage = self._known[name] = tally.usage()
        return usage

    def usage(self) -> dict[str, Usage]:
        """What happened under every name; those under which nothing did are missing."""
        self._forget_the_old()
        return {name: self.of(name) for name in self._sums}

    def _bucket_now(self) -> dict[str, _Tally]:
        self._forget_the_old()
        number = int(self._clock.now() // BUCKET_SECS)
        if not self._buckets or self._buckets[-1][0] < number:
            self._buckets.append((number, {}))
        return self._buckets[-1][1]

    def _forget_the_old(self) -> None:
        oldest = int(self._clock.now() // BUCKET_SECS) - _BUCKETS + 1
        while self._buckets and self._buckets[0][0] < oldest:
            for name, tally in self._buckets.popleft()[1].items():
                self._known.pop(name, None)
                total = self._sums[name]
                total.take_away(tally)
                if not total.outcomes:  # each record has one
                    del self._sums[name]
