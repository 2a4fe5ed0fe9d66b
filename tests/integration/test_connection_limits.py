"""What a connection may hold without being a request (H3): heads that do not end, pipelines, connections at all."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Protocol

import attrs
import pytest
from aiohttp import web

from llmlb.config.model import Queue, Server
from llmlb.testing import ManualClock, ScriptedNode, eventually
from llmlb.testing.waiting import within
from llmlb.web import server as web_server
from llmlb.web.connection import HEAD_SECS, LINGER_SECS, MAX_AHEAD, Connection
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import Start

BODY = b'{"model":"m"}'
REQUEST = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (CHAT.encode(), len(BODY), BODY)


LARGE = REQUEST[: -len(BODY)].replace(b": 13", b": 5000000") + BODY.ljust(5_000_000)


class Wire:
    """A connection of which a test sees every byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await within(5, self._writer.drain(), lambda: f"the gateway reads {len(data)} bytes")

    async def rest(self) -> bytes:
        """All that comes until the gateway closes."""
        return await within(5, self._read(), lambda: "the gateway closes the connection")

    async def head(self) -> bytes:
        """The head of the next response."""
        return await within(5, self.reader.readuntil(b"\r\n\r\n"), lambda: "a response")

    async def answer(self) -> bytes:
        """The next response, whose length is told."""
        head = await self.head()
        size = int(head.lower().partition(b"content-length: ")[2].split()[0])
        return head + await within(5, self.reader.readexactly(size), lambda: "the body of a response")

    def leave(self) -> None:
        self._writer.close()

    async def _read(self) -> bytes:
        got = b""
        try:
            while part := await self.reader.read(65536):
                got += part
        except ConnectionResetError:
            pass
        return got

    async def close(self) -> None:
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


class Connect(Protocol):
    """Makes connections that live as long as the test."""

    async def __call__(self, gateway: Bench) -> Wire: ...


@pytest.fixture
async def wire(start: Start) -> AsyncIterator[Connect]:
    """Connections, closed before the gateway is."""
    made: list[Wire] = []

    async def connect(gateway: Bench) -> Wire:
        made.append(Wire(*await asyncio.open_connection("127.0.0.1", gateway.port)))
        return made[-1]

    yield connect
    for one in made:
        await one.close()


async def timers(clock: ManualClock, count: int) -> None:
    """Wait until the gateway times so many heads (and does whatever else it did before)."""
    await eventually(lambda: clock.pending == count, f"{count} calls to come, not {clock.pending}")


async def test_a_connection_that_sends_nothing_is_closed_without_a_word(
    node: ScriptedNode, start: Start, wire: Connect, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    others = clock.pending
    silent = await wire(gateway)
    await timers(clock, others + 1)
    clock.advance(HEAD_SECS - 0.1)
    assert not silent.reader.at_eof()
    clock.advance(0.1)
    assert await silent.rest() == b""


async def test_a_head_has_fifteen_seconds_in_all_however_it_trickles(
    node: ScriptedNode, start: Start, wire: Connect, clock: ManualClock, log: Any
) -> None:
    gateway = await start(config(node), clock)
    slow = await wire(gateway)
    for byte in REQUEST[:14]:
        await slow.send(bytes((byte,)))
        await clock.run_for(1)
    assert not slow.reader.at_eof()
    await clock.run_for(1)
    reply = await head_after(clock, slow)
    assert b" 408 " in reply
    assert b'"code":"request_timeout"' in reply
    assert [line["status"] for line in log() if line["event"] == "malformed request"] == [408]
    assert "POST" not in str(log())


async def head_after(clock: ManualClock, slow: Wire) -> bytes:
    """What a client that is given up reads, when it has been given the time to read it."""
    head = await slow.head()
    clock.advance(LINGER_SECS)
    return head + await slow.rest()


async def test_a_kept_connection_has_the_same_for_its_next_head_from_the_first_byte(
    node: ScriptedNode, start: Start, wire: Connect, clock: ManualClock
) -> None:
    node.auto()
    gateway = await start(config(node), clock)
    others = clock.pending
    kept = await wire(gateway)
    await kept.send(REQUEST)
    assert (await kept.answer()).startswith(b"HTTP/1.1 200 ")
    await clock.run_for(HEAD_SECS * 3)  # idle, which is no offence
    assert not kept.reader.at_eof()
    others = clock.pending
    await kept.send(REQUEST[:20])
    await timers(clock, others + 1)
    await clock.run_for(HEAD_SECS)
    assert b" 408 " in await head_after(clock, kept)


async def test_a_whole_request_is_not_hurried(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    received = await node.received()
    await clock.run_for(HEAD_SECS * 4)
    await received.reply({"ok": 1})
    assert (await task).status == 200


async def test_two_hundred_slow_heads_are_in_nobodys_way(
    node: ScriptedNode, start: Start, wire: Connect, clock: ManualClock
) -> None:
    node.auto()
    gateway = await start(config(node), clock)
    others = clock.pending
    slow = [await wire(gateway) for _ in range(200)]
    for one in slow:
        await one.send(REQUEST[:30])
    await timers(clock, others + 200)
    assert (await gateway.post()).status == 200
    assert (await gateway.get("/healthz")).status == 200
    await clock.run_for(HEAD_SECS)
    clock.advance(LINGER_SECS)
    for one in slow:
        await one.head()
    clock.advance(LINGER_SECS)
    assert all(b"request_timeout" in reply for reply in await asyncio.gather(*(one.rest() for one in slow)))


def small(node: ScriptedNode, most: int) -> Any:
    """A gateway for so many connections, in English."""
    return config(node, server=Server(max_connections=most, locale="en"))


async def test_a_connection_beyond_the_limit_is_told_503_at_once(
    node: ScriptedNode, start: Start, wire: Connect, log: Any
) -> None:
    gateway = await start(small(node, 2))
    first, second = await wire(gateway), await wire(gateway)
    third = await wire(gateway)
    reply = await third.rest()  # it need not even ask
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    for header in (b"Retry-After: 5", b"Connection: close", b"Server: llmlb", b"Content-Type: application/json"):
        assert b"\r\n" + header in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert b'"type":"server_error"' in body
    assert b'"code":"too_many_connections"' in body
    await (await wire(gateway)).rest()
    told = [line for line in log() if line["event"] == "too many connections"]
    assert [(line["limit"], line["level"]) for line in told] == [(2, "warning")], "one line for a flood"
    first.leave()
    second.leave()
    await gets_in(gateway)


async def gets_in(gateway: Bench) -> None:
    """Wait until there is room."""
    for _ in range(100):
        if (await gateway.get("/healthz")).status == 200:
            return
    raise AssertionError("no room")


async def test_the_limit_may_change_while_running(node: ScriptedNode, start: Start, wire: Connect) -> None:
    gateway = await start(small(node, 1))
    one = await wire(gateway)
    assert b" 503 " in await (await wire(gateway)).rest()
    server = attrs.evolve(gateway.gateway.config.server, max_connections=3)
    gateway.gateway.config = attrs.evolve(gateway.gateway.config, server=server)
    await gets_in(gateway)
    one.leave()


async def test_who_has_left_before_hearing_that_there_is_no_room_is_no_reason_for_an_error(
    node: ScriptedNode, start: Start, wire: Connect, log: Any
) -> None:
    """Its system answers our words with a reset, and then there is no connection left to end."""
    gateway = await start(small(node, 1))
    one = await wire(gateway)
    for _ in range(30):  # no await in here: the gateway hears of all of them when they have gone
        socket.create_connection(("127.0.0.1", gateway.port)).close()
    await eventually(lambda: any(line["event"] == "too many connections" for line in log()), "they are turned away")
    assert b" 503 " in await (await wire(gateway)).rest()
    one.leave()
    await gets_in(gateway)
    assert [line for line in log() if line["level"] == "error"] == []


async def test_by_default_there_is_a_connection_for_every_place_in_the_queue(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=77)))
    assert web_server.wanted_connections(gateway.gateway) == 1077


async def test_more_than_the_system_allows_are_not_let_in_and_the_operator_is_told(
    node: ScriptedNode, start: Start, wire: Connect, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = web_server.own_descriptors(1)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (own + 1, own + 1))
    gateway = await start(small(node, 100))
    one = await wire(gateway)
    assert b" 503 " in await (await wire(gateway)).rest()
    (line,) = [line for line in log() if line["event"] == "few file descriptors"]
    assert (line["needed"], line["allowed"]) == (100 + own, own + 1)
    one.leave()


async def test_where_the_system_has_no_limit_there_is_only_ours(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    gateway = await start(small(node, 100))
    assert (await gateway.get("/healthz")).status == 200


class MacOS:
    """Its limits of descriptors: there is no hard one, and it may not be asked for."""

    def __init__(self, soft: int) -> None:
        self.limits = soft, resource.RLIM_INFINITY

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] == resource.RLIM_INFINITY:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


@pytest.mark.parametrize(("soft", "allowed"), [(256, 10_240), (20_000, 20_000)])
def test_where_no_limit_may_not_be_asked_for_it_starts_all_the_same(
    soft: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = MacOS(soft)
    monkeypatch.setattr(resource, "getrlimit", lambda _: system.limits)
    monkeypatch.setattr(resource, "setrlimit", system.setrlimit)
    web_server.raise_descriptor_limit()
    assert system.limits == (allowed, resource.RLIM_INFINITY)
    assert web_server.descriptors() == allowed


async def test_a_flood_beyond_the_limit_is_not_told_more_than_a_few_times_at_once(
    node: ScriptedNode, start: Start, wire: Connect, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "MOST_TURNED_AWAY", 2)
    gateway = await start(small(node, 1), clock)
    others = clock.pending
    one = await wire(gateway)
    turned_away = [await wire(gateway), await wire(gateway)]
    await timers(clock, others + 3)
    assert await (await wire(gateway)).rest() == b""
    clock.advance(LINGER_SECS)
    for each in turned_away:
        assert b" 503 " in await each.rest()
    await timers(clock, others + 1)
    assert b" 503 " in await (await wire(gateway)).rest()
    one.leave()


async def test_who_leaves_behind_more_requests_than_are_read_is_seen_leaving(
    node: ScriptedNode, start: Start, wire: Connect, log: Any
) -> None:
    """Q6: aiohttp stops reading behind 32 pipelined requests, and then sees nobody leave."""
    gateway = await start(config(node))
    busy = await gateway.arrive()
    await node.received()
    for ahead in (
        REQUEST * 100,
        LARGE,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + b"x" * 200_000,
    ):
        leaver = await wire(gateway)
        await leaver.send(REQUEST)
        await gateway.waiting(1)
        await leaver.send(ahead)
        leaver.leave()
        await gateway.waiting(0)
    together = await wire(gateway)
    await together.send(REQUEST + LARGE)
    await gateway.waiting(1)
    together.leave()
    await gateway.waiting(0)
    assert not busy.done()
    assert "sent too far ahead" in {line["event"] for line in log()}


async def test_who_sends_too_far_ahead_is_answered_once_and_hung_up_on(
    node: ScriptedNode, start: Start, wire: Connect
) -> None:
    gateway = await start(config(node))
    hasty = await wire(gateway)
    await hasty.send(REQUEST)
    received = await node.received()
    await hasty.send(REQUEST * 100)
    await received.reply({"ok": 1})
    await hasty.send(REQUEST * 20_000)  # and goes on
    reply = await hasty.rest()
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.endswith(b'{"ok":1}')


@pytest.mark.parametrize(("padding", "answers"), [(1000, 21), (4000, 1)])
async def test_what_waits_in_a_pipeline_is_bounded_in_bytes_too(
    padding: int, answers: int, node: ScriptedNode, start: Start, wire: Connect
) -> None:
    gateway = await start(config(node))
    hasty = await wire(gateway)
    await hasty.send(REQUEST)
    received = await node.received()
    padded = REQUEST.replace(b"Content", b"X: %b\r\nContent" % (b"y" * padding))
    await hasty.send(padded * 19 + padded.replace(b"Content", b"Connection: close\r\nContent"))
    assert (await gateway.get("/healthz")).status == 200  # by now it has read all of that
    node.auto()
    await received.reply({"ok": 1})
    assert (await hasty.rest()).count(b"HTTP/1.1 200 ") == answers


async def test_a_large_body_alone_is_not_too_far_ahead(node: ScriptedNode, start: Start, wire: Connect) -> None:
    node.auto()
    gateway = await start(config(node))
    kept = await wire(gateway)
    for _ in range(3):
        body = BODY.ljust(1_000_000)
        await kept.send(REQUEST[: -len(BODY)].replace(b": 13", b": %d" % len(body)) + body)
        head = await kept.head()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" not in head.lower()
        await kept.reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    assert [len(received.body) for received in node.seen] == [1_000_000] * 3
    kept.leave()


@pytest.mark.parametrize("path", [f"{CHAT}#by-hand", "/healthz"])
async def test_who_has_its_answer_is_not_ahead_with_the_next_request(
    path: str, node: ScriptedNode, start: Start, wire: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though aiohttp's task has yet to learn that the answer is over: on a busy machine that takes a while."""
    node.auto()
    gateway = await start(config(node))
    kept = await wire(gateway)
    come, read = asyncio.Event(), 0
    finish, parse = Connection.finish_response, Connection._parse

    async def finishes_late(self: Connection, request: web.BaseRequest, *rest: Any) -> Any:
        if request.path == CHAT:
            await come.wait()  # all of the answer has been written
            return await finish(self, request, *rest)
        finished = await finish(self, request, *rest)
        await come.wait()
        return finished

    def counted(self: Connection, data: bytes) -> None:
        nonlocal read
        parse(self, data)
        read += len(data)
        if read > MAX_AHEAD:
            come.set()

    monkeypatch.setattr(Connection, "finish_response", finishes_late)
    monkeypatch.setattr(Connection, "_parse", counted)
    await kept.send(REQUEST.replace(CHAT.encode(), path.encode()).replace(b"POST /h", b"GET /h"))
    assert (await kept.answer()).startswith(b"HTTP/1.1 200 ")
    sending = asyncio.create_task(kept.send(LARGE))
    assert (await kept.answer()).startswith(b"HTTP/1.1 200 ")
    await sending


async def test_a_head_without_end_sent_ahead_is_not_waited_for(node: ScriptedNode, start: Start, wire: Connect) -> None:
    gateway = await start(config(node))
    hasty = await wire(gateway)
    await hasty.send(REQUEST)
    received = await node.received()
    await hasty.send(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(100)))
    assert (await gateway.get("/healthz")).status == 200  # by now it has read that
    await received.reply({"ok": 1})
    reply = await hasty.rest()
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b'{"ok":1}')
