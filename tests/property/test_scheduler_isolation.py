"""What does not touch a key changes nothing for it: other nodes, other names, other times, other units of time."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from llmlb.scheduler import debts
from llmlb.scheduler import order as order_module
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Ticket
from tests.property.scene import (
    ALIKE,
    COSTS,
    EXACT_WEIGHTS,
    ONE_POOL,
    QUANTA,
    SECS_A_BYTE,
    BySize,
    Event,
    Scene,
    events,
    fits,
)

POOLS = st.lists(st.sampled_from(["a", "b", "a b", "b c", "a b c"]), min_size=1, max_size=3)
MEMORY = 32


def key_and_rank(scene: Scene, served: list[str], since: int = 0) -> list[tuple[str, int]]:
    """Whose each served request is, and which of those that have come `since`."""
    rank = {ticket.id: number for number, ticket in enumerate(scene.tickets[since:])}
    return [(name[0], rank[name]) for name in served]


@example(
    nodes=["m"],
    weights={},
    cost="seconds",
    happenings=[("come", 1, 0, 0), ("come", 0, 0, 0), ("next", 0, 0, 0), ("busy", 0, 0, 0), ("next", 0, 0, 0)],
    lost=[(0, "B")],
)
@given(
    nodes=ALIKE,
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    happenings=events(40, ONE_POOL),
    lost=st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ABCDE")), max_size=6),
)
def test_requests_whose_model_no_node_has_delay_nobody(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event], lost: list[tuple[int, str]]
) -> None:
    """26: no other key and no other request of their own, within a busy period.

    Not beyond: while such a request waits the gateway is not idle, so what keys owe is not forgotten yet.
    """
    served: list[list[str]] = [[], []]
    scenes = [Scene(nodes, weights, cost=cost, by_clock=True) for _ in served]
    for scene, names in zip(scenes, served, strict=True):
        for _ in range(len(nodes) + len(happenings)):
            scene.come("Z")
        for step, event in enumerate(happenings):
            for at, key in lost:
                if at == step and scene is scenes[1]:
                    scene.scheduler.add(Ticket(f"lost {step} {key}", key, "lost", scene.now), scene.now)
            names.extend(scene.play([event]))
    assert served[0] == served[1]
    without, with_lost = scenes
    assert without.positions() == with_lost.positions()
    assert without.drain() == with_lost.drain()
    assert with_lost.scheduler.waiting == sum(at < len(happenings) for at, _ in lost)


@given(
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    steps=st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(["come", "come", "next", "pass"]), st.integers(0, 9), st.integers(1, 60)
        ),
        max_size=60,
    ),
)
def test_keys_on_nodes_of_their_own_are_served_as_if_there_were_no_others(
    weights: dict[str, float], cost: Cost, steps: list[tuple[bool, str, int, int]]
) -> None:
    """27: the same order, within a busy period of both and 32 turns of the gateway, and a set quantum.

    That all was idle, how many turns ago a key was served last, and what requests cost on average are told for the
    gateway as a whole. And requests that overrun are charged at every decision, by a quarter of a quantum more than
    they have had: decisions elsewhere may shift when that is. So here time passes by request only.
    """
    both = Scene(["a", "b"], weights, models="ab", cost=cost, quantum=QUANTA[cost])
    alone = Scene(["a"], weights, models="a", cost=cost, quantum=QUANTA[cost])
    for _ in range(MEMORY):
        both.come("Y", "b")
        both.come("Z", "a")
        alone.come("Z", "a")
    turns = 2
    for elsewhere, what, who, size in steps:
        scenes = [both] if elsewhere else [both, alone]
        if what == "pass" and cost == "request":
            both.now = alone.now = both.now + who
        elif what == "come":
            for scene in scenes:
                scene.come("CD"[who % 2] if elsewhere else "AB"[who % 2], "b" if elsewhere else "a", size)
        elif what == "next" and turns < MEMORY:
            turns += 1
            assert len({next_of(scene, "n1" if elsewhere else "n0") for scene in scenes}) == 1
    while turns < MEMORY and alone.waiting:
        turns += 1
        assert next_of(both, "n0") == next_of(alone, "n0")


def next_of(scene: Scene, node: str) -> tuple[str, int]:
    """Who is next there: the key, and which of its requests."""
    ((running, _, _),) = [busy for busy in scene.running.values() if busy[1] == node]
    scene.end(running)
    ticket = scene.take(node)
    assert ticket is not None
    own = [other for other in scene.tickets if other.key == ticket.key]
    return ticket.key, own.index(ticket)


@given(nodes=POOLS, weights=EXACT_WEIGHTS, cost=COSTS, before=events(40), after=events(40))
def test_after_an_idle_moment_everything_is_as_new(
    nodes: list[str], weights: dict[str, float], cost: Cost, before: list[Event], after: list[Event]
) -> None:
    """29: but for what was learned; hence a set quantum, and guesses by size."""
    used, new = (Scene(nodes, weights, models="abc", cost=cost, quantum=QUANTA[cost], by_clock=True) for _ in "un")
    used.play([event for event in before if event[0] not in ("node", "gone")])
    used.drain()
    for ticket in list(used.waiting):
        used.leave(ticket)
    assert used.scheduler.waiting == used.scheduler.running == 0
    used.now += 1.0
    new.now = used.now
    came = len(used.tickets)
    served = [key_and_rank(scene, scene.play(after), since) for scene, since in ((used, came), (new, 0))]
    assert served[0] == served[1]
    assert key_and_rank(used, used.drain(), came) == key_and_rank(new, new.drain())


@given(nodes=POOLS, weights=EXACT_WEIGHTS, cost=COSTS, happenings=events(60))
def test_without_fairness_the_oldest_a_node_can_serve_is_next(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event]
) -> None:
    """30: the order of arrival among the eligible, exactly, whatever they cost."""

    class InOrder(Scene):
        def take(self, node: str) -> Ticket | None:
            oldest = next((other for other in self.waiting if fits(other, node, self.serves)), None)
            assert super().take(node) is oldest
            return oldest

    scene = InOrder(nodes, weights, models="abc", fair=False, cost=cost, by_clock=True)
    scene.play(happenings)
    scene.drain()


class OtherSeconds(Scene):
    """Time and costs are told in units of which a second has so many."""

    def __init__(self, nodes: list[str], weights: dict[str, float], units: float) -> None:
        self.units = units
        super().__init__(nodes, weights, models="abc", cost="seconds", quantum=8.0 * units, by_clock=True)
        prices, stations = self.scheduler._order.prices, self.scheduler._stations
        prices.floor *= units
        stations.seconds = prices._seconds = BySize(stations.seconds.default * units, SECS_A_BYTE * units)

    def happen(self, what: str, one: int, two: int, three: int) -> None:
        before = self.now
        super().happen(what, one, two, three)
        self.now = before + (self.now - before) * self.units


@given(nodes=POOLS, weights=EXACT_WEIGHTS, happenings=events(60), units=st.sampled_from([2.0, 1024.0, 1 / 64]))
def test_the_order_does_not_depend_on_the_unit_that_costs_are_told_in(
    nodes: list[str], weights: dict[str, float], happenings: list[Event], units: float
) -> None:
    """31: costs, floor, quantum and horizon scaled together by any constant.

    Weights are not among them, though the statement has them: a key may have half a quantum times its weight before
    the next is due, so that with 10 : 20 for 1 : 2 the shares are the same but the turns ten times as long.
    """
    plain = OtherSeconds(nodes, weights, 1.0)
    served = plain.play(happenings) + plain.drain()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(debts, "HORIZON_SECS", debts.HORIZON_SECS * units)
        patch.setattr(order_module, "FORGIVE_EVERY_SECS", order_module.FORGIVE_EVERY_SECS * units)
        other = OtherSeconds(nodes, weights, units)
        assert other.play(happenings) + other.drain() == served


@given(nodes=POOLS, cost=COSTS, happenings=events(60), names=st.permutations("ABCDEFGH"))
def test_names_of_keys_and_keys_that_never_send_change_nothing(
    nodes: list[str], cost: Cost, happenings: list[Event], names: list[str]
) -> None:
    """32."""
    weights = {"A": 2.0, "B": 0.5}
    renamed: dict[Any, str] = dict(zip("ABCD", names, strict=False))
    other_weights = {renamed[key]: weight for key, weight in weights.items()} | {"silent": 100.0}
    plain = Scene(nodes, weights, models="abc", cost=cost, by_clock=True)
    other = Scene(nodes, other_weights, keys="".join(names[:4]), models="abc", cost=cost, by_clock=True)
    served = plain.play(happenings) + plain.drain()
    assert other.play(happenings) + other.drain() == [renamed[name[0]] + name[1:] for name in served]
