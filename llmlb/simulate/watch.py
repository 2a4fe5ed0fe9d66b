"""What is taken down while a simulation runs: who had which node when, and who had requests waiting when."""

from __future__ import annotations

from collections import defaultdict

import attrs

from llmlb.simulate.job import Job
from llmlb.simulate.observer import Observer


@attrs.frozen
class Service:
    """A node's time spent on a request of this key."""

    key: str
    start: float
    end: float


class Watch(Observer):
    """Takes down services and the times in which each key had something waiting."""

    def __init__(self) -> None:
        self.services: list[Service] = []
        """In the order of their ends."""
        self._waiting: dict[str, int] = defaultdict(int)
        self._since: dict[str, float] = {}
        self._spans: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def waits(self, job: Job, now: float) -> None:
        if not self._waiting[job.key]:
            # Even if the last one left in this very instant: to the scheduler the key has come back.
            self._since[job.key] = now
        self._waiting[job.key] += 1

    def left(self, job: Job, now: float) -> None:
        self._waiting[job.key] -= 1
        if not self._waiting[job.key]:
            self._spans[job.key].append((self._since[job.key], now))

    def ended(self, job: Job, node: str, held: float, now: float) -> None:
        self.services.append(Service(job.key, now - held, now))

    def backlogs(self, until: float) -> dict[str, list[tuple[float, float]]]:
        """By key, the times before `until` in which it had something waiting, in order."""
        found = {key: [(start, min(end, until)) for start, end in spans if start < until]
                 for key, spans in self._spans.items()}  # fmt: skip
        for key, waiting in self._waiting.items():
            if waiting and self._since[key] < until:
                found.setdefault(key, []).append((self._since[key], until))
        return found


def without_instants(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times, with a key that came back in the very instant in which its last request left never gone."""
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        at_once = bool(joined) and joined[-1][1] == start
        joined.append((joined.pop()[0] if at_once else start, end))
    return joined
