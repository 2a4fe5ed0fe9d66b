"""The scheduler serves in exactly the order of the rule as written down, through anything that can happen."""

from __future__ import annotations

from collections.abc import Mapping

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from llmlb.scheduler.prices import FLOORS, Cost
from llmlb.scheduler.ticket import Ticket
from llmlb.wire.call import ANY_MODEL
from tests.property.naive_rule import NaiveRule, Request, Tariff
from tests.property.scene import COSTS, DEFAULT_SECS, EXACT_WEIGHTS, QUANTA, TOKENS_A_SECOND, Event, Scene, events, fits

RATES: dict[Cost, float] = {"seconds": 1.0, "request": 0.0, "tokens": TOKENS_A_SECOND}
MODELS = st.lists(st.sampled_from(["a", "a b", "b c", "a b c"]), min_size=1, max_size=3)


def tariff(cost: Cost, quantum: float, *, by_size: bool) -> Tariff:
    """What the scene's requests are guessed to cost, worked out without the scheduler."""

    def guess(request: Request) -> float:
        seconds = min(request.size, 200) / 4 if by_size else DEFAULT_SECS
        return {"seconds": seconds, "request": 1.0, "tokens": seconds * TOKENS_A_SECOND}[cost]

    a_second = {"seconds": 1.0, "request": 1 / DEFAULT_SECS, "tokens": TOKENS_A_SECOND}[cost]
    return Tariff(FLOORS[cost], guess, lambda _: RATES[cost], lambda: a_second, quantum)


class Compared(Scene):
    """Two schedulers, one of them naive, are told the same things and must say the same things."""

    def __init__(
        self,
        nodes: list[str],
        weights: Mapping[str, float],
        *,
        cost: Cost,
        quantum: float,
        by_size: bool = True,
        fair: bool = True,
    ) -> None:
        self.naive = NaiveRule(weights, tariff(cost, quantum, by_size=by_size), fair=fair)
        self.requests: dict[str, Request] = {}
        super().__init__(
            nodes,
            weights,
            models="abc",
            fair=fair,
            cost=cost,
            quantum=quantum,
            by_size=by_size,
            by_clock=True,
        )

    def node(self, name: str, served: str) -> None:
        served += f" {ANY_MODEL}"
        self.naive.node_serves(name, frozenset(served.split()))
        super().node(name, served)

    def gone(self, name: str) -> None:
        self.naive.node_gone(name)
        super().gone(name)

    def serve(self, ticket: Ticket, node: str) -> None:
        self.naive.serve(self.request(ticket), node, self.now)
        super().serve(ticket, node)

    def wait(self, ticket: Ticket) -> None:
        self.naive.add(self.request(ticket), self.now)
        super().wait(ticket)
        revision = self.scheduler.revision
        assert self.place(ticket).position >= 1, "nor does being asked change anything"
        assert self.scheduler.revision == revision

    def take(self, node: str) -> Ticket | None:
        request = self.naive.take(node, self.now)
        ticket = super().take(node)
        assert (ticket and ticket.id) == (request and request.id)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        self.naive.withdraw(self.requests[ticket.id])
        super().leave(ticket)

    def end(self, ticket: Ticket, *, tokens_known: bool = True) -> None:
        held = self.now - self.running[ticket.id][2]
        self.naive.finish(self.requests[ticket.id], held * self.naive.tariff.rate(self.requests[ticket.id]))
        super().end(ticket, tokens_known=tokens_known)

    def fail(self, ticket: Ticket, *, counts: bool = True) -> None:
        request = self.requests[ticket.id]
        if counts:
            request.failed_on.add(self.running[ticket.id][1])
        self.naive.finish(request, 0.0, again=True)
        super().fail(ticket, counts=counts)

    def request(self, ticket: Ticket) -> Request:
        """As the naive one sees it."""
        if ticket.id not in self.requests:
            self.requests[ticket.id] = Request(ticket.id, ticket.key, ticket.model, len(self.requests) + 1, ticket.size)
        return self.requests[ticket.id]

    def compare(self) -> None:
        """How every key stands everywhere, too, not only who is next."""
        snapshot = self.scheduler.snapshot()
        assert (snapshot.waiting, snapshot.running) == (len(self.naive.waiting), len(self.naive.running))
        for models, pool in self.scheduler._order.pools.items():
            (nodes,) = (nodes for nodes in self.naive.pools if nodes.models == models)
            assert set(pool.contest.entrants) == self.naive.keys_waiting(nodes)
            for key, standing in pool.contest.entrants.items():
                assert standing.tag == pytest.approx(nodes.accounts[key].tag, abs=1e-9)
            assert pool.contest.limit == pytest.approx(nodes.limit, abs=1e-9)
            assert pool.pace == pytest.approx(nodes.pace, abs=1e-9)


@settings(max_examples=4 * settings().max_examples)
@given(
    nodes=MODELS,
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    automatic=st.booleans(),
    by_size=st.booleans(),
    fair=st.sampled_from([True, True, True, False]),
    happenings=events(60) | events(120, least=60),
)
def test_every_dispatch_and_every_tag_is_that_of_the_naive_rule(
    nodes: list[str],
    weights: dict[str, float],
    cost: Cost,
    automatic: bool,
    by_size: bool,
    fair: bool,
    happenings: list[Event],
) -> None:
    """All of sections 4 to 6, in any unit, while nodes come, change, fail and go and requests overrun.

    And 40: without any statistics every guess is the default, and everything is as it was.
    """
    quantum = 0.0 if automatic else QUANTA[cost]
    scene = Compared(nodes, weights, cost=cost, quantum=quantum, by_size=by_size, fair=fair)
    for event in happenings:
        scene.happen(*event)
        scene.compare()
    scene.drain()
    scene.compare()


@given(
    busy=st.booleans(),
    cost=COSTS,
    base=st.floats(1.25, 200.0),
    wobble=st.lists(st.floats(0.8, 1.2), min_size=8, max_size=8),
    arrive=st.floats(0.0, 0.99),
    warm=st.integers(0, 3),
    size=st.sampled_from([None, 1, 40, 4000]),
)
def test_five_of_a_and_two_of_b_are_served_in_turn_whatever_they_are_guessed_to_cost(
    busy: bool, cost: Cost, base: float, wobble: list[float], arrive: float, warm: int, size: int | None
) -> None:
    """1: A x5, B x2, costs alike but for 20 % either way: A B A B A A A, also when A1 met an idle node.

    In any unit, for any guess (`size`), with a quantum that is not known yet as with one that is (`warm`).
    """
    scene = Scene(cost=cost, by_size=size is not None, by_clock=True)
    for _ in range(warm):
        only = scene.come("W", size=size or 1)
        scene.now += base
        scene.end(only)
    scene.come("X" if busy else "A", size=size or 1)
    scene.now += base * arrive * wobble[7]
    for key in "AAAAABB" if busy else "AAAABB":
        scene.come(key, size=size or 1)
    scene.now += base * (1 - arrive) * wobble[7]
    order = [] if busy else ["A"]
    for times in [*wobble[:7], 1.0]:
        ((ticket, node, _),) = scene.running.values()
        scene.end(ticket)
        if (taken := scene.take(node)) is None:
            break
        order.append(taken.key)
        scene.now += base * times
    assert "".join(order) == "ABABAAA"


@given(nodes=MODELS, weights=EXACT_WEIGHTS, cost=COSTS, happenings=events(60))
def test_within_a_key_the_oldest_request_the_node_can_serve_goes_first(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event]
) -> None:
    """10: first come, first served within a key and model; of its models, the oldest of those the node can serve."""

    class Watched(Scene):
        def take(self, node: str) -> Ticket | None:
            before = list(self.waiting)
            ticket = super().take(node)
            if ticket is not None:
                own = [other for other in before if other.key == ticket.key and fits(other, node, self.serves)]
                assert ticket is own[0]
            return ticket

    scene = Watched(nodes, weights, models="abc", cost=cost, by_clock=True)
    scene.play(happenings)
    scene.drain()
