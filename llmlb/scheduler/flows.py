"""What the order is kept in: flows, pools, and requests in service."""

from __future__ import annotations

from operator import attrgetter

from llmlb.scheduler.contest import Contest
from llmlb.scheduler.ticket import Ticket

by_number = attrgetter("number")
"""Order of arrival."""


class Flow:
    """One key's requests and standing."""

    __slots__ = ("key", "last", "queues", "running", "tags", "waiting")

    def __init__(self, key: str) -> None:
        self.key = key
        self.queues: dict[str, list[Ticket]] = {}
        """Waiting requests by model, each in order of arrival."""
        self.waiting = 0
        self.running: list[Running] = []
        self.last = 0
        self.tags: dict[Pool, float] = {}

    def head(self, pool: Pool) -> Ticket | None:
        """The oldest request that the pool's nodes can serve."""
        if len(self.queues) == 1:  # nearly always
            ((model, queue),) = self.queues.items()
            return queue[0] if model in pool.models else None
        return min((q[0] for m, q in self.queues.items() if m in pool.models), key=by_number, default=None)

    def head_for(self, node: str, pool: Pool) -> Ticket | None:
        """The oldest request that this node can serve and has not failed."""
        heads = (
            next((ticket for ticket in queue if node not in ticket.tried), None)
            for model, queue in self.queues.items()
            if model in pool.models
        )
        return min((ticket for ticket in heads if ticket is not None), key=by_number, default=None)


class Pool:
    """Nodes that serve the same models, and the contest for them."""

    __slots__ = ("clock", "contest", "models", "nodes", "uncharged")

    def __init__(self, models: frozenset[str]) -> None:
        self.models = models
        self.nodes: set[str] = set()
        self.contest = Contest()
        self.clock = 0.0
        """Level of the key served last, before that service was charged: where others enter if nobody waits."""
        self.uncharged: dict[str, list[Running]] = {}
        """Requests in service that nobody has waited for yet, by key."""

    def floor(self) -> float:
        """The least tag of those waiting here: who is not above it owes nothing."""
        return min((entrant.tag for entrant in self.contest.entrants.values()), default=self.clock)


class Running:
    """A request in service, and what it has been charged."""

    __slots__ = ("charged", "flow", "last_before", "node", "pool", "started", "ticket", "turn")

    def __init__(self, ticket: Ticket, flow: Flow, pool: Pool, node: str, started: float) -> None:
        self.ticket = ticket
        self.flow = flow
        self.pool = pool
        self.node = node
        self.started = started
        self.turn = 0
        self.last_before = flow.last
        self.charged: float | None = None
