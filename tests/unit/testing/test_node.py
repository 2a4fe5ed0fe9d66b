"""The scripted node, spoken to by aiohttp's client and by bare sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from llmlb.testing import Gone, Received, ScriptedNode, eventually

Client = aiohttp.ClientSession


@pytest.fixture
async def node() -> AsyncIterator[ScriptedNode]:
    async with ScriptedNode(models=["m", "n"]) as one:
        yield one


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def post(client: Client, node: ScriptedNode, body: object = None) -> asyncio.Task[aiohttp.ClientResponse]:
    async def send() -> aiohttp.ClientResponse:
        return await client.post(node.url + "/v1/chat/completions", json=body or {"model": "m"}, headers={"X-Me": "1"})

    return asyncio.create_task(send())


async def test_models_are_answered_at_once_and_probes_counted(node: ScriptedNode, client: Client) -> None:
    async with client.get(node.url + "/v1/models") as response:
        assert [each["id"] for each in (await response.json())["data"]] == ["m", "n"]
    node.models_status = 500
    async with client.get(node.url + "/v1/models") as response:
        assert response.status == 500
    assert (node.probes, node.seen, node.most_at_once) == (2, [], 0)


async def test_a_hung_probe_gets_no_answer_while_the_next_does(node: ScriptedNode, client: Client) -> None:
    node.hang_probes = True
    hung = asyncio.create_task(client.get(node.url + "/v1/models").__aenter__())
    await eventually(lambda: node.probes == 1, "the probe arrives")
    node.hang_probes = False
    async with client.get(node.url + "/v1/models") as response:
        assert response.status == 200
    assert not hung.done()
    hung.cancel()


async def test_it_shows_itself_as_ollama_only_when_told(node: ScriptedNode, client: Client) -> None:
    async def status(path: str) -> int:
        async with client.get(node.url + path) as response:
            return response.status

    assert [await status("/api/version"), await status("/api/ps")] == [404, 404]
    node.kind = "ollama"
    node.loaded = ["n"]
    node.pages["/props"] = (200, {})
    assert [await status("/api/version"), await status("/props"), await status("/no")] == [200, 200, 404]
    async with client.get(node.url + "/api/ps") as response:
        assert (await response.json())["models"][0]["name"] == "n"


async def test_a_post_is_handed_over_whole_and_answered(node: ScriptedNode, client: Client) -> None:
    sent = post(client, node, {"model": "m", "text": "ja 日本語"})
    request = await node.received()
    assert (request.method, request.path, request.header("x-me")) == ("POST", "/v1/chat/completions", "1")
    assert request.json == {"model": "m", "text": "ja 日本語"}
    assert json.loads(request.body) == request.json
    assert (node.serving, node.served) == (1, 0)
    await request.reply({"ok": 1}, status=201, headers={"X-Node": "yes"})
    response = await sent
    assert (response.status, response.headers["X-Node"], await response.json()) == (201, "yes", {"ok": 1})
    assert (node.serving, node.served, node.most_at_once, node.unread) == (0, 1, 1, 0)


async def test_a_kept_connection_serves_the_next_request(node: ScriptedNode, client: Client) -> None:
    for _ in range(3):
        sent = post(client, node)
        await (await node.received()).reply(b"raw", headers=[("Content-Type", "text/plain")])
        assert await (await sent).read() == b"raw"
    assert (node.opened, node.connections, node.served) == (1, 1, 3)
    node.close_idle()
    await eventually(lambda: node.connections == 0, "the idle connection closes")


@pytest.mark.parametrize("framing", [{}, {"chunked": True}, {"length": 4}, {"close": True}])
async def test_a_streamed_reply_is_framed_as_told(node: ScriptedNode, client: Client, framing: dict[str, bool]) -> None:
    sent = post(client, node)
    request = await node.received()
    await request.start(**framing)  # type: ignore[arg-type]
    response = await sent
    await request.send(b"ab")
    assert await response.content.read(2) == b"ab"
    assert node.serving == 1
    await request.send(b"cd")
    await request.end()
    assert node.serving == 0
    assert await response.read() == b"cd"
    assert ("Transfer-Encoding" in response.headers) == (framing in ({}, {"chunked": True}))
    assert ("Content-Length" in response.headers) == ("length" in framing)
    await eventually(lambda: node.connections == (0 if "close" in framing else 1), "only close=True closes")


async def test_a_length_told_must_be_kept(node: ScriptedNode, client: Client) -> None:
    sent = post(client, node)
    request = await node.received()
    await request.start(length=4)
    await request.send(b"abc")
    with pytest.raises(AssertionError, match="1 bytes of the length"):
        await request.end()
    with pytest.raises(AssertionError, match="1 bytes more"):
        await request.send(b"de")
    request.close()
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await sent).read()


async def test_events_are_server_sent_events(node: ScriptedNode, client: Client) -> None:
    sent = post(client, node)
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"a": 1})
    await request.event("[DONE]", name="x")
    await request.end()
    assert await (await sent).read() == b'data: {"a":1}\n\nevent: x\ndata: [DONE]\n\n'


async def test_a_reset_and_a_close_look_different_from_outside(node: ScriptedNode) -> None:
    async def raw_post() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(node.host, node.port)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        return reader, writer

    reader, writer = await raw_post()
    (await node.received()).reset()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    reader, writer = await raw_post()
    (await node.received()).close()
    assert await reader.read() == b""
    writer.close()
    assert (node.serving, node.served) == (0, 0)


async def test_raw_bytes_go_out_as_they_are_and_end_frees_the_connection(node: ScriptedNode) -> None:
    reader, writer = await asyncio.open_connection(node.host, node.port)
    for _ in range(2):
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
        request = await node.received()
        await request.raw(b"garbage\r\n")
        await request.end()
        assert await reader.readline() == b"garbage\r\n"
    assert (node.served, node.opened) == (2, 1)
    with pytest.raises(AssertionError, match="ended already"):
        await request.end()
    writer.close()


async def test_the_gateway_leaving_is_seen_and_takes_the_request_out_of_service(
    node: ScriptedNode, client: Client
) -> None:
    sent = post(client, node)
    request = await node.received()
    await request.start()
    response = await sent
    assert not request.is_gone
    response.close()
    await request.gone()
    assert request.is_gone
    assert (node.serving, node.connections, node.served) == (0, 0, 0)
    with pytest.raises(Gone):
        await request.send(b"x")


async def test_waits_fail_with_a_clear_message(node: ScriptedNode, client: Client) -> None:
    with pytest.raises(AssertionError, match=r"not within 0.01 s: a request reaches <ScriptedNode http"):
        await node.received(timeout=0.01)
    sent = post(client, node)
    request = await node.received()
    with pytest.raises(AssertionError, match="the gateway leaves <Received POST /v1/chat"):
        await request.gone(timeout=0.01)
    with pytest.raises(AssertionError, match="pigs fly"):
        await eventually(lambda: False, "pigs fly", timeout=0.01)
    sent.cancel()


async def test_a_gateway_that_does_not_read_is_seen(node: ScriptedNode) -> None:
    reader, writer = await asyncio.open_connection(node.host, node.port, limit=1)
    writer.write(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    request = await node.received()
    await request.start()
    with pytest.raises(AssertionError, match="the gateway reads"):
        await request.send(b"x" * 50_000_000, timeout=0.05)
    assert request.full
    writer.transport.abort()
    await request.gone()
    assert reader is not None


async def test_two_at_once_are_counted_even_when_one_leaves(node: ScriptedNode, client: Client) -> None:
    first, second = post(client, node), post(client, node)
    requests = [await node.received(), await node.received()]
    assert node.most_at_once == 2
    for request in requests:
        await request.reply({})
    await asyncio.gather(first, second)
    assert (node.most_at_once, node.serving, len(node.seen)) == (2, 0, 2)


async def test_refusing_refuses_and_the_same_port_listens_again(node: ScriptedNode, client: Client) -> None:
    sent = post(client, node)
    await node.received()
    url = node.url
    node.refuse()
    with pytest.raises(aiohttp.ClientError):
        await sent
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(client, node)
    await node.listen_again()
    assert node.url == url
    node.auto(text="back")
    response = await post(client, node)
    assert (await response.json())["choices"][0]["message"]["content"] == "back"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/chat/completions", "choices"),
        ("/v1/completions", "choices"),
        ("/v1/embeddings", "data"),
        ("/v1/messages", "content"),
        ("/v1/responses", "output"),
    ],
)
async def test_auto_answers_in_the_shape_of_the_path(node: ScriptedNode, client: Client, path: str, key: str) -> None:
    node.auto(text="fine")
    async with client.post(node.url + path, json={"model": "n"}) as response:
        answer = await response.json()
    assert answer[key]
    assert answer["model"] == "n"
    assert node.seen[0].path == path


async def test_auto_streams_when_asked_to(node: ScriptedNode, client: Client) -> None:
    node.auto(text="one two", gap=0.001)
    response = await post(client, node, {"model": "m", "stream": True})
    events = [line[6:] for line in (await response.text()).split("\n\n") if line]
    deltas = [json.loads(event)["choices"][0]["delta"].get("content") for event in events[:-1]]
    assert (deltas, events[-1]) == (["one ", "two", None], "[DONE]")
    assert node.served == 1


async def test_auto_streams_completions_in_their_own_shape_and_takes_any_body(
    node: ScriptedNode, client: Client
) -> None:
    node.auto(text="one two")
    async with client.post(node.url + "/v1/completions", json={"model": "m", "stream": True}) as response:
        assert '"text":"one "' in await response.text()
    for body in (b"no json", b"[]"):
        async with client.post(node.url + "/v1/completions", data=body) as response:
            assert (await response.json())["choices"][0]["text"] == "one two"


async def test_auto_gives_up_an_answer_whose_connection_is_gone(node: ScriptedNode, client: Client) -> None:
    node.auto(delay=60.0)
    sent = post(client, node)
    await eventually(lambda: node.serving == 1, "it is in service")
    sent.cancel()
    await node.seen[0].gone()
    assert (node.serving, node.served) == (0, 0)


async def test_what_left_before_auto_began_is_not_answered(node: ScriptedNode, client: Client) -> None:
    sent = post(client, node)
    await eventually(lambda: node.unread == 1, "it waits")
    sent.cancel()
    await node.seen[0].gone()
    node.auto()
    assert (node.unread, node.served) == (0, 0)


async def test_auto_takes_what_waits_and_by_hand_takes_over_again(node: ScriptedNode, client: Client) -> None:
    waiting = post(client, node)
    await eventually(lambda: node.unread == 1, "the request waits")
    node.auto({"mine": True}, status=202)
    response = await waiting
    assert (response.status, await response.json()) == (202, {"mine": True})
    node.by_hand()
    sent = post(client, node)
    await (await node.received()).reply({})
    assert (await sent).status == 200


async def test_a_failure_in_an_auto_function_comes_out_at_stop(client: Client) -> None:
    async def wrong(request: Received) -> None:
        request.reset()
        raise AssertionError("not what was expected")

    node = await ScriptedNode.start()
    node.auto(wrong)
    with pytest.raises(aiohttp.ClientError):
        await post(client, node)
    with pytest.raises(AssertionError, match="not what was expected"):
        await node.stop()


async def test_what_is_no_http_is_recorded_and_cut(node: ScriptedNode) -> None:
    reader, writer = await asyncio.open_connection(node.host, node.port)
    writer.write(b"what\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    assert node.broken_input == ["request line 'what'"]
