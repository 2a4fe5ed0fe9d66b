"""Where waiting requests and idle nodes meet, told as transcripts."""

from __future__ import annotations

import pytest

from llmlb.scheduler.ticket import Place, Snapshot, Ticket
from tests.unit.turns.hall import Hall


def test_who_meets_an_idle_node_goes_there_and_never_waits() -> None:
    hall = Hall()
    hall.come("A1")
    assert hall.told("A1") == ["n"]
    assert hall.turns.snapshot() == Snapshot(0, 1, {}, {"n": "A1"})


def test_five_of_a_and_two_of_b_are_served_in_turn() -> None:
    """F1."""
    hall = Hall()
    hall.come("A1 A2 A3 A4 A5 B1 B2")
    hall.drain()
    assert hall.order == "A1 B1 A2 B2 A3 A4 A5"


def test_who_waits_is_told_a_place_and_later_a_node() -> None:
    """W3's case: the fourth on one node whose requests take ten seconds is third in line, thirty seconds away."""
    hall = Hall(secs=10.0)
    hall.come("A1 A2 A3 A4")
    assert hall.told("A4") == [Place(3, 30.0)]
    hall.end()
    assert hall.told("A2") == [Place(1, 10.0), "n"]


def test_a_full_queue_refuses_at_once() -> None:
    hall = Hall(max_size=2)
    hall.come("A1 A2 A3 A4 B1")
    assert hall.told("A4") == hall.told("B1") == [5]
    assert hall.turns.snapshot().waiting == 2
    assert hall.drain() == "A2 A3"


def test_a_full_queue_still_serves_who_meets_an_idle_node() -> None:
    """Q3: only those are refused who would have to wait."""
    hall = Hall({"one": "a", "two": "b"}, max_size=1)
    hall.come("A1 A2 A3", "a")
    assert hall.refused("A3")
    hall.come("B1", "b")
    assert hall.told("B1") == ["two"]


def test_the_place_of_who_leaves_is_free_at_once() -> None:
    hall = Hall(max_size=1)
    hall.come("A1 A2 A3")
    hall.leave("A2")
    hall.come("A4")
    assert hall.position("A4") == 1
    assert hall.drain() == "A4"


def test_once_a_request_has_finished_who_is_refused_is_told_when_a_place_comes_free() -> None:
    hall = Hall(max_size=2, secs=4.0)
    hall.come("A1 A2 A3 A4")
    hall.end()
    hall.come("A5 A6 A7")
    assert hall.told("A6") == [4]
    assert hall.told("A7") == [12], "another than the one promised before, and one more for those never told"


def test_where_more_wait_than_may_who_is_refused_is_told_when_so_many_have_left() -> None:
    hall = Hall(max_size=10, secs=4.0)
    hall.come("A1 A2 A3 A4 A5 A6 A7")
    hall.end()
    hall.turns.configure(max_size=2, max_per_key=0, limits={}, when_full="refuse")
    hall.come("B1")
    assert hall.told("B1") == [20], "four of the five that wait have to go, and one more for those never told"


def test_a_key_may_have_a_limit_of_its_own() -> None:
    hall = Hall(max_per_key=2)
    hall.come("A1 A2 A3 A4 B1 B2 B3")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A4", "B3"]
    assert hall.turns.snapshot().waiting_by_key == {"A": 2, "B": 2}


def test_a_key_named_in_the_limits_has_its_own() -> None:
    hall = Hall(max_per_key=2, limits={"A": 1, "C": 3})
    hall.come("A1 A2 A3 B1 B2 B3 C1 C2 C3 C4")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A3", "B3", "C4"]
    hall.turns.configure(max_size=100, max_per_key=2, limits={}, when_full="refuse")
    hall.come("A4 A5")
    assert [hall.refused(name) for name in ("A4", "A5")] == [False, True]


def test_beyond_a_limit_that_has_become_smaller_a_key_is_told_when_enough_of_its_own_have_left() -> None:
    hall = Hall(secs=4.0)
    hall.come("A1 A2 A3 A4 A5 A6 A7")
    hall.end()
    hall.turns.configure(max_size=100, max_per_key=0, limits={"A": 2}, when_full="refuse")
    hall.come("A8")
    assert hall.told("A8") == [20], "four of the five that wait have to go, and one more for those never told"


def test_a_limit_that_has_become_smaller_turns_nobody_out() -> None:
    hall = Hall()
    hall.come("A1 A2 A3 A4")
    hall.turns.configure(max_size=100, max_per_key=0, limits={"A": 1}, when_full="refuse")
    assert hall.turns.snapshot().waiting == 3
    hall.come("A5")
    assert hall.refused("A5")


def test_what_leaves_or_is_served_no_longer_counts_to_its_keys_limit() -> None:
    hall = Hall(max_per_key=1)
    hall.come("A1 A2 A3")
    assert hall.refused("A3")
    hall.leave("A2")
    hall.come("A4 A5")
    assert (hall.refused("A4"), hall.refused("A5")) == (False, True)
    hall.end()
    hall.come("A6")
    assert hall.position("A6") == 1


def test_who_meets_an_idle_node_is_served_whatever_its_keys_limit() -> None:
    hall = Hall({"one": "a", "two": "b"}, max_per_key=1)
    hall.come("A1 A2 A3", "a")
    hall.come("A4", "b")
    assert (hall.refused("A3"), hall.told("A4")) == (True, ["two"])


def test_nine_requests_one_after_another_over_three_equal_nodes_give_three_each() -> None:
    """N4."""
    hall = Hall({"one": "m", "two": "m", "three": "m"})
    for number in range(9):
        hall.clock.advance(1.0)
        hall.come(f"A{number}")
        hall.clock.advance(1.0)
        hall.end(hall.grants[-1][1])
    served = [node for _, node in hall.grants]
    assert [served.count(node) for node in ("one", "two", "three")] == [3, 3, 3]


def test_the_least_flexible_of_the_idle_nodes_is_chosen() -> None:
    hall = Hall({"both": "a b", "one": "a"})
    hall.come("A1", "a")
    assert hall.told("A1") == ["one"]


def test_a_node_that_comes_takes_what_has_been_waiting_for_its_model() -> None:
    hall = Hall()
    hall.come("A1 A2", "new")
    assert hall.told("A1") == [Place(1, None)]
    hall.node("two", "new")
    assert hall.told("A1")[-1] == "two"
    hall.end("two")
    assert hall.told("A2")[-1] == "two"


def test_a_node_that_takes_nothing_for_now_is_given_nothing() -> None:
    hall = Hall()
    hall.close("n")
    hall.close("n")
    hall.come("A1")
    assert hall.position("A1") == 1
    hall.reopen("n")
    assert hall.told("A1")[-1] == "n"


def test_a_request_its_node_let_down_goes_to_another_that_is_idle() -> None:
    """N5."""
    hall = Hall({"one": "m", "two": "m"})
    hall.come("A1")
    hall.fail("one")
    assert hall.told("A1") == ["one", "two"]
    assert hall.turns.snapshot() == Snapshot(0, 1, {}, {"two": "A1"})


def test_else_it_goes_back_to_the_front_of_its_key_even_when_the_queue_is_full() -> None:
    hall = Hall({"one": "m", "two": "m"}, max_size=2)
    hall.come("A1 B1 A2 A3")
    hall.fail("one")
    assert hall.turns.snapshot().running_by_node == {"two": "B1", "one": "A2"}
    assert hall.turns.snapshot().waiting == 2
    hall.end("two")
    assert hall.told("A1")[-1] == "two"


def test_a_node_busy_for_others_leaves_it_first_in_line() -> None:
    """N7: this is no try, and the same node may have it later."""
    hall = Hall()
    hall.come("A1 A2 B1")
    hall.fail("n", counts=False)
    assert hall.told("A1")[-1] == Place(1, 0.0)
    hall.reopen("n")
    assert hall.told("A1")[-1] == "n"
    assert hall.drain() == "B1 A2"


def test_a_deadline_is_kept_by_a_timer_of_its_own_and_frees_the_place() -> None:
    """Q5: not when a node next looks. Who has timed out is served no more."""
    hall = Hall(max_size=2, timeout=60.0)
    hall.come("A1 A2")
    hall.clock.advance(1.0)
    hall.come("A3")
    hall.clock.advance(59.0)
    assert hall.timed_out == [("A2", 1060.0)]
    hall.come("A4")
    assert hall.position("A4") == 2
    assert hall.drain() == "A3 A4"


def test_only_who_waits_can_withdraw() -> None:
    hall = Hall()
    hall.come("A1 A2")
    for name in ("A1", "A2"):
        ticket = hall.waiters[name].ticket
        if name == "A2":
            hall.leave("A2")
        with pytest.raises(KeyError):
            hall.turns.withdraw(ticket)
    assert hall.turns.snapshot() == Snapshot(0, 1, {}, {"n": "A1"})


def test_a_refusal_leaves_no_trace() -> None:
    hall = Hall(max_size=3)
    hall.come("A1 A2 B1 B2")
    before = hall.turns.snapshot(), [hall.scheduler.place(hall.line[name], 1000.0) for name in ("A2", "B1", "B2")]
    hall.come("C1 A3 B3")
    after = hall.turns.snapshot(), [hall.scheduler.place(hall.line[name], 1000.0) for name in ("A2", "B1", "B2")]
    assert before == after


def test_without_fairness_it_is_the_order_of_arrival() -> None:
    hall = Hall(fair=False)
    hall.come("A1 A2 A3 B1 A4 B2")
    assert hall.drain() == "A2 A3 B1 A4 B2"


def test_nothing_is_kept_of_keys_and_requests_that_are_gone() -> None:
    hall = Hall(max_per_key=1)
    hall.come("A1 B1 C1 D1 D2")
    hall.leave("C1")
    hall.drain()
    assert (len(hall.turns._crowd), hall.turns._waiters) == (0, {})


def test_a_request_goes_out_before_it_is_counted_and_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its node has nothing to do until it has it; what it costs can be worked out while it is on its way."""
    hall = Hall({"one": "m", "two": "m"})
    seen: list[tuple[str, int]] = []
    granted = Hall.granted

    def note(hall: Hall, ticket: Ticket, name: str) -> None:
        seen.append((ticket.id, hall.scheduler.running))
        granted(hall, ticket, name)

    monkeypatch.setattr(Hall, "granted", note)
    hall.come("A1 B1 A2 B2")
    hall.end("one")
    assert seen == [("A1", 0), ("B1", 1), ("A2", 1)]
    assert hall.scheduler.running == 2


def test_a_grant_that_fails_leaves_the_request_in_service_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a bug, but one request less, not a queue that has lost count."""
    hall = Hall()
    hall.come("A1 A2")
    monkeypatch.setattr(Hall, "granted", lambda *_: pytest.fail("a bug"))
    with pytest.raises(pytest.fail.Exception):
        hall.end()
    assert hall.turns.snapshot() == Snapshot(0, 1, {}, {"n": "A2"})
