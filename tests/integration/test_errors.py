"""Errors in OpenAI's shape, in both languages (A3), and the bodies that earn them (H2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from llmlb.config.model import KeyConfig, NodeConfig, Queue, Server, Upstream
from llmlb.messages import TEXTS
from llmlb.testing import ManualClock, ScriptedNode, eventually
from llmlb.web import body as web_body
from llmlb.web import reception
from llmlb.web.pieces import Pieces
from tests.integration.bench import CHAT, Answer, config
from tests.integration.conftest import NewNode, Start

OURS, SERVERS = "invalid_request_error", "server_error"


def shape(answer: Answer) -> tuple[int, str, str | None]:
    """Status, type and code of an error, whose whole shape is checked on the way."""
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json) == {"error"}
    assert isinstance(answer.error["message"], str)
    if answer.error["type"] in {OURS, SERVERS}:
        assert set(answer.error) == {"message", "type", "param", "code"}
    return answer.status, answer.error["type"], answer.error["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"model":"m"} trailing',
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b"{}",
        b'{"model":null}',
        b'{"model":""}',
        b'{"model":7}',
        b'{"model":["m"]}',
        b'{"model":"m","stream":"yes"}',
        b'{"model":"m","x":"\xff"}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"model":"m"}',
        b'{"model":"\\ud800"}',
        b'{"model":"m","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
    ids=range(20),
)
async def test_a_malformed_body_is_400_and_says_what_is_wrong(body: bytes, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answer = await gateway.post(data=body)
    assert shape(answer) == (400, OURS, None)
    assert answer.error["message"] != TEXTS["malformed"]["en"]  # it says more than that
    assert "x-should-retry" not in answer.headers
    assert node.seen == []


@pytest.mark.parametrize("number", [b"1e999999", b"-1E-999999", b"1" * 5000, b"0." + b"1" * 5000])
async def test_a_huge_number_is_never_a_server_error(number: bytes, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    body = b'{"model":"m","n":' + number + b"}"
    assert (await gateway.post(data=body)).status in {200, 400}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"--b--"), ("multipart/form-data", b"--b--"), ("multipart/form-data; boundary=b", b"junk")],
)
async def test_a_form_that_is_none_is_400(content_type: str, body: bytes, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answer = await gateway.post("/v1/images/edits", data=body, headers={"Content-Type": content_type})
    assert shape(answer) == (400, OURS, None)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_the_content_type_of_json_is_not_checked(content_type: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(data=b'{"model":"m"}', headers={"Content-Type": content_type})).status == 200


async def test_a_wrong_key_is_401(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="A"),)))
    answer = await gateway.post(key="wrong")
    assert shape(answer) == (401, OURS, "invalid_api_key")


async def test_an_unknown_model_is_404_and_quoted_in_part_only(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answer = await gateway.post(json={"model": "q" * 5000})
    assert shape(answer) == (404, OURS, "model_not_found")
    assert "q" * 100 + "'" in answer.error["message"]
    assert "q" * 101 not in answer.error["message"]


@pytest.mark.parametrize("model", ["\ud800", "<script>", 'a"b\\', "\x00\n", "日本"])
async def test_an_odd_name_of_a_model_is_quoted_in_sound_json(model: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answer = await gateway.post(json={"model": model})
    assert answer.status in {400, 404}  # half a character is no text
    assert isinstance(answer.error["message"], str)


async def test_an_unknown_path_is_404(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert shape(await gateway.post("/v1/foo")) == (404, OURS, "unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", CHAT, "POST"), ("DELETE", "/v1/models/m", "GET, HEAD"), ("PUT", "/v1/messages", "POST")],
)
async def test_a_wrong_method_is_405_and_told_the_right_one(
    method: str, path: str, allow: str, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    async with gateway.client.request(method, gateway.url + path) as response:
        assert (response.status, response.headers["Allow"]) == (405, allow)
        error = (await response.json())["error"]
        assert (error["type"], error["code"]) == (OURS, "method_not_allowed")


async def test_a_body_over_the_limit_is_413_as_announced(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(locale="en", body_limit=1024)))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n")  # and nothing of the body
    reply = await reader.readuntil(b"}}")
    writer.close()
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"request_too_large"' in reply
    assert b"1024 bytes" in reply


async def test_a_body_over_the_limit_is_413_while_it_is_read(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(locale="en", body_limit=1024)))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(3):
        writer.write(b"200\r\n" + b" " * 512 + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()
    assert gateway.gateway.bodies.held == 0


async def test_a_body_of_exactly_the_limit_passes(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, server=Server(body_limit=1024)))
    assert (await gateway.post(data=b'{"model":"m"}'.ljust(1024))).status == 200
    assert (await gateway.post(data=b'{"model":"m"}'.ljust(1025))).status == 413


@pytest.mark.parametrize("coding", ["gzip", "br", "x-whatever", "identity, gzip"])
async def test_a_compressed_body_is_415(coding: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reply = await gateway.raw(
        b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: "
        + coding.encode()
        + b'\r\nContent-Length: 13\r\n\r\n{"model":"m"}'
    )
    assert reply.startswith(b"HTTP/1.1 415 ")
    assert b'"code":"unsupported_content_encoding"' in reply
    assert node.seen == []


async def test_a_body_compressed_for_its_transfer_is_415(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reply = await gateway.raw(
        b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        b'd\r\n{"model":"m"}\r\n0\r\n\r\n'
    )
    assert reply.startswith(b"HTTP/1.1 415 ")
    assert node.seen == []


async def test_an_expectation_nobody_knows_is_no_reason_to_refuse(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    reply = await gateway.raw(
        b"POST /v1/rerank HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n"
        b'Content-Length: 13\r\n\r\n{"model":"m"}'
    )
    assert reply.startswith(b"HTTP/1.1 200 ")


async def test_who_is_refused_is_not_told_to_send_the_body(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="right"),)))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_body_that_is_not_compressed_may_say_so(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(headers={"Content-Encoding": "identity"})).status == 200


@pytest.mark.parametrize(("reader_of_it", "fragment"), [(reception, ""), (web_body, "#by-hand")])
async def test_a_stalled_body_is_408(
    reader_of_it: ModuleType, fragment: str, node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_of_it, "STALL_SECS", 0.05)
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    head = f"POST /v1/embeddings{fragment} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
    writer.write(head.encode() + b'{"mod')
    assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.close()
    assert gateway.gateway.bodies.held == 0


async def test_waiting_bodies_have_a_budget_together(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(waiting_bytes=4096, locale="en")))
    big = b'{"model":"m"}'.ljust(2000)
    first = await gateway.arrive(data=big)
    second = await gateway.arrive(data=big)
    over = await gateway.post(data=big)
    assert shape(over) == (429, "queue_full", "queue_full")
    assert over.headers["Retry-After"] == "5"
    assert gateway.gateway.overview().no_room, "the page says so"
    small = await gateway.arrive(data=b'{"model":"m"}')
    second.cancel()
    await gateway.waiting(1)
    assert not gateway.gateway.overview().no_room
    third = await gateway.arrive(data=big)  # there is room again
    node.auto()
    assert [(await task).status for task in (first, small, third)] == [200, 200, 200]
    await gateway.quiet()
    assert gateway.gateway.bodies.held == 0


@pytest.mark.parametrize("more", [{}, {"Expect": "nothing"}], ids=["plain", "handled"])
async def test_who_finds_no_room_for_its_body_counts_as_rejected(
    more: dict[str, str], node: ScriptedNode, start: Start, log: Callable[[], list[dict[str, Any]]]
) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="alice", key="sk-a"),), server=Server(waiting_bytes=3000)))
    big = b'{"model":"m"}'.ljust(2000)
    first = await gateway.arrive(data=big, key="sk-a")
    assert (await gateway.post(data=big, key="sk-a", headers=more)).error["code"] == "queue_full"
    (line,) = [line for line in log() if line["event"] in {"request", "refused"}]
    assert (line["event"], line["outcome"], line["status"]) == ("request", "rejected", 429)
    assert (line["key"], line["reason"]) == ("alice", "queue_full")
    stats = await gateway.get("/api/queue/stats", headers={"Authorization": "Bearer sk-a"})
    assert stats.json["rejected_count"] == 1
    assert (
        'llmlb_key_requests_total{key="alice",outcome="rejected"} 1.0' in (await gateway.get("/metrics")).body.decode()
    )
    node.auto()
    assert (await first).status == 200
    await gateway.quiet()


@pytest.mark.parametrize("expected", ["", "Expect: nothing\r\n"], ids=["plain", "handled"])
async def test_a_body_for_which_the_system_has_no_memory_finds_no_room(
    expected: str,
    node: ScriptedNode,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    log: Callable[[], list[dict[str, Any]]],
) -> None:
    def whole(_: Pieces) -> bytes:
        raise MemoryError

    monkeypatch.setattr(Pieces, "whole", whole)
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n{expected}Content-Length: 13\r\n\r\n".encode())
    await writer.drain()
    await eventually(lambda: len(gateway.gateway._inside) == 1, "its head has come")
    writer.write(b'{"model":"m"}')
    assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
    writer.close()
    assert gateway.gateway.bodies.held == 0
    assert gateway.outcomes() == {"rejected": 1}
    assert ("error", "no memory for a body") in [(line["level"], line["event"]) for line in log()]


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}#by-hand"])
@pytest.mark.parametrize("come", [1, 2000])
async def test_who_finds_no_room_for_its_body_is_promised_one_place(
    come: int, path: str, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    """And those after it only the places behind that one, however the request was read."""
    body = b'{"model":"m"}'.ljust(2000)
    gateway = await start(config(node, queue=Queue(max_size=4), server=Server(waiting_bytes=len(body) * 5)), clock)
    measured = await gateway.arrive()
    request = await node.received()
    clock.advance(5)
    await request.reply({})
    await measured
    for _ in range(5):
        await gateway.arrive(data=body)
    await gateway.waiting(4)
    told = []
    for _ in range(3):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(head + body[:come])
        reply = await reader.readuntil(b"\r\n\r\n")
        told.append(int(reply.lower().partition(b"retry-after: ")[2].split()[0]))
        writer.close()
    assert told == [5, 15, 20]


async def test_a_body_that_is_only_announced_takes_no_room_from_others(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(waiting_bytes=1500)))
    node.auto()
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 1400\r\n\r\n{")
    await eventually(lambda: gateway.gateway.bodies.held == 1, "its first byte has come")
    assert (await gateway.post(data=b'{"model":"m"}'.ljust(1400))).status == 200
    writer.close()


async def test_the_budget_counts_chunked_bodies_as_they_come(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(waiting_bytes=1500)))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(4):
        writer.write(b"200\r\n" + b" " * 512 + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
    writer.close()


async def test_a_body_is_let_go_with_the_first_byte_of_the_reply(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    opening = gateway.open()
    request = await node.received()
    assert gateway.gateway.bodies.held == len(request.body)
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"n": 1})
    await opening
    assert gateway.gateway.bodies.held == 0
    await request.end()


async def test_a_failed_node_is_502_and_not_to_be_tried_again(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    (await node.received()).close()
    answer = await task
    assert shape(answer) == (502, SERVERS, "node_failed")
    assert answer.headers["x-should-retry"] == "false"


async def test_unreachable_nodes_are_503(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    node.refuse()
    answer = await gateway.post()
    assert shape(answer) == (503, SERVERS, "nodes_unreachable")
    assert answer.headers["Retry-After"] == "2"
    assert "x-should-retry" not in answer.headers


async def test_no_node_online_is_503(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    node.refuse()
    clock.advance(5)
    await gateway.state("n1", "offline")
    answer = await gateway.post()
    assert shape(answer) == (503, SERVERS, "no_node_online")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5


async def test_a_draining_gateway_is_503(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    gateway.gateway.draining = True
    answer = await gateway.post()
    assert shape(answer) == (503, SERVERS, "draining")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert (await gateway.get("/readyz")).status == 503
    assert (await gateway.get("/healthz")).status == 200


async def test_a_silent_node_is_504(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    await node.received()
    clock.advance(1800)
    answer = await task
    assert shape(answer) == (504, SERVERS, "node_timeout")
    assert answer.headers["x-should-retry"] == "false"


async def test_a_bug_of_ours_is_500_and_told_by_its_request_id(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    gateway = await start(config(node))

    def bug(*_: object) -> None:
        raise RuntimeError("sk-secret")

    monkeypatch.setattr(gateway.gateway.turns, "submit", bug)
    answer = await gateway.post(headers={"X-Request-Id": "it"})
    assert shape(answer) == (500, SERVERS, "internal_error")
    assert "it" in answer.error["message"]
    assert "sk-secret" not in answer.body.decode()
    assert [line["id"] for line in log() if line["event"] == "internal error"] == ["it"]
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


@pytest.mark.parametrize(
    ("accept", "message"),
    [
        (None, "en"),
        ("*", "en"),
        ("fr", "en"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-US,en;q=0.9", "en"),
        ("fr, ja;q=0.2, en;q=0.1", "ja"),
        ("ja;q=0, en;q=0.1", "en"),
    ],
)
async def test_the_message_is_in_the_language_the_client_asks_for(
    accept: str | None, message: str, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    headers = {"Accept-Language": accept} if accept is not None else {}
    answer = await gateway.post("/v1/foo", headers=headers)
    assert answer.error["message"] == TEXTS["unknown_path"]["ja" if message == "ja" else "en"]


async def test_the_configured_locale_decides_where_the_client_does_not(node: ScriptedNode, start: Start) -> None:
    japanese = await start(config(node, server=Server(locale="ja")))
    assert (await japanese.post("/v1/foo")).error["message"] == TEXTS["unknown_path"]["ja"]
    assert (await japanese.post("/v1/foo", headers={"Accept-Language": "en"})).error["message"] == (
        TEXTS["unknown_path"]["en"]
    )


async def test_anthropics_clients_get_anthropics_form(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    malformed = await gateway.post("/v1/messages", data=b"{")
    assert malformed.json["type"] == "error"
    assert malformed.error["type"] == OURS
    await gateway.arrive()
    await gateway.arrive()
    full = await gateway.post("/v1/messages")
    assert (full.status, full.json["type"], full.error["type"]) == (429, "error", "queue_full")
    assert full.error["retry_after"] == 5
    async with gateway.client.get(gateway.url + "/v1/messages") as response:
        assert (response.status, (await response.json())["type"]) == (405, "error")


async def test_no_error_tells_a_nodes_address_or_key(new_node: NewNode, start: Start) -> None:
    node = await new_node()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, api_key="node-key")), ready=1)
    task = await gateway.arrive()
    (await node.received()).reset()
    for answer in (await task, await gateway.post(), await gateway.post(json={"model": "x"})):
        assert str(node.port) not in answer.body.decode()
        assert "node-key" not in answer.body.decode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: sk-secret\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
    ],
    ids=range(7),
)
async def test_what_is_no_http_gets_our_form_of_error_and_an_id(
    data: bytes, status: int, node: ScriptedNode, start: Start, log: Any
) -> None:
    gateway = await start(config(node))
    head, _, body = (await gateway.raw(data)).partition(b"\r\n\r\n")
    assert head.split(b" ", 2)[1] == b"%d" % status, head
    assert b'"type":"invalid_request_error"' in body
    assert b"Server: llmlb\r\n" in head + b"\r\n"
    (line,) = [line for line in log() if line["event"] == "malformed request"]
    assert f"X-Request-Id: {line['id']}".encode() in head
    assert "sk-secret" not in str(log())


async def test_a_chunked_body_broken_in_the_middle_is_400(node: ScriptedNode, start: Start, log: Any) -> None:
    gateway = await start(config(node))
    reply = await gateway.raw(
        b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nsk-secret\r\n"
    )
    assert reply.split(b" ", 2)[1] == b"400"
    assert not [line for line in log() if line["level"] in {"error", "critical"}]
    assert "sk-secret" not in str(log())


async def test_max_attempts_and_a_refusal_from_all_nodes_show_no_sign_of_them(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node(), await new_node()]
    gateway = await start(config(*nodes, upstream=Upstream(max_attempts=2)))
    for node in nodes:
        node.auto({"secret": "stack trace"}, status=500)
    answer = await gateway.post()
    assert shape(answer) == (502, SERVERS, "node_failed")
    assert "stack trace" not in answer.body.decode()
