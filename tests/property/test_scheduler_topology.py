"""Nodes come, go and get other models: what a key owes neither is lost nor grows by it."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llmlb.scheduler.prices import Cost
from tests.property.scene import COSTS, EXACT_WEIGHTS, QUANTA, SERVED, Event, Scene, events

HORIZON_SECS = 300.0
POOLS = st.lists(st.sampled_from(SERVED), min_size=1, max_size=3)
A_SECOND: dict[Cost, float] = {"seconds": 1.0, "request": 1 / 7.8125, "tokens": 64.0}

Tags = dict[tuple[frozenset[str], str], float]


def tags(scene: Scene) -> Tags:
    """Of all keys in all pools, waiting or not."""
    pools = scene.scheduler._order.pools.values()
    return {
        (pool.models, key): flow.standings[pool].tag
        for key, flow in scene.scheduler._order.flows.items()
        for pool in pools
        if pool in flow.standings
    }


def least(scene: Scene, models: frozenset[str]) -> float:
    """Of those who wait there; nobody waiting, where the last one served was."""
    pool = scene.scheduler._order.pools[models]
    return min((entrant.tag for entrant in pool.contest.entrants.values()), default=pool.clock)


@given(
    nodes=POOLS,
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    happenings=events(50),
    changes=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*SERVED, "c", "a c", ""])), min_size=1, max_size=5),
)
def test_a_change_of_nodes_moves_no_tag_and_brings_no_more_than_is_owed(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event], changes: list[tuple[int, str]]
) -> None:
    """28: no tag moves in pools that stay, and a key brings at most the horizon into a new one: the least it owes in
    any of its old pools, which is nothing where it stands no higher than the least served there."""
    scene = Scene(nodes, weights, models="abc", cost=cost, quantum=QUANTA[cost], by_clock=True)
    scene.play(happenings)
    for number, served in changes:
        name, models = f"n{number}", frozenset(served.split())
        before = tags(scene)
        owed: dict[str, list[float]] = {}
        for (old, key), tag in before.items():
            owed.setdefault(key, []).append(max(0.0, tag - least(scene, old)))
        if models:
            scene.node(name, served)
        elif name in scene.serves and len(scene.serves) > 1:
            scene.gone(name)
        stay = {frozenset(there) for there in scene.serves.values()}
        after = tags(scene)
        assert {who: tag for who, tag in before.items() if who[0] in stay} == {
            who: tag for who, tag in after.items() if who in before
        }
        for (_, key), tag in {who: tag for who, tag in after.items() if who not in before}.items():
            assert tag == pytest.approx(min(HORIZON_SECS * A_SECOND[cost], *owed.get(key, [0.0])))


@given(
    nodes=POOLS,
    weights=EXACT_WEIGHTS,
    cost=COSTS,
    happenings=events(50),
    sizes=st.lists(st.integers(1, 60), min_size=30, max_size=30),
)
def test_shares_of_new_nodes_are_fair_but_for_what_was_owed_before(
    nodes: list[str], weights: dict[str, float], cost: Cost, happenings: list[Event], sizes: list[int]
) -> None:
    """28: from the change on, one new node, two keys that always wait for it: what they have had of it per weight is
    never further apart than Q + C/w_i + C/w_j + what one owed more than the other when it came, at most the horizon.

    Turned into shares of T seconds that is within (bound + horizon) / T.
    """
    scene = Scene(nodes, weights, models="abc", cost=cost, quantum=QUANTA[cost])
    scene.play(happenings)
    for size in sizes:
        for key in "AB":
            scene.come(key, "a", size)
    scene.node("new", "a new")
    entrants = scene.pool("a new").contest.entrants
    assert {"A", "B"} <= set(entrants)
    between = abs(entrants["A"].tag - entrants["B"].tag)
    assert between <= HORIZON_SECS * A_SECOND[cost]
    guess = scene.scheduler._order.prices.guess
    most = max(guess(ticket) for ticket in scene.waiting)
    bound = QUANTA[cost] + sum(most / weights.get(key, 1.0) for key in "AB") + between
    had = dict.fromkeys("ABCD", 0.0)
    while {"A", "B"} <= set(entrants):
        ticket = scene.take("new")
        assert ticket is not None
        had[ticket.key] += guess(ticket) / weights.get(ticket.key, 1.0)
        scene.end(ticket)
        assert abs(had["A"] - had["B"]) <= bound + 1e-9
