"""`Retry-After`: when a place comes free."""

from __future__ import annotations

from math import inf

from llmlb.scheduler.promises import Promises
from tests.unit.scheduler.desk import Desk


def test_it_is_five_seconds_while_no_request_has_finished() -> None:
    desk = Desk()
    desk.come("A1 A2 A3")
    assert [desk.scheduler.retry_after(0, desk.now) for _ in range(3)] == [5, 5, 5]
    assert desk.scheduler.retry_after_own("A", 0, desk.now) == 5


def test_then_it_is_when_the_next_waiting_request_leaves() -> None:
    desk = Desk(secs=7.0)
    desk.come("A1 A2 A3")
    assert desk.next() == "A2"
    desk.now += 1.5
    assert desk.scheduler.retry_after(0, desk.now) == 6


def test_a_deadline_frees_a_place_as_well() -> None:
    desk = Desk(secs=30.0)
    desk.come("A1 A2 A3")
    assert desk.next() == "A2"
    desk.tickets["A3"].deadline = desk.now + 12.0
    assert desk.scheduler.retry_after(0, desk.now) == 12


def test_a_key_at_its_own_limit_is_told_when_its_own_next_request_leaves() -> None:
    desk = Desk(secs=10.0)
    desk.come("A1 A2 B1 B2")
    assert desk.next(times=2) == "B1 A2"
    desk.come("C1 C2")
    assert desk.places("C1 B2") == [1, 2]
    assert desk.scheduler.retry_after_own("C", 0, desk.now) == 10
    assert desk.scheduler.retry_after_own("B", 0, desk.now) == 20
    assert desk.scheduler.retry_after_own("B", 0, desk.now) == 20, "no promise of a common place"


def test_refusals_of_one_instant_are_told_ever_later_times() -> None:
    promises = Promises()
    leaving = [100.0 + 3.0 * place for place in range(1, 9)]
    told = [promises.make(leaving, 0, 100.0) for _ in range(6)]
    assert told == [3, 9, 12, 15, 21, 24]


def test_beyond_the_last_departure_it_goes_on_at_the_same_pace() -> None:
    promises = Promises()
    assert [promises.make([104.0, 108.0], 0, 100.0) for _ in range(4)] == [4, 12, 16, 20]


def test_it_is_from_one_to_sixty() -> None:
    promises = Promises()
    assert promises.make([100.0], 0, 100.0) == 1
    assert promises.make([], 0, 100.0) == 1
    assert Promises().make([100.0 + 3600.0], 0, 100.0) == 60


def test_a_departure_that_will_never_come_is_told_as_sixty() -> None:
    """A request without a deadline that no node can serve."""
    assert Promises().make([inf], 0, 100.0) == 60
    desk = Desk({"n": "m", "gone": "x"})
    desk.come("A1")
    desk.end()
    desk.come("B1", "nobody's")
    assert desk.scheduler.retry_after(0, desk.now) == 60


def test_a_promise_lapses_two_seconds_after_it_was_due() -> None:
    promises = Promises()
    assert promises.make([103.0, 106.0, 109.0], 0, 100.0) == 3
    assert promises.make([106.0, 109.0, 112.0], 0, 105.0) == 7
    assert promises.make([120.0], 0, 115.0) == 5


def test_promises_already_made_are_kept_by_the_places_that_are_free() -> None:
    promises = Promises()
    leaving = [103.0, 106.0, 109.0, 112.0]
    assert promises.make(leaving, 0, 100.0) == 3
    assert promises.make(leaving, 1, 100.0) == 3


def test_it_stays_honest_while_nothing_happens() -> None:
    """The request in service is overdue: what was foreseen at its start is no longer true."""
    desk = Desk(secs=10.0)
    desk.come("A1 A2 A3")
    assert desk.next() == "A2"
    assert desk.scheduler.retry_after(0, desk.now) == 10
    desk.now += 40.0
    assert desk.scheduler.retry_after(0, desk.now) == 10


def test_the_first_one_is_foreseen_whatever_the_clock_says() -> None:
    """A clock may well start at nought."""
    desk = Desk(secs=9.0)
    desk.now = 0.0
    desk.come("A1 A2 A3")
    desk.next()
    assert desk.scheduler.retry_after(0, desk.now) == 9


def test_a_burst_behind_a_look_ahead_is_not_told_what_held_before_it() -> None:
    """As after a request that timed out: a moment later the queue is full of others."""
    desk = Desk()
    desk.come("X1")
    desk.end()
    desk.come("X2")
    assert desk.scheduler.retry_after(10, desk.now) == 1
    desk.now += 0.1
    desk.come(" ".join(f"A{number}" for number in range(10)))
    assert desk.scheduler.retry_after(0, desk.now) >= 10


def test_a_key_that_came_after_a_look_ahead_is_told_when_its_own_next_request_leaves() -> None:
    desk = Desk()
    desk.come("X1")
    desk.end()
    desk.come("X2 A1 A2 A3")
    assert desk.scheduler.retry_after_own("A", 0, desk.now) == 10
    desk.come("B1")
    assert desk.scheduler.retry_after_own("B", 0, desk.now) == desk.place("B1").position * 10
