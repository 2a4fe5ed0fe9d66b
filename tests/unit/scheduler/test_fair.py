"""The fair order, told as transcripts: who came, who was served."""

from __future__ import annotations

import pytest

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.ticket import Actual, Snapshot, Ticket
from tests.unit.scheduler.desk import Desk


def test_five_of_a_and_two_of_b_on_an_idle_node_are_served_in_turn() -> None:
    """F1, A1 having found the node idle."""
    desk = Desk()
    assert desk.come("A1 A2 A3 A4 A5 B1 B2") == ["A1"]
    assert desk.places("B1 A2 B2 A3 A4 A5") == [1, 2, 3, 4, 5, 6]
    assert desk.rest() == "B1 A2 B2 A3 A4 A5"


def test_five_of_a_and_two_of_b_behind_another_keys_request_are_served_in_turn() -> None:
    """F1, the node having been busy."""
    desk = Desk()
    desk.come("X1 A1 A2 A3 A4 A5 B1 B2")
    assert desk.rest() == "A1 B1 A2 B2 A3 A4 A5"


def test_five_of_a_and_two_of_b_behind_as_own_request_are_served_in_turn() -> None:
    desk = Desk()
    desk.come("A0")
    desk.now += 3.0
    desk.come("A1 A2 A3 A4 A5 B1 B2")
    assert desk.rest() == "B1 A1 B2 A2 A3 A4 A5"


def test_the_order_is_the_same_on_several_nodes() -> None:
    desk = Desk({"one": "m", "two": "m", "three": "m"})
    desk.come("X1 X2 X3 A1 A2 A3 A4 A5 B1 B2")
    assert desk.rest() == "A1 B1 A2 B2 A3 A4 A5"


def test_weight_two_gets_two_turns_for_one() -> None:
    """At every moment of a backlog: within quantum + 1/2 + 1 = 2.5 turns per weight, so exactly in the long run."""
    desk = Desk(weights={"A": 2.0})
    desk.come("X1")
    desk.come(" ".join(f"A{number} B{number}" for number in range(600)))
    served = [name[0] for name in desk.next(times=600).split()]
    for length in range(1, 601):
        a = served[:length].count("A")
        assert abs(a / 2 - (length - a)) <= 2.5
    assert served[30:].count("A") == 2 * served[30:].count("B") == 380


def test_weights_one_two_four_get_shares_of_one_two_four() -> None:
    desk = Desk(weights={"A": 1.0, "B": 2.0, "C": 4.0})
    desk.come("X1")
    desk.come(" ".join(f"A{number} B{number} C{number}" for number in range(450)))
    served = [name[0] for name in desk.next(times=700).split()]
    assert [round(served.count(key) / 100) for key in "ABC"] == [1, 2, 4]
    assert [served.count(key) for key in "ABC"] == pytest.approx([100, 200, 400], abs=4)


def test_places_are_those_of_a_smaller_quantum_as_soon_as_it_applies() -> None:
    """With 20 the two take turns until one is 10 ahead of the other per weight; with 1 only until it is a half."""
    weights = {"B": 4.0}
    desk = Desk(weights=weights, quantum=20.0)
    desk.come("X1")
    desk.come(" ".join(f"A{number} B{number}" for number in range(20)))
    assert desk.next(times=6) == "A0 B0 A1 B1 A2 B2"
    desk.scheduler.configure(weights, desk.now, cost="request", quantum=1.0)
    told = {place: ticket.id for ticket in desk.line for place in desk.places(ticket.id)}
    assert " ".join(told[place] for place in sorted(told)) == desk.rest()


@pytest.mark.parametrize("tokens", [None, 0, 10**9])
def test_weights_hold_whatever_tokens_the_nodes_tell(tokens: int | None) -> None:
    scheduler = FairScheduler({"A": 4.0}, cost="tokens")
    scheduler.topology("n", frozenset("m"), 0.0)
    now, turns = 0.0, {"A": 0, "B": 0}

    def come(key: str) -> None:
        scheduler.add(Ticket(f"{key}-{now}-{scheduler.waiting}", key, "m", now), now)

    for key in "AABB":
        come(key)
    for _ in range(500):
        ticket = scheduler.take("n", now)
        assert ticket is not None
        turns[ticket.key] += 1
        now += 3.0
        come(ticket.key)
        scheduler.finish(ticket, Actual(3.0, complete=True, tokens=tokens), now)
    assert turns["A"] == pytest.approx(4 * turns["B"], rel=0.05)


def test_without_fairness_it_is_the_order_of_arrival() -> None:
    desk = Desk(weights={"B": 4.0}, fair=False)
    desk.come("A1 A2 A3 B1 A4 B2")
    assert desk.places("A2 A3 B1 A4 B2") == [1, 2, 3, 4, 5]
    assert desk.rest() == "A2 A3 B1 A4 B2"


def test_without_fairness_it_is_the_order_of_arrival_among_what_the_node_can_serve() -> None:
    desk = Desk({"one": "a", "two": "b"}, fair=False)
    desk.come("X1", "a")
    desk.come("X2", "b")
    desk.come("A1 A2", "a")
    desk.come("B1", "b")
    desk.come("B2", "a")
    assert desk.next("two") == "B1"
    assert desk.next("one", 3) == "A1 A2 B2"


@pytest.mark.parametrize("sender", ["A", "B"])
def test_nobody_is_blocked_by_a_request_whose_model_no_idle_node_has(sender: str) -> None:
    """F4, whoever sent it."""
    desk = Desk({"one": "a", "two": "b"})
    desk.come("X1", "a")
    desk.come("X2", "b")
    desk.come(f"{sender}1", "b")
    desk.come("A2 A3", "a")
    assert desk.next("one", 2) == "A2 A3"
    assert desk.next("two") == f"{sender}1"


def test_a_request_that_names_no_model_goes_to_any_node() -> None:
    desk = Desk()
    desk.scheduler.topology("n", frozenset({"m", ""}), 0.0)
    desk.models["n"] = frozenset({"m", ""})
    desk.come("A1 A2")
    desk.come("A3", "")
    desk.come("B1", "")
    assert desk.rest() == "B1 A2 A3"


def test_within_a_key_and_model_it_is_first_come_first_served() -> None:
    desk = Desk({"one": "a b", "two": "b"})
    desk.come("X1", "a")
    desk.come("X2", "b")
    desk.come("A1", "b")
    desk.come("A2", "a")
    desk.come("A3", "b")
    desk.come("A4", "a")
    assert desk.next("two") == "A1"
    assert desk.next("one", 3) == "A2 A3 A4"


def test_a_key_alone_owes_nothing_after_a_thousand_requests() -> None:
    desk = Desk()
    for number in range(1000):
        assert desk.come(f"A{number}") == [f"A{number}"]
        if number < 999:
            desk.end()
    desk.come("A1000 A1001 B1 B2 B3")
    assert desk.rest() == "B1 A1000 B2 A1001 B3"


def test_a_backlog_of_one_key_alone_owes_nothing_when_another_comes() -> None:
    desk = Desk()
    desk.come(" ".join(f"A{number}" for number in range(100)))
    desk.next(times=90)
    desk.come("B1 B2 B3")
    assert desk.next(times=6) == "B1 A91 B2 A92 B3 A93"


def test_an_idle_key_saves_up_nothing() -> None:
    """A and B take turns for long; then C comes with as many, and takes its turns from there."""
    desk = Desk()
    desk.come("X1")
    desk.come(" ".join(f"A{number} B{number}" for number in range(100)))
    desk.next(times=100)
    desk.come(" ".join(f"C{number}" for number in range(100)))
    served = [name[0] for name in desk.next(times=30).split()]
    assert [served.count(key) for key in "ABC"] == [10, 10, 10]


def test_emptying_its_queue_does_not_rid_a_key_of_its_debt() -> None:
    desk = Desk({"one": "m", "two": "m", "three": "m"})
    desk.come("A1 A2 A3 B1")
    assert desk.next("one") == "B1"
    desk.come("B2 B3 B4 A4")
    assert desk.next("one", 4) == "B2 B3 A4 B4"


def test_nothing_is_owed_from_one_busy_period_to_the_next() -> None:
    desk = Desk()
    desk.come("A1 A2 A3 A4 B1")
    desk.rest()
    desk.come("A5 A6 B2 B3")
    assert desk.rest() == "B2 A6 B3"


def test_who_hangs_up_and_asks_again_gains_nothing() -> None:
    desk = Desk()
    desk.come("A1 A2 B1 C1")
    before = desk.place("C1").position
    desk.leave("C1")
    desk.come("C2")
    assert desk.place("C2").position == before == 2


def test_a_request_that_comes_back_keeps_its_number_its_place_and_is_charged_once() -> None:
    desk = Desk({"one": "m", "two": "m"})
    desk.come("X1 X2 A1 B1 A2 B2 A3 B3")
    waiting = "A1 B1 A2 B2 A3 B3"
    before, number = desk.places(waiting), desk.tickets["A1"].number
    assert desk.next("one") == "A1"
    desk.fail("one", counts=False)
    assert desk.places(waiting) == before == [1, 2, 3, 4, 5, 6]
    assert desk.tickets["A1"].number == number
    assert desk.next("two", 6) == "A1 B1 A2 B2 A3 B3"


def test_a_node_that_failed_a_request_is_not_given_it_again() -> None:
    desk = Desk({"one": "m", "two": "m"})
    desk.come("X1 X2 A1 B1")
    assert desk.next("one") == "A1"
    desk.fail("one")
    assert desk.next("one", 2) == "B1 -"
    assert desk.next("two") == "A1"


def test_one_that_no_longer_waits_cannot_be_withdrawn() -> None:
    desk = Desk()
    desk.come("A1 A2 A3")
    desk.leave("A3")
    for ticket in (desk.tickets["A1"], desk.tickets["A3"], Ticket("B1", "B", "m", 0.0), Ticket("A9", "A", "x", 0.0)):
        with pytest.raises(KeyError):
            desk.scheduler.withdraw(ticket, desk.now)
    assert desk.rest() == "A2"


def test_only_what_is_in_service_can_finish() -> None:
    desk = Desk()
    desk.come("A1 A2")
    for ticket in (desk.tickets["A2"], Ticket("B1", "B", "m", 0.0)):
        with pytest.raises(KeyError):
            desk.scheduler.finish(ticket, Actual(1.0, complete=True), desk.now)


def test_a_node_nobody_has_spoken_of_takes_nothing() -> None:
    scheduler = FairScheduler({})
    scheduler.add(Ticket("A1", "A", "m", 0.0), 0.0)
    assert scheduler.take("n", 0.0) is None


def test_a_node_that_leaves_with_a_request_finishes_it_and_takes_no_more() -> None:
    desk = Desk({"one": "m", "two": "m"})
    desk.come("A1 A2 A3 B1")
    desk.scheduler.forget_node("one")
    assert desk.scheduler.take("one", desk.now) is None
    assert desk.end("one") == "A1"
    assert desk.next("two", 3) == "B1 A3 -"
    assert desk.scheduler.running == 0


@pytest.mark.parametrize("first", ["old", "new"])
def test_a_node_may_be_back_under_its_name_before_its_old_request_has_ended(first: str) -> None:
    desk = Desk()
    desk.come("A1 A2 A3")
    old = desk.tickets["A1"]
    desk.gone("n")
    desk.node("n", "m")
    assert desk.next() == "A2"
    if first == "new":
        desk.end()
        desk.scheduler.finish(old, Actual(1.0, complete=True), desk.now)
        assert desk.scheduler.snapshot() == Snapshot(1, 0, {"A": 1}, {})
    else:
        desk.scheduler.finish(old, Actual(1.0, complete=True), desk.now)
        assert desk.scheduler.snapshot() == Snapshot(1, 1, {"A": 1}, {"n": "A2"})
    assert desk.next(times=2) == "A3 -"


def test_the_snapshot_counts_by_key_and_names_what_each_node_has() -> None:
    desk = Desk({"one": "m", "two": "m"})
    desk.come("A1 A2 A3 B1 A4")
    assert desk.scheduler.snapshot() == Snapshot(3, 2, {"A": 2, "B": 1}, {"one": "A1", "two": "A2"})


def test_the_snapshot_counts_by_key_without_fairness_too() -> None:
    desk = Desk(fair=False)
    desk.come("A1 A2 B1")
    assert desk.scheduler.snapshot().waiting_by_key == {"A": 1, "B": 1}


def test_what_is_in_service_when_the_unit_changes_is_charged_and_can_be_given_back() -> None:
    scheduler = FairScheduler({}, cost="seconds")
    scheduler.topology("n", frozenset({"m"}), 0.0)
    going_on = Ticket("a1", "A", "m", 0.0)
    scheduler.serve(going_on, "n", 0.0)
    scheduler.configure({}, 1.0, cost="request")
    scheduler.add(Ticket("a2", "A", "m", 1.0), 1.0)
    scheduler.add(Ticket("b1", "B", "m", 1.0), 1.0)
    assert scheduler.debts() == {"A": 1.0}
    scheduler.finish(going_on, Actual(2.0, complete=False), 3.0, again=True)
    assert scheduler.debts() == {}
