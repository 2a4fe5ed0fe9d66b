"""Nodes that fall silent or die: everybody is told at the proper time, in the proper way."""

from __future__ import annotations

import asyncio
import json

from llmlb.testing import Received, ScriptedNode, eventually
from tests.process.caller import Caller, Reply
from tests.process.conftest import Serve
from tests.process.program import Gateway

PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
EVENTS = {"Content-Type": "text/event-stream"}
SLACK = 0.6
"""Seconds by which a loaded machine may be late beyond the 100 ms that are promised."""


async def timed(caller: Caller, began: float) -> tuple[float, Reply]:
    """The reply, and how long after `began` it had come."""
    reply = await caller.reply(15)
    return asyncio.get_running_loop().time() - began, reply


async def test_when_all_nodes_hang_each_is_told_at_its_own_deadline(serve: Serve) -> None:
    gateway = await serve(
        2,
        queue={"timeout_secs": 1},
        upstream={"first_byte_timeout_secs": 1.6, "reply_timeout_secs": 2.2},
    )
    now = asyncio.get_running_loop().time
    began = now()
    running = [await gateway.call("plain"), await gateway.call("stream", stream=True)]
    on_nodes = [await node.received() for node in gateway.nodes]
    queued = now()
    waiting = [await gateway.call(f"w{n}", key=f"k{n}", stream=bool(n % 2)) for n in range(6)]
    late = now()
    for after, reply in await asyncio.gather(*(timed(caller, queued) for caller in waiting)):
        assert 1.0 - (late - queued) <= after <= 1.0 + 0.1 + (late - queued) + SLACK
        assert reply.status == 504
        assert reply.error == {
            "message": "キュー待機タイムアウト（1秒）。再試行してください。",
            "type": "queue_timeout",
            "code": "queue_timeout",
            "waited_secs": 1,
        }
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        assert {"x-queue-position", "x-estimated-wait"} <= reply.headers.keys()
    for deadline, (after, reply) in zip(
        (2.2, 1.6), await asyncio.gather(*(timed(caller, began) for caller in running)), strict=True
    ):
        assert deadline <= after <= deadline + 0.1 + (queued - began) + SLACK
        assert (reply.status, reply.error["code"]) == (504, "node_timeout")
        assert reply.headers["x-should-retry"] == "false"
    for on_node in on_nodes:
        await on_node.gone()
    assert [len(node.seen) for node in gateway.nodes] == [1, 1], "a hung request is not computed twice"
    await gateway.counts(waiting=0, processing=0)
    await eventually(lambda: gateway.outcomes().total() == 8, "every request has its line")
    assert gateway.outcomes() == {"timed_out": 6, "failed": 2}
    assert (await gateway.stats())["timeout_count"] == 6


def die_by_reset(request: Received) -> None:
    """RST."""
    request.reset()


def die_by_close(request: Received) -> None:
    """FIN."""
    request.close()


async def on_a_node(gateway: Gateway, id: str, *, stream: bool = False) -> tuple[Caller, Received, int]:
    """A request, and which node has it."""
    before = [len(node.seen) for node in gateway.nodes]
    caller = await gateway.call(id, stream=stream)
    await eventually(lambda: [len(node.seen) for node in gateway.nodes] != before, "a node has the request")
    (index,) = (n for n, node in enumerate(gateway.nodes) if len(node.seen) != before[n])
    return caller, await gateway.nodes[index].received(), index


async def first_of(nodes: list[ScriptedNode]) -> Received:
    """The next request that any of these nodes gets."""
    await eventually(lambda: any(node.unread for node in nodes), "another node has the request")
    return await next(node for node in nodes if node.unread).received()


async def test_a_node_that_dies_before_the_first_byte_is_replaced_by_another(serve: Serve) -> None:
    gateway = await serve(3)
    for number, die in enumerate((die_by_reset, die_by_close)):
        caller, on_node, index = await on_a_node(gateway, f"r{number}", stream=bool(number))
        await on_node.start(headers=EVENTS)  # its head alone reaches nobody
        die(on_node)
        others = [node for n, node in enumerate(gateway.nodes) if n != index]
        again = await first_of(others)
        assert again.header("x-request-id") == f"r{number}"
        assert again.body == on_node.body
        await again.reply({"ok": number})
        reply = await caller.reply()
        assert (reply.status, reply.json) == (200, {"ok": number})
    visits = await gateway.logged("r0", "r1")
    assert [visits[id]["attempts"] for id in ("r0", "r1")] == [2, 2]


async def test_a_node_that_dies_after_the_first_byte_ends_the_stream_as_an_error(serve: Serve) -> None:
    gateway = await serve(2)
    for number, die in enumerate((die_by_reset, die_by_close)):
        caller, on_node, _ = await on_a_node(gateway, f"r{number}", stream=True)
        await on_node.start(headers=EVENTS)
        await on_node.send(PIECE)
        await caller.reads(PIECE)
        await on_node.send(b'data: {"cho')
        await caller.reads(b'data: {"cho')
        die(on_node)
        rest = await caller.ended()
        assert not rest.endswith(b"0\r\n\r\n"), "the final chunk would say that all is well"
        assert b"[DONE]" not in rest
        event = json.loads(rest.partition(b"data: ")[2].partition(b"\n")[0])
        assert event["error"]["code"] == "node_failed"
        assert (await gateway.logged(caller.id))[caller.id]["outcome"] == "failed"
    assert sum(len(node.seen) for node in gateway.nodes) == 2, "nothing is repeated once bytes have left"


async def test_a_plain_reply_that_breaks_off_is_cut_short_for_the_client_too(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.call("r")
    on_node = await gateway.node.received()
    await on_node.start(length=100)
    await on_node.send(b"{")
    on_node.reset()
    reply = await caller.reply()
    assert (reply.status, reply.body, reply.complete) == (200, b"{", False)


async def test_a_node_silent_in_mid_stream_is_hung_up_on_and_its_client_told(serve: Serve) -> None:
    gateway = await serve(upstream={"idle_timeout_secs": 0.3})
    caller = await gateway.call("r", stream=True)
    on_node = await gateway.node.received()
    await on_node.start(headers=EVENTS)
    await on_node.send(PIECE)
    reply = await caller.reply()
    await on_node.gone()
    assert (reply.status, reply.complete) == (200, False)
    assert json.loads(reply.body.removeprefix(PIECE).removeprefix(b"data: "))["error"]["type"] == "server_error"


async def test_a_node_is_not_called_silent_for_the_time_in_which_llmlb_itself_was_stopped(serve: Serve) -> None:
    gateway = await serve(upstream={"idle_timeout_secs": 1.0})
    caller = await gateway.call("r", stream=True)
    on_node = await gateway.node.received()
    await on_node.start(headers=EVENTS)
    await on_node.send(PIECE)
    await caller.reads(PIECE)
    await gateway.freeze()
    await on_node.send(PIECE)
    await on_node.end()
    await asyncio.sleep(1.1)  # longer than a node may be silent
    gateway.thaw()
    await caller.reads(PIECE)
    await caller.reads(b"0\r\n\r\n")


async def test_when_every_node_refuses_the_client_may_try_again_soon(serve: Serve) -> None:
    gateway = await serve(2)
    for node in gateway.nodes:
        node.refuse()
    caller = await gateway.call("r")
    reply = await caller.reply()
    assert (reply.status, reply.error["type"]) == (503, "server_error")
    assert 1 <= int(reply.headers["retry-after"]) <= 5
    for node in gateway.nodes:
        await node.listen_again()
        node.auto()
    await gateway.all_online()
    assert (await (await gateway.call("again")).reply()).status == 200


async def test_a_lone_node_that_fails_before_any_byte_is_a_502_nobody_repeats(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.call("r")
    await (await gateway.node.received()).reply({}, status=500)
    reply = await caller.reply()
    assert (reply.status, reply.headers["x-should-retry"]) == (502, "false")
    await gateway.counts(waiting=0, processing=0)
