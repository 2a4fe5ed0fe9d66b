"""The scheduler serves in exactly the order of the rule as written down, through anything that can happen."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.ticket import Actual, Ticket
from llmlb.wire.call import ANY_MODEL
from tests.property.naive_rule import NaiveRule, Request

KEYS = st.sampled_from("ABCDE")
NAMES = st.sampled_from(["n1", "n2", "n3", "n4"])
MODELS = st.sampled_from(["a", "b", "c", ANY_MODEL])
SERVED = st.sampled_from([frozenset("a"), frozenset("ab"), frozenset("bc"), frozenset("abc")])
WEIGHTS = st.sampled_from([{}, {}, {"A": 2.0}, {"A": 1.0, "B": 2.0, "C": 4.0}, {"A": 0.25, "B": 3.0}])


class Order(RuleBasedStateMachine):
    """Two schedulers, one of them naive, are told the same things and must say the same things."""

    @initialize(weights=WEIGHTS, fair=st.sampled_from([True, True, True, False]), models=st.lists(SERVED, max_size=3))
    def start(self, weights: dict[str, float], fair: bool, models: list[frozenset[str]]) -> None:
        self.now = 0.0
        self.real = FairScheduler(weights, fair=fair)
        self.naive = NaiveRule(weights, fair=fair)
        self.waiting: dict[str, tuple[Ticket, Request]] = {}
        self.running: dict[str, tuple[Ticket, Request, str]] = {}
        self.free: set[str] = set()
        self.ids = 0
        for name, serves in zip(["n1", "n2", "n3"], models, strict=False):
            self.node_serves(name, serves)

    # Nodes

    @rule(node=NAMES, models=SERVED)
    def node_serves(self, node: str, models: frozenset[str]) -> None:
        models |= {ANY_MODEL}
        self.real.topology(node, models, self.now)
        self.naive.node_serves(node, models)
        if all(node != where for _, _, where in self.running.values()):
            self.free.add(node)

    @rule(node=NAMES)
    def node_leaves(self, node: str) -> None:
        self.real.forget_node(node)
        self.naive.node_gone(node)
        self.free.discard(node)

    # Requests

    @rule(key=KEYS, model=MODELS)
    def arrive(self, key: str, model: str) -> None:
        self.ids += 1
        ticket = Ticket(f"{key}{self.ids}", key, model, self.now)
        request = Request(ticket.id, key, model, self.ids)
        if self.idle_for(request):
            self.serve(ticket, request)
        else:
            self.wait(ticket, request)

    @rule(key=KEYS, model=MODELS, times=st.integers(2, 5))
    def burst(self, key: str, model: str, times: int) -> None:
        for _ in range(times):
            self.arrive(key, model)

    @precondition(lambda self: self.free)
    @rule(data=st.data())
    def pull(self, data: Any) -> None:
        self.take(data.draw(st.sampled_from(sorted(self.free))))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        ticket, request = self.waiting.pop(data.draw(st.sampled_from(sorted(self.waiting))))
        self.real.withdraw(ticket)
        self.naive.withdraw(request)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), complete=st.booleans(), pulls=st.booleans())
    def end(self, data: Any, complete: bool, pulls: bool) -> None:
        ticket, request, node = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        self.now += 1.0
        self.real.finish(ticket, Actual(2.0, complete=complete))
        self.naive.finish(request)
        self.freed(node)
        if pulls and node in self.free:
            self.take(node)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), fault=st.booleans())
    def fail(self, data: Any, fault: bool) -> None:
        """The node lets the request down (`fault`), or says that it is busy: the request goes back."""
        ticket, request, node = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        if fault:
            ticket.tried.add(node)
            request.failed_on.add(node)
        self.real.finish(ticket, Actual(0.1, complete=False), again=True)
        self.naive.finish(request, again=True)
        if self.idle_for(request):
            self.serve(ticket, request)
        else:
            self.wait(ticket, request)
        self.freed(node)

    # Truths

    @invariant()
    def counts_what_waits_and_runs(self) -> None:
        assert (self.real.waiting, self.real.running) == (len(self.waiting), len(self.running))
        snapshot = self.real.snapshot()
        assert sum(snapshot.waiting_by_key.values()) == len(self.waiting)

    @invariant()
    def a_dry_run_changes_nothing(self) -> None:
        """Were it to, the comparison with the naive rule, which has no dry run, would fail later."""
        if self.waiting:
            ticket, _ = self.waiting[min(self.waiting)]
            revision = self.real.revision
            assert self.real.place(ticket, self.now).position >= 1
            assert self.real.revision == revision

    def teardown(self) -> None:
        """Serve on to the end: whatever is left comes in the same order, too."""
        if not hasattr(self, "real"):
            return
        for node in sorted(self.free):
            while self.take(node):
                ticket, request, _ = self.running.popitem()[1]
                self.real.finish(ticket, Actual(1.0, complete=True))
                self.naive.finish(request)
                self.free.add(node)

    # Both at once

    def idle_for(self, request: Request) -> list[str]:
        return sorted(node for node in self.free if self.naive.can_serve(node, request))

    def serve(self, ticket: Ticket, request: Request) -> None:
        """As the queue does: only where nobody who waits could be served."""
        node = next((n for n in self.idle_for(request) if not self.fits_somebody(n)), None)
        if node is None:
            self.wait(ticket, request)
            return
        self.real.serve(ticket, node, self.now)
        self.naive.serve(request, node)
        self.running[ticket.id] = ticket, request, node
        self.free.discard(node)

    def wait(self, ticket: Ticket, request: Request) -> None:
        self.real.add(ticket)
        self.naive.add(request)
        self.waiting[ticket.id] = ticket, request

    def fits_somebody(self, node: str) -> bool:
        return any(self.naive.can_serve(node, request) for _, request in self.waiting.values())

    def take(self, node: str) -> bool:
        request = self.naive.take(node)
        ticket = self.real.take(node, self.now)
        assert (ticket and ticket.id) == (request and request.id)
        if ticket is None or request is None:
            return False
        del self.waiting[ticket.id]
        self.running[ticket.id] = ticket, request, node
        self.free.discard(node)
        return True

    def freed(self, node: str) -> None:
        if node in self.naive.nodes:
            self.free.add(node)


TestOrder = Order.TestCase
TestOrder.settings = settings(stateful_step_count=60)
