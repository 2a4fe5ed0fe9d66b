"""The rule of the fair queue once more, for comparison: by linear scans over everything, in the order of the prose.

It shares no code with `llmlb.scheduler`. Where that keeps entries in heaps, standings in entrants and the last turn
in a number, this looks at every waiting request each time, keeps the list of a key's turns and takes its maximum.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

QUANTUM = 1.0
PRICE = 1.0
WELCOME = 0.49
MEMORY = 32


@attrs.define(eq=False)
class Request:
    """A request as the rule sees it."""

    id: str
    key: str
    model: str
    number: int
    failed_on: set[str] = attrs.field(factory=set)


@attrs.define(eq=False)
class Nodes:
    """The nodes with one set of models, and how the keys stand there."""

    models: frozenset[str]
    tags: dict[str, float] = attrs.field(factory=dict)
    entered_at: dict[str, float] = attrs.field(factory=dict)
    clock: float = 0.0

    def level(self, key: str) -> float:
        """A key's tag without the welcome it was given when it began to wait."""
        return max(self.tags[key], self.entered_at[key])


@attrs.define(eq=False)
class Service:
    """A request in service."""

    request: Request
    node: str
    where: Nodes
    turn: int
    price: float | None = None


class NaiveRule:
    """Who is next, by the prose."""

    def __init__(self, weights: Mapping[str, float], *, fair: bool = True) -> None:
        self.weights = weights
        self.fair = fair
        self.nodes: dict[str, frozenset[str]] = {}
        self.pools: list[Nodes] = []
        self.waiting: list[Request] = []
        self.running: dict[str, Service] = {}
        self.turns: dict[str, list[int]] = {}
        self.turn = MEMORY

    # Who could serve what

    def pool(self, node: str) -> Nodes:
        return next(pool for pool in self.pools if pool.models == self.nodes[node])

    def flow(self, request: Request) -> str:
        return request.key if self.fair else ""

    def weight(self, key: str) -> float:
        return self.weights.get(key, 1.0)

    def can_serve(self, node: str, request: Request) -> bool:
        return request.model in self.nodes[node] and node not in request.failed_on

    def keys_waiting(self, pool: Nodes) -> set[str]:
        return {self.flow(request) for request in self.waiting if request.model in pool.models}

    def arrival_of_head(self, key: str, pool: Nodes) -> int:
        own = [r.number for r in self.waiting if self.flow(r) == key and r.model in pool.models]
        return min(own)

    # Nodes come, change and go

    def node_serves(self, node: str, models: frozenset[str]) -> None:
        if self.nodes.get(node) == models:
            return
        old = list(self.pools)
        if all(pool.models != models for pool in self.pools):
            new = Nodes(models)
            for key in self.keys_waiting(new):
                new.tags[key] = new.entered_at[key] = self.least_owed(key, old)
            new.clock = min(new.tags.values(), default=0.0)
            self.pools.append(new)
        self.nodes[node] = models
        self.drop_empty_pools()

    def node_gone(self, node: str) -> None:
        self.nodes.pop(node, None)
        self.drop_empty_pools()

    def drop_empty_pools(self) -> None:
        self.pools = [pool for pool in self.pools if pool.models in self.nodes.values()]

    def least_owed(self, key: str, pools: list[Nodes]) -> float:
        owed = []
        for pool in pools:
            if key in pool.tags:
                others = [pool.tags[other] for other in self.keys_waiting(pool)]
                least = min(others) if others else pool.clock
                owed.append(max(0.0, pool.tags[key] - least))
        return min(owed, default=0.0)

    # Requests

    def add(self, request: Request) -> None:
        key = self.arrives(request)
        for service in self.running.values():
            if self.flow(service.request) != key and service.price is None and request.model in service.where.models:
                self.contend(service)
        entering = [p for p in self.pools if request.model in p.models and key not in self.keys_waiting(p)]
        self.waiting.append(request)
        self.waiting.sort(key=lambda r: r.number)
        for pool in entering:
            self.enter(key, pool)

    def serve(self, request: Request, node: str) -> None:
        """It meets an idle node."""
        key = self.arrives(request)
        pool = self.pool(node)
        if key not in self.keys_waiting(pool):
            self.enter(key, pool)
        self.dispatch(request, node)

    def take(self, node: str) -> Request | None:
        if node not in self.nodes:
            return None
        pool = self.pool(node)
        fitting = [request for request in self.waiting if self.can_serve(node, request)]
        if not fitting:
            return None
        keys = {self.flow(request) for request in fitting}
        least = min(pool.tags[key] for key in keys)
        near = [key for key in keys if pool.tags[key] < least + QUANTUM / 2]
        key = min(near, key=lambda k: (max(self.turns[k]), self.arrival_of_head(k, pool)))
        request = next(request for request in fitting if self.flow(request) == key)
        self.waiting.remove(request)
        self.dispatch(request, node)
        return request

    def withdraw(self, request: Request) -> None:
        self.waiting.remove(request)

    def finish(self, request: Request, *, again: bool = False) -> None:
        service = self.running.pop(request.id)
        if again:
            key = self.flow(request)
            self.turns[key].remove(service.turn)
            if service.price is not None:
                service.where.tags[key] -= service.price

    # Steps

    def arrives(self, request: Request) -> str:
        key = self.flow(request)
        if not self.waiting and not self.running:
            self.turns.clear()
            self.turn = MEMORY
            for pool in self.pools:
                pool.tags.clear()
                pool.clock = 0.0
        if all(self.flow(other) != key for other in self.waiting):
            turns = self.turns.setdefault(key, [])
            if not turns or max(turns) < self.turn - MEMORY:
                turns.append(self.turn - MEMORY)
        return key

    def enter(self, key: str, pool: Nodes) -> None:
        others = [pool.level(other) for other in self.keys_waiting(pool) - {key}]
        low = min(others) if others else pool.clock
        welcomed = low - WELCOME / self.weight(key)
        pool.tags[key] = max(pool.tags.get(key, welcomed), welcomed)
        pool.entered_at[key] = low

    def dispatch(self, request: Request, node: str) -> None:
        key, pool = self.flow(request), self.pool(node)
        self.turn += 1
        self.turns[key].append(self.turn)
        pool.clock = pool.level(key)
        service = self.running[request.id] = Service(request, node, pool, self.turn)
        if self.keys_waiting(pool) - {key}:
            self.contend(service)

    def contend(self, service: Service) -> None:
        key = self.flow(service.request)
        service.price = PRICE / self.weight(key)
        service.where.tags[key] += service.price
