"""The lineup: who is next, with place, expected wait and node."""

from __future__ import annotations

from llmlb.scheduler.lineup import Entry
from tests.unit.scheduler.desk import Desk


def shown(desk: Desk, most: int = 100) -> list[tuple[str, int | None, float | None]]:
    return [(entry.ticket.id, entry.position, entry.wait) for entry in lineup(desk, most)]


def lineup(desk: Desk, most: int = 100) -> tuple[Entry, ...]:
    return desk.scheduler.lineup(desk.now, most)


def test_nobody_waits_at_first() -> None:
    assert lineup(Desk()) == ()


def test_one_node_serves_keys_in_turn_for_as_long_as_predicted() -> None:
    desk = Desk(secs=10)
    desk.come("A1 A2 A3 B1")
    desk.now += 4
    assert shown(desk) == [("B1", 1, 6.0), ("A2", 2, 16.0), ("A3", 3, 26.0)]


def test_only_so_many_are_listed() -> None:
    desk = Desk(secs=10)
    desk.come("A1 A2 A3 B1 B2 C1")
    assert [name for name, _, _ in shown(desk, 3)] == ["B1", "C1", "A2"]
    assert shown(desk, 0) == []


def test_two_pools_by_themselves_are_told_apart_and_merged_by_time() -> None:
    desk = Desk({"n1": "a", "n2": "b"}, secs=10)
    desk.come("A1 A2 A3", "a")
    desk.now += 3
    desk.come("B1 B2 B3", "b")
    assert [(e.ticket.id, e.position, e.wait, e.node) for e in lineup(desk)] == [
        ("A2", 1, 7.0, "n1"),
        ("B2", 1, 10.0, "n2"),
        ("A3", 2, 17.0, "n1"),
        ("B3", 2, 20.0, "n2"),
    ]


def test_a_position_counts_those_before_it_on_all_nodes_that_could_serve_it() -> None:
    desk = Desk({"n1": "a", "n2": "a b"}, secs=10)
    desk.come("A1 A2", "a")
    desk.now += 1
    desk.come("A3", "a")
    desk.come("A4 A5", "b")
    entries = lineup(desk)
    assert [(e.ticket.id, e.node) for e in entries] == [("A3", "n1"), ("A4", "n2"), ("A5", "n2")]
    assert [e.position for e in entries] == [desk.place(e.ticket.id).position for e in entries] == [1, 1, 2]


def test_those_whom_no_node_serves_come_last_in_order_of_arrival() -> None:
    desk = Desk(secs=10)
    desk.come("A1")
    desk.come("B1 C1", "elsewhere")
    desk.come("A2")
    desk.come("A3", "elsewhere")
    assert shown(desk) == [("A2", 1, 10.0), ("B1", None, None), ("C1", None, None), ("A3", None, None)]
    assert [name for name, _, _ in shown(desk, 1)] == ["A2", "B1"]


def test_a_node_of_unknown_return_serves_nobody() -> None:
    desk = Desk({"n": "m"}, secs=10)
    desk.come("A1 A2")
    desk.node("n", "m", None)
    assert shown(desk) == [("A2", 1, 10.0)], "it has a request, so it is there"
    desk.end()
    assert shown(desk) == [("A2", None, None)]


def test_a_request_that_all_nodes_have_failed_has_no_place_and_others_of_its_key_do() -> None:
    desk = Desk({"n1": "m", "n2": "m"}, secs=10)
    desk.come("A1 A2")
    desk.come("A3", tried=["n1", "n2"])
    desk.come("A4", tried=["n1"])
    assert [(e.ticket.id, e.position, e.node) for e in lineup(desk)] == [("A4", 1, "n2"), ("A3", None, None)]


def test_nodes_that_have_failed_a_request_do_not_count_towards_its_place() -> None:
    desk = Desk({"n1": "m", "n2": "m"}, secs=10)
    desk.come("A1")
    desk.now += 1
    desk.come("A2 A3")
    desk.come("A4", tried=["n1"])
    desk.come("A5")
    entries = lineup(desk)
    assert [(e.ticket.id, e.position, e.node) for e in entries] == [("A3", 1, "n1"), ("A4", 1, "n2"), ("A5", 3, "n1")]
    assert [e.position for e in entries] == [desk.place(e.ticket.id).position for e in entries]


def test_one_that_will_have_left_by_its_turn_takes_no_time_from_those_behind_it() -> None:
    desk = Desk(secs=10)
    desk.come("A1 A2 A3 A4")
    desk.tickets["A3"].deadline = desk.now + 15
    assert shown(desk) == [("A2", 1, 10.0), ("A3", 2, 20.0), ("A4", 3, 20.0)]


def test_without_fairness_they_are_in_the_order_of_arrival() -> None:
    desk = Desk({"n1": "a", "n2": "b"}, fair=False, secs=10)
    desk.come("A1 A2 A3", "a")
    desk.come("B1 B2", "b")
    desk.come("B3", "a")
    entries = lineup(desk)
    assert [(e.ticket.id, e.position) for e in entries] == [("A2", 1), ("B2", 1), ("A3", 2), ("B3", 3)]
