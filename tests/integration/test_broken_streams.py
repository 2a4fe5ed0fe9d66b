"""A node that fails after the first byte (N6): said to the client, and never taken for a whole reply."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from llmlb.config.model import Server
from llmlb.testing import ManualClock, ScriptedNode
from tests.integration.bench import Bench, config
from tests.integration.conftest import NewNode, Start

SSE = {"Content-Type": "text/event-stream"}
SAID = "The node failed in the middle of its reply. This reply is incomplete."


async def streamed(gateway: Bench, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a streaming request and return the bare connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    body = b'{"model":"m","stream":true}'
    writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body))
    return reader, writer


def unchunked(raw: bytes) -> tuple[bytes, bool]:
    """The body so far, and whether its final chunk came."""
    rest, body = raw.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return body, True
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body, False


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        (
            "/v1/chat/completions",
            b'data: {"n":1}\n\n',
            {"error": {"message": SAID, "type": "server_error", "param": None, "code": "node_failed"}},
        ),
        (
            "/v1/messages",
            b'event: ping\ndata: {"n":1}\n\n',
            {"type": "error", "error": {"message": SAID, "type": "server_error", "code": "node_failed"}},
        ),
        (
            "/v1/responses",
            b'event: response.created\ndata: {"n":1}\n\n',
            {
                "type": "error",
                "code": "node_failed",
                "message": SAID,
                "param": None,
                "sequence_number": 0,
                "error": {"message": SAID, "type": "server_error", "param": None, "code": "node_failed"},
            },
        ),
    ],
)
async def test_the_error_is_an_event_of_the_family_and_the_stream_has_no_final_chunk(
    path: str, sent: bytes, told: object, how: str, new_node: NewNode, start: Start
) -> None:
    first, second = await new_node(), await new_node()
    second.auto(text="of another node")
    gateway = await start(config(first, second))
    reader, writer = await streamed(gateway, path)
    request = await first.received()
    await request.start(headers=SSE)
    await request.send(sent)
    raw = await reader.readuntil(b"\n\n\r\n")
    request.reset() if how == "reset" else request.close()
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert not finished
    assert body.startswith(sent)
    *name, data = body[len(sent) :].decode().strip().split("\n")
    assert name == ([] if path == "/v1/chat/completions" else ["event: error"])
    assert msgspec.json.decode(data.removeprefix("data: ")) == told
    assert body.endswith(b"\n\n")
    assert b"[DONE]" not in body
    assert second.seen == []
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


@pytest.mark.parametrize("cut", [b'data: {"n":', b"data", b'data: {"n":1}', b'data: {"n":1}\n', b'data: {"n":1}\r\n'])
async def test_a_line_cut_off_is_finished_first(cut: bytes, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE)
    await request.send(cut)
    raw = await reader.readuntil(cut)
    request.reset()
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert not finished
    assert body.startswith(cut)
    *begun, event = body.replace(b"\r\n", b"\n").strip().split(b"\n\n")
    assert msgspec.json.decode(event.removeprefix(b"data: "))["error"]["code"] == "node_failed"
    # What was begun can be read: as itself where it was whole, else as the error.
    read = [msgspec.json.decode(each.removeprefix(b"data: ")) for each in begun]
    assert read == [{"n": 1}] or [each["error"]["code"] for each in read] == ["node_failed"]


async def test_the_error_is_in_the_clients_language(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=Server(locale="ja")))
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE)
    await request.event({"n": 1})
    await reader.readuntil(b"\n\n\r\n")
    request.reset()
    assert "この応答は不完全です。" in (await reader.read()).decode()
    writer.close()


async def test_a_plain_reply_of_known_length_that_breaks_stays_short(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/embeddings")
    request = await node.received()
    await request.start(length=100)
    await request.send(b'{"half":')
    raw = await reader.readuntil(b'{"half":')
    assert b"Content-Length: 100\r\n" in raw
    request.reset()
    assert await reader.read() == b""
    writer.close()
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


async def test_a_plain_reply_in_chunks_that_breaks_has_no_final_chunk(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/embeddings")
    request = await node.received()
    await request.start()
    await request.send(b'{"half":')
    raw = await reader.readuntil(b'{"half":')
    request.reset()
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert (body, finished) == (b'{"half":', False)


async def test_a_reply_that_ends_with_its_connection_is_not_whole_when_that_is_reset(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/embeddings")
    request = await node.received()
    await request.start(close=True)
    await request.send(b'{"half":')
    raw = await reader.readuntil(b'{"half":')
    request.reset()
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert (body, finished) == (b'{"half":', False)
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


async def test_a_stream_whose_length_was_told_has_room_for_the_error(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE, length=60)
    await request.send(b"data: {}\n\n")
    raw = await reader.readuntil(b"data: {}\n\n")
    request.reset()
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert (SAID in body.decode(), body.endswith(b"}\n\n"), finished) == (True, True, False)


@pytest.mark.parametrize("headers", [{}, SSE | {"Content-Encoding": "gzip"}], ids=["plain", "compressed stream"])
@pytest.mark.parametrize("http", [b"1.0", b"1.1"])
async def test_what_has_no_room_for_an_error_is_cut_so_that_it_shows(
    http: bytes, headers: dict[str, str], node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    body = b'{"model":"m","stream":true}'
    head = b"POST /v1/chat/completions HTTP/%b\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    writer.write(head % (http, len(body)) + body)
    request = await node.received()
    await request.start(headers=headers)
    await request.send(b"half of it")
    raw = await reader.readuntil(b"half of it")
    request.reset()
    if http == b"1.0":  # where the close of the connection is the end of a reply, it must not look like one
        with pytest.raises(ConnectionResetError):
            await reader.read()
    else:
        assert unchunked(raw + await reader.read()) == (b"half of it", False)
    writer.close()
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


async def test_a_stream_that_has_said_its_end_gets_no_error_after_it(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE)
    await request.send(b"data: [DONE]\n\n")
    raw = await reader.readuntil(b"[DONE]\n\n")
    request.reset()
    body, _ = unchunked(raw + await reader.read())
    writer.close()
    assert body == b"data: [DONE]\n\n"


async def test_unreadable_bytes_in_mid_stream_are_a_failure(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE)
    await request.event({"n": 1})
    raw = await reader.readuntil(b"\n\n\r\n")
    await request.raw(b"this is no chunk\r\n")
    body, finished = unchunked(raw + await reader.read())
    writer.close()
    assert not finished
    assert b"node_failed" in body
    await request.gone()
    await gateway.state("n1", "offline")


async def test_a_node_that_falls_silent_in_mid_stream_is_cut_off(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    reader, writer = await streamed(gateway, "/v1/chat/completions")
    request = await node.received()
    await request.start(headers=SSE)
    for n in range(3):
        await request.event({"n": n})
        raw = await reader.readuntil(b"\n\n\r\n")
        clock.advance(119)
    assert not request.is_gone
    clock.advance(1)
    await request.gone()
    body, finished = unchunked(b"\r\n\r\n" + raw.rpartition(b"\r\n\r\n")[2] + await reader.read())
    writer.close()
    assert not finished
    assert b'"code":"node_failed"' in body
    await gateway.quiet()
    assert gateway.outcomes() == {"failed": 1}


async def test_the_node_that_failed_is_free_for_the_next_as_soon_as_it_answers_again(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    opening = gateway.open()
    request = await node.received()
    await request.start(headers=SSE)
    await request.event({"n": 1})
    await opening
    waiting = await gateway.arrive()
    request.reset()
    await gateway.state("n1", "offline")
    clock.advance(1)
    await (await node.received()).reply({"second": True})
    assert (await waiting).json == {"second": True}
