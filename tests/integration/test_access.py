"""Who may use the gateway (S1, S2)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from llmlb.config.model import KeyConfig
from llmlb.testing import ScriptedNode
from tests.integration.bench import CHAT, config
from tests.integration.conftest import Start

Log = Callable[[], list[dict[str, Any]]]

KEYS = (
    KeyConfig(name="plain", key="sk-plain"),
    KeyConfig(name="hashed", key_sha256=hashlib.sha256(b"sk-hashed").hexdigest()),
)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer sk-plain"},
        {"Authorization": "bearer sk-plain"},
        {"Authorization": "BEARER sk-plain"},
        {"authorization": "Bearer   sk-plain"},
        {"x-api-key": "sk-plain"},
        {"X-API-KEY": "sk-plain"},
        {"Authorization": "Bearer sk-hashed"},
        {"x-api-key": "sk-hashed"},
        {"Authorization": "Basic abc", "x-api-key": "sk-plain"},
    ],
)
async def test_a_configured_key_passes_in_either_header(
    headers: dict[str, str], node: ScriptedNode, start: Start
) -> None:
    node.auto()
    gateway = await start(config(node, keys=KEYS))
    assert (await gateway.post(headers=headers)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer sk-plai"},
        {"Authorization": "Bearer sk-plainx"},
        {"Authorization": "Bearer SK-PLAIN"},
        {"Authorization": "sk-plain"},
        {"Authorization": "Basic sk-plain"},
        {"Authorization": "Bearer " + KEYS[1].key_sha256},
        {"x-api-key": ""},
        {"x-api-key": "Bearer sk-plain"},
        {"api-key": "sk-plain"},
        {"Cookie": "key=sk-plain"},
        {"Authorization": "Bearer \u00e9"},
    ],
)
async def test_anything_else_is_refused_before_the_body_is_looked_at(
    headers: dict[str, str], node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, keys=KEYS))
    answer = await gateway.post(headers=headers, data=b"{ not json")
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert gateway.gateway.arrivals == 0


@pytest.mark.parametrize(("language", "words"), [("ja", "無効化されています"), ("en", "has been disabled")])
async def test_a_disabled_key_is_told_so_and_who_waits_stays(
    language: str, words: str, node: ScriptedNode, start: Start, log: Log
) -> None:
    gateway = await start(config(node, keys=KEYS))
    tasks = [await gateway.arrive(key="sk-plain") for _ in range(2)]
    off = tuple(attrs.evolve(key, disabled=True) for key in KEYS)
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, api_keys=off))
    for key in ("sk-plain", "sk-hashed"):
        answer = await gateway.post(key=key, headers={"Accept-Language": language}, data=b"{ not json")
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
        assert words in answer.error["message"]
    other = await gateway.post(key="sk-other", headers={"Accept-Language": language})
    assert other.status == 401
    assert words not in other.error["message"]
    assert (await gateway.post()).status == 401, "nobody may use it, rather than anybody"
    refused = [(line["reason"], line.get("key")) for line in log() if line["event"] == "refused"]
    assert refused == [("disabled_key", "plain"), ("disabled_key", "hashed"), ("wrong_key", None), ("no_key", None)]
    node.auto()
    assert [(await task).status for task in tasks] == [200, 200]
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, api_keys=KEYS))
    assert (await gateway.post(key="sk-plain")).status == 200


async def test_a_key_in_the_query_does_not_pass(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    assert (await gateway.post(f"{CHAT}?api_key=sk-plain&key=sk-plain")).status == 401


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer anything"}, {"x-api-key": "anything"}])
async def test_without_configured_keys_anyone_passes(headers: dict[str, str], node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(headers=headers)).status == 200


async def test_two_hundred_at_once_are_told_apart_by_their_keys(node: ScriptedNode, start: Start) -> None:
    """Trap 43: nothing that is shared stands in the way of who asks."""
    keys = tuple(KeyConfig(name=f"k{number}", key=f"sk-{number}") for number in range(200))
    gateway = await start(config(node, keys=keys))

    async def asks(key: str) -> int:
        return (await gateway.get("/v1/models", headers={"Authorization": f"Bearer {key}"})).status

    assert set(await asyncio.gather(*(asks(key.key) for key in keys))) == {200}
    assert set(await asyncio.gather(*(asks(f"{key.key}x") for key in keys))) == {401}


async def test_no_key_is_shown_anywhere(node: ScriptedNode, start: Start, log: Any) -> None:
    node.auto()
    gateway = await start(config(node, keys=KEYS))
    said = []
    for key in ("sk-plain", "sk-hashed", "sk-wrong", KEYS[1].key_sha256):
        for path in ("/", "/v1/models", "/v1/models/none", "/api/queue/stats", "/metrics", "/v1/nowhere", CHAT):
            credentials = ({"Authorization": f"Bearer {key}"}, {"x-api-key": key})
            said += [await gateway.get(f"{path}?key={key}", headers=headers) for headers in credentials]
        bodies = (b"{", b'{"model":"none"}', b'{"model":"m"}')
        said += [await gateway.post(key=key, data=data) for data in bodies]
    everything = str([(answer.headers, answer.body) for answer in said]) + str(log())
    assert any(b'key="plain"' in answer.body for answer in said), "the metrics by key are among it"
    for secret in ("sk-", KEYS[1].key_sha256):
        assert secret not in everything
