"""Who gets how much, and who is never kept waiting for ever.

The scheduler charges one quantum a request. Where a bound below is meant for later, with node time as the cost and
newcomers held back (`pace`, `horizon`), it says in which form it holds now.
"""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given

from llmlb.scheduler.order import MEMORY, MOST_DEBTORS, Order
from llmlb.scheduler.ticket import Ticket
from tests.property.histories import WEIGHTS, Event, histories, play, played
from tests.unit.scheduler.desk import Desk


def backlog(desk: Desk, keys: str, each: int, model: str = "m") -> None:
    """So many requests of every key, one after another."""
    first = len(desk.tickets)
    for number in range(each):
        desk.come(" ".join(f"{key}{first + number}" for key in keys), model)


@given(events=histories(), nodes=st.integers(1, 3), most=st.integers(2, 4))
def test_keys_of_equal_weight_with_a_backlog_are_at_most_two_turns_apart(
    events: list[Event], nodes: int, most: int
) -> None:
    """14: over any window the turns of two keys that always wait differ by at most 2 on one node.

    On N nodes by at most N + 1: one key may have had N in service, uncharged, when the other began to wait.
    """
    desk = played(events, nodes=nodes)
    keys = "ABCD"[:most]
    backlog(desk, keys, 40)
    served = [name[0] for name in desk.next("n0", 60).split()]
    for one, other in pairwise(keys):
        ahead = [0]
        for key in served:
            ahead.append(ahead[-1] + (key == one) - (key == other))
        assert max(ahead) - min(ahead) <= nodes + 1


def test_keys_that_start_square_are_never_more_than_one_turn_apart() -> None:
    """14, from a moment when all are square: at most 1."""
    desk = Desk()
    desk.come("X1")
    backlog(desk, "ABC", 30)
    served = desk.next("n", 90).split()
    for length in range(91):
        turns = [sum(name[0] == key for name in served[:length]) for key in "ABC"]
        assert max(turns) - min(turns) <= 1


@given(
    events=histories(),
    nodes=st.integers(1, 3),
    weights=st.tuples(*[st.sampled_from([0.5, 1.0, 2.0, 3.0, 4.0])] * 3),
)
def test_weighted_keys_with_a_backlog_stay_within_the_bound_of_round_robin(
    events: list[Event], nodes: int, weights: tuple[float, ...]
) -> None:
    """12 and 13, by request: over any window |n_i/w_i - n_j/w_j| <= Q + 1/w_i + 1/w_j on one node, turns counted as
    they begin; and (N - 1 + 0.49) max(1/w_i, 1/w_j) more where the window begins with a key's return: for what was in
    service on N nodes, uncharged, and for the welcome.

    So shares are within that, over the length of the window, of w_i / sum(w).
    """
    by_key = dict(zip("ABC", weights, strict=True))
    desk = played(events, by_key, nodes=nodes)
    backlog(desk, "ABC", 120)
    served = [name[0] for name in desk.next("n0", 90).split()]
    for one, other in ("AB", "AC", "BC"):
        spread = max(1 / by_key[one], 1 / by_key[other])
        bound = 1.0 + 1 / by_key[one] + 1 / by_key[other]
        gap = [0.0]
        for key in served:
            gap.append(gap[-1] + (key == one) / by_key[one] - (key == other) / by_key[other])
        assert max(gap) - min(gap) <= bound + (nodes - 1 + 0.49) * spread + 1e-9
        since_all_had_a_turn = gap[max(served.index(key) for key in "ABC") + 1 :]
        assert max(since_all_had_a_turn) - min(since_all_had_a_turn) <= bound + 1e-9


@given(rounds=st.lists(st.integers(1, 4), min_size=1, max_size=60), nodes=st.integers(1, 3))
def test_a_key_alone_all_its_life_is_charged_nothing(rounds: list[int], nodes: int) -> None:
    """16."""
    desk = Desk({f"n{number}": "m" for number in range(nodes)})
    for number in rounds:
        desk.come(" ".join(f"A{len(desk.tickets) + nth}" for nth in range(number)))
        if any(desk.has.values()):
            desk.next(f"n{number % nodes}")
        assert [running.charged for running in desk.scheduler._running.values()] == [None] * desk.scheduler.running


@given(events=histories(), nodes=st.integers(1, 3), weights=WEIGHTS)
def test_a_returning_key_has_saved_up_nothing(events: list[Event], nodes: int, weights: dict[str, float]) -> None:
    """19: however long it was idle, its tag is at least the others' level less 0.49 Q/w, so that it has one turn at
    most before each of those that were least served and waited all along.

    After a turn was given back (a node failed) it may stand one charge lower; here no node fails.
    """
    desk = played(events, weights, nodes=nodes)
    desk.come("R1 R2 R3 R4")
    (pool,) = desk.scheduler._order.pools.values()
    level = pool.contest.level(but="R")
    assert level is not None
    assert pool.contest.entrants["R"].tag >= level - 0.49 - 1e-9
    least_served = [entrant.key for entrant in pool.contest.entrants.values() if entrant.level <= level]
    served = [name[0] for name in desk.next("n0", len(desk.line)).split()]
    for rival in least_served:
        assert rival == "R" or served[: served.index(rival)].count("R") <= 1


@given(events=histories(), nodes=st.integers(1, 3), weights=WEIGHTS, newcomers=st.integers(0, 60))
def test_who_keeps_waiting_is_served(
    events: list[Event], nodes: int, weights: dict[str, float], newcomers: int
) -> None:
    """24 without pace and horizon: against rivals that never stop sending, and a bounded number of new keys.

    What a key owes is at most what it is ahead in the tags, D quanta; each of the K keys it waits with can take at
    most (D + 1.5) w + 1 turns before it. Ever-new keys without end need `pace`, which is not there yet.
    """
    desk = played(events, weights, nodes=nodes)
    desk.come("V1")
    (pool,) = desk.scheduler._order.pools.values()
    entrants = pool.contest.entrants
    owed = entrants["V"].tag - min(entrant.tag for entrant in entrants.values())
    backlog(desk, "ABCD", 60)
    turns = 0.0
    for key in "ABCD":
        turns += (owed + 1.5) * weights.get(key, 1.0) + 1
    for number in range(newcomers):
        desk.come(f"N{number}x1")
    served = desk.next("n0", int(turns + newcomers * (owed + 2.5)) + 1).split()
    assert "V1" in served


@given(
    events=histories(), nodes=st.integers(1, 3), weights=WEIGHTS, lost=st.lists(st.sampled_from("ABCDE"), max_size=9)
)
def test_requests_whose_model_no_node_has_delay_nobody(
    events: list[Event], nodes: int, weights: dict[str, float], lost: list[str]
) -> None:
    """26: not even the other requests of their own key."""
    desk, without = played(events, weights, nodes=nodes), played(events, weights, nodes=nodes)
    for number, key in enumerate(lost):
        desk.scheduler.add(Ticket(f"lost{number}", key, "lost", 0.0))
    names = " ".join(ticket.id for ticket in without.line)
    assert desk.places(names) == without.places(names)
    assert desk.next("n0", 50) == without.next("n0", 50)
    assert desk.scheduler.waiting == len(lost)


@given(one=histories(most=12, keys="AB"), other=histories(most=12, keys="CD"), data=st.data())
def test_keys_on_nodes_of_their_own_are_served_as_if_there_were_no_others(
    one: list[Event], other: list[Event], data: st.DataObject
) -> None:
    """27, within a busy period of both and 32 turns of the gateway: that all was idle, and how many turns ago a key
    was served last, are told for the gateway as a whole."""
    both = Desk({"n": "m", "other": "x"})
    alone = Desk()
    for desk in (both, alone):
        desk.come("Z1 Z2")
    both.come("Y1 Y2 Y3", "x")
    one = [event for event in one if event[0] == "come"]
    other = [event for event in other if event[0] == "come"]
    for event in one:
        names = " ".join(f"{event[1]}{len(alone.tickets) + number}" for number in range(event[2]))
        both.come(names)
        alone.come(names)
        elsewhere: bool = data.draw(st.booleans())
        if other and elsewhere:
            both.come(f"{other[0][1]}{len(both.tickets)}0", "x")
            both.next("other")
            other = other[1:]
        if data.draw(st.booleans()):
            assert both.next("n") == alone.next("n")
    rest = 20
    assert both.next("n", rest) == alone.next("n", rest)


@given(before=histories(), after=histories(), nodes=st.integers(1, 3), weights=WEIGHTS)
def test_after_an_idle_moment_everything_is_as_new(
    before: list[Event], after: list[Event], nodes: int, weights: dict[str, float]
) -> None:
    """29: but for learned times."""
    used = played(before, weights, nodes=nodes)
    used.rest()
    new = played([], weights, nodes=nodes)
    assert used.scheduler.waiting == used.scheduler.running == 0
    used.tickets.clear()
    used.line.clear()
    assert play(used, after) == play(new, after)
    assert used.rest() == new.rest()


@given(events=histories(), nodes=st.integers(1, 3), weights=WEIGHTS)
def test_without_fairness_the_oldest_a_node_can_serve_is_next(
    events: list[Event], nodes: int, weights: dict[str, float]
) -> None:
    """30."""
    desk = played(events, weights, nodes=nodes, fair=False)
    expected = [ticket.id for ticket in desk.line]
    assert desk.next("n0", len(expected)).split() == expected


@given(events=histories(), nodes=st.integers(1, 3), names=st.permutations("ABCDEFGH"))
def test_names_of_keys_and_keys_that_never_send_change_nothing(
    events: list[Event], nodes: int, names: list[str]
) -> None:
    """32."""
    weights = {"A": 2.0, "B": 0.5}
    renamed = dict(zip("ABCD", names, strict=False))
    plain = played(events, weights, nodes=nodes)
    other = {renamed[key]: weight for key, weight in weights.items()} | {"silent": 100.0}
    desk = played([(what, renamed.get(key, ""), number) for what, key, number in events], other, nodes=nodes)
    served = plain.next("n0", len(plain.line)).split()
    assert desk.next("n0", len(desk.line)).split() == [renamed[name[0]] + name[1:] for name in served]


@given(behind=st.integers(0, 5), bursts=st.lists(st.integers(1, 3), min_size=100, max_size=200))
def test_state_stays_bounded_under_ever_new_keys(behind: int, bursts: list[int]) -> None:
    """25: who waits, runs, or was served in the last 32 turns, and at most 1,000 that owe; up to twice that
    between two sweeps."""
    order = Order({})
    order.place_node("n", frozenset("m"))
    number = 0
    for burst in bursts:
        for _ in range(burst):
            number += 1
            order.add(Ticket(str(number), str(number), "m", 0.0, number=number))
        while order.waiting > behind and (running := order.take("n", 0.0)) is not None:
            order.finish(running)
        assert len(order.flows) <= 64 + 2 * (order.waiting + 1 + MEMORY + MOST_DEBTORS) + burst
