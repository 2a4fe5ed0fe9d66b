"""What the queue does for a request does not grow with the nodes, nor with the keys that wait: counted, not timed.

Nor does what it does for a key that is given another weight.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

from llmlb.turns.idle import Idle
from tests.unit.turns.hall import FakeNode, Hall

MANY = 1000


def calls(do: Callable[[], object]) -> int:
    """Functions called, those of the interpreter included."""
    count = 0

    def note(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # else what Hypothesis has called around each collection may be among them
    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def on_idle_nodes(nodes: int) -> int:
    """A request comes, is served at once, and is done: one of several, as the first does things only once."""
    hall = Hall({f"n{number}": "m" for number in range(nodes)})
    hall.come("A1 A2")
    for node in [name for name, node in hall.nodes.items() if node.has is not None]:
        hall.end(node)
    before = len(hall.grants)

    def serve() -> None:
        hall.come("A3")
        hall.end(hall.grants[before][1])

    return calls(serve)


def chosen(nodes: int) -> int:
    """An idle node is chosen, and asks for another request: one of several, as the first does things only once."""
    idle = Idle()
    for number in range(nodes):
        idle.put(FakeNode(f"n{number}", frozenset({"m"}), idle_since=float(number)))
    idle.choose("m")

    def choose() -> None:
        node = idle.choose("m")
        assert node is not None
        idle.remove(node.id)
        idle.put(node)

    return calls(choose)


def handed_over(keys: int) -> int:
    """A node is done and takes the next of so many keys."""
    hall = Hall(max_size=2 * MANY)
    hall.come(" ".join(f"k{number}x1" for number in range(keys + 2)))
    hall.end()
    return calls(hall.end)


def begins_to_wait(keys: int) -> int:
    """A key joins so many others in line. Its place aside: that is told by playing the queue through."""
    hall = Hall(max_size=2 * MANY)
    hall.come(" ".join(f"k{number}x1" for number in range(keys + 2)))
    hall.end()
    ticket = hall.waiters["k0x1"].ticket
    ticket.id, ticket.number = "again", 0
    return calls(lambda: hall.scheduler.add(ticket, hall.clock.now()))


def reweighed(keys: int) -> int:
    """The operator gives each of so many keys in line another weight."""
    hall = Hall(max_size=2 * MANY)
    hall.come(" ".join(f"k{number}x1" for number in range(keys + 1)))
    weights = {f"k{number}x": 2.0 for number in range(keys + 1)}
    return calls(lambda: hall.scheduler.configure(weights, hall.clock.now()))


def test_a_request_that_an_idle_node_takes_costs_the_same_on_a_thousand_nodes() -> None:
    assert on_idle_nodes(MANY) == on_idle_nodes(3)


def test_a_choice_among_a_thousand_idle_nodes_takes_no_more_steps_than_among_three() -> None:
    assert chosen(MANY) == chosen(3)


def test_a_hand_over_costs_the_same_among_a_thousand_keys() -> None:
    assert handed_over(MANY) == handed_over(3)


def test_beginning_to_wait_costs_the_same_behind_a_thousand_keys() -> None:
    assert begins_to_wait(MANY) == begins_to_wait(100)


def test_other_weights_for_ten_times_the_keys_cost_ten_times_as_much() -> None:
    assert reweighed(MANY) < 12 * reweighed(MANY // 10)
