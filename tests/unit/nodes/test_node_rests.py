"""How long a node is left alone, and by whose word."""

from __future__ import annotations

from llmlb.config.model import NodeConfig
from llmlb.nodes.node import Node
from llmlb.testing import ManualClock


def online(clock: ManualClock) -> Node:
    node = Node(NodeConfig(name="n", url="http://127.0.0.1:1"), clock, lambda _: None)
    node.found("openai", ["m"])
    return node


def test_a_busy_node_that_asks_for_no_pause_rests_all_the_same() -> None:
    clock = ManualClock()
    node = online(clock)
    rests = []
    for _ in range(6):
        node.busy("HTTP 429", 0.0)
        rests.append(node.rest_until - clock.now())
        clock.advance(rests[-1])
        assert node.usable
    assert rests == [1, 2, 4, 8, 15, 15]


def test_a_busy_node_rests_for_as_long_as_it_asks_but_a_minute_at_most() -> None:
    clock = ManualClock()
    node = online(clock)
    for asked, rest in ((7.0, 7.0), (60.0, 60.0), (3600.0, 60.0)):
        node.busy("HTTP 503", asked)
        assert node.rest_until - clock.now() == rest
        clock.advance(rest)


def test_a_node_may_be_left_alone_for_longer_than_a_minute_by_its_operator() -> None:
    clock = ManualClock()
    node = online(clock)
    node.rest("may still be computing what was hung up on", 600.0)
    clock.advance(599)
    assert not node.usable
    clock.advance(1)
    assert node.usable


def test_a_node_that_keeps_failing_rests_for_a_doubling_pause_and_a_success_ends_that() -> None:
    clock = ManualClock()
    node = online(clock)
    node.failed("1", "HTTP 500", gone=False)
    assert node.usable, "the first may be the request's own fault"
    rests = []
    for number in range(2, 8):
        node.failed(str(number), "HTTP 500", gone=False)
        assert (node.usable, node.reason) == (False, f"failed {number} times in a row: HTTP 500")
        rests.append(node.rest_until - clock.now())
        node.found("openai", ["m"])
        assert not node.usable, "what it says to probes counts less"
        clock.advance(rests[-1])
        assert node.usable, "it is tried with one request"
    assert rests == [1, 2, 4, 8, 15, 15]
    node.served(1.0)
    node.failed("8", "HTTP 500", gone=False)
    assert node.usable
    node.failed("9", "empty reply", gone=False)
    assert node.rest_until - clock.now() == 1


def test_a_rest_for_failures_that_were_the_requests_own_is_over_at_once() -> None:
    clock = ManualClock()
    node = online(clock)
    node.failed("1", "HTTP 500", gone=False)
    node.failed("2", "HTTP 500", gone=False)
    node.forgive("1")
    assert node.usable
    node.failed("3", "HTTP 500", gone=False)
    assert (node.usable, node.rest_until - clock.now()) == (False, 1)


def test_forgiving_does_not_end_a_rest_for_another_reason() -> None:
    clock = ManualClock()
    node = online(clock)
    node.failed("1", "HTTP 500", gone=False)
    node.busy("HTTP 429", 30.0)
    node.forgive("1")
    assert not node.usable


def test_a_node_that_fails_all_it_gets_is_not_forgiven_for_ever() -> None:
    """Where several nodes are unwell every request fails on more than one of them."""
    node = online(ManualClock())
    for number in range(5):
        node.failed(str(number), "HTTP 500", gone=False)
        node.forgive(str(number))
    assert node.state == "resting"
    node.served(1.0)
    for number in range(5, 8):
        node.failed(str(number), "HTTP 500", gone=False)
        node.forgive(str(number))
    assert node.candidate("m").failures == 2
