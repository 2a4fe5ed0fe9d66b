"""The nodes as the forecast sees them."""

from __future__ import annotations

import pytest

from llmlb.scheduler.stations import SAMPLE
from tests.unit.scheduler.desk import Desk

MANY = 3 * SAMPLE


def test_of_very_many_nodes_the_only_one_with_the_model_is_looked_at() -> None:
    desk = Desk({f"n{number}": "a" for number in range(MANY)} | {"other": "a b"})
    desk.come(" ".join(f"X{number}" for number in range(MANY + 1)), "a")
    desk.now += 4.0
    desk.come("A1", "a")
    desk.come("B1", "b")
    assert desk.place("B1").wait == pytest.approx(6.0)


def test_of_very_many_nodes_those_that_are_there_stand_for_all() -> None:
    """Four times as many as are looked at, of which one in four is there: as many as are looked at."""
    desk = Desk({f"n{number}": "m" for number in range(4 * SAMPLE)})
    for number in range(4 * SAMPLE):
        if number % 4:
            desk.node(f"n{number}", "m", free_at=None)
            desk.has.pop(f"n{number}")
    desk.come(" ".join(f"X{number}" for number in range(SAMPLE)))
    desk.come(" ".join(f"A{number}" for number in range(1, SAMPLE + 2)))
    assert desk.place(f"A{SAMPLE}").wait == pytest.approx(10.0)
    assert desk.place(f"A{SAMPLE + 1}").wait == pytest.approx(20.0)
