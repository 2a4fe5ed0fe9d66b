"""Patience with nodes (N8), and what is kept from them after a hang-up (Q2)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from llmlb.config.address import Address
from llmlb.config.model import NodeConfig, Server, Upstream
from llmlb.errors import Draining, Refusal
from llmlb.testing import ManualClock, ScriptedNode, eventually
from llmlb.testing.waiting import settle
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start

SSE = {"Content-Type": "text/event-stream"}


@pytest.mark.parametrize(("stream", "limit"), [(True, 300), (False, 1800)])
async def test_a_node_that_never_begins_is_given_up_and_not_asked_elsewhere(
    stream: bool, limit: int, new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second), clock)
    task = await gateway.arrive(json={"model": "m", "stream": stream})
    request = await first.received()
    clock.advance(limit - 0.1)
    assert not task.done()
    clock.advance(0.1)
    answer = await task
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (504, "node_timeout", "false")
    assert "Retry-After" not in answer.headers
    await request.gone()
    await gateway.quiet()
    assert second.seen == []
    assert gateway.outcomes() == {"failed": 1}


async def test_first_byte_timeout_secs_is_for_streams(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, upstream=Upstream(first_byte_timeout_secs=3)), clock)
    task = await gateway.arrive(json={"model": "m", "stream": True})
    await node.received()
    clock.advance(3)
    assert (await task).status == 504


async def test_reply_timeout_secs_is_for_plain_replies(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, upstream=Upstream(first_byte_timeout_secs=3, reply_timeout_secs=9)), clock)
    task = await gateway.arrive(json={"model": "m", "stream": False})
    await node.received()
    clock.advance(8.9)
    assert not task.done()
    clock.advance(0.1)
    assert (await task).status == 504


async def test_idle_timeout_secs_is_for_the_time_between_bytes(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, upstream=Upstream(idle_timeout_secs=2)), clock)
    opening = gateway.open()
    request = await node.received()
    clock.advance(100)  # the first byte has another limit
    await request.start(headers=SSE)
    await request.event({"n": 0})
    response = await opening
    await response.content.readline()
    for n in range(1, 4):
        clock.advance(1.9)
        await request.event({"n": n})
        line = await response.content.readline()
        line = line if line.strip() else await response.content.readline()
        assert line == b'data: {"n":%d}\n' % n
    clock.advance(2)
    await request.gone()
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


async def test_a_long_reply_that_goes_on_has_no_limit(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    opening = gateway.open()
    request = await node.received()
    await request.start(headers=SSE)
    await request.send(b".")
    response = await opening
    for _ in range(50):
        await response.content.readany()
        clock.advance(100)
        await request.send(b".")
    await response.content.readany()
    await request.end()
    assert await response.content.read() == b""
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}


async def test_connecting_has_a_limit_of_its_own(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, upstream=Upstream(connect_timeout_secs=0.1)))
    member = next(iter(gateway.gateway.fleet))
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):  # nobody accepts them, and there is room for no third
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        member.dispatcher._address = Address("http", "127.0.0.1", full.getsockname()[1])
        answer = await gateway.post()
    assert (answer.status, answer.error["code"]) == (503, "nodes_unreachable")
    assert member.node.reason == "connecting timed out"


async def test_drain_after_cancel_secs_leaves_the_node_alone_after_a_hang_up(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(NodeConfig(name="n1", url=node.url, drain_after_cancel_secs=30)), clock)
    leaving = await gateway.arrive()
    request = await node.received()
    waiting = await gateway.arrive()
    leaving.cancel()
    await request.gone()
    await gateway.state("n1", "resting")
    clock.advance(29.9)
    assert (gateway.gateway.overview().waiting, len(node.seen)) == (1, 1)
    clock.advance(0.1)
    await (await node.received()).reply()
    assert (await waiting).status == 200


async def test_a_node_hung_up_on_for_its_silence_is_left_alone_as_well(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    upstream = Upstream(reply_timeout_secs=5)
    gateway = await start(
        config(NodeConfig(name="n1", url=node.url, drain_after_cancel_secs=30), upstream=upstream), clock
    )
    silent = await gateway.arrive()
    request = await node.received()
    waiting = await gateway.arrive()
    clock.advance(5)
    assert (await silent).status == 504
    await request.gone()
    await gateway.state("n1", "offline")
    clock.advance(1)  # it answers its probe, whatever it is at
    await gateway.state("n1", "resting")
    clock.advance(28.9)
    assert (gateway.gateway.overview().waiting, len(node.seen)) == (1, 1)
    clock.advance(0.1)
    await (await node.received()).reply()
    assert (await waiting).status == 200


async def test_by_default_the_node_goes_on_at_once(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    leaving = await gateway.arrive()
    await node.received()
    waiting = await gateway.arrive()
    leaving.cancel()
    await (await node.received()).reply()
    assert (await waiting).status == 200


async def test_a_reply_read_to_its_end_needs_no_draining(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, drain_after_cancel_secs=30)), clock)
    assert [(await gateway.post()).status for _ in range(3)] == [200] * 3


async def test_drain_secs_is_how_long_those_there_are_are_waited_for(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    running, waiting = await gateway.arrive(), await gateway.arrive()
    gateway.gateway.config = config(node, server=Server(drain_secs=0.1))
    await gateway.gateway.drain()
    for task in (running, waiting):
        answer = await task
        assert (answer.status, answer.error["code"]) == (503, "draining")
    assert gateway.outcomes() == {"failed": 2}


async def test_a_stream_that_outlasts_the_drain_is_cut_short_and_told_so(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b'POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 27\r\n\r\n{"model":"m","stream":true}')
    request = await node.received()
    await request.start(headers=SSE)
    await request.event({"n": 1})
    await reader.readuntil(b"\n\n\r\n")
    gateway.gateway.config = config(node, server=Server(drain_secs=0.0))
    await gateway.gateway.drain()
    await request.gone()
    rest = await reader.read()
    writer.close()
    assert b'"type":"server_error"' in rest
    assert not rest.endswith(b"0\r\n\r\n")
    assert gateway.outcomes() == {"failed": 1}


async def test_a_request_whose_body_is_on_its_way_when_the_drain_begins_is_told_so(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b'POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"model":')
    await eventually(lambda: gateway.gateway.bodies.held, "the body begins")
    gateway.gateway.config = config(node, server=Server(drain_secs=5.0))
    drain = asyncio.create_task(gateway.gateway.drain())
    await settle()
    assert (gateway.gateway.draining, drain.done()) == (True, False)
    writer.write(b'"m"}')
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    await drain
    writer.close()


class Stays:
    """One that takes nothing of what it is told; `told` is called when it is."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.told = told

    def put_out(self, refusal: Refusal) -> None:
        assert isinstance(refusal, Draining)
        self.told()


async def test_who_comes_while_the_others_are_put_out_is_told_so_at_the_very_end(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmlb.gateway.gateway.EVICTED_SECS", 0.05)
    gate = (await start(config(node))).gateway
    gate.config = config(node, server=Server(drain_secs=0.0))
    told: list[str] = []
    late = Stays(lambda: told.append("late"))

    def comes() -> None:
        told.append("first")
        gate.arrived(late)

    first = Stays(comes)
    gate.arrived(first)
    await gate.drain()
    assert told[0] == "first"
    assert "late" in told
    gate.left(first)
    gate.left(late)


async def test_a_drain_ends_with_the_last_request(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    gateway.gateway.config = config(node)
    tasks = [await gateway.arrive() for _ in range(2)]
    draining = asyncio.create_task(gateway.gateway.drain())
    await eventually(lambda: gateway.gateway.draining, "it drains")
    newcomer = await gateway.post()
    assert (newcomer.status, newcomer.error["code"]) == (503, "draining")
    for task in tasks:
        await (await node.received()).reply()
        assert (await task).status == 200
    await draining
