"""A request is answered by its connection, or by a handler behind aiohttp: nobody can tell which it was."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from llmlb.config.model import KeyConfig, Queue, Server
from llmlb.gateway.outgoing import Outgoing
from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import pause, within
from llmlb.web import inference, server
from llmlb.web.answering import Answering
from llmlb.wire.sse import StreamEnd
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import Start

BODY = b'{"model":"m"}'
WAYS = {"plain": CHAT, "queried": f"{CHAT}?beta=true", "direct": CHAT, "handled": f"{CHAT}#by-hand"}
KEYS = (KeyConfig(name="alice", key="sk-alice"),)


@pytest.fixture(params=WAYS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a request that goes the one way or the other; the other one is closed."""

    def closed(*_: object) -> bool:
        raise AssertionError("it went the other way")

    if request.param in {"plain", "queried"}:
        monkeypatch.setattr(Answering, "_answer", closed)
    elif request.param == "direct":
        monkeypatch.setattr(Answering, "_take_plain", lambda *_: False)
        monkeypatch.setattr(inference, "read_body", closed)
    else:
        monkeypatch.setattr(Answering, "_answered", closed)
    return WAYS[request.param]


class Client:
    """One connection, of a client that says just what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, path: str, *, body: bytes = BODY, more: str = "", version: str = "1.1") -> None:
        head = f"POST {path} HTTP/{version}\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)

    async def head(self) -> str:
        read = self.reader.readuntil(b"\r\n\r\n")
        return (await within(5, read, lambda: "the head of an answer")).decode()

    async def answer(self) -> tuple[str, bytes]:
        """An answer whose length is told."""
        head = await self.head()
        size = re.search(r"\r\nContent-Length: (\d+)\r\n", head, re.IGNORECASE)
        assert size is not None, head
        return head, await within(5, self.reader.readexactly(int(size[1])), lambda: "the body of an answer")

    async def rest(self) -> bytes:
        return await within(5, self.reader.read(), lambda: "the end of the connection")


@pytest.fixture
async def clients() -> AsyncIterator[list[Client]]:
    all_of_them: list[Client] = []
    yield all_of_them
    for client in all_of_them:
        client.writer.close()


async def connect(gateway: Bench, clients: list[Client]) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", gateway.port))
    clients.append(client)
    return client


async def test_one_connection_carries_one_request_after_another(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    client = await connect(await start(config(node)), clients)
    for number in range(3):
        client.ask(path, more=f"X-Request-Id: it-{number}\r\n")
        request = await node.received()
        assert request.body == BODY
        await request.reply({"number": number})
        head, body = await client.answer()
        assert head.startswith("HTTP/1.1 200 OK\r\n")
        assert f"X-Request-Id: it-{number}\r\n" in head
        assert body == b'{"number":%d}' % number


async def test_a_body_may_come_in_any_pieces(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    client = await connect(await start(config(node)), clients)
    body = BODY.ljust(2_000_000)
    client.writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    for at in range(0, len(body), 300_000):
        client.writer.write(body[at : at + 300_000])
        await within(5, client.writer.drain(), lambda: "the body is taken")
        await pause(0)
    request = await node.received()
    assert request.body == body
    await request.reply({})
    assert (await client.answer())[0].startswith("HTTP/1.1 200 ")


async def test_a_stream_is_passed_on_in_chunks_as_it_comes(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    client = await connect(await start(config(node)), clients)
    client.ask(path)
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.send(b"data: 1\n\n")
    head = await client.head()
    assert "Transfer-Encoding: chunked\r\n" in head
    assert await within(5, client.reader.readexactly(14), lambda: "a chunk") == b"9\r\ndata: 1\n\n\r\n"
    await request.send(b"data: [DONE]\n\n")
    await request.end()
    assert await within(5, client.reader.readexactly(24), lambda: "the end") == b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


async def test_http_1_0_is_told_the_end_by_the_end_of_the_connection(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    client = await connect(await start(config(node)), clients)
    client.ask(CHAT, version="1.0", more="Connection: keep-alive\r\n")
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.send(b"data: [DONE]\n\n")
    await request.end()
    head, _, body = (await client.rest()).partition(b"\r\n\r\n")
    assert body == b"data: [DONE]\n\n"
    assert b"chunked" not in head
    assert b"keep-alive" not in head


async def test_http_1_0_may_keep_its_connection_where_the_length_is_known(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    client = await connect(await start(config(node)), clients)
    for _ in range(2):
        client.ask(CHAT, version="1.0", more="Connection: keep-alive\r\n")
        assert "Connection: keep-alive\r\n" in (await client.answer())[0]


@pytest.mark.parametrize("path", [CHAT, WAYS["handled"]])
async def test_a_client_that_wants_the_connection_closed_is_told_so_and_it_is(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    client = await connect(await start(config(node)), clients)
    client.ask(path, more="Connection: close\r\n")
    assert "Connection: close\r\n" in (await client.answer())[0]
    assert await client.rest() == b""


@pytest.mark.parametrize("late", [False, True], ids=["whole", "its body comes later"])
async def test_a_refusal_leaves_the_connection_to_be_used_again(
    late: bool, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    client = await connect(await start(config(node, keys=KEYS)), clients)
    if late:
        client.writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
        head, _ = await client.answer()
        client.writer.write(BODY)
    else:
        client.ask(CHAT)
        head, _ = await client.answer()
    assert head.startswith("HTTP/1.1 401 ")
    client.ask(CHAT, more="Authorization: Bearer sk-alice\r\n")
    assert (await client.answer())[0].startswith("HTTP/1.1 200 ")


async def test_who_waits_is_told_and_who_is_one_too_many_as_well(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    first, second, third = [await connect(gateway, clients) for _ in range(3)]
    first.ask(path)
    served = await node.received()
    second.ask(path)
    await gateway.waiting(1)
    third.ask(path)
    head, body = await third.answer()
    assert head.startswith("HTTP/1.1 429 ")
    assert "Retry-After: " in head
    assert b'"queue_full"' in body
    await served.reply({})
    assert "X-Queue-Position" not in (await first.answer())[0]
    await (await node.received()).reply({})
    assert "X-Queue-Position: 1\r\n" in (await second.answer())[0]


async def test_a_client_that_leaves_gives_up_its_place_or_its_node(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    gateway = await start(config(node))
    served, waits = [await connect(gateway, clients) for _ in range(2)]
    served.ask(path)
    request = await node.received()
    waits.ask(path)
    await gateway.waiting(1)
    waits.writer.close()
    await gateway.waiting(0)
    served.writer.close()
    await request.gone()
    await gateway.quiet()
    assert gateway.outcomes() == {"cancelled": 2}


async def test_a_bug_in_mid_reply_cuts_it_and_takes_nobody_else_along(
    path: str, node: ScriptedNode, start: Start, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError

    gateway = await start(config(node))
    client = await connect(gateway, clients)
    client.ask(path)
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.send(b"data: 1\n\n")
    await client.head()
    monkeypatch.setattr(StreamEnd, "feed", bug)
    await request.send(b"data: 2\n\n")
    rest = b""
    with suppress(ConnectionResetError):  # or the system tells of it as an end
        rest = await client.rest()
    assert not rest.endswith(b"0\r\n\r\n")
    await request.gone()
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}
    node.auto()
    assert (await gateway.post()).status == 200


@pytest.mark.parametrize("first", ["waits", "connects", "is sent at once"])
async def test_a_request_that_cannot_be_written_to_its_node_takes_nobody_else_along(
    first: str, path: str, node: ScriptedNode, start: Start, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pieces(self: Outgoing, *rest: Any) -> tuple[bytes, ...]:
        written = write(self, *rest)
        if b"crash" in b"".join(written):
            raise MemoryError
        return written

    write = Outgoing.pieces
    monkeypatch.setattr(Outgoing, "pieces", pieces)
    gateway = await start(config(node))
    good, bad = await connect(gateway, clients), await connect(gateway, clients)
    if first == "is sent at once":
        good.ask(path)
        await (await node.received()).reply({})
        await good.answer()
    if first == "waits":
        good.ask(path)
        served = await node.received()
    bad.ask(path, body=b'{"model":"m","user":"crash"}')
    if first == "waits":
        await gateway.waiting(1)
        await served.reply({})
        assert (await good.answer())[0].startswith("HTTP/1.1 200 ")
    assert (await bad.answer())[0].startswith("HTTP/1.1 500 ")
    node.auto()
    for client in (good, bad):
        client.ask(path)
        assert (await client.answer())[0].startswith("HTTP/1.1 200 ")
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1, "served": 2 + (first != "connects")}
    assert gateway.gateway.background.healthy


async def test_requests_sent_ahead_are_answered_in_their_order_whoever_answers_them(
    node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    client = await connect(await start(config(node)), clients)
    for number in range(12):
        client.ask(CHAT if number % 3 else WAYS["handled"], more=f"X-Request-Id: it-{number}\r\n")
        client.writer.write(f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: page-{number}\r\n\r\n".encode())
    for number in range(12):
        assert f"X-Request-Id: it-{number}\r\n" in (await client.answer())[0]
        assert f"X-Request-Id: page-{number}\r\n" in (await client.answer())[0]


async def test_a_connection_is_not_idle_while_its_request_waits_and_is_closed_when_it_is(
    path: str, node: ScriptedNode, start: Start, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEPALIVE_SECS", 0.1)
    gateway = await start(config(node))
    client = await connect(gateway, clients)
    client.ask(path)
    request = await node.received()
    await pause(0.3)
    await request.reply({})
    assert (await client.answer())[0].startswith("HTTP/1.1 200 ")
    assert await client.rest() == b""


async def test_a_draining_gateway_closes_the_connection_after_the_answer(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    gateway = await start(config(node, server=Server(locale="en", drain_secs=0.05)))
    client = await connect(gateway, clients)
    client.ask(path)
    request = await node.received()
    gateway.gateway.draining = True
    await request.reply({})
    assert "Connection: close\r\n" in (await client.answer())[0]
    assert await client.rest() == b""


async def test_what_a_request_held_is_forgotten_with_it(
    path: str, node: ScriptedNode, start: Start, clients: list[Client]
) -> None:
    node.auto()
    gateway = await start(config(node))
    client = await connect(gateway, clients)
    client.ask(path)
    await client.answer()
    await gateway.quiet()
    await eventually(lambda: not gateway.gateway._inside, "it is over")
    assert gateway.gateway.bodies.held == 0
    assert not gateway.gateway._visits


async def test_a_bug_at_the_very_end_leaves_nothing_held(
    path: str, node: ScriptedNode, start: Start, clients: list[Client], monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError

    node.auto()
    gateway = await start(config(node))
    client = await connect(gateway, clients)
    with monkeypatch.context() as broken:
        broken.setattr(gateway.gateway, "departed", bug)
        client.ask(path)
        with suppress(ConnectionResetError):
            await client.rest()
    await eventually(lambda: not gateway.gateway._inside, "it is over")
    assert gateway.gateway.bodies.held == 0
    assert [line["event"] for line in log()].count("internal error") == 1
    assert (await gateway.post()).status == 200
