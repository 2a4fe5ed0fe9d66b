"""A full queue in which the key that has most waiting makes room for others."""

from __future__ import annotations

import pytest

from llmlb.scheduler.ticket import Place
from tests.unit.turns.hall import Hall


def full(*, max_size: int = 4, max_per_key: int = 0, nodes: dict[str, str] | None = None) -> Hall:
    """A1 is in service; A2 to A5 fill a queue of four."""
    hall = Hall(nodes, max_size=max_size, max_per_key=max_per_key, when_full="push_out")
    hall.come("A1 A2 A3 A4 A5")
    return hall


def test_a_newcomer_takes_the_place_of_the_newest_of_the_key_that_has_most() -> None:
    hall = full()
    hall.come("B1")
    assert (hall.refused("A5"), hall.refused("B1")) == (True, False)
    assert hall.turns.snapshot().waiting_by_key == {"A": 3, "B": 1}
    assert hall.drain() == "B1 A2 A3 A4"


def test_who_is_pushed_out_was_told_a_place_and_then_when_to_come_again() -> None:
    hall = full()
    hall.come("B1")
    assert hall.told("A5") == [Place(4, 40.0), 5]


def test_the_newcomers_place_is_that_of_a_queue_without_the_one_pushed_out() -> None:
    hall = full()
    hall.come("B1 B2")
    assert hall.position("B2") == 3
    assert hall.drain() == "B1 A2 B2 A3"


def test_whose_key_would_have_as_many_as_any_is_refused() -> None:
    hall = full()
    hall.come("B1 B2 B3")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A4", "A5", "B3"]
    assert hall.turns.snapshot().waiting_by_key == {"A": 2, "B": 2}


def test_the_key_that_has_most_pushes_nobody_out() -> None:
    hall = full()
    hall.come("A6")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A6"]


def test_a_key_with_one_waiting_is_left_alone() -> None:
    hall = Hall(max_size=3, when_full="push_out")
    hall.come("A1 A2 B1 C1 D1")
    assert [name for name in hall.waiters if hall.refused(name)] == ["D1"]


def test_unless_it_is_asked_for_the_newcomer_is_refused() -> None:
    hall = Hall(max_size=4)
    hall.come("A1 A2 A3 A4 A5 B1")
    assert [name for name in hall.waiters if hall.refused(name)] == ["B1"]


def test_nobody_is_pushed_out_while_there_is_room_or_a_node_for_the_newcomer() -> None:
    hall = full(max_size=5)
    hall.come("B1")
    assert not hall.refused("A5")
    hall = full(nodes={"one": "m", "two": "other"})
    hall.come("B1", "other")
    assert (hall.told("B1"), hall.refused("A5")) == (["two"], False)


def test_a_keys_own_limit_comes_first() -> None:
    hall = Hall(max_size=5, max_per_key=4, when_full="push_out")
    hall.come("A1 A2 A3 A4 A5 B1 B2 B3")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A5", "B3"]
    hall = Hall(max_size=4, max_per_key=1, when_full="push_out")
    hall.come("A1 A2 B1 B2")
    assert [name for name in hall.waiters if hall.refused(name)] == ["B2"]


def test_the_newest_is_the_newest_of_all_models() -> None:
    hall = Hall({"one": "m", "two": "n"}, max_size=4, when_full="push_out")
    hall.come("A1", "m")
    hall.come("A2", "n")
    hall.come("A3 A4", "m")
    hall.come("A5", "n")
    hall.come("A6", "m")
    hall.come("B1", "n")
    assert hall.refused("A6")
    hall.come("B2", "n")
    assert [name for name in hall.waiters if hall.refused(name)] == ["A5", "A6"]


@pytest.mark.parametrize("counts", [True, False])
def test_a_request_that_its_node_gave_back_may_be_pushed_out_like_any_other(counts: bool) -> None:
    """N5, N7: it keeps its number, which may be its key's last."""
    hall = Hall({"one": "m", "two": "x"}, max_size=2, when_full="push_out")
    hall.close("two")
    hall.come("A1 A2", "x")
    hall.come("A3", "m")
    hall.fail("one", counts=counts)
    hall.come("B1", "x")
    node, place, seconds = hall.told("A3")
    assert (node, type(place), seconds) == ("one", Place, 5)
    assert [name for name in hall.waiters if hall.refused(name)] == ["A3"]
    hall.reopen("two")
    assert hall.drain() == "B1 A2"


def test_one_more_than_fits_may_wait_after_a_node_gave_one_back_and_no_more() -> None:
    hall = Hall(max_size=2, when_full="push_out")
    hall.come("A1 A2 A3")
    hall.fail("n", counts=False)
    assert hall.turns.snapshot().waiting == 3
    hall.come("B1")
    assert (hall.turns.snapshot().waiting, hall.refused("A3")) == (3, True)


def test_who_was_pushed_out_does_not_come_back_with_its_deadline() -> None:
    hall = full()
    hall.come("B1")
    hall.clock.advance(100.0)
    assert "A5" not in [name for name, _ in hall.timed_out]
    assert len(hall.timed_out) == 4
    assert (len(hall.turns._crowd), list(hall.turns._waiters)) == (0, ["A1"])


def test_pushing_out_goes_on_until_all_keys_have_the_same() -> None:
    hall = Hall(max_size=12, when_full="push_out")
    hall.come(" ".join(f"A{number}" for number in range(13)))
    for round_ in range(9):
        hall.come(" ".join(f"{key}{round_}" for key in "BCD"))
    assert hall.turns.snapshot().waiting_by_key == dict.fromkeys("ABCD", 3)


def test_a_storm_of_newcomers_who_push_nobody_out_does_not_touch_the_queue() -> None:
    hall = Hall(max_size=3, when_full="push_out")
    hall.come("A1 A2 B1 C1")
    before = hall.scheduler.revision
    for number in range(1000):
        hall.come(f"A{number + 10} D{number}x")
    assert hall.scheduler.revision == before
    assert hall.turns.snapshot().waiting_by_key == {"A": 1, "B": 1, "C": 1}
