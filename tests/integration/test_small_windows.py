"""A reply reaches a client byte for byte, however little of it the client takes at once and however it comes."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import Callable, Coroutine

import attrs
import pytest

from llmlb.testing import ScriptedNode, settle
from llmlb.testing.received import Received
from llmlb.testing.waiting import pause, within
from llmlb.web.connection import Connection
from llmlb.web.delivery import AHEAD_BYTES, Delivery
from tests.integration.bench import CHAT, config
from tests.integration.conftest import Start

ASKED = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" % CHAT.encode() + b'{"model":"m"}'
LARGE = 900_000
"""More than what is held for a client, in the buffers of both sides and between line and connection."""


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes hardly anything for a client that does not read."""
    make = Connection.connection_made

    def connection_made(self: Connection, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        make(self, transport)

    monkeypatch.setattr(Connection, "connection_made", connection_made)


class Client:
    """One who takes what comes in pieces of any size, and rests now and then."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.chance = chance
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.buffer = b""

    async def more(self) -> None:
        size = self.chance.choice([1, 500, 5_000, 50_000, 500_000])
        if self.chance.random() < 0.05:
            await pause(0.002)
        got = await within(
            5, asyncio.get_running_loop().sock_recv(self.socket, size), lambda: f"more than {len(self.buffer)}"
        )
        assert got, "it was closed"
        self.buffer += got

    async def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer[-len(mark) - 500_000 :]:
            await self.more()
        found, _, self.buffer = self.buffer.partition(mark)
        return found + mark

    async def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self.more()
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    async def answer(self) -> bytes:
        head = await self.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        if size := re.search(rb"Content-Length: (\d+)", head):
            return await self.exactly(int(size[1]))
        body = b""
        while size_of_chunk := int(await self.until(b"\r\n"), 16):
            body += (await self.exactly(size_of_chunk + 2))[:-2]
        assert await self.exactly(2) == b"\r\n"
        return body


async def broken_off(request: Received, body: bytes) -> None:
    """All of the body comes, and then no end."""
    await request.start(length=len(body) + 1)
    await request.send(body)
    request.close()


async def told(request: Received, body: bytes) -> None:
    await request.start(length=len(body))
    await request.send(body)


async def in_one_piece(request: Received, body: bytes) -> None:
    await request.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await request.end()


async def in_chunks(request: Received, body: bytes) -> None:
    await request.start(chunked=True)
    for place in range(0, len(body), 70_001):
        await request.send(body[place : place + 70_001])
    await request.end()


async def as_events(request: Received, body: bytes) -> None:
    await request.start(headers={"Content-Type": "text/event-stream"}, chunked=True)
    await request.send(body)
    await request.end()


@pytest.mark.parametrize("way", [told, in_one_piece, in_chunks, as_events])
@pytest.mark.parametrize("seed", range(3))
async def test_it_is_all_there_and_the_next_one_too(
    way: Callable[[Received, bytes], Coroutine[None, None, None]],
    seed: int,
    node: ScriptedNode,
    start: Start,
    small_windows: None,
) -> None:
    chance = random.Random(seed)
    gateway = await start(config(node))
    client = Client(gateway.port, chance)
    with client.socket:
        for size in (LARGE, chance.choice([1, 4096, 65_536, 262_144]), chance.randrange(1, LARGE)):
            body = chance.randbytes(size)
            client.socket.send(ASKED)
            request = await node.received()
            sending = asyncio.create_task(way(request, body))
            assert await client.answer() == body
            await sending
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 3}


@pytest.mark.parametrize("fragment", [b"", b"#x"], ids=["plain", "handled"])
async def test_a_drain_waits_until_the_system_has_the_last_byte(
    fragment: bytes, node: ScriptedNode, start: Start, small_windows: None
) -> None:
    """What the process itself still holds of a reply would go with it."""
    gateway = await start(config(node))
    gate = gateway.gateway
    gate.config = attrs.evolve(gate.config, server=attrs.evolve(gate.config.server, drain_secs=5.0))
    client = Client(gateway.port, random.Random(0))
    body = b"x" * 50_000  # more than the system takes, and less than what asyncio finds worth a pause
    with client.socket:
        client.socket.send(ASKED.replace(b" HTTP", fragment + b" HTTP"))
        await told(await node.received(), body)
        await gateway.state("n1", "idle")
        draining = asyncio.create_task(gate.drain())
        await settle(20)
        assert not draining.done()
        assert gateway.outcomes() == {}
        assert await client.answer() == body
        await within(5, draining, lambda: "the drain is over")
        assert gateway.outcomes() == {"served": 1}


@pytest.mark.parametrize("fragment", [b"", b"#x"], ids=["plain", "handled"])
async def test_a_long_reply_is_written_ahead_but_for_its_end(
    fragment: bytes, node: ScriptedNode, start: Start, small_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    at_its_end: list[int] = []
    limits: list[tuple[int, int]] = []
    write, end = Delivery._write, Delivery._end

    def seen(self: Delivery, data: bytes) -> None:
        nonlocal most
        most = max(most, self._transport.get_write_buffer_limits()[1])
        write(self, data)

    def ended(self: Delivery, keep: bool, *, bug: bool = False) -> None:
        at_its_end.append(self._transport.get_write_buffer_size())
        end(self, keep, bug=bug)
        limits.append(self._transport.get_write_buffer_limits())

    monkeypatch.setattr(Delivery, "_write", seen)
    monkeypatch.setattr(Delivery, "_end", ended)
    gateway = await start(config(node))
    client = Client(gateway.port, random.Random(0))
    body = b"x" * LARGE
    with client.socket:
        for _ in range(2):
            client.socket.send(ASKED.replace(b" HTTP", fragment + b" HTTP"))
            sending = asyncio.create_task(told(await node.received(), body))
            assert await client.answer() == body
            await sending
        client.socket.send(ASKED.replace(b" HTTP", fragment + b" HTTP"))
        sending = asyncio.create_task(broken_off(await node.received(), body))
        await client.until(body)
        await sending
    await gateway.quiet()
    assert most == AHEAD_BYTES
    assert at_its_end[:2] == [0, 0]
    assert limits == [(0, 0)] * 3, "of one that breaks off as well"
