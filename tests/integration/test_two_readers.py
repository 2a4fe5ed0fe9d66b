"""A connection's bytes are read by two: each must take up where the other has left off, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from llmlb.config.model import KeyConfig, Server
from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import within
from llmlb.web.answering import Answering
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import Start

BODY = b'{"model":"m"}'
ASKED = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" % CHAT.encode() + BODY
BEGUN = b"GET /healthz HTTP/1.1\r\nX-Y: "
"""Of a head that goes on with whatever comes next."""


class Client:
    """One connection, of a client that says just what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> tuple[bytes, bytes]:
        head = await within(5, self.reader.readuntil(b"\r\n\r\n"), lambda: "the head of an answer")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head, await within(5, self.reader.readexactly(size), lambda: "the body of an answer")


@pytest.fixture
async def clients() -> AsyncIterator[list[Client]]:
    all_of_them: list[Client] = []
    yield all_of_them
    for client in all_of_them:
        client.writer.close()


async def connect(gateway: Bench, clients: list[Client]) -> Client:
    clients.append(Client(*await asyncio.open_connection("127.0.0.1", gateway.port)))
    return clients[-1]


async def test_a_head_that_began_behind_a_request_is_read_to_its_end_by_who_began_it(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    """Else what is one request for the one would be another for the other."""
    node.auto()
    gateway = await start(config(node))
    for first in (ASKED, ASKED.replace(b"\r\n\r\n", b"\r\nTE: x\r\n\r\n")):
        client = await connect(gateway, clients)
        client.writer.write(first + BEGUN)
        assert b'"id"' in (await client.answer())[1]
        client.writer.write(ASKED)
        assert (await client.answer())[1] == b"ok\n"
        client.writer.write(ASKED)
        assert b'"id"' in (await client.answer())[1]
    assert gateway.outcomes() == {"served": 4}


async def test_a_head_that_began_behind_the_last_of_a_body_is_too(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    gateway = await start(config(node))
    client = await connect(gateway, clients)
    client.writer.write(ASKED[:-5])
    await eventually(lambda: gateway.gateway.bodies.held > 0, "the body is coming")
    client.writer.write(ASKED[-5:] + BEGUN)
    await client.answer()
    client.writer.write(ASKED)
    assert (await client.answer())[1] == b"ok\n"
    assert gateway.outcomes() == {"served": 1}


async def test_after_a_whole_request_that_is_not_plain_the_next_is_read_at_once_again(
    node: ScriptedNode, start: Start, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> bool:
        raise AssertionError("aiohttp has read it")

    node.auto()
    client = await connect(await start(config(node, keys=(KeyConfig(name="a", key="sk-a"),))), clients)
    ours = ASKED.replace(b"Host: x", b"Host: x\r\nX-Api-Key: sk-a")
    for other, status in (
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (ASKED, b"401"),
        (ours.replace(b"Host", b"TE: x\r\nHost"), b"200"),
    ):
        client.writer.write(other)
        assert (await client.answer())[0].startswith(b"HTTP/1.1 " + status)
        with monkeypatch.context() as patched:
            patched.setattr(Answering, "_parse", closed)
            client.writer.write(ours)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 200")


async def test_nothing_is_begun_that_was_sent_behind_a_request_that_was_the_last(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    """A request is turned away with the last of its body, and the connection ends with it."""
    gateway = await start(config(node, server=Server(locale="en", waiting_bytes=1000)))
    client = await connect(gateway, clients)
    body = BODY.ljust(500)
    client.writer.write(ASKED.replace(b"13", b"500").replace(BODY, body[:100]))
    await eventually(lambda: gateway.gateway.bodies.held == 100, "the body is coming")
    await gateway.arrive(data=BODY.ljust(700))
    client.writer.write(body[100:] + ASKED)
    assert (await client.answer())[0].startswith(b"HTTP/1.1 429 ")
    assert await within(5, client.reader.read(), lambda: "the end of the connection") == b""
    assert (gateway.gateway.arrivals, len(node.seen)) == (1, 1)
