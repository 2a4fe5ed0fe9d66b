"""A scheduler with nodes beside it, so that a test reads like what one would tell: who came, who was served."""

from __future__ import annotations

from collections.abc import Iterable

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Actual, Place, Ticket


class Desk:
    """Requests are named by their key and a number: A1, A2, B1. Time moves by `now`; a service takes `secs`."""

    def __init__(
        self,
        nodes: dict[str, str] | None = None,
        weights: dict[str, float] | None = None,
        *,
        fair: bool = True,
        cost: Cost = "request",
        quantum: float = 0.0,
        secs: float = 10.0,
    ) -> None:
        self.scheduler = FairScheduler(weights or {}, fair=fair, cost=cost, quantum=quantum, default_service_secs=secs)
        self.now = 100.0
        self.secs = secs
        self.has: dict[str, Ticket | None] = {}
        self.tickets: dict[str, Ticket] = {}
        self.line: list[Ticket] = []
        self.models: dict[str, frozenset[str]] = {}
        for node, models in (nodes or {"n": "m"}).items():
            self.node(node, models)

    def node(self, node: str, models: str, free_at: float | None = 0.0) -> None:
        """The node serves these models: "a b" are two."""
        self.models[node] = frozenset(models.split())
        self.scheduler.topology(node, self.models[node], free_at)
        self.has.setdefault(node, None)

    def gone(self, node: str) -> None:
        """The node is taken away, whatever it does."""
        self.scheduler.forget_node(node)
        del self.has[node], self.models[node]

    def come(self, names: str, model: str = "m", tried: Iterable[str] = ()) -> list[str]:
        """They arrive one after another; who meets an idle node is served. Returns who was."""
        served = []
        for name in names.split():
            ticket = Ticket(name, name.rstrip("0123456789"), model, self.now, tried=set(tried))
            self.tickets[name] = ticket
            idle = (node for node in self.has if self._fits(node, ticket) and not self._wanted(node))
            if (node := next(idle, None)) is None:
                self._wait(ticket)
            else:
                self.scheduler.serve(ticket, node, self.now)
                self.has[node] = ticket
                served.append(name)
        return served

    def leave(self, names: str) -> None:
        """They give up waiting."""
        for name in names.split():
            self.scheduler.withdraw(self.tickets[name], self.now)
            self.line.remove(self.tickets[name])

    def end(self, node: str = "n", *, complete: bool = True) -> str:
        """The node is done with what it has, and idle."""
        ticket = self.has[node]
        assert ticket is not None
        self.has[node] = None
        self.scheduler.finish(ticket, Actual(self.secs, complete=complete), self.now)
        return ticket.id

    def fail(self, node: str = "n", *, counts: bool = True) -> str:
        """The node lets its request down, which goes back to wait. `counts`: it will not be tried here again."""
        ticket = self.has[node]
        assert ticket is not None
        self.has[node] = None
        if counts:
            ticket.tried.add(node)
        self.scheduler.finish(ticket, Actual(0.1, complete=False), self.now, again=True)
        self._wait(ticket)
        return ticket.id

    def next(self, node: str = "n", times: int = 1) -> str:
        """The node ends what it has and takes the next, so often. Returns whom it took."""
        taken = []
        for _ in range(times):
            if self.has[node] is not None:
                self.end(node)
            self.has[node] = ticket = self.scheduler.take(node, self.now)
            taken.append(ticket.id if ticket else "-")
            if ticket is not None:
                self.line.remove(ticket)
        return " ".join(taken)

    def rest(self) -> str:
        """All nodes serve on in turn until nothing they can serve waits: in which order."""
        taken: list[str] = []
        while True:
            round_ = [name for node in sorted(self.has) if (name := self.next(node)) != "-"]
            if not round_:
                return " ".join(taken)
            taken += round_

    def place(self, name: str) -> Place:
        """What this request would be told now."""
        return self.scheduler.place(self.tickets[name], self.now)

    def places(self, names: str) -> list[int]:
        """Their positions."""
        return [self.place(name).position for name in names.split()]

    def _wait(self, ticket: Ticket) -> None:
        self.scheduler.add(ticket, self.now)
        self.line.append(ticket)

    def _fits(self, node: str, ticket: Ticket) -> bool:
        return self.has[node] is None and ticket.model in self.models[node] and node not in ticket.tried

    def _wanted(self, node: str) -> bool:
        return any(self._fits(node, other) for other in self.line)
