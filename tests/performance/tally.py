"""Counts what the running code calls: the same number every time, however busy the machine is."""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

ROOT = Path(__file__).parents[2]
LIBRARY = Path(asyncio.__file__).parents[1]
_OUTSIDE = (
    f"{ROOT}/tests/",
    f"{ROOT}/benchmarks/",
    f"{ROOT}/llmlb/testing/",
    "<attrs generated methods llmlb.testing.",
    f"{Path(asyncio.__file__).parent}/",
    selectors.__file__,
)
"""The measuring itself, and the event loop: a call of theirs is one call, whatever they do then."""


class Tally:
    """Calls of Python functions and of those in C, between `start` and `stop`.

    Each counts for a Python function: a call of one for itself, one of anything in C, of the event loop or of what
    stands for sockets and time here for the function that makes it.
    """

    def __init__(self) -> None:
        self._calls: Counter[CodeType] = Counter()
        self._is_outside: dict[str, bool] = {}

    def start(self) -> None:
        """Count this thread's calls, until `stop`."""
        sys.setprofile(self._note)

    def stop(self) -> None:
        """Count none until `start`."""
        sys.setprofile(None)

    def by_function(self) -> dict[str, int]:
        """The calls so far that count for each function, by a name that tells where it is."""
        named: Counter[str] = Counter()
        for code, calls in self._calls.items():
            named[f"{_place(code.co_filename)} {code.co_qualname}"] += calls
        return dict(named)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            if not self._outside(frame.f_code):
                self._calls[frame.f_code] += 1
            elif frame.f_back is not None and not self._outside(frame.f_back.f_code):
                self._calls[frame.f_back.f_code] += 1
        elif event == "c_call" and not self._outside(frame.f_code):
            self._calls[frame.f_code] += 1

    def _outside(self, code: CodeType) -> bool:
        file = code.co_filename
        outside = self._is_outside.get(file)
        if outside is None:
            outside = self._is_outside[file] = file.startswith(_OUTSIDE)
        return outside


def _place(file: str) -> str:
    """A file's path in llmlb, in the standard library or in the package it belongs to: the same on every machine."""
    path = Path(file)
    if path.is_relative_to(ROOT / "llmlb"):
        return path.relative_to(ROOT).as_posix()
    return path.name if path.parent == LIBRARY else "/".join(path.parts[-2:])
