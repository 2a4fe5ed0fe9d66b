"""The lineup is the order in which those who wait are then served, and places everybody where `place` does."""

from __future__ import annotations

import pickle

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from llmlb.scheduler import plan
from llmlb.scheduler.fair import TOLD_SECS
from llmlb.scheduler.lineup import Entry
from llmlb.scheduler.plan import _alone, entangled
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.rounds import in_rounds
from tests.property.scene import ALIKE, EXACT_WEIGHTS, LAST, ONE_POOL, UNITS, Event, Scene, events, fits
from tests.property.test_scheduler_places import CHOICES, POOLS, drained_in_time, nothing_will_be_forgiven

MOST = 1000
COMING = ["come"] * 5 + ["next", "fail", "node", "gone"]
MANY = POOLS | st.integers(1, 3).map(lambda count: ["a b c"] * count)


@given(nodes=ALIKE, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(50, ONE_POOL), last=LAST,
       choices=CHOICES)  # fmt: skip
def test_in_one_pool_it_is_the_order_of_service_whichever_node_is_free_first(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
    choices: list[int],
) -> None:
    """After a past in which costs did not come out as guessed, and with costs that do from now on."""
    scene = Scene(nodes, weights, fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    scene.arrivals(last)
    scene.by_clock = False
    entries = scene.scheduler.lineup(scene.now, MOST)
    assert [entry.position for entry in entries] == list(range(1, len(scene.waiting) + 1))
    assert scene.drain(choices) == [entry.ticket.id for entry in entries]


@settings(max_examples=2 * settings().max_examples)
@given(nodes=POOLS, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(50), last=LAST)
def test_on_nodes_of_several_kinds_it_is_so_node_by_node_if_services_take_as_long_as_predicted(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
) -> None:
    """Requests that nodes have failed, too. Times are to be those of the services, and stuck requests come last.

    Two nodes that come free at the same moment may be seen in either order, which is no matter unless both could
    serve the same: so such are compared node by node.
    """
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], most_size=40)
    scene.play(happenings)
    scene.arrivals(last)
    assume(nothing_will_be_forgiven(scene, weights))
    entries = scene.scheduler.lineup(scene.now, MOST)
    waiting = list(scene.waiting)
    done = drained_in_time(scene)
    placed = [(entry.ticket.id, entry.node) for entry in entries if entry.position is not None]
    for node in nodes_of(scene):
        assert [name for name, where in placed if where == node] == [name for name, where in done if where == node]
    stuck = [ticket.id for ticket in waiting if ticket.id not in dict(done)]
    assert [entry.ticket.id for entry in entries[len(placed) :]] == stuck


def nodes_of(scene: Scene) -> list[str]:
    return sorted(scene.serves)


@settings(max_examples=2 * settings().max_examples)
@given(nodes=MANY, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(60), most=st.integers(0, 9))
def test_everybody_has_the_position_that_is_told_at_that_moment(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    most: int,
) -> None:
    """In any state: nodes idle although somebody waits, or gone. A shorter lineup is the beginning of the longer."""
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    entries = scene.scheduler.lineup(scene.now, MOST)
    assert {entry.ticket.id for entry in entries} == {ticket.id for ticket in scene.waiting}
    assert len(entries) == len(scene.waiting)
    for entry in entries:
        place = scene.place(entry.ticket)
        assert (entry.position is None) == (entry.wait is None) == (entry.node is None) == (place.wait is None)
        if entry.position is not None:
            assert entry.position == place.position
            assert entry.node is not None
            assert fits(entry.ticket, entry.node, scene.serves)
    stuck = [entry for entry in entries if entry.wait is None]
    placed = entries[: len(entries) - len(stuck)]
    shorter = scene.scheduler.lineup(scene.now, most)
    assert [where(entry) for entry in shorter] == [where(entry) for entry in (*placed[:most], *stuck[:most])]


def where(entry: Entry) -> tuple[str, int | None, str | None]:
    return entry.ticket.id, entry.position, entry.node


@given(nodes=ALIKE, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(60, ONE_POOL))
def test_in_one_pool_everybody_has_the_wait_that_is_told_at_that_moment(
    nodes: list[str], weights: dict[str, float], fair: bool, unit: tuple[Cost, float], happenings: list[Event]
) -> None:
    """But for those who are told that it is less than a second: how much less is not looked at closely then."""
    scene = Scene(nodes, weights, fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    for ratio in (0.3, 0.9, 1.5, 4.0):
        scene.scheduler._stations.ratios.add(ratio, 1.0)
    scene.play(happenings)
    for entry in scene.scheduler.lineup(scene.now, MOST):
        told = scene.place(entry.ticket).wait
        assert entry.wait is not None
        assert told is not None
        assert entry.wait == pytest.approx(told, abs=1e-6) or max(entry.wait, told) <= TOLD_SECS


@settings(max_examples=2 * settings().max_examples)
@given(nodes=POOLS, fair=st.booleans(), happenings=events(60, COMING), steps=st.integers(1, 5))
def test_those_too_far_back_have_the_position_that_is_told_as_well(
    nodes: list[str], fair: bool, happenings: list[Event], steps: int
) -> None:
    """Where nodes depend on each other; a pool by itself is played through to its end.

    But for those that no node serves: who is too far back is told a place behind them, too.
    """
    scene = Scene(nodes, models="abc", fair=fair)
    scene.play(happenings)
    order, stations = scene.scheduler._order, scene.scheduler._stations
    pools = [pool for pool in order.pools.values() if stations.serves(pool) and pool.contest.entrants]
    assume(len(entangled(order, pools)) == len(pools))
    assume(all(entry.wait is not None for entry in scene.scheduler.lineup(scene.now, MOST)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "MOST_STEPS", steps)
        entries = scene.scheduler.lineup(scene.now, MOST)
        assert len(entries) == len(scene.waiting)
        assert sum(entry.wait is not None for entry in entries) <= steps
        assert [entry.position for entry in entries] == [scene.place(entry.ticket).position for entry in entries]


@given(nodes=POOLS, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(50))
def test_asking_changes_nothing(
    nodes: list[str], weights: dict[str, float], fair: bool, unit: tuple[Cost, float], happenings: list[Event]
) -> None:
    """Every byte of the scheduler is what it was: order, promises, what was told, and what forecasts learn from."""
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    for ticket in scene.waiting[:3]:
        scene.place(ticket)
    scene.scheduler.retry_after(1, scene.now)
    scene.scheduler._stations.ratios.table()  # made when it is first needed
    before = pickle.dumps(scene.scheduler)
    assert scene.scheduler.lineup(scene.now, MOST) == scene.scheduler.lineup(scene.now, MOST)
    assert pickle.dumps(scene.scheduler) == before


@given(nodes=POOLS, fair=st.booleans(), happenings=events(50))
def test_pools_by_themselves_are_found_all_at_once_as_they_are_one_by_one(
    nodes: list[str], fair: bool, happenings: list[Event]
) -> None:
    scene = Scene(nodes, models="abc", fair=fair)
    scene.play(happenings)
    order, stations = scene.scheduler._order, scene.scheduler._stations
    pools = [pool for pool in order.pools.values() if stations.serves(pool)]
    assert list(entangled(order, pools)) == [pool for pool in pools if not _alone(order, pool, pools)]


@settings(max_examples=2 * settings().max_examples)
@given(nodes=ALIKE, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(60, ONE_POOL))
def test_the_first_in_one_pool_are_the_same_however_many_are_asked_for(
    nodes: list[str], weights: dict[str, float], fair: bool, unit: tuple[Cost, float], happenings: list[Event]
) -> None:
    """Fewer than keys are in the round that is on, or more."""
    scene = Scene(nodes, weights, keys="ABCDEFGH", fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    order, pool = scene.scheduler._order, scene.pool("m")
    everybody = in_rounds(order, pool)
    assert len(everybody) == len(scene.waiting)
    for most in range(len(everybody) + 1):
        assert in_rounds(order, pool, most=most) == everybody[:most]
