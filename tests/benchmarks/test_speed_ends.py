"""Both ends of the wire count right: what a node has to do and when, and what became of requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from benchmarks.speed.framing import Messages
from benchmarks.speed.load import Asked, Got, Load, request
from benchmarks.speed.node import Post, Serving, Ways, done
from llmlb.testing import eventually

ASK = request(300, "sk-0")
WARMUP_SECS, SECS = 0.05, 0.1
PROBE = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"


class Node:
    """One node, with connections that keep what was written."""

    def __init__(self) -> None:
        self.post, self.ways = Post(), Ways()
        self.held: set[Serving] = set()

    def connection(self) -> tuple[Serving, Mock]:
        serving, transport = Serving(self.post, self.ways, self.held), Mock(asyncio.Transport)
        transport.is_closing.return_value = False
        serving.connection_made(transport)
        return serving, transport

    def tell(self, **command: object) -> dict[str, float]:
        told: dict[str, float] = done(dict(command), [self.post], self.ways, self.held, [0.0])
        return told


def written(transport: Mock) -> bytes:
    return b"".join(call.args[0] for call in transport.write.call_args_list)


def test_a_gap_goes_from_a_reply_to_the_next_request_on_any_connection() -> None:
    node = Node()
    (one, wire), (other, _) = node.connection(), node.connection()
    one.data_received(ASK)
    assert written(wire).startswith(b"HTTP/1.1 200 OK\r\n")
    assert node.post.gaps == []  # nothing was before it
    other.data_received(PROBE)
    assert node.post.gaps == []  # which is no request
    other.data_received(ASK[:20])
    assert len(node.post.gaps) == 1
    other.data_received(ASK[20:])
    assert len(node.post.gaps) == 1
    told = node.tell(do="look")
    assert (told["served"], told["most"], told["probed"]) == (2, 1, 1)


def test_a_node_that_is_held_answers_when_it_is_let_go() -> None:
    node = Node()
    node.ways.service = None
    (one, wire), (other, wire_of_other) = node.connection(), node.connection()
    one.data_received(ASK)
    other.data_received(ASK)
    assert written(wire) == b""
    other.connection_lost(None)
    assert node.post.now == 1
    told = node.tell(do="set", ways={"service": 0.0})
    assert (told["served"], told["most"]) == (1, 2)
    assert written(wire).endswith(b"}")
    assert written(wire_of_other) == b""


async def test_a_stream_flat_out_stops_while_it_is_not_taken() -> None:
    node = Node()
    node.ways.chunks = 3
    serving, wire = node.connection()
    serving.pause_writing()
    serving.data_received(ASK)
    assert written(wire).count(b"data:") == 0
    serving.resume_writing()
    assert written(wire).count(b'"sent":') == 3
    assert written(wire).endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert node.post.served == 1


async def test_streams_are_paced_and_end() -> None:
    node = Node()
    node.ways.chunks, node.ways.every = 3, 0.001
    serving, wire = node.connection()
    serving.data_received(ASK)
    await eventually(lambda: not node.post.now, "the stream is over")
    assert written(wire).count(b'"sent":') == 3


class Server(Messages):
    """Answers each request with these bytes, and hangs up if told to."""

    def __init__(self, answer: bytes, closes: bool) -> None:
        super().__init__()
        self._answer = answer
        self._closes = closes

    def over(self) -> None:
        self.transport.write(self._answer)
        if self._closes:
            self.transport.close()


class Late(Server):
    """Like it, but it takes its time."""

    def over(self) -> None:
        asyncio.get_running_loop().call_later(2 * (WARMUP_SECS + SECS), super().over)


async def put_on(server: Callable[[], Messages], *, stream: bool = False, expect: int = 200) -> Got:
    """A little load on such a server."""
    connected: set[Messages] = set()

    def accepted() -> Messages:
        one = server()
        lost = one.connection_lost

        def gone(exc: Exception | None) -> None:
            lost(exc)
            connected.discard(one)

        one.connection_lost = gone  # type: ignore[method-assign]
        connected.add(one)
        return one

    async with await asyncio.get_running_loop().create_server(accepted, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        got = await Load(
            Asked(port=port, connections=2, secs=SECS, warmup=WARMUP_SECS, stream=stream, expect=expect)
        ).run()
        await eventually(lambda: not connected, "all have left")
    return got


def answer(status: bytes, body: bytes = b"{}", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, size, body)


@pytest.mark.parametrize(
    ("sent", "closes", "error"),
    [
        (answer(b"500 Internal Server Error"), False, "500"),
        (answer(b"200 OK", length=9), True, "lost"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", True, "unreadable"),
    ],
)
async def test_whatever_is_no_whole_answer_is_an_error(sent: bytes, closes: bool, error: str) -> None:
    got = await put_on(lambda: Server(sent, closes))
    assert set(got.errors) == {error}
    assert got.requests == 0


async def test_answers_are_counted_with_their_latencies() -> None:
    got = await put_on(lambda: Server(answer(b"200 OK"), False))
    assert got.errors == {}
    assert got.requests > 0
    assert 0 < got.latency["p50"] <= got.latency["p99"] < (WARMUP_SECS + got.secs) * 1000


async def test_refusals_are_what_is_asked_for_when_they_are() -> None:
    got = await put_on(lambda: Server(answer(b"429 Too Many Requests"), False), expect=429)
    assert got.errors == {}
    assert got.requests > 0


async def test_what_has_no_answer_yet_is_measured_until_it_has() -> None:
    got = await put_on(lambda: Late(answer(b"200 OK"), False))
    assert got.requests > 0
    assert got.secs > SECS


async def test_the_events_of_a_stream_are_counted_however_they_come() -> None:
    node = Node()
    node.ways.chunks = 5
    got = await put_on(lambda: Serving(node.post, node.ways, node.held), stream=True)
    assert got.errors == {}
    assert got.chunks >= got.requests * 5 - 10 > 0
    assert 0 < got.delay["p50"] < (WARMUP_SECS + got.secs) * 1000


def test_a_request_says_who_asks_and_whether_for_a_stream() -> None:
    head, _, body = request(300, "sk-7", stream=True).partition(b"\r\n\r\n")
    assert b"Authorization: Bearer sk-7\r\n" in head
    assert json.loads(body)["stream"] is True


def test_a_connection_keeps_its_key_unless_there_are_more_keys_than_connections() -> None:
    load = Load(Asked(port=1, connections=4, secs=1.0, keys=["sk-0", "sk-1"]))
    assert [b"sk-1" in load.next(place) for place in (0, 1, 1, 0, 3)] == [False, True, True, False, True]
    load = Load(Asked(port=1, connections=1, secs=1.0, keys=["sk-0", "sk-1"]))
    assert [b"sk-1" in load.next(0) for _ in range(3)] == [False, True, False]
