"""What is kept of idle nodes. That a choice takes no longer among a thousand is counted in tests/performance."""

from __future__ import annotations

from llmlb.turns.idle import Idle
from tests.unit.turns.hall import FakeNode

SERVES = frozenset({"m"})


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
