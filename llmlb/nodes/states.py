"""The states of a node, as page, desk, terminal and metrics show them."""

from __future__ import annotations

STATES = ("offline", "resting", "loading", "draining", "pending", "busy", "idle")
"""All there are, those first that somebody may have to look after."""
WELL = frozenset({"busy", "idle"})
"""Those in which a node does its work."""


def trouble_first(state: str) -> int:
    """The key to sort nodes by where there is no room for all of them.

    Idle and busy count alike, or nodes would come and go with every request.
    """
    return len(STATES) if state in WELL else STATES.index(state)
