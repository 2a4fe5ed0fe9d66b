"""Requests made to be misread (H1 to H3): a definite answer each, nothing of them at a node or in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmlb.config.model import KeyConfig
from llmlb.testing import ScriptedNode
from llmlb.web.connection import MAX_HEAD
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import Start

SECRET = "sk-secret"
BODY = b'{"model":"m"}'
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"d\r\n" + BODY + b"\r\n0\r\n\r\n"


def request(
    target: str | bytes = CHAT,
    method: str = "POST",
    *,
    headers: bytes = b"",
    body: bytes = BODY,
    version: str = "HTTP/1.1",
    host: bytes = b"Host: localhost\r\n",
    length: bool = True,
) -> bytes:
    """A request that asks for its connection to be closed."""
    path = target if isinstance(target, bytes) else target.encode()
    head = b"%b %b %b\r\n%bConnection: close\r\n%b" % (method.encode(), path, version.encode(), host, headers)
    if length and method == "POST":
        head += b"Content-Length: %d\r\n" % len(body)
    return head + b"\r\n" + (body if method == "POST" else b"")


async def answer_to(gateway: Bench, data: bytes) -> bytes:
    """All that comes back; every answer must be whole, ours, and an error of the client's if it is one."""
    reply = await gateway.raw(data)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1."), reply[:200]
    assert b"\r\nServer: llmlb" in head
    assert b"\r\nX-Request-Id: " in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert not head.split(b" ")[1].startswith(b"5"), reply[:200]
    return reply


def status(reply: bytes) -> int:
    """The status of an answer."""
    return int(reply.split(b" ", 2)[1])


def said_nothing_of(text: str, lines: list[dict[str, Any]]) -> None:
    """The log is calm and has no byte of the request."""
    assert [line for line in lines if line["level"] in {"error", "critical"}] == []
    assert text not in str(lines)
    assert "Traceback" not in str(lines)


FRAMING = {
    "two lengths": request(headers=b"Content-Length: 12\r\n"),
    "the same length twice": request(headers=b"Content-Length: 13\r\n"),
    "a list of lengths": request(headers=b"Content-Length: 13, 13\r\n", length=False),
    "a length with a sign": request(headers=b"Content-Length: +13\r\n", length=False),
    "a length below zero": request(headers=b"Content-Length: -1\r\n", length=False),
    "a length in hex": request(headers=b"Content-Length: 0xd\r\n", length=False),
    "a length beyond all numbers": request(headers=b"Content-Length: " + b"9" * 40 + b"\r\n", length=False),
    "a blank before the colon": request(headers=b"Content-Length : 13\r\n", length=False),
    "a length and chunks": request(headers=CHUNKED, body=b"0\r\n\r\n"),
    "a length and a coding nobody knows": request(headers=b"Transfer-Encoding: xchunked\r\n"),
    "chunks twice": request(headers=CHUNKED * 2, body=CHUNKS, length=False),
    "chunks of chunks": request(headers=b"Transfer-Encoding: chunked, chunked\r\n", body=CHUNKS, length=False),
    "chunks, then identity": request(
        headers=CHUNKED + b"Transfer-Encoding: identity\r\n", body=CHUNKS, length=False
    ),
    "no coding at all": request(headers=b"Transfer-Encoding: identity\r\n", length=False),
    "a coding after a control": request(headers=b"Transfer-Encoding: \x0bchunked\r\n", body=CHUNKS, length=False),
    "chunks in HTTP/1.0": request(headers=CHUNKED, body=CHUNKS, length=False, version="HTTP/1.0"),
    "a chunk size that is none": request(headers=CHUNKED, body=b"sk-secret\r\n", length=False),
    "a chunk size too large": request(headers=CHUNKED, body=b"f" * 17 + b"\r\n", length=False),
    "a chunk size below zero": request(headers=CHUNKED, body=b"-1\r\n", length=False),
    "a chunk size with 0x": request(headers=CHUNKED, body=b"0x" + CHUNKS, length=False),
    "a chunk longer than its size": request(headers=CHUNKED, body=b"d\r\n" + BODY + b"sk-secret\r\n", length=False),
    "line feeds between chunks": request(headers=CHUNKED, body=CHUNKS.replace(b"\r\n", b"\n"), length=False),
    "a line feed in a chunk extension": request(headers=CHUNKED, body=b"d;sk-secret\n" + CHUNKS[3:], length=False),
}  # fmt: skip

HEADERS = {
    "a folded line": request(headers=b"X-A: b\r\n sk-secret\r\n"),
    "a first line that is folded": request(host=b" Host: localhost\r\n"),
    "a NUL in a value": request(headers=b"X-A: sk-secret\0c\r\n"),
    "a NUL in a name": request(headers=b"sk-secret\0A: b\r\n"),
    "a bare carriage return": request(headers=b"X-A: b\rsk-secret: c\r\n"),
    "a bare line feed": request(headers=b"X-A: b\nsk-secret: c\r\n"),
    "only line feeds": request().replace(b"\r\n", b"\n"),
    "no colon": request(headers=b"sk-secret b\r\n"),
    "no name": request(headers=b": sk-secret\r\n"),
    "a blank in a name": request(headers=b"sk-secret A: b\r\n"),
    "a name that is not ASCII": request(headers=b"sk-secret\xe9: b\r\n"),
    "two hosts": request(headers=b"Host: sk-secret\r\n"),
    "no host": request(host=b""),
    "two content types": request(headers=b"Content-Type: a\r\nContent-Type: b\r\n"),
}  # fmt: skip

TARGETS = {
    "a star": request("*", "GET"),
    "no slash": request("v1/models", "GET"),
    "only a query": request("?sk-secret", "GET"),
    "bytes": request(b"/\xff\xfe", "GET"),
    "a script": request("javascript:alert(1)", "GET"),
    "half an address": request("http://[::1/v1/models", "GET"),
    "an impossible port": request("http://a:99999999/v1/models", "GET"),
    "a blank": request("/v1/models/a b", "GET"),
    "nothing": b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
}

PROTOCOLS = {
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": request(version="HTTP/1.2"),
    "HTTP/1.10": request(version="HTTP/1.10"),
    "HTTP/2.0 in words": request(version="HTTP/2.0"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\x17" * 160,
    "SSH": b"SSH-2.0-OpenSSH_9.7\r\n",
    "SOCKS": b"\x05\x01\x00",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "a method in small letters": request(method="post"),
    "a method nobody knows": request(method="FOO"),
    "zeros": b"\0" * 1000,
    "every byte": bytes(range(256)) * 4,
    "an old WebSocket": request("/", "GET", headers=b"Upgrade: websocket\r\nSec-WebSocket-Key1: 3\r\n"),
}


@pytest.mark.parametrize("data", [*FRAMING.values()], ids=[*FRAMING])
async def test_framing_that_could_be_read_in_two_ways_is_400(
    data: bytes, node: ScriptedNode, start: Start, log: Any
) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, data)) == 400
    assert node.seen == []
    said_nothing_of(SECRET, log())


@pytest.mark.parametrize("data", [*HEADERS.values()], ids=[*HEADERS])
async def test_headers_that_could_be_read_in_two_ways_are_400(
    data: bytes, node: ScriptedNode, start: Start, log: Any
) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, data)) == 400
    assert node.seen == []
    said_nothing_of(SECRET, log())


@pytest.mark.parametrize("data", [*TARGETS.values()], ids=[*TARGETS])
async def test_a_target_that_is_no_path_is_400(data: bytes, node: ScriptedNode, start: Start, log: Any) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, data)) == 400
    said_nothing_of(SECRET, log())


@pytest.mark.parametrize("data", [*PROTOCOLS.values()], ids=[*PROTOCOLS])
async def test_what_is_not_http_1_is_400(data: bytes, node: ScriptedNode, start: Start, log: Any) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, data)) == 400
    assert node.seen == []
    said_nothing_of(SECRET, log())


@pytest.mark.parametrize(
    "data",
    [
        request(headers=CHUNKED, body=b"d;a=b;c=\"x\"\r\n" + CHUNKS[3:], length=False),
        request(headers=CHUNKED, body=CHUNKS[:-2] + b"X-Api-Key: other\r\nHost: other\r\n\r\n", length=False),
        request(headers=b"User-Agent: \xff\xfe\r\nX-A: \x80\r\n"),
        request(headers=b"Upgrade: websocket\r\n"),
        request(headers=b"Expect: \xff\r\n"),
        b"\r\n" * 100 + request(),
        request("http://localhost" + CHAT),
        request(host=b"Host: \r\n"),
        request(host=b"", version="HTTP/1.0"),
    ],
    ids=[
        "chunk extensions", "trailers", "bytes in headers", "an upgrade to WebSocket", "an expectation of bytes",
        "empty lines before", "an absolute target", "an empty host", "no host in HTTP/1.0",
    ],
)  # fmt: skip
async def test_what_is_odd_but_clear_is_served(data: bytes, node: ScriptedNode, start: Start, log: Any) -> None:
    node.auto()
    gateway = await start(config(node))
    assert status(await answer_to(gateway, data)) == 200
    (received,) = node.seen
    assert received.body == BODY
    assert received.header("x-api-key") is None
    said_nothing_of(SECRET, log())


async def test_a_request_may_come_byte_by_byte(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    for byte in request(headers=CHUNKED, body=CHUNKS, length=False):
        writer.write(bytes((byte,)))
        await asyncio.sleep(0)
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert [received.body for received in node.seen] == [BODY]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
async def test_only_a_post_reaches_a_node(method: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert status(await gateway.raw(request(method=method))) == 405
    assert node.seen == []


@pytest.mark.parametrize(
    ("method", "target"),
    [("CONNECT", "evil.example:443"), ("CONNECT", CHAT), ("OPTIONS", "*"), ("GET", "http://evil.example/x")],
)
async def test_it_is_no_proxy(method: str, target: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, request(target, method))) == 404
    assert node.seen == []


SPELLINGS = [
    "/v1//chat/completions", "//v1/chat/completions", "/v1/./chat/completions", "/v1/x/../chat/completions",
    "/v1/chat/completions/", "/V1/chat/completions", "/v1/chat%2fcompletions", "/v1%2fchat/completions",
    "/v1/chat/completions;x", "/v1/chat/completions%00", "/v1/chat/completions%20", "/%2e/v1/chat/completions",
    "/v1%2f..%2fapi/pull", "/api/pull", "/api/generate", "/api/tags", "/v1/../api/pull", "/models", "/v1",
    "\\v1\\chat\\completions", "http://localhost//v1/chat/completions",
]  # fmt: skip


async def test_no_other_spelling_of_a_path_reaches_a_node_or_passes_the_key(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="right"),)))
    for target in SPELLINGS:
        for headers in (b"", b"Authorization: Bearer right\r\n"):
            reply = await gateway.raw(request(target, headers=headers))
            assert status(reply) in {400, 404, 405}, target
    assert node.seen == []


async def test_an_escaped_letter_is_the_same_path_behind_the_same_key(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="right"),)))
    for target, method in (("/v1/%63hat/completions", "POST"), ("/v1/model%73", "GET"), ("/api/queue/stat%73", "GET")):
        assert status(await gateway.raw(request(target, method))) == 401
        assert status(await gateway.raw(request(target, method, headers=b"x-api-key: right\r\n"))) == 200
    assert [received.path for received in node.seen] == [CHAT]


BEHIND_THE_KEY = [
    CHAT, "/v1/models", "/v1/models/m", "/api/queue/stats", "http://localhost/v1/models", CHAT + "?api_key=right",
    "/v1/models?key=right", "/v1/models#right", "/v1/models/../models",
]  # fmt: skip
FORGERIES = [
    b"", b"X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n", b"X-Original-URL: /healthz\r\n",
    b"X-Forwarded-Host: localhost\r\nForwarded: for=127.0.0.1;host=localhost\r\n", b"Cookie: key=right\r\n",
    b"Authorization: Bearer wrong\r\nAuthorization: Bearer right\r\n", b"X-HTTP-Method-Override: OPTIONS\r\n",
    b"Authorization: Bearer right,Bearer wrong\r\n", b"X-Rewrite-URL: /healthz\r\nX-User-ID: a\r\n",
]  # fmt: skip


async def test_no_header_but_the_keys_opens_what_needs_one(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="right"),)))
    for target in BEHIND_THE_KEY:
        for headers in FORGERIES:
            reply = await gateway.raw(request(target, "POST" if CHAT in target else "GET", headers=headers))
            assert status(reply) == 401, (target, headers)
    assert node.seen == []


async def test_a_client_cannot_name_itself_another(node: ScriptedNode, start: Start, log: Any) -> None:
    """Trap 18: the flow comes from the key alone."""
    node.auto()
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="A"), KeyConfig(name="b", key="B"))))
    spoofed = {"X-User-ID": "b", "X-Forwarded-User": "b", "OpenAI-Organization": "b", "From": "b"}
    assert (await gateway.post(key="A", headers=spoofed, json={"model": "m", "user": "b"})).status == 200
    (line,) = [line for line in log() if line["event"] == "request"]
    assert line["key"] == "a"


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"y" * 9000 + b"\r\n",
        b"y" * 9000 + b": x\r\n",
        b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(100)),
        b"X: " + b"y" * 10_000_000 + b"\r\n",
        b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(68)),
    ],
    ids=["a long value", "a long name", "long lines", "10 MB", "in all just too long"],
)
async def test_a_head_that_is_too_long_is_431_although_it_is_still_sent(
    headers: bytes, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    assert status(await answer_to(gateway, request(headers=headers))) == 431
    assert status(await answer_to(gateway, request("/" + "a" * 9000, "GET"))) == 431


async def test_more_headers_than_anyone_has_are_400(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    many = b"".join(b"X-%d: y\r\n" % n for n in range(5000))
    assert status(await answer_to(gateway, request(headers=many))) == 400


async def test_a_head_that_does_not_end_is_cut_at_its_limit(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    for endless in (b"\r\n" * MAX_HEAD, request()[:-20] + b"".join(b"A%d: b\r\n" % n for n in range(20_000))):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(endless)
        assert status(await asyncio.wait_for(reader.read(), 5)) in {400, 431}
        writer.close()


async def test_a_long_head_among_pipelined_requests_is_refused_in_its_turn(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    plain = request().replace(b"Connection: close\r\n", b"")
    long = request(headers=b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(9)))
    reply = await gateway.raw(plain + long)
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.count(b"HTTP/1.") == 1  # what follows is not listened to
    assert len(node.seen) == 1


@pytest.mark.parametrize(
    "behind",
    [
        request(headers=CHUNKED, body=CHUNKS, length=False, version="HTTP/1.0"),
        request(headers=b"".join(b"X-%d: %b\r\n" % (n, b"y" * 8000) for n in range(9))),
    ],
    ids=["framing", "a long head"],
)
async def test_nor_is_it_let_pass_behind_a_request_to_upgrade(behind: bytes, node: ScriptedNode, start: Start) -> None:
    """aiohttp reads what is behind one only when that has been answered."""
    node.auto()
    gateway = await start(config(node))
    upgrade = request(headers=b"Upgrade: websocket\r\n").replace(b"Connection: close", b"Connection: upgrade")
    reply = await gateway.raw(upgrade + behind)
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.count(b"HTTP/1.") == 1
    assert len(node.seen) == 1


@pytest.mark.parametrize("behind", [b"1;" + b"x" * 500_000, b"0\r\n" + b"X: y\r\n" * 100_000, b"zz"], ids=range(3))
async def test_what_came_of_a_body_is_never_taken_for_the_whole(
    behind: bytes, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request(headers=CHUNKED, body=b"d\r\n" + BODY + b"\r\n", length=False))
    await asyncio.sleep(0)
    writer.write(behind)
    assert status(await asyncio.wait_for(reader.read(), 5)) == 400
    writer.close()
    assert node.seen == []
    assert gateway.gateway.bodies.held == 0


async def test_a_large_body_sent_ahead_is_never_taken_for_the_whole(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    plain = request().replace(b"Connection: close\r\n", b"")
    writer.write(plain)
    received = await node.received()
    writer.write(plain.replace(b": 13", b": 300000") + b" " * 299_987)
    assert (await gateway.get("/healthz")).status == 200  # by now it has read that
    node.auto()
    await received.reply({"ok": 1})
    assert (await asyncio.wait_for(reader.read(), 5)).count(b"HTTP/1.1 ") == 1
    writer.close()
    assert len(node.seen) == 1
