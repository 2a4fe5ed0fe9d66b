"""What the order is kept in: flows, pools, and requests in service."""

from __future__ import annotations

from operator import attrgetter

from llmlb.scheduler.contest import Contest, Standing
from llmlb.scheduler.ticket import Ticket

by_number = attrgetter("number")
"""Order of arrival."""


class Flow:
    """One key's requests and standing."""

    __slots__ = ("key", "last", "queues", "running", "standings", "waiting", "weight")

    def __init__(self, key: str, weight: float) -> None:
        self.key = key
        self.weight = weight
        self.queues: dict[str, list[Ticket]] = {}
        """Waiting requests by model, each in order of arrival."""
        self.waiting = 0
        self.running: list[Running] = []
        self.last = 0
        self.standings: dict[Pool, Standing] = {}

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

    __slots__ = ("clock", "contest", "models", "nodes", "pace", "uncharged")

    def __init__(self, models: frozenset[str]) -> None:
        self.models = models
        self.nodes: dict[str, None] = {}
        """In the order in which they came."""
        self.contest = Contest()
        self.clock = 0.0
        """Level of the key served last, before that service was charged: where others enter if nobody waits."""
        self.pace = 0.0
        """Where a key would be that had had its share all along: newcomers do not enter below it."""
        self.uncharged: dict[str, list[Running]] = {}
        """Requests in service that nobody has waited for yet, by key."""

    def floor(self) -> float:
        """The least tag of those waiting here: who is not above it owes nothing."""
        least = self.contest.least()
        return self.clock if least is None else least

    def level(self) -> float:
        """Where a key enters: level with the least of those who wait.

        Those who have been served while they waited keep up with `pace`, which moves by what everybody has. Newcomers
        enter no lower, or ever-new keys would enter at one level for ever, and nobody else be the least again.
        """
        low = self.contest.least_level(self.pace) if self.contest.entrants else None
        return self.clock if low is None else low


class Running:
    """A request in service, and what it has been charged."""

    __slots__ = (
        "before", "charged", "contended", "expected", "flow", "foreseen", "guess", "last_before", "node", "over",
        "pool", "rate", "spilled", "started", "ticket", "turn",
    )  # fmt: skip

    def __init__(
        self, ticket: Ticket, flow: Flow, pool: Pool, node: str, started: float, guess: float, rate: float
    ) -> None:
        self.ticket = ticket
        self.flow = flow
        self.pool = pool
        self.node = node
        self.started = started
        self.guess = guess
        """What it was thought to cost when it was picked."""
        self.rate = rate
        """Cost a second."""
        self.turn = 0
        self.last_before = flow.last
        self.contended = False
        """Whether another key has waited for its node: what it costs from then on is charged."""
        self.before = 0.0
        """What it had cost by then."""
        self.charged = 0.0
        self.spilled: dict[Pool, float] = {}
        """What of it was counted, per weight, in other pools."""
        self.over = False
        self.expected = 0.0
        """Seconds it was thought to take on this node ..."""
        self.foreseen = False
        """... from others of its model."""
