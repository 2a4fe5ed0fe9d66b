"""The simulated node as its own program."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from llmlb.demo import node as program
from llmlb.testing import ScriptedNode


async def spawn(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "llmlb.demo.node",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
async def running() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await spawn("--port", "0", "--model", "a", "--model", "b", "--tokens-per-second", "5000")
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    yield process, line
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def test_it_says_where_it_is_answers_and_stops_when_told(
    running: tuple[asyncio.subprocess.Process, str],
) -> None:
    process, line = running
    name, url, models = line.strip().split(" ", 2)
    assert (name, models) == ("simulated:", "(a, b)")
    body = {"model": "b", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "stream": True}
    async with aiohttp.ClientSession() as web, web.post(url + "/v1/chat/completions", json=body) as response:
        assert (await response.text()).endswith("data: [DONE]\n\n")
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, errors) == (0, b"")


async def test_a_taken_port_is_one_plain_line() -> None:
    async with ScriptedNode() as taken:
        process = await spawn("--port", str(taken.port))
        _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert errors.decode().startswith(f"cannot listen on 127.0.0.1:{taken.port}: ")
    assert errors.count(b"\n") == 1


@pytest.mark.parametrize("rate", ["0", "-1", "inf", "fast"])
def test_a_rate_must_be_a_number_above_nothing(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["--tokens-per-second", rate])
    assert ended.value.code == 2
    assert "--tokens-per-second" in capsys.readouterr().err
