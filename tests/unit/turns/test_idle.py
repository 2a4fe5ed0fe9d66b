"""Choosing among idle nodes takes no longer when there are a thousand."""

from __future__ import annotations

import sys

from llmlb.turns.idle import Idle
from tests.unit.turns.hall import FakeNode

SERVES = frozenset({"m"})


def calls_to_choose(nodes: int) -> int:
    """Functions called for one request, its node's asking again included."""
    idle = Idle()
    for number in range(nodes):
        idle.put(FakeNode(f"n{number}", SERVES, idle_since=float(number)))
    idle.choose("m")
    called: list[str] = []
    sys.setprofile(lambda _frame, event, _arg: called.append(event) if event in ("call", "c_call") else None)
    try:
        node = idle.choose("m")
        assert node is not None
        idle.remove(node.id)
        idle.put(node)
    finally:
        sys.setprofile(None)
    return len(called)


def test_a_thousand_idle_nodes_take_no_more_steps_than_three() -> None:
    assert calls_to_choose(1000) == calls_to_choose(3)


def test_lines_of_model_sets_that_no_node_has_any_more_are_dropped() -> None:
    idle = Idle()
    one, other = FakeNode("one", SERVES), FakeNode("other", SERVES)
    idle.put(other)
    for number in range(100):
        one.serves = frozenset({"m", str(number)})
        idle.put(one)
        assert idle.choose(str(number)) is one
    assert len(idle._lines) < 10
    assert idle.choose("m") is other
