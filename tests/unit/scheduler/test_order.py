"""Who is next."""

from __future__ import annotations

from tests.unit.scheduler.desk import Desk


def test_being_served_at_once_is_a_turn_wherever_the_key_waits() -> None:
    desk = Desk({"one": "a", "two": "b"})
    assert desk.come("X1", "b") == ["X1"]
    desk.come("A1 B1 C1", "b")
    assert desk.come("A2", "a") == ["A2"]
    assert desk.next("two", 3) == "B1 C1 A1"
