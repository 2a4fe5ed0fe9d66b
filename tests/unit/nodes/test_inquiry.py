"""Questions to a node over a real socket: one connection for all where the node keeps it, and hostile replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from llmlb.config.model import NodeConfig
from llmlb.nodes.inquiry import Inquiry, NoAnswer, Unreached
from llmlb.nodes.kinds import Said
from llmlb.testing import eventually

ONE = b'HTTP/1.1 200 OK\r\nServer: s\r\ncontent-length: 7\r\n\r\n{"a":1}'
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Server:
    """Answers each connection as told, by its number, and takes down what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.opened = self.closed = 0
        self.heads: list[str] = []
        self.url = ""
        self._answer = answer

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer, self.opened)
        writer.close()
        self.closed += 1

    async def question(self, reader: asyncio.StreamReader) -> None:
        """Wait for one, to its end."""
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    one = Server(answer)
    async with await asyncio.start_server(one.handle, "127.0.0.1", 0) as server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield one
        await eventually(lambda: one.closed == one.opened, "every connection is over")


def inquiry(server: Server, **settings: str) -> Inquiry:
    return Inquiry(NodeConfig(name="n", url=server.url + settings.pop("prefix", ""), **settings), None)  # type: ignore[arg-type]


async def test_all_questions_go_over_one_connection_which_is_closed_in_the_end() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await server.question(reader)
            writer.write(ONE)

    async with serving(answer) as server:
        with inquiry(server, api_key="sk-node", prefix="/p/v1") as asking:
            assert [await asking.get(path) for path in ("/a", "/b")] == [Said(200, {"a": 1}, "s")] * 2
            assert (server.opened, server.closed) == (1, 0)
    assert [head.split("\r\n")[0] for head in server.heads] == ["GET /p/a HTTP/1.1", "GET /p/b HTTP/1.1"]
    assert f"host: {server.url.removeprefix('http://')}\r\n" in server.heads[0]
    assert "authorization: Bearer sk-node\r\n" in server.heads[0]


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_connection_that_is_not_kept_is_opened_anew_whether_that_is_said_or_not(says_so: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await server.question(reader)
        writer.write(ONE.replace(b"Server: s", b"Connection: close\r\nServer: s") if says_so else ONE)

    async with serving(answer) as server:
        with inquiry(server) as asking:
            for number in range(3):
                assert await asking.get("/a") == Said(200, {"a": 1}, "s")
                await eventually(lambda closed=number + 1: server.closed == closed, "it has hung up")  # type: ignore[misc]
    assert server.opened == 3


async def test_a_kept_connection_that_dies_as_it_is_written_to_is_no_failure() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await server.question(reader)
        writer.write(ONE)
        await server.question(reader)

    async with serving(answer) as server:
        with inquiry(server) as asking:
            assert [await asking.get("/a") for _ in range(3)] == [Said(200, {"a": 1}, "s")] * 3
    assert server.opened == 3


@pytest.mark.parametrize(
    "reply",
    [
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"a":1}',
        b'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"a":1}',
    ],
)
async def test_a_reply_may_be_framed_in_any_way_and_come_byte_by_byte(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await server.question(reader)
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()

    async with serving(answer) as server:
        with inquiry(server) as asking:
            assert await asking.get("/a") == Said(200, {"a": 1})


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "connection closed before a reply"),
        (ONE[:-1], "connection closed in mid-reply"),
        (b"220 smtp ready\r\n", "unreadable reply"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, "unreadable reply"),
    ],
)
async def test_what_is_no_reply_is_an_error_with_a_reason(reply: bytes, why: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await server.question(reader)
        writer.write(reply)

    async with serving(answer) as server:
        with inquiry(server) as asking, pytest.raises(NoAnswer, match=why):
            await asking.get("/a")
    assert server.opened == 1, "it is not asked again: it may have been at work on it"


async def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await server.question(reader)
        writer.write(ONE + (ONE if number == 1 else b""))

    async with serving(answer) as server:
        with inquiry(server) as asking:
            assert await asking.get("/a") == Said(200, {"a": 1}, "s")
            assert await asking.get("/a") == Said(200, {"a": 1}, "s")
    assert server.opened == 2


async def test_where_nobody_listens_the_cause_is_told() -> None:
    async with serving(lambda _reader, _writer, _number: asyncio.sleep(0)) as server:
        pass
    with inquiry(server) as asking, pytest.raises(Unreached) as error:
        await asking.get("/a")
    assert isinstance(error.value.cause, ConnectionRefusedError)


async def test_who_stops_waiting_for_an_answer_hangs_up() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await server.question(reader)
        await reader.read()

    async with serving(answer) as server:
        with inquiry(server) as asking:
            task = asyncio.create_task(asking.get("/a"))
            await eventually(lambda: bool(server.heads), "it was asked")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await eventually(lambda: server.closed == 1, "the connection is closed")
