"""The file changes while requests wait and are served: what it says takes effect, and nobody is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from llmlb.clock import Clock
from llmlb.config.load import load
from llmlb.gateway.reload import Reload, Reloader
from llmlb.testing import ScriptedNode, eventually
from llmlb.web.control import control
from tests.integration.bench import Bench
from tests.integration.conftest import NewNode, Start

Log = Callable[[], list[dict[str, Any]]]


@attrs.frozen
class Followed:
    """A gateway and the file it follows."""

    bench: Bench
    file: Path
    reloader: Reloader

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    async def reload(self) -> Reload:
        async with asyncio.timeout(5):
            return await self.reloader.ask("test")


Follow = Callable[..., Awaitable[Followed]]


@pytest.fixture
async def follow(tmp_path: Path, start: Start) -> AsyncIterator[Follow]:
    tasks: list[asyncio.Task[None]] = []
    file = tmp_path / "config.toml"

    async def begin(text: str | None, clock: Clock | None = None, environ: dict[str, str] | None = None) -> Followed:
        if text is not None:
            file.write_text(text, encoding="utf-8")
        variables = {"LLMLB_SERVER_PORT": "0"} | (environ or {})
        loaded = load(file if text is not None else None, variables)
        bench = await start(loaded.config)
        reloader = Reloader(bench.gateway, file, loaded, variables, clock or bench.gateway.clock)
        tasks.append(bench.gateway.background.start("configuration", reloader.run()))
        return Followed(bench, file, reloader)

    yield begin
    for task in tasks:
        task.cancel()


def text_of(*nodes: ScriptedNode, before: str = "") -> str:
    """A file with these nodes, named n1, n2, ...; texts are English."""
    tables = "".join(f'[[nodes]]\nname = "n{n}"\nurl = "{node.url}"\n' for n, node in enumerate(nodes, 1))
    return f'[server]\nlocale = "en"\n{before}{tables}'


def events(log: Log, name: str) -> list[dict[str, Any]]:
    return [line for line in log() if line["event"] == name]


async def test_nobody_who_waits_or_streams_is_dropped_or_passed(new_node: NewNode, follow: Follow, log: Log) -> None:
    node, other = await new_node(), await new_node()
    gateway = await follow(text_of(node))
    stream = gateway.bench.open()
    streamed = await node.received()
    await streamed.start(chunked=True, first=b"data: 1\n\n")
    waiting = [await gateway.bench.arrive(headers={"X-Request-Id": f"w{n}"}) for n in range(3)]
    gateway.write(text_of(node, before="[queue]\nmax_size = 3\ntimeout_secs = 50\n"))
    came = await gateway.reload()
    assert came.changed == ("queue.max_size", "queue.timeout_secs")
    assert (await gateway.bench.post()).status == 429, "three wait, and no more may"
    assert gateway.bench.gateway.overview().waiting == 3
    gateway.write(text_of(node, other))
    assert (await gateway.reload()).changed[-1] == "nodes.n2 added"
    first = await other.received()
    assert first.header("x-request-id") == "w0"
    await streamed.send(b"data: 2\n\n")
    await streamed.end()
    reply = await stream
    assert (await reply.read()) == b"data: 1\n\ndata: 2\n\n"
    second = await node.received()
    assert second.header("x-request-id") == "w1"
    gateway.write(text_of(node))
    await gateway.reload()
    await first.reply({"from": "the node that was removed"})
    await second.reply({})
    await (await node.received()).reply({})
    assert [(await task).status for task in waiting] == [200, 200, 200]
    await eventually(lambda: list(gateway.bench.states) == ["n1"], "the removed node has gone")
    applied = events(log, "configuration applied")
    assert [line["by"] for line in applied] == ["test"] * 3


async def test_asking_all_at_once_is_answered_to_all(node: ScriptedNode, follow: Follow, log: Log) -> None:
    gateway = await follow(text_of(node))
    gateway.write(text_of(node, before="[queue]\nmax_size = 5\n"))
    answers = [gateway.reloader.ask(by) for by in ("SIGHUP", "command", "command")]
    answers[2].cancel()
    async with asyncio.timeout(5):
        assert [(await answer).changed for answer in answers[:2]] == [("queue.max_size",)] * 2
    assert [line["by"] for line in events(log, "configuration applied")] == ["SIGHUP, command"]


async def test_the_command_line_sees_nodes_in_full_and_may_have_the_file_read(
    new_node: NewNode, follow: Follow
) -> None:
    node = await new_node("m", "n")
    gateway = await follow(text_of(node))
    app: web.Application = control(gateway.bench.gateway, gateway.reloader.ask, {}, url="", since=0)
    async with TestClient(TestServer(app)) as client:
        seen = await (await client.get("/nodes")).json()
        assert seen["configured"] is True
        (view,) = seen["nodes"]
        assert view.pop("since") >= 0
        assert view == {
            "name": "n1",
            "url": node.url,
            "state": "idle",
            "reason": "",
            "kind": "openai",
            "models": ["m", "n"],
            "aliases": {},
            "loaded": [],
            "in_service": 0,
            "failures": 0,
        }
        gateway.write("[queue]\nmax_size = 0\n")
        came = await (await client.post("/reload")).json()
        assert "max_size = 0" in came["problems"][0]["ja"]
        assert came["problems"][0].keys() == {"ja", "en"}


async def test_no_address_is_told_and_nothing_changed_over_tcp(node: ScriptedNode, follow: Follow) -> None:
    gateway = await follow(text_of(node))
    for path in ("/nodes", "/reload", "/api/nodes"):
        assert (await gateway.bench.get(path)).status == 404
        assert (await gateway.bench.post(path)).status == 404
    for path in ("/", "/metrics", "/healthz", "/api/queue/stats"):
        assert str(node.port) not in (await gateway.bench.get(path)).body.decode()
