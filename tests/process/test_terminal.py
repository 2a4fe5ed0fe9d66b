"""A gateway whose terminal is closed: SIGHUP then means the end, unless it was told to stay."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from llmlb.testing import eventually
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
