"""Ways of speaking HTTP that clients have: kept, pipelined, old, slow, and asking first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from llmlb.testing import Received, eventually
from llmlb.testing.waiting import within
from tests.process.caller import CHAT, Reply, chat_body, request_bytes
from tests.process.conftest import Serve
from tests.process.program import Gateway

PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
EVENTS = {"Content-Type": "text/event-stream"}


def identified(id: str, **more: str) -> bytes:
    """A request with an id."""
    return request_bytes(chat_body(), headers=[("X-Request-Id", id), *more.items()])


async def test_one_connection_serves_one_request_after_another(serve: Serve) -> None:
    gateway = await serve(health={"interval_secs": 300})
    caller = await gateway.connect()
    opened = 0
    for n in range(5):
        await caller.send(identified(f"r{n}"))
        received = await gateway.node.received()
        opened = opened or gateway.node.opened
        await (received.reply({"n": n}) if n % 2 else chunked(received, n))
        reply = await caller.reply()
        assert (reply.status, reply.json, reply.complete) == (200, {"n": n}, True)
        assert reply.headers["x-request-id"] == received.header("x-request-id") == f"r{n}"
    assert gateway.node.opened == opened, "the line to the node is kept too"


async def chunked(received: Received, n: int) -> None:
    """A reply in chunks."""
    await received.start(chunked=True)
    await received.send(json.dumps({"n": n}).encode())
    await received.end()


async def test_pipelined_requests_are_answered_in_their_order(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.connect()
    await caller.send(b"".join(identified(f"r{n}") for n in range(5)))
    for n in range(5):
        received = await gateway.node.received()
        assert received.header("x-request-id") == f"r{n}"
        assert gateway.node.unread == 0
        await received.reply({"n": n})
    assert [(await caller.reply()).json for _ in range(5)] == [{"n": n} for n in range(5)]


async def test_who_leaves_with_requests_still_in_the_pipe_leaves_with_all_of_them(serve: Serve) -> None:
    gateway = await serve()
    for number, behind in enumerate((1, 20)):  # behind 32 the server stops reading, and sees nobody leave
        caller = await gateway.connect()
        await caller.send(b"".join(identified(f"p{number}-{n}") for n in range(1 + behind)))
        received = await gateway.node.received()
        caller.leave()
        await received.gone(1)
        await gateway.counts(waiting=0, processing=0, timeout=1)
    other = await gateway.call("other")
    await (await gateway.node.received()).reply({})
    assert (await other.reply()).status == 200
    assert gateway.order() == ["p0-0", "p1-0", "other"]


async def test_http_1_0_gets_a_reply_that_ends_with_the_connection(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.connect()
    await caller.send(request_bytes(chat_body(stream=True), version="1.0"))
    received = await gateway.node.received()
    await received.start(headers=EVENTS)
    await received.event("[DONE]")
    await received.end()
    reply = await caller.reply()
    assert "transfer-encoding" not in reply.headers
    assert (reply.status, reply.body) == (200, b"data: [DONE]\n\n")
    assert await caller.ended() == b""
    plain = await gateway.connect()
    await plain.send(request_bytes(chat_body(), version="1.0"))
    await (await gateway.node.received()).reply({"ok": 1})
    assert (await plain.ended()).endswith(b'{"ok":1}')


async def test_a_broken_stream_to_http_1_0_says_so_before_it_ends(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.connect()
    await caller.send(request_bytes(chat_body(stream=True), version="1.0"))
    received = await gateway.node.received()
    await received.start(headers=EVENTS)
    await received.send(PIECE)
    await caller.reads(PIECE)
    received.reset()
    assert json.loads((await caller.ended()).removeprefix(b"data: "))["error"]["type"] == "server_error"


async def curl(folder: Path, *arguments: str) -> Reply:
    """What the real curl got; the head of the last response, and the body."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--noproxy", "*", "--include", "--max-time", "20", *arguments),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await within(30, process.communicate(), lambda: "curl ends")
    assert process.returncode == 0, out
    head, _, body = out.partition(b"\r\n\r\n")
    if b" 100 " in head:
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Reply(int(lines[0].split(" ")[1]), headers, body, True)


async def test_curl_asks_first_before_it_sends_a_large_body(serve: Serve, tmp_path: Path) -> None:
    gateway = await serve(server={"body_limit": 3_000_000})
    large = tmp_path / "large.json"
    write(large, 2_000_000)
    answer = asyncio.create_task(
        curl(tmp_path, f"http://127.0.0.1:{gateway.port}{CHAT}", "-H", "Expect: 100-continue", "-d", "@large.json")
    )
    received = await gateway.node.received()
    assert received.body == large.read_bytes()
    assert received.header("expect") is None
    await received.reply({"ok": 1})
    reply = await answer
    assert (reply.status, json.loads(reply.body)) == (200, {"ok": 1})


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(serve: Serve) -> None:
    gateway = await serve(server={"body_limit": 10_000})
    caller = await gateway.connect()
    head = request_bytes(b"x", headers=[("Expect", "100-continue")]).replace(b"Length: 1\r", b"Length: 10001\r")[:-1]
    await caller.send(head)
    reply = await caller.reply()  # the first, not one after "100 Continue"
    assert (reply.status, reply.error["type"]) == (413, "invalid_request_error")


def write(file: Path, size: int) -> None:
    """A request of `size` bytes and some."""
    file.write_bytes(chat_body(prompt="x" * size))


async def test_a_client_that_reads_slowly_slows_the_node_and_gets_every_byte(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.connect(limit=65536)
    caller.pause()
    await caller.send(request_bytes(chat_body(stream=True)))
    received = await gateway.node.received()
    await received.start(headers=EVENTS)
    block, count, before = PIECE * 2000, 320, resident_mb(gateway)
    flood = asyncio.create_task(send_all(received, [block] * count))
    await eventually(stays(lambda: received.full), "the node is no longer read from", 20)
    assert not flood.done(), "40 MB went somewhere"
    assert resident_mb(gateway) - before < 20
    caller.resume()
    reply = await caller.reply(30)
    await flood
    assert (reply.status, reply.complete) == (200, True)
    assert reply.body == block * count
    await gateway.counts(waiting=0, processing=0)


async def send_all(received: Received, blocks: list[bytes]) -> None:
    """Send a whole stream, as fast as it is read."""
    for block in blocks:
        await received.send(block, timeout=30)
    await received.end()


def stays(condition: Callable[[], bool], times: int = 100) -> Callable[[], bool]:
    """Whether the condition has been true so many times on end."""
    true = 0

    def stayed() -> bool:
        nonlocal true
        true = true + 1 if condition() else 0
        return true >= times

    return stayed


def resident_mb(gateway: Gateway) -> float:
    """The memory the program uses."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def test_a_client_that_takes_nothing_for_too_long_frees_the_node(serve: Serve) -> None:
    gateway = await serve(upstream={"write_timeout_secs": 0.3})
    caller = await gateway.connect(limit=1024)
    caller.pause()
    await caller.send(request_bytes(chat_body(stream=True), headers=[("X-Request-Id", "stalled")]))
    received = await gateway.node.received()
    await received.start(headers=EVENTS)
    waiting = await gateway.queued("waiting")
    await until_gone(received)
    await (await gateway.node.received()).reply({})
    assert (await waiting.reply()).status == 200
    assert (await gateway.logged("stalled"))["stalled"]["outcome"] == "cancelled"


async def until_gone(received: Received) -> None:
    """Send more than all buffers on the way hold, until the gateway hangs up."""
    try:
        for _ in range(1000):
            await received.send(PIECE * 1000)
    except ConnectionError:
        return
    raise AssertionError("somebody read 60 MB")


async def test_broken_http_gets_our_error_and_leaves_no_trace_of_its_bytes(serve: Serve) -> None:
    gateway = await serve()
    for junk in (
        b"sk-secret / nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nsk-secret\r\n\r\n",
        b"\x16\x03\x01sk-secret\r\n\r\n",
    ):
        caller = await gateway.connect()
        await caller.send(junk)
        reply = await caller.reply()
        assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
        assert reply.headers["server"] == "llmlb"
        assert await caller.ended() == b""
    assert "secret" not in gateway.err
