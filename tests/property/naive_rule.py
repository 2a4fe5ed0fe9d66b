"""The rule of the fair queue once more, for comparison: by linear scans over everything, in the order of the prose.

It shares no code with `llmlb.scheduler`. Where that keeps entries in heaps, standings in entrants and the last turn
in a number, this looks at every waiting request each time, keeps the list of a key's turns and takes its maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import attrs

WELCOME = 0.49
MEMORY = 32
HORIZON = 300.0
ELSEWHERE = 3.0
AHEAD = 0.25
RECENT = 50


@attrs.define(eq=False)
class Request:
    """A request as the rule sees it."""

    id: str
    key: str
    model: str
    number: int
    size: int = 0
    failed_on: set[str] = attrs.field(factory=set)


@attrs.frozen
class Tariff:
    """What requests cost, in some unit."""

    floor: float
    guess: Callable[[Request], float]
    rate: Callable[[Request], float]
    """Cost a second."""
    per_second: Callable[[], float]
    quantum: float = 0.0
    """0: the mean of what the last fifty cost."""


BY_REQUEST = Tariff(1.0, lambda _: 1.0, lambda _: 0.0, lambda: 0.1, quantum=1.0)


@attrs.define
class Account:
    """How a key stands with one set of nodes."""

    tag: float
    room: float
    entered_at: float = 0.0
    since: float = -inf
    served: bool = False


@attrs.define(eq=False)
class Nodes:
    """The nodes with one set of models, and how the keys stand there."""

    models: frozenset[str]
    accounts: dict[str, Account] = attrs.field(factory=dict)
    limit: float = -inf
    clock: float = 0.0
    pace: float = 0.0

    def level(self, key: str) -> float:
        """A key's tag without the welcome it was given when it began to wait."""
        return max(self.accounts[key].tag, self.accounts[key].entered_at)


@attrs.define(eq=False)
class Service:
    """A request in service."""

    request: Request
    node: str
    where: Nodes
    turn: int
    start: float
    guess: float
    rate: float
    before: float | None = None
    """What it had cost when another key began to wait for its node; None while none has."""
    charged: float = 0.0
    first: int = 0
    """The turn since which its key has always had something there that nobody waited for."""
    counted: int = 0
    """When it was last charged, among all such moments."""
    elsewhere: dict[Nodes, float] = attrs.field(factory=dict)
    """What of it was put on the tags of other pools."""

    def due(self) -> float:
        """When it will have cost what it was charged."""
        return inf if self.before is None or not self.rate else self.start + (self.before + self.charged) / self.rate


class NaiveRule:
    """Who is next, by the prose."""

    def __init__(self, weights: Mapping[str, float], tariff: Tariff = BY_REQUEST, *, fair: bool = True) -> None:
        self.weights = weights
        self.tariff = tariff
        self.fair = fair
        self.nodes: dict[str, frozenset[str]] = {}
        self.pools: list[Nodes] = []
        self.waiting: list[Request] = []
        self.running: dict[str, Service] = {}
        self.turns: dict[str, list[int]] = {}
        self.turn = MEMORY
        self.costs: list[float] = []
        self.now = self.forgave_at = -inf
        self.charges = 0

    # Who could serve what

    @property
    def quantum(self) -> float:
        """How far a round reaches, twice."""
        recent = self.costs[-RECENT:]
        return self.tariff.quantum or (sum(recent) / len(recent) if recent else self.tariff.floor)

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

    def heads(self, key: str) -> list[int | None]:
        """By pool, the number of the key's oldest request there."""
        own = [request for request in self.waiting if self.flow(request) == key]
        return [min((r.number for r in own if r.model in pool.models), default=None) for pool in self.pools]

    def least(self, pool: Nodes) -> float:
        """The least tag of those waiting there, or where the last one served was."""
        return min((pool.accounts[key].tag for key in self.keys_waiting(pool)), default=pool.clock)

    # Nodes come, change and go

    def node_serves(self, node: str, models: frozenset[str]) -> None:
        if self.nodes.get(node) == models:
            return
        if all(pool.models != models for pool in self.pools):
            new = Nodes(models)
            for key in self.keys_waiting(new):
                owed = [pool.accounts[key].tag - self.least(pool) for pool in self.pools if key in pool.accounts]
                tag = min(max(0.0, min(owed, default=0.0)), HORIZON * self.tariff.per_second())
                new.accounts[key] = Account(tag, self.most_room(key), entered_at=tag, since=self.now)
            self.pools.append(new)
            new.clock = new.pace = self.least(new)
        self.nodes[node] = models
        self.drop_empty_pools()

    def node_gone(self, node: str) -> None:
        self.nodes.pop(node, None)
        self.drop_empty_pools()

    def drop_empty_pools(self) -> None:
        self.pools = [pool for pool in self.pools if pool.models in self.nodes.values()]

    # Requests

    def add(self, request: Request, now: float) -> None:
        key = self.arrives(request, now)
        wanted = [pool for pool in self.pools if request.model in pool.models]
        entering = [pool for pool in wanted if key not in self.keys_waiting(pool)]
        heads = self.heads(key)
        for pool in entering:
            self.enter(key, pool)
        in_round = [pool for pool in entering if pool.accounts[key].tag < pool.limit]
        self.waiting.append(request)
        self.waiting.sort(key=lambda r: r.number)
        self.note_heads(key, heads)
        for pool in in_round:
            pool.limit = max(pool.limit, self.least(pool) + self.quantum / 2)
        for pool in wanted:
            for service in sorted(self.not_charged_yet(pool), key=lambda s: s.first):
                if self.flow(service.request) != key:
                    self.contend(service)

    def serve(self, request: Request, node: str, now: float) -> None:
        """It meets an idle node."""
        key = self.arrives(request, now)
        pool = self.pool(node)
        if key not in self.keys_waiting(pool):
            self.enter(key, pool)
        self.dispatch(request, node)

    def take(self, node: str, now: float) -> Request | None:
        if node not in self.nodes or not self.keys_waiting(self.pool(node)):
            return None
        self.time_is(now)
        pool, half = self.pool(node), self.quantum / 2
        fitting = [request for request in self.waiting if self.can_serve(node, request)]
        keys = {self.flow(request) for request in fitting}
        aside = self.keys_waiting(pool) - keys
        first: Request | None = None
        if fitting:
            tags = {key: pool.accounts[key].tag for key in keys}
            if min(tags.values()) >= pool.limit:
                pool.limit = min(tags.values()) + half
            at = self.pools.index(pool)
            near = [key for key in keys if tags[key] < pool.limit]
            key = min(near, key=lambda k: (max(self.turns[k]), self.heads(k)[at]))
            first = next(request for request in fitting if self.flow(request) == key)
        for key in aside:
            pool.limit = min(pool.limit, pool.accounts[key].tag + half)
        if first is not None:
            pool.accounts[self.flow(first)].served = True
            self.waiting.remove(first)
            self.dispatch(first, node)
        return first

    def withdraw(self, request: Request) -> None:
        self.waiting.remove(request)
        self.note(self.flow(request))

    def finish(self, request: Request, cost: float, *, again: bool = False) -> None:
        service = self.running.pop(request.id)
        if again:
            key = self.flow(request)
            self.turns[key].remove(service.turn)
            if service.charged:
                self.charge(service, -service.charged)
            self.note(key)
            return
        true = max(self.tariff.floor, cost)
        if service.before is not None:
            self.charge(service, max(true - service.before, 0.0) - service.charged)
        self.costs.append(true)

    # Steps

    def arrives(self, request: Request, now: float) -> str:
        key = self.flow(request)
        if not self.waiting and not self.running:
            self.turns.clear()
            self.turn = MEMORY
            for pool in self.pools:
                pool.accounts.clear()
                pool.clock = pool.pace = 0.0
                pool.limit = -inf
        self.time_is(now)
        if all(key not in self.keys_waiting(pool) for pool in self.pools):
            turns = self.turns.setdefault(key, [])
            if not turns or max(turns) < self.turn - MEMORY:
                turns.append(self.turn - MEMORY)
        return key

    def enter(self, key: str, pool: Nodes) -> None:
        others = self.keys_waiting(pool) - {key}
        low = min((pool.level(other) for other in others), default=pool.clock)
        served = [pool.accounts[other].tag for other in others if pool.accounts[other].served]
        if served:
            low = max(low, min(pool.pace, *served))
        welcomed = low - WELCOME * self.quantum / self.weight(key)
        account = pool.accounts.setdefault(key, Account(welcomed, self.most_room(key)))
        account.tag = min(max(account.tag, welcomed), low + HORIZON * self.tariff.per_second())
        account.entered_at = low
        account.served = False
        account.since = self.now

    def dispatch(self, request: Request, node: str) -> None:
        key, pool = self.flow(request), self.pool(node)
        self.turn += 1
        self.turns[key].append(self.turn)
        pool.clock = pool.level(key)
        account = pool.accounts[key]
        account.since = self.now
        account.room = self.most_room(key)
        guess, rate = max(self.tariff.floor, self.tariff.guess(request)), self.tariff.rate(request)
        service = self.running[request.id] = Service(request, node, pool, self.turn, self.now, guess, rate)
        if self.keys_waiting(pool) - {key}:
            self.contend(service)
        else:
            before = [s.first for s in self.not_charged_yet(pool) if self.flow(s.request) == key and s is not service]
            service.first = min(before, default=self.turn)
            self.note(key)

    # Charges

    def not_charged_yet(self, pool: Nodes) -> list[Service]:
        return [s for s in self.running.values() if s.where is pool and s.before is None]

    def contend(self, service: Service) -> None:
        service.before = service.rate * (self.now - service.start)
        self.charge(service, max(service.guess - service.before, 0.0))

    def charge(self, service: Service, cost: float) -> None:
        key, home = self.flow(service.request), service.where
        weight, half = self.weight(key), self.quantum / 2
        self.charges += 1
        service.counted = self.charges
        service.charged += cost
        if home in self.pools:
            home.accounts[key].tag += cost / weight
            home.pace += cost / sum(self.weight(other) for other in self.keys_waiting(home) | {key})
            if home.limit > -inf:
                home.pace = max(home.limit - half, min(home.pace, home.limit + half))
        for pool in self.pools:
            if pool is not home and key in self.keys_waiting(pool):
                account, put = pool.accounts[key], service.elsewhere.get(pool, 0.0)
                part = min(cost / weight, account.room) if cost > 0.0 else min(service.charged / weight - put, 0.0)
                account.tag += part
                if part:
                    account.room = min(self.most_room(key), account.room - part)
                service.elsewhere[pool] = put + part
        self.note(key)

    def note(self, key: str) -> None:
        """A key stands differently: no round reaches further than half a quantum beyond it."""
        for pool in self.pools:
            if key in self.keys_waiting(pool):
                pool.limit = min(pool.limit, pool.accounts[key].tag + self.quantum / 2)

    def note_heads(self, key: str, before: list[int | None]) -> None:
        """So it does where its oldest request is another now."""
        for pool, was, head in zip(self.pools, before, self.heads(key), strict=True):
            if head is not None and head != was:
                pool.limit = min(pool.limit, pool.accounts[key].tag + self.quantum / 2)

    def most_room(self, key: str) -> float:
        return ELSEWHERE * self.quantum / self.weight(key)

    # Time passes

    def time_is(self, now: float) -> None:
        self.now = now
        for service in sorted(self.running.values(), key=lambda s: (s.due(), s.counted)):
            if service.due() < now and service.before is not None:
                overdue = service.rate * (now - service.start) - service.before - service.charged
                self.charge(service, max(overdue, 0.0) + AHEAD * self.quantum)
        if now >= self.forgave_at + 1.0:
            self.forgave_at = now
            for pool in self.pools:
                self.forgive(pool)

    def forgive(self, pool: Nodes) -> None:
        least = self.least(pool)
        for key in self.keys_waiting(pool):
            account = pool.accounts[key]
            left = self.tariff.per_second() * max(0.0, HORIZON - (self.now - account.since))
            if account.tag > least + left:
                account.tag = least + left
                pool.limit = min(pool.limit, account.tag + self.quantum / 2)
