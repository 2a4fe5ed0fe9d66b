"""What passes between clients and nodes, and what does not (A2)."""

from __future__ import annotations

import gzip

import pytest

from llmlb.config.model import KeyConfig, NodeConfig, Upstream
from llmlb.testing import Received, ScriptedNode
from tests.integration.bench import CHAT, config
from tests.integration.conftest import NewNode, Start

ODD = [
    b'{"model":"m"}',
    b' \n\t{ "stream" : false ,\r\n "model"\t:"m" , "x": 1.000E+2, "y":[ ] } \n',
    '{"model":"m","messages":[{"role":"user","content":"日本語 \\u00e9 🎉 \\ud83c\\udf89"}]}'.encode(),
    b'{"a":1e999,"b":123456789012345678901234567890,"model":"m","model":"m"}',
    b'{"model":"\\u006d"}',
    b'{"model":"m","nested":' + b"[" * 50 + b"]" * 50 + b"}",
    b'{"model":"m","long":"' + b"x" * 300_000 + b'"}',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
async def test_a_request_body_reaches_the_node_byte_for_byte(body: bytes, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(data=body, headers={"Content-Type": "application/json"})).status == 200
    assert node.seen[0].body == body


async def test_a_chunked_request_reaches_the_node_with_its_length(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    reply = await gateway.raw(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'4\r\n{"mo\r\n9;ext=1\r\ndel":"m"}\r\n0\r\n\r\n'
    )
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert node.seen[0].body == b'{"model":"m"}'
    assert node.seen[0].header("content-length") == "13"
    assert node.seen[0].header("transfer-encoding") is None


@pytest.mark.parametrize(
    "body", [b"", b' { "a" :1 }\n\n', bytes(range(256)) * 500, "日本語".encode()], ids=["none", "odd", "bytes", "ja"]
)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_reply_body_reaches_the_client_byte_for_byte(
    framing: str, body: bytes, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive("/v1/audio/speech")
    request = await node.received()
    await request.start(
        headers={"Content-Type": "audio/mpeg"},
        chunked=framing == "chunked",
        length=len(body) if framing == "length" else None,
        close=framing == "close",
    )
    if body:
        await request.send(body)
    await request.end()
    answer = await task
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, body, "audio/mpeg")
    if framing == "length":
        assert answer.headers["Content-Length"] == str(len(body))
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}


async def test_a_compressed_reply_is_passed_on_as_it_is(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    packed = gzip.compress(b'{"fine": true}')
    task = await gateway.arrive(headers={"Accept-Encoding": "gzip, br"})
    request = await node.received()
    assert request.header("accept-encoding") == "gzip, br"
    await request.reply(packed, headers={"Content-Encoding": "gzip"})
    answer = await task
    assert (answer.body, answer.headers["Content-Encoding"]) == (packed, "gzip")


async def test_a_stream_passes_as_it_comes_cut_where_the_node_cut_it(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    opening = gateway.open()
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    response = None
    for piece in (b'data: {"a', b'":1}\n', b"\n: a comment\n\n", b"data: [DONE]\n\n"):
        await request.send(piece)
        response = response or await opening
        assert await response.content.readany() == piece
    assert response is not None
    await request.end()
    assert await response.read() == b""
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422, 413, 301])
async def test_a_status_passes_with_its_body(status: int, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive(allow_redirects=False)
    await (await node.received()).reply({"error": {"node": "words"}}, status, {"Location": "http://evil.example/"})
    answer = await task
    assert (answer.status, answer.json) == (status, {"error": {"node": "words"}})
    assert "Location" not in answer.headers
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}
    assert gateway.states == {"n1": "idle"}


async def test_a_reply_without_a_body_passes(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    request = await node.received()
    await request.raw(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert ((await task).status, (await task).body) == (204, b"")


async def test_headers_reach_the_node_by_allow_list(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    allowed = {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
        "User-Agent": "a client/1.0",
        "OpenAI-Organization": "org",
        "Anthropic-Version": "2023-06-01",
        "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Tracestate": "a=b",
        "X-Request-Id": "id-1",
    }
    withheld = {
        "Authorization": "Bearer client",
        "x-api-key": "client",
        "Cookie": "session=1",
        "X-Forwarded-For": "1.2.3.4",
        "X-User-Id": "somebody",
        "Accept-Language": "ja",
        "TE": "trailers",
        "Origin": "http://x",
    }
    await gateway.post(data=b'{"model":"m"}', headers=allowed | withheld)
    seen = {name.lower(): value for name, value in node.seen[0].headers}
    assert seen == {name.lower(): value for name, value in allowed.items()} | {
        "host": f"127.0.0.1:{node.port}",
        "content-length": "13",
    }


async def test_pass_headers_lets_more_of_them_through(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, upstream=Upstream(pass_headers=("x-user-id",))))
    await gateway.post(headers={"X-User-Id": "somebody", "X-Other": "no"})
    assert node.seen[0].header("x-user-id") == "somebody"
    assert node.seen[0].header("x-other") is None


async def test_headers_reach_the_client_by_allow_list(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive("/v1/audio/speech", headers={"X-Request-Id": "mine"})
    allowed = {
        "Content-Type": "audio/wav",
        "Content-Disposition": 'attachment; filename="a.wav"',
        "Cache-Control": "no-store",
        "OpenAI-Processing-Ms": "12",
        "Anthropic-Ratelimit-Tokens-Remaining": "5",
    }
    hostile = {
        "Set-Cookie": "session=1",
        "Location": "http://evil.example/",
        "Server": "uvicorn/0.1",
        "X-Request-Id": "theirs",
        "X-Queue-Position": "99",
        "X-Estimated-Wait": "99",
        "Retry-After": "99",
        "x-should-retry": "true",
        "Access-Control-Allow-Origin": "*",
        "Content-Security-Policy": "none",
        "Connection": "x-queue-position",
        "Keep-Alive": "timeout=5",
    }
    await (await node.received()).reply(b"sound", headers=allowed | hostile)
    headers = {name.lower(): value for name, value in (await task).headers.items() if name != "Date"}
    ours = {"content-length": "5", "server": "llmlb", "x-request-id": "mine"}
    assert headers == {name.lower(): value for name, value in allowed.items()} | ours


async def test_a_node_that_names_no_content_type_is_passed_on_without_guessing(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    request = await node.received()
    await request.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    answer = await task
    assert answer.body == b"hi"
    assert answer.headers.get("Content-Type") in (None, "application/octet-stream")


async def test_the_clients_key_never_reaches_the_node_and_the_nodes_own_does(node: ScriptedNode, start: Start) -> None:
    node.auto()
    keys = (KeyConfig(name="a", key="client-key"),)
    gateway = await start(config(NodeConfig(name="n1", url=node.url, api_key="node-key"), keys=keys))
    await gateway.post(key="client-key")
    await gateway.post(headers={"x-api-key": "client-key"})
    for request in node.seen:
        assert request.header("authorization") == "Bearer node-key"
        assert "client-key" not in str(request.headers)


async def test_an_alias_is_rewritten_and_every_other_byte_kept(new_node: NewNode, start: Start) -> None:
    node = await new_node("real/m:7b")
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, aliases={"gpt-4o": "real/m:7b"})))
    body = b' { "messages" : [ {"content":"model gpt-4o"} ] ,"model" :  "gpt-4o" , "n":1.0 } '
    assert (await gateway.post(data=body)).status == 200
    assert node.seen[0].body == body.replace(b'"gpt-4o" ,', b'"real/m:7b" ,')
    assert node.seen[0].header("content-length") == str(len(node.seen[0].body))


async def test_a_body_that_is_not_too_deep_to_be_read_is_not_too_deep_for_an_alias(
    new_node: NewNode, start: Start
) -> None:
    async def answer_and_close(request: Received) -> None:  # the next is written from within the node's task
        await request.start(close=True, first=b"{}")
        await request.end()

    node = await new_node("real")
    node.auto(answer_and_close)
    gateway = await start(config(NodeConfig(name="n1", url=node.url, aliases={"alias": "real"})))
    fine, too_deep = 100, 1_000_000
    while too_deep - fine > 1:
        depth = (fine + too_deep) // 2
        deep = b"[" * depth + b"]" * depth
        status = (await gateway.post(data=b'{"model":"alias","x":%b}' % deep)).status
        assert status in (200, 400)
        fine, too_deep = (depth, too_deep) if status == 200 else (fine, depth)
    assert (await gateway.post(json={"model": "real"})).status == 200


async def test_a_name_that_is_no_alias_is_not_rewritten(new_node: NewNode, start: Start) -> None:
    node = await new_node("real")
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, aliases={"alias": "real"})))
    body = b'{"model":"real",  "x":1}'
    assert (await gateway.post(data=body)).status == 200
    assert node.seen[0].body == body


async def test_an_alias_is_rewritten_in_a_form(new_node: NewNode, start: Start) -> None:
    node = await new_node("whisper-large-v3")
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, aliases={"whisper-1": "whisper-large-v3"})))
    part = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n'
    rest = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nwhisper-1\x00\xff\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await gateway.post("/v1/audio/transcriptions", data=part % b"whisper-1" + rest, headers=headers)
    assert answer.status == 200
    assert node.seen[0].body == part % b"whisper-large-v3" + rest


async def test_an_alias_is_listed_only_while_its_model_is_there(new_node: NewNode, start: Start) -> None:
    node = await new_node("real")
    aliases = {"alias": "real", "dangling": "missing"}
    gateway = await start(config(NodeConfig(name="n1", url=node.url, aliases=aliases)))
    assert [model["id"] for model in (await gateway.get("/v1/models")).json["data"]] == ["alias", "real"]
    assert (await gateway.post(json={"model": "dangling"})).status == 404


async def test_each_node_has_its_own_aliases(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("b")
    gateway = await start(
        config(
            NodeConfig(name="n1", url=first.url, aliases={"chat": "a"}),
            NodeConfig(name="n2", url=second.url, aliases={"chat": "b"}),
        )
    )
    tasks = [await gateway.arrive(json={"model": "chat"}) for _ in range(2)]
    for node, model in ((first, "a"), (second, "b")):
        request = await node.received()
        assert request.json == {"model": model}
        await request.reply()
    assert {(await task).status for task in tasks} == {200}


async def test_ollamas_latest_may_be_left_out_and_is_not_written_in(new_node: NewNode, start: Start) -> None:
    node = await new_node("llama3:latest", "phi:3b")
    node.kind = "ollama"
    node.auto()
    gateway = await start(config(node))
    for name in ("llama3", "llama3:latest"):
        body = b'{"model": "%b"}' % name.encode()
        assert (await gateway.post(data=body)).status == 200
        assert node.seen[-1].body == body
    assert (await gateway.post(json={"model": "phi"})).status == 404


async def test_only_ollama_has_a_latest_that_may_be_left_out(new_node: NewNode, start: Start) -> None:
    gateway = await start(config(await new_node("llama3:latest")))
    assert (await gateway.post(json={"model": "llama3"})).status == 404


@pytest.mark.parametrize("name", ["M", "m ", " m", "mm", "m:latest", "org/m"])
async def test_names_of_models_match_exactly(name: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert (await gateway.post(CHAT, json={"model": name})).status == 404
