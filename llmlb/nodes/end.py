"""How an exchange with a node can end."""

from __future__ import annotations

import enum

import attrs


class EndKind(enum.Enum):
    """What happened, as far as the next step depends on it."""

    COMPLETE = "complete"
    """The reply came to its end."""
    ABORTED = "aborted"
    """We hung up: the client has left, or the gateway stops."""
    UNREACHABLE = "unreachable"
    """No connection could be made: the node has not seen the request."""
    BROKEN = "broken"
    """The connection was closed or reset, or the reply could not be read."""
    ERROR = "error"
    """The node answered 5xx, but not 503."""
    BUSY = "busy"
    """The node answered 429 or 503: others use it, or it is loading. Not its fault."""
    SILENT = "silent"
    """Nothing came for longer than `[upstream]` allows."""


FAULTS = frozenset({EndKind.UNREACHABLE, EndKind.BROKEN, EndKind.ERROR})
"""Ends that are the node's failure; before the first byte the request is tried elsewhere."""


@attrs.frozen
class End:
    """The end of one exchange."""

    kind: EndKind
    reason: str = ""
    """For the log: what was seen. Never request or reply bytes."""
    retry_after: float | None = None
    """With BUSY: the seconds the node asked for, if it did."""


COMPLETE = End(EndKind.COMPLETE)
EMPTY = End(EndKind.COMPLETE, "empty reply")
"""Passed on as it is, but no service: a node that gives such replies is not well."""
