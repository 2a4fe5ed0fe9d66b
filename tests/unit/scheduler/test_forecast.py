"""What a waiting client is told: its position, and when its turn comes."""

from __future__ import annotations

import pytest

from tests.unit.scheduler.desk import Desk


def test_position_three_on_one_node_of_ten_seconds_waits_thirty() -> None:
    """W3's own case: the one in service has just started."""
    desk = Desk(secs=10.0)
    desk.come("A1 A2 A3 A4")
    assert desk.place("A4").position == 3
    assert desk.place("A4").wait == pytest.approx(30)


def test_the_default_is_assumed_until_a_first_request_has_finished() -> None:
    desk = Desk(secs=7.0)
    desk.come("A1 A2 A3")
    assert desk.place("A3").wait == pytest.approx(14)
    desk.secs = 2.0
    assert desk.next() == "A2"
    assert desk.place("A3").wait == pytest.approx(2)


def test_what_the_running_request_has_had_already_is_taken_off() -> None:
    desk = Desk(secs=10.0)
    desk.come("A1 A2")
    desk.now += 4.0
    assert desk.place("A2").wait == pytest.approx(6)


def test_an_overdue_request_is_given_a_quarter_of_what_it_has_had() -> None:
    desk = Desk(secs=10.0)
    desk.come("A1 A2")
    desk.now += 40.0
    assert desk.place("A2").wait == pytest.approx(10)


def test_nodes_that_can_serve_it_share_the_work() -> None:
    desk = Desk({"one": "m", "two": "m", "other": "x"}, secs=10.0)
    desk.come("A1")
    desk.now += 5.0
    desk.come("A2 A3 A4 A5")
    assert desk.places("A3 A4 A5") == [1, 2, 3]
    assert [desk.place(name).wait for name in ("A3", "A4", "A5")] == pytest.approx([5, 10, 15])


def test_only_dispatches_of_nodes_that_can_serve_it_count() -> None:
    """All three come free at once: `a-node` takes A1, `b-node` B1, `both` A2, and B2 is next for two of them."""
    desk = Desk({"a-node": "a", "b-node": "b", "both": "a b"})
    desk.come("X1", "a")
    desk.come("X2 X3", "b")
    desk.come("A1 A2", "a")
    desk.come("B1 B2", "b")
    desk.now += 1.0
    assert desk.places("A1 A2 B1 B2") == [1, 2, 1, 3]


def test_what_the_nodes_that_failed_it_serve_is_not_before_it() -> None:
    desk = Desk({"one": "m", "two": "m"})
    desk.come("X1")
    desk.now += 1.0
    desk.come("X2")
    desk.come("A1", tried=["one"])
    desk.come("B1 B2")
    assert desk.places("A1") == [1]
    assert (desk.next("one"), desk.next("two")) == ("B1", "A1")


def test_while_no_node_that_could_serve_it_is_there_it_has_a_place_and_no_wait() -> None:
    desk = Desk({"n": "m"})
    desk.come("A1 A2", "other")
    assert desk.places("A1 A2") == [1, 2]
    assert desk.place("A2").wait is None
