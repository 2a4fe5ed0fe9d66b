"""Where the gateway listens, and how it shows that it cannot go on."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from llmlb.app import running
from llmlb.config.model import Server
from llmlb.signs_of_life import QUESTIONS
from llmlb.testing import ScriptedNode, eventually
from llmlb.web.connection import Connection
from tests.integration.bench import config
from tests.integration.conftest import Start


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert isinstance(port, int)
        return port


async def test_host_and_port_are_where_it_listens(node: ScriptedNode) -> None:
    port = free_port()
    async with running(config(node, server=Server(host="127.0.0.2", port=port))) as gateway:
        assert gateway.url == f"http://127.0.0.2:{port}"
        async with aiohttp.ClientSession() as client, client.get(f"{gateway.url}/healthz") as response:
            assert response.status == 200
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_everywhere_is_by_ipv4_as_well(node: ScriptedNode) -> None:
    port = free_port()
    async with running(config(node, server=Server(host="::", port=port))) as gateway:
        assert gateway.url == f"http://localhost:{port}"
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()


async def test_a_client_is_asked_for_signs_of_life(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    made = Connection.connection_made

    def seen(self: Connection, transport: asyncio.BaseTransport) -> None:
        made(self, transport)
        asked.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT))

    monkeypatch.setattr(Connection, "connection_made", seen)
    gateway = await start(config(node))
    assert (await gateway.get("/healthz")).status == 200
    assert asked == [QUESTIONS]


async def test_on_the_usual_host_the_url_is_one_that_people_type(node: ScriptedNode) -> None:
    port = free_port()
    async with running(config(node, server=Server(port=port))) as gateway:
        assert gateway.url == f"http://localhost:{port}"


async def test_a_taken_port_is_an_error_and_leaves_nothing_running(node: ScriptedNode) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        before = len(asyncio.all_tasks())
        with pytest.raises(OSError, match="address already in use"):
            async with running(config(node, server=Server(port=taken.getsockname()[1]))):
                raise AssertionError("it must not listen")
        await eventually(lambda: len(asyncio.all_tasks()) <= before, "nothing is left running")


async def test_a_task_that_dies_makes_the_gateway_unready_and_is_told(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert (await gateway.get("/readyz")).status == 200

    async def dies() -> None:
        raise RuntimeError("a bug")

    gateway.gateway.background.start("probe x", dies())
    await asyncio.wait_for(gateway.running.failed.wait(), 5)
    assert (await gateway.get("/readyz")).status == 503
    assert (await gateway.get("/healthz")).status == 200
