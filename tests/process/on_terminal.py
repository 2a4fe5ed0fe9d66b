"""A command on a terminal of its own: what it shows there, what is typed to it, and how it leaves the terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlb.testing import eventually
from tests.process.program import ROOT, START_SECS

_SHELL = """
import os, signal, sys
os.login_tty(int(sys.argv[1]))
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", "llmlb", *sys.argv[3:]])
os.write(int(sys.argv[2]), str(child).encode())
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
"""
"""What a shell does that has jobs: the command is one, and has the terminal."""
_COLORS = re.compile(r"\x1b\[\d*m")
_REST_OF_LINE, _REST_OF_SCREEN, _HOME = "\x1b[K", "\x1b[J", "\x1b[H"
OTHER_SCREEN, MAIN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class OnTerminal:
    """`llmlb ...` in `folder`, on a terminal of this size. Used in a running event loop; `close` it."""

    def __init__(
        self, folder: Path, *arguments: str, size: tuple[int, int] = (80, 24), env: Mapping[str, str] | None = None
    ) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
        plain = {name: value for name, value in plain.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
        self.raw = ""
        """All that was written to the terminal."""
        self.terminal, its = pty.openpty()
        self.resize(*size)
        self.modes = self.modes_now()
        self._number, tells = os.pipe()
        self._shell = subprocess.Popen(
            [sys.executable, "-c", _SHELL, str(its), str(tells), *arguments],
            cwd=folder,
            env=plain | {"LANG": "C.UTF-8", "TERM": "xterm", "PYTHONPATH": str(ROOT)} | dict(env or {}),
            pass_fds=(its, tells),
        )
        os.close(tells)
        self._its = its  # kept open, so that what was written last can still be read
        self._pid = 0
        self.look()

    @property
    def screen(self) -> str:
        """What is seen: the last whole picture, or all there is of a command that draws none. Without colours."""
        pictures = self.raw.split(_HOME)
        whole = [picture.partition(_REST_OF_SCREEN)[0] for picture in pictures[1:] if _REST_OF_SCREEN in picture]
        return _COLORS.sub("", whole[-1] if whole else self.raw).replace(_REST_OF_LINE, "").replace("\r", "")

    async def shows(self, words: str, timeout: float = START_SECS) -> None:  # noqa: ASYNC109 - it is told
        """Wait until this is seen."""
        await eventually(lambda: words in self.screen, f"{words!r} on the screen, not:\n{self.screen}", timeout)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type this."""
        os.write(self.terminal, text.encode())

    def look(self) -> None:
        """Take what is written to the terminal, from now on."""
        asyncio.get_running_loop().add_reader(self.terminal, self._read)

    def look_away(self) -> None:
        """Take nothing, as where the network behind a terminal is gone."""
        asyncio.get_running_loop().remove_reader(self.terminal)

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self._pid = self._pid or int(os.read(self._number, 20))
        os.kill(self._pid, number)

    def modes_now(self) -> list[Any]:
        """How the terminal treats what is typed."""
        return termios.tcgetattr(self.terminal)

    async def exit_code(self) -> int:
        """Wait for its end."""
        await eventually(lambda: self._shell.poll() is not None, f"it ends; it shows:\n{self.screen}", START_SECS)
        assert self._shell.returncode is not None
        return self._shell.returncode

    def is_as_before(self) -> bool:
        """Whether the terminal is as it was: its modes, its screen and its cursor."""
        back = self.raw.rfind(MAIN_SCREEN) > self.raw.rfind(OTHER_SCREEN)
        return back and self.raw.rfind("\x1b[?25h") > self.raw.rfind("\x1b[?25l") and self.modes_now() == self.modes

    def close(self) -> None:
        """End it in any case, and take the terminal away."""
        if self._shell.poll() is None:
            self.send(signal.SIGKILL)
            self._shell.wait()
        self.look_away()
        for descriptor in (self._number, self._its, self.terminal):
            os.close(descriptor)

    def _read(self) -> None:
        self.raw += os.read(self.terminal, 65536).decode("utf-8", "replace")
