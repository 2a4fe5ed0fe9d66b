"""What is asked of the nodes in a simulation: recorded or drawn arrivals, and clients that always want more."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, sqrt
from random import Random

import attrs

from llmlb.simulate.job import Job


@attrs.frozen
class Arrival:
    """A request that comes at a time, in seconds from the start."""

    at: float
    job: Job


@attrs.frozen
class Lengths:
    """Lognormal service times: mean seconds, coefficient of variation, and the longest there is."""

    mean: float
    cv: float
    cap: float

    def draw(self, random: Random) -> float:
        """One service time."""
        if not self.cv:
            return min(self.mean, self.cap)
        spread = log(1 + self.cv**2)
        return min(self.cap, exp(random.gauss(log(self.mean) - spread / 2, sqrt(spread))))


@attrs.frozen
class Closed:
    """A client that keeps `count` requests waiting or running, from `start` to `stop`.

    When one is over the next comes at once; after a refusal, when it was told to come back.
    """

    key: str
    model: str
    count: int
    lengths: Lengths
    tokens_per_sec: float
    start: float
    stop: float
    seed: str
    patience: float | None = None

    def jobs(self) -> Iterator[Job]:
        """Its requests, one after another, without end; the same each time."""
        random = Random(self.seed)
        while True:
            secs = self.lengths.draw(random)
            yield Job(self.key, self.model, secs, tokens=round(secs * self.tokens_per_sec), patience=self.patience)


@attrs.frozen
class Workload:
    """Everything that is asked, for `length` seconds."""

    arrivals: tuple[Arrival, ...] = attrs.field(repr=False)
    """In the order of time."""
    length: float
    closed: tuple[Closed, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """All that are asked for by name, in order of the alphabet."""
        named = {arrival.job.model for arrival in self.arrivals} | {client.model for client in self.closed}
        return tuple(sorted(named - {""}))

    @property
    def keys(self) -> frozenset[str]:
        """All that ask."""
        return frozenset({arrival.job.key for arrival in self.arrivals} | {client.key for client in self.closed})

    def without(self, keys: frozenset[str]) -> Workload:
        """The same, but for what these keys ask."""
        arrivals = tuple(arrival for arrival in self.arrivals if arrival.job.key not in keys)
        return Workload(arrivals, self.length, tuple(client for client in self.closed if client.key not in keys))
