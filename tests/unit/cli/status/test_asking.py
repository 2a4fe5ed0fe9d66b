"""Asking over and over, whatever is at the other end."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from llmlb.background import Background
from llmlb.cli.control_client import NotRunning, Unreachable
from llmlb.cli.status import asking as module
from llmlb.cli.status.asking import Asking
from llmlb.testing import ManualClock
from llmlb.web.control_path import socket_path
from llmlb.web.control_socket import control_socket

Handler = Callable[[web.Request], Awaitable[web.Response]]


@pytest.fixture
def config() -> Iterator[Path]:
    """Where a configuration file might be, on a short path: there is a socket beside it."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as directory:
        yield Path(directory) / "config.toml"


@asynccontextmanager
async def gateway(config: Path, handler: Handler) -> AsyncIterator[None]:
    """One that answers so at /desk."""
    app = web.Application()
    app.router.add_get("/desk", handler)
    background = Background()
    async with control_socket(socket_path(config), app, ManualClock(), background):
        yield
    await background.stop()


async def says_hello(_: web.Request) -> web.Response:
    return web.json_response({"hello": 1})


async def test_an_answer_is_read_again_and_again(config: Path) -> None:
    asking = Asking(config)
    async with gateway(config, says_hello):
        assert await asking.get("/desk") == {"hello": 1}
        assert await asking.get("/desk") == {"hello": 1}


async def test_a_gateway_may_come_go_and_come_again(config: Path) -> None:
    asking = Asking(config)
    for _ in range(2):
        with pytest.raises(NotRunning):
            await asking.get("/desk")
        async with gateway(config, says_hello):
            assert await asking.get("/desk") == {"hello": 1}
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(socket_path(config)))
    with pytest.raises(NotRunning):
        await asking.get("/desk")


async def test_it_is_found_through_a_link_to_its_file_also_when_it_starts_later(config: Path) -> None:
    link = config.with_name("link.toml")
    link.symlink_to(config)
    asking = Asking(link)
    with pytest.raises(NotRunning):
        await asking.get("/desk")
    async with gateway(config, says_hello):
        assert await asking.get("/desk") == {"hello": 1}


async def test_one_that_stops_in_mid_answer_does_not_run(config: Path) -> None:
    async def dies(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    asking = Asking(config)
    async with gateway(config, dies):
        with pytest.raises(NotRunning):
            await asking.get("/desk")


async def test_one_that_knows_no_desk_cannot_be_asked(config: Path) -> None:
    asking = Asking(config)
    async with gateway(config, says_hello):
        with pytest.raises(Unreachable, match="HTTP 404"):
            await asking.get("/another")


async def test_a_path_that_no_socket_can_have_is_told(config: Path) -> None:
    asking = Asking(config.with_name("x" * 200))
    with pytest.raises(Unreachable, match="too long"):
        await asking.get("/desk")


async def test_one_that_is_silent_is_not_waited_for_for_ever(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECS", 0.01)

    async def sleeps(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    asking = Asking(config)
    async with gateway(config, sleeps):
        with pytest.raises(TimeoutError):
            await asking.get("/desk")
