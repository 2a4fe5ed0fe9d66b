"""What the command line learns of a running gateway, and what the gateway notes of whoever asks."""

from __future__ import annotations

import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from llmlb import __version__
from llmlb.config.model import Config, KeyConfig, Operator, Queue, Server
from llmlb.gateway.reload import Reload
from llmlb.telemetry.timeline import STEPS
from llmlb.testing import ScriptedNode
from llmlb.web.control import control
from tests.integration.bench import Bench, config
from tests.integration.conftest import Start

Client = TestClient[web.Request, web.Application]

KEYS = (
    KeyConfig(name="alice", key="sk-a", weight=2, max_waiting=7),
    KeyConfig(name='b"<b>\u202e', key_sha256="0" * 64, disabled=True),
)


def asked(bench: Bench, environ: dict[str, str] | None = None, by: list[str] | None = None) -> Client:
    """A client of what the command line asks. `by`: gets who asked for the file to be read."""

    async def reload(who: str) -> Reload:
        (by if by is not None else []).append(who)
        return Reload()

    now = bench.gateway.clock.now()
    return TestClient(TestServer(control(bench.gateway, reload, environ or {}, url="http://localhost:1", since=now)))


async def test_keys_are_told_with_what_they_have_and_never_their_secrets(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    await gateway.arrive(key="sk-a")
    await (await node.received()).reply({})
    for _ in range(3):
        await gateway.arrive(key="sk-a")
    async with asked(gateway) as client:
        text = await (await client.get("/keys")).text()
        seen = await (await client.get("/keys")).json()
    assert seen["config_refused"] is False
    assert seen["keys"] == [
        {
            "name": "alice",
            "weight": 2,
            "max_waiting": 7,
            "disabled": False,
            "waiting": 2,
            "in_service": 1,
            "requests": 1,
        },
        {
            "name": KEYS[1].name,
            "weight": 1,
            "max_waiting": 0,
            "disabled": True,
            "waiting": 0,
            "in_service": 0,
            "requests": 0,
        },
    ]
    for key in KEYS:
        assert key.digest.hex() not in text
    assert "sk-a" not in text


async def test_variables_that_hold_a_setting_are_told_without_secrets(node: ScriptedNode, start: Start) -> None:
    settings: Config = attrs.evolve(
        config(node, queue=Queue(max_size=7)),
        server=Server(port=0, metrics_token="a-secret", cors_origins=("https://a.example",)),
        operator=Operator(password_hash="$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"),
    )
    gateway = await start(settings)
    names = ("QUEUE_MAX_SIZE", "SERVER_METRICS_TOKEN", "SERVER_CORS_ORIGINS", "OPERATOR_PASSWORD_HASH", "NOTHING")
    async with asked(gateway, {f"LLMLB_{name}": "x" for name in names}) as client:
        seen = await (await client.get("/settings")).json()
    assert {name: (one["variable"], one["value"]) for name, one in seen["held"].items()} == {
        "server.cors_origins": ("LLMLB_SERVER_CORS_ORIGINS", ["https://a.example"]),
        "server.metrics_token": ("LLMLB_SERVER_METRICS_TOKEN", "***"),
        "queue.max_size": ("LLMLB_QUEUE_MAX_SIZE", 7),
        "operator.password_hash": ("LLMLB_OPERATOR_PASSWORD_HASH", "***"),
    }


@pytest.mark.parametrize(
    ("given", "noted"),
    [
        (None, "command"),
        ("", "command"),
        ("  ", "command"),
        ("alice", "command by alice"),
        ("山田", "command by 山田"),
        ("root (alice)", "command by root (alice)"),
        ("x" * 100, "command by " + "x" * 64),
        ("a\nb\x1b[31m\u202e", r"command by a\nb\x1b[31m\u202e"),
        ("\n" * 64, "command by " + r"\n" * 32),
    ],
)
async def test_who_asks_is_noted_in_a_few_printable_characters(
    given: str | None, noted: str, node: ScriptedNode, start: Start
) -> None:
    by: list[str] = []
    async with asked(await start(config(node)), by=by) as client:
        assert (await client.post("/reload", params={} if given is None else {"by": given})).status == 200
    assert by == [noted]


async def test_the_desk_is_told_with_what_runs_since_when_and_where(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    await gateway.arrive(key="sk-a")
    await gateway.arrive(key="sk-a")
    async with asked(gateway) as client:
        text = await (await client.get("/desk")).text()
        seen = await (await client.get("/desk?history=1")).json()
    assert seen["version"] == __version__
    assert 0 <= seen["up"] < 60
    assert seen["url"] == "http://localhost:1"
    assert [one["key"] for one in seen["desk"]["running"]] == ["alice"]
    (waits,) = seen["desk"]["waiting"]
    assert (waits["key"], waits["position"], waits["why"]["before"]) == ("alice", 1, [])
    assert len(seen["desk"]["nodes"][0]["history"]) == STEPS
    assert '"history"' not in text
    for key in KEYS:
        assert key.digest.hex() not in text
    assert "sk-a" not in text
