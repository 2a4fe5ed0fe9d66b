"""The socket beside the configuration file."""

# ruff: noqa: ASYNC240 - files in memory

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from llmlb.web.control_path import socket_path
from llmlb.web.control_socket import control_socket, listening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return socket_path(tmp_path / "config.toml")


def app() -> web.Application:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    one = web.Application()
    one.add_routes([web.get("/", hello)])
    return one


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
    async with control_socket(path, app()):
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
        async with control_socket(path, app()):
            assert await answers(path)
    assert warnings(logs) == []
    assert os.listdir(path.parent) == []


async def test_one_that_lives_is_not_stolen(path: Path) -> None:
    async with control_socket(path, app()):
        with capture_logs() as logs:
            async with control_socket(path, web.Application()):
                assert await answers(path)
        assert warnings(logs) == ["another gateway uses it"]
        assert await answers(path)


async def test_one_that_lives_but_has_no_time_is_not_stolen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(str(path))
        busy.listen(0)
        first.connect(str(path))
        with capture_logs() as logs:
            async with control_socket(path, app()):
                pass
    assert warnings(logs) == ["another gateway uses it"]


async def test_something_else_of_that_name_stays(path: Path) -> None:
    path.write_text("mine")
    with capture_logs() as logs:
        async with control_socket(path, app()):
            pass
    assert warnings(logs) == ["something else is there"]
    assert path.read_text() == "mine"


async def test_one_that_has_taken_its_place_stays(path: Path) -> None:
    async with control_socket(path, app()):
        path.unlink()
        path.write_text("another's")
    assert path.read_text() == "another's"


@pytest.mark.parametrize("folder", ["missing", "x" * 120, "/proc"], ids=["missing", "too long", "unwritable"])
async def test_where_it_cannot_be_that_is_said_and_all_goes_on(tmp_path: Path, folder: str) -> None:
    if folder.startswith("x"):
        (tmp_path / folder).mkdir()
    with capture_logs() as logs:
        async with control_socket(tmp_path / folder / "config.toml.sock", app()):
            pass
    (reason,) = warnings(logs)
    assert reason
