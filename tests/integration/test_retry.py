"""A node that fails before the first byte (N5), and one that is busy for others (N7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from llmlb.config.model import NodeConfig, Upstream
from llmlb.testing import ManualClock, Received, ScriptedNode, eventually
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start


async def resets(request: Received) -> None:
    request.reset()


async def closes(request: Received) -> None:
    request.close()


async def talks_garbage(request: Received) -> None:
    await request.raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


async def answers_500(request: Received) -> None:
    await request.reply({"error": "oops"}, 500)


async def answers_502(request: Received) -> None:
    await request.reply("bad gateway", 502)


async def answers_599(request: Received) -> None:
    await request.reply(b"", 599)


async def closes_after_the_head(request: Received) -> None:
    await request.start(headers={"Content-Type": "text/event-stream"})
    request.close()


async def closes_in_the_head(request: Received) -> None:
    await request.raw(b"HTTP/1.1 200 OK\r\nContent-Le")
    request.close()


async def resets_after_the_head(request: Received) -> None:
    await request.start(length=10)
    request.reset()


async def sends_two_lengths(request: Received) -> None:
    await request.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi")


async def sends_an_endless_head(request: Received) -> None:
    await request.raw(b"HTTP/1.1 200 OK\r\n" + b"x-padding: 123456789\r\n" * 5000)


Failure = Callable[[Received], Awaitable[None]]
FAILURES: list[Failure] = [
    resets,
    closes,
    talks_garbage,
    answers_500,
    answers_502,
    answers_599,
    closes_after_the_head,
    closes_in_the_head,
    resets_after_the_head,
    sends_two_lengths,
    sends_an_endless_head,
]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fail", FAILURES, ids=[fail.__name__ for fail in FAILURES])
async def test_a_request_whose_node_fails_goes_to_another(
    fail: Failure, stream: bool, new_node: NewNode, start: Start
) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    task = await gateway.arrive(json={"model": "m", "stream": stream})
    await fail(await first.received())
    request = await second.received()
    assert request.json == {"model": "m", "stream": stream}
    await request.reply({"from": "second"})
    answer = await task
    assert (answer.status, answer.json) == (200, {"from": "second"})
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}
    assert (len(first.seen), len(second.seen)) == (1, 1)


async def test_a_request_whose_node_refuses_goes_to_another(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    second.auto()
    gateway = await start(config(first, second))
    first.refuse()
    assert (await gateway.post()).status == 200
    await gateway.state("n1", "offline")


@pytest.mark.parametrize("fail", FAILURES, ids=[fail.__name__ for fail in FAILURES])
async def test_with_no_other_node_it_is_502_and_not_to_be_repeated(
    fail: Failure, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    await fail(await node.received())
    answer = await task
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (502, "node_failed", "false")
    assert "Retry-After" not in answer.headers
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}
    assert len(node.seen) == 1


async def test_a_request_that_failed_goes_first_in_its_keys_line(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    tasks = [await gateway.arrive(key=key, json={"model": "m", "n": n}) for n, key in enumerate("AAAAAA")]
    request, busy = await first.received(), await second.received()
    assert (request.json["n"], busy.json["n"]) == (0, 1)
    request.reset()
    await gateway.waiting(5)
    assert gateway.gateway.overview().processing == 1
    await busy.reply()
    again = await second.received()
    assert again.json["n"] == 0
    await again.reply()
    second.auto()
    assert {(await task).status for task in tasks} == {200}


async def test_a_node_is_tried_once_for_a_request(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node(), await new_node()]
    for node in nodes:
        node.auto({}, status=500)  # still there, so nothing but the rule keeps the request away
    gateway = await start(config(*nodes, upstream=Upstream(max_attempts=10)))
    assert (await gateway.post()).status == 502
    assert [len(node.seen) for node in nodes] == [1, 1]


@pytest.mark.parametrize("most", [1, 2, 3, 4])
async def test_max_attempts_is_how_many_nodes_are_tried(most: int, new_node: NewNode, start: Start) -> None:
    nodes = [await new_node() for _ in range(5)]
    for node in nodes:
        node.auto({}, status=500)
    gateway = await start(config(*nodes, upstream=Upstream(max_attempts=most)))
    assert (await gateway.post()).status == 502
    assert sum(len(node.seen) for node in nodes) == most


async def test_three_nodes_are_tried_by_default(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node() for _ in range(5)]
    for node in nodes:
        node.auto({}, status=500)
    gateway = await start(config(*nodes))
    assert (await gateway.post()).status == 502
    assert sum(len(node.seen) for node in nodes) == 3


async def test_a_request_no_node_ever_accepted_may_be_repeated(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node(), await new_node()]
    gateway = await start(config(*nodes))
    for node in nodes:
        node.refuse()
    answer = await gateway.post()
    assert (answer.status, answer.headers["Retry-After"], answer.error["code"]) == (503, "2", "nodes_unreachable")
    assert "x-should-retry" not in answer.headers


async def test_a_request_one_node_accepted_and_one_refused_is_502(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    task = await gateway.arrive()
    second.refuse()
    (await first.received()).reset()
    assert (await task).status == 502


async def test_a_request_that_fails_on_two_nodes_counts_against_neither(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    nodes = [await new_node(), await new_node()]
    gateway = await start(config(*nodes), clock)
    task = await gateway.arrive()
    (await nodes[0].received()).reset()
    await gateway.state("n1", "offline")
    (await nodes[1].received()).reset()
    assert (await task).status == 502
    clock.advance(0)  # asked again at once
    await gateway.state("n1", "idle")
    await gateway.state("n2", "idle")
    assert [member.node.candidate("m").failures for member in gateway.gateway.fleet] == [0, 0]


async def test_a_request_that_fails_on_one_node_counts_against_it(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    first, second = await new_node(), await new_node()
    second.auto()
    gateway = await start(config(first, second), clock)
    task = await gateway.arrive()
    (await first.received()).reset()
    assert (await task).status == 200
    clock.advance(0.9)
    assert gateway.states["n1"] == "offline"
    clock.advance(0.1)
    await gateway.state("n1", "idle")
    await gateway.post()
    await gateway.post()
    assert (len(first.seen), len(second.seen)) == (1, 3)  # the one without failures is preferred


# Busy for others


@pytest.mark.parametrize("status", [429, 503])
async def test_a_node_that_is_busy_gets_the_request_again_when_it_has_rested(
    status: int, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    await (await node.received()).reply({"error": "busy"}, status, {"Retry-After": "12"})
    await gateway.state("n1", "resting")
    clock.advance(11.9)
    assert gateway.gateway.overview().waiting == 1
    clock.advance(0.1)
    await (await node.received()).reply({"fine": True})
    answer = await task
    assert (answer.status, answer.json) == (200, {"fine": True})
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}


async def test_being_busy_is_no_try(new_node: NewNode, start: Start, clock: ManualClock) -> None:
    node = await new_node()
    gateway = await start(config(node, upstream=Upstream(max_attempts=1)), clock)
    task = await gateway.arrive()
    for _ in range(5):
        await (await node.received()).reply({}, 429, {"Retry-After": "1"})
        await gateway.state("n1", "resting")
        clock.advance(1)
    await (await node.received()).reply({"fine": True})
    assert (await task).status == 200
    assert [member.node.candidate("m").failures for member in gateway.gateway.fleet] == [0]


async def test_a_busy_node_s_request_goes_to_an_idle_one(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    second.auto()
    gateway = await start(config(first, second))
    task = await gateway.arrive()
    await (await first.received()).reply({}, 429)
    answer = await task
    assert answer.status == 200
    assert "X-Queue-Position" not in answer.headers


async def test_the_request_goes_back_to_the_front_with_its_old_arrival(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    tasks = [await gateway.arrive(key=key, json={"model": "m", "n": n}) for n, key in enumerate("AABB")]
    await (await node.received()).reply({}, 503, {"Retry-After": "2"})
    await gateway.waiting(4)
    clock.advance(2)
    served = []
    for _ in tasks:
        request = await node.received()
        served.append(request.json["n"])
        await request.reply()
    assert served[0] == 0
    assert sorted(served) == [0, 1, 2, 3]
    await asyncio.gather(*tasks)


async def test_a_rest_is_a_minute_at_most(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    clock.advance(1)
    await (await node.received()).reply({}, 429, {"Retry-After": "86400"})
    await gateway.state("n1", "resting")
    member = next(iter(gateway.gateway.fleet))
    assert member.node.rest_until == clock.now() + 60
    task.cancel()


@pytest.mark.parametrize("said", [{}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"Retry-After": "soon"}])
async def test_a_node_that_does_not_say_how_long_rests_for_a_growing_pause(
    said: dict[str, str], node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    member = next(iter(gateway.gateway.fleet))
    pauses = []
    for _ in range(6):
        await (await node.received()).reply({}, 429, said)
        await gateway.state("n1", "resting")
        pauses.append(member.node.rest_until - clock.now())
        clock.advance(pauses[-1])
    assert pauses == [1, 2, 4, 8, 15, 15]
    await (await node.received()).reply()
    assert (await task).status == 200
    second = await gateway.arrive()
    await (await node.received()).reply({}, 429, said)
    await gateway.state("n1", "resting")
    assert member.node.rest_until - clock.now() == 1  # it has served since
    second.cancel()


async def test_a_busy_answer_whose_body_never_ends_is_hung_up_on(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    request = await node.received()
    await request.start(429, length=1000)
    await request.gone()
    await gateway.state("n1", "resting")
    clock.advance(1)
    await (await node.received()).reply()
    assert (await task).status == 200


# Kept connections


async def test_a_kept_connection_the_node_closed_while_idle_is_no_try(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, models=("m",)), upstream=Upstream(max_attempts=1)))
    assert (await gateway.post()).status == 200
    node.close_idle()
    await eventually(lambda: node.connections == 0, "all are closed")
    assert (await gateway.post()).status == 200
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 2}


async def test_a_kept_connection_that_dies_under_a_request_is_reopened_once(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, upstream=Upstream(max_attempts=1)))
    task = await gateway.arrive()
    await (await node.received()).reply()
    await task
    task = await gateway.arrive()
    (await node.received()).close()  # as if it had crossed with the request
    again = await node.received()
    assert not task.done()
    again.close()
    assert (await task).status == 502
    assert len(node.seen) == 3


async def test_requests_one_after_another_share_a_connection(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url)))
    opened = node.opened
    for _ in range(5):
        assert (await gateway.post()).status == 200
    assert node.opened == opened + 1


async def test_bytes_after_a_reply_are_not_taken_for_the_next_one(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    request = await node.received()
    await request.raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG"
    )
    assert (await task).body == b"{}"
    await request.gone()
    task = await gateway.arrive()
    await (await node.received()).reply(b"RIGHT")
    assert (await task).body == b"RIGHT"


async def test_unasked_bytes_on_an_idle_connection_are_not_taken_for_a_reply(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    request = await node.received()
    await request.reply()
    await task
    await request.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG")
    await request.gone()
    task = await gateway.arrive()
    await (await node.received()).reply(b"RIGHT")
    assert (await task).body == b"RIGHT"


async def test_several_nodes_that_fail_everything_do_not_eat_the_queue(new_node: NewNode, start: Start) -> None:
    *bad, good = [await new_node() for _ in range(4)]
    for node in bad:
        node.auto({"error": "no memory"}, status=500)
    gateway = await start(config(*bad, good))
    tasks = [await gateway.arrive(key=f"sk-{n % 3}") for n in range(40)]
    good.auto()
    statuses = [(await task).status for task in tasks]
    assert statuses.count(200) >= 30
    assert "resting" in gateway.states.values()
