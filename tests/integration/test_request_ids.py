"""One id through response, log and node, and no version told (A4, S2)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llmlb.config.model import KeyConfig, NodeConfig
from llmlb.testing import ManualClock, ScriptedNode
from tests.integration.bench import config
from tests.integration.conftest import Start

Log = Callable[[], list[dict[str, Any]]]


def requests(log: Log) -> list[dict[str, Any]]:
    return [line for line in log() if line["event"] == "request"]


@pytest.mark.parametrize("own", ["a", "A.b_c-9", "x" * 128])
async def test_the_clients_own_id_is_on_the_response_the_log_line_and_the_nodes_request(
    own: str, node: ScriptedNode, start: Start, log: Log
) -> None:
    node.auto()
    gateway = await start(config(node))
    answer = await gateway.post(headers={"X-Request-Id": own})
    assert answer.headers["X-Request-Id"] == own
    assert node.seen[0].header("x-request-id") == own
    await gateway.quiet()
    assert [line["id"] for line in requests(log)] == [own]


@pytest.mark.parametrize("own", [None, "", "x" * 129, "a b", "a/b", "é", "a,b"])
async def test_an_id_that_is_missing_or_harmful_is_replaced_by_one_of_ours(
    own: str | None, node: ScriptedNode, start: Start, log: Log
) -> None:
    node.auto()
    gateway = await start(config(node))
    answer = await gateway.post(headers={} if own is None else {"X-Request-Id": own})
    given = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", given)
    assert given != own
    assert node.seen[0].header("x-request-id") == given
    await gateway.quiet()
    assert [line["id"] for line in requests(log)] == [given]


async def test_no_two_requests_are_given_the_same_id(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    answers = await asyncio.gather(*[gateway.get("/healthz") for _ in range(20)])
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 20


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/none"),
        ("GET", "/nowhere"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/"),
        ("OPTIONS", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/api/queue/stats"),
        ("GET", "/static/nothing"),
    ],
)
async def test_every_response_has_an_id_and_a_server_without_a_version(
    method: str, path: str, node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    async with gateway.client.request(method, gateway.url + path, headers={"X-Request-Id": "mine"}) as response:
        assert response.headers.getall("X-Request-Id") == ["mine"]
        assert response.headers.getall("Server") == ["llmlb"]


async def test_a_stream_carries_its_id_too(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    answer = await gateway.post(json={"model": "m", "stream": True}, headers={"X-Request-Id": "mine"})
    assert (answer.headers["X-Request-Id"], answer.headers["Server"]) == ("mine", "llmlb")


async def test_every_request_has_one_line_that_tells_how_it_went(node: ScriptedNode, start: Start, log: Log) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="alice", key="secret-of-alice"),)))
    tasks = [await gateway.arrive(key="secret-of-alice", headers={"X-Request-Id": str(n)}) for n in range(2)]
    node.auto()
    await asyncio.gather(*tasks)
    await gateway.quiet()
    first, second = requests(log)
    assert {**first, "time": "", "service": 0} == {
        "time": "",
        "level": "info",
        "event": "request",
        "id": "0",
        "key": "alice",
        "model": "m",
        "node": "n1",
        "position": None,
        "estimate": None,
        "wait": 0.0,
        "service": 0,
        "outcome": "served",
        "status": 200,
        "size": len(b'{"model": "m"}'),
        "tokens": 2,
        "attempts": 1,
        "reason": "",
    }
    assert (second["id"], second["position"], second["estimate"]) == ("1", 1, 10)


async def test_lines_of_keys_that_are_not_configured_can_be_told_apart(
    node: ScriptedNode, start: Start, log: Log
) -> None:
    node.auto()
    gateway = await start(config(node))
    for key in ("one", "other", None, "one"):
        await gateway.post(key=key)
    await gateway.quiet()
    one, other, nobody, again = [line["key"] for line in requests(log)]
    assert one == again
    assert len({one, other, nobody}) == 3


async def test_a_line_is_dated_by_the_day_and_in_utc(node: ScriptedNode, start: Start, log: Log) -> None:
    node.auto()
    gateway = await start(config(node))
    await gateway.post()
    await gateway.quiet()
    written = datetime.fromisoformat(requests(log)[0]["time"])
    assert abs(datetime.now(UTC) - written) < timedelta(seconds=10)


async def test_a_line_tells_what_the_reply_has_cost_also_when_its_client_left(
    node: ScriptedNode, start: Start, log: Log
) -> None:
    gateway = await start(config(node))
    body = b'{"model":"m","stream":true,"pad":"' + b"x" * 365 + b'"}'
    opening = gateway.open(data=body)
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    for n in range(3):
        await request.event({"n": n})
    response = await opening
    for _ in range(3):
        await response.content.readuntil(b"\n\n")
    response.close()
    await request.gone()
    await gateway.quiet()
    (line,) = requests(log)
    assert (line["outcome"], line["size"], line["tokens"]) == ("cancelled", len(body), len(body) // 4 + 3)


@pytest.mark.parametrize("reply", [b"", b"sound", {"id": "x"}, {"usage": None}])
async def test_where_nobody_can_tell_the_tokens_they_are_null(
    reply: object, node: ScriptedNode, start: Start, log: Log
) -> None:
    node.auto(reply)
    gateway = await start(config(node))
    await gateway.post()
    await gateway.quiet()
    assert requests(log)[0]["tokens"] is None


async def test_no_secret_is_in_any_log_line_or_error(
    node: ScriptedNode, start: Start, clock: ManualClock, log: Log
) -> None:
    hashed = hashlib.sha256(b"sk-hashed").hexdigest()
    keys = (KeyConfig(name="a", key="sk-plain"), KeyConfig(name="b", key_sha256=hashed))
    gateway = await start(config(NodeConfig(name="n1", url=node.url, api_key="sk-node"), keys=keys), clock)
    bodies = []
    for key in ("sk-plain", "sk-hashed", "sk-wrong"):
        for model in ("m", "unknown", ""):
            task = await gateway.arrive(key=key, json={"model": model, "prompt": "a private prompt"})
            if (key, model) in {("sk-plain", "m"), ("sk-hashed", "m")}:
                (await node.received()).reset()
                await gateway.state("n1", "offline")
                bodies.append((await gateway.post(key=key)).body)
                clock.advance(15)
            bodies.append((await task).body)
            await gateway.state("n1", "idle")
    written = str(log()) + str(bodies) + repr(gateway.gateway.config)
    for secret in ("sk-plain", "sk-hashed", "sk-wrong", "sk-node", hashed, "private prompt"):
        assert secret not in written


async def test_a_log_line_cannot_be_forged_by_the_name_of_a_model(node: ScriptedNode, start: Start, log: Log) -> None:
    gateway = await start(config(node))
    hostile = 'x\n{"event":"request","outcome":"served"}\x1b[2J'
    await gateway.post(json={"model": hostile})
    await gateway.quiet()
    assert [line["model"] for line in requests(log)] == [hostile]
