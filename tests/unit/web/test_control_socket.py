"""The socket beside the configuration file."""

# ruff: noqa: ASYNC240 - files in memory

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from llmlb.background import Background
from llmlb.testing import ManualClock, eventually
from llmlb.web.control_path import socket_path
from llmlb.web.control_socket import LOOK_SECS, control_socket, listening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return socket_path(tmp_path / "config.toml")


def app() -> web.Application:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    one = web.Application()
    one.add_routes([web.get("/", hello)])
    return one


@asynccontextmanager
async def listening_at(path: Path, app: web.Application, clock: ManualClock | None = None) -> AsyncIterator[None]:
    """`control_socket`, whose task never ends by itself."""
    background = Background()
    async with control_socket(path, app, clock or ManualClock(), background):
        yield
    await background.stop()
    assert background.healthy


async def answers(path: Path) -> bool:
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
            session.get("http://localhost/") as reply,
        ):
            return await reply.text() == "hello"
    except aiohttp.ClientConnectionError:
        return False


def warnings(logs: list[Any]) -> list[str]:
    return [line["reason"] for line in logs if line["event"] == "no control socket"]


async def test_it_answers_its_owner_only_and_is_removed(path: Path) -> None:
    assert path.name == "config.toml.sock"
    async with listening_at(path, app()):
        assert await answers(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(path.parent) == [path.name]
    assert os.listdir(path.parent) == []


async def test_it_is_never_open_to_others_nor_there_without_answering(path: Path) -> None:
    """Whoever sees it can connect: it is bound by another name, shut and listening before it gets its own."""
    before = os.umask(0)
    try:
        with listening(path), socket.socket(socket.AF_UNIX) as caller:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            caller.connect(str(path))
    finally:
        os.umask(before)


async def test_one_left_by_a_crash_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
        crashed.listen()
    first = path.with_name(f".{path.name}.{os.getpid()}")  # of one that crashed while it began
    first.touch()
    assert not await answers(path)
    with capture_logs() as logs:
        async with listening_at(path, app()):
            assert await answers(path)
    assert warnings(logs) == []
    assert os.listdir(path.parent) == []


async def test_one_that_lives_is_not_stolen(path: Path) -> None:
    async with listening_at(path, app()):
        with capture_logs() as logs:
            async with listening_at(path, web.Application()):
                assert await answers(path)
        assert warnings(logs) == ["another gateway uses it"]
        assert await answers(path)


async def test_one_that_lives_but_has_no_time_is_not_stolen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(str(path))
        busy.listen(0)
        first.connect(str(path))
        with capture_logs() as logs:
            async with listening_at(path, app()):
                pass
    assert warnings(logs) == ["another gateway uses it"]


async def test_something_else_of_that_name_stays(path: Path) -> None:
    path.write_text("mine")
    with capture_logs() as logs:
        async with listening_at(path, app()):
            pass
    assert warnings(logs) == ["something else is there"]
    assert path.read_text() == "mine"


async def test_one_that_has_taken_its_place_stays(path: Path) -> None:
    async with listening_at(path, app()):
        path.unlink()
        path.write_text("another's")
    assert path.read_text() == "another's"


@pytest.mark.parametrize("folder", ["missing", "x" * 120, "/proc"], ids=["missing", "too long", "unwritable"])
async def test_where_it_cannot_be_that_is_said_and_all_goes_on(tmp_path: Path, folder: str) -> None:
    if folder.startswith("x"):
        (tmp_path / folder).mkdir()
    with capture_logs() as logs:
        async with listening_at(tmp_path / folder / "config.toml.sock", app()):
            pass
    (reason,) = warnings(logs)
    assert reason


async def looks(clock: ManualClock) -> None:
    """Wait until it has looked, and done what that led to."""
    await clock.run_for(LOOK_SECS)
    await eventually(lambda: clock.pending, "it will look again")


@pytest.mark.parametrize("what", ["socket", "directory"])
async def test_one_that_is_gone_is_made_again(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "llmlb"
    folder.mkdir()
    path, clock = folder / "config.toml.sock", ManualClock()
    async with listening_at(path, app(), clock):
        with capture_logs() as logs:
            await looks(clock)
            assert logs == []
            if what == "socket":
                path.unlink()
            else:
                shutil.rmtree(folder)
                await looks(clock)
                await looks(clock)
                assert warnings(logs) == ["No such file or directory"], "that is said once"
                folder.mkdir()
            await looks(clock)
            assert await answers(path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert [line["event"] for line in logs][-1:] == ["control socket again"]
            said = len(logs)
            await looks(clock)
            assert len(logs) == said
    assert os.listdir(folder) == []


async def test_it_is_taken_over_from_another_gateway_that_ends(path: Path) -> None:
    clock = ManualClock()
    with capture_logs() as logs:
        async with AsyncExitStack() as first, AsyncExitStack() as second:
            await first.enter_async_context(listening_at(path, web.Application()))
            await second.enter_async_context(listening_at(path, app(), clock))
            await looks(clock)
            assert warnings(logs) == ["another gateway uses it"], "that is said once"
            await first.aclose()
            assert not path.exists()
            await looks(clock)
            assert await answers(path)


async def test_one_that_is_another_s_by_now_is_left_to_it(path: Path) -> None:
    clock = ManualClock()
    with capture_logs() as logs:
        async with AsyncExitStack() as first:
            await first.enter_async_context(listening_at(path, web.Application(), clock))
            path.unlink()
            async with listening_at(path, app()):
                await looks(clock)
                assert warnings(logs) == ["another gateway uses it"]
                await first.aclose()
                assert await answers(path)
