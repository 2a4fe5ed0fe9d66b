"""How the command line says that something is wrong."""

from __future__ import annotations

import contextlib
import sys


def complain(text: str, code: int = 1) -> int:
    """Say what is wrong. Returns the exit code."""
    with contextlib.suppress(OSError):  # on a disk that is full
        print(f"llmlb: {text}", file=sys.stderr)
    return code
