"""The queue as a whole, nodes and clients beside it, against the naive rule: through anything that can happen."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import get_args

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmlb.config.model import WhenFull
from llmlb.scheduler.fair import FairScheduler, Grant
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Actual, Ticket
from tests.property.naive_rule import NaiveRule, Request, Tariff
from tests.property.scene import COSTS
from tests.unit.turns.hall import Hall

MODELS = ["a", "b", "c"]
SERVED = st.sampled_from(["a", "a b", "b c", "a b c"])


class Followed(FairScheduler):
    """Whatever it is told the naive rule is told, too; and whatever it says the naive rule must have said.

    What a request is guessed to cost is taken from it: predicting is another matter.
    """

    def __init__(self, weights: dict[str, float], *, fair: bool, cost: Cost) -> None:
        super().__init__(weights, fair=fair, cost=cost, default_service_secs=10.0)
        prices = self._order.prices
        self.tickets: dict[str, Ticket] = {}
        self.requests: dict[str, Request] = {}
        tariff = Tariff(
            prices.floor,
            lambda request: prices.guess(self.tickets[request.id]),
            lambda request: prices.rate(self.tickets[request.id]),
            prices.per_second,
        )
        self.naive = NaiveRule(weights, tariff, fair=fair)

    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None:
        self.naive.node_serves(node, models)
        super().topology(node, models, free_at)

    def add(self, ticket: Ticket, now: float) -> None:
        super().add(ticket, now)
        self.naive.add(self.request(ticket), now)

    def serve(self, ticket: Ticket, node: str, now: float) -> None:
        super().serve(ticket, node, now)
        self.naive.serve(self.request(ticket), node, now)

    def take(self, node: str, now: float, grant: Grant | None = None) -> Ticket | None:
        request = self.naive.take(node, now)
        ticket = super().take(node, now, grant)
        assert (ticket and ticket.id) == (request and request.id)
        return ticket

    def withdraw(self, ticket: Ticket, now: float) -> None:
        super().withdraw(ticket, now)
        self.naive.withdraw(self.request(ticket))

    def finish(self, ticket: Ticket, actual: Actual, now: float, *, again: bool = False) -> None:
        request = self.request(ticket)
        rate = self.naive.running[request.id].rate
        self.naive.finish(request, actual.seconds * rate, again=again)
        super().finish(ticket, actual, now, again=again)

    def request(self, ticket: Ticket) -> Request:
        """As the naive rule sees it."""
        self.tickets[ticket.id] = ticket
        if ticket.id not in self.requests:
            self.requests[ticket.id] = Request(
                ticket.id, ticket.key, ticket.model, ticket.number, ticket.size, ticket.tried
            )
        return self.requests[ticket.id]


class Queue(RuleBasedStateMachine):
    """Properties 7, 8, 9, 10, 33, 34, 35 and 39, whom a full queue pushes out, and that every dispatch is the naive
    rule's, in any unit, with guesses that are learned."""

    @initialize(
        fair=st.sampled_from([True, True, False]),
        cost=COSTS,
        weights=st.sampled_from([{}, {"A": 2.0, "B": 0.5}]),
        max_size=st.integers(1, 8),
        max_per_key=st.sampled_from([0, 0, 2]),
        limits=st.sampled_from([{}, {}, {"A": 1, "C": 4}]),
        when_full=st.sampled_from(get_args(WhenFull)),
        nodes=st.lists(SERVED, min_size=1, max_size=3),
    )
    def start(
        self,
        fair: bool,
        cost: Cost,
        weights: dict[str, float],
        max_size: int,
        max_per_key: int,
        limits: dict[str, int],
        when_full: WhenFull,
        nodes: list[str],
    ) -> None:
        followed = Followed(weights, fair=fair, cost=cost)
        self.naive, self.requests = followed.naive, followed.requests
        self.ids = 0
        self.outcomes: Counter[str] = Counter()
        self.ended: set[str] = set()
        self.max_size = max_size
        self.max_per_key, self.limits = max_per_key, limits
        self.when_full = when_full
        self.longest = max_size
        self.told_at: tuple[float, int] = (-1.0, 0)
        self.told = 0
        self.hall = Hall(
            {"n0": nodes[0]},
            max_size=max_size,
            max_per_key=max_per_key,
            limits=limits,
            when_full=when_full,
            secs=10.0,
            timeout=30.0,
            scheduler=followed,
        )
        for number, serves in enumerate(nodes[1:], start=1):
            self.node(f"n{number}", serves)

    # What happens

    @rule(name=st.sampled_from(["n0", "n1", "n2", "n3"]), serves=SERVED)
    def node(self, name: str, serves: str) -> None:
        self.hall.node(name, serves)

    @rule(key=st.sampled_from("ABCD"), model=st.sampled_from(MODELS), times=st.integers(1, 4))
    def come(self, key: str, model: str, times: int) -> None:
        for _ in range(times):
            self.ids += 1
            name = f"{key}{self.ids}"
            before = list(self.naive.waiting)
            waiting, own = len(before), sum(other.key == key for other in before)
            idle = any(self.takes(node) and model in self.hall.nodes[node].serves for node in self.hall.nodes)
            over = 0 < self.limits.get(key, self.max_per_key) <= own
            full = waiting >= self.max_size or over
            state = pickle.dumps(self.hall.scheduler._order) if full else b""
            self.hall.come(name, model)
            if idle:
                assert self.hall.waiters[name].told == [self.hall.grants[-1][1]], "an idle node serves at once"
            elif full and not over and self.pushes_out(own, before):
                (out,) = [other for other in before if self.hall.refused(other.id)]
                counts = Counter(other.key for other in before)
                assert counts[out.key] == max(counts.values())
                assert out.number == max(other.number for other in before if other.key == out.key)
                self.outcomes["rejected"] += 1
                self.check_retry_after(out.id, common=True)
            elif full:
                assert self.hall.refused(name)
                self.outcomes["rejected"] += 1
                self.check_retry_after(name, common=not over)
                assert pickle.dumps(self.hall.scheduler._order) == state, "33: it leaves no trace"
            else:
                assert not self.hall.refused(name)

    @precondition(lambda self: self.busy())
    @rule(data=st.data(), complete=st.booleans(), pull=st.booleans())
    def end(self, data: st.DataObject, complete: bool, pull: bool) -> None:
        name = data.draw(st.sampled_from(self.busy()))
        ticket = self.has(name)
        self.ended.add(ticket.id)
        self.outcomes["served" if complete else "failed"] += 1
        self.hall.end(name, complete=complete, pull=False)
        if not pull:
            self.hall.close(name)
        else:
            self.hall.pull(name)

    @precondition(lambda self: self.busy())
    @rule(data=st.data(), counts=st.booleans())
    def fail(self, data: st.DataObject, counts: bool) -> None:
        name = data.draw(st.sampled_from(self.busy()))
        ticket = self.has(name)
        place = ticket.number, ticket.arrived, ticket.deadline
        self.longest += 1
        self.hall.fail(name, counts=counts)
        assert (ticket.number, ticket.arrived, ticket.deadline) == place, "35: it is as old as it was"

    @precondition(lambda self: self.hall.line)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.hall.line)))
        self.hall.leave(name)
        self.outcomes["cancelled"] += 1

    @rule(data=st.data())
    def open_or_close(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.hall.nodes)))
        if self.hall.nodes[name].open:
            self.hall.close(name)
        else:
            self.hall.reopen(name)

    @rule(seconds=st.sampled_from([0.2, 3.0, 17.0]))
    def time_passes(self, seconds: float) -> None:
        before = len(self.hall.timed_out)
        self.hall.clock.advance(seconds)
        for name, at in self.hall.timed_out[before:]:
            assert at == self.hall.waiters[name].ticket.deadline, "34: not a moment before or after"
            self.ended.add(name)
            self.outcomes["timed out"] += 1

    # What holds

    @invariant()
    def no_idle_node_could_serve_a_waiting_request(self) -> None:
        """7: work is conserved, after every event."""
        for name in self.hall.nodes:
            if self.takes(name):
                assert not [r.id for r in self.naive.waiting if self.naive.can_serve(name, r)]

    @invariant()
    def arrivals_are_outcomes_and_those_still_here(self) -> None:
        """9: each exactly once. That a node has one request at most (8) and only who waits is granted one, asserts
        the hall."""
        snapshot = self.hall.turns.snapshot()
        here = {*self.hall.line, *snapshot.running_by_node.values()}
        assert not here & self.ended, "34: who has left is not served"
        assert self.outcomes.total() + snapshot.waiting + snapshot.running == self.ids
        assert snapshot.waiting == len(self.hall.line) == len(self.naive.waiting)
        assert snapshot.waiting_by_key == Counter(request.key for request in self.naive.waiting)
        assert snapshot.running_by_node == {
            name: node.has.id for name, node in self.hall.nodes.items() if node.has is not None
        }

    @invariant()
    def never_more_wait_than_may(self) -> None:
        """33: newcomers never make a full queue longer, also where they push somebody out. Who comes back from a node
        cannot be refused: with each such request it may be one longer, until somebody leaves."""
        waiting = len(self.naive.waiting)
        assert waiting <= self.longest
        self.longest = max(self.max_size, waiting)

    # How

    def pushes_out(self, own: int, waiting: list[Request]) -> bool:
        """Whether a newcomer whose key has `own` waiting takes another's place."""
        most = max(Counter(request.key for request in waiting).values())
        return self.when_full == "push_out" and own + 1 < most

    def check_retry_after(self, name: str, *, common: bool) -> None:
        """39: 1 to 60, and for a place in the common queue not less than another was told in the same moment."""
        seconds = self.hall.told(name)[-1]
        assert isinstance(seconds, int)
        assert 1 <= seconds <= 60
        if common:
            now, revision = self.hall.clock.now(), self.hall.scheduler.revision
            if (now, revision) == self.told_at:
                assert seconds >= self.told
            self.told_at, self.told = (now, revision), seconds

    def busy(self) -> list[str]:
        return sorted(name for name, node in self.hall.nodes.items() if node.has is not None)

    def has(self, name: str) -> Ticket:
        ticket = self.hall.nodes[name].has
        assert ticket is not None
        return ticket

    def takes(self, name: str) -> bool:
        node = self.hall.nodes[name]
        return node.open and node.has is None


TestQueue = Queue.TestCase
TestQueue.settings = settings(stateful_step_count=60)
