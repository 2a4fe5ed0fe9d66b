"""Who may use the gateway (S1, S2)."""

from __future__ import annotations

import hashlib

import pytest

from llmlb.config.model import KeyConfig
from llmlb.testing import ScriptedNode
from tests.integration.bench import CHAT, config
from tests.integration.conftest import Start

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


async def test_a_key_in_the_query_does_not_pass(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    assert (await gateway.post(f"{CHAT}?api_key=sk-plain&key=sk-plain")).status == 401


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer anything"}, {"x-api-key": "anything"}])
async def test_without_configured_keys_anyone_passes(headers: dict[str, str], node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert (await gateway.post(headers=headers)).status == 200
