"""The same requests, in whichever pieces and by whichever way: the same answers, and the same requests at the node."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack

import attrs
import pytest
import structlog
from hypothesis import event, given, settings
from hypothesis import strategies as st

from llmlb.config.model import KeyConfig, Log, Server, Upstream
from llmlb.telemetry import logs
from llmlb.testing import ScriptedNode, settle
from llmlb.testing.waiting import within
from llmlb.wire.endpoints import ENDPOINTS
from tests.integration.bench import Bench, bench, config
from tests.property.test_request_fuzz import bodies, jsons

OURS = re.compile(r"[0-9a-f]{32}")
OFTEN = settings(max_examples=4 * settings().max_examples)
PASSED = frozenset({"x-extra"})

Headers = list[tuple[str, str]]


@attrs.frozen
class Told:
    """What is said at one end or the other, but for what is another each time."""

    line: str
    headers: Headers
    body: bytes


CLOSED = Told("the connection was closed", [], b"")


@attrs.frozen
class Target:
    """A gateway that lives through all the examples of this file."""

    runner: asyncio.Runner
    gateway: Bench
    node: ScriptedNode


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    logs.configure(Log(level="error"))
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        node, gateway = runner.run(begin(stack))
        yield Target(runner, gateway, node)
        runner.run(stack.aclose())
    structlog.reset_defaults()


async def begin(stack: AsyncExitStack) -> tuple[ScriptedNode, Bench]:
    node = await stack.enter_async_context(ScriptedNode())
    node.auto()
    server = Server(locale="en", cors_origins=("https://chat.example",))
    made = config(
        node, server=server, keys=(KeyConfig(name="a", key="right"),), upstream=Upstream(pass_headers=tuple(PASSED))
    )
    gateway = await stack.enter_async_context(bench(made))

    async def all_is_given_back() -> None:
        await gateway.quiet()
        assert gateway.gateway.bodies.held == 0

    stack.push_async_callback(all_is_given_back)
    return node, gateway


async def read_answer(reader: asyncio.StreamReader) -> Told:
    head = "HTTP/1.1 100 "
    while head.startswith("HTTP/1.1 100 "):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head[:-4].split("\r\n")
    headers = told([(name, value) for name, _, value in (field.partition(": ") for field in fields)])
    said = {name.lower(): value for name, value in headers}
    body = b""
    if "content-length" in said:
        body = await reader.readexactly(int(said["content-length"]))
    else:
        assert said["transfer-encoding"] == "chunked"
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        assert await reader.readline() == b"\r\n"
    return Told(line, headers, body)


def told(headers: Headers) -> Headers:
    """Without the time; an id that we have given is as good as another."""
    some = [(name, value) for name, value in headers if name.lower() != "date"]
    return [
        (name, OURS.sub("ours", value)) if name.lower() == "x-request-id" else (name, value) for name, value in some
    ]


async def talk(target: Target, requests: list[list[bytes]]) -> tuple[list[Told], list[Told]]:
    """Send these on one connection, each in its pieces when all before are answered. What was told there and here.

    A piece that is empty lets a request begin while the one before is being answered.
    """
    before = len(target.node.seen)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.gateway.port)
    answers: list[Told] = []

    async def read_until(count: int) -> None:
        while len(answers) < count:
            answers.append(await read_answer(reader))

    try:
        for number, pieces in enumerate(requests):
            if pieces[0]:
                await read_until(number)
            for piece in pieces:
                writer.write(piece)
                await settle(3)
        await read_until(len(requests))
    except (asyncio.IncompleteReadError, ConnectionError):
        answers.append(CLOSED)
    finally:
        writer.transport.abort()
    seen = [Told(f"{one.method} {one.path}", told(one.headers), one.body) for one in target.node.seen[before:]]
    return answers, seen


def talked(target: Target, requests: list[list[bytes]]) -> tuple[list[Told], list[Told]]:
    return target.runner.run(within(20, talk(target, requests), lambda: f"answers to {requests!r}"))


@attrs.frozen
class Asked:
    """A request for the queue."""

    path: str
    headers: Headers
    body: bytes

    def wire(self, behind: str = "") -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = f"POST {self.path}{behind} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("latin-1") + self.body

    def pieces(self, cuts: list[int]) -> list[bytes]:
        """It, cut in these places; the end of its head is one of them where a number says so."""
        data = self.wire()
        head = len(data) - len(self.body)
        edges = sorted({head if cut % 7 == 0 else cut % len(data) for cut in cuts} - {0})
        return [data[start:end] for start, end in zip([0, *edges], [*edges, len(data)], strict=True)]


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)
keys = st.sampled_from([("Authorization", "Bearer right")] * 6 + [("x-api-key", "right"), ("x-api-key", "wrong")])
odd = st.sampled_from([
    ("Content-Type", "application/json"), ("Content-Type", "multipart/form-data; boundary=b"), ("Accept", "*/*"),
    ("Accept-Language", "ja"), ("Accept-Language", "de, ja;q=0.5"), ("User-Agent", "some"), ("Cookie", "a=b"),
    ("Origin", "https://chat.example"), ("Origin", "https://other.example"), ("Connection", "keep-alive"),
    ("Content-Encoding", "identity"), ("Content-Encoding", "gzip"), ("X-Request-Id", "mine"), ("X-Request-Id", "no no"),
    ("traceparent", "00-a"), ("Expect", "100-continue"), ("TE", "trailers"), ("X-Extra", "a"), ("X-Extra", "b"),
    ("X-Extra", "\xe9"), ("Accept", "a\tb"), ("Date", "now"),
])  # fmt: skip
headers = st.lists(odd | st.tuples(st.sampled_from(["OpenAI-X", "Anthropic-Y", "X-Extra", "Z"]), texts), max_size=5)
streams = jsons.map(lambda value: json.dumps({"model": "m", "stream": True, "x": value}).encode())
asked = st.builds(
    lambda path, key, more, body: Asked(path, [key, *more], body),
    st.sampled_from([endpoint.path for endpoint in ENDPOINTS] + ["/v1/chat/completions"] * 5),
    keys,
    headers,
    st.just(b'{"model":"m"}') | bodies | streams,
)
conversations = st.lists(asked, min_size=1, max_size=3)
cuts = st.lists(st.integers(0, 700), max_size=4)


@OFTEN
@given(
    conversations,
    st.sampled_from(["#by-hand", "?beta=true", "?a#b", "?"]),
    st.lists(cuts, min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_neither_the_way_nor_the_pieces_can_be_told(
    target: Target, requests: list[Asked], behind: str, places: list[list[int]], ahead: list[bool]
) -> None:
    whole = talked(target, [[one.wire()] for one in requests])
    event(f"first answer: {whole[0][0].line}")
    assert talked(target, [[one.wire(behind)] for one in requests]) == whole
    pieces = [one.pieces(at) for one, at in zip(requests, places, strict=False)]
    assert talked(target, pieces) == whole
    sent_ahead = [[b"", *some] if early else some for some, early in zip(pieces, ahead, strict=False)]
    assert talked(target, sent_ahead) == whole
