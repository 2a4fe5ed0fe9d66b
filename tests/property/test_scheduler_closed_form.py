"""The closed form of the position, and what may move a place."""

from __future__ import annotations

from math import ceil
from typing import Any

import hypothesis.strategies as st
from hypothesis import assume, event, example, given

from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Ticket
from tests.property.scene import ALIKE, EXACT_WEIGHTS, LAST, ONE_POOL, UNITS, Event, Scene, events


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


@given(nodes=ALIKE, happenings=events(60, ONE_POOL), last=LAST)
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
    scene.arrivals(last)
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


@given(
    nodes=ALIKE,
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
    scene.arrivals(last)
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
    nodes=ALIKE,
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
    scene.arrivals(last)
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
    nodes=ALIKE,
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
    scene.arrivals(last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    before = scene.place(me).position
    for _ in range(later):
        scene.come(me.key)
    assert scene.place(me).position == before


@example(
    nodes=["m", "m"],
    weights={"A": 1.0, "B": 2.0, "C": 4.0},
    unit=("request", 3.0),
    happenings=[],
    last=[7, 1],
    who=0,
    times=1,
)
@given(
    nodes=ALIKE,
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
    scene.arrivals(last)
    assume(scene.waiting)
    me = scene.waiting[who % len(scene.waiting)]
    stayed = scene.place(me).position
    for _ in range(times):
        scene.leave(me)
        me = scene.come(me.key, size=me.size)
        if me not in scene.waiting:
            return  # It was alone and found the node idle.
    assert scene.place(me).position >= stayed
