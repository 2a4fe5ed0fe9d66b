"""A scheduler with nodes and clients around it, for anything that can happen in any unit of cost.

Its guesses are the sizes of the requests, a quarter of a second for each byte, up to a limit: so a test decides what is
guessed, by the request. Nothing is learned from requests that did not come to their proper end, and here none does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

import hypothesis.strategies as st

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.flows import Pool, Running
from llmlb.scheduler.predictor import Predictor
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Actual, Place, Ticket

SECS_A_BYTE = 0.25
MOST_BYTES = 200
"""Nothing is guessed to take longer than so many."""
TOKENS_A_SECOND = 64.0
DEFAULT_SECS = 7.8125
"""At that many tokens a second, what 500 tokens take: the unknown costs the same in both units."""
EXACT_WEIGHTS = st.sampled_from([{}, {}, {"A": 2.0}, {"A": 1.0, "B": 2.0, "C": 4.0}, {"A": 0.25, "B": 0.5}])
"""Costs per weight come out exactly in these, so that both sides of a comparison see the same ties."""
COSTS: st.SearchStrategy[Cost] = st.sampled_from(["seconds", "request", "tokens"])
QUANTA: dict[Cost, float] = {"seconds": 8.0, "request": 1.0, "tokens": 512.0}
UNITS = COSTS.flatmap(
    lambda cost: st.tuples(st.just(cost), st.sampled_from([QUANTA[cost] / 8, QUANTA[cost], 3 * QUANTA[cost]]))
)
"""A unit of cost and a quantum."""
ALIKE = st.integers(1, 3).map(lambda count: ["m"] * count)
"""Nodes of one pool."""
SERVED = ["a", "a b", "b c", "a b c"]

Event = tuple[str, int, int, int]
"""What happens, and three numbers that say to whom, with whatever there is taken in turn."""
HAPPENINGS = ["come"] * 4 + ["next"] * 4 + ["end", "pull", "fail", "busy", "leave", "pass", "pass", "node", "gone"]
ONE_POOL = ["come"] * 5 + ["next"] * 5 + ["end", "pull", "busy", "leave", "pass"]
LAST = st.lists(st.integers(0, 20), min_size=2, max_size=5)
"""Who arrives last: see `Scene.arrivals`."""


def events(most: int = 50, happenings: Sequence[str] = HAPPENINGS, least: int = 0) -> st.SearchStrategy[list[Event]]:
    """Things that happen one after another."""
    numbers = st.integers(0, 20)
    happening = st.tuples(st.sampled_from(happenings), numbers, numbers, numbers)
    return st.lists(happening, min_size=least, max_size=most)


class BySize(Predictor):
    """Predicts so much for every byte."""

    def __init__(self, default: float, a_byte: float) -> None:
        super().__init__(default)
        self.a_byte = a_byte

    def line(self, key: str, model: str) -> tuple[float, float, float]:
        return 0.0, self.a_byte, self.a_byte * MOST_BYTES


class Scene:
    """Nodes `n0`, `n1` ... serve the models told; requests are named by key and number."""

    def __init__(
        self,
        nodes: Iterable[str] = ("m",),
        weights: Mapping[str, float] | None = None,
        *,
        keys: str = "ABCD",
        models: str = "m",
        fair: bool = True,
        cost: Cost = "request",
        quantum: float = 0.0,
        by_size: bool = True,
        by_clock: bool = False,
        most_size: int = 401,
    ) -> None:
        """`by_clock`: requests cost the time they were in service, else exactly what was guessed."""
        self.scheduler = FairScheduler(
            weights or {}, fair=fair, cost=cost, quantum=quantum, default_service_secs=DEFAULT_SECS
        )
        if by_size:
            foretell(self.scheduler)
        self.keys, self.models, self.by_clock, self.most_size = keys, models, by_clock, most_size
        self.now = 0.0
        self.tickets: list[Ticket] = []
        self.waiting: list[Ticket] = []
        self.running: dict[str, tuple[Ticket, str, float]] = {}
        self.serves: dict[str, frozenset[str]] = {}
        for number, served in enumerate(nodes):
            self.node(f"n{number}", served)

    # What may happen

    def play(self, happenings: Iterable[Event]) -> list[str]:
        """Let it all happen. Returns who was served, in order."""
        before = list(self.running)
        served = []
        for event in happenings:
            self.happen(*event)
            served += [name for name in self.running if name not in before]
            before = list(self.running)
        return served

    def happen(self, what: str, one: int, two: int, three: int) -> None:
        match what:
            case "come":
                for _ in range(1 + three % 4):
                    self.come(
                        self.keys[one % len(self.keys)],
                        self.models[two % len(self.models)],
                        min(1 + three**2, self.most_size),
                    )
            case "pass":
                self.now += [0.25, 1.0, 3.5, 8.0, 20.0, 120.0][one % 6]
            case "node":
                self.node(f"n{one % 4}", SERVED[two % len(SERVED)] if self.models != "m" else "m")
            case "gone" if len(self.serves) > 1:
                self.gone(sorted(self.serves)[one % len(self.serves)])
            case "leave" if self.waiting:
                self.leave(self.waiting[one % len(self.waiting)])
            case "pull" if self.idle():
                self.take(self.idle()[one % len(self.idle())])
            case "end" | "next" | "fail" | "busy" if self.running:
                ticket, node, _ = list(self.running.values())[one % len(self.running)]
                if what in ("fail", "busy"):
                    self.fail(ticket, counts=what == "fail")
                else:
                    self.end(ticket, tokens_known=bool(two % 2))
                if what == "next" and node in self.idle():
                    self.take(node)
            case "next" if self.idle():
                self.take(self.idle()[one % len(self.idle())])

    def arrivals(self, numbers: list[int]) -> None:
        """Somebody comes: places are told to those who arrive, as things stand at that moment."""
        self.end_overdue()
        for number in numbers:
            self.happen("come", number, number // 3, number % 5)

    # Nodes

    def node(self, name: str, served: str) -> None:
        """It serves these models from now on: "a b" are two."""
        self.serves[name] = frozenset(served.split())
        self.scheduler.topology(name, self.serves[name], self.now)

    def gone(self, name: str) -> None:
        """It is taken away, whatever it does."""
        del self.serves[name]
        self.scheduler.forget_node(name)

    def idle(self) -> list[str]:
        """The nodes that have nothing."""
        busy = {node for _, node, _ in self.running.values()}
        return [node for node in sorted(self.serves) if node not in busy]

    def take(self, node: str) -> Ticket | None:
        """An idle node takes the next."""
        ticket = self.scheduler.take(node, self.now)
        if ticket is not None:
            self.waiting.remove(ticket)
            self.running[ticket.id] = ticket, node, self.now
        return ticket

    def end(self, ticket: Ticket, *, tokens_known: bool = True) -> None:
        """A request in service is done."""
        actual = self.actual(ticket, tokens_known=tokens_known)
        del self.running[ticket.id]
        self.scheduler.finish(ticket, actual, self.now)

    def actual(self, ticket: Ticket, *, tokens_known: bool) -> Actual:
        """What it has cost: the time it had, or what it has been thought to cost so far."""
        if self.by_clock:
            seconds = self.now - self.running[ticket.id][2]
            return Actual(seconds, complete=False, tokens=int(seconds * TOKENS_A_SECOND) if tokens_known else None)
        running = self.in_service(ticket)
        seconds = secs(ticket)
        if running.contended and running.rate:
            seconds = (running.before + running.charged) / running.rate
        return Actual(seconds, complete=False)

    def fail(self, ticket: Ticket, *, counts: bool = True) -> None:
        """Its node lets a request down, which goes back. `counts`: it will not be tried there again."""
        _, node, _ = self.running.pop(ticket.id)
        if counts:
            ticket.tried.add(node)
        self.scheduler.finish(ticket, Actual(0.1, complete=False), self.now, again=True)
        self.ask(ticket, but=node)

    # Requests

    def come(self, key: str, model: str = "m", size: int = 32) -> Ticket:
        """A request arrives. A node that is idle, and that nobody waiting could use, takes it at once."""
        name = f"{key}{len(self.tickets) + 1}"
        ticket = Ticket(name, key, model, self.now, size=size)
        self.tickets.append(ticket)
        self.ask(ticket)
        return ticket

    def ask(self, ticket: Ticket, but: str = "") -> None:
        idle = [node for node in self.idle() if node != but and fits(ticket, node, self.serves)]
        free = [node for node in idle if not any(fits(other, node, self.serves) for other in self.waiting)]
        if free:
            self.serve(ticket, free[0])
        else:
            self.wait(ticket)

    def serve(self, ticket: Ticket, node: str) -> None:
        self.scheduler.serve(ticket, node, self.now)
        self.running[ticket.id] = ticket, node, self.now

    def wait(self, ticket: Ticket) -> None:
        self.scheduler.add(ticket, self.now)
        self.waiting.append(ticket)
        self.waiting.sort(key=lambda other: other.number)

    def leave(self, ticket: Ticket) -> None:
        """A waiting client hangs up."""
        self.scheduler.withdraw(ticket, self.now)
        self.waiting.remove(ticket)

    # What came of it

    def place(self, ticket: Ticket) -> Place:
        return self.scheduler.place(ticket, self.now)

    def end_overdue(self) -> None:
        """Let nothing be in service that has been there for longer than it was thought to take."""
        for ticket, node, started in list(self.running.values()):
            if node not in self.serves or started + secs(ticket) <= self.now:
                self.end(ticket)
        while any(self.take(node) for node in self.idle()):
            pass

    def positions(self) -> dict[str, int]:
        """What everybody who waits would be told."""
        return {ticket.id: self.place(ticket).position for ticket in self.waiting}

    def in_service(self, ticket: Ticket) -> Running:
        """How the scheduler sees a request in service."""
        return self.scheduler._running[ticket.id]

    def pool(self, models: str) -> Pool:
        """The nodes that serve just these."""
        return self.scheduler._order.pools[frozenset(models.split())]

    def drain(self, choices: Sequence[int] = (0,)) -> list[str]:
        """Serve on until nothing that the nodes can serve waits: who was served, in order.

        No time passes. What is in service now ends first; then the nodes come free as the choices say.
        """
        for ticket, _, _ in list(self.running.values()):
            self.end(ticket)
        order: list[str] = []
        nodes = sorted(self.serves)
        turns = cycle(choices)
        while nodes:
            node = nodes[next(turns) % len(nodes)]
            for ticket, where, _ in list(self.running.values()):
                if where == node:
                    self.end(ticket)
            taken = self.take(node)
            if taken is None:
                nodes.remove(node)
            else:
                order.append(taken.id)
        return order


def fits(ticket: Ticket, node: str, serves: Mapping[str, frozenset[str]]) -> bool:
    """Whether the node can serve it."""
    return ticket.model in serves[node] and node not in ticket.tried


def secs(ticket: Ticket) -> float:
    """How long a request is guessed to take."""
    return min(ticket.size, MOST_BYTES) * SECS_A_BYTE


def foretell(scheduler: FairScheduler) -> None:
    """Let a scheduler guess by size."""
    prices, stations = scheduler._order.prices, scheduler._stations
    stations.seconds = prices._seconds = BySize(DEFAULT_SECS, SECS_A_BYTE)
    prices._tokens = BySize(DEFAULT_SECS * TOKENS_A_SECOND, SECS_A_BYTE * TOKENS_A_SECOND)
