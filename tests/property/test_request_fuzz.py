"""Whatever a client sends: a definite answer or a close, never an error of ours, and no byte of it in the log."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack

import attrs
import pytest
import structlog
from hypothesis import event, given, settings
from hypothesis import strategies as st

from llmlb.config.model import KeyConfig, Log, Server
from llmlb.telemetry import logs
from llmlb.testing import ScriptedNode
from llmlb.wire.endpoints import ENDPOINTS
from tests.integration.bench import Bench, bench, config

MARK = "Zq9~mark"
"""In every header and body that is made up, so that it can be looked for in the log."""
BODY_LIMIT = 50_000
PADDING = b"y" * 200_000
"""More than any head or body may have: whatever a request has left open is brought to an end by this."""
OFTEN = settings(max_examples=4 * settings().max_examples)
"""An example takes a few milliseconds."""
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n(?:[!-~]+: [^\r\n]*\r\n)*\r\n")


@attrs.frozen
class Target:
    """A gateway that lives through all the examples of this file."""

    runner: asyncio.Runner
    gateway: Bench
    said: io.StringIO


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    said = io.StringIO()
    logs.configure(Log(format="json", level="debug"), stream=said)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Target(runner, runner.run(begin(stack)), said)
        runner.run(stack.aclose())
    structlog.reset_defaults()


async def begin(stack: AsyncExitStack) -> Bench:
    """A gateway and its node, which live as long as the stack; then all must be as if nothing had been."""
    server = Server(locale="en", body_limit=BODY_LIMIT, cors_origins=("https://chat.example",))
    node = await stack.enter_async_context(ScriptedNode())
    node.auto()
    keys = (KeyConfig(name="a", key="right"),)
    one = await stack.enter_async_context(bench(config(node, server=server, keys=keys)))

    async def as_before() -> None:
        await one.quiet()
        assert one.gateway.bodies.held == 0
        assert (await one.post(key="right")).status == 200

    stack.push_async_callback(as_before)
    return one


async def exchange(gateway: Bench, pieces: list[bytes]) -> bytes | None:
    """What is answered, by the time that nothing more comes. None: cut off, because it sends behind the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if not (got := await read(reader, 0.03)):
            writer.write(PADDING)
            got = await read(reader, 5)
        return got
    except ConnectionError:
        return None
    finally:
        writer.transport.abort()


async def read(reader: asyncio.StreamReader, patience: float) -> bytes:
    """What comes, the first of it within so many seconds; when it stops coming, that was all."""
    got = b""
    try:
        while part := await asyncio.wait_for(reader.read(65536), patience):
            got += part
            patience = 0.01
    except TimeoutError:
        pass
    return got


def check(target: Target, pieces: list[bytes]) -> str:
    """Send it. What the first answer was."""
    target.said.seek(0)
    target.said.truncate()
    got = target.runner.run(exchange(target.gateway, pieces))
    statuses = [int(found) for found in STATUS.findall(got or b"")]
    if got is not None:
        assert statuses, f"no answer, but {got[:100]!r}"
        assert got.startswith(b"HTTP/1.")
        assert not [status for status in statuses if status >= 500], got[:500]
    logs.flush()
    said = target.said.getvalue()
    assert "Traceback" not in said
    assert not re.search(r'"level":"(error|critical)"', said), said
    assert MARK not in said
    for line in said.splitlines():
        json.loads(line)
    return f"first answer: {statuses[0] if statuses else 'cut off'}"


ours = [endpoint.path for endpoint in ENDPOINTS] + ["/", "/v1/models", "/v1/models/m", "/api/queue/stats", "/metrics"]
texts = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
paths = st.sampled_from(ours) | st.sampled_from(
    ["*", "", "//", "/v1/", "/healthz", "/static/main.js", "/v1/models/%ff"]
)
targets = st.builds(
    lambda base, path, more: base + path + more,
    st.sampled_from([""] * 9 + ["http://localhost", "http://[", "ftp://x", "x:"]),
    paths,
    st.sampled_from(["", "?lang=ja", "?lang=" + MARK, "#x", "/..", "%2e", ";a", "?" + "a" * 9000])
    | texts.map("?".__add__),
)
methods = st.sampled_from(
    ["POST"] * 5 + ["GET", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PUT", "post", "PRI", "M-SEARCH"]
)
versions = st.sampled_from(["HTTP/1.1"] * 12 + ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "http/1.1", ""])
names = st.sampled_from([
    "Accept-Language", "Accept", "Expect", "Connection", "Upgrade", "Content-Encoding", "X-Request-Id", "TE",
    "Access-Control-Request-Method", "Access-Control-Request-Headers", "Cookie", "Range", "If-None-Match", "Trailer",
    "Content-Type", "User-Agent", "OpenAI-X", "traceparent", "X-Forwarded-For", "Sec-WebSocket-Key1", "X-Api-Key",
    "If-Modified-Since", "Authorization", "Date", "Forwarded", "Origin",
])  # fmt: skip
values = st.sampled_from([
    "ja;q=nan", "en;q=1e999,*;q=-1", ",;=,", "100-continue", "upgrade, close", "websocket", "h2c", "gzip", "br, gzip",
    "https://chat.example", "POST", "identity", "*", 'W/"x"', "multipart/form-data", "multipart/form-data; boundary=b",
    'multipart/form-data; boundary="', "text/html; charset=\xff", "localhost", "[::1", "evil.example", "Bearer wrong",
    "Bearer", "bytes=0-1", "keep-alive", "x" * 8100, "Basic \xff", "",
]) | texts.map(MARK.__add__)  # fmt: skip
hosts = st.sampled_from(["localhost"] * 9 + ["", "evil.example", "[::1]:80", "\xff", "a:b:c", "localhost, evil"])
headers = st.lists(st.tuples(names, values), max_size=5)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "stream", "x", ""]), inner),
    max_leaves=8,
)
calls = st.fixed_dictionaries(
    {"model": st.sampled_from(["m"]) | jsons, "prompt": st.just(MARK)}, optional={"stream": st.booleans() | jsons}
)
parts = st.sampled_from([
    b"--b", b"\r\n", b"--", b'Content-Disposition: form-data; name="model"', b"\r\n\r\n", b"m", b"--b--", b"\n", b'"',
    b'Content-Disposition: form-data; name=model; filename*=utf-8\'\'x', b'name="stream"', b"true", b"\xff", b"--b\r\n",
])  # fmt: skip
bodies = (
    calls.map(lambda value: json.dumps(value | {"model": "m", "stream": False}).encode())
    | calls.map(lambda value: json.dumps(value).encode())
    | jsons.map(lambda value: json.dumps(value).encode())
    | st.lists(parts, max_size=12).map(b"".join)
    | st.binary(max_size=50)
    | st.sampled_from(
        [b"[" * 3_000, b'{"model":"m","x":' + b"9" * 5000 + b"}", b'{"model":"\\ud800"}', b"\xef\xbb\xbf{}"]
    )
)


def chunked(body: bytes) -> bytes:
    """The body in two chunks."""
    half = len(body) // 2
    pieces = [piece for piece in (body[:half], body[half:]) if piece]
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


right = st.sampled_from(
    [
        lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        lambda body: b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
    ]
)
framings = right | right | st.sampled_from([
    lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body) + 7, body),
    lambda body: b"Content-Length: %d\r\n\r\n%b" % (max(0, len(body) - 3), body),
    lambda body: b"Content-Length: 99999999\r\n\r\n" + body,
    lambda body: b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + chunked(body),
    lambda body: b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body)[:-3],
    lambda body: b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(body),
    lambda body: b"Transfer-Encoding: chunked\r\n\r\nfffff;" + body,
    lambda body: b"\r\n" + body,
])  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that is right in most of its parts."""
    lines = [f"{draw(methods)} {draw(targets)} {draw(versions)}", f"Host: {draw(hosts)}", "Authorization: Bearer right"]
    lines = lines[: draw(st.sampled_from([3, 3, 3, 3, 2, 1]))]
    lines += [f"{name}: {value}" for name, value in draw(headers)]
    head = "".join(line + "\r\n" for line in lines).encode("latin-1")
    return head + bytes(draw(framings)(draw(bodies)))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One or two requests, with some bytes replaced, left out or added."""
    data = bytearray(b"".join(draw(st.lists(requests(), min_size=1, max_size=2))))
    dirt = st.sampled_from(
        [b"", b"\0", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"\xff", b"\r\n ", b"%", b"/", b"\x80"]
    )
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(dirt)
    return bytes(data)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """The same bytes in as many pieces as there are cuts, and one."""
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


pieces_at = st.lists(st.integers(0, 600), max_size=4)


@OFTEN
@given(requests(), pieces_at)
def test_any_request_that_is_nearly_right_is_answered(target: Target, data: bytes, cuts: list[int]) -> None:
    event(check(target, split(data, cuts)))


@OFTEN
@given(mutated(), pieces_at)
def test_any_request_with_bytes_changed_is_answered(target: Target, data: bytes, cuts: list[int]) -> None:
    check(target, split(data, cuts))


@OFTEN
@given(st.binary(max_size=300), pieces_at)
def test_any_bytes_are_answered(target: Target, data: bytes, cuts: list[int]) -> None:
    check(target, split(data, cuts))


@OFTEN
@given(st.sampled_from([endpoint.path for endpoint in ENDPOINTS]), bodies, values)
def test_any_body_is_answered_on_every_route(target: Target, path: str, body: bytes, content_type: str) -> None:
    kind = content_type.encode("latin-1")
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: right\r\n" % path.encode()
    event(check(target, [head + b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body]))


def test_the_examples_reach_the_node_and_are_refused_too(target: Target) -> None:
    """A fuzz that is always turned away at the door would find nothing behind it."""
    before = target.gateway.outcomes().get("served", 0)
    test_any_body_is_answered_on_every_route(target)  # anew: the tests of this file may run in different processes
    outcomes = target.gateway.outcomes()
    assert outcomes.get("served", 0) - before >= OFTEN.max_examples // 10, outcomes
    assert set(outcomes) <= {"served", "cancelled", "failed"}
