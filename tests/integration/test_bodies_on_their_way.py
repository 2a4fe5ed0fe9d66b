"""What may happen between the head of a request that is read at once and the last byte of its body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest

from llmlb.config.model import KeyConfig, Server
from llmlb.testing import ManualClock, ScriptedNode, eventually
from llmlb.testing.waiting import within
from llmlb.web.answering import Answering
from llmlb.web.body import STALL_SECS
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import Start

KEYS = (KeyConfig(name="a", key="sk-a"), KeyConfig(name="b", key="sk-b"))
BODY = b'{"model":"m"}'
HEAD = b"POST %b HTTP/1.1\r\nHost: x\r\nX-Api-Key: sk-a\r\nContent-Length: 13\r\n\r\n" % CHAT.encode()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in here is read by aiohttp."""

    def closed(*_: object) -> None:
        raise AssertionError("it was left to aiohttp")

    monkeypatch.setattr(Answering, "_answer_next", closed)


class Client:
    """One connection, of a client that says just what it is told to."""

    def __init__(self, gateway: Bench) -> None:
        self.gateway = gateway

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def begin(self, data: bytes) -> None:
        """Send a head and some of its body, and return when that has come."""
        held = self.gateway.gateway.bodies.held + len(data.partition(b"\r\n\r\n")[2])
        self.writer.write(data)
        await eventually(lambda: self.gateway.gateway.bodies.held == held, "the body is coming")

    async def answer(self) -> bytes:
        head = await within(5, self.reader.readuntil(b"\r\n\r\n"), lambda: "the head of an answer")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await within(5, self.reader.readexactly(size), lambda: "the body of an answer")


async def nothing_is_left(gateway: Bench) -> None:
    await eventually(lambda: not gateway.gateway._inside, "all requests are over")
    assert gateway.gateway.bodies.held == 0
    assert not gateway.gateway._visits


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        (KEYS[1:], b"401"),
        ((attrs.evolve(KEYS[0], disabled=True), KEYS[1]), b"401"),
        ((), b"200"),
        ((attrs.evolve(KEYS[0], weight=3.0), KEYS[1]), b"200"),
    ],
    ids=["removed", "disabled", "none needed any more", "another weight"],
)
async def test_the_key_that_counts_is_that_of_the_moment_when_it_joins_the_queue(
    keys: tuple[KeyConfig, ...], status: bytes, node: ScriptedNode, start: Start
) -> None:
    node.auto()
    gateway = await start(config(node, keys=KEYS))
    async with Client(gateway) as client:
        client.writer.write(HEAD + BODY)
        assert b" 200 " in await client.answer()
        await client.begin(HEAD + BODY[:5])
        gateway.gateway.apply(attrs.evolve(gateway.gateway.config, api_keys=keys))
        client.writer.write(BODY[5:])
        assert (await client.answer()).startswith(b"HTTP/1.1 " + status)
        gateway.gateway.apply(attrs.evolve(gateway.gateway.config, api_keys=KEYS))
        client.writer.write(HEAD + BODY)
        assert b" 200 " in await client.answer()
    await nothing_is_left(gateway)


async def test_one_that_comes_to_its_end_while_the_gateway_drains_is_told_so(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS, server=Server(locale="en", drain_secs=0.05)))
    async with Client(gateway) as client:
        await client.begin(HEAD + BODY[:5])
        gateway.gateway.draining = True
        client.writer.write(BODY[5:])
        answer = await client.answer()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Connection: close\r\n" in answer
        assert await within(5, client.reader.read(), lambda: "the end") == b""
    await nothing_is_left(gateway)


async def test_one_that_stops_coming_is_not_waited_for(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, keys=KEYS), clock)
    async with Client(gateway) as client:
        await client.begin(HEAD + BODY[:5])
        clock.advance(STALL_SECS - 1)
        client.writer.write(BODY[5:6])
        await eventually(lambda: gateway.gateway.bodies.held == 6, "more has come")
        clock.advance(STALL_SECS - 1)
        assert gateway.gateway.bodies.held == 6
        clock.advance(1)
        answer = await client.answer()
        assert answer.startswith(b"HTTP/1.1 408 ")
        client.writer.write(BODY[6:] + HEAD + BODY)  # too late, and nothing is listened to any more
        assert await within(5, client.reader.read(), lambda: "the end") == b""
    await nothing_is_left(gateway)
    assert not node.seen


async def test_a_head_alone_holds_no_room(node: ScriptedNode, start: Start) -> None:
    """Else clients that announce much and send nothing would keep everybody out."""
    node.auto()
    gateway = await start(config(node, keys=KEYS, server=Server(locale="en", waiting_bytes=1000)))
    async with Client(gateway) as one, Client(gateway) as other:
        for client in (one, other):
            client.writer.write(HEAD.replace(b"13", b"900"))
        await eventually(lambda: len(gateway.gateway._inside) == 2, "both are there")
        assert gateway.gateway.bodies.held == 0
        one.writer.write(BODY.ljust(900))
        assert (await one.answer()).startswith(b"HTTP/1.1 200 ")
        other.writer.write(BODY.ljust(900))
        assert (await other.answer()).startswith(b"HTTP/1.1 200 ")
    await nothing_is_left(gateway)


@pytest.fixture
async def nobody(node: ScriptedNode, start: Start) -> AsyncIterator[Bench]:
    """A gateway with nobody else in it."""
    gateway = await start(config(node, keys=KEYS))
    yield gateway
    await nothing_is_left(gateway)


@pytest.mark.parametrize("come", range(len(BODY) + 1))
async def test_a_client_may_leave_at_any_moment(come: int, nobody: Bench, node: ScriptedNode) -> None:
    async with Client(nobody) as client:
        client.writer.write(HEAD + BODY[:come])
        await eventually(lambda: len(nobody.gateway._inside) == 1, "it has come")
        assert nobody.gateway.bodies.held == come
    if come == len(BODY):
        await (await node.received()).gone()
        assert nobody.outcomes() == {"cancelled": 1}
    else:
        await nothing_is_left(nobody)
        assert (nobody.outcomes(), node.seen) == ({}, [])
