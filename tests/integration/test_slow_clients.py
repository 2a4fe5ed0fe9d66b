"""Clients that read slowly or not at all (N9), and nodes that are not read from meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from llmlb.config.model import Upstream
from llmlb.nodes.exchange import HIGH_WATER
from llmlb.testing import Gone, Received, ScriptedNode, eventually
from llmlb.testing.waiting import pause, settle, within
from tests.integration.bench import Bench, config
from tests.integration.conftest import Start

PIECE = b"x" * 65536
MUCH = 32 * 1024 * 1024
"""More than the buffers of all systems involved hold."""
BODY = b'{"model":"m","stream":true}'
REQUEST = b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


async def slow_client(gateway: Bench, asks: bytes = REQUEST) -> socket.socket:
    """A client that has sent its request and has room for next to nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", gateway.port))
    await loop.sock_sendall(sock, asks)
    return sock


async def pour(request: Received, total: int = MUCH) -> int:
    """Send as much as is taken, up to `total`; how much that was."""
    sent = 0
    try:
        while sent < total:
            await request.send(PIECE, timeout=60)
            sent += len(PIECE)
    except Gone:
        pass
    return sent


async def test_a_node_is_not_read_from_while_the_client_reads_nothing(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    sock = await slow_client(gateway)
    request = await node.received()
    await request.start(headers={"Content-Type": "application/octet-stream"})
    pouring = asyncio.create_task(pour(request))
    await eventually(lambda: request.full, "the node is no longer read from")
    (member,) = gateway.gateway.fleet
    exchange = member.dispatcher.exchange
    assert exchange is not None
    await eventually(lambda: exchange.paused, "the exchange is paused")
    assert exchange.held <= HIGH_WATER + 1024 * 1024
    assert not pouring.done()
    sock.close()
    await request.gone()
    await pouring
    await gateway.quiet()
    assert gateway.outcomes() == {"cancelled": 1}


async def test_a_slow_client_gets_every_byte(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, upstream=Upstream(idle_timeout_secs=0.1)))
    sock = await slow_client(gateway)
    request = await node.received()
    total = 8 * 1024 * 1024
    await request.start(headers={"Content-Type": "application/octet-stream"}, length=total)
    pouring = asyncio.create_task(pour(request, total))
    await eventually(lambda: request.full, "the node is no longer read from")
    await pause(0.25)  # the limit for a silent node passes twice: here it is the client that is slow
    got, loop = 0, asyncio.get_running_loop()
    while got < total and (data := await within(5, loop.sock_recv(sock, 262_144), lambda: "more bytes")):
        got += len(data.partition(b"\r\n\r\n")[2] if not got else data)
    sock.close()
    assert (got, await pouring) == (total, total)
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}


@pytest.mark.parametrize("end", ["whole", "broken"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_connection_is_closed_once_by_an_end_that_the_client_made_wait(
    version: bytes, end: str, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    failures: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    sock = await slow_client(gateway, REQUEST.replace(b"1.1\r\n", b"%b\r\nConnection: close\r\n" % version))
    request = await node.received()
    await request.start(headers={"Content-Type": "application/octet-stream"})
    (member,) = gateway.gateway.fleet
    exchange = member.dispatcher.exchange
    assert exchange is not None
    while not exchange.held:
        await request.send(PIECE)
        await settle()
    if end == "whole":
        await request.end()
    else:
        request.reset()
    await eventually(lambda: member.dispatcher.exchange is None, "the node is done")
    with contextlib.suppress(ConnectionResetError):
        while await within(5, loop.sock_recv(sock, 262_144), lambda: "more bytes"):
            pass
    await gateway.quiet()
    sock.close()
    assert failures == []


async def test_a_client_that_takes_nothing_for_write_timeout_secs_is_hung_up_on(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, upstream=Upstream(write_timeout_secs=0.2)))
    sock = await slow_client(gateway)
    request = await node.received()
    second = await gateway.arrive()
    await request.start(headers={"Content-Type": "application/octet-stream"})
    pouring = asyncio.create_task(pour(request))
    await request.gone(timeout=3)
    assert await pouring < MUCH
    await (await node.received()).reply({"second": True})
    assert (await second).json == {"second": True}
    await gateway.quiet()
    assert gateway.outcomes() == {"cancelled": 1, "served": 1}
    assert gateway.states == {"n1": "idle"}  # the client's fault, not the node's
    sock.close()


@pytest.mark.parametrize("secs", [0.2])
async def test_a_client_that_takes_a_little_now_and_then_is_not(secs: float, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, upstream=Upstream(write_timeout_secs=secs)))
    sock = await slow_client(gateway)
    request = await node.received()
    await request.start(headers={"Content-Type": "application/octet-stream"})
    pouring = asyncio.create_task(pour(request))
    await eventually(lambda: request.full, "the node is no longer read from")
    loop = asyncio.get_running_loop()
    for _ in range(20):  # far less in all than what the write has to get rid of, over five times the limit
        await pause(secs / 4)
        assert await loop.sock_recv(sock, 16_384)
    assert not request.is_gone
    sock.close()
    await pouring
