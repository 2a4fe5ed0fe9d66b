"""The log of a gateway as it is started: lines for people on a terminal, JSON wherever else they go (O5)."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from llmlb.testing import eventually
from tests.process.program import ROOT, START_SECS


def start(folder: Path, stderr: int) -> subprocess.Popen[bytes]:
    """A gateway with nothing configured."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LLMLB_")}
    environ = {**plain, "LLMLB_SERVER_PORT": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "llmlb", "serve"]
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=stderr)


async def first_lines(folder: Path, ours: int, its: int) -> list[str]:
    """What a gateway logs until it listens, its standard error being `its`, seen at `ours`."""
    process = start(folder, its)
    seen = b""

    def listens() -> bool:
        nonlocal seen
        with suppress(BlockingIOError):
            seen += os.read(ours, 65536)
        return b"listening" in seen and seen.endswith(b"\n")

    try:
        os.close(its)
        os.set_blocking(ours, False)
        await eventually(listens, "it listens", START_SECS)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return seen.decode().splitlines()


async def test_on_a_terminal_its_lines_are_for_people(tmp_path: Path) -> None:
    lines = await first_lines(tmp_path, *pty.openpty())
    (line,) = [line for line in lines if "listening" in line]
    assert "\x1b[" in line, "in colour"
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} info +listening url=http", re.sub(r"\x1b\[[\d;]*m", "", line))


@pytest.mark.parametrize("where", ["a file", "a pipe"])
async def test_elsewhere_each_line_is_json(tmp_path: Path, where: str) -> None:
    if where == "a pipe":
        ours, its = os.pipe()
    else:
        its = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        ours = os.open(tmp_path / "log", os.O_RDONLY)
    lines = [json.loads(line) for line in await first_lines(tmp_path, ours, its)]
    (line,) = [line for line in lines if line["event"] == "listening"]
    assert line["level"] == "info"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["time"])
