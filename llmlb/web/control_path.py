"""Where a running gateway and its commands meet. A file of its own: commands need no server to ask one."""

from __future__ import annotations

from pathlib import Path


def socket_path(config: Path) -> Path:
    """Where the socket of a gateway with this configuration file is."""
    return config.with_name(f"{config.name}.sock")
