"""The routes of the OpenAI endpoint (A1) and what else there is, or is not (H1)."""

from __future__ import annotations

import pytest

from llmlb.config.model import KeyConfig, NodeConfig
from llmlb.testing import ManualClock, ScriptedNode, eventually
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start

JSON_ROUTES = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
    "/v1/rerank",
    "/v1/audio/speech",
    "/v1/images/generations",
)
FORM_ROUTES = (
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/v1/images/edits",
    "/v1/images/variations",
)
FORM = {"Content-Type": "multipart/form-data; boundary=xx"}


def form(**fields: str) -> bytes:
    """A form with a file in it that has every byte there is."""
    parts = [
        b'--xx\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value.encode())
        for name, value in fields.items()
    ]
    file = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n%b\r\n' % bytes(range(256))
    return b"".join([file, *parts, b"--xx--\r\n"])


@pytest.mark.parametrize("path", JSON_ROUTES)
async def test_a_json_route_reaches_the_node_under_the_same_path(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive(path, json={"model": "m"})
    request = await node.received()
    assert (request.method, request.path, request.json) == ("POST", path, {"model": "m"})
    await request.reply({"fine": True})
    assert ((await task).status, (await task).json) == (200, {"fine": True})


@pytest.mark.parametrize("path", FORM_ROUTES)
async def test_a_form_route_reaches_the_node_under_the_same_path(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive(path, data=form(model="m"), headers=FORM)
    request = await node.received()
    assert (request.path, request.body) == (path, form(model="m"))
    assert request.header("content-type") == FORM["Content-Type"]
    await request.reply({"fine": True})
    assert (await task).status == 200


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/variations"])
async def test_the_image_forms_need_no_model_and_go_to_any_node(path: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(path, data=form(prompt="a cat"), headers=FORM)).status == 200
    assert node.seen[0].body == form(prompt="a cat")


async def test_an_image_needs_no_model(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post("/v1/images/generations", json={"prompt": "a cat"})).status == 200


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/audio/translations"])
async def test_the_audio_forms_need_a_model(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert (await gateway.post(path, data=form(language="ja"), headers=FORM)).status == 400


@pytest.mark.parametrize("path", [path for path in JSON_ROUTES if "images" not in path])
async def test_the_other_json_routes_need_a_model(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert (await gateway.post(path, json={"input": "x"})).status == 400


async def test_a_form_goes_to_a_node_with_its_model(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("whisper-1")
    second.auto()
    gateway = await start(config(first, second))
    for _ in range(2):
        answer = await gateway.post("/v1/audio/transcriptions", data=form(model="whisper-1"), headers=FORM)
        assert answer.status == 200
    assert (len(first.seen), len(second.seen)) == (0, 2)


async def test_the_models_of_all_nodes_are_listed_once_each(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("b/c:1", "a"), await new_node("a")
    gateway = await start(config(first, second))
    listing = (await gateway.get("/v1/models")).json
    assert listing["object"] == "list"
    assert [model["id"] for model in listing["data"]] == ["a", "b/c:1"]
    assert {model["object"] for model in listing["data"]} == {"model"}
    assert {type(model["created"]) for model in listing["data"]} == {int}


@pytest.mark.parametrize("path", ["org/name/7b:q4", "org%2Fname%2F7b%3Aq4"])
async def test_a_model_is_retrieved_by_a_name_with_slashes(path: str, new_node: NewNode, start: Start) -> None:
    gateway = await start(config(await new_node("org/name/7b:q4")))
    answer = await gateway.get("/v1/models/" + path)
    assert (answer.status, answer.json["id"], answer.json["object"]) == (200, "org/name/7b:q4", "model")


async def test_a_model_nobody_has_is_not_retrieved(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answer = await gateway.get("/v1/models/none")
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")


async def test_a_model_stays_listed_while_its_node_is_offline_or_no_longer_has_it(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    node.models = ["n"]
    clock.advance(5)
    await eventually(lambda: "n" in gateway.gateway.fleet.models(), "the new model is found")
    node.refuse()
    clock.advance(5)
    await gateway.state("n1", "offline")
    assert [model["id"] for model in (await gateway.get("/v1/models")).json["data"]] == ["m", "n"]
    assert (await gateway.get("/v1/models/m")).status == 200


async def test_models_are_listed_at_once_while_the_queue_is_full(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    await gateway.arrive()
    await gateway.arrive()
    assert (await gateway.get("/v1/models")).status == 200
    assert (await gateway.get("/healthz")).status == 200
    assert (await gateway.get("/readyz")).status == 200


async def test_models_and_statistics_want_a_key_where_keys_are_configured(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="A"),)))
    for path in ("/v1/models", "/v1/models/m", "/api/queue/stats"):
        assert (await gateway.get(path)).status == 401
        answer = await gateway._read("GET", path, {"headers": {"Authorization": "Bearer A"}})
        assert answer.status == 200
    for path in ("/healthz", "/health", "/readyz", "/"):
        assert (await gateway.get(path)).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/api/pull",
        "/api/generate",
        "/api/tags",
        "/v1/foo",
        "/v1",
        "/v1/",
        "/v1/chat",
        "/v1/chat/completions/",
        "/v1/chat/completions/../../../api/pull",
        "/v1/%2e%2e/api/pull",
        "/v1/models/../../api/pull",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "//api/pull",
        "/v1/chat%2Fcompletions",
        "/V1/chat/completions",
        "/v1/chat/completions;x=1",
        "/v2/chat/completions",
    ],
)
async def test_no_other_path_reaches_a_node(target: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    request = f'POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 13\r\n\r\n{{"model":"m"}}'
    reply = await gateway.raw(request.encode())
    assert reply.split(b" ", 2)[1] in {b"404", b"405"}, reply
    assert b'"type":"invalid_request_error"' in reply
    assert node.seen == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "a/api/pull"])
async def test_the_route_decides_and_not_the_host(host: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    body = b'{"model":"m"}'
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    await gateway.raw(head.encode() + body)
    assert {request.path for request in node.seen} <= {"/v1/completions"}
    assert {request.header("host") for request in node.seen} <= {f"127.0.0.1:{node.port}"}


async def test_a_query_is_not_passed_on(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    await gateway.post("/v1/chat/completions?api_key=secret&path=/api/pull")
    assert node.seen[0].path == "/v1/chat/completions"


async def test_a_node_is_spoken_to_under_its_prefix_too(node: ScriptedNode, start: Start) -> None:
    node.auto()
    node.pages["/llm/v1/models"] = (200, {"data": [{"id": "m"}]})
    gateway = await start(config(NodeConfig(name="n1", url=node.url + "/llm/v1/")))
    assert (await gateway.post("/v1/embeddings")).status == 200
    assert node.seen[0].path == "/llm/v1/embeddings"


async def test_a_name_longer_than_any_model_has_waits_for_no_node_that_may_have_it(start: Start) -> None:
    gateway = await start(config(NodeConfig(name="n1", url="http://127.0.0.1:1")), ready=0)
    answer = await gateway.post(json={"model": "m" * 257})
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert len(answer.error["message"]) < 300


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/models", "/api/queue/stats", "/", "/nothing"])
async def test_while_it_drains_every_answer_says_that_the_connection_ends(
    path: str, node: ScriptedNode, start: Start
) -> None:
    """Else a client sends its next request down a connection that is closed by then, and is not told to come back."""
    gateway = await start(config(node))
    assert "Connection" not in (await gateway.get(path)).headers
    gateway.gateway.draining = True
    assert (await gateway.get(path)).headers["Connection"] == "close"
