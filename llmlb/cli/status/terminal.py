"""The whole of a terminal, for as long as it is watched, and everything as it was afterwards."""

from __future__ import annotations

import contextlib
import os
import termios
import tty
from collections.abc import Sequence
from typing import Any

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The other screen, without cursor; a line that is too long goes on outside of what is seen."""
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class Terminal:
    """A terminal by the descriptors of what is typed and what is shown."""

    def __init__(self, keys: int, shown: int) -> None:
        self.keys = keys
        self._shown = shown
        self._before: list[Any] | None = None

    def enter(self) -> None:
        """Take the screen. Keys come one by one from now on, and are not shown."""
        self._before = termios.tcgetattr(self.keys)
        tty.setcbreak(self.keys, termios.TCSADRAIN)
        self._write(_ENTER)

    def leave(self) -> None:
        """Give everything back. Harmless when that has been done, and when the terminal is gone."""
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(OSError, termios.error):
                self._write(_LEAVE)
                termios.tcsetattr(self.keys, termios.TCSADRAIN, before)

    @property
    def size(self) -> os.terminal_size:
        """Its columns and lines now; the usual ones where it has not been told any, as on a serial line."""
        columns, lines = os.get_terminal_size(self._shown)
        return os.terminal_size((columns or 80, lines or 24))

    def show(self, lines: Sequence[str]) -> None:
        """Write these lines over what is there, in one go: nothing is wiped first, so nothing flickers."""
        rows = (f"{line}{_REST_OF_LINE}" for line in lines)
        self._write(_HOME + "\r\n".join(rows) + _REST_OF_SCREEN)

    def typed(self) -> bytes:
        """What has been typed since it was asked last; waits for it if there is nothing. Empty: there is no more."""
        try:
            return os.read(self.keys, 1024)
        except OSError:  # it was closed
            return b""

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._shown, data) :]
