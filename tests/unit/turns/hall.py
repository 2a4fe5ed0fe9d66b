"""The queue with nodes and clients that only take down what they are told."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from llmlb.config.model import WhenFull
from llmlb.errors import QueueFull, Refusal
from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.placement import Candidate
from llmlb.scheduler.ticket import Actual, Place, Ticket
from llmlb.testing import ManualClock
from llmlb.turns.local import LocalTurns


@attrs.define(eq=False)
class FakeNode:
    """A node: one request at a time, and it pulls whenever it has none."""

    id: str
    serves: frozenset[str]
    idle_since: float = 0.0
    has: Ticket | None = None
    open: bool = True
    """Whether it takes requests."""
    loaded: frozenset[str] = frozenset()

    def candidate(self, model: str) -> Candidate:
        return Candidate(self.id, False, len(self.serves), 0, None, self.idle_since)


@attrs.define(eq=False)
class FakeWaiter:
    """A client: what it was told, in order, with the times."""

    ticket: Ticket
    hall: Hall
    told: list[object] = attrs.field(factory=list)

    def placed(self, place: Place) -> None:
        self.told.append(place)

    def granted(self, node: str) -> None:
        self.told.append(node)
        self.hall.granted(self.ticket, node)

    def refused(self, error: Refusal) -> None:
        assert isinstance(error, QueueFull)
        self.told.append(error.retry_after)
        del self.hall.line[self.ticket.id]


class Hall:
    """Requests are named by key and number. Every one has `timeout` seconds to wait."""

    def __init__(
        self,
        nodes: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        *,
        fair: bool = True,
        max_size: int = 100,
        max_per_key: int = 0,
        limits: Mapping[str, int] | None = None,
        when_full: WhenFull = "refuse",
        secs: float = 10.0,
        timeout: float = 60.0,
        scheduler: FairScheduler | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.scheduler = scheduler or FairScheduler(weights or {}, fair=fair, default_service_secs=secs)
        self.turns = LocalTurns(
            self.scheduler,
            self.clock,
            max_size=max_size,
            max_per_key=max_per_key,
            limits=limits,
            when_full=when_full,
        )
        self.secs = secs
        self.timeout = timeout
        self.nodes: dict[str, FakeNode] = {}
        self.waiters: dict[str, FakeWaiter] = {}
        self.line: dict[str, Ticket] = {}
        self.grants: list[tuple[str, str]] = []
        self.timed_out: list[tuple[str, float]] = []
        for name, models in (nodes or {"n": "m"}).items():
            self.node(name, models)

    # Nodes

    def node(self, name: str, models: str) -> None:
        """It comes, or serves these models from now on, and looks for work."""
        node = self.nodes.setdefault(name, FakeNode(name, frozenset()))
        node.serves = frozenset(models.split())
        self.scheduler.topology(name, node.serves, 0.0)
        self.pull(name)

    def pull(self, name: str) -> None:
        """It takes the next, if it may and has none."""
        node = self.nodes[name]
        if node.open and node.has is None:
            self.turns.pull(node)

    def close(self, name: str) -> None:
        """It takes nothing for the time being."""
        self.nodes[name].open = False
        self.turns.unpull(self.nodes[name])

    def reopen(self, name: str) -> None:
        """It does again."""
        self.nodes[name].open = True
        self.pull(name)

    def end(self, name: str = "n", *, complete: bool = True, pull: bool = True) -> None:
        """It is done with what it has and takes the next."""
        node = self.nodes[name]
        assert node.has is not None
        ticket, node.has, node.idle_since = node.has, None, self.clock.now()
        self.turns.finished(ticket, Actual(self.secs, complete=complete))
        if pull:
            self.pull(name)

    def fail(self, name: str = "n", *, counts: bool = True) -> None:
        """It lets its request down, which goes back; then it looks for work, unless it rests (`counts` false)."""
        node = self.nodes[name]
        assert node.has is not None
        ticket, node.has, node.idle_since = node.has, None, self.clock.now()
        if counts:
            ticket.tried.add(name)
        else:
            node.open = False
        self.line[ticket.id] = ticket
        self.turns.finished(ticket, Actual(0.1, complete=False), again=True)
        if counts:
            self.pull(name)

    def granted(self, ticket: Ticket, name: str) -> None:
        """A request is this node's own."""
        node = self.nodes[name]
        assert node.has is None, "a node gets one request at a time"
        assert ticket.model in node.serves
        assert name not in ticket.tried
        assert self.line.pop(ticket.id) is ticket, "only who waits is granted a node"
        node.has = ticket
        self.grants.append((ticket.id, name))

    # Clients

    def come(self, names: str, model: str = "m") -> None:
        """They ask one after another."""
        now = self.clock.now()
        for name in names.split():
            ticket = Ticket(name, name.rstrip("0123456789"), model, now, now + self.timeout)
            waiter = self.waiters[name] = FakeWaiter(ticket, self)
            self.line[name] = ticket
            self.turns.submit(ticket, waiter)
            if name in self.line:
                self.clock.call_at(ticket.deadline, lambda ticket=ticket: self._expired(ticket))  # type: ignore[misc]

    def leave(self, names: str) -> None:
        """They hang up while they wait."""
        for name in names.split():
            self.turns.withdraw(self.line.pop(name))

    def _expired(self, ticket: Ticket) -> None:
        if ticket.id in self.line:
            self.timed_out.append((ticket.id, self.clock.now()))
            self.leave(ticket.id)

    # What came of it

    def told(self, name: str) -> list[object]:
        """What this client was told: places, nodes, and the seconds of a refusal."""
        return self.waiters[name].told

    def refused(self, name: str) -> bool:
        """Whether there was no place for it, or none any more."""
        return isinstance(self.told(name)[-1], int)

    def position(self, name: str) -> int:
        """The first it was told."""
        place = self.told(name)[0]
        assert isinstance(place, Place)
        return place.position

    @property
    def order(self) -> str:
        """Who was granted a node, in order."""
        return " ".join(name for name, _ in self.grants)

    def drain(self) -> str:
        """Serve on in turn to the end: who is granted a node from now on."""
        before = len(self.grants)
        while busy := [node.id for node in self.nodes.values() if node.has is not None]:
            for name in busy:
                self.end(name)
        return " ".join(name for name, _ in self.grants[before:])
