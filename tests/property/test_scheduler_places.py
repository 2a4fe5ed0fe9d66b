"""The place a waiting client is told is the one it then has."""

from __future__ import annotations

import pickle
from math import ceil
from typing import Any

import hypothesis.strategies as st
from hypothesis import assume, event, given

from llmlb.scheduler.plan import dry_run
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.rounds import in_rounds
from llmlb.scheduler.ticket import Ticket
from tests.property.scene import COSTS, EXACT_WEIGHTS, QUANTA, Event, Scene, events, fits, secs

ONE_POOL = ["come"] * 5 + ["next"] * 5 + ["end", "pull", "busy", "leave", "pass"]
NODES = st.integers(1, 3).map(lambda count: ["m"] * count)
POOLS = st.lists(st.sampled_from(["a", "b", "a b", "b c", "a b c"]), min_size=1, max_size=4)
CHOICES = st.lists(st.integers(0, 2), min_size=1, max_size=9)
UNITS = COSTS.flatmap(lambda cost: st.tuples(st.just(cost), st.sampled_from([QUANTA[cost], 3 * QUANTA[cost]])))


def arrivals(scene: Scene, numbers: list[int]) -> None:
    """Somebody comes: places are told to those who arrive, as things stand at that moment."""
    scene.end_overdue()
    for number in numbers:
        scene.happen("come", number, number // 3, number % 5)


LAST = st.lists(st.integers(0, 20), min_size=2, max_size=5)


# 2


@given(
    nodes=NODES, weights=EXACT_WEIGHTS, fair=st.booleans(), happenings=events(50, ONE_POOL), last=LAST, choices=CHOICES
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
    arrivals(scene, last)
    told = scene.positions()
    assert scene.drain(choices) == sorted(told, key=lambda name: told[name])
    assert sorted(told.values()) == list(range(1, len(told) + 1))


@given(
    nodes=NODES,
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
    arrivals(scene, last)
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
    arrivals(scene, last)
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


@given(nodes=NODES, weights=EXACT_WEIGHTS, fair=st.booleans(), unit=UNITS, happenings=events(60, ONE_POOL))
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


# 3


def in_round_order(
    lines: dict[str, list[Ticket]], tags: dict[str, float], lasts: dict[str, Any], limit: float
) -> list[str]:
    """Who is served, without a turn being played: by request, equal weights.

    The n-th request of a key stands at its tag + n. All in order of where they stand; a round takes in what is below
    its limit, the next limit is half a quantum beyond the first that is left; and in a round, who had the last turn
    longest ago goes first, which for those who had one already is the order of the round before.
    """
    stand = sorted((tags[key] + n, key, ticket.id) for key, line in lines.items() for n, ticket in enumerate(line))
    order: list[str] = []
    lasts = {key: (0, *last) for key, last in lasts.items()}
    while stand:
        if stand[0][0] >= limit:
            limit = stand[0][0] + 0.5
        here = sorted((at for at in stand if at[0] < limit), key=lambda at: lasts[at[1]])
        stand = stand[len(here) :]
        for _, key, name in here:
            order.append(name)
            lasts[key] = (1, len(order))
    return order


def waiting_by_key(scene: Scene) -> dict[str, list[Ticket]]:
    lines: dict[str, list[Ticket]] = {}
    for ticket in scene.waiting:
        lines.setdefault(ticket.key, []).append(ticket)
    return lines


def rounds(scene: Scene) -> tuple[float, bool]:
    """By request: where the present round began, and whether all tags lie in the lower halves of the rounds from it."""
    contest = scene.pool("m").contest
    tags = [entrant.tag for entrant in contest.entrants.values()]
    least = min(tags, default=0.0)
    began = contest.limit - 0.5 if least < contest.limit else least
    return began, all((tag - began) % 1.0 < 0.5 for tag in tags)


@given(nodes=NODES, happenings=events(60, ONE_POOL), last=LAST)
def test_the_closed_form_of_the_position_is_the_dry_run(
    nodes: list[str], happenings: list[Event], last: list[int]
) -> None:
    """3: one pool, by request, equal weights, a quantum of 1. r of one's own before it, len_j waiting of key j, which
    is o_j rounds ahead of one's own key; a tie goes to j if it is ahead, or level and served longer ago:

    position = r + 1 + sum over the others of min(len_j, max(0, r - o_j + tie_j))

    Rounds are counted from where the present one began, B: floor(tag - B). Exactly so while all tags lie in the lower
    halves of these, as they do after arrivals and turns alone: a welcome is less than half. Once they lie anywhere
    (newcomers enter at `pace`, which moves by fractions of a turn) a round may begin elsewhere than the one before it,
    and each other key may have one turn more or less before it: so the formula is within one for each of them.

    It differs from the form with ceil(r - o_j) for differences of tags, which belongs to a limit that slides with the
    least tag at every turn, instead of one that stays for a round.
    """
    scene = Scene(nodes)
    scene.play(happenings)
    arrivals(scene, last)
    contest = scene.pool("m").contest
    lines = waiting_by_key(scene)
    tags = {key: contest.entrants[key].tag for key in lines}
    lasts = {key: (contest.entrants[key].last, contest.entrants[key].head) for key in lines}
    told = scene.positions()
    order = in_round_order(lines, tags, lasts, contest.limit)
    assert told == {name: number for number, name in enumerate(order, start=1)}
    began, exact = rounds(scene)
    event(f"exact: {exact}")
    for key, own in lines.items():
        for r, ticket in enumerate(own):
            position = r + 1
            for other in lines.keys() - {key}:
                ahead = (tags[other] - began) // 1 - (tags[key] - began) // 1
                tie = ahead > 0 or (ahead == 0 and lasts[other] < lasts[key])
                position += min(len(lines[other]), max(0, r - int(ahead) + tie))
            assert abs(told[ticket.id] - position) <= (0 if exact else len(lines) - 1)


# 4


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


# 5, 6, 21


@given(
    nodes=NODES,
    happenings=events(50, ONE_POOL),
    last=LAST,
    who=st.integers(0, 50),
    newcomers=st.lists(st.integers(1, 6), min_size=1, max_size=4),
)
def test_newcomers_push_a_request_back_by_no_more_than_its_own_number_each(
    nodes: list[str], happenings: list[Event], last: list[int], who: int, newcomers: list[int]
) -> None:
    """5: one pool, by request, equal weights: each new key by at most r + 1 places (and at most by what it sends), and
    by as many more as the waiter's key is ahead of the level the newcomer enters at, in whole turns.

    The statement is for waiters that owe nothing; what they owe includes what they have in service, which costs
    nothing until a newcomer wants the node. Where tags lie anywhere (see the closed form) each other key may take one
    turn more.
    """
    scene = Scene(nodes)
    scene.play(happenings)
    arrivals(scene, last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    before = scene.place(me).position
    others = len(waiting_by_key(scene)) - 1
    _, exact = rounds(scene)
    r = sum(other.key == me.key and other.number < me.number for other in scene.waiting)
    for number, burst in enumerate(newcomers):
        for _ in range(burst):
            scene.come(f"new {number}")
    entrants = scene.pool("m").contest.entrants
    most = 0 if exact and rounds(scene)[1] else others
    for number, burst in enumerate(newcomers):
        owed = entrants[me.key].tag - entrants[f"new {number}"].entered_at
        most += min(burst, r + 1 + max(0, ceil(owed - 0.01)))
    assert scene.place(me).position - before <= most


@given(
    nodes=NODES,
    weights=EXACT_WEIGHTS,
    happenings=events(50, ONE_POOL),
    last=LAST,
    who=st.integers(0, 50),
    leavers=st.lists(st.integers(0, 50), min_size=1, max_size=5),
)
def test_those_who_leave_never_make_others_wait_longer(
    nodes: list[str], weights: dict[str, float], happenings: list[Event], last: list[int], who: int, leavers: list[int]
) -> None:
    """6: one pool, by request: never at equal weights, wherever the closed form is exact.

    Elsewhere, too, no matter how many leave, a place is at most w_j (rounded up) worse for every other key j than it
    was told: the next round may begin with another key, half a quantum away from where it would have begun.
    """
    scene = Scene(nodes, weights)
    scene.play(happenings)
    arrivals(scene, last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    before = scene.place(me).position
    slack = 0
    if weights or not rounds(scene)[1]:
        slack = sum(ceil(weights.get(key, 1.0)) for key in waiting_by_key(scene) if key != me.key)
    for leaver in leavers:
        others = [other for other in scene.waiting if other.key != me.key]
        if others:
            scene.leave(others[leaver % len(others)])
            after = scene.place(me).position
            assert after <= before + slack
            if not slack:
                before = after


@given(
    nodes=NODES,
    weights=EXACT_WEIGHTS,
    unit=UNITS,
    happenings=events(50, ONE_POOL),
    last=LAST,
    who=st.integers(0, 50),
    later=st.integers(1, 5),
)
def test_ones_own_later_requests_never_push_one_back(
    nodes: list[str],
    weights: dict[str, float],
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
    who: int,
    later: int,
) -> None:
    """6: one pool, any unit, any weights: it stays where it is."""
    scene = Scene(nodes, weights, cost=unit[0], quantum=unit[1])
    scene.play(happenings)
    arrivals(scene, last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    before = scene.place(me).position
    for _ in range(later):
        scene.come(me.key)
    assert scene.place(me).position == before


@given(
    nodes=NODES,
    weights=EXACT_WEIGHTS,
    unit=UNITS,
    happenings=events(50, ONE_POOL),
    last=LAST,
    who=st.integers(0, 50),
    times=st.integers(1, 4),
)
def test_hanging_up_and_asking_again_never_gains_a_place(
    nodes: list[str],
    weights: dict[str, float],
    unit: tuple[Cost, float],
    happenings: list[Event],
    last: list[int],
    who: int,
    times: int,
) -> None:
    """21: one pool, any unit, any weights, any number of times."""
    scene = Scene(nodes, weights, cost=unit[0], quantum=unit[1])
    scene.play(happenings)
    arrivals(scene, last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    stayed = scene.place(me).position
    for _ in range(times):
        scene.leave(me)
        me = scene.come(me.key, size=me.size)
        if me not in scene.waiting:
            return  # It was alone and found the node idle.
    assert scene.place(me).position >= stayed
