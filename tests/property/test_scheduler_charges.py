"""What requests are charged, against books kept outside the scheduler."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llmlb.scheduler.flows import Running
from llmlb.scheduler.prices import FLOORS, Cost
from llmlb.scheduler.ticket import Ticket
from tests.property.scene import COSTS, EXACT_WEIGHTS, QUANTA, TOKENS_A_SECOND, Event, Scene, events

BUSY = ["come"] * 4 + ["next"] * 5 + ["end", "pull", "leave", "pass", "pass", "fail", "busy"]
RATES: dict[Cost, float] = {"seconds": 1.0, "request": 0.0, "tokens": TOKENS_A_SECOND}
MODELS = st.lists(st.sampled_from(["a", "a b", "b c", "a b c"]), min_size=1, max_size=3)
KEYS = st.sampled_from(["A", "AB", "ABCD"])


class Books(Scene):
    """Writes down since when another key has waited for a node that has a request, and what each did cost."""

    def __init__(self, nodes: list[str], weights: dict[str, float], *, keys: str, cost: Cost, quantum: float) -> None:
        self.contended_at: dict[str, float] = {}
        self.ended: list[tuple[Ticket, Running, float, float | None]] = []
        """The request, how the scheduler saw it, what it cost, and what it had cost when another began to wait."""
        self.rate, self.floor = RATES[cost], FLOORS[cost]
        self.most_quantum = 0.0
        super().__init__(nodes, weights, keys=keys, models="abc", cost=cost, quantum=quantum, by_clock=True)

    def serve(self, ticket: Ticket, node: str) -> None:
        super().serve(ticket, node)
        self.see(ticket, node)

    def take(self, node: str) -> Ticket | None:
        decides = any(ticket.model in self.serves[node] for ticket in self.waiting)
        ticket = super().take(node)
        if ticket is not None:
            self.see(ticket, node)
        if decides:
            self.decided()
        return ticket

    def see(self, ticket: Ticket, node: str) -> None:
        """Does another key wait for what it has got?"""
        if any(other.key != ticket.key and other.model in self.serves[node] for other in self.waiting):
            self.contended_at[ticket.id] = self.now

    def wait(self, ticket: Ticket) -> None:
        super().wait(ticket)
        for running, node, _ in self.running.values():
            if running.key != ticket.key and ticket.model in self.serves[node]:
                self.contended_at.setdefault(running.id, self.now)

    def end(self, ticket: Ticket, *, tokens_known: bool = True) -> None:
        started, seen = self.running[ticket.id][2], self.in_service(ticket)
        cost = max(self.floor, self.rate * (self.now - started))
        at = self.contended_at.pop(ticket.id, None)
        super().end(ticket, tokens_known=tokens_known)
        self.ended.append((ticket, seen, cost, None if at is None else self.rate * (at - started)))

    def fail(self, ticket: Ticket, *, counts: bool = True) -> None:
        self.contended_at.pop(ticket.id, None)
        super().fail(ticket, counts=counts)

    def decided(self) -> None:
        """18."""
        self.most_quantum = max(self.most_quantum, self.scheduler._order.prices.quantum)
        for ticket, _, _ in self.running.values():
            running = self.in_service(ticket)
            assert running.contended == (ticket.id in self.contended_at)
            if running.contended:
                elapsed = self.rate * (self.now - self.contended_at[ticket.id])
                guessed = max(0.0, running.guess - running.before)
                assert elapsed <= running.charged <= max(guessed, elapsed + self.most_quantum / 4) + 1e-9


@given(nodes=MODELS, weights=EXACT_WEIGHTS, keys=KEYS, cost=COSTS, automatic=st.booleans(), happenings=events(60, BUSY))
def test_a_request_is_charged_what_it_cost_from_when_another_key_waited_for_its_node(
    nodes: list[str], weights: dict[str, float], keys: str, cost: Cost, automatic: bool, happenings: list[Event]
) -> None:
    """15 to 18, for any guess, too small or too large; seconds for what the unit counts.

    15: contended from its start, a request is charged max(true cost, floor) in all.
    16: uncontended all its life, 0.
    17: contended from u seconds in, max(true cost, floor) - u, and never less than 0.
    18: while it runs it is never charged less than it has cost while contended, when a decision is made; nor more than
    it was guessed at, or is a quarter of a quantum ahead.
    """
    scene = Books(nodes, weights, keys=keys, cost=cost, quantum=0.0 if automatic else QUANTA[cost])
    scene.play(happenings)
    for ticket, _, _ in list(scene.running.values()):
        scene.end(ticket)
    for _, running, true, before in scene.ended:
        assert running.charged == pytest.approx(0.0 if before is None else max(0.0, true - before), abs=1e-9)


@given(
    count=st.integers(1, 4),
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    sizes=st.lists(st.integers(1, 200), min_size=9, max_size=40),
    times=st.lists(st.sampled_from([0.25, 1.0, 3.0, 7.0]), min_size=40, max_size=40),
)
def test_while_a_key_waits_its_tag_moves_by_what_it_has_cost_per_weight(
    count: int, weights: dict[str, float], cost: Cost, sizes: list[int], times: list[float]
) -> None:
    """15 for the sum over many: tags are service had. So near a decision a tag is that of who did get so much."""
    scene = Books(["a"] * count, weights, keys="AB", cost=cost, quantum=0.0)
    for _ in range(count):
        scene.come("X", "a", 1)
    for size in sizes:
        for key in "AB":
            scene.come(key, "a", size)
    entrants = scene.pool("a").contest.entrants
    began = {key: entrants[key].tag for key in "AB"}
    nodes = sorted(scene.serves)
    for number in range(len(sizes) - count):
        scene.now += times[number]
        node = nodes[number * number % count]
        for ticket, where, _ in list(scene.running.values()):
            if where == node:
                scene.end(ticket)
        scene.take(node)
    for ticket, _, _ in list(scene.running.values()):
        scene.end(ticket)
    for key in "AB":
        had = sum(true for ticket, _, true, _ in scene.ended if ticket.key == key)
        assert entrants[key].tag - began[key] == pytest.approx(had / weights.get(key, 1.0))


@given(nodes=MODELS, weights=EXACT_WEIGHTS, cost=COSTS, happenings=events(50, BUSY), times=st.integers(1, 3))
def test_a_node_that_lets_a_request_down_has_cost_its_key_nothing(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event], times: int
) -> None:
    """35: the same arrival time and number, the same tags everywhere, the same turn, however often it is tried.

    That is, of all who wait meanwhile. A key of whom nothing else waits comes back as one that has been away: level
    with the least of the others but for its welcome, if it was further behind.
    """
    scene = Books(nodes, weights, keys="ABCD", cost=cost, quantum=QUANTA[cost])
    scene.play(happenings)
    scene.end_overdue()
    for key in "BCBC":
        scene.come(key, "a", 7)
    for node in sorted(scene.serves):
        for ticket, where, _ in list(scene.running.values()):
            if where == node:
                scene.end(ticket)
        for _ in range(times):
            before, places = standings(scene), scene.positions()
            if (taken := scene.take(node)) is None:
                break
            kept = standings(scene)
            number, arrived = taken.number, taken.arrived
            scene.fail(taken, counts=False)
            after = standings(scene)
            assert (taken.number, taken.arrived) == (number, arrived)
            assert taken in scene.waiting
            assert {who: after[who] for who in kept} == {who: before[who] for who in kept}
            assert all(after[who] >= before[who] for who in before)
            if len(nodes) == 1 and len(kept) == len(before):
                assert scene.positions() == places
        scene.take(node)


def standings(scene: Scene) -> dict[tuple[frozenset[str], str], tuple[float, int]]:
    """Tags and last turns of all who wait, by pool and key."""
    return {
        (models, key): (round(entrant.tag, 9), entrant.last)
        for models, pool in scene.scheduler._order.pools.items()
        for key, entrant in pool.contest.entrants.items()
    }


def test_what_a_request_counted_elsewhere_is_given_back_though_its_own_nodes_have_left() -> None:
    """It was guessed at 8 s and takes one, while its node, the only one of its kind, has become one of the others."""
    scene = Scene(["a", "a b"], models="ab", cost="seconds", quantum=8.0, by_clock=True)
    for key, model in [("A", "a"), ("X", "b"), ("A", "a"), ("B", "a")]:
        scene.come(key, model)
    first = scene.tickets[0]
    tags = {key: entrant.tag for key, entrant in scene.pool("a b").contest.entrants.items()}
    scene.node("n0", "a b")
    scene.now += 1.0
    scene.end(first)
    assert scene.pool("a b").contest.entrants["A"].tag == tags["A"] - 7.0
    assert scene.pool("a b").contest.entrants["B"].tag == tags["B"]


def test_a_request_that_has_cost_just_what_it_was_charged_is_not_charged_ahead() -> None:
    """Two end in one instant; the first node to say so takes its next before the other has said anything."""
    scene = Scene(["m", "m"], cost="seconds", quantum=8.0, by_clock=True)
    for key in "ABABAB":
        scene.come(key)
    scene.now += 8.0
    first, second = scene.tickets[:2]
    scene.end(first)
    scene.take("n0")
    assert scene.in_service(second).charged == 8.0
    scene.now += 0.5
    scene.take("n0")
