"""The place a waiting client is told is the one it then has."""

from __future__ import annotations

import pickle

import hypothesis.strategies as st
from hypothesis import assume, given, settings

from llmlb.scheduler.plan import _copied, _rehearsed, dry_run
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.rounds import in_rounds
from tests.property.scene import ALIKE, EXACT_WEIGHTS, LAST, ONE_POOL, UNITS, Event, Scene, events, fits, secs

POOLS = st.lists(st.sampled_from(["a", "b", "a b", "b c", "a b c"]), min_size=1, max_size=4)
CHOICES = st.lists(st.integers(0, 2), min_size=1, max_size=9)


@given(
    nodes=ALIKE, weights=EXACT_WEIGHTS, fair=st.booleans(), happenings=events(50, ONE_POOL), last=LAST, choices=CHOICES
)
def test_by_request_the_position_is_the_number_of_dispatches_until_its_own(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    happenings: list[Event],
    last: list[int],
    choices: list[int],
) -> None:
    """2: one pool, any weights; whichever node comes free first, however long services take."""
    scene = Scene(nodes, weights, fair=fair, by_clock=True)
    scene.play(happenings)
    scene.arrivals(last)
    told = scene.positions()
    assert scene.drain(choices) == sorted(told, key=lambda name: told[name])
    assert sorted(told.values()) == list(range(1, len(told) + 1))


@settings(max_examples=4 * settings().max_examples)
@given(
    nodes=ALIKE,
    weights=EXACT_WEIGHTS,
    fair=st.booleans(),
    unit=UNITS,
    happenings=events(50, ONE_POOL),
    last=LAST,
    choices=CHOICES,
)
def test_in_any_unit_the_position_is_exact_if_costs_come_out_as_guessed(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
    choices: list[int],
) -> None:
    """2: one pool, after a past in which they did not.

    With a quantum that is set. The automatic one is the mean of what the last fifty requests cost and moves while the
    queue is served: a key may then be half of that movement nearer to or further from its next turn.
    """
    scene = Scene(nodes, weights, fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    scene.arrivals(last)
    scene.by_clock = False
    told = scene.positions()
    assert scene.drain(choices) == sorted(told, key=lambda name: told[name])


def nothing_will_be_forgiven(scene: Scene, weights: dict[str, float]) -> bool:
    """Whether nobody comes to owe what it would have to wait off within the horizon of 300 s."""
    prices = scene.scheduler._order.prices
    left = [*scene.waiting, *(ticket for ticket, _, _ in scene.running.values())]
    debts = sum(prices.guess(ticket) / weights.get(ticket.key, 1.0) for ticket in left)
    debts += max(scene.scheduler.debts().values(), default=0.0)
    return debts / prices.per_second() + sum(map(secs, left)) < 300.0


def drained_in_time(scene: Scene) -> list[tuple[str, str]]:
    """Serve on, every request taking as long as it was guessed to: who was served, and where."""
    order = []
    free = dict.fromkeys(scene.idle(), scene.now)
    free |= {node: started + secs(ticket) for ticket, node, started in scene.running.values()}
    while free:
        node = min(free, key=lambda name: (free[name], name))
        scene.now = free.pop(node)
        for ticket, where, _ in list(scene.running.values()):
            if where == node:
                scene.end(ticket)
        taken = scene.take(node)
        if taken is not None:
            order.append((taken.id, node))
            free[node] = scene.now + secs(taken)
    return order


@given(nodes=POOLS, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(50), last=LAST)
def test_on_nodes_of_several_kinds_the_position_is_exact_if_services_also_take_as_long_as_predicted(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
) -> None:
    """2 beyond one pool: there it matters which node is free first. Requests that a node has failed, too.

    The position counts the dispatches by nodes that can serve the request. Not foreseen is that debts are forgiven
    while it waits, of which none is large enough here.
    """
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], most_size=40)
    scene.play(happenings)
    scene.arrivals(last)
    assume(nothing_will_be_forgiven(scene, weights))
    told = {ticket: scene.place(ticket) for ticket in scene.waiting}
    order = drained_in_time(scene)
    names = [name for name, _ in order]
    for ticket, place in told.items():
        if ticket.id in names:
            until = order[: names.index(ticket.id) + 1]
            assert place.position == sum(fits(ticket, node, scene.serves) for _, node in until)
        else:
            assert place.wait is None, "no node can serve it"


@settings(max_examples=4 * settings().max_examples)
@given(nodes=ALIKE, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(60, ONE_POOL))
def test_the_rounds_played_through_are_the_dry_run(
    nodes: list[str], weights: dict[str, float], fair: bool, unit: tuple[Cost, float], happenings: list[Event]
) -> None:
    """Both ways to a plan, on the same state: key by key where there is one pool, or on a copy of the order."""
    scene = Scene(nodes, weights, fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    order, stations = scene.scheduler._order, scene.scheduler._stations
    pool = scene.pool("m")
    slow = [dispatch.ticket for dispatch in dry_run(order, stations.free_at([pool], scene.now), stations)]
    assert [ticket.id for ticket in in_rounds(order, pool)] == [ticket.id for ticket in slow]
    assert len(slow) == len(scene.waiting)


@settings(max_examples=4 * settings().max_examples)
@given(
    nodes=POOLS,
    weights=EXACT_WEIGHTS,
    fair=st.booleans(),
    unit=UNITS,
    happenings=events(60, ["come", "come", "next", "node", "gone"]),
    choices=st.lists(st.integers(0, 3), min_size=1, max_size=9),
)
def test_what_is_rehearsed_is_what_a_copy_of_the_order_does(
    nodes: list[str],
    weights: dict[str, float],
    fair: bool,
    unit: tuple[Cost, float],
    happenings: list[Event],
    choices: list[int],
) -> None:
    """Nodes of several kinds, in whatever order they come free. In any unit and with any quantum, the automatic too."""
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    order = scene.scheduler._order
    there = sorted(order.pool_of)
    assume(there and not order.sent_back)
    rehearsed, copied = _rehearsed(order, there), _copied(order)
    for number in range(order.waiting + len(there)):
        node = there[choices[number % len(choices)] % len(there)]
        assert rehearsed(node) is copied(node)
    for node in there:
        while (ticket := copied(node)) is not None:
            assert rehearsed(node) is ticket
        assert rehearsed(node) is None


@given(nodes=POOLS, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(50))
def test_a_dry_run_changes_nothing_and_says_the_same_again(
    nodes: list[str], weights: dict[str, float], fair: bool, unit: tuple[Cost, float], happenings: list[Event]
) -> None:
    """4: every byte of the state, heaps and all, is what it was."""
    scene = Scene(nodes, weights, models="abc", fair=fair, cost=unit[0], quantum=unit[1], by_clock=True)
    scene.play(happenings)
    stations = scene.scheduler._stations
    state = scene.scheduler._order, stations.running, stations._free_at, stations._speeds
    before = pickle.dumps(state)
    told = [[scene.place(ticket) for ticket in scene.waiting] for _ in range(2)]
    assert told[0] == told[1]
    for free in (0, 3):
        scene.scheduler.retry_after(free, scene.now)
    scene.scheduler.snapshot()
    scene.scheduler.debts()
    assert pickle.dumps(state) == before
