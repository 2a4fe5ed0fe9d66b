"""What anyone may see of the gateway at one moment: totals, and nodes by name and state. Nothing by key.

The operator sees the same, but for nodes without a name of their own: those are called by their address then.
"""

from __future__ import annotations

import attrs

from llmlb.telemetry.hour import HourTotals


@attrs.frozen(kw_only=True)
class NodeView:
    """One node as the page shows it."""

    name: str
    state: str
    """pending, idle, busy, loading, resting, draining or offline."""
    reason: str
    """Why it is in that state, in a few words; may be empty."""
    since: float
    """Seconds it has been in that state."""
    in_service: int
    """0 or 1."""


@attrs.frozen(kw_only=True)
class Overview:
    """The queue at one moment, and the past hour."""

    waiting: int
    processing: int
    max_size: int
    draining: bool
    config_refused: bool = False
    """Whether the configuration file was refused as it is now, so that the former one still applies."""
    no_room: bool = False
    """Whether those that wait take so much of `[server] waiting_bytes` that one has been refused and would be again."""
    nodes: tuple[NodeView, ...]
    hour: HourTotals
