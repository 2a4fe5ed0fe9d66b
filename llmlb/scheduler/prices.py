"""What requests cost their keys: guessed when they are picked, known when they are done.

The contended thing is a node's time: a request holds its node whole. So the unit is the second of node time, unless
the operator would rather count tokens, or requests.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from llmlb.scheduler.predictor import Predictor
from llmlb.scheduler.ticket import Actual, Ticket

Cost = Literal["seconds", "request", "tokens"]

FLOORS: dict[Cost, float] = {"seconds": 1.0, "request": 1.0, "tokens": 50.0}
"""The least a request costs: those that are all short cost the same, so that jitter never decides a turn."""
DEFAULT_TOKENS = 500.0
"""Tokens a request is assumed to have before any has been counted."""
RECENT = 50
"""Finished requests whose mean cost is the automatic quantum."""


class Prices:
    """Costs in one unit. `quantum`: 0 takes the mean cost of the last fifty requests."""

    def __init__(self, unit: Cost, quantum: float, seconds: Predictor) -> None:
        self.unit = unit
        self.floor = FLOORS[unit]
        self._set_quantum = quantum
        self._seconds = seconds
        self._tokens = Predictor(DEFAULT_TOKENS)
        self._recent: deque[float] = deque(maxlen=RECENT)
        self.quantum = quantum or self.floor
        """How much a key may have in one go. Never taken from guesses."""

    def set_quantum(self, quantum: float) -> bool:
        """This quantum from now on, 0 takes the mean of recent costs; whether it is another setting than before."""
        if quantum == self._set_quantum:
            return False
        self._set_quantum = quantum
        recent = self._recent
        self.quantum = quantum or (sum(recent) / len(recent) if recent else self.floor)
        return True

    def line(self, key: str, model: str) -> tuple[float, float, float]:
        """a, b and the most: requests of this key and model are guessed to cost a + b size, floor to most."""
        if self.unit == "request":
            return 1.0, 0.0, 1.0
        return (self._seconds if self.unit == "seconds" else self._tokens).line(key, model)

    def guess(self, ticket: Ticket) -> float:
        """What the request will cost, at least the floor."""
        a, b, most = self.line(ticket.key, ticket.model)
        cost = a + b * ticket.size
        if cost > most:
            cost = most
        return self.floor if cost < self.floor else cost

    def rate(self, ticket: Ticket) -> float:
        """Cost a second in service adds: what a request has cost so far is this times its seconds."""
        match self.unit:
            case "seconds":
                return 1.0
            case "tokens":
                tokens = self._tokens.predict(ticket.key, ticket.model, ticket.size)
                return tokens / max(self._seconds.predict(ticket.key, ticket.model, ticket.size), 1e-3)
            case _:
                return 0.0

    def per_second(self) -> float:
        """Cost of a second of node time, on average."""
        match self.unit:
            case "seconds":
                return 1.0
            case "tokens":
                return self._tokens.mean / max(self._seconds.mean, 1e-3)
            case _:
                return 1.0 / max(self._seconds.mean, 1e-3)

    def true(self, ticket: Ticket, actual: Actual, rate: float) -> float:
        """What the request did cost, at least the floor. `rate`: as it was when the request began."""
        match self.unit:
            case "seconds":
                cost = actual.seconds
            case "tokens":
                cost = actual.tokens if actual.tokens is not None else actual.seconds * rate
            case _:
                cost = 1.0
        return max(self.floor, cost)

    def learn(self, ticket: Ticket, actual: Actual, true: float) -> None:
        """A request is done."""
        if actual.complete and actual.tokens is not None and self.unit == "tokens":
            # With the floor, like all costs: of nodes that tell 0 for everything, no debt would be worth remembering.
            self._tokens.learn(ticket.key, ticket.model, ticket.size, true)
        if self.unit == "request":
            return
        self._recent.append(true)
        if not self._set_quantum:
            self.quantum = sum(self._recent) / len(self._recent)
