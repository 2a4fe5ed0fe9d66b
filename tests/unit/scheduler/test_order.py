"""Who is next."""

from __future__ import annotations

import pytest

from llmlb.scheduler.debts import MOST_DEBTORS
from llmlb.scheduler.order import MEMORY, Order
from llmlb.scheduler.predictor import Predictor
from llmlb.scheduler.prices import Prices
from llmlb.scheduler.ticket import Actual, Ticket
from tests.unit.scheduler.desk import Desk


def test_being_served_at_once_is_a_turn_wherever_the_key_waits() -> None:
    desk = Desk({"one": "a", "two": "b"})
    assert desk.come("X1", "b") == ["X1"]
    desk.come("A1 B1 C1", "b")
    assert desk.come("A2", "a") == ["A2"]
    assert desk.next("two", 3) == "B1 C1 A1"


def test_ever_new_keys_do_not_let_the_level_sink() -> None:
    """Each of them finds nobody waiting and is welcomed half a turn early: that must not add up."""
    desk = Desk()
    desk.come("A1 B1")
    assert desk.next() == "B1"
    for number in range(30):
        desk.come(f"new-{number}-1")
        desk.next()
    desk.come("Z1 Z2 Z3 Z4 Z5 A2")
    assert desk.places("A2") == [2]


def test_turns_given_back_do_not_let_the_level_sink() -> None:
    """As above, with keys whose request comes back from its node just when the next key arrives."""
    desk = Desk({"one": "m", "two": "m"})
    desk.come("X1 X2 A1 A2 A3 A4")
    assert desk.next("one") == "A1"
    desk.come("B1 B2")
    for key, newcomer in ("BC", "CD", "DE", "EF"):
        assert desk.next("one") == f"{key}1"
        desk.fail("one", counts=False)
        desk.come(f"{newcomer}1 {newcomer}2")
        desk.leave(f"{key}1 {key}2")
    assert desk.rest() == "F1 A2 F2 A3 A4"


def test_turns_go_on_where_half_a_quantum_is_lost_in_rounding() -> None:
    """As beside the tags of keys that have had very much: else a round begins with nobody in it, for ever."""
    desk = Desk(quantum=1e-300)
    desk.come("X1 A1 A2 A3 B1 B2 B3")
    assert desk.next(times=2) == "A1 B1"
    assert sorted(desk.places("A2 B2 A3 B3")) == [1, 2, 3, 4]
    foretold = sorted(["A2", "B2", "A3", "B3"], key=lambda name: desk.place(name).position)
    assert desk.rest() == " ".join(foretold)


def test_into_new_nodes_a_key_brings_what_it_owes_not_how_long_its_old_nodes_have_been_busy() -> None:
    """Both nodes get the other's model, and the keys with it new rivals."""
    desk = Desk({"one": "a", "two": "b"})
    desk.come(" ".join(f"{key}{number}" for number in range(1, 31) for key in "WX"), "a")
    desk.come(" ".join(f"Y{number}" for number in range(1, 31)), "b")
    desk.next("one", 40)
    desk.node("one", "a b")
    desk.node("two", "a b")
    served = [name[0] for name in desk.next("one", 9).split()]
    assert sorted(served) == [*"WWWXXXYYY"]


def test_turns_given_back_leave_a_key_as_if_it_had_not_had_them() -> None:
    """Both of its nodes let it down, the one it was given first first."""
    desk = Desk({"one": "m", "two": "m"})
    desk.come("X1 X2 A1 B1")
    assert (desk.next("one"), desk.next("two")) == ("A1", "B1")
    desk.come("A2 A3")
    assert (desk.next("one"), desk.next("two")) == ("A2", "A3")
    desk.fail("one", counts=False)
    desk.fail("two", counts=False)
    desk.come("B2")
    assert desk.rest() == "A2 B2 A3"


def test_a_request_that_failed_on_a_node_does_not_change_that_nodes_order() -> None:
    """X waits for the other node, far behind: the turns of those this node can serve are as without it."""
    orders = []
    for tried in ([], ["one"]):
        desk = Desk({"one": "m", "two": "m"}, {"A": 4.0})
        desk.come("Y1 Y2")
        if tried:
            desk.come("X1", tried=tried)
        desk.come("A1 A2 A3 A4 A5 A6 A7 A8 B1 B2")
        orders.append(desk.next("one", 10))
    assert orders[0] == orders[1] == "A1 B1 A2 B2 A3 A4 A5 A6 A7 A8"


def test_ever_new_keys_leave_no_trace_for_ever() -> None:
    """Each of them still owes a turn when it has gone, in a queue that is never empty."""
    order = Order({}, Prices("request", 0.0, Predictor(10.0)))
    order.place_node("n", frozenset("m"))
    for number in range(4000):
        order.add(Ticket(str(number), str(number), "m", 0.0, number=number + 1), 0.0)
        if number > 2 and (running := order.take("n", 0.0)) is not None:
            order.finish(running, Actual(1.0, complete=True))
        assert len(order.flows) <= 64 + 2 * (MOST_DEBTORS + MEMORY + 4) + 1


def test_a_key_that_owes_is_not_forgotten_while_there_is_room() -> None:
    order = Order({}, Prices("request", 0.0, Predictor(10.0)))
    order.place_node("n", frozenset("m"))
    for number in range(500):
        order.add(Ticket(str(number), str(number), "m", 0.0, number=number + 1), 0.0)
        if number > 2 and (running := order.take("n", 0.0)) is not None:
            order.finish(running, Actual(1.0, complete=True))
    assert "100" in order.flows


@pytest.mark.parametrize(("turns_ago", "order"), [(31, "N1 B2"), (32, "B2 N1")])
def test_a_turn_counts_against_a_key_for_thirty_two_turns(turns_ago: int, order: str) -> None:
    """From then on it is level with one that was never served, and who came first decides."""
    desk = Desk({"one": "a", "two": "b"})
    desk.come(" ".join(f"A{number}" for number in range(40)), "a")
    desk.come("B1", "b")
    desk.end("two")
    desk.come("Y1", "b")
    desk.next("one", turns_ago - 1)
    desk.come("B2 N1", "b")
    assert desk.next("two", 2) == order


@pytest.mark.parametrize("fair", [True, False])
def test_the_newest_of_a_key_is_the_one_that_arrived_last_whatever_others_wait(fair: bool) -> None:
    desk = Desk({"n": "a b"}, fair=fair)
    desk.come("X1 A1 B1", "a")
    desk.come("A2 B2", "b")
    desk.come("A3 C1", "a")
    newest = [desk.scheduler.newest(key) for key in "ABCD"]
    assert [ticket and ticket.id for ticket in newest] == ["A3", "B2", "C1", None]
