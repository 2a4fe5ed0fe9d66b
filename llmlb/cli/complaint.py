"""How the command line says that something is wrong."""

from __future__ import annotations

import sys


def complain(text: str, code: int = 1) -> int:
    """Say what is wrong. Returns the exit code."""
    print(f"llmlb: {text}", file=sys.stderr)
    return code
