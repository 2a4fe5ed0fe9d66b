"""The nodes as the forecast sees them: what each has in service, and what requests will take there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from llmlb.scheduler.draws import Node
from llmlb.scheduler.flows import Pool, Running
from llmlb.scheduler.predictor import Predictor, Ratio
from llmlb.scheduler.ratios import Ratios
from llmlb.scheduler.ticket import Actual, Ticket

Lines = dict[tuple[str, str], tuple[float, float, float]]
"""By key and model, how the size of a request tells its seconds: see `Predictor.line`."""
SAMPLE = 64
"""Nodes looked at for an estimate: of more than that, as many as stand for all."""


class Stations:
    """Who serves, since when, and how fast. `default_secs`: assumed until the first request has finished."""

    def __init__(self, default_secs: float) -> None:
        self.seconds = Predictor(default_secs)
        self.ratios = Ratios()
        self._speeds: dict[str, Ratio] = {}
        self._free_at: dict[str, float | None] = {}
        self._away: set[str] = set()
        """Those of them that take no requests, nobody knows until when."""
        self._running: dict[str, Running] = {}

    @property
    def running(self) -> Mapping[str, Running]:
        """By node, what it has in service."""
        return self._running

    def put(self, node: str, free_at: float | None) -> None:
        """The node is there; idle, it takes requests from then on (None: unknown when)."""
        self._free_at[node] = free_at
        if free_at is None:
            self._away.add(node)
        else:
            self._away.discard(node)

    def forget(self, node: str) -> None:
        """The node is gone."""
        self._free_at.pop(node, None)
        self._away.discard(node)
        self._speeds.pop(node, None)

    def began(self, running: Running) -> None:
        """The node has a request."""
        running.expected = self.secs(running.ticket) * self.speed(running.node)
        running.foreseen = self.seconds.knows(running.ticket.model)
        self._running[running.node] = running

    def ended(self, running: Running) -> None:
        """It has it no more."""
        if self._running.get(running.node) is running:  # else the node left and came back meanwhile
            del self._running[running.node]

    def learn(self, running: Running, actual: Actual) -> None:
        """The request came to its proper end."""
        ticket = running.ticket
        if running.foreseen:
            self.ratios.add(actual.seconds, running.expected)
        if running.node in self._free_at:
            speed = self._speeds.get(running.node)
            if speed is None:
                speed = self._speeds[running.node] = Ratio()
            if running.foreseen:
                speed.add(actual.seconds, self.secs(ticket))
        self.seconds.learn(ticket.key, ticket.model, ticket.size, actual.seconds / self.speed(running.node))

    def secs(self, ticket: Ticket) -> float:
        """Seconds a request is predicted to take on a node of speed 1."""
        a, b, most = self.seconds.line(ticket.key, ticket.model)
        secs = a + b * ticket.size
        if secs > most:
            secs = most
        return 1e-3 if secs < 1e-3 else secs

    def secs_of(self, tickets: Iterable[Ticket], lines: Lines | None = None) -> list[float]:
        """`secs` of each of these, at less cost. `lines`: what was found out before, while nothing has been learned."""
        if lines is None:
            lines = {}
        line_of = self.seconds.line
        found = []
        for ticket in tickets:
            key, model = which = ticket.key, ticket.model
            line = lines.get(which)
            if line is None:
                line = lines[which] = line_of(key, model)
            a, b, most = line
            secs = a + b * ticket.size
            found.append(1e-3 if secs < 1e-3 else most if secs > most else secs)
        return found

    def speed(self, node: str) -> float:
        """Seconds the node takes for one that is predicted. With nothing to compare it with, 1."""
        ratio = self._speeds.get(node)
        return ratio.value if ratio is not None and len(self._speeds) > 1 else 1.0

    def serves(self, pool: Pool) -> bool:
        """Whether any node of the pool is there."""
        return any(self._is_there(node) for node in pool.nodes)

    def nodes(self, pools: Iterable[Pool], models: Iterable[str], now: float) -> tuple[list[Node], float]:
        """Nodes of these pools that are there, and how many of the real ones each stands for.

        At least one of them serves each of the models, where any does.
        """
        there = [(pool, self._there(pool)) for pool in pools]
        times = max(1.0, sum([len(names) for _, names in there]) / SAMPLE)
        if times == 1.0:
            return [self._node(node, pool, now) for pool, names in there for node in names], times
        some: list[tuple[str, Pool]] = []
        picked, before = [int(number * times) for number in range(SAMPLE)], 0
        for pool, names in there:
            some += [(names[at - before], pool) for at in picked if 0 <= at - before < len(names)]
            before += len(names)
        for model in models:
            if not any(model in pool.models for _, pool in some):
                some += [(names[0], pool) for pool, names in there if model in pool.models and names][:1]
        return [self._node(node, pool, now) for node, pool in some], times

    def free_at(self, pools: Iterable[Pool], now: float) -> dict[str, float]:
        """When each node of these pools that is there is expected to be free."""
        free = {}
        for pool in pools:
            for node in pool.nodes:
                if (running := self._running.get(node)) is not None:
                    free[node] = now + self.ratios.remaining(running.expected, now - running.started, 0.5)
                elif (at := self._free_at.get(node)) is not None:
                    free[node] = max(now, at)
        return free

    def _there(self, pool: Pool) -> Sequence[str]:
        """Its nodes that are there: all of them, nearly always."""
        if not self._away:
            return list(pool.nodes)
        return [node for node in pool.nodes if node not in self._away or node in self._running]

    def _is_there(self, node: str) -> bool:
        return node in self._running or self._free_at.get(node) is not None

    def _node(self, node: str, pool: Pool, now: float) -> Node:
        running = self._running.get(node)
        if running is None:
            return Node(pool.models, max(now, self._free_at[node] or now), self.speed(node))
        return Node(pool.models, now, self.speed(node), running.expected, now - running.started)
