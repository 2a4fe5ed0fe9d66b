"""Where a running gateway and its commands meet. A file of its own: commands need no server to ask one."""

from __future__ import annotations

import os
from pathlib import Path


def socket_path(config: Path) -> Path:
    """Where the socket of a gateway with this configuration file is."""
    return config.with_name(f"{config.name}.sock")


def socket_to_ask(config: Path) -> Path:
    """Where a command finds it: there, or where the file really is, if the gateway was not told of this link."""
    beside, there = socket_path(config), socket_path(Path(os.path.realpath(config)))
    return there if os.path.exists(there) and not os.path.exists(beside) else beside
