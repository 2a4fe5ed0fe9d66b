"""Nodes and clients on a time of their own around a scheduler, with books kept beside it.

What a test compares the scheduler with comes from these books: who had which node from when to when, who waited when,
and what the quantum was, as the mean of the last fifty true costs. Nothing in them is asked of the scheduler.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import heappop, heappush
from itertools import count
from math import inf

import attrs

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Actual, Ticket

SIZES_PER_SEC = 1000
"""Bytes a request has for every second it is to be guessed at."""
LESSONS = range(1, 13)
"""Seconds of the requests from which the scheduler learns what a size tells."""


@attrs.define(eq=False)
class Service:
    """A key's request has the node from `start` to `end`; `end` is inf while it still has."""

    ticket: Ticket
    node: str
    start: float
    end: float = inf


@attrs.define(eq=False)
class Wait:
    """A stretch of time in which a key always had a request for the model waiting."""

    start: float
    end: float = inf


class Lead:
    """A broken line: how far one key is ahead of another. `steps`: when it becomes steeper, and by how much."""

    def __init__(self, steps: Iterable[tuple[float, float]]) -> None:
        self._points = [(0.0, 0.0)]
        slope = 0.0
        for at, more in sorted(steps):
            before, value = self._points[-1]
            self._points.append((at, value + slope * (at - before)))
            slope += more

    def at(self, when: float) -> float:
        """Its value then."""
        index = bisect_right(self._points, (when, inf))
        (before, value), *after = self._points[index - 1 : index + 1]
        return value if not after else value + (after[0][1] - value) * (when - before) / (after[0][0] - before)

    def within(self, start: float, end: float) -> list[float]:
        """The values at both and at every corner between, in order."""
        return [self.at(start), *(value for at, value in self._points if start < at < end), self.at(end)]

    def most_moved(self, start: float, end: float) -> float:
        """The most it moves, up or down, over any window between the two."""
        values = self.within(start, end)
        return max(values) - min(values)

    def most_risen(self, start: float, end: float) -> float:
        """The most it rises over any window between the two."""
        most = 0.0
        least = inf
        for value in self.within(start, end):
            least = min(least, value)
            most = max(most, value - least)
        return most


@attrs.frozen
class Sent:
    """What only the client and the node know of a request."""

    ticket: Ticket
    secs: float
    then: Callable[[], None] | None


class Plant:
    """Nodes that serve one request after another, and clients that send them.

    `nodes`: models by name, "a b" are two. `learns`: the scheduler hears of every request that came to its end, as it
    does in life. Otherwise each is guessed at what its client says: the scheduler was taught that a request takes as
    long as its size tells, and learns nothing since.
    """

    def __init__(
        self,
        nodes: Mapping[str, str],
        weights: Mapping[str, float] | None = None,
        *,
        cost: Cost = "seconds",
        quantum: float = 0.0,
        learns: bool = False,
    ) -> None:
        self.scheduler = FairScheduler(weights or {}, cost=cost, quantum=quantum)
        self.nodes = {node: frozenset(models.split()) for node, models in nodes.items()}
        self.now = 0.0
        self.waiting: dict[str, Sent] = {}
        self.running: dict[str, tuple[Sent, Service]] = {}
        """By node."""
        self.services: list[Service] = []
        """In the order of their beginnings."""
        self.waits: dict[tuple[str, str], list[Wait]] = {}
        """By key and model."""
        self.most_quantum = quantum or 1.0
        """The largest the quantum has been."""
        self.last_turns: dict[str, int] = {}
        """By key, the turn it had last, or 32 turns before it began to wait if that is later."""
        self._waiting: dict[str, Counter[str]] = {}
        """By key and model, how many."""
        self._learns = learns
        self._automatic = not quantum and cost == "seconds"
        self._recent: deque[float] = deque(maxlen=50)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count(1)
        if not learns:
            for model in sorted(frozenset().union(*self.nodes.values())):
                self._teach(model)
        for node, models in self.nodes.items():
            self.scheduler.topology(node, models, 0.0)

    # What a test says

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Call it at that time, after all else that was said to be due then."""
        heappush(self._events, (when, next(self._numbers), do))

    def run(self, until: float = inf) -> None:
        """Go on to this time; without one, until nothing is left to happen."""
        while self._events and self._events[0][0] <= until:
            self.now, _, do = heappop(self._events)
            do()
        if until < inf:
            self.now = until

    def send(
        self, key: str, secs: float, guess: float = 0.0, model: str = "m", then: Callable[[], None] | None = None
    ) -> Ticket:
        """A request of so many seconds comes now. `then` is called in the instant of its end, when all is settled."""
        ticket = Ticket(f"{key}{next(self._numbers)}", key, model, self.now, size=round(SIZES_PER_SEC * guess))
        sent = Sent(ticket, secs, then)
        if not self.waiting and not self.running:
            self.last_turns.clear()
        if not self.waits_of(key):
            self.last_turns[key] = max(self.last_turns.get(key, 0), len(self.services) - 32)
        idle = (node for node, models in self.nodes.items() if node not in self.running and model in models)
        if (node := next(idle, None)) is None:
            self.scheduler.add(ticket, self.now)
            self.waiting[ticket.id] = sent
            self._began_to_wait(key, model)
        else:
            self.scheduler.serve(ticket, node, self.now)
            self._begin(sent, node)
        return ticket

    def keep(self, key: str, many: int, secs: Callable[[], tuple[float, float]], model: str = "m") -> None:
        """From now on the key has so many requests waiting or in service, each of so many seconds, true and guessed."""

        def send() -> None:
            true, guess = secs()
            self.send(key, true, guess, model, send)

        for _ in range(many):
            send()

    def leave(self, ticket: Ticket) -> None:
        """It gives up waiting."""
        self.scheduler.withdraw(ticket, self.now)
        self._out(ticket)

    # What the books say

    @property
    def keys_waiting(self) -> set[str]:
        """Those with anything waiting."""
        return set(self._waiting)

    def waits_of(self, key: str) -> int:
        """How many requests of the key wait."""
        return self._waiting[key].total() if key in self._waiting else 0

    def had(self, key: str, until: float, start: float = 0.0) -> float:
        """Node-seconds of a key from `start` to `until`; running ones by what they have had."""
        own = (s for s in self.services if s.ticket.key == key)
        return sum(max(0.0, min(s.end, until) - max(s.start, start)) for s in own)

    def always_waiting(self, key: str, model: str = "m") -> list[tuple[float, float]]:
        """The stretches of time so far in which the key had something waiting."""
        return [(wait.start, min(wait.end, self.now)) for wait in self.waits.get((key, model), [])]

    def lead(self, one: str, other: str, weights: Mapping[str, float], nodes: Collection[str] = ()) -> Lead:
        """How far one key is ahead of another in node-seconds per weight, on these nodes or on all, over time."""
        steps = []
        for service in self.services:
            if not nodes or service.node in nodes:
                key = service.ticket.key
                rate = 1 / weights[one] if key == one else -1 / weights[other] if key == other else 0.0
                steps += [(service.start, rate), (min(service.end, self.now), -rate)]
        return Lead(steps)

    # Steps

    def _teach(self, model: str) -> None:
        """On a node that is gone when they end, so that it has no speed of its own."""
        for number, secs in enumerate(LESSONS):
            ticket = Ticket(f"{model}{number}", "teacher", model, 0.0, size=secs * SIZES_PER_SEC)
            self.scheduler.topology("school", frozenset([model]), 0.0)
            self.scheduler.serve(ticket, "school", 0.0)
            self.scheduler.forget_node("school")
            self.scheduler.finish(ticket, Actual(secs, complete=True), 0.0)
            self._price(secs)

    def _begin(self, sent: Sent, node: str) -> None:
        service = Service(sent.ticket, node, self.now)
        self.services.append(service)
        self.last_turns[sent.ticket.key] = len(self.services)
        self.running[node] = sent, service
        self.at(self.now + sent.secs, lambda: self._end(node))

    def _end(self, node: str) -> None:
        sent, service = self.running.pop(node)
        service.end = self.now
        self._price(sent.secs)
        self.scheduler.finish(sent.ticket, Actual(sent.secs, complete=self._learns), self.now)
        ticket = self.scheduler.take(node, self.now)
        if ticket is not None:
            self._begin(self._out(ticket), node)
        if sent.then is not None:
            sent.then()

    def _out(self, ticket: Ticket) -> Sent:
        sent = self.waiting.pop(ticket.id)
        models = self._waiting[ticket.key]
        models[ticket.model] -= 1
        if not models[ticket.model]:
            del models[ticket.model]
            self.waits[ticket.key, ticket.model][-1].end = self.now
        if not models:
            del self._waiting[ticket.key]
        return sent

    def _began_to_wait(self, key: str, model: str) -> None:
        self._waiting.setdefault(key, Counter())[model] += 1
        waits = self.waits.setdefault((key, model), [])
        if not waits or waits[-1].end < inf:
            waits.append(Wait(self.now))

    def _price(self, secs: float) -> None:
        self._recent.append(max(1.0, secs))
        if self._automatic:
            self.most_quantum = max(self.most_quantum, sum(self._recent) / len(self._recent))
