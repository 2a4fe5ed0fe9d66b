"""A connection's bytes are read by two: each must take up where the other has left off, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from llmlb.config.model import KeyConfig, Server, Upstream
from llmlb.testing import ScriptedNode, eventually, settle
from llmlb.testing.waiting import pause, within
from llmlb.web.answering import Answering
from llmlb.web.connection import Connection
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
    assert gateway.gateway.arrivals == 2  # one has the node, one was turned away


class End:
    """The gateway's end of a connection to which the system gives hardly any room for answers."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.came = 0
        """Bytes that it has read."""

    @property
    def paused(self) -> bool:
        return self.connection is not None and self.connection.writing_paused

    @property
    def held(self) -> int:
        assert self.connection is not None
        assert self.connection.transport is not None
        return self.connection.transport.get_write_buffer_size()


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> End:
    one = End()
    make, take = Connection.connection_made, Connection.data_received

    def connection_made(self: Connection, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        one.connection = self
        make(self, transport)

    def data_received(self: Connection, data: bytes) -> None:
        one.came += len(data)
        take(self, data)

    monkeypatch.setattr(Connection, "connection_made", connection_made)
    monkeypatch.setattr(Connection, "data_received", data_received)
    return one


async def send(client: socket.socket, end: End, data: bytes) -> None:
    """Send it, and return when it has come."""
    due = end.came + len(data)
    await asyncio.get_running_loop().sock_sendall(client, data)
    while end.came < due:
        await settle(1)


def small_client(gateway: Bench) -> socket.socket:
    """A client to which the system gives hardly any room for answers that it does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.port))
    client.setblocking(False)
    return client


REFUSED = ASKED.replace(BODY, b"-" * len(BODY))
HANDLED = REFUSED.replace(b" HTTP", b"#x HTTP")
LISTED = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "at_once"),
    [
        (REFUSED, 1),
        (REFUSED.replace(b"Content", b"TE: x\r\nContent"), 1),
        (HANDLED, 1),
        (HANDLED, 3),
    ],
    ids=["plain", "read by aiohttp", "handled", "handled one after another"],
)
async def test_who_takes_no_answers_gets_no_more_of_them_and_all_when_it_does(
    asked: bytes, at_once: int, node: ScriptedNode, start: Start, end: End
) -> None:
    """Answers that need no node are given at once: they would fill the memory."""
    gateway = await start(config(node, upstream=Upstream(write_timeout_secs=0.5)))
    with small_client(gateway) as client:
        sent = 0
        while not end.paused:
            await send(client, end, asked * at_once)
            sent += at_once
            await settle(9 * at_once)
        held = end.held
        for _ in range(9):
            await send(client, end, asked * at_once)
            sent += at_once
            await settle(5)
        assert end.held == held
        got = b""
        while got.count(b"HTTP/1.1 400 ") < sent:
            got += await within(5, asyncio.get_running_loop().sock_recv(client, 65536), lambda: "an answer")
        await pause(0.7)  # nobody waits any more for it to take anything
        await send(client, end, asked)
        got = await within(5, asyncio.get_running_loop().sock_recv(client, 65536), lambda: "an answer")
        assert b"HTTP/1.1 400 " in got


async def test_nor_when_there_is_always_another_to_be_handled(node: ScriptedNode, start: Start, end: End) -> None:
    """aiohttp's task then goes on by itself, and asks nobody."""
    gateway = await start(config(node))
    with small_client(gateway) as client:
        await send(client, end, HANDLED)
        assert end.connection is not None
        most = 0
        for _ in range(600):
            if len(end.connection._messages) < 5:
                await send(client, end, HANDLED * 3)
            await settle(1)
            most = max(most, end.held)
        assert 0 < most < 1000  # one answer, or two


@pytest.mark.parametrize("asked", [REFUSED, HANDLED, LISTED], ids=["plain", "handled", "not for the queue"])
async def test_who_takes_no_answers_for_too_long_is_hung_up_on(
    asked: bytes, node: ScriptedNode, start: Start, end: End
) -> None:
    gateway = await start(config(node, upstream=Upstream(write_timeout_secs=0.2)))
    with small_client(gateway) as client:
        while not end.paused:
            await send(client, end, asked)
            await settle(9)
        connection = end.connection
        assert connection is not None
        await eventually(lambda: connection.transport is None, "it is hung up on")


async def test_whoever_sends_too_far_ahead_is_not_answered_behind_the_end(
    node: ScriptedNode, start: Start, clients: list[Client], caplog: pytest.LogCaptureFixture
) -> None:
    node.auto()
    gateway = await start(config(node))
    client = await connect(gateway, clients)
    for _ in range(100):
        client.writer.write(REFUSED * 20)
        await settle(2)
    with suppress(ConnectionError):
        await within(5, client.reader.read(), lambda: "the end of the connection")
    assert not [record for record in caplog.records if record.name == "asyncio" and record.levelname == "ERROR"]
    assert (await gateway.post()).status == 200
