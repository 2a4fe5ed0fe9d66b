"""What each key had, and each node did, in the past hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import attrs

from llmlb.clock import Clock
from llmlb.telemetry.quantiles import Quantiles
from llmlb.telemetry.record import SERVED, Outcome, Record

BUCKET_SECS = 300
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

    def count(self, record: Record, earlier: float) -> None:
        outcome, service = record.outcome, record.service
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if record.tokens:
            self.tokens += record.tokens
        if record.tells_a_wait:
            self.waits.add(record.waited)
        if service is not None:
            last = round(service * _MICROSECONDS)
            self.node_time += last + round(earlier * _MICROSECONDS) if earlier else last
            if outcome is SERVED:
                self.services.add(service)
                self.served_time += last

    def copy(self) -> _Tally:
        waits, services = self.waits.copy(), self.services.copy()
        return _Tally(dict(self.outcomes), self.tokens, self.node_time, self.served_time, waits, services)

    def add(self, other: _Tally) -> None:
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.tokens += other.tokens
        self.node_time += other.node_time
        self.served_time += other.served_time
        self.waits.merge(other.waits)
        self.services.merge(other.services)

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


@attrs.define
class _Name:
    """What happened under one name. A record is counted once, in the present; sums are made when somebody asks."""

    number: int
    """Of the bucket in which something happened last."""
    present: _Tally = attrs.field(factory=_Tally)
    """What happened in that one."""
    past: _Tally = attrs.field(factory=_Tally)
    """What happened before."""
    parts: deque[tuple[int, _Tally]] = attrs.field(factory=deque)
    """What that is the sum of, by the number of the bucket; only where something happened, oldest first."""
    usage: Usage | None = None
    """What all of it comes to, if somebody has asked since it changed."""

    def begin(self, number: int) -> None:
        """From now on the present is another bucket."""
        self.parts.append((self.number, self.present))
        self.past.add(self.present)
        self.number, self.present = number, _Tally()
        self.forget(number - _BUCKETS + 1)

    def forget(self, oldest: int) -> None:
        """Take away what was before this bucket. The present is not: who has nothing else is forgotten altogether."""
        while self.parts and self.parts[0][0] < oldest:
            self.past.take_away(self.parts.popleft()[1])
            self.usage = None

    def total(self) -> _Tally:
        """All of it."""
        if not self.parts:
            return self.present
        total = self.past.copy()
        total.add(self.present)
        return total


class HourByName:
    """Usage by name over the past hour: a record counts for an hour and at most five minutes more.

    Holds tallies of five minutes by name, and their sums; no call does work for names that it is not about, but for
    one or two. A name under which nothing has happened for so long is forgotten; while there are `MOST_NAMES`, new
    ones are counted under `OTHERS`. A name takes 15 kB with a request every five minutes, 90 kB with ten a second, and
    never more than 250 kB; a thousand of them 15 to 20 MB at the hundred requests a second that they may have in all.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names: dict[str, _Name] = {}
        """Those under which something happened last are last."""
        self._all_since = 0
        """The number of a bucket before which nothing is known to be the last that happened under a name."""

    def add(self, name: str, record: Record, earlier: float = 0.0) -> None:
        """Count a request that is over now. `earlier`: seconds on nodes before the last that count under this name."""
        number = int(self._clock.now() // BUCKET_SECS)
        oldest = number - _BUCKETS + 1
        if self._all_since < oldest:
            self._forget_names(oldest)
        names = self._names
        entry = names.pop(name, None)
        if entry is None and len(names) - (OTHERS in names) >= MOST_NAMES:
            name = OTHERS
            entry = names.pop(name, None)
        if entry is None:
            entry = _Name(number)
        names[name] = entry
        if entry.number < number:
            entry.begin(number)
        entry.usage = None
        entry.present.count(record, earlier)

    def of(self, name: str) -> Usage:
        """What happened under this name; all zeros where nothing did."""
        entry = self._names.get(name)
        return NO_USAGE if entry is None else self._usage(entry)

    def names(self) -> tuple[str, ...]:
        """Those under which something happened in the past hour, the one under which it did last first."""
        self._forget_names(self._oldest, at_most=MOST_NAMES + 1)
        return tuple(reversed(self._names))

    def usage(self) -> dict[str, Usage]:
        """As `of`, for each of `names()`: 17 ms for a thousand in which something has happened since it was asked."""
        return {name: self.of(name) for name in self.names()}

    @property
    def _oldest(self) -> int:
        return int(self._clock.now() // BUCKET_SECS) - _BUCKETS + 1

    def _usage(self, entry: _Name) -> Usage:
        oldest = self._oldest
        if entry.number < oldest:
            return NO_USAGE
        entry.forget(oldest)
        if entry.usage is None:
            entry.usage = entry.total().usage()
        return entry.usage

    def _forget_names(self, oldest: int, at_most: int = 2) -> None:
        """Forget names under which nothing has happened since. One is added at a time, so two at a time are enough."""
        gone: list[str] = []
        for name, entry in self._names.items():
            if len(gone) == at_most:
                break
            if entry.number >= oldest:
                self._all_since = oldest
                break
            gone.append(name)
        for name in gone:
            del self._names[name]
