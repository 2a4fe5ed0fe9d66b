"""A gateway whose terminal is closed: SIGHUP then means the end, unless it was told to stay. One whose terminal stands
still goes on."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlb.telemetry.log_sink import MOST_TOGETHER
from llmlb.testing import eventually
from tests.process.caller import PATIENCE, Caller, chat_body, request_bytes
from tests.process.on_terminal import OnTerminal
from tests.process.program import ROOT, START_SECS

ON_A_TERMINAL = """
import os, signal, sys
os.login_tty(int(sys.argv[1]))
# said either way: the tests themselves may run under nohup
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[2] == "nohup" else signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "llmlb", "serve"])
"""


def start(folder: Path, log: Path, how: str) -> tuple[subprocess.Popen[bytes], int]:
    """A gateway, and the terminal it runs on."""
    ours, its = pty.openpty()
    environ = {**os.environ, "LLMLB_SERVER_PORT": "0", "LLMLB_LOG_FILE": str(log), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ON_A_TERMINAL, str(its), how]
    process = subprocess.Popen(command, cwd=folder, env=environ, pass_fds=(its,))
    os.close(its)
    return process, ours


@pytest.mark.parametrize(("started", "ends_by"), [("plainly", "SIGHUP"), ("nohup", "SIGTERM")])
async def test_closing_its_terminal_ends_it_gently_unless_it_was_told_to_stay(
    tmp_path: Path, started: str, ends_by: str
) -> None:
    log = tmp_path / "log"
    process, terminal = start(tmp_path, log, started)
    try:
        await eventually(lambda: log.exists() and '"listening"' in log.read_text(), "it listens", START_SECS)
        os.close(terminal)
        if started == "nohup":
            await eventually(lambda: '"by":"SIGHUP"' in log.read_text(), "it has read its file instead")
            process.terminate()
        await eventually(lambda: process.poll() is not None, "it ends", START_SECS)
        assert process.returncode == 0
        assert f'"signal":"{ends_by}"' in log.read_text()
    finally:
        process.kill()
        process.wait()


STANDS_STILL: dict[str, tuple[Callable[[OnTerminal], None], Callable[[OnTerminal], None]]] = {
    "Ctrl-S": (lambda gateway: gateway.type("\x13"), lambda gateway: gateway.type("\x11")),
    "nobody takes what it shows": (OnTerminal.look_away, OnTerminal.look),
}


@pytest.mark.parametrize("how", STANDS_STILL)
async def test_a_terminal_that_stands_still_holds_up_nobody(tmp_path: Path, how: str) -> None:
    """With lines for `MOST_TOGETHER` requests some of them have been written; some hundred fill a terminal."""
    stand_still, go_on = STANDS_STILL[how]
    gateway = OnTerminal(tmp_path, "serve", env={"LLMLB_SERVER_PORT": "0"})
    try:
        await gateway.shows("listening on")
        found = re.search(r"listening on http://localhost:(\d+)", gateway.screen)
        assert found is not None
        client = await Caller.connect(int(found[1]))
        await client.send(request_bytes(chat_body()))
        await client.reply()  # so it has said all that it says at first
        stand_still(gateway)
        for _ in range(5 * MOST_TOGETHER):
            await client.send(request_bytes(chat_body()))
            assert (await client.reply()).status == 503
        go_on(gateway)
        before = gateway.screen.count(" request ")
        async with asyncio.timeout(PATIENCE):
            while gateway.screen.count(" request ") == before:
                await client.send(request_bytes(chat_body()))
                assert (await client.reply()).status == 503
        await client.close()
        stand_still(gateway)
        gateway.send(signal.SIGTERM)
        assert await gateway.exit_code() == 0
    finally:
        gateway.close()
