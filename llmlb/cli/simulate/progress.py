"""A bar that fills, on a terminal; nothing anywhere else."""

from __future__ import annotations

from typing import TextIO

from llmlb.simulate.table import cut, width

CELLS = 30


class Progress:
    """One line, written over and over, and gone in the end."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = cut(name, 40)
        self._visible = stream.isatty()
        self._shown = -1

    def __call__(self, part: float) -> None:
        """So much is done, from 0 to 1."""
        percent = int(100 * part)
        if self._visible and percent != self._shown:
            self._shown = percent
            filled = round(CELLS * part)
            bar = "#" * filled + "." * (CELLS - filled)
            self._stream.write(f"\r{self._name} [{bar}] {percent:3}%")
            self._stream.flush()

    def clear(self) -> None:
        """Wipe the line."""
        if self._visible and self._shown >= 0:
            self._stream.write("\r" + " " * (width(self._name) + CELLS + 8) + "\r")
            self._stream.flush()
